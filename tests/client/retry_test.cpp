#include "client/retry.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <stop_token>

#include "client/client_impl.h"
#include "client/peers.h"
#include "e2ee/envelope_v1.h"
#include "keys/fingerprint.h"
#include "protocol/json_writer.h"
#include "protocol/message.h"
#include "support/expect_error.h"
#include "support/test_keys.h"

namespace mychat {
namespace {

constexpr const char* kAlice = "alice@a.example";
constexpr const char* kBob = "bob@b.example";
constexpr const char* kId = "00000000-0000-4000-8000-000000000001";

// Bob's client, which requires signatures and holds a message of Alice's, signed by a key not known as hers.
class Retry : public ::testing::Test {
 protected:
  Retry() {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directory(path_);
    Core core(options());
    Change change(core);
    AccountTable& table = change.store().account();
    table.set_account({kBob, "2", "https://b.example", 1});
    table.set_identity(identity_record(kBob, test::bob_key()));
    table.set_int(setting::kPolicy, MYCHAT_POLICY_REQUIRE_SIGNATURES);
    const RsaPublicKey& hers = test::alice_key().public_key();
    learn_keys(change, kAlice, {hers.to_spki_pem(), key_fingerprint(hers), {}, {}});
    change.store().messages().insert(kept());
    change.commit();
  }
  ~Retry() override { std::filesystem::remove_all(path_); }
  ClientOptions options() const {
    ClientOptions out;
    out.store_path = (path_ / "store").string();
    out.store_key = [](std::uint8_t* key) {
      std::fill_n(key, MYCHAT_STORE_KEY_SIZE, std::uint8_t{7});
      return true;
    };
    return out;
  }
  Message kept() const {
    wire::MessageOut out;
    out.id = kId;
    out.sender_handle = kAlice;
    out.recipient_handle = kBob;
    out.content_type = "text";
    out.sent_at = "2026-01-02T03:04:05.678Z";
    SealOptions seal;
    seal.signing_key = &signer_;
    const EnvelopeContext context{kId, kAlice, kBob, "text", *out.sent_at};
    const EnvelopeFields sealed = seal_envelope(view("hello"), test::bob_key().public_key(), context, seal);
    out.algorithm = sealed.algorithm;
    out.encrypted_content = sealed.encrypted_content;
    out.encrypted_key = sealed.encrypted_key;
    out.iv = sealed.iv;
    out.signature = sealed.signature;
    Message message;
    message.id = kId;
    message.conversation = message.sender = kAlice;
    message.created_at = 1;
    message.verification = MessageVerification::kUnverified;
    message.signer.assign(signer_.public_key().begin(), signer_.public_key().end());
    message.failure = MessageFailure{MYCHAT_E_POLICY, "no valid signature"};
    message.envelope = to_bytes(view(to_json_text(out)));
    return message;
  }
  void learn_signer(Core& core) const {
    Change change(core);
    remember_signer(change.store(), kAlice, signer_.public_key());
    verify_kept(change, kAlice);
    change.commit();
  }
  static Message message(Core& core) {
    const std::lock_guard lock(core.mutex);
    return *core.store->messages().get(kId);
  }
  static bool wanted(Core& core) {
    const std::lock_guard lock(core.mutex);
    AccountTable& table = core.store->account();
    return table.get_int(setting::kRetryWanted) != table.get_int(setting::kRetryDone);
  }

  const std::filesystem::path path_ =
      std::filesystem::temp_directory_path() / ("mychat-retry-" + std::to_string(::getpid()));
  const Ed25519PrivateKey signer_ = Ed25519PrivateKey::generate();
};

TEST_F(Retry, AMessageBecomesVerifiedTogetherWithItsBodyAlsoAfterARestart) {
  {
    Core core(options());
    EXPECT_FALSE(wanted(core));
    learn_signer(core);
    EXPECT_EQ(message(core).verification, MessageVerification::kUnverified);
    EXPECT_FALSE(message(core).body);
  }
  Core core(options());
  ASSERT_TRUE(wanted(core));
  retry_if_wanted(core);
  const Message now = message(core);
  EXPECT_EQ(now.verification, MessageVerification::kVerified);
  ASSERT_TRUE(now.body);
  EXPECT_EQ(text(view(*now.body)), "hello");
  EXPECT_FALSE(now.failure);
  EXPECT_FALSE(wanted(core));
}

TEST_F(Retry, ItGoesOnBeingWantedWhenItWasStopped) {
  Core core(options());
  learn_signer(core);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_ERROR(retry_if_wanted(core, stop.get_token()), MYCHAT_E_CANCELLED, "");
  EXPECT_TRUE(wanted(core));
  retry_if_wanted(core);
  EXPECT_TRUE(message(core).body);
  EXPECT_FALSE(wanted(core));
}

TEST_F(Retry, WithoutTheSignerTheMessageStaysAsItIs) {
  Core core(options());
  retry_unreadable(core);
  EXPECT_EQ(message(core).verification, MessageVerification::kUnverified);
  EXPECT_EQ(message(core).failure->status, MYCHAT_E_POLICY);
  EXPECT_FALSE(message(core).body);
}

}  // namespace
}  // namespace mychat
