#include "client/opening.h"

#include <new>
#include <unordered_map>

#include "client/peers.h"
#include "e2ee/open_many.h"

namespace mychat {
namespace {

MessageVerification to_stored(SignatureState state) noexcept {
  switch (state) {
    case SignatureState::kVerified:
      return MessageVerification::kVerified;
    case SignatureState::kUnverified:
      return MessageVerification::kUnverified;
    case SignatureState::kInvalid:
      return MessageVerification::kInvalid;
    case SignatureState::kUnsigned:
      break;
  }
  return MessageVerification::kUnsigned;
}

MessageFailure failure_of(const Error& error) { return {error.status(), error.what()}; }

// The signing keys of one sender: those that the accepted identity key certified, the latest first, and
// whether another identity key waits to be accepted.
struct Signers {
  std::vector<Ed25519PublicKey> accepted;
  bool changed = false;
};

// Call with the mutex held.
Signers signers_of(Core& core, const Sealed& message) {
  Signers out;
  if (message.mine) {
    if (core.keyring && core.keyring->signing_key)
      out.accepted.push_back(core.keyring->signing_key->public_key());
  } else if (const auto contact = core.store->contacts().get(message.sender)) {
    if (const auto key = accepted_signing_key(*contact)) out.accepted.push_back(*key);
    out.changed = contact->pending.has_value();
  }
  for (const Ed25519PublicKey& key : earlier_signers(*core.store, message.sender))
    out.accepted.push_back(key);
  return out;
}

MessageVerification verify(const Sealed& message, const Signers& signers) {
  // A signature names no key: each certified one is tried. What is none by its form is so for every key.
  MessageVerification result = to_stored(verify_envelope(message.fields, message.context, nullptr));
  if (result != MessageVerification::kUnverified) return result;
  for (const Ed25519PublicKey& key : signers.accepted) {
    result = to_stored(verify_envelope(message.fields, message.context, &key));
    if (result == MessageVerification::kVerified) return result;
  }
  // A key that waits may well have signed it; nobody accepted it yet.
  if (result == MessageVerification::kInvalid && signers.changed) return MessageVerification::kUnverified;
  return result;
}

// The senders' keys, looked up once each.
class SenderKeys {
 public:
  SenderKeys(Core& core, const std::vector<Sealed>& messages) {
    const std::lock_guard lock(core.mutex);
    core.require_open();
    policy_ = core.policy_flags;
    for (const Sealed& message : messages)
      if (!keys_.contains(message.sender)) keys_.emplace(message.sender, signers_of(core, message));
  }
  const Signers& of(const std::string& sender) const { return keys_.at(sender); }
  std::uint32_t policy() const noexcept { return policy_; }

 private:
  std::unordered_map<std::string, Signers> keys_;
  std::uint32_t policy_ = 0;
};

// Decrypts with the present key, then what failed with the keys before it.
std::vector<OpenResult> decrypt(const Keyring& ring, const std::vector<Sealed>& messages,
                                std::stop_token stop) {
  std::vector<OpenJob> jobs;
  jobs.reserve(messages.size());
  for (const Sealed& message : messages)
    jobs.push_back(
        {&message.fields, message.content_type, message.mine ? OpenAs::kSender : OpenAs::kRecipient});
  std::vector<OpenResult> results = open_many(jobs, ring.current, 0, stop);
  for (const RsaPrivateKey& key : ring.previous) {
    std::vector<OpenJob> again;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (!results[i].error || results[i].error->status() != MYCHAT_E_DECRYPT) continue;
      again.push_back(jobs[i]);
      places.push_back(i);
    }
    if (again.empty()) break;
    std::vector<OpenResult> more = open_many(again, key, 0, stop);
    for (std::size_t i = 0; i < more.size(); ++i)
      if (more[i].plaintext) results[places[i]] = std::move(more[i]);
  }
  return results;
}

}  // namespace

Sealed take_apart(const wire::MessageOut& message, std::string_view sender, std::string_view my_handle) {
  Sealed out;
  out.id = message.id;
  out.sender = std::string(sender);
  out.recipient = message.recipient_handle.value_or("");
  out.content_type = message.content_type;
  out.mine = sender == my_handle;
  out.fields.algorithm = message.algorithm.value_or("");
  out.fields.encrypted_content = message.encrypted_content;
  out.fields.encrypted_key = message.encrypted_key.value_or("");
  out.fields.iv = message.iv.value_or("");
  out.fields.sender_encrypted_key = message.sender_encrypted_key.value_or("");
  out.fields.sender_key_hash = message.sender_key_hash.value_or("");
  out.fields.signature = message.signature.value_or("");
  out.context = {out.id, message.sender_handle, out.recipient, out.content_type,
                 message.sent_at.value_or("")};
  return out;
}

std::vector<Opened> open_sealed(Core& core, const std::vector<Sealed>& messages, std::stop_token stop) {
  std::vector<Opened> out(messages.size());
  const SenderKeys senders(core, messages);
  const auto ring = core.keys();
  std::vector<OpenResult> results;
  if (ring) results = decrypt(*ring, messages, stop);
  if (stop.stop_requested()) throw Error(MYCHAT_E_CANCELLED, MYCHAT_DOMAIN_API, "Stopped.");
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const Sealed& message = messages[i];
    Opened& opened = out[i];
    opened.verification = verify(message, senders.of(message.sender));
    if (!ring) {
      opened.failure = MessageFailure{MYCHAT_E_NO_IDENTITY,
                                      "The account's private key is not here; restore a backup to read it."};
    } else if (results[i].error) {
      // Not the message's fault, and not to be remembered as such.
      if (results[i].error->status() == MYCHAT_E_OUT_OF_MEMORY) throw std::bad_alloc();
      opened.failure = failure_of(*results[i].error);
    } else {
      opened.body = std::move(results[i].plaintext);
      apply_policy(senders.policy(), opened);
    }
  }
  return out;
}

MessageVerification verify_again(Core& core, const Sealed& message) {
  const std::lock_guard lock(core.mutex);
  core.require_open();
  return verify(message, signers_of(core, message));
}

void apply_policy(std::uint32_t policy, Opened& opened) {
  if ((policy & MYCHAT_POLICY_REQUIRE_SIGNATURES) == 0 ||
      opened.verification == MessageVerification::kVerified)
    return;
  opened.body.reset();
  opened.failure = MessageFailure{MYCHAT_E_POLICY,
                                  "The policy requires a valid signature, which this message does not have."};
}

}  // namespace mychat
