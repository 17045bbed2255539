// Signing, sealing and opening of messages (RFC 9420 section 6).
#pragma once

#include <optional>

#include "e2ee/mls/environment.h"
#include "e2ee/mls/secret_tree.h"
#include "e2ee/mls/suite.h"
#include "e2ee/mls/types.h"

namespace mychat::mls {

// FramedContentTBS. The context counts for members and for new members who commit; others do not have it.
Secret content_to_sign(WireFormat format, const FramedContent& content, ByteView group_context);
void sign_content(AuthenticatedContent& message, const Suite& suite, const SigningKey& signer,
                  ByteView group_context);
[[nodiscard]] bool verify_content(const AuthenticatedContent& message, const Suite& suite,
                                  ByteView signature_key, ByteView group_context);

// Section 6.2.
Bytes membership_tag(const AuthenticatedContent& message, const Suite& suite, ByteView membership_key,
                     ByteView group_context);
// `membership_key` counts for members only. Rule::kMessagePublicApplication for application data.
PublicMessage to_public(const AuthenticatedContent& message, const Suite& suite, ByteView membership_key,
                        ByteView group_context);
AuthenticatedContent from_public(const PublicMessage& message);

// Section 6.3. `padding`: zero bytes that are added.
PrivateMessage seal_private(const AuthenticatedContent& message, const Suite& suite,
                            ByteView sender_data_secret, const SecretTree::Found& key, std::size_t padding,
                            const Environment& environment);

// The key of a message's sender data (section 6.3.2).
MessageKey sender_data_key(const Suite& suite, ByteView sender_data_secret, ByteView ciphertext);

struct SenderData {
  LeafIndex leaf = 0;
  std::uint32_t generation = 0;
  std::array<std::uint8_t, 4> reuse_guard{};

  template <class A, class S>
  static void each(A& archive, S& self) {
    archive(self.leaf, self.generation, self.reuse_guard);
  }
};
// Rule::kMessageDecrypt when it does not decrypt.
SenderData open_sender_data(const PrivateMessage& message, const Suite& suite, ByteView sender_data_secret);
// The content, whose signature is not verified yet.
AuthenticatedContent open_private(const PrivateMessage& message, const Suite& suite, const SenderData& sender,
                                  const MessageKey& key);

inline RatchetKind ratchet_of(ContentType type) {
  return type == ContentType::kApplication ? RatchetKind::kApplication : RatchetKind::kHandshake;
}

}  // namespace mychat::mls
