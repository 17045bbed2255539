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
};

// Checks a signature anew, after the sender's keys were fetched again.
MessageVerification verify_again(Core& core, const Sealed& message);
// Sets the failure that the policy demands, and takes the body away with it.
void apply_policy(std::uint32_t policy, Opened& opened);

// Results in the order of the messages. Signatures are checked against the peers' accepted keys, read under
// the mutex; decryption runs outside of it, on all cores.
std::vector<Opened> open_sealed(Core& core, const std::vector<Sealed>& messages, std::stop_token stop);

}  // namespace mychat
