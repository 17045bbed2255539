#include "client/outbox.h"

#include <algorithm>

#include "base/encoding.h"
#include "client/peers.h"
#include "client/retry.h"
#include "crypto/hash.h"
#include "e2ee/envelope_v1.h"
#include "keys/public_key.h"
#include "protocol/limits.h"
#include "transport/backoff.h"

namespace mychat {
namespace {

constexpr std::int64_t kLookUpPause = 250;
constexpr std::int64_t kKeyChangedDelay = 60 * 60 * 1000;  // What ends the wait makes it due at once.

std::optional<std::string> present(std::string text) {
  if (text.empty()) return std::nullopt;
  return text;
}

// Exponential, with full jitter, from the attempts already made.
std::int64_t delay_after(std::int32_t attempts, std::int64_t retry_after_ms) {
  Backoff backoff({.base = std::chrono::milliseconds(1'000)});
  std::chrono::milliseconds delay{0};
  const std::optional<std::chrono::milliseconds> retry_after =
      retry_after_ms > 0 ? std::optional(std::chrono::milliseconds(retry_after_ms)) : std::nullopt;
  for (std::int32_t i = 0; i <= std::min(attempts, 20); ++i) delay = backoff.next(retry_after);
  return delay.count();
}

}  // namespace

std::string v1_id_name(std::string_view node_id) { return "v1id." + std::string(node_id); }

std::string_view content_type_text(mychat_content_type type) {
  switch (type) {
    case MYCHAT_CONTENT_TEXT:
      return limits::kContentText;
    case MYCHAT_CONTENT_IMAGE:
      return limits::kContentImage;
    case MYCHAT_CONTENT_FILE:
      return limits::kContentFile;
    default:
      throw_argument("The content type is not one of MYCHAT_CONTENT_.");
  }
}

mychat_content_type content_type_value(std::string_view text) {
  if (text == limits::kContentText) return MYCHAT_CONTENT_TEXT;
  if (text == limits::kContentImage) return MYCHAT_CONTENT_IMAGE;
  return MYCHAT_CONTENT_FILE;
}

bool is_permanent(const Error& error) noexcept {
  switch (error.status()) {
    case MYCHAT_E_NOT_FOUND:
    case MYCHAT_E_TOO_LARGE:
    case MYCHAT_E_REJECTED:
    case MYCHAT_E_FORBIDDEN:
    case MYCHAT_E_ALREADY_EXISTS:
    case MYCHAT_E_UNSUPPORTED:
    case MYCHAT_E_INVALID_ARGUMENT:
    case MYCHAT_E_MALFORMED:
    case MYCHAT_E_KEY_MISMATCH:
      return true;
    default:
      return false;
  }
}

bool ends_connection(const Error& error) noexcept {
  return error.domain() == MYCHAT_DOMAIN_NETWORK || error.domain() == MYCHAT_DOMAIN_STORE ||
         error.status() == MYCHAT_E_UNAUTHORIZED || error.status() == MYCHAT_E_CANCELLED ||
         error.status() == MYCHAT_E_CLOSED;
}

std::vector<OutboxEntry> Outbox::due_messages(std::size_t limit) {
  take_answers();
  const std::lock_guard lock(core_.mutex);
  core_.require_open();
  // Those that wait for keys must not take the place of others.
  std::vector<OutboxEntry> due = core_.store->outbox().due(core_.now(), limit + look_ups_.wanted(), true);
  std::erase_if(due, [this](const OutboxEntry& entry) {
    return entry.kind != OutboxKind::kMessage || look_ups_.wants(entry.recipient);
  });
  if (due.size() > limit) due.erase(due.begin() + static_cast<std::ptrdiff_t>(limit), due.end());
  return due;
}

void Outbox::take_answers() {
  for (LookUps::Answer& answer : look_ups_.take()) learn(std::move(answer));
}

void Outbox::learn(LookUps::Answer answer) {
  const std::string handle = std::move(answer.handle);
  try {
    const PeerKeys keys = check_answer(core_, handle, NodeApi::read_keys(std::move(answer.result)));
    bool learned = false;
    {
      Change change(core_);
      learned = !core_.announced.changed_since(handle, answer.asked_at);
      if (learned) {
        learn_keys(change, handle, keys);
        change.commit();
      }
    }
    if (!learned) return look_ups_.want(handle);
    retry_if_wanted_quietly(core_);
  } catch (const Error& error) {
    std::vector<OutboxEntry> waiting;
    {
      const std::lock_guard lock(core_.mutex);
      core_.require_open();
      waiting = core_.store->outbox().due_in_lane(handle, core_.now(), 1);
    }
    for (const OutboxEntry& entry : waiting) cannot_send(entry, error);
  }
}

std::vector<OutboxEntry> Outbox::due_receipts(std::size_t limit) {
  const std::lock_guard lock(core_.mutex);
  core_.require_open();
  return core_.store->outbox().due_in_lane(kReadLane, core_.now(), limit);
}

std::optional<std::int64_t> Outbox::next_due_at() {
  const std::lock_guard lock(core_.mutex);
  core_.require_open();
  auto next = core_.store->outbox().next_due_at();
  // What waits for keys is due all the while; their coming wakes.
  if (next && look_ups_.wanted() != 0) next = std::max(*next, core_.now() + kLookUpPause);
  return next;
}

void Outbox::wake() {
  const std::lock_guard lock(core_.mutex);
  core_.require_open();
  core_.store->outbox().make_all_due(core_.now());
}

void Outbox::put_off(const OutboxEntry& entry, const Error& error, std::int64_t delay_ms) {
  const std::lock_guard lock(core_.mutex);
  core_.require_open();
  core_.store->outbox().reschedule(entry.seq, core_.now() + delay_ms, {error.status(), error.what()});
}

std::optional<RsaPublicKey> Outbox::accepted_key(const std::string& handle) {
  const auto contact = known_peer(core_, handle);
  if (!contact) return std::nullopt;
  if (contact->pending)
    throw Error(MYCHAT_E_KEY_CHANGED, MYCHAT_DOMAIN_KEYS,
                "The recipient's key changed; compare safety numbers and accept it.");
  return parse_public_key(contact->public_key);
}

void Outbox::cannot_send(const OutboxEntry& entry, const Error& error) {
  if (error.status() == MYCHAT_E_KEY_CHANGED || error.status() == MYCHAT_E_NO_IDENTITY) {
    put_off(entry, error, kKeyChangedDelay);
  } else if (is_permanent(error)) {
    refused(entry.message_id, error, 0);
  } else if (ends_connection(error) && error.status() != MYCHAT_E_TIMEOUT) {
    throw;  // What is being handled: a node's answer says more than `error` does.
  } else {
    // One user whose keys cannot be had must not keep the others' messages waiting.
    put_off(entry, error, delay_after(entry.attempts, 0));
  }
}

std::optional<wire::SendMessageRequest> Outbox::prepare(const OutboxEntry& entry) {
  std::optional<Message> message;
  bool replaced = false;
  {
    const std::lock_guard lock(core_.mutex);
    core_.require_open();
    replaced = core_.key_is_replaced();
    message = core_.store->messages().get(entry.message_id);
    if (!message || !message->body) {
      core_.store->outbox().remove(entry.seq);
      return std::nullopt;
    }
  }
  if (replaced) {
    put_off(entry, key_replaced_error(), kKeyChangedDelay);
    return std::nullopt;
  }
  try {
    const auto ring = core_.require_keys();
    const std::string me = core_.require_handle();
    // Notes to oneself are sealed to the key that is here, whatever the node says.
    const auto recipient_key =
        entry.recipient == me ? std::optional(ring->current.public_key()) : accepted_key(entry.recipient);
    if (!recipient_key) {
      look_ups_.want(entry.recipient);
      return std::nullopt;
    }
    const EnvelopeContext context{message->id, me, entry.recipient, message->content_type,
                                  format_time(message->sent_at)};
    SealOptions options;
    if ((core_.policy() & MYCHAT_POLICY_NO_SENDER_COPY) == 0)
      options.sender_key = &ring->current.public_key();
    options.signing_key = &ring->signing_key;
    EnvelopeFields sealed = seal_envelope(view(*message->body), *recipient_key, context, options);
    wire::SendMessageRequest request;
    request.id = message->id;
    request.recipient_handle = entry.recipient;
    request.encrypted_content = std::move(sealed.encrypted_content);
    request.encrypted_key = std::move(sealed.encrypted_key);
    request.iv = std::move(sealed.iv);
    request.content_type = message->content_type;
    request.algorithm = std::move(sealed.algorithm);
    request.sender_encrypted_key = present(std::move(sealed.sender_encrypted_key));
    request.sender_key_hash = present(std::move(sealed.sender_key_hash));
    request.signature = present(std::move(sealed.signature));
    request.sent_at = context.sent_at;
    return request;
  } catch (const Error& error) {
    cannot_send(entry, error);
  }
  return std::nullopt;
}

void accept_sent(Change& change, const wire::SentResult& result) {
  const auto entry = change.store().outbox().find(OutboxKind::kMessage, result.id);
  if (!entry) return;
  change.store().outbox().remove(entry->seq);
  if (result.created_at != 0) change.store().messages().set_created_at(result.id, result.created_at);
  if (!change.store().messages().advance_status(result.id, MessageStatus::kPending, change.core().now()))
    return;
  const auto message = change.store().messages().get(result.id);
  if (message) change.message_event(MYCHAT_EVENT_MESSAGE_STATUS, *message);
}

void Outbox::accepted(std::span<const wire::SentResult> results) {
  Change change(core_);
  for (const wire::SentResult& result : results) accept_sent(change, result);
  change.commit();
}

namespace {

std::string v1_iv_key(std::string_view iv) { return "v1try." + std::string(iv); }
std::string v1_content_key(std::string_view content) {
  return "v1try.#" + base64_encode(sha256(view(content)));
}
std::string v1_tries_name(std::string_view message_id) { return "v1tries." + std::string(message_id); }

}  // namespace

void v1_remember_try(Store& store, const std::string& message_id, const wire::SendMessageRequest& request) {
  const std::string names[] = {v1_iv_key(request.iv), v1_content_key(request.encrypted_content)};
  std::string all = store.account().get_text(v1_tries_name(message_id)).value_or("");
  for (const std::string& name : names) {
    store.account().set_text(name, message_id);
    all += name + "\n";
  }
  store.account().set_text(v1_tries_name(message_id), all);
}

bool v1_was_tried(Store& store, const std::string& message_id) {
  return store.account().get_text(v1_tries_name(message_id)).has_value();
}

std::optional<std::string> v1_find_try(Store& store, const wire::MessageOut& message) {
  if (message.iv)
    if (auto id = store.account().get_text(v1_iv_key(*message.iv))) return id;
  return store.account().get_text(v1_content_key(message.encrypted_content));
}

void accept_v1(Change& change, const std::string& message_id, const wire::MessageOut& answer) {
  AccountTable& names = change.store().account();
  names.set_text(v1_id_name(answer.id), message_id);
  const std::string tries = names.get_text(v1_tries_name(message_id)).value_or("");
  for (std::size_t at = 0; at < tries.size();) {
    const std::size_t end = std::min(tries.find('\n', at), tries.size());
    names.remove(tries.substr(at, end - at));
    at = end + 1;
  }
  names.remove(v1_tries_name(message_id));
  accept_sent(change, {message_id, answer.created_at, answer.status, std::nullopt});
}

void Outbox::refused(const std::string& message_id, const Error& error, std::int64_t retry_after_ms) {
  Change change(core_);
  const auto entry = change.store().outbox().find(OutboxKind::kMessage, message_id);
  if (!entry) return;
  const MessageFailure failure{error.status(), error.what()};
  if (is_permanent(error)) {
    change.store().outbox().remove(entry->seq);
    if (change.store().messages().advance_status(message_id, MessageStatus::kFailed, core_.now(), failure)) {
      const auto message = change.store().messages().get(message_id);
      if (message) change.message_event(MYCHAT_EVENT_MESSAGE_STATUS, *message);
    }
  } else {
    change.store().outbox().reschedule(entry->seq, core_.now() + delay_after(entry->attempts, retry_after_ms),
                                       failure);
  }
  change.commit();
}

void Outbox::receipts_sent(const std::vector<OutboxEntry>& entries) {
  Change change(core_);
  for (const OutboxEntry& entry : entries) change.store().outbox().remove(entry.seq);
  change.commit();
}

}  // namespace mychat
