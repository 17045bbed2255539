// A scripted session offline in which memory of the calling thread runs out, at every place of every call:
// once, or for the rest of the call. Here the client, its messages and contacts.
#include <unistd.h>

#include <filesystem>

#include "c_api/torture.h"

namespace mychat::c_api_test {
namespace {

class Client : public Torture {
 protected:
  // A call that only reads, and its result's way back.
  template <class T, class Call, class Free>
  void torture_reading(const char* function, Call call, Free free_it) {
    torture(function, [&] {
      T* out = nullptr;
      const mychat_status status = call(&out);
      const test::Spared spared;
      EXPECT_EQ(out != nullptr, status == MYCHAT_OK);
      free_it(out);
      return status;
    });
  }
  void expect_sound() {
    mychat_store_report* report = nullptr;
    ASSERT_EQ(mychat_client_check_store(client_, &report, nullptr), MYCHAT_OK);
    EXPECT_EQ(report->healthy, 1);
    mychat_store_report_free(report);
  }
};

TEST_P(Client, IsCreatedOnAStoreThatIsThere) {
  close();
  const mychat_client_options with = options();
  torture("mychat_client_create", [&] {
    mychat_client_free(client_);
    client_ = nullptr;
    const mychat_status status = mychat_client_create(&with, &client_, nullptr);
    const test::Spared spared;
    EXPECT_EQ(client_ != nullptr, status == MYCHAT_OK);
    mychat_client_free(client_);
    client_ = nullptr;
    return status;
  });
  reopen();
  expect_sound();
}

TEST_P(Client, IsCreatedWithANewStore) {
  close();
  std::filesystem::remove(store_);
  const mychat_client_options with = options();
  torture("mychat_client_create", [&] {
    const mychat_status status = mychat_client_create(&with, &client_, nullptr);
    const test::Spared spared;
    mychat_client_free(client_);
    client_ = nullptr;
    // Whole, or nothing of it; what was begun is not in the way of the next.
    if (status != MYCHAT_OK && std::filesystem::exists(store_)) {
      reopen();
      close();
    }
    std::filesystem::remove(store_);
    return status;
  });
}

TEST_P(Client, Reads) {
  torture_reading<mychat_message_list>(
      "mychat_client_history",
      [&](auto** out) { return mychat_client_history(client_, SEED_BOB, 0, 10, out, nullptr); },
      mychat_message_list_free);
  torture_reading<mychat_message_list>(
      "mychat_client_search",
      [&](auto** out) { return mychat_client_search(client_, "morning", nullptr, 0, 10, out, nullptr); },
      mychat_message_list_free);
  torture_reading<mychat_message>(
      "mychat_client_message",
      [&](auto** out) { return mychat_client_message(client_, SEED_FILE, out, nullptr); },
      mychat_message_free);
  torture_reading<mychat_explanation>(
      "mychat_client_explain",
      [&](auto** out) { return mychat_client_explain(client_, SEED_LOST, out, nullptr); },
      mychat_explanation_free);
  torture_reading<mychat_contact_list>(
      "mychat_client_contacts", [&](auto** out) { return mychat_client_contacts(client_, out, nullptr); },
      mychat_contact_list_free);
  torture_reading<mychat_contact>(
      "mychat_client_contact",
      [&](auto** out) { return mychat_client_contact(client_, SEED_CAROL, out, nullptr); },
      mychat_contact_free);
  torture_reading<mychat_conversation_list>(
      "mychat_client_conversations",
      [&](auto** out) { return mychat_client_conversations(client_, out, nullptr); },
      mychat_conversation_list_free);
  torture_reading<mychat_account>(
      "mychat_client_account", [&](auto** out) { return mychat_client_account(client_, out, nullptr); },
      mychat_account_free);
  torture_reading<mychat_store_report>(
      "mychat_client_check_store",
      [&](auto** out) {
        const mychat_status status = mychat_client_check_store(client_, out, nullptr);
        const test::Spared spared;
        EXPECT_TRUE(*out == nullptr || (*out)->healthy == 1);
        return status;
      },
      mychat_store_report_free);
  torture("mychat_client_policy", [&] {
    std::uint32_t flags = 9;
    return mychat_client_policy(client_, &flags, nullptr);
  });
}

TEST_P(Client, StoresAMessageOnceOrNotAtAll) {
  mychat_send_options message = MYCHAT_SEND_OPTIONS_INIT;
  message.recipient = SEED_BOB;
  message.data = "unmistakable";
  message.size = 12;
  message.message_id = "00000000-0000-4000-8000-00000000abcd";
  torture("mychat_client_send", [&] { return mychat_client_send(client_, &message, nullptr, nullptr); });
  torture("mychat_client_send_text",
          [&] { return mychat_client_send_text(client_, SEED_BOB, "unmistakable too", nullptr, nullptr); });
  mychat_message_list* list = nullptr;
  ASSERT_EQ(mychat_client_search(client_, "unmistakable", nullptr, 0, 10, &list, nullptr), MYCHAT_OK);
  EXPECT_EQ(list->count, 1u);
  mychat_message_list_free(list);
  expect_sound();
}

TEST_P(Client, ChangesMessages) {
  torture("mychat_client_retry", [&] { return mychat_client_retry(client_, SEED_FAILED, nullptr); });
  torture("mychat_client_mark_read",
          [&] { return mychat_client_mark_read(client_, SEED_BOB, nullptr, nullptr); });
  torture("mychat_client_set_policy",
          [&] { return mychat_client_set_policy(client_, MYCHAT_POLICY_NO_TYPING, nullptr); });
  expect_sound();
}

TEST_P(Client, LosesNoEvent) {
  torture("mychat_client_rewind", [&] { return mychat_client_rewind(client_, nullptr); });
  torture("mychat_client_poll", [&] {
    mychat_event* event = nullptr;
    {
      const test::Spared spared;
      EXPECT_EQ(mychat_client_rewind(client_, nullptr), MYCHAT_OK);
    }
    const mychat_status status = mychat_client_poll(client_, 0, &event, nullptr);
    const test::Spared spared;
    EXPECT_EQ(event != nullptr, status == MYCHAT_OK);
    if (event != nullptr) {
      EXPECT_EQ(event->seq, 1u);
    } else {
      // What could not be handed over comes next.
      EXPECT_EQ(mychat_client_poll(client_, 0, &event, nullptr), MYCHAT_OK);
      EXPECT_EQ(event->seq, 1u);
    }
    mychat_event_free(event);
    return status;
  });
  ASSERT_EQ(mychat_client_rewind(client_, nullptr), MYCHAT_OK);
  std::uint64_t next = 1;
  for (mychat_event* event = nullptr; mychat_client_poll(client_, 0, &event, nullptr) == MYCHAT_OK; ++next) {
    EXPECT_EQ(event->seq, next);
    mychat_event_free(event);
  }
  EXPECT_EQ(next, SEED_JOURNAL + 1u);
  torture("mychat_client_ack", [&] {
    const mychat_status status = mychat_client_ack(client_, 1, nullptr);
    const test::Spared spared;
    EXPECT_EQ(mychat_client_rewind(client_, nullptr), MYCHAT_OK);
    mychat_event* event = nullptr;
    EXPECT_EQ(mychat_client_poll(client_, 0, &event, nullptr), MYCHAT_OK);
    EXPECT_TRUE(event != nullptr && event->seq == (status == MYCHAT_OK ? 2u : 1u));
    mychat_event_free(event);
    return status;
  });
}

TEST_P(Client, CopiesItsStoreWholeOrNotAtAll) {
  const std::string copy = folder_ + "/copy";
  torture("mychat_client_backup_store", [&] {
    const mychat_status status = mychat_client_backup_store(client_, copy.c_str(), nullptr);
    const test::Spared spared;
    EXPECT_EQ(std::filesystem::exists(copy), status == MYCHAT_OK);
    std::filesystem::remove(copy);
    return status;
  });
}

TEST_P(Client, ChangesItsPassphraseOrKeepsTheOldOne) {
  mychat_client_options with = options();
  torture(
      "mychat_client_change_passphrase",
      [&] { return mychat_client_change_passphrase(client_, "another passphrase", nullptr); }, Tried::kSome);
  close();
  with.store_key = nullptr;
  with.passphrase = "another passphrase";
  EXPECT_EQ(mychat_client_create(&with, &client_, nullptr), MYCHAT_OK);
}

TEST_P(Client, EndsWithoutMemory) {
  torture("mychat_client_stop", [&] { return mychat_client_stop(client_, nullptr); });
  torture("mychat_client_close", [&] {
    const mychat_status status = mychat_client_close(client_, nullptr);
    const test::Spared spared;
    EXPECT_EQ(mychat_client_event_fd(client_), -1);
    renew();
    return status;
  });
}

// Not one allocation: these cannot fail.
TEST_P(Client, NeedsNoMemoryToLetGo) {
  mychat_account* account = nullptr;
  mychat_contact* contact = nullptr;
  mychat_contact_list* contacts = nullptr;
  mychat_conversation_list* conversations = nullptr;
  mychat_message* message = nullptr;
  mychat_message_list* messages = nullptr;
  mychat_explanation* explanation = nullptr;
  mychat_store_report* report = nullptr;
  mychat_event* event = nullptr;
  char* text = nullptr;
  ASSERT_EQ(mychat_client_account(client_, &account, nullptr), MYCHAT_OK);
  ASSERT_EQ(mychat_client_contact(client_, SEED_BOB, &contact, nullptr), MYCHAT_OK);
  ASSERT_EQ(mychat_client_contacts(client_, &contacts, nullptr), MYCHAT_OK);
  ASSERT_EQ(mychat_client_conversations(client_, &conversations, nullptr), MYCHAT_OK);
  ASSERT_EQ(mychat_client_message(client_, SEED_TEXT_1, &message, nullptr), MYCHAT_OK);
  ASSERT_EQ(mychat_client_history(client_, SEED_BOB, 0, 10, &messages, nullptr), MYCHAT_OK);
  ASSERT_EQ(mychat_client_explain(client_, SEED_LOST, &explanation, nullptr), MYCHAT_OK);
  ASSERT_EQ(mychat_client_check_store(client_, &report, nullptr), MYCHAT_OK);
  ASSERT_EQ(mychat_client_poll(client_, 0, &event, nullptr), MYCHAT_OK);
  ASSERT_EQ(mychat_client_public_key(client_, MYCHAT_KEY_PEM, &text, nullptr), MYCHAT_OK);
  mychat_client_options client_options;
  mychat_register_options register_options;
  mychat_login_options login_options;
  mychat_send_options send_options;
  mychat_error error;

  test::fail_allocation(0, true);
  const char* names[32];
  std::size_t count = 0;
#define WITHOUT_MEMORY(function, ...) (names[count++] = #function, function(__VA_ARGS__))
  WITHOUT_MEMORY(mychat_account_free, account);
  WITHOUT_MEMORY(mychat_contact_free, contact);
  WITHOUT_MEMORY(mychat_contact_list_free, contacts);
  WITHOUT_MEMORY(mychat_conversation_list_free, conversations);
  WITHOUT_MEMORY(mychat_message_free, message);
  WITHOUT_MEMORY(mychat_message_list_free, messages);
  WITHOUT_MEMORY(mychat_explanation_free, explanation);
  WITHOUT_MEMORY(mychat_store_report_free, report);
  WITHOUT_MEMORY(mychat_event_free, event);
  WITHOUT_MEMORY(mychat_string_free, text);
  WITHOUT_MEMORY(mychat_backup_free, nullptr);
  WITHOUT_MEMORY(mychat_backup_report_free, nullptr);
  WITHOUT_MEMORY(mychat_bytes_free, nullptr);
  WITHOUT_MEMORY(mychat_client_options_init, &client_options);
  WITHOUT_MEMORY(mychat_register_options_init, &register_options);
  WITHOUT_MEMORY(mychat_login_options_init, &login_options);
  WITHOUT_MEMORY(mychat_send_options_init, &send_options);
  WITHOUT_MEMORY(mychat_error_init, &error);
  const bool named = WITHOUT_MEMORY(mychat_status_name, MYCHAT_E_STORE) != nullptr &&
                     WITHOUT_MEMORY(mychat_event_type_name, MYCHAT_EVENT_MESSAGE) != nullptr &&
                     WITHOUT_MEMORY(mychat_version_string) != nullptr &&
                     WITHOUT_MEMORY(mychat_version_number) == MYCHAT_VERSION_NUMBER &&
                     WITHOUT_MEMORY(mychat_build_info) != nullptr;
  const mychat_status hooked = WITHOUT_MEMORY(mychat_set_allocator, nullptr, nullptr);
  const int fd = WITHOUT_MEMORY(mychat_client_event_fd, client_);
  WITHOUT_MEMORY(mychat_client_wakeup, client_);
  const mychat_status woken = mychat_client_poll(client_, 1000, &event, nullptr);
  WITHOUT_MEMORY(mychat_client_free, client_);
#undef WITHOUT_MEMORY
  const bool failed = test::stop_failing();
  client_ = nullptr;
  EXPECT_FALSE(failed);
  EXPECT_TRUE(named);
  EXPECT_EQ(hooked, MYCHAT_OK);
  EXPECT_GE(fd, 0);
  EXPECT_EQ(woken, MYCHAT_E_CANCELLED);
  for (std::size_t i = 0; i < count; ++i) note_covered(names[i]);
}

INSTANTIATE_TEST_SUITE_P(Failing, Client, ::testing::Bool(), mode_name);

}  // namespace
}  // namespace mychat::c_api_test
