// Keys of messages, their protection, and the encoding of everything that travels.
#include <optional>
#include <string>

#include "base/error.h"
#include "e2ee/mls/framing.h"
#include "e2ee/mls/rules.h"
#include "e2ee/mls/secret_tree.h"
#include "vectors.h"

namespace mychat::mls::vectors {

namespace {

constexpr LeafIndex kSender = 1;

void check_sender_data(const Suite& suite, JsonView in) {
  const MessageKey key = sender_data_key(suite, secret(in, "sender_data_secret"), bytes(in, "ciphertext"));
  expect_equal(key.key, bytes(in, "key"), "sender_data key");
  expect_equal(key.nonce, bytes(in, "nonce"), "sender_data nonce");
}

void take_key(SecretTree& tree, LeafIndex leaf, RatchetKind kind, JsonView in, const std::string& name) {
  const RatchetLimits& limits = environment().ratchet;
  SecretTree::Found found = tree.find(leaf, kind, number(in, "generation"), limits);
  expect_equal(found.key.key, bytes(in, name + "_key"), name + "_key");
  expect_equal(found.key.nonce, bytes(in, name + "_nonce"), name + "_nonce");
  tree.accept(std::move(found), limits);
}

// Every key once, in the order given or from the last to the first: those that were passed are kept.
void take_keys(SecretTree tree, const std::vector<JsonView>& leaves, bool backwards) {
  for (LeafIndex i = 0; i < leaves.size(); ++i) {
    const LeafIndex leaf = backwards ? static_cast<LeafIndex>(leaves.size()) - 1 - i : i;
    std::vector<JsonView> entries(leaves[leaf].begin(), leaves[leaf].end());
    if (backwards) entries = {entries.rbegin(), entries.rend()};
    within("leaf " + std::to_string(leaf), [&] {
      for (const JsonView entry : entries) {
        take_key(tree, leaf, RatchetKind::kHandshake, entry, "handshake");
        take_key(tree, leaf, RatchetKind::kApplication, entry, "application");
      }
    });
  }
}

// What one case of message-protection says of the group.
struct Protection {
  explicit Protection(JsonView in)
      : suite(suite_of(in)),
        signer(SigningKey::from_bytes(suite.signature(), secret(in, "signature_priv"))),
        signature_key(bytes(in, "signature_pub")),
        membership_key(secret(in, "membership_key")),
        sender_data(secret(in, "sender_data_secret")),
        encryption(secret(in, "encryption_secret")) {
    context.suite = suite.id();
    context.group_id = bytes(in, "group_id");
    context.epoch = static_cast<Epoch>(in.integer("epoch"));
    context.tree_hash = bytes(in, "tree_hash");
    context.confirmed_transcript_hash = bytes(in, "confirmed_transcript_hash");
    context_bytes = encode(context);
    expect_equal(signer.public_key(), signature_key, "the public key of signature_priv");
  }
  SecretTree tree() const { return {suite, 2, encryption}; }

  const Suite& suite;
  SigningKey signer;
  Bytes signature_key;
  Secret membership_key, sender_data, encryption;
  GroupContext context;
  Bytes context_bytes;
};

Secret body_of(const FramedContent& content) {
  if (const auto* const data = std::get_if<Secret>(&content.body)) return *data;
  Writer body;
  FramedContent::each_body(body, content, content.type());
  return std::move(body).take();
}

void check_opened(const Protection& group, const AuthenticatedContent& message, ByteView raw) {
  expect(message.content.group_id == group.context.group_id && message.content.epoch == group.context.epoch,
         "the message is of another group or epoch");
  expect(message.content.sender == Sender{SenderType::kMember, kSender}, "the message is of another sender");
  expect(verify_content(message, group.suite, group.signature_key, group.context_bytes),
         "the signature does not verify");
  expect_equal(body_of(message.content), raw, "the content");
}

void open_public(const Protection& group, ByteView encoded, ByteView raw) {
  const auto message = decode_exactly<Message>(encoded, "the PublicMessage");
  const auto* const open = message.as<PublicMessage>();
  expect(open != nullptr, "it is no PublicMessage");
  const AuthenticatedContent content = from_public(*open);
  expect_equal(membership_tag(content, group.suite, group.membership_key, group.context_bytes),
               open->membership_tag, "membership_tag");
  check_opened(group, content, raw);
}

void open_sealed(const Protection& group, ByteView encoded, ByteView raw) {
  const auto message = decode_exactly<Message>(encoded, "the PrivateMessage");
  const auto* const sealed = message.as<PrivateMessage>();
  expect(sealed != nullptr, "it is no PrivateMessage");
  SecretTree tree = group.tree();
  const SenderData sender = open_sender_data(*sealed, group.suite, group.sender_data);
  const RatchetLimits& limits = environment().ratchet;
  const RatchetKind kind = ratchet_of(sealed->content_type);
  SecretTree::Found key = tree.find(sender.leaf, kind, sender.generation, limits);
  check_opened(group, open_private(*sealed, group.suite, sender, key.key), raw);
  tree.accept(std::move(key), limits);
  try {
    tree.find(sender.leaf, kind, sender.generation, limits);
  } catch (const Error& error) {
    if (error.status() == MYCHAT_E_REPLAY) return;
    throw;
  }
  fail("the key of the message can be used twice");
}

AuthenticatedContent sign(const Protection& group, const FramedContent& content, WireFormat format) {
  AuthenticatedContent out{format, content, {}};
  sign_content(out, group.suite, group.signer, group.context_bytes);
  if (content.type() == ContentType::kCommit) out.auth.confirmation_tag = Bytes(group.suite.hash_size(), 7);
  return out;
}

void protect_again(const Protection& group, const FramedContent& content, ByteView raw) {
  const auto open = sign(group, content, WireFormat::kPublicMessage);
  std::optional<PublicMessage> made;
  try {
    made = to_public(open, group.suite, group.membership_key, group.context_bytes);
  } catch (const Error& error) {
    const bool refused = error.detail() == static_cast<int>(Rule::kMessagePublicApplication);
    if (content.type() != ContentType::kApplication || !refused) throw;
  }
  expect(made.has_value() != (content.type() == ContentType::kApplication),
         "application data is protected as a PublicMessage");
  if (made) within("an own PublicMessage", [&] { open_public(group, encode(Message{*made}), raw); });

  const auto sealed = sign(group, content, WireFormat::kPrivateMessage);
  SecretTree tree = group.tree();
  for (const std::size_t padding : {std::size_t{0}, std::size_t{13}}) {
    SecretTree::Found key = tree.next(kSender, ratchet_of(content.type()));
    const PrivateMessage message =
        seal_private(sealed, group.suite, group.sender_data, key, padding, environment());
    tree.accept(std::move(key), environment().ratchet);
    within("an own PrivateMessage", [&] { open_sealed(group, encode(Message{message}), raw); });
  }
}

// The content in raw form, and as messages of both kinds; application data never is public.
void check_protection(const Protection& group, JsonView in, const std::string& name, FramedContent content) {
  within(name, [&] {
    const Bytes raw = bytes(in, name);
    within("_priv", [&] { open_sealed(group, bytes(in, name + "_priv"), raw); });
    if (content.type() != ContentType::kApplication) {
      within("_pub", [&] { open_public(group, bytes(in, name + "_pub"), raw); });
    }
    content.group_id = group.context.group_id;
    content.epoch = group.context.epoch;
    content.sender = {SenderType::kMember, kSender};
    content.authenticated_data = to_bytes(view("authenticated"));
    protect_again(group, content, raw);
  });
}

void check_wire_format(JsonView vector, const char* name, WireFormat format,
                       std::optional<ContentType> content = {}) {
  const auto message = decode_exactly<Message>(bytes(vector, name), name);
  expect(message.format() == format, std::string(name) + " is of another wire format");
  if (content) {
    expect(message.as<PublicMessage>()->content.type() == *content,
           std::string(name) + " is of another content type");
  }
}

}  // namespace

void check_secret_tree(JsonView vector) {
  const Suite& suite = suite_of(vector);
  check_sender_data(suite, vector.object("sender_data"));
  const JsonView array = vector.array("leaves");
  const std::vector<JsonView> leaves(array.begin(), array.end());
  expect(!leaves.empty(), "there are no leaves");
  const SecretTree tree(suite, static_cast<std::uint32_t>(leaves.size()),
                        secret(vector, "encryption_secret"));
  take_keys(tree, leaves, false);
  within("backwards", [&] { take_keys(tree, leaves, true); });
}

void check_message_protection(JsonView vector) {
  const Protection group(vector);
  FramedContent content;
  content.body = decode_exactly<Proposal>(bytes(vector, "proposal"), "proposal");
  check_protection(group, vector, "proposal", content);
  content.body = decode_exactly<Commit>(bytes(vector, "commit"), "commit");
  check_protection(group, vector, "commit", content);
  content.body = secret(vector, "application");
  check_protection(group, vector, "application", content);
}

void check_messages(JsonView vector) {
  check_wire_format(vector, "mls_welcome", WireFormat::kWelcome);
  check_wire_format(vector, "mls_group_info", WireFormat::kGroupInfo);
  check_wire_format(vector, "mls_key_package", WireFormat::kKeyPackage);
  check_wire_format(vector, "private_message", WireFormat::kPrivateMessage);
  check_wire_format(vector, "public_message_application", WireFormat::kPublicMessage,
                    ContentType::kApplication);
  check_wire_format(vector, "public_message_proposal", WireFormat::kPublicMessage, ContentType::kProposal);
  check_wire_format(vector, "public_message_commit", WireFormat::kPublicMessage, ContentType::kCommit);
  const auto decodes = [&]<class T>(const char* name, const T*) {
    decode_exactly<T>(bytes(vector, name), name);
  };
  decodes("ratchet_tree", static_cast<const NodeVector*>(nullptr));
  decodes("group_secrets", static_cast<const GroupSecrets*>(nullptr));
  decodes("add_proposal", static_cast<const Add*>(nullptr));
  decodes("update_proposal", static_cast<const Update*>(nullptr));
  decodes("remove_proposal", static_cast<const Remove*>(nullptr));
  decodes("pre_shared_key_proposal", static_cast<const Psk*>(nullptr));
  decodes("re_init_proposal", static_cast<const ReInit*>(nullptr));
  decodes("external_init_proposal", static_cast<const ExternalInit*>(nullptr));
  decodes("group_context_extensions_proposal", static_cast<const GroupContextExtensions*>(nullptr));
  decodes("commit", static_cast<const Commit*>(nullptr));
}

void check_deserialization(JsonView vector) {
  const Bytes header = bytes(vector, "vlbytes_header");
  Reader reader(header);
  const std::size_t size = reader.any_varint();
  expect(reader.done(), "bytes are left of the header");
  expect(size == number(vector, "length"), "the length is " + std::to_string(size));
}

}  // namespace mychat::mls::vectors
