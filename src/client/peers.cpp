#include "client/peers.h"

#include <algorithm>
#include <set>

#include "base/encoding.h"
#include "client/retry.h"
#include "keys/certificate.h"
#include "keys/fingerprint.h"
#include "keys/public_key.h"
#include "protocol/handle.h"

namespace mychat {

PeerKeys check_peer_keys(const Log& log, std::string_view handle, std::string_view public_key,
                         std::string_view fingerprint, const std::optional<std::string>& signing_key,
                         const std::optional<std::string>& certificate) {
  const RsaPublicKey key = parse_public_key(public_key);
  if (!fingerprint_matches(key, public_key, fingerprint))
    throw Error(MYCHAT_E_KEY_MISMATCH, MYCHAT_DOMAIN_KEYS,
                "The node gives a fingerprint that is not the one of the user's key.");
  PeerKeys out{key.to_spki_pem(), key_fingerprint(key), {}, {}};
  if (signing_key && certificate) {
    const auto signer = base64_decode(*signing_key);
    const auto proof = base64_decode(*certificate);
    if (signer && proof && signing_key_certified(key, handle, *signer, *proof)) {
      out.signing_key = *signer;
      out.certificate = *proof;
    } else {
      log.write(LogLevel::kWarning, "keys",
                "A signing key that its identity key does not certify was ignored.");
    }
  }
  return out;
}

Contact learn_keys(Change& change, std::string_view handle, const PeerKeys& keys, bool vouched) {
  Store& store = change.store();
  if (change.core().account && change.core().account->handle == handle)
    throw_argument("That is the account's own handle: its keys are here, not the node's to tell.");
  Contact contact;
  if (auto known = store.contacts().get(handle)) contact = std::move(*known);
  contact.handle = std::string(handle);
  if (contact.public_key.empty()) {
    contact.public_key = keys.public_key_pem;
    contact.fingerprint = keys.fingerprint;
    contact.signing_public_key = keys.signing_key;
    contact.signing_certificate = keys.certificate;
    store.contacts().upsert(contact);
    verify_kept(change, handle);
    return contact;
  }
  const auto step = store.account().get_text(step_name(handle));
  if (equal_fingerprints(contact.fingerprint, keys.fingerprint)) {
    bool changed = false;
    if (!keys.signing_key.empty() && contact.signing_public_key != keys.signing_key) {
      if (!contact.signing_public_key.empty()) remember_signer(store, handle, contact.signing_public_key);
      contact.signing_public_key = keys.signing_key;
      contact.signing_certificate = keys.certificate;
      changed = true;
    }
    // The node went back to the accepted key: nothing waits any more, and what was verified still is. Unless
    // the accepted key itself signed that another takes its place: then the node's word is not enough, not
    // even by way of a key that it shows in between.
    const bool replaced =
        !vouched && (store.account().get_bool(vouched_name(handle)).value_or(false) || step.has_value());
    if (contact.pending && replaced) {
      change.core().warn("keys",
                         "The node shows a key again that vouched for its successor; that one waits.");
    } else if (contact.pending) {
      contact.pending.reset();
      store.account().remove(vouched_name(handle));
      store.account().remove(step_name(handle));
      changed = true;
      store.outbox().make_all_due(change.core().now());
      change.contact_event(MYCHAT_EVENT_CONTACT, contact.handle);
    }
    if (changed) {
      store.contacts().upsert(contact);
      verify_kept(change, handle);
    }
    return contact;
  }
  if (contact.pending && equal_fingerprints(contact.pending->fingerprint, keys.fingerprint)) {
    if (vouched) store.account().set_bool(vouched_name(handle), true);
    if (!keys.signing_key.empty() && contact.pending->signing_public_key != keys.signing_key) {
      contact.pending->signing_public_key = keys.signing_key;
      contact.pending->signing_certificate = keys.certificate;
      store.contacts().upsert(contact);
    }
    return contact;
  }
  const bool was_vouched = contact.pending && store.account().get_bool(vouched_name(handle)).value_or(false);
  const bool is_step = step == keys.public_key_pem;
  if (was_vouched && !vouched && !is_step)
    store.account().set_text(step_name(handle), contact.pending->public_key);
  contact.pending = PendingKey{keys.public_key_pem, keys.fingerprint, keys.signing_key, keys.certificate,
                               change.core().now()};
  store.contacts().upsert(contact);
  store.account().set_bool(vouched_name(handle), vouched || is_step);
  change.contact_event(MYCHAT_EVENT_KEY_CHANGED, contact.handle);
  return contact;
}

Error key_replaced_error() {
  return {
      MYCHAT_E_KEY_MISMATCH, MYCHAT_DOMAIN_KEYS,
      "The node has another key for this account than this device has: nothing is sent from here until the "
      "newest key backup is restored.",
      0, true};
}

void learn_own_signer(Core& core, std::stop_token stop) {
  const auto is_replaced = [&core] {
    const std::lock_guard lock(core.mutex);
    core.require_open();
    return core.key_is_replaced();
  };
  const std::string me = core.require_handle();
  const bool known_before = is_replaced();
  const wire::KeyResponse answer = core.node().keys(me, std::move(stop));
  if (!settle_identity(core, answer.public_key)) {
    if (!known_before) throw key_replaced_error();
    return;
  }
  const PeerKeys keys = check_peer_keys(*core.log, me, answer.public_key, answer.public_key_fingerprint,
                                        answer.signing_key, answer.signing_key_certificate);
  {
    Change change(core);
    if (!core.keyring || keys.signing_key.empty()) return;
    const auto& known = core.keyring->signers;
    if (std::any_of(known.begin(), known.end(), [&](const Ed25519PublicKey& key) {
          return std::equal(key.begin(), key.end(), keys.signing_key.begin(), keys.signing_key.end());
        }))
      return;
    remember_own_signer(change.store(), keys.signing_key);
    change.commit_and_hold();
  }
  verify_own_quietly(core);
}

std::optional<Contact> known_peer(Core& core, std::string_view handle) {
  const std::lock_guard lock(core.mutex);
  core.require_open();
  auto contact = core.store->contacts().get(handle);
  if (contact && contact->public_key.empty()) contact.reset();
  return contact;
}

PeerKeys ask_keys(Core& core, std::string_view handle, std::stop_token stop,
                  std::chrono::milliseconds timeout) {
  return check_answer(core, handle, core.node().keys(handle, std::move(stop), timeout));
}

PeerKeys check_answer(Core& core, std::string_view handle, const wire::KeyResponse& answer) {
  if (normalize_handle(answer.full_handle) != std::string(handle))
    throw Error(MYCHAT_E_PROTOCOL, MYCHAT_DOMAIN_PROTOCOL,
                "The node answered with the keys of another user.");
  return check_peer_keys(*core.log, handle, answer.public_key, answer.public_key_fingerprint,
                         answer.signing_key, answer.signing_key_certificate);
}

Contact learn_from_node(Core& core, std::string_view handle, const std::function<PeerKeys()>& ask,
                        const std::function<void(Change&, Contact&)>& also) {
  constexpr int kTries = 4;
  for (int i = 0; i < kTries; ++i) {
    Freshness::Mark asked_at = 0;
    {
      const std::lock_guard lock(core.mutex);
      core.require_open();
      asked_at = core.announced.mark();
    }
    const PeerKeys keys = ask();
    std::optional<Contact> contact;
    {
      Change change(core);
      if (core.announced.changed_since(handle, asked_at)) continue;
      contact = learn_keys(change, handle, keys);
      if (also) also(change, *contact);
      change.commit();
    }
    retry_if_wanted_quietly(core);
    return std::move(*contact);
  }
  throw Error(MYCHAT_E_BUSY, MYCHAT_DOMAIN_KEYS, "The user's keys change faster than they can be asked for.",
              0, true);
}

Contact fetch_peer(Core& core, std::string_view handle, std::stop_token stop,
                   std::chrono::milliseconds timeout) {
  return learn_from_node(
      core, handle, [&] { return ask_keys(core, handle, stop, timeout); }, nullptr);
}

std::string vouched_name(std::string_view handle) { return "vouched." + std::string(handle); }
std::string step_name(std::string_view handle) { return "step." + std::string(handle); }
std::string signers_name(std::string_view handle) { return "signers." + std::string(handle); }

namespace {

std::vector<Ed25519PublicKey> read_signers(Store& store, std::string_view name) {
  std::vector<Ed25519PublicKey> out;
  const auto bytes = store.account().get_bytes(name);
  if (!bytes) return out;
  for (std::size_t at = 0; at + kEd25519PublicKeySize <= bytes->size(); at += kEd25519PublicKeySize)
    std::copy_n(bytes->begin() + static_cast<std::ptrdiff_t>(at), kEd25519PublicKeySize,
                out.emplace_back().begin());
  return out;
}

void add_signer(Store& store, std::string_view name, ByteView signing_key) {
  constexpr std::size_t kMost = 16;
  if (signing_key.size() != kEd25519PublicKeySize) return;
  Secret list = to_secret(signing_key);
  for (const Ed25519PublicKey& key : read_signers(store, name)) {
    if (std::equal(key.begin(), key.end(), signing_key.begin())) continue;
    if (list.size() == kMost * kEd25519PublicKeySize) break;
    list.insert(list.end(), key.begin(), key.end());
  }
  store.account().set_bytes(name, view(list));
}

}  // namespace

std::vector<Ed25519PublicKey> earlier_signers(Store& store, std::string_view handle) {
  return read_signers(store, signers_name(handle));
}
void remember_signer(Store& store, std::string_view handle, ByteView signing_key) {
  add_signer(store, signers_name(handle), signing_key);
}
std::vector<Ed25519PublicKey> own_signers(Store& store) { return read_signers(store, setting::kOwnSigners); }
void remember_own_signer(Store& store, ByteView signing_key) {
  add_signer(store, setting::kOwnSigners, signing_key);
}

std::optional<Ed25519PublicKey> accepted_signing_key(const Contact& contact) {
  Ed25519PublicKey key{};
  if (contact.signing_public_key.size() != key.size()) return std::nullopt;
  std::copy(contact.signing_public_key.begin(), contact.signing_public_key.end(), key.begin());
  return key;
}

namespace {

// True when something about the contact changed.
bool update_listed(Contact& contact, const wire::Contact& listed) {
  Contact updated = contact;
  updated.server_id = listed.id;
  updated.nickname = listed.nickname.value_or("");
  updated.avatar_url = listed.avatar_url.value_or("");
  updated.added_at = std::max<std::int64_t>(listed.added_at, 1);
  const bool changed = updated.server_id != contact.server_id || updated.nickname != contact.nickname ||
                       updated.avatar_url != contact.avatar_url || updated.added_at != contact.added_at;
  contact = std::move(updated);
  return changed;
}

}  // namespace

void refresh_contacts(Core& core, const Secret& token, std::stop_token stop) {
  Freshness::Mark asked_at = 0;
  {
    const std::lock_guard lock(core.mutex);
    core.require_open();
    asked_at = core.listed.mark();
  }
  const std::vector<wire::Contact> listed = core.node().contacts(token, stop);
  std::vector<std::string> to_fetch;
  {
    Change change(core);
    const auto newer_here = [&](const std::string& handle) {
      return core.listed.changed_since(handle, asked_at);
    };
    std::set<std::string> present;
    std::vector<std::string> changed_here;  // Noted at the end: until then the mark of before is judged by.
    for (const wire::Contact& entry : listed) {
      const auto handle = normalize_handle(entry.contact_handle);
      if (!handle || (core.account && *handle == core.account->handle)) continue;
      present.insert(*handle);
      if (newer_here(*handle)) continue;
      auto known = change.store().contacts().get(*handle);
      Contact contact = known.value_or(Contact{});
      contact.handle = *handle;
      const bool changed = update_listed(contact, entry);
      const bool same_key =
          !contact.public_key.empty() &&
          (equal_fingerprints(pem_fingerprint(contact.public_key), entry.public_key_fingerprint) ||
           equal_fingerprints(contact.fingerprint, entry.public_key_fingerprint) ||
           (contact.pending &&
            equal_fingerprints(contact.pending->fingerprint, entry.public_key_fingerprint)));
      if (!same_key) to_fetch.push_back(*handle);
      if (!known || changed) {
        changed_here.push_back(*handle);
        change.store().contacts().upsert(contact);
        change.contact_event(MYCHAT_EVENT_CONTACT, *handle);
      }
    }
    for (Contact& contact : change.store().contacts().list()) {
      if (contact.added_at == 0 || present.contains(contact.handle) || newer_here(contact.handle)) continue;
      changed_here.push_back(contact.handle);
      contact.server_id.clear();
      contact.added_at = 0;
      change.store().contacts().upsert(contact);
      change.contact_event(MYCHAT_EVENT_CONTACT, contact.handle);
    }
    for (const std::string& handle : changed_here) core.listed.changed(handle);
    change.commit();
  }
  for (const std::string& handle : to_fetch) {
    try {
      fetch_peer(core, handle, stop);
    } catch (const Error& error) {
      if (error.domain() == MYCHAT_DOMAIN_NETWORK || error.status() == MYCHAT_E_CANCELLED) throw;
      core.warn("contacts", std::string("The keys of a contact could not be taken: ") + error.what());
    }
  }
}

}  // namespace mychat
