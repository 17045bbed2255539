// Primitives with labels, the key schedule, and what is made of its secrets.
#include <algorithm>
#include <string>

#include "e2ee/mls/key_schedule.h"
#include "vectors.h"

namespace mychat::mls::vectors {

namespace {

void check_derivation(const Suite& suite, JsonView vector) {
  const JsonView reference = vector.object("ref_hash");
  expect_equal(suite.ref_hash(reference.string("label"), bytes(reference, "value")), bytes(reference, "out"),
               "ref_hash");
  const JsonView expand = vector.object("expand_with_label");
  expect_equal(suite.expand_with_label(secret(expand, "secret"), expand.string("label"),
                                       bytes(expand, "context"), number(expand, "length")),
               bytes(expand, "out"), "expand_with_label");
  const JsonView derive = vector.object("derive_secret");
  expect_equal(suite.derive_secret(secret(derive, "secret"), derive.string("label")), bytes(derive, "out"),
               "derive_secret");
  const JsonView tree = vector.object("derive_tree_secret");
  expect_equal(suite.derive_tree_secret(secret(tree, "secret"), tree.string("label"),
                                        number(tree, "generation"), number(tree, "length")),
               bytes(tree, "out"), "derive_tree_secret");
}

void check_signing(const Suite& suite, JsonView sign) {
  const std::string_view label = sign.string("label");
  const Bytes content = bytes(sign, "content");
  const Bytes key = bytes(sign, "pub");
  const auto verifies = [&](const Bytes& signature) {
    return suite.verify_with_label(key, label, content, signature);
  };
  Bytes signature = bytes(sign, "signature");
  expect(verifies(signature), "sign_with_label: the signature does not verify");
  const SigningKey own = SigningKey::from_bytes(suite.signature(), secret(sign, "priv"));
  expect_equal(own.public_key(), key, "sign_with_label: the public key of priv");
  expect(verifies(suite.sign_with_label(own, label, content)),
         "sign_with_label: an own signature does not verify");
  signature.back() ^= 1U;
  expect(!verifies(signature), "sign_with_label: a changed signature verifies");
}

void check_encryption(const Suite& suite, JsonView in) {
  const std::string_view label = in.string("label");
  const Bytes context = bytes(in, "context");
  const Bytes plaintext = bytes(in, "plaintext");
  const Secret key = secret(in, "priv");
  expect_equal(hpke_public_key(suite.hpke().kem, key), bytes(in, "pub"),
               "encrypt_with_label: the public key of priv");
  const auto opened = [&](const HpkeCiphertext& sealed) {
    return suite.decrypt_with_label(key, label, context, sealed);
  };
  expect_equal(opened({bytes(in, "kem_output"), bytes(in, "ciphertext")}), plaintext,
               "encrypt_with_label: the plaintext");
  expect_equal(opened(suite.encrypt_with_label(bytes(in, "pub"), label, context, plaintext)), plaintext,
               "encrypt_with_label: the plaintext of an own ciphertext");
}

// One epoch; gives the init_secret of the next.
Secret check_epoch(const Suite& suite, JsonView in, GroupContext context, ByteView init) {
  const auto same = [&](ByteView got, const char* name) { expect_equal(got, bytes(in, name), name); };
  context.tree_hash = bytes(in, "tree_hash");
  context.confirmed_transcript_hash = bytes(in, "confirmed_transcript_hash");
  const Bytes context_bytes = encode(context);
  same(context_bytes, "group_context");
  const Secret joiner = joiner_secret(suite, init, bytes(in, "commit_secret"), context_bytes);
  same(joiner, "joiner_secret");
  const Secret psk = in.at("psk_secret").has_value() ? secret(in, "psk_secret") : psk_secret(suite, {});
  same(welcome_secret(suite, joiner, psk), "welcome_secret");
  EpochSecrets secrets = EpochSecrets::derive(suite, epoch_secret(suite, joiner, psk, context_bytes));
  same(secrets.init, "init_secret");
  same(secrets.sender_data, "sender_data_secret");
  same(secrets.encryption, "encryption_secret");
  same(secrets.exporter, "exporter_secret");
  same(secrets.epoch_authenticator, "epoch_authenticator");
  same(secrets.external, "external_secret");
  same(secrets.confirmation_key, "confirmation_key");
  same(secrets.membership_key, "membership_key");
  same(secrets.resumption_psk, "resumption_psk");
  same(secrets.external_key_pair(suite).public_key, "external_pub");
  // The label is a text that happens to look like hex.
  const JsonView exporter = in.object("exporter");
  expect_equal(secrets.export_secret(suite, exporter.string("label"), bytes(exporter, "context"),
                                     number(exporter, "length")),
               bytes(exporter, "secret"), "exporter");
  return std::move(secrets.init);
}

}  // namespace

void check_crypto_basics(JsonView vector) {
  const Suite& suite = suite_of(vector);
  check_derivation(suite, vector);
  check_signing(suite, vector.object("sign_with_label"));
  check_encryption(suite, vector.object("encrypt_with_label"));
}

void check_key_schedule(JsonView vector) {
  const Suite& suite = suite_of(vector);
  GroupContext context;
  context.suite = suite.id();
  context.group_id = bytes(vector, "group_id");
  Secret init = secret(vector, "initial_init_secret");
  for (const JsonView epoch : vector.array("epochs")) {
    within("epoch " + std::to_string(context.epoch),
           [&] { init = check_epoch(suite, epoch, context, init); });
    ++context.epoch;
  }
  expect(context.epoch != 0, "there are no epochs");
}

void check_psk_secret(JsonView vector) {
  const Suite& suite = suite_of(vector);
  std::vector<PskInput> inputs;
  for (const JsonView entry : vector.array("psks")) {
    PskInput& input = inputs.emplace_back();
    input.id.type = PskType::kExternal;
    input.id.psk_id = bytes(entry, "psk_id");
    input.id.psk_nonce = bytes(entry, "psk_nonce");
    input.secret = secret(entry, "psk");
  }
  expect_equal(psk_secret(suite, inputs), bytes(vector, "psk_secret"), "psk_secret");
}

void check_transcript_hashes(JsonView vector) {
  const Suite& suite = suite_of(vector);
  const auto content =
      decode_exactly<AuthenticatedContent>(bytes(vector, "authenticated_content"), "authenticated_content");
  expect(content.content.type() == ContentType::kCommit, "the content is not a commit");
  const Bytes confirmed =
      confirmed_transcript_hash(suite, bytes(vector, "interim_transcript_hash_before"), content);
  expect_equal(confirmed, bytes(vector, "confirmed_transcript_hash_after"),
               "confirmed_transcript_hash_after");
  expect_equal(suite.mac(bytes(vector, "confirmation_key"), confirmed), content.auth.confirmation_tag,
               "confirmation_tag");
  expect_equal(interim_transcript_hash(suite, confirmed, content.auth.confirmation_tag),
               bytes(vector, "interim_transcript_hash_after"), "interim_transcript_hash_after");
}

void check_welcome(JsonView vector) {
  const Suite& suite = suite_of(vector);
  const auto package_message = decode_exactly<Message>(bytes(vector, "key_package"), "key_package");
  const auto welcome_message = decode_exactly<Message>(bytes(vector, "welcome"), "welcome");
  const auto* const package = package_message.as<KeyPackage>();
  const auto* const welcome = welcome_message.as<Welcome>();
  expect(package != nullptr && welcome != nullptr, "the messages are not a KeyPackage and a Welcome");
  expect(welcome->suite == suite.id(), "the Welcome is of another suite");

  const Secret init_key = secret(vector, "init_priv");
  expect_equal(hpke_public_key(suite.hpke().kem, init_key), package->init_key, "the public key of init_priv");
  const Bytes reference = suite.key_package_ref(*package);
  const auto entry = std::find_if(welcome->secrets.begin(), welcome->secrets.end(),
                                  [&](const auto& item) { return item.new_member == reference; });
  expect(entry != welcome->secrets.end(), "the Welcome is not for the KeyPackage");
  const auto secrets = decode<GroupSecrets>(
      suite.decrypt_with_label(init_key, "Welcome", welcome->encrypted_group_info, entry->secrets));
  expect(secrets.psks.empty(), "there are pre-shared keys");

  const Secret none = psk_secret(suite, {});
  const Secret sealed_with = welcome_secret(suite, secrets.joiner_secret, none);
  const auto info =
      decode<GroupInfo>(suite.open(suite.expand_with_label(sealed_with, "key", {}, suite.key_size()),
                                   suite.expand_with_label(sealed_with, "nonce", {}, Suite::nonce_size()), {},
                                   welcome->encrypted_group_info));
  Writer content;
  GroupInfo::each_signed(content, info);
  expect(
      suite.verify_with_label(bytes(vector, "signer_pub"), "GroupInfoTBS", content.secret(), info.signature),
      "the GroupInfo's signature does not verify");
  const EpochSecrets epoch =
      EpochSecrets::derive(suite, epoch_secret(suite, secrets.joiner_secret, none, encode(info.context)));
  expect_equal(suite.mac(epoch.confirmation_key, info.context.confirmed_transcript_hash),
               info.confirmation_tag, "confirmation_tag");
}

}  // namespace mychat::mls::vectors
