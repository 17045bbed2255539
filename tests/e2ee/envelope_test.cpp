#include "e2ee/envelope_v1.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "base/encoding.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "keys/jwk.h"
#include "protocol/json.h"
#include "protocol/json_writer.h"
#include "support/expect_error.h"
#include "support/test_keys.h"
#include "support/vectors.h"

namespace mychat {
namespace {

using test::alice_key;
using test::bob_key;

const EnvelopeContext kContext{.id = "7d8f9b1e-6c1f-4f43-9a55-0e1c6f6d2a10",
                               .sender = "alice@example.org",
                               .recipient = "bob@example.net",
                               .content_type = "text",
                               .sent_at = "2027-01-15T08:00:00.000Z"};

const Ed25519PrivateKey& signing_key() {
  static const Ed25519PrivateKey key = Ed25519PrivateKey::generate();
  return key;
}

std::string open_text(const EnvelopeFields& fields, const RsaPrivateKey& key,
                      OpenAs as = OpenAs::kRecipient) {
  const Secret plaintext = open_envelope(fields, key, "text", as);
  return std::string(text(view(plaintext)));
}

EnvelopeFields seal_for_bob(std::string_view plaintext = "Grüße 👋🏽") {
  const SealOptions options{.sender_key = &alice_key().public_key(), .signing_key = &signing_key()};
  return seal_envelope(view(plaintext), bob_key().public_key(), kContext, options);
}

// One bit of the decoded member, elsewhere for every `at`.
void flip(std::string& member, std::size_t at = 0) {
  Bytes bytes = *base64_decode(member);
  bytes[at] ^= 1;
  member = base64_encode(bytes);
}

EnvelopeFields fields_of(JsonView json) {
  return {.algorithm = std::string(json.string("algorithm")),
          .encrypted_content = std::string(json.string("encrypted_content")),
          .encrypted_key = std::string(json.string("encrypted_key")),
          .iv = std::string(json.string("iv")),
          .sender_encrypted_key = {},
          .sender_key_hash = {},
          .signature = {}};
}

std::vector<RsaPrivateKey> vector_keys() {
  std::vector<RsaPrivateKey> keys;
  const Json identities = Json::parse(test::read_vector("mychat-v1/identities.json"));
  for (const JsonView identity : identities.root()) {
    std::string jwk;
    JsonWriter out(jwk);
    out.begin_object();
    for (const JsonView item : identity.object("private_jwk")) {
      if (item.is_string()) out.member(item.name(), item.as_string());
    }
    out.end_object();
    keys.push_back(parse_private_jwk(jwk, RsaCheck::kArithmetic));
  }
  return keys;
}

TEST(Envelope, MadeByABrowserIsOpened) {
  MYCHAT_NEEDS_VECTORS("mychat-v1");
  const auto keys = vector_keys();
  const Json vectors = Json::parse(test::read_vector("mychat-v1/envelopes.json"));
  ASSERT_GT(vectors->array("valid").size(), 0U);
  for (const JsonView vector : vectors->array("valid")) {
    const auto& key = keys.at(static_cast<std::size_t>(vector.integer("identity")));
    EXPECT_EQ(open_text(fields_of(vector), key), vector.string("plaintext"));
  }
}

TEST(Envelope, ThatIsBrokenIsRefusedWithItsReason) {
  MYCHAT_NEEDS_VECTORS("mychat-v1");
  const std::map<std::string, mychat_status, std::less<>> reasons{
      {"tag flipped", MYCHAT_E_DECRYPT},     {"wrapped key flipped", MYCHAT_E_DECRYPT},
      {"iv flipped", MYCHAT_E_DECRYPT},      {"iv of 8 bytes", MYCHAT_E_MALFORMED},
      {"wrong recipient", MYCHAT_E_DECRYPT}, {"content shorter than a tag", MYCHAT_E_MALFORMED},
      {"not base64", MYCHAT_E_MALFORMED},    {"empty key", MYCHAT_E_NO_KEY_MATERIAL}};
  const auto keys = vector_keys();
  const Json vectors = Json::parse(test::read_vector("mychat-v1/envelopes.json"));
  EXPECT_EQ(vectors->array("invalid").size(), reasons.size());
  for (const JsonView vector : vectors->array("invalid")) {
    const auto reason = reasons.find(vector.string("why"));
    ASSERT_NE(reason, reasons.end()) << vector.string("why");
    const auto& key = keys.at(static_cast<std::size_t>(vector.integer("identity")));
    EXPECT_ERROR(open_envelope(fields_of(vector), key), reason->second, "") << vector.string("why");
  }
}

TEST(Envelope, IsOpenedByRecipientAndSenderAndNobodyElse) {
  const EnvelopeFields fields = seal_for_bob();
  EXPECT_EQ(fields.algorithm, "AES-256-GCM+RSA-4096-OAEP");
  EXPECT_EQ(open_text(fields, bob_key()), "Grüße 👋🏽");
  EXPECT_EQ(open_text(fields, alice_key(), OpenAs::kSender), "Grüße 👋🏽");
  EXPECT_ERROR(open_envelope(fields, alice_key()), MYCHAT_E_DECRYPT, "another key");
  EXPECT_ERROR(open_envelope(fields, bob_key(), "text", OpenAs::kSender), MYCHAT_E_DECRYPT, "another key");
}

TEST(Envelope, WithoutOptionsIsPlainV1) {
  const EnvelopeFields fields = seal_envelope(view("hi"), bob_key().public_key(), {});
  EXPECT_EQ(fields.sender_encrypted_key + fields.sender_key_hash + fields.signature, "");
  EXPECT_EQ(base64_decode(fields.iv)->size(), kAeadNonceSize);
  EXPECT_EQ(base64_decode(fields.encrypted_key)->size(), kRsaBytes);
  EXPECT_EQ(base64_decode(fields.encrypted_content)->size(), 2 + kAeadTagSize);
  // The wrapped key is the 32 raw bytes and nothing else: any v1 client can use them.
  const Secret content_key = bob_key().decrypt_oaep(*base64_decode(fields.encrypted_key));
  const Secret plaintext =
      aes256gcm_open(view(content_key), *base64_decode(fields.iv), *base64_decode(fields.encrypted_content));
  EXPECT_EQ(text(view(plaintext)), "hi");
}

TEST(Envelope, UsesAFreshKeyAndIvForEveryMessage) {
  const EnvelopeFields one = seal_for_bob("same");
  const EnvelopeFields two = seal_for_bob("same");
  EXPECT_NE(one.iv, two.iv);
  EXPECT_NE(one.encrypted_content, two.encrypted_content);
  EXPECT_NE(bob_key().decrypt_oaep(*base64_decode(one.encrypted_key)),
            bob_key().decrypt_oaep(*base64_decode(two.encrypted_key)));
}

TEST(Envelope, OfANodeThatDropsTheAlgorithmIsOpened) {
  EnvelopeFields fields = seal_for_bob();
  fields.algorithm.clear();
  EXPECT_EQ(open_text(fields, bob_key()), "Grüße 👋🏽");
  EXPECT_EQ(check_signature(fields, kContext).state, SignatureState::kSigned);
}

TEST(Envelope, ThatLostItsKeyOrIvSaysSo) {
  EnvelopeFields fields = seal_for_bob();
  fields.encrypted_key.clear();
  EXPECT_ERROR(open_envelope(fields, bob_key()), MYCHAT_E_NO_KEY_MATERIAL, "encrypted_key");
  EXPECT_EQ(open_text(fields, alice_key(), OpenAs::kSender), "Grüße 👋🏽");
  fields.sender_encrypted_key.clear();
  EXPECT_ERROR(open_envelope(fields, alice_key(), "text", OpenAs::kSender), MYCHAT_E_NO_KEY_MATERIAL,
               "sender_encrypted_key");
  fields = seal_for_bob();
  fields.iv.clear();
  EXPECT_ERROR(open_envelope(fields, bob_key()), MYCHAT_E_NO_KEY_MATERIAL, "iv");
}

TEST(Envelope, WithMalformedMembersSaysWhich) {
  const EnvelopeFields good = seal_for_bob();
  const auto with = [&](std::string EnvelopeFields::*member, const std::string& value) {
    EnvelopeFields fields = good;
    fields.*member = value;
    return open_envelope(fields, bob_key());
  };
  EXPECT_ERROR(with(&EnvelopeFields::algorithm, "AES-256-GCM"), MYCHAT_E_UNSUPPORTED, "algorithm");
  EXPECT_ERROR(with(&EnvelopeFields::iv, "*"), MYCHAT_E_MALFORMED, "iv is not base64");
  EXPECT_ERROR(with(&EnvelopeFields::iv, good.iv + "AAAA"), MYCHAT_E_MALFORMED, "iv has a wrong length");
  EXPECT_ERROR(with(&EnvelopeFields::encrypted_key, "AAAA"), MYCHAT_E_MALFORMED,
               "encrypted_key has a wrong length");
  EXPECT_ERROR(with(&EnvelopeFields::encrypted_key, good.encrypted_key + "AAAA"), MYCHAT_E_MALFORMED,
               "encrypted_key has a wrong length");
  EXPECT_ERROR(with(&EnvelopeFields::encrypted_key, "!" + good.encrypted_key.substr(1)), MYCHAT_E_MALFORMED,
               "encrypted_key is not base64");
  EXPECT_ERROR(with(&EnvelopeFields::encrypted_content, ""), MYCHAT_E_MALFORMED, "too short");
  EXPECT_ERROR(with(&EnvelopeFields::encrypted_content, "AAA"), MYCHAT_E_MALFORMED,
               "encrypted_content is not base64");
  EXPECT_ERROR(with(&EnvelopeFields::encrypted_content, std::string(69905200, 'A')), MYCHAT_E_TOO_LARGE,
               "too large");
}

TEST(Envelope, DoesNotTellWhichStepOfDecryptionFailed) {
  const auto message_of = [](const std::function<void(EnvelopeFields&)>& damage, const RsaPrivateKey& key) {
    EnvelopeFields fields = seal_for_bob();
    damage(fields);
    try {
      open_envelope(fields, key);
    } catch (const Error& error) {
      return std::pair(error.status(), std::string(error.what()) + std::to_string(error.detail()));
    }
    return std::pair<mychat_status, std::string>(MYCHAT_OK, "opened");
  };
  const auto wrong_key = message_of([](EnvelopeFields&) {}, alice_key());
  EXPECT_EQ(wrong_key.first, MYCHAT_E_DECRYPT);
  EXPECT_EQ(wrong_key, message_of([](EnvelopeFields& f) { flip(f.encrypted_content); }, bob_key()));
  EXPECT_EQ(wrong_key, message_of([](EnvelopeFields& f) { flip(f.encrypted_key, 100); }, bob_key()));
  EXPECT_EQ(wrong_key, message_of([](EnvelopeFields& f) { flip(f.iv); }, bob_key()));
  // A wrapped key of another length, which no browser makes.
  EXPECT_EQ(wrong_key, message_of(
                           [](EnvelopeFields& f) {
                             f.encrypted_key =
                                 base64_encode(bob_key().public_key().encrypt_oaep(view("16 bytes of key!")));
                           },
                           bob_key()));
}

TEST(Envelope, HoldsTextThatIsUtf8AndFilesThatAreAnything) {
  const std::string_view bytes{"\xff\x00\xfe", 3};
  EXPECT_ERROR(seal_envelope(view(bytes), bob_key().public_key(), kContext), MYCHAT_E_INVALID_ARGUMENT,
               "UTF-8");
  EnvelopeContext file = kContext;
  file.content_type = "file";
  const EnvelopeFields fields = seal_envelope(view(bytes), bob_key().public_key(), file);
  EXPECT_EQ(open_envelope(fields, bob_key(), "file"), to_secret(bytes));
  EXPECT_ERROR(open_envelope(fields, bob_key(), "text"), MYCHAT_E_MALFORMED, "UTF-8");
}

TEST(Envelope, OfAnySizeComesBack) {
  EnvelopeContext file = kContext;
  file.content_type = "file";
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{15}, std::size_t{16},
                                 std::size_t{17}, std::size_t{1} << 20}) {
    const Bytes plaintext(size, 0xA5);
    const EnvelopeFields fields = seal_envelope(plaintext, bob_key().public_key(), file);
    EXPECT_EQ(open_envelope(fields, bob_key(), "file"), to_secret(view(plaintext)));
  }
  const Bytes huge(kEnvelopeMaxPlaintext + 1);
  EXPECT_ERROR(seal_envelope(huge, bob_key().public_key(), file), MYCHAT_E_TOO_LARGE, "too large");
}

TEST(Signature, NamesItsKeyAndHoldsUnderIt) {
  EnvelopeFields fields = seal_for_bob();
  const SignatureCheck check = check_signature(fields, kContext);
  EXPECT_EQ(check.state, SignatureState::kSigned);
  EXPECT_EQ(check.signer, signing_key().public_key());
  const Bytes bytes = *base64_decode(fields.signature);
  ASSERT_EQ(bytes.size(), 96u);
  EXPECT_TRUE(std::equal(check.signer.begin(), check.signer.end(), bytes.begin()));
  // A signature under another key's name is nobody's.
  const auto other = Ed25519PrivateKey::generate().public_key();
  Bytes renamed(other.begin(), other.end());
  renamed.insert(renamed.end(), bytes.begin() + 32, bytes.end());
  fields.signature = base64_encode(renamed);
  EXPECT_EQ(check_signature(fields, kContext).state, SignatureState::kInvalid);
  for (const std::size_t size : {0u, 32u, 64u, 95u}) {
    fields.signature =
        base64_encode(Bytes(bytes.begin() + static_cast<std::ptrdiff_t>(96 - size), bytes.end()));
    EXPECT_EQ(check_signature(fields, kContext).state,
              size == 0 ? SignatureState::kUnsigned : SignatureState::kInvalid)
        << size;
  }
}

TEST(Signature, HoldsForTheRecipientWhoNeverSeesTheSendersKey) {
  EnvelopeFields fields = seal_for_bob();
  fields.sender_encrypted_key.clear();  // As the node returns it to the recipient.
  EXPECT_EQ(check_signature(fields, kContext).state, SignatureState::kSigned);
  const SealOptions options{.sender_key = nullptr, .signing_key = &signing_key()};
  fields = seal_envelope(view("no copy for me"), bob_key().public_key(), kContext, options);
  EXPECT_EQ(check_signature(fields, kContext).state, SignatureState::kSigned);
}

TEST(Signature, AbsentIsUnsigned) {
  const EnvelopeFields fields = seal_envelope(view("hi"), bob_key().public_key(), kContext);
  EXPECT_EQ(check_signature(fields, kContext).state, SignatureState::kUnsigned);
}

TEST(Signature, CoversEveryPartOfTheContext) {
  const EnvelopeFields fields = seal_for_bob();
  for (auto member : {&EnvelopeContext::id, &EnvelopeContext::sender, &EnvelopeContext::recipient,
                      &EnvelopeContext::content_type, &EnvelopeContext::sent_at}) {
    EnvelopeContext other = kContext;
    other.*member += "x";
    EXPECT_EQ(check_signature(fields, other).state, SignatureState::kInvalid);
  }
}

TEST(Signature, CoversEveryMemberOfTheEnvelope) {
  for (auto member : {&EnvelopeFields::encrypted_content, &EnvelopeFields::encrypted_key, &EnvelopeFields::iv,
                      &EnvelopeFields::sender_key_hash, &EnvelopeFields::sender_encrypted_key,
                      &EnvelopeFields::signature}) {
    EnvelopeFields fields = seal_for_bob();
    flip(fields.*member);
    EXPECT_EQ(check_signature(fields, kContext).state, SignatureState::kInvalid);
    fields.*member = "not base64";
    EXPECT_EQ(check_signature(fields, kContext).state, SignatureState::kInvalid);
  }
  for (std::size_t at = 0; at < 96; ++at) {
    EnvelopeFields fields = seal_for_bob();
    flip(fields.signature, at);
    EXPECT_EQ(check_signature(fields, kContext).state, SignatureState::kInvalid) << at;
  }
  EnvelopeFields fields = seal_for_bob();
  fields.algorithm = "AES-256-GCM";
  EXPECT_EQ(check_signature(fields, kContext).state, SignatureState::kInvalid);
  fields = seal_for_bob();
  fields.sender_key_hash.clear();
  fields.sender_encrypted_key.clear();
  EXPECT_EQ(check_signature(fields, kContext).state, SignatureState::kInvalid);
}

TEST(Signature, NeedsAWholeContext) {
  EnvelopeContext context = kContext;
  context.sent_at.clear();
  const SealOptions options{.sender_key = nullptr, .signing_key = &signing_key()};
  EXPECT_ERROR(seal_envelope(view("hi"), bob_key().public_key(), context, options), MYCHAT_E_INVALID_ARGUMENT,
               "time");
}

}  // namespace
}  // namespace mychat
