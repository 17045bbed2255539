#include "client/inbox.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/encoding.h"
#include "client/opening.h"
#include "client/outbox.h"
#include "client/peers.h"
#include "client/retry.h"
#include "keys/certificate.h"
#include "keys/fingerprint.h"
#include "keys/public_key.h"
#include "protocol/handle.h"
#include "protocol/json_writer.h"

namespace mychat {
namespace {

constexpr std::chrono::milliseconds kSenderKeysWait{3'000};
constexpr std::chrono::seconds kSilentFor{60};

MessageStatus to_stored(wire::DeliveryStatus status) noexcept {
  switch (status) {
    case wire::DeliveryStatus::kDelivered:
      return MessageStatus::kDelivered;
    case wire::DeliveryStatus::kRead:
      return MessageStatus::kRead;
    case wire::DeliveryStatus::kFailed:
      return MessageStatus::kFailed;
    case wire::DeliveryStatus::kPending:
      break;
  }
  return MessageStatus::kPending;
}

}  // namespace

struct Inbox::Arrival {
  const wire::MessageOut* wire = nullptr;
  Sealed sealed;
  Opened opened;
  std::string peer;
  bool held = false;  // The store has it already.
  std::optional<std::string>
      sent_here;  // The id here of a message that a v1 node took without our learning of it.
};

// The keys of a sender of another node, which may be slow or silent: what came from elsewhere does not wait
// for it long, and not again for a while. Its messages are kept unverified until its keys are known.
void Inbox::ask_sender(const std::string& handle, std::stop_token stop) {
  const auto domain_of = [](std::string_view of) { return of.substr(std::min(of.find('@'), of.size())); };
  const std::string domain(domain_of(handle));
  if (domain == domain_of(core_.handle())) {
    fetch_peer(core_, handle, std::move(stop));
    return;
  }
  const auto silent = [&domain] {
    return Error(MYCHAT_E_TIMEOUT, MYCHAT_DOMAIN_NODE,
                 domain.substr(std::min<std::size_t>(1, domain.size())) + " does not answer.", 0, true);
  };
  const auto now = std::chrono::steady_clock::now();
  std::erase_if(silent_, [now](const auto& one) { return one.second <= now; });
  if (silent_.contains(domain)) throw silent();
  try {
    fetch_peer(core_, handle, std::move(stop), kSenderKeysWait);
  } catch (const Error& error) {
    if (error.status() != MYCHAT_E_TIMEOUT) throw;
    silent_[domain] = std::chrono::steady_clock::now() + kSilentFor;
    throw silent();
  }
}

// Messages that are not addressed to or from this account, or name no proper user, are dropped: a node that
// sends such things is broken, and nothing could be done with them.
std::vector<Inbox::Arrival> Inbox::open(std::vector<const wire::MessageOut*> messages, std::stop_token stop) {
  const std::string me = core_.handle();
  std::vector<Arrival> arrivals;
  std::set<std::string> unknown;
  {
    const std::lock_guard lock(core_.mutex);
    core_.require_open();
    for (const wire::MessageOut* message : messages) {
      const auto sender = normalize_handle(message->sender_handle);
      const auto recipient = normalize_handle(message->recipient_handle.value_or(""));
      if (!sender || !recipient || (*sender != me && *recipient != me) || message->id.empty() ||
          message->id.size() > kMaxMessageId) {
        core_.warn("inbox", "A message that is not of this account was skipped.");
        continue;
      }
      Arrival arrival;
      arrival.wire = message;
      arrival.peer = *sender == me ? *recipient : *sender;
      arrival.held = core_.store->messages().get(message->id).has_value() ||
                     core_.store->account().get_text(v1_id_name(message->id)).has_value();
      arrival.sealed = take_apart(*message, *sender, me);
      if (!arrival.held && *sender == me) {
        arrival.sent_here = v1_find_try(*core_.store, *message);
        arrival.held = arrival.sent_here.has_value();
      }
      if (!arrival.held && *sender != me) {
        const auto contact = core_.store->contacts().get(*sender);
        const bool new_signer = message->signature && (!contact || contact->signing_public_key.empty());
        if (!contact || contact->public_key.empty() || new_signer) unknown.insert(*sender);
      }
      arrivals.push_back(std::move(arrival));
    }
  }
  for (const std::string& handle : unknown) {
    try {
      ask_sender(handle, stop);
    } catch (const Error& error) {
      // Without a connection nothing is acknowledged either: the message comes again.
      if (error.status() == MYCHAT_E_CANCELLED || error.status() == MYCHAT_E_CLOSED ||
          error.domain() == MYCHAT_DOMAIN_NETWORK || error.domain() == MYCHAT_DOMAIN_STORE)
        throw;
      // The message is kept all the same, unverified.
      core_.warn("inbox", std::string("A sender's keys could not be had: ") + error.what());
    }
  }
  std::vector<Sealed> sealed;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < arrivals.size(); ++i) {
    if (arrivals[i].held) continue;
    sealed.push_back(std::move(arrivals[i].sealed));
    places.push_back(i);
  }
  std::vector<Opened> opened = open_sealed(core_, sealed, stop);
  verify_doubtful(sealed, opened, std::move(unknown), stop);
  const std::uint32_t policy = core_.policy();
  for (Opened& one : opened) apply_policy(policy, one);
  for (std::size_t i = 0; i < opened.size(); ++i) {
    arrivals[places[i]].opened = std::move(opened[i]);
    arrivals[places[i]].sealed = std::move(sealed[i]);
  }
  return arrivals;
}

// The key that made a signature may be one that the sender certified since: the keys are asked for once more,
// unless they were just now.
void Inbox::verify_doubtful(const std::vector<Sealed>& sealed, std::vector<Opened>& opened,
                            std::set<std::string> asked, std::stop_token stop) {
  for (std::size_t i = 0; i < opened.size(); ++i) {
    if (opened[i].verification != MessageVerification::kUnverified ||
        waits(sealed[i].sender, opened[i].signer))
      continue;
    if (asked.insert(sealed[i].sender).second) {
      try {
        if (!sealed[i].mine) {
          ask_sender(sealed[i].sender, stop);
        } else if (core_.keys()) {
          learn_own_signer(core_, stop);
        }
      } catch (const Error& error) {
        if (ends_connection(error) || (error.status() == MYCHAT_E_KEY_MISMATCH && error.retryable())) throw;
        core_.warn("inbox", std::string("A sender's keys could not be had: ") + error.what());
      }
    }
    const std::lock_guard lock(core_.mutex);
    core_.require_open();
    const auto signers = accepted_signers(core_, sealed[i].sender);
    if (std::none_of(signers.begin(), signers.end(), [&](const Ed25519PublicKey& key) {
          return std::equal(key.begin(), key.end(), opened[i].signer.begin(), opened[i].signer.end());
        }))
      continue;
    opened[i].verification = MessageVerification::kVerified;
    opened[i].signer.clear();
  }
}

// Whether it is the signing key of the sender's new identity key, which waits to be accepted.
bool Inbox::waits(const std::string& sender, const Bytes& signer) {
  const std::lock_guard lock(core_.mutex);
  core_.require_open();
  const auto contact = core_.store->contacts().get(sender);
  return contact && contact->pending && contact->pending->signing_public_key == signer;
}

void Inbox::store_arrival(Change& change, Arrival& arrival) {
  const wire::MessageOut& in = *arrival.wire;
  Message message;
  message.id = in.id;
  message.conversation = arrival.peer;
  message.sender = arrival.sealed.sender;
  message.direction = arrival.sealed.mine ? Direction::kOutgoing : Direction::kIncoming;
  message.content_type = in.content_type;
  message.created_at = in.created_at;
  message.sent_at = in.sent_at ? parse_time(*in.sent_at).value_or(0) : 0;
  message.delivered_at = in.delivered_at;
  message.read_at = in.read_at;
  message.status = to_stored(in.status);
  message.verification = arrival.opened.verification;
  message.signer = std::move(arrival.opened.signer);
  message.failure = arrival.opened.failure;
  message.body = std::move(arrival.opened.body);
  if (!message.body) message.envelope = to_bytes(view(to_json_text(in)));
  const InsertResult inserted = change.store().messages().insert(message);
  if (inserted.inserted) change.message_event(MYCHAT_EVENT_MESSAGE, message);
}

void Inbox::advance(Change& change, std::string_view id, MessageStatus status, std::int64_t at,
                    const std::optional<MessageFailure>& failure) {
  if (!change.store().messages().advance_status(id, status, at, failure)) return;
  const auto message = change.store().messages().get(id);
  if (message) change.message_event(MYCHAT_EVENT_MESSAGE_STATUS, *message);
}

void Inbox::apply(Change& change, const wire::ReceiptItem& receipt) {
  const auto peer = normalize_handle(receipt.peer_handle);
  std::optional<MessageFailure> failure;
  if (receipt.status == wire::DeliveryStatus::kFailed) {
    failure = {MYCHAT_E_NODE, receipt.reason.value_or("The recipient's node did not take the message.")};
  }
  for (const std::string& id : receipt.message_ids) {
    const auto message = change.store().messages().get(id);
    // A receipt speaks only for the conversation with the peer that gave it.
    if (!message || message->direction != Direction::kOutgoing || message->conversation != peer) continue;
    advance(change, id, to_stored(receipt.status), receipt.timestamp, failure);
  }
}

void Inbox::apply(Change& change, const wire::ReadItem& read) {
  std::int64_t latest = 0;
  std::string peer;
  for (const std::string& id : read.message_ids) {
    const auto message = change.store().messages().get(id);
    if (!message || message->direction != Direction::kIncoming) continue;
    if (message->local_id > latest) {
      latest = message->local_id;
      peer = message->conversation;
    }
  }
  if (latest == 0) return;
  for (const std::string& id : change.store().conversations().mark_read(peer, latest, read.timestamp)) {
    const auto message = change.store().messages().get(id);
    if (message) change.message_event(MYCHAT_EVENT_MESSAGE_STATUS, *message);
  }
}

namespace {

// True when the statement holds and leads from `from` to `to`.
bool leads(const Core& core, const KeyRotationStatement& statement, const std::string& from,
           const std::string& to, std::string_view handle) {
  try {
    verify_rotation(statement, parse_public_key(from), parse_public_key(to), handle);
    return true;
  } catch (const Error& error) {
    core.info("inbox", std::string("A key rotation does not hold: ") + error.what());
    return false;
  }
}

// Whether the accepted key says that `keys` take its place: itself, through the key that waits and that it
// vouched for, or through one that has been replaced since. A statement that does not hold counts as none.
bool vouched_for(Core& core, const Contact& known, const PeerKeys& keys, const wire::Rotation& rotation) {
  const auto old_signature = base64_decode(rotation.signature_old);
  const auto new_signature = base64_decode(rotation.signature_new);
  if (!old_signature || !new_signature) return false;
  const KeyRotationStatement statement{rotation.old_fingerprint, rotation.new_fingerprint,
                                       rotation.created_at, *old_signature, *new_signature};
  if (leads(core, statement, known.public_key, keys.public_key_pem, known.handle)) return true;
  const auto step = core.store->account().get_text(step_name(known.handle));
  if (step && leads(core, statement, *step, keys.public_key_pem, known.handle)) return true;
  return known.pending && core.store->account().get_bool(vouched_name(known.handle)).value_or(false) &&
         leads(core, statement, known.pending->public_key, keys.public_key_pem, known.handle);
}

}  // namespace

// An item tells that keys changed; which are the present ones only the node knows: the item may be an old
// one, seen for the first time by a new device. Who is not known here is not made known by it.
void Inbox::apply(Change& change, const wire::KeyChangeItem& item) {
  const auto handle = normalize_handle(item.handle);
  if (!handle || *handle == (core_.account ? core_.account->handle : std::string())) return;
  core_.announced.changed(*handle);
  const auto known = change.store().contacts().get(*handle);
  if (!known || known->public_key.empty()) return;
  try {
    const PeerKeys told = check_peer_keys(*core_.log, *handle, item.public_key, item.public_key_fingerprint,
                                          item.signing_key, item.signing_key_certificate);
    const bool vouched = item.rotation && vouched_for(core_, *known, told, *item.rotation);
    const auto asked = present_.find(*handle);
    if (asked != present_.end() && !asked->second) return;
    const PeerKeys& present = asked != present_.end() ? *asked->second : told;
    const bool is_present = equal_fingerprints(told.fingerprint, present.fingerprint);
    if (vouched && !is_present) {  // The item of the rotation that follows comes after it.
      change.store().account().set_text(step_name(*handle), told.public_key_pem);
      return;
    }
    // A certificate of the accepted key holds whatever took its place since.
    if (!is_present && equal_fingerprints(told.fingerprint, known->fingerprint) &&
        !told.signing_key.empty() && told.signing_key != known->signing_public_key) {
      remember_signer(change.store(), *handle, view(told.signing_key));
      verify_kept(change, *handle);
    }
    learn_keys(change, *handle, present, vouched);
    if (vouched) change.store().account().remove(step_name(*handle));
  } catch (const Error& error) {
    if (error.domain() == MYCHAT_DOMAIN_STORE) throw;
    core_.warn("inbox", std::string("A change of keys that is none was skipped: ") + error.what());
  }
}

// Asks for the present keys where the item could change more than a signing key of the accepted key. When
// they cannot be had the item is believed: a false alarm is better than none.
void Inbox::ask_present(const wire::KeyChangeItem& item, std::stop_token stop) {
  const auto handle = normalize_handle(item.handle);
  if (!handle || present_.contains(*handle)) return;
  bool own = false;
  {
    const std::lock_guard lock(core_.mutex);
    core_.require_open();
    own = core_.account && *handle == core_.account->handle;
    if (own) {
      if (!core_.keyring || equal_fingerprints(core_.keyring->fingerprint, item.public_key_fingerprint))
        return;
    } else {
      const auto known = core_.store->contacts().get(*handle);
      if (!known || known->public_key.empty()) return;
      if (!known->pending && equal_fingerprints(known->fingerprint, item.public_key_fingerprint)) return;
    }
  }
  try {
    if (own) {
      learn_own_signer(core_, std::move(stop));
      present_.emplace(*handle, std::nullopt);
    } else {
      present_.emplace(*handle, ask_keys(core_, *handle, std::move(stop)));
    }
  } catch (const Error& error) {
    // That this device's own key was replaced begins the connection anew, once.
    if (ends_connection(error) || (own && error.status() == MYCHAT_E_KEY_MISMATCH && error.retryable()))
      throw;
    if (error.status() == MYCHAT_E_NOT_FOUND) present_.emplace(*handle, std::nullopt);
    core_.warn("inbox", std::string("A contact's present keys could not be had: ") + error.what());
  }
}

void Inbox::apply(Change& change, const wire::ProfileItem& item) {
  const auto handle = normalize_handle(item.handle);
  if (!handle) return;
  auto contact = change.store().contacts().get(*handle);
  if (!contact) return;
  contact->avatar_url = item.avatar_url.value_or("");
  change.store().contacts().upsert(*contact);
  change.store().account().set_text("status." + *handle, item.status_message.value_or(""));
  change.contact_event(MYCHAT_EVENT_CONTACT, *handle);
}

void Inbox::apply(Change& change, const wire::AccountDeletedItem& item) {
  const auto handle = normalize_handle(item.handle);
  if (!handle) return;
  auto contact = change.store().contacts().get(*handle);
  if (!contact) return;
  contact->server_id.clear();
  contact->added_at = 0;
  change.store().contacts().upsert(*contact);
  change.contact_event(MYCHAT_EVENT_CONTACT, *handle);
}

// A change of keys is applied before the messages after it are checked against it.
void Inbox::process(const std::string& mailbox_id, std::span<const wire::MailboxItem> items,
                    const std::function<void(std::int64_t)>& stored, std::stop_token stop) {
  present_.clear();  // Newer than the items of before, perhaps older than these.
  while (!items.empty()) {
    std::size_t end = 0;
    while (end < items.size() && !std::holds_alternative<wire::KeyChangeItem>(items[end].data)) ++end;
    if (end < items.size()) ask_present(std::get<wire::KeyChangeItem>(items[end].data), stop);
    end = std::min(end + 1, items.size());
    stored(process_part(mailbox_id, items.first(end), stop));
    items = items.subspan(end);
  }
  retry_if_wanted(core_, stop);
}

std::int64_t Inbox::process_part(const std::string& mailbox_id, std::span<const wire::MailboxItem> items,
                                 std::stop_token stop) {
  std::vector<const wire::MessageOut*> messages;
  for (const wire::MailboxItem& item : items) {
    if (const auto* received = std::get_if<wire::MessageItem>(&item.data))
      messages.push_back(&received->message);
    if (const auto* sent = std::get_if<wire::SentItem>(&item.data)) messages.push_back(&sent->message);
  }
  std::vector<Arrival> arrivals = open(std::move(messages), std::move(stop));
  Change change(core_);
  std::size_t next = 0;
  std::int64_t last = 0;
  for (const wire::MailboxItem& item : items) {
    last = std::max(last, item.seq);
    const wire::MessageOut* message = nullptr;
    if (const auto* received = std::get_if<wire::MessageItem>(&item.data)) message = &received->message;
    if (const auto* sent = std::get_if<wire::SentItem>(&item.data)) message = &sent->message;
    if (message != nullptr) {
      if (next == arrivals.size() || arrivals[next].wire != message) continue;  // It was dropped.
      Arrival& arrival = arrivals[next++];
      if (!arrival.held) store_arrival(change, arrival);
      continue;
    }
    std::visit(
        [&](const auto& data) {
          if constexpr (requires { this->apply(change, data); }) this->apply(change, data);
        },
        item.data);
  }
  const auto cursor = change.store().sync().cursor();
  if (!cursor || cursor->mailbox_id != mailbox_id || cursor->cursor < last)
    change.store().sync().set_cursor({mailbox_id, last});
  change.commit();
  return last;
}

void Inbox::process_history(std::string_view peer, std::span<const wire::MessageOut> messages,
                            std::stop_token stop) {
  std::vector<const wire::MessageOut*> list;
  for (const wire::MessageOut& message : messages) list.push_back(&message);
  std::vector<Arrival> arrivals = open(std::move(list), stop);
  {
    Change change(core_);
    for (Arrival& arrival : arrivals) {
      if (arrival.peer != peer) continue;
      if (!arrival.held) {
        store_arrival(change, arrival);
        continue;
      }
      const wire::MessageOut& in = *arrival.wire;
      if (arrival.sent_here) accept_v1(change, *arrival.sent_here, in);
      const std::string id = change.store().account().get_text(v1_id_name(in.id)).value_or(in.id);
      const auto held = change.store().messages().get(id);
      if (!held || held->direction != Direction::kOutgoing) continue;
      if (in.status == wire::DeliveryStatus::kDelivered || in.status == wire::DeliveryStatus::kRead)
        advance(change, id, to_stored(in.status), in.read_at.value_or(in.delivered_at.value_or(core_.now())));
    }
    change.commit();
  }
  retry_if_wanted(core_, stop);
}

}  // namespace mychat
