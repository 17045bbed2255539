// A scripted session offline in which C++ allocations of the calling thread fail: the n-th once, or all from
// the n-th on. Each call must give MYCHAT_E_OUT_OF_MEMORY or succeed, never crash, and work once there is
// memory again.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <string>

#include "c_api/failing_memory.h"
#include "c_api/seed.h"
#include "mychat/mychat.h"

namespace mychat {
namespace {

class Torture : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    char name[] = "/tmp/mychat-torture-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder_ = name;
    store_ = folder_ + "/store";
    ASSERT_EQ(seed_store(store_.c_str(), "http://127.0.0.1:1", 0), 0);
    open();
  }
  void TearDown() override {
    mychat_client_free(client_);
    std::filesystem::remove_all(folder_);
  }

  mychat_client_options options() const {
    mychat_client_options out = MYCHAT_CLIENT_OPTIONS_INIT;
    out.store_path = store_.c_str();
    out.store_key = [](uint8_t* key, void*) -> int32_t {
      seed_store_key(key);
      return 0;
    };
    return out;
  }
  void open() {
    const mychat_client_options with = options();
    ASSERT_EQ(mychat_client_create(&with, &client_, nullptr), MYCHAT_OK);
  }

  // Repeats `call` with ever later failures until one attempt saw none.
  void torture(const char* what, const std::function<mychat_status()>& call) {
    long step = 1;
    long attempts = 0;
    for (long n = 0;; n += step) {
      test::fail_allocation(n, GetParam());
      const mychat_status status = call();
      if (!test::stop_failing()) {
        ASSERT_EQ(status, MYCHAT_OK) << what << " without a failure";
        break;
      }
      // OpenSSL does not always say that it was memory that it lacked; its decoder takes the stored key for a
      // bad one.
      const bool unsaid =
          status == MYCHAT_E_CRYPTO || (status == MYCHAT_E_MALFORMED && std::strcmp(what, "create") == 0);
      ASSERT_TRUE(status == MYCHAT_OK || status == MYCHAT_E_OUT_OF_MEMORY || unsaid)
          << what << ", allocation " << n << ": " << mychat_status_name(status);
      if (++attempts % 200 == 0) step *= 2;  // A sample of the later ones bounds the time.
    }
    std::printf("%-22s %ld attempts\n", what, attempts);
  }

  std::string folder_;
  std::string store_;
  mychat_client* client_ = nullptr;
};

TEST_P(Torture, CreatingAClient) {
  mychat_client_free(client_);
  client_ = nullptr;
  const mychat_client_options with = options();
  torture("create", [&] {
    mychat_client_free(client_);
    client_ = nullptr;
    const mychat_status status = mychat_client_create(&with, &client_, nullptr);
    EXPECT_EQ(client_ != nullptr, status == MYCHAT_OK);
    return status;
  });
}

TEST_P(Torture, ReadingCalls) {
  mychat_message_list* list = nullptr;
  torture("history", [&] {
    const mychat_status status = mychat_client_history(client_, SEED_BOB, 0, 10, &list, nullptr);
    mychat_message_list_free(list);
    return status;
  });
  torture("search", [&] {
    const mychat_status status = mychat_client_search(client_, "morning", nullptr, 0, 10, &list, nullptr);
    mychat_message_list_free(list);
    return status;
  });
  torture("explain", [&] {
    mychat_explanation* out = nullptr;
    const mychat_status status = mychat_client_explain(client_, SEED_LOST, &out, nullptr);
    mychat_explanation_free(out);
    return status;
  });
  torture("contacts", [&] {
    mychat_contact_list* out = nullptr;
    const mychat_status status = mychat_client_contacts(client_, &out, nullptr);
    mychat_contact_list_free(out);
    return status;
  });
  torture("account", [&] {
    mychat_account* out = nullptr;
    const mychat_status status = mychat_client_account(client_, &out, nullptr);
    mychat_account_free(out);
    return status;
  });
  torture("public key", [&] {
    char* out = nullptr;
    const mychat_status status = mychat_client_public_key(client_, MYCHAT_KEY_JWK, &out, nullptr);
    mychat_string_free(out);
    return status;
  });
}

TEST_P(Torture, SendingStoresTheMessageOnceOrNotAtAll) {
  mychat_send_options message = MYCHAT_SEND_OPTIONS_INIT;
  message.recipient = SEED_BOB;
  message.data = "unmistakable";
  message.size = 12;
  message.message_id = "00000000-0000-4000-8000-00000000abcd";
  torture("send", [&] { return mychat_client_send(client_, &message, nullptr, nullptr); });
  mychat_message_list* list = nullptr;
  ASSERT_EQ(mychat_client_search(client_, "unmistakable", nullptr, 0, 10, &list, nullptr), MYCHAT_OK);
  EXPECT_EQ(list->count, 1u);
  mychat_message_list_free(list);
}

TEST_P(Torture, NoEventIsLost) {
  uint64_t next = 1;
  torture("poll", [&] {
    mychat_event* event = nullptr;
    if (mychat_client_rewind(client_, nullptr) != MYCHAT_OK) return mychat_status{MYCHAT_E_OUT_OF_MEMORY};
    const mychat_status status = mychat_client_poll(client_, 0, &event, nullptr);
    if (event != nullptr) {
      EXPECT_EQ(event->seq, 1u);
    }
    mychat_event_free(event);
    return status;
  });
  ASSERT_EQ(mychat_client_rewind(client_, nullptr), MYCHAT_OK);
  for (mychat_event* event = nullptr; mychat_client_poll(client_, 0, &event, nullptr) == MYCHAT_OK; ++next) {
    EXPECT_EQ(event->seq, next);
    mychat_event_free(event);
  }
  EXPECT_EQ(next, SEED_JOURNAL + 1u);
  torture("ack", [&] { return mychat_client_ack(client_, 1, nullptr); });
}

TEST_P(Torture, TheStoreIsSoundAfterwards) {
  torture("policy", [&] { return mychat_client_set_policy(client_, MYCHAT_POLICY_NO_TYPING, nullptr); });
  torture("mark read", [&] { return mychat_client_mark_read(client_, SEED_BOB, nullptr, nullptr); });
  mychat_store_report* report = nullptr;
  ASSERT_EQ(mychat_client_check_store(client_, &report, nullptr), MYCHAT_OK);
  EXPECT_EQ(report->healthy, 1);
  mychat_store_report_free(report);
}

INSTANTIATE_TEST_SUITE_P(Failing, Torture, ::testing::Bool(),
                         [](const auto& mode) { return std::string(mode.param ? "ForGood" : "Once"); });

}  // namespace
}  // namespace mychat
