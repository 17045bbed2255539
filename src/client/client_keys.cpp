// Identity keys, trust in others' keys, rotation.
#include "base/encoding.h"
#include "client/client_impl.h"
#include "client/peers.h"
#include "client/retry.h"
#include "keys/certificate.h"
#include "keys/fingerprint.h"
#include "keys/identity.h"
#include "keys/jwk.h"
#include "keys/public_key.h"
#include "keys/safety_number.h"
#include "protocol/limits.h"

namespace mychat {

std::string Client::public_key(mychat_key_format format) {
  impl_->core.require_open();
  const auto ring = impl_->core.require_keys();
  if (format == MYCHAT_KEY_PEM) return ring->public_key_pem;
  if (format == MYCHAT_KEY_JWK) return public_jwk(ring->current.public_key());
  throw_argument("The key format is not one of MYCHAT_KEY_.");
}

Secret Client::export_private_key(mychat_key_format format) {
  impl_->core.require_open();
  const auto ring = impl_->core.require_keys();
  if (format == MYCHAT_KEY_PEM) return ring->current.to_pkcs8_pem();
  if (format == MYCHAT_KEY_JWK) return private_jwk_pretty(ring->current);
  throw_argument("The key format is not one of MYCHAT_KEY_.");
}

void Client::import_private_key(std::string_view key) {
  Core& core = impl_->core;
  core.require_open();
  const std::size_t first = key.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) throw_argument("The key is empty.");
  const RsaPrivateKey parsed =
      key[first] == '{' ? parse_private_jwk(key) : RsaPrivateKey::from_pkcs8_pem(key.substr(first));
  {
    Change change(core);
    if (core.keyring)
      throw Error(MYCHAT_E_ALREADY_EXISTS, MYCHAT_DOMAIN_KEYS, "This client has a private key already.");
    if (!may_be_accounts_key(core, parsed.public_key()))
      throw Error(MYCHAT_E_KEY_MISMATCH, MYCHAT_DOMAIN_KEYS,
                  "That private key is not the one of the account.");
    change.store().account().set_identity(
        identity_record(core.account ? core.account->handle : std::string(), parsed));
    change.commit_and_hold();
  }
  verify_own_quietly(core);
  retry_unreadable_quietly(core);
  impl_->sync.restart();
}

// ---- Trust

namespace {

struct Pair {
  SafetyParty mine;
  SafetyParty theirs;
};

Pair safety_pair(Core& core, std::string_view handle) {
  const std::string peer = canonical_handle(handle);
  const auto ring = core.require_keys();
  const std::string me = core.require_handle();
  const auto contact = known_peer(core, peer);
  if (!contact)
    throw Error(MYCHAT_E_NOT_FOUND, MYCHAT_DOMAIN_KEYS,
                "That user's key is not known here; look the user up first.");
  const std::string& pem = contact->pending ? contact->pending->public_key : contact->public_key;
  return {{me, ring->current.public_key()}, {peer, parse_public_key(pem)}};
}

}  // namespace

std::string Client::safety_number(std::string_view handle) {
  impl_->core.require_open();
  const Pair pair = safety_pair(impl_->core, handle);
  return mychat::safety_number(pair.mine, pair.theirs);
}

std::string Client::safety_qr(std::string_view handle) {
  impl_->core.require_open();
  const Pair pair = safety_pair(impl_->core, handle);
  return safety_qr_payload(pair.mine, pair.theirs);
}

mychat_scan_result Client::compare_safety_qr(std::string_view handle, std::string_view scanned) {
  impl_->core.require_open();
  const Pair pair = safety_pair(impl_->core, handle);
  switch (compare_scanned(scanned, pair.mine, pair.theirs)) {
    case ScanResult::kMatch:
      return MYCHAT_SCAN_MATCH;
    case ScanResult::kMismatch:
      return MYCHAT_SCAN_MISMATCH;
    case ScanResult::kOtherPeople:
      return MYCHAT_SCAN_OTHER_USERS;
    case ScanResult::kNewerVersion:
      break;
  }
  return MYCHAT_SCAN_NEWER_VERSION;
}

namespace {

Contact require_contact(Change& change, const std::string& peer) {
  auto contact = change.store().contacts().get(peer);
  if (!contact || contact->public_key.empty())
    throw Error(MYCHAT_E_NOT_FOUND, MYCHAT_DOMAIN_KEYS,
                "That user's key is not known here; look the user up first.");
  return std::move(*contact);
}

}  // namespace

void Client::set_verified(std::string_view handle, std::string_view fingerprint, bool verified) {
  const std::string peer = canonical_handle(handle);
  Change change(impl_->core);
  Contact contact = require_contact(change, peer);
  if (contact.pending)
    throw Error(MYCHAT_E_KEY_CHANGED, MYCHAT_DOMAIN_KEYS,
                "The contact's key changed; accept the new one first.");
  if (!equal_fingerprints(contact.fingerprint, fingerprint))
    throw Error(MYCHAT_E_KEY_MISMATCH, MYCHAT_DOMAIN_KEYS,
                "That is not the fingerprint of the contact's accepted key.");
  contact.verification = verified ? ContactVerification::kVerified : ContactVerification::kUnverified;
  change.store().contacts().upsert(contact);
  change.contact_event(MYCHAT_EVENT_CONTACT, peer);
  change.commit();
}

void Client::accept_key(std::string_view handle, std::string_view fingerprint) {
  const std::string peer = canonical_handle(handle);
  Core& core = impl_->core;
  {
    Change change(core);
    Contact contact = require_contact(change, peer);
    if (!contact.pending)
      throw Error(MYCHAT_E_INVALID_STATE, MYCHAT_DOMAIN_KEYS,
                  "No new key of that contact waits to be accepted.");
    if (!equal_fingerprints(contact.pending->fingerprint, fingerprint))
      throw Error(MYCHAT_E_KEY_MISMATCH, MYCHAT_DOMAIN_KEYS,
                  "That is not the fingerprint of the key that waits.");
    contact.public_key = contact.pending->public_key;
    contact.fingerprint = contact.pending->fingerprint;
    contact.signing_public_key = contact.pending->signing_public_key;
    contact.signing_certificate = contact.pending->signing_certificate;
    contact.pending.reset();
    contact.verification = ContactVerification::kUnverified;
    change.store().contacts().upsert(contact);
    change.store().account().remove(vouched_name(peer));
    change.store().account().remove(step_name(peer));
    change.store().account().remove(signers_name(peer));  // Those were the old identity's.
    verify_kept(change, peer);
    change.store().outbox().make_all_due(core.now());
    change.contact_event(MYCHAT_EVENT_CONTACT, peer);
    change.commit();
  }
  retry_unreadable_quietly(core);
  impl_->sync.kick();
}

// ---- Rotation

void adopt_identity(Change& change, const RsaPrivateKey& next) {
  Core& core = change.core();
  if (core.keyring && core.keyring->current == next) return;  // Both ways to learn of it may be taken.
  AccountTable& table = change.store().account();
  if (core.keyring) add_previous_key(change.store(), core.keyring->current);
  if (const auto before = table.identity(); before && !before->signing_public_key.empty())
    remember_own_signer(change.store(), view(before->signing_public_key));
  const auto account = table.account();
  table.set_identity(identity_record(account ? account->handle : std::string(), next));
  table.set_text(setting::kAccountKey, next.public_key().to_spki_pem());
  table.remove(setting::kKeysPublished);
  table.remove(setting::kBackupAt);  // Of this key there is none.
  change.store().outbox().make_all_due(core.now());
}

bool settle_identity(Core& core, std::string_view key_at_node) {
  const RsaPublicKey at_node = parse_public_key(key_at_node);
  Change change(core);
  AccountTable& table = change.store().account();
  if (core.keyring && !(core.keyring->current.public_key() == at_node)) {
    if (const auto pending = table.get_bytes(setting::kPendingKey)) {
      const RsaPrivateKey next = RsaPrivateKey::from_pkcs8_der(view(*pending), RsaCheck::kArithmetic);
      if (next.public_key() == at_node) {
        adopt_identity(change, next);
        table.remove(setting::kPendingKey);
        change.commit_and_hold();
        core.info("keys", "The node had taken the new identity key: it is in use now.");
        return true;
      }
    }
  }
  const std::string pem = at_node.to_spki_pem();
  if (table.get_text(setting::kAccountKey) != pem) {
    table.set_text(setting::kAccountKey, pem);
    change.commit();
  }
  return !core.keyring || core.keyring->current.public_key() == at_node;
}

mychat_request_id Client::rotate_identity(std::optional<Secret> password) {
  Core& core = impl_->core;
  core.require_open();
  const Secret token = core.token();
  if (!core.keys() && !password)
    throw Error(MYCHAT_E_NO_IDENTITY, MYCHAT_DOMAIN_KEYS,
                "Without the old private key a rotation needs the account's password.");
  return impl_->request(
      MYCHAT_OPERATION_ROTATE_IDENTITY,
      [impl = impl_.get(), token, password](Completion& completion, mychat_request_id id,
                                            std::stop_token stop) {
        Core& shared = impl->core;
        if (!shared.node().node_info(stop).can(wire::capability::kKeyRotation))
          throw Error(MYCHAT_E_UNSUPPORTED, MYCHAT_DOMAIN_NODE, "This node cannot change a user's key.");
        const std::string handle = shared.require_handle();
        // A key of an earlier rotation that the node took is adopted, not overwritten.
        const bool settled = settle_identity(shared, shared.node().me(token, stop).public_key);
        if (!settled && !password)
          throw Error(
              MYCHAT_E_KEY_MISMATCH, MYCHAT_DOMAIN_KEYS,
              "The node has another key for this account: to replace it needs the account's password.");
        const auto ring = settled ? shared.keys() : nullptr;
        const RsaPrivateKey next = impl->make_key(MYCHAT_OPERATION_ROTATE_IDENTITY, id, stop);
        {
          // Kept before the node can take it: its answer may be lost, the key must not be.
          const std::lock_guard lock(shared.mutex);
          shared.require_open();
          shared.store->account().set_bytes(setting::kPendingKey, view(next.to_pkcs8_der()));
        }
        Secret used = token;
        if (!ring) {
          const wire::AuthResponse fresh =
              shared.node().login({handle.substr(0, handle.find('@')), *password, std::nullopt}, stop);
          Change change(shared);
          change.store().account().set_access_token(view(fresh.access_token));
          change.commit_and_hold();
          used = fresh.access_token;
        }
        wire::KeyUpdate update;
        update.public_key = next.public_key().to_spki_pem();
        update.public_key_fingerprint = key_fingerprint(next.public_key());
        if (ring) {
          const KeyRotationStatement statement = make_rotation(ring->current, next, handle, shared.now());
          update.rotation =
              wire::Rotation{statement.old_fingerprint, statement.new_fingerprint, statement.created_at,
                             base64_encode(statement.signature_old), base64_encode(statement.signature_new)};
        }
        try {
          shared.node().update_keys(used, update, stop);
          Change change(shared);
          adopt_identity(change, next);
          change.store().account().remove(setting::kPendingKey);
          change.commit_and_hold();
          completion.account = account_view(shared);
        } catch (...) {
          impl->sync.restart();  // The node may have taken it: the next connection finds out.
          throw;
        }
        impl->sync.restart();  // Publishes the new signing key.
      },
      {MYCHAT_OPERATION_ROTATE_IDENTITY});
}

}  // namespace mychat
