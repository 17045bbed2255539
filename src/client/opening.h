// Opening envelopes with the account's keys: the present one and those it replaced.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "client/core.h"
#include "e2ee/envelope_v1.h"
#include "protocol/message.h"

namespace mychat {

// A message as it came, taken apart for the envelope functions.
struct Sealed {
  std::string id;
  std::string sender;
  std::string recipient;
  std::string content_type;
  EnvelopeFields fields;
  EnvelopeContext context;
  bool mine = false;  // Sent by this account.
};
// `sender` is its canonical handle.
Sealed take_apart(const wire::MessageOut& message, std::string_view sender, std::string_view my_handle);

// What became of it: the plaintext, or why not.
struct Opened {
  std::optional<Secret> body;
  std::optional<MessageFailure> failure;
  MessageVerification verification = MessageVerification::kUnsigned;
  Bytes signer;  // With kUnverified: the key that signed it.
};

// The signing keys that count as the sender's: one's own, or those that the accepted identity key certified.
// Call with the mutex held.
std::vector<Ed25519PublicKey> accepted_signers(Core& core, std::string_view sender);
// Sets the failure that the policy demands, and takes the body away with it: last, when it is known who
// signed.
void apply_policy(std::uint32_t policy, Opened& opened);

// Results in the order of the messages. Signatures are checked against the peers' accepted keys, read under
// the mutex; decryption runs outside of it, on all cores. The policy is not applied.
std::vector<Opened> open_sealed(Core& core, const std::vector<Sealed>& messages, std::stop_token stop);

}  // namespace mychat
