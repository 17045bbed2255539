#include "e2ee/mls/framing.h"

#include <algorithm>

#include "e2ee/mls/rules.h"

namespace mychat::mls {

namespace {

constexpr std::string_view kLabel = "FramedContentTBS";

Bytes content_aad(const PrivateMessage& message) {
  Writer writer;
  writer(message.group_id, message.epoch, message.content_type, message.authenticated_data);
  return writer.bytes();
}

Bytes sender_data_aad(const PrivateMessage& message) {
  Writer writer;
  writer(message.group_id, message.epoch, message.content_type);
  return writer.bytes();
}

Secret guarded(const Secret& nonce, const std::array<std::uint8_t, 4>& reuse_guard) {
  Secret out = nonce;
  for (std::size_t i = 0; i < reuse_guard.size(); ++i) out[i] ^= reuse_guard[i];
  return out;
}

}  // namespace

MessageKey sender_data_key(const Suite& suite, ByteView sender_data_secret, ByteView ciphertext) {
  const ByteView sample = ciphertext.first(std::min(ciphertext.size(), suite.hash_size()));
  return {suite.expand_with_label(sender_data_secret, "key", sample, suite.key_size()),
          suite.expand_with_label(sender_data_secret, "nonce", sample, Suite::nonce_size())};
}

Secret content_to_sign(WireFormat format, const FramedContent& content, ByteView group_context) {
  Writer writer;
  writer(kMls10, format, content);
  if (content.sender.type == SenderType::kMember || content.sender.type == SenderType::kNewMemberCommit) {
    writer.raw(group_context);
  }
  return std::move(writer).take();
}

void sign_content(AuthenticatedContent& message, const Suite& suite, const SigningKey& signer,
                  ByteView group_context) {
  message.auth.signature = suite.sign_with_label(
      signer, kLabel, content_to_sign(message.wire_format, message.content, group_context));
}

bool verify_content(const AuthenticatedContent& message, const Suite& suite, ByteView signature_key,
                    ByteView group_context) {
  return suite.verify_with_label(signature_key, kLabel,
                                 content_to_sign(message.wire_format, message.content, group_context),
                                 message.auth.signature);
}

Bytes membership_tag(const AuthenticatedContent& message, const Suite& suite, ByteView membership_key,
                     ByteView group_context) {
  Writer writer;
  writer.raw(content_to_sign(message.wire_format, message.content, group_context));
  AuthData::each_of(writer, message.auth, message.content.type());
  return suite.mac(membership_key, writer.secret());
}

PublicMessage to_public(const AuthenticatedContent& message, const Suite& suite, ByteView membership_key,
                        ByteView group_context) {
  require(message.content.type() != ContentType::kApplication, Rule::kMessagePublicApplication);
  PublicMessage out{message.content, message.auth, {}};
  if (message.content.sender.type == SenderType::kMember) {
    out.membership_tag = membership_tag(message, suite, membership_key, group_context);
  }
  return out;
}

AuthenticatedContent from_public(const PublicMessage& message) {
  return {WireFormat::kPublicMessage, message.content, message.auth};
}

PrivateMessage seal_private(const AuthenticatedContent& message, const Suite& suite,
                            ByteView sender_data_secret, const SecretTree::Found& key, std::size_t padding,
                            const Environment& environment) {
  const FramedContent& content = message.content;
  PrivateMessage out;
  out.group_id = content.group_id;
  out.epoch = content.epoch;
  out.content_type = content.type();
  out.authenticated_data = content.authenticated_data;

  Writer plain;
  FramedContent::each_body(plain, content, content.type());
  AuthData::each_of(plain, message.auth, content.type());
  plain.raw(Bytes(padding));
  SenderData sender{content.sender.index, key.generation, {}};
  environment.random(sender.reuse_guard);
  out.ciphertext =
      suite.seal(key.key.key, guarded(key.key.nonce, sender.reuse_guard), content_aad(out), plain.secret());

  const MessageKey outer = sender_data_key(suite, sender_data_secret, out.ciphertext);
  out.encrypted_sender_data = suite.seal(outer.key, outer.nonce, sender_data_aad(out), encode_secret(sender));
  return out;
}

SenderData open_sender_data(const PrivateMessage& message, const Suite& suite, ByteView sender_data_secret) {
  const MessageKey outer = sender_data_key(suite, sender_data_secret, message.ciphertext);
  Secret plain;
  try {
    plain = suite.open(outer.key, outer.nonce, sender_data_aad(message), message.encrypted_sender_data);
  } catch (const Error&) {
    violate(Rule::kMessageDecrypt);
  }
  return decode<SenderData>(plain);
}

AuthenticatedContent open_private(const PrivateMessage& message, const Suite& suite, const SenderData& sender,
                                  const MessageKey& key) {
  Secret plain;
  try {
    plain =
        suite.open(key.key, guarded(key.nonce, sender.reuse_guard), content_aad(message), message.ciphertext);
  } catch (const Error&) {
    violate(Rule::kMessageDecrypt);
  }
  AuthenticatedContent out;
  out.wire_format = WireFormat::kPrivateMessage;
  out.content.group_id = message.group_id;
  out.content.epoch = message.epoch;
  out.content.sender = {SenderType::kMember, sender.leaf};
  out.content.authenticated_data = message.authenticated_data;
  Reader reader(plain);
  FramedContent::each_body(reader, out.content, message.content_type);
  AuthData::each_of(reader, out.auth, message.content_type);
  const ByteView padding = reader.rest();
  require(std::all_of(padding.begin(), padding.end(), [](std::uint8_t octet) { return octet == 0; }),
          Rule::kMessagePadding);
  return out;
}

}  // namespace mychat::mls
