// As torture_test.cpp: MLS.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "c_api/torture.h"

namespace mychat::c_api_test {
namespace {

// The number in MYCHAT_MLS_TEST_SUITE, else the default one.
std::uint16_t test_suite() {
  static const std::uint16_t suite = [] {
    const char* const set = std::getenv("MYCHAT_MLS_TEST_SUITE");
    return set == nullptr ? std::uint16_t{MYCHAT_MLS_DEFAULT_SUITE}
                          : static_cast<std::uint16_t>(std::strtoul(set, nullptr, 0));
  }();
  return suite;
}
bool is_supported(std::uint16_t suite) {
  for (std::size_t i = 0; mychat_mls_supported_suite(i) != 0; ++i) {
    if (mychat_mls_supported_suite(i) == suite) return true;
  }
  return false;
}

// At the beginning, before anything is made.
class SuiteIsThere final : public ::testing::Environment {
 public:
  void SetUp() override {
    if (is_supported(test_suite())) return;
    std::printf("SKIPPED: cipher suite %d is not tested, OpenSSL does not have what it needs.\n",
                test_suite());
    GTEST_SKIP();
  }
};
const auto* const kRegistered = ::testing::AddGlobalTestEnvironment(new SuiteIsThere);

constexpr const char* kAccount = "an account's seed of thirty-two b";

std::string take(mychat_bytes* bytes) {
  std::string out;
  if (bytes != nullptr) out.assign(reinterpret_cast<const char*>(bytes->data), bytes->size);
  mychat_bytes_free(bytes);
  return out;
}

int32_t accept(const mychat_mls_credential*, const uint8_t*, size_t, const uint8_t*, size_t, void*) {
  return 1;
}
int32_t accept_commit(const mychat_mls_summary*, void*) { return 1; }
int32_t psk(const mychat_mls_psk_id*, uint8_t* out_secret, void*) {
  out_secret[0] = 1;
  return 1;
}

// Somebody with a key, who is in at most one group.
struct Member {
  explicit Member(const std::string& handle) {
    options.accept = accept;
    options.accept_commit = accept_commit;
    options.psk = psk;
    EXPECT_EQ(mychat_mls_new_signature_key(test_suite(), &key, nullptr), MYCHAT_OK);
    EXPECT_EQ(
        mychat_mls_account_credential(handle.c_str(), "phone", kAccount, 32, "key", 3, &credential, nullptr),
        MYCHAT_OK);
    leaf.credential = credential->data;
    leaf.credential_size = credential->size;
    leaf.private_key = key->data;
    leaf.private_key_size = key->size;
    EXPECT_EQ(mychat_mls_key_package_create(test_suite(), &leaf, &package, nullptr), MYCHAT_OK);
    mychat_bytes* out = nullptr;
    EXPECT_EQ(mychat_mls_key_package_message(package, &out, nullptr), MYCHAT_OK);
    published = take(out);
    EXPECT_EQ(mychat_mls_propose_add(published.data(), published.size(), &out, nullptr), MYCHAT_OK);
    add = take(out);
  }
  ~Member() {
    mychat_mls_group_free(group);
    mychat_mls_key_package_free(package);
    mychat_bytes_free(credential);
    mychat_bytes_free(key);
  }
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;

  void create() {
    mychat_mls_group_free(group);
    group = nullptr;
    EXPECT_EQ(mychat_mls_group_create(&options, test_suite(), &leaf, nullptr, &group, nullptr), MYCHAT_OK);
  }
  mychat_mls_commit* commit(const std::string& proposals = "") {
    mychat_mls_commit_options with = MYCHAT_MLS_COMMIT_OPTIONS_INIT;
    with.proposals = proposals.data();
    with.proposals_size = proposals.size();
    mychat_mls_commit* out = nullptr;
    EXPECT_EQ(mychat_mls_group_commit(group, &with, &out, nullptr), MYCHAT_OK);
    return out;
  }
  std::string say(const std::string& text) {
    mychat_bytes* out = nullptr;
    EXPECT_EQ(mychat_mls_group_protect(group, text.data(), text.size(), nullptr, 0, 0, &out, nullptr),
              MYCHAT_OK);
    return take(out);
  }
  mychat_status process(const std::string& message, mychat_mls_received** out) {
    return mychat_mls_group_process(group, message.data(), message.size(), out, nullptr);
  }

  mychat_mls_options options = MYCHAT_MLS_OPTIONS_INIT;
  mychat_mls_leaf_options leaf = MYCHAT_MLS_LEAF_OPTIONS_INIT;
  mychat_bytes* key = nullptr;
  mychat_bytes* credential = nullptr;
  mychat_mls_key_package* package = nullptr;
  mychat_mls_group* group = nullptr;
  std::string published;
  std::string add;
};

std::string message_of(mychat_mls_commit* commit) {
  mychat_bytes* out = nullptr;
  EXPECT_EQ(mychat_mls_commit_message(commit, &out, nullptr), MYCHAT_OK);
  return take(out);
}

std::string welcome_of(mychat_mls_commit* commit) {
  mychat_bytes* out = nullptr;
  EXPECT_EQ(mychat_mls_commit_welcome(commit, &out, nullptr), MYCHAT_OK);
  return take(out);
}

class Mls : public Torture {
 protected:
  Mls() : Torture(Seed::kNothing) {}
  void SetUp() override {
    Torture::SetUp();
    for (const char* function : {"mychat_mls_credential_free",
                                 "mychat_mls_proposal_free",
                                 "mychat_mls_proposal_list_free",
                                 "mychat_mls_key_package_free",
                                 "mychat_mls_message_free",
                                 "mychat_mls_summary_free",
                                 "mychat_mls_group_free",
                                 "mychat_mls_group_state_free",
                                 "mychat_mls_member_list_free",
                                 "mychat_mls_received_free",
                                 "mychat_mls_commit_free",
                                 "mychat_mls_record_list_free",
                                 "mychat_mls_options_init",
                                 "mychat_mls_leaf_options_init",
                                 "mychat_mls_group_options_init",
                                 "mychat_mls_external_options_init",
                                 "mychat_mls_commit_options_init",
                                 "mychat_mls_rule_text",
                                 "mychat_mls_rule_section",
                                 "mychat_mls_supported_suite",
                                 "mychat_mls_key_package_is_last_resort",
                                 "mychat_mls_group_drop_waiting"})
      note_covered(function);  // They ask for no memory.
    mychat_mls_rule_text(0);   // But for what is made once.
    form_group();
  }

  // Alice and Bob.
  void form_group() {
    alice_.create();
    mychat_mls_group_free(bob_.group);
    bob_.group = nullptr;
    mychat_mls_commit* commit = alice_.commit(bob_.add);
    const std::string welcome = welcome_of(commit);
    EXPECT_EQ(mychat_mls_group_apply(alice_.group, commit, nullptr), MYCHAT_OK);
    mychat_mls_commit_free(commit);
    EXPECT_EQ(mychat_mls_group_join(&bob_.options, welcome.data(), welcome.size(), &bob_.package, 1, nullptr,
                                    0, nullptr, nullptr, &bob_.group, nullptr),
              MYCHAT_OK);
  }

  // A call that gives something: all of it, or nothing and no memory.
  template <class T>
  void torture_making(const char* function, void (*release)(T*),
                      const std::function<mychat_status(T**)>& call) {
    torture(function, [&] {
      T* out = nullptr;
      const mychat_status status = call(&out);
      const test::Spared spared;
      EXPECT_EQ(out != nullptr, status == MYCHAT_OK) << function;
      release(out);
      return status;
    });
  }
  void torture_bytes(const char* function, const std::function<mychat_status(mychat_bytes**)>& call) {
    torture_making<mychat_bytes>(function, mychat_bytes_free, call);
  }

  // Both are in one epoch and understand each other.
  void expect_whole() {
    for (auto [from, to] : {std::pair(&alice_, &bob_), std::pair(&bob_, &alice_)}) {
      mychat_mls_received* received = nullptr;
      ASSERT_EQ(to->process(from->say("hello"), &received), MYCHAT_OK);
      EXPECT_EQ(std::string(reinterpret_cast<const char*>(received->data), received->data_size), "hello");
      mychat_mls_received_free(received);
    }
  }

  Member alice_{"alice@a.example"};
  Member bob_{"bob@b.example"};
  Member carol_{"carol@c.example"};
};

TEST_P(Mls, KeysAndCredentials) {
  torture_bytes("mychat_mls_new_signature_key",
                [&](auto** out) { return mychat_mls_new_signature_key(test_suite(), out, nullptr); });
  torture_bytes("mychat_mls_signature_public_key", [&](auto** out) {
    return mychat_mls_signature_public_key(test_suite(), alice_.key->data, alice_.key->size, out, nullptr);
  });
  torture_bytes("mychat_mls_basic_credential",
                [&](auto** out) { return mychat_mls_basic_credential("x", 1, out, nullptr); });
  torture_bytes("mychat_mls_account_credential", [&](auto** out) {
    return mychat_mls_account_credential("alice@a.example", "phone", kAccount, 32, "key", 3, out, nullptr);
  });
  torture("mychat_mls_verify_account", [&] {
    const mychat_status status = mychat_mls_verify_account(alice_.credential->data, alice_.credential->size,
                                                           "key", 3, kAccount, 32, nullptr);
    return status == MYCHAT_E_SIGNATURE ? MYCHAT_OK : status;  // It is not the public key.
  });
  torture_making<mychat_mls_credential>(
      "mychat_mls_read_credential", mychat_mls_credential_free, [&](auto** out) {
        return mychat_mls_read_credential(alice_.credential->data, alice_.credential->size, out, nullptr);
      });
  torture_bytes("mychat_mls_extension",
                [&](auto** out) { return mychat_mls_extension(1, "x", 1, out, nullptr); });
  torture_bytes("mychat_mls_required_capabilities", [&](auto** out) {
    return mychat_mls_required_capabilities("61441", "61442", "1", out, nullptr);
  });
}

TEST_P(Mls, Proposals) {
  torture_bytes("mychat_mls_propose_add", [&](auto** out) {
    return mychat_mls_propose_add(bob_.published.data(), bob_.published.size(), out, nullptr);
  });
  torture_bytes("mychat_mls_propose_remove",
                [&](auto** out) { return mychat_mls_propose_remove(1, out, nullptr); });
  torture_bytes("mychat_mls_propose_psk",
                [&](auto** out) { return mychat_mls_propose_psk(test_suite(), "x", 1, out, nullptr); });
  torture_bytes("mychat_mls_propose_resumption_psk", [&](auto** out) {
    return mychat_mls_propose_resumption_psk(test_suite(), "x", 1, 1, out, nullptr);
  });
  torture_bytes("mychat_mls_propose_reinit", [&](auto** out) {
    return mychat_mls_propose_reinit(nullptr, 0, test_suite(), nullptr, 0, out, nullptr);
  });
  torture_bytes("mychat_mls_propose_extensions",
                [&](auto** out) { return mychat_mls_propose_extensions(nullptr, 0, out, nullptr); });
  torture_bytes("mychat_mls_propose_self_remove",
                [&](auto** out) { return mychat_mls_propose_self_remove(out, nullptr); });
  torture_making<mychat_mls_proposal>("mychat_mls_read_proposal", mychat_mls_proposal_free, [&](auto** out) {
    return mychat_mls_read_proposal(bob_.add.data(), bob_.add.size(), out, nullptr);
  });
}

TEST_P(Mls, FromOutside) {
  mychat_bytes* out = nullptr;
  ASSERT_EQ(mychat_mls_signature_public_key(test_suite(), alice_.key->data, alice_.key->size, &out, nullptr),
            MYCHAT_OK);
  const std::string key = take(out);
  ASSERT_EQ(mychat_mls_external_sender(test_suite(), alice_.credential->data, alice_.credential->size,
                                       key.data(), key.size(), &out, nullptr),
            MYCHAT_OK);
  const std::string sender = take(out);
  torture_bytes("mychat_mls_external_sender", [&](auto** made) {
    return mychat_mls_external_sender(test_suite(), alice_.credential->data, alice_.credential->size,
                                      key.data(), key.size(), made, nullptr);
  });
  torture_bytes("mychat_mls_external_senders", [&](auto** made) {
    return mychat_mls_external_senders(sender.data(), sender.size(), made, nullptr);
  });
  torture_bytes("mychat_mls_external_proposal", [&](auto** made) {
    return mychat_mls_external_proposal(test_suite(), "g", 1, 1, 0, alice_.key->data, alice_.key->size,
                                        bob_.add.data(), bob_.add.size(), "a", 1, made, nullptr);
  });
  torture_bytes("mychat_mls_join_proposal", [&](auto** made) {
    return mychat_mls_join_proposal(bob_.package, "g", 1, 1, "a", 1, made, nullptr);
  });
}

TEST_P(Mls, KeyPackages) {
  torture_making<mychat_mls_key_package>(
      "mychat_mls_key_package_create", mychat_mls_key_package_free,
      [&](auto** out) { return mychat_mls_key_package_create(test_suite(), &alice_.leaf, out, nullptr); });
  torture_bytes("mychat_mls_key_package_message",
                [&](auto** out) { return mychat_mls_key_package_message(bob_.package, out, nullptr); });
  torture_bytes("mychat_mls_key_package_ref",
                [&](auto** out) { return mychat_mls_key_package_ref(bob_.package, out, nullptr); });
  torture_bytes("mychat_mls_key_package_save",
                [&](auto** out) { return mychat_mls_key_package_save(bob_.package, out, nullptr); });
  mychat_bytes* out = nullptr;
  ASSERT_EQ(mychat_mls_key_package_save(bob_.package, &out, nullptr), MYCHAT_OK);
  const std::string saved = take(out);
  torture_making<mychat_mls_key_package>(
      "mychat_mls_key_package_load", mychat_mls_key_package_free,
      [&](auto** made) { return mychat_mls_key_package_load(saved.data(), saved.size(), made, nullptr); });
  torture_making<mychat_mls_message>("mychat_mls_read_message", mychat_mls_message_free, [&](auto** read) {
    return mychat_mls_read_message(bob_.published.data(), bob_.published.size(), read, nullptr);
  });
}

TEST_P(Mls, ComingIn) {
  torture_making<mychat_mls_group>("mychat_mls_group_create", mychat_mls_group_free, [&](auto** out) {
    return mychat_mls_group_create(&carol_.options, test_suite(), &carol_.leaf, nullptr, out, nullptr);
  });
  mychat_mls_commit* commit = alice_.commit(carol_.add);
  const std::string welcome = welcome_of(commit);
  torture_making<mychat_mls_group>("mychat_mls_group_join", mychat_mls_group_free, [&](auto** out) {
    return mychat_mls_group_join(&carol_.options, welcome.data(), welcome.size(), &carol_.package, 1, nullptr,
                                 0, nullptr, nullptr, out, nullptr);
  });
  torture_bytes("mychat_mls_commit_message",
                [&](auto** out) { return mychat_mls_commit_message(commit, out, nullptr); });
  torture_bytes("mychat_mls_commit_welcome",
                [&](auto** out) { return mychat_mls_commit_welcome(commit, out, nullptr); });
  torture_making<mychat_mls_summary>("mychat_mls_commit_summary", mychat_mls_summary_free, [&](auto** out) {
    return mychat_mls_commit_summary(commit, out, nullptr);
  });
  torture_making<mychat_mls_record_list>(
      "mychat_mls_commit_save", mychat_mls_record_list_free,
      [&](auto** out) { return mychat_mls_commit_save(commit, out, nullptr); });
  mychat_mls_commit_free(commit);
  mychat_bytes* bytes = nullptr;
  ASSERT_EQ(mychat_mls_group_export_info(alice_.group, MYCHAT_MLS_INFO_TREE | MYCHAT_MLS_INFO_EXTERNAL_PUB,
                                         &bytes, nullptr),
            MYCHAT_OK);
  const std::string info = take(bytes);
  const auto come = [&](mychat_mls_commit** out) {
    return mychat_mls_group_join_external(&carol_.options, info.data(), info.size(), &carol_.leaf, nullptr,
                                          out, nullptr);
  };
  torture_making<mychat_mls_commit>("mychat_mls_group_join_external", mychat_mls_commit_free, come);
  mychat_mls_commit* coming = nullptr;
  torture_making<mychat_mls_group>("mychat_mls_commit_group", mychat_mls_group_free, [&](auto** out) {
    {
      const test::Spared spared;
      if (coming == nullptr) {
        EXPECT_EQ(come(&coming), MYCHAT_OK);
      }
    }
    const mychat_status status = mychat_mls_commit_group(coming, out, nullptr);
    const test::Spared spared;
    if (status == MYCHAT_OK) {
      mychat_mls_commit_free(coming);
      coming = nullptr;
    }
    return status;
  });
}

TEST_P(Mls, WhatAGroupIs) {
  mychat_mls_group* const group = alice_.group;
  torture_making<mychat_mls_group_state>(
      "mychat_mls_group_describe", mychat_mls_group_state_free,
      [&](auto** out) { return mychat_mls_group_describe(group, out, nullptr); });
  torture_making<mychat_mls_member_list>(
      "mychat_mls_group_members", mychat_mls_member_list_free,
      [&](auto** out) { return mychat_mls_group_members(group, out, nullptr); });
  torture_making<mychat_mls_proposal_list>(
      "mychat_mls_group_waiting", mychat_mls_proposal_list_free,
      [&](auto** out) { return mychat_mls_group_waiting(group, out, nullptr); });
  torture_bytes("mychat_mls_group_epoch_authenticator",
                [&](auto** out) { return mychat_mls_group_epoch_authenticator(group, out, nullptr); });
  torture_bytes("mychat_mls_group_export_secret", [&](auto** out) {
    return mychat_mls_group_export_secret(group, "label", "x", 1, 32, out, nullptr);
  });
  torture_bytes("mychat_mls_group_resumption_psk",
                [&](auto** out) { return mychat_mls_group_resumption_psk(group, 1, out, nullptr); });
  torture_bytes("mychat_mls_group_export_info", [&](auto** out) {
    return mychat_mls_group_export_info(group, MYCHAT_MLS_INFO_TREE, out, nullptr);
  });
  mychat_bytes* exported = nullptr;
  ASSERT_EQ(mychat_mls_group_export_info(bob_.group, MYCHAT_MLS_INFO_TREE, &exported, nullptr), MYCHAT_OK);
  const std::string info = take(exported);
  torture("mychat_mls_group_compare", [&] {
    mychat_mls_relation relation = 0;
    return mychat_mls_group_compare(group, info.data(), info.size(), &relation, nullptr);
  });
  torture_bytes("mychat_mls_group_export_tree",
                [&](auto** out) { return mychat_mls_group_export_tree(group, out, nullptr); });
  torture_bytes("mychat_mls_group_protect",
                [&](auto** out) { return mychat_mls_group_protect(group, "x", 1, "y", 1, 9, out, nullptr); });
  expect_whole();
}

// Data that there was no memory for comes with the next try, whatever was done already.
TEST_P(Mls, Messages) {
  std::string message;
  torture_making<mychat_mls_received>("mychat_mls_group_process", mychat_mls_received_free, [&](auto** out) {
    {
      const test::Spared spared;
      if (message.empty()) message = alice_.say("hello");
    }
    const mychat_status status = bob_.process(message, out);
    const test::Spared spared;
    if (status == MYCHAT_OK) message.clear();
    return status;
  });
  expect_whole();
  torture_making<mychat_mls_received>("mychat_mls_group_process", mychat_mls_received_free, [&](auto** out) {
    {
      const test::Spared spared;
      if (message.empty()) {
        mychat_mls_commit* commit = alice_.commit();
        message = message_of(commit);
        EXPECT_EQ(mychat_mls_group_apply(alice_.group, commit, nullptr), MYCHAT_OK);
        mychat_mls_commit_free(commit);
      }
    }
    const mychat_status status = bob_.process(message, out);
    const test::Spared spared;
    if (status == MYCHAT_OK) message.clear();
    return status;
  });
  expect_whole();
}

TEST_P(Mls, Changes) {
  const auto pass = [&](mychat_bytes* message) {  // What was proposed is known to both.
    const test::Spared spared;
    if (message == nullptr) return;
    mychat_mls_received* received = nullptr;
    EXPECT_EQ(mychat_mls_group_process(bob_.group, message->data, message->size, &received, nullptr),
              MYCHAT_OK);
    mychat_mls_received_free(received);
  };
  torture_bytes("mychat_mls_group_propose", [&](auto** out) {
    const mychat_status status =
        mychat_mls_group_propose(alice_.group, carol_.add.data(), carol_.add.size(), "x", 1, 0, out, nullptr);
    pass(*out);
    return status;
  });
  torture_bytes("mychat_mls_group_propose_update", [&](auto** out) {
    const mychat_status status =
        mychat_mls_group_propose_update(bob_.group, &bob_.leaf, "x", 1, 0, out, nullptr);
    const test::Spared spared;
    if (status == MYCHAT_OK) {
      mychat_mls_received* received = nullptr;
      EXPECT_EQ(mychat_mls_group_process(alice_.group, (*out)->data, (*out)->size, &received, nullptr),
                MYCHAT_OK);
      mychat_mls_received_free(received);
    }
    return status;
  });
  const auto commit = [&](mychat_mls_commit** out) {
    return mychat_mls_group_commit(alice_.group, nullptr, out, nullptr);
  };
  torture_making<mychat_mls_commit>("mychat_mls_group_commit", mychat_mls_commit_free, commit);
  mychat_mls_commit* made = nullptr;
  torture("mychat_mls_group_apply", [&] {
    {
      const test::Spared spared;
      if (made == nullptr) {
        EXPECT_EQ(commit(&made), MYCHAT_OK);
      }
    }
    const mychat_status status = mychat_mls_group_apply(alice_.group, made, nullptr);
    const test::Spared spared;
    if (status == MYCHAT_OK) {
      mychat_mls_received* received = nullptr;
      EXPECT_EQ(bob_.process(message_of(made), &received), MYCHAT_OK);
      mychat_mls_received_free(received);
      mychat_mls_commit_free(made);
      made = nullptr;
    }
    return status;
  });
  expect_whole();
}

TEST_P(Mls, GroupsThatFollow) {
  torture_making<mychat_mls_commit>("mychat_mls_group_branch", mychat_mls_commit_free, [&](auto** out) {
    return mychat_mls_group_branch(&alice_.options, alice_.group, &alice_.leaf, nullptr,
                                   bob_.published.data(), bob_.published.size(), out, nullptr);
  });
  mychat_bytes* reinit = nullptr;
  ASSERT_EQ(mychat_mls_propose_reinit("new", 3, test_suite(), nullptr, 0, &reinit, nullptr), MYCHAT_OK);
  mychat_mls_commit* commit = alice_.commit(take(reinit));
  ASSERT_EQ(mychat_mls_group_apply(alice_.group, commit, nullptr), MYCHAT_OK);
  mychat_mls_commit_free(commit);
  torture_making<mychat_mls_commit>("mychat_mls_group_reinitialise", mychat_mls_commit_free, [&](auto** out) {
    return mychat_mls_group_reinitialise(&alice_.options, alice_.group, &alice_.leaf, bob_.published.data(),
                                         bob_.published.size(), out, nullptr);
  });
}

TEST_P(Mls, Storing) {
  mychat_mls_record_list* saved = nullptr;
  torture_making<mychat_mls_record_list>(
      "mychat_mls_group_save", mychat_mls_record_list_free,
      [&](auto** out) { return mychat_mls_group_save(bob_.group, out, nullptr); });
  ASSERT_EQ(mychat_mls_group_save(bob_.group, &saved, nullptr), MYCHAT_OK);
  torture_making<mychat_mls_group>("mychat_mls_group_load", mychat_mls_group_free, [&](auto** out) {
    return mychat_mls_group_load(&bob_.options, saved->items, saved->count, out, nullptr);
  });
  // What changed is given once, and never lost.
  bool changed = false;
  torture("mychat_mls_group_take_changes", [&] {
    {
      const test::Spared spared;
      if (!changed) {
        mychat_mls_received* received = nullptr;
        EXPECT_EQ(bob_.process(alice_.say("x"), &received), MYCHAT_OK);
        mychat_mls_received_free(received);
        changed = true;
      }
    }
    mychat_mls_record_list* out = nullptr;
    const mychat_status status = mychat_mls_group_take_changes(bob_.group, &out, nullptr);
    const test::Spared spared;
    if (status == MYCHAT_OK) {
      bool ratchet = false;
      for (std::size_t i = 0; i < out->count; ++i)
        ratchet = ratchet || std::string(out->items[i]->id).find("/leaf/0") != std::string::npos;
      EXPECT_TRUE(ratchet);
      changed = false;
    }
    mychat_mls_record_list_free(out);
    return status;
  });
  mychat_mls_record_list_free(saved);
}

INSTANTIATE_TEST_SUITE_P(Failing, Mls, ::testing::Bool(), mode_name);

}  // namespace
}  // namespace mychat::c_api_test
