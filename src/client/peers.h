// What is known of other users: their keys, whether they are accepted, and what changes them. A key that was
// accepted is never replaced silently (docs/protocol.md, section 7).
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "client/core.h"
#include "protocol/user.h"

namespace mychat {

// A key as the node gives it, checked: the fingerprint is the key's own, and the certificate is the key's, or
// absent.
struct PeerKeys {
  std::string public_key_pem;
  std::string fingerprint;
  Bytes signing_key;
  Bytes certificate;
};

// MYCHAT_E_KEY_MISMATCH when the fingerprint is not the key's, MYCHAT_E_MALFORMED when there is no such key.
// A certificate that is not right is dropped with a warning in the log.
PeerKeys check_peer_keys(const Log& log, std::string_view handle, std::string_view public_key,
                         std::string_view fingerprint, const std::optional<std::string>& signing_key,
                         const std::optional<std::string>& certificate);

// Takes what the node says of a user's keys into the store: the first key is taken, the same key may gain a
// signing key, another key waits as pending and the contact is `changed`. Creates the peer when needed.
// `vouched`: the accepted key, or the vouched one that waits, signed the rotation to this one.
// MYCHAT_E_INVALID_ARGUMENT for the account's own handle.
Contact learn_keys(Change& change, std::string_view handle, const PeerKeys& keys, bool vouched = false);

// The contact if its keys are known, else nothing.
std::optional<Contact> known_peer(Core& core, std::string_view handle);

// Asks the node for the keys with `ask`, and learns them; `also` takes part in the same change. An answer
// that may be older than a change of keys announced meanwhile is not used: the node is asked again. Blocks.
Contact learn_from_node(Core& core, std::string_view handle, const std::function<PeerKeys()>& ask,
                        const std::function<void(Change&, Contact&)>& also);
// `timeout`: 0 is the usual one.
PeerKeys ask_keys(Core& core, std::string_view handle, std::stop_token stop,
                  std::chrono::milliseconds timeout = {});
// What the node answered when it was asked for the keys of that user.
PeerKeys check_answer(Core& core, std::string_view handle, const wire::KeyResponse& answer);
Contact fetch_peer(Core& core, std::string_view handle, std::stop_token stop,
                   std::chrono::milliseconds timeout = {});

// The signing key that the accepted identity key certifies, or nothing.
std::optional<Ed25519PublicKey> accepted_signing_key(const Contact& contact);

// Notes which key the node has for the account, and ends a rotation whose answer was lost. False when it is
// another key than the one here: nothing is sent then. True also without a key here.
bool settle_identity(Core& core, std::string_view key_at_node);

// Asks the node which signing key it has for this account, and remembers one that the own identity key
// certifies: another client of the account signs with it. Throws the retryable MYCHAT_E_KEY_MISMATCH when
// that shows that the identity key was replaced. Blocks.
void learn_own_signer(Core& core, std::stop_token stop);
Error key_replaced_error();

// Signing keys that the accepted identity key certified before the present one: another session of the same
// account may still sign with one of them. Inside a change, or with the mutex held.
std::vector<Ed25519PublicKey> earlier_signers(Store& store, std::string_view handle);
void remember_signer(Store& store, std::string_view handle, ByteView signing_key);
// Those of the account itself, apart from any that a node certifies for its handle: only what the identity
// key here certified, or an archive or another key of the account brought, is among them.
std::vector<Ed25519PublicKey> own_signers(Store& store);
void remember_own_signer(Store& store, ByteView signing_key);
std::string signers_name(std::string_view handle);
std::string vouched_name(std::string_view handle);  // Whether the key that waits is vouched for.
// A key that the accepted one leads to by rotations and that is the present one no more: the next rotation
// may begin at it.
std::string step_name(std::string_view handle);

// Brings the contact list in line with the node's; what was changed here since it was asked for stays.
// Blocks.
void refresh_contacts(Core& core, const Secret& token, std::stop_token stop);

}  // namespace mychat
