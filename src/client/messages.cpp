// Sending, history, search, receipts, and what went wrong.
#include "base/encoding.h"
#include "client/client_impl.h"
#include "client/outbox.h"
#include "client/peers.h"
#include "crypto/random.h"
#include "protocol/handle.h"
#include "protocol/limits.h"

namespace mychat {
namespace {

constexpr std::size_t kGcmTag = 16;

// Ids of this library are UUIDs; a v1 node may have made others.
std::string canonical_message_id(std::string_view text) {
  if (is_uuid(text)) return lower_ascii(text);
  if (text.empty() || text.size() > kMaxMessageId) throw_argument("A message id has 1 to 128 bytes.");
  return std::string(text);
}

[[noreturn]] void throw_no_message() {
  throw Error(MYCHAT_E_NOT_FOUND, MYCHAT_DOMAIN_API, "No such message is in this store.");
}

void check_page(std::uint32_t limit) {
  if (limit < 1 || limit > MessagesTable::kMaxPage) throw_argument("A page has 1 to 500 messages.");
}

MessageCursor cursor_before(const StoreReader& reader, std::int64_t before) {
  if (before < 0) throw_argument("The place in the history is negative.");
  if (before == 0) return {};
  const auto message = reader.messages().get_local(before);
  if (!message) throw_argument("No message is at that place in the history.");
  return cursor_of(*message);
}

MessageListView to_list(MessagePage page) {
  MessageListView out;
  out.messages = std::move(page.messages);
  out.has_more = page.has_more;
  if (!out.messages.empty()) out.next_before = out.messages.back().local_id;
  return out;
}

// Runs on the reader's own connection, so that a long search does not stop the rest.
template <class Work>
auto with_reader(Core& core, Work work) {
  const std::lock_guard lock(core.reader_mutex);
  core.require_open();
  if (!core.reader) throw Error(MYCHAT_E_CLOSED, MYCHAT_DOMAIN_API, "The client is closed.");
  return work(*core.reader);
}

// What waits for an account that is not there would wait for ever. Call with the mutex held.
void require_usable(Core& core) {
  if (!core.has_entered())
    throw Error(MYCHAT_E_INVALID_STATE, MYCHAT_DOMAIN_API, "There is no account yet: log in first.");
  if (core.store->account().get_bool(setting::kDeleted).value_or(false))
    throw Error(MYCHAT_E_INVALID_STATE, MYCHAT_DOMAIN_API,
                "The account was deleted: nothing can be sent from it.");
}

OutboxEntry outbox_entry(const std::string& id, const std::string& recipient, std::int64_t now) {
  OutboxEntry entry;
  entry.kind = OutboxKind::kMessage;
  entry.message_id = id;
  entry.lane = recipient;
  entry.recipient = recipient;
  entry.created_at = now;
  entry.next_attempt_at = now;
  return entry;
}

}  // namespace

std::string Client::send(std::string_view recipient, mychat_content_type type, ByteView data,
                         std::string_view message_id) {
  Core& core = impl_->core;
  core.require_open();
  const std::string peer = canonical_handle(recipient);
  const std::string_view content_type = content_type_text(type);
  if (type == MYCHAT_CONTENT_TEXT && !is_utf8(text(data))) throw_argument("The text is not UTF-8.");
  if (data.size() > limits::kMaxMessageSize - kGcmTag)
    throw Error(MYCHAT_E_TOO_LARGE, MYCHAT_DOMAIN_API, "A message has at most 10,485,744 bytes.");
  std::string id = message_id.empty() ? uuid_v7(core.now()) : canonical_message_id(message_id);
  if (!is_uuid(id)) throw_argument("A message id of the caller's own is a UUID.");
  const std::string me = core.require_handle();
  core.require_keys();
  {
    Change change(core);
    require_usable(core);
    if (const auto held = change.store().messages().get(id)) {
      if (held->direction == Direction::kOutgoing && held->conversation == peer) return id;
      throw Error(MYCHAT_E_ALREADY_EXISTS, MYCHAT_DOMAIN_API, "That id belongs to another message.");
    }
    const auto contact = change.store().contacts().get(peer);
    if (contact && contact->pending)
      throw Error(MYCHAT_E_KEY_CHANGED, MYCHAT_DOMAIN_KEYS,
                  "The recipient's key changed; compare safety numbers and accept it.");
    Message message;
    message.id = id;
    message.conversation = peer;
    message.direction = Direction::kOutgoing;
    message.sender = me;
    message.content_type = std::string(content_type);
    message.body = to_secret(data);
    message.sent_at = core.now();
    message.created_at = message.sent_at;
    message.status = MessageStatus::kQueued;
    message.verification = MessageVerification::kVerified;  // Made here.
    change.store().messages().insert(message);
    change.store().outbox().enqueue(outbox_entry(id, peer, core.now()));
    change.commit();
  }
  impl_->sync.kick();
  return id;
}

void Client::retry(std::string_view message_id) {
  Core& core = impl_->core;
  core.require_open();
  const std::string id = canonical_message_id(message_id);
  {
    Change change(core);
    require_usable(core);
    const auto message = change.store().messages().get(id);
    if (!message) throw_no_message();
    if (message->direction != Direction::kOutgoing || !message->body ||
        !change.store().messages().requeue(id))
      throw Error(MYCHAT_E_INVALID_STATE, MYCHAT_DOMAIN_API, "That message has not failed.");
    change.store().outbox().enqueue(outbox_entry(id, message->conversation, core.now()));
    change.commit();
  }
  impl_->sync.kick();
}

MessageListView Client::history(std::string_view peer, std::int64_t before, std::uint32_t limit) {
  check_page(limit);
  const std::string handle = canonical_handle(peer);
  return with_reader(impl_->core, [&](const StoreReader& reader) {
    return to_list(reader.messages().page(handle, limit, cursor_before(reader, before)));
  });
}

MessageListView Client::search(std::string_view query, std::optional<std::string_view> peer,
                               std::int64_t before, std::uint32_t limit) {
  check_page(limit);
  if (query.empty() || query.size() > 256 || !is_utf8(query))
    throw_argument("A search is for 1 to 256 bytes of UTF-8.");
  SearchRequest request;
  request.query = std::string(query);
  if (peer) request.conversation = canonical_handle(*peer);
  request.limit = limit;
  request.cancelled = &impl_->core.closed;
  return with_reader(impl_->core, [&](const StoreReader& reader) {
    request.before = cursor_before(reader, before);
    return to_list(reader.messages().search(request));
  });
}

Message Client::message(std::string_view message_id) {
  const std::string id = canonical_message_id(message_id);
  return with_reader(impl_->core, [&](const StoreReader& reader) {
    auto message = reader.messages().get(id);
    if (!message) throw_no_message();
    return std::move(*message);
  });
}

void Client::mark_read(std::string_view peer, std::optional<std::string_view> message_id) {
  Core& core = impl_->core;
  core.require_open();
  const std::string handle = canonical_handle(peer);
  {
    Change change(core);
    std::int64_t up_to = INT64_MAX;
    if (message_id) {
      const auto message = change.store().messages().get(canonical_message_id(*message_id));
      if (!message || message->conversation != handle) throw_no_message();
      up_to = message->local_id;
    }
    const auto ids = change.store().conversations().mark_read(handle, up_to, core.now());
    if ((core.policy_flags & MYCHAT_POLICY_NO_READ_RECEIPTS) == 0) {
      for (const std::string& id : ids) {
        OutboxEntry entry = outbox_entry(id, handle, core.now());
        entry.kind = OutboxKind::kReadReceipt;
        entry.lane = std::string(kReadLane);
        change.store().outbox().enqueue(entry);
      }
    }
    change.commit();
  }
  impl_->sync.kick();
}

namespace {

Explanation explain_failure(mychat_status cause, const std::string& text) {
  Explanation out;
  out.cause = cause;
  const auto say = [&](mychat_repair repair, const char* advice) {
    out.repair = repair;
    out.description = text.empty() ? advice : text + " " + advice;
  };
  switch (cause) {
    case MYCHAT_E_NO_KEY_MATERIAL:
      say(MYCHAT_REPAIR_ASK_SENDER,
          "The node lost the message's wrapped key or iv, so nobody can read this copy. Ask the sender to "
          "send it again.");
      break;
    case MYCHAT_E_NO_IDENTITY:
      say(MYCHAT_REPAIR_RESTORE_BACKUP, "Import the key backup of this account.");
      break;
    case MYCHAT_E_DECRYPT:
      say(MYCHAT_REPAIR_RESTORE_BACKUP,
          "It was encrypted to another key, or altered on the way. If this account had another key once, "
          "import the "
          "backup that holds it; otherwise ask the sender to send it again.");
      break;
    case MYCHAT_E_KEY_CHANGED:
      say(MYCHAT_REPAIR_ACCEPT_KEY, "Compare safety numbers with the other side, then accept the new key.");
      break;
    case MYCHAT_E_UNAUTHORIZED:
      say(MYCHAT_REPAIR_LOG_IN, "Log in again.");
      break;
    case MYCHAT_E_TOO_LARGE:
    case MYCHAT_E_NOT_FOUND:
    case MYCHAT_E_UNSUPPORTED:
    case MYCHAT_E_REJECTED:
    case MYCHAT_E_INVALID_ARGUMENT:
      say(MYCHAT_REPAIR_CHANGE, "Sending it again as it is will fail again.");
      break;
    case MYCHAT_E_MALFORMED:
      say(MYCHAT_REPAIR_ASK_SENDER, "What arrived is not a proper message. Ask the sender to send it again.");
      break;
    default:
      say(MYCHAT_REPAIR_RETRY, "Try to send it again.");
      break;
  }
  return out;
}

}  // namespace

namespace {

// Of a message whose signer is not known to be its sender.
Explanation explain_signer(Core& core, const Message& message) {
  Explanation out;
  out.cause = MYCHAT_E_SIGNATURE;
  out.repair = MYCHAT_REPAIR_ASK_SENDER;
  if (message.direction == Direction::kOutgoing) {
    out.repair = MYCHAT_REPAIR_RESTORE_BACKUP;
    out.description =
        "It is signed, but by no key of yours that is known here. If your key was changed on another device, "
        "restore the newest key backup; otherwise it did not come from you.";
    return out;
  }
  const auto contact = core.store->contacts().get(message.sender);
  if (contact && contact->pending && contact->pending->signing_public_key == message.signer) {
    out.cause = MYCHAT_E_KEY_CHANGED;
    out.repair = MYCHAT_REPAIR_ACCEPT_KEY;
    out.description =
        "It is signed by the sender's new key, which you have not accepted. Compare safety numbers with the "
        "sender, then accept the new key: the message becomes verified.";
  } else if (!contact || contact->public_key.empty()) {
    out.repair = MYCHAT_REPAIR_WAIT;
    out.description =
        "It is signed, but the sender's keys could not be had from the node. It is checked again when they "
        "are "
        "known: look the sender up.";
  } else {
    out.description =
        "It is signed, and was not altered, but the key that signed it is not one that the sender's accepted "
        "key "
        "is known to have certified: a key of before the sender's key changed, or somebody else's. Ask the "
        "sender, by a way you trust, whether they wrote it.";
  }
  return out;
}

Explanation explain_verification(Core& core, const Message& message) {
  Explanation out;
  switch (message.verification) {
    case MessageVerification::kUnverified:
      return explain_signer(core, message);
    case MessageVerification::kInvalid:
      out.cause = MYCHAT_E_SIGNATURE;
      out.repair = MYCHAT_REPAIR_ASK_SENDER;
      out.description =
          "Its signature is wrong: it was altered on the way, or forged. Ask the sender to send it again.";
      return out;
    case MessageVerification::kUnsigned:
      out.description =
          "Nothing is wrong with this message. It is not signed: who wrote it is the node's word.";
      return out;
    case MessageVerification::kVerified:
      break;
  }
  out.description = "Nothing is wrong with this message.";
  return out;
}

// Why the policy keeps it back. Another one would give it out.
Explanation explain_policy(Core& core, const Message& message) {
  Explanation out = explain_verification(core, message);
  if (message.verification == MessageVerification::kUnsigned) {
    out.repair = MYCHAT_REPAIR_ASK_SENDER;
    out.description = "It is not signed. Ask the sender for a signed message.";
  }
  out.cause = MYCHAT_E_POLICY;
  out.description = "The policy gives out only messages with a verified signature. " + out.description +
                    " Without the policy it can be read as it is.";
  return out;
}

}  // namespace

Explanation Client::explain(std::string_view message_id) {
  const std::string id = canonical_message_id(message_id);
  Core& core = impl_->core;
  const std::lock_guard lock(core.mutex);
  core.require_open();
  const auto message = core.store->messages().get(id);
  if (!message) throw_no_message();
  const auto entry = core.store->outbox().find(OutboxKind::kMessage, id);
  if (entry) {
    Explanation out;
    if (core.key_is_replaced()) {
      out = {MYCHAT_E_KEY_MISMATCH, MYCHAT_REPAIR_RESTORE_BACKUP, 0, 0, key_replaced_error().what()};
    } else if (entry->last_error) {
      out = explain_failure(entry->last_error->status, entry->last_error->text);
      if (out.repair == MYCHAT_REPAIR_RETRY) {
        out.repair = MYCHAT_REPAIR_WAIT;
        out.description = entry->last_error->text + " It is sent again by itself.";
      }
    } else if (!core.session_token) {
      out = explain_failure(MYCHAT_E_UNAUTHORIZED, "It waits in the outbox, and nobody is logged in.");
    } else {
      out.repair = MYCHAT_REPAIR_WAIT;
      out.cause = MYCHAT_E_NETWORK;
      out.description = "It waits in the outbox for a connection to the node.";
    }
    out.attempts = static_cast<std::uint32_t>(entry->attempts);
    if (out.repair == MYCHAT_REPAIR_WAIT) out.retry_at = entry->next_attempt_at;
    return out;
  }
  if (message->failure && (message->status == MessageStatus::kFailed || !message->body)) {
    Explanation out = message->failure->status == MYCHAT_E_POLICY
                          ? explain_policy(core, *message)
                          : explain_failure(message->failure->status, message->failure->text);
    out.attempts = 1;
    return out;
  }
  return explain_verification(core, *message);
}

}  // namespace mychat
