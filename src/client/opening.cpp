#include "client/opening.h"

#include <algorithm>
#include <new>
#include <unordered_map>

#include "client/peers.h"
#include "e2ee/open_many.h"

namespace mychat {
namespace {

MessageFailure failure_of(const Error& error) { return {error.status(), error.what()}; }

void verify(const Sealed& message, const std::vector<Ed25519PublicKey>& signers, Opened& out) {
  const SignatureCheck check = check_signature(message.fields, message.context);
  if (check.state == SignatureState::kInvalid) out.verification = MessageVerification::kInvalid;
  if (check.state != SignatureState::kSigned) return;
  if (std::find(signers.begin(), signers.end(), check.signer) != signers.end()) {
    out.verification = MessageVerification::kVerified;
  } else {
    out.verification = MessageVerification::kUnverified;
    out.signer.assign(check.signer.begin(), check.signer.end());
  }
}

// The senders' keys, looked up once each.
class SenderKeys {
 public:
  SenderKeys(Core& core, const std::vector<Sealed>& messages) {
    const std::lock_guard lock(core.mutex);
    core.require_open();
    for (const Sealed& message : messages)
      if (!keys_.contains(message.sender))
        keys_.emplace(message.sender, accepted_signers(core, message.sender));
  }
  const std::vector<Ed25519PublicKey>& of(const std::string& sender) const { return keys_.at(sender); }

 private:
  std::unordered_map<std::string, std::vector<Ed25519PublicKey>> keys_;
};

// Decrypts with the present key, then what failed with the account's other keys.
std::vector<OpenResult> decrypt(const Keyring& ring, const std::vector<Sealed>& messages,
                                std::stop_token stop) {
  std::vector<OpenJob> jobs;
  jobs.reserve(messages.size());
  for (const Sealed& message : messages)
    jobs.push_back(
        {&message.fields, message.content_type, message.mine ? OpenAs::kSender : OpenAs::kRecipient});
  std::vector<OpenResult> results = open_many(jobs, ring.current, 0, stop);
  std::vector<const RsaPrivateKey*> others;
  for (const auto* keys : {&ring.previous, &ring.older})
    for (const RsaPrivateKey& key : *keys) others.push_back(&key);
  for (const RsaPrivateKey* key : others) {
    std::vector<OpenJob> again;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (!results[i].error || results[i].error->status() != MYCHAT_E_DECRYPT) continue;
      again.push_back(jobs[i]);
      places.push_back(i);
    }
    if (again.empty()) break;
    std::vector<OpenResult> more = open_many(again, *key, 0, stop);
    for (std::size_t i = 0; i < more.size(); ++i)
      if (more[i].plaintext) results[places[i]] = std::move(more[i]);
  }
  return results;
}

}  // namespace

std::vector<Ed25519PublicKey> accepted_signers(Core& core, std::string_view sender) {
  if (core.account && core.account->handle == sender)
    return core.keyring ? core.keyring->signers : std::vector<Ed25519PublicKey>();
  std::vector<Ed25519PublicKey> out;
  if (const auto contact = core.store->contacts().get(sender))
    if (const auto key = accepted_signing_key(*contact)) out.push_back(*key);
  for (const Ed25519PublicKey& key : earlier_signers(*core.store, sender)) out.push_back(key);
  return out;
}

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
    verify(message, senders.of(message.sender), opened);
    if (!ring) {
      opened.failure = MessageFailure{MYCHAT_E_NO_IDENTITY,
                                      "The account's private key is not here; restore a backup to read it."};
    } else if (results[i].error) {
      // Not the message's fault, and not to be remembered as such.
      if (results[i].error->status() == MYCHAT_E_OUT_OF_MEMORY) throw std::bad_alloc();
      opened.failure = failure_of(*results[i].error);
    } else {
      opened.body = std::move(results[i].plaintext);
    }
  }
  return out;
}

void apply_policy(std::uint32_t policy, Opened& opened) {
  if (!opened.body || (policy & MYCHAT_POLICY_REQUIRE_SIGNATURES) == 0 ||
      opened.verification == MessageVerification::kVerified)
    return;
  opened.body.reset();
  opened.failure = MessageFailure{MYCHAT_E_POLICY,
                                  "The policy requires a valid signature, which this message does not have."};
}

}  // namespace mychat
