#include "services/mailbox_writer.h"

#include <algorithm>

#include "crypto/random.h"
#include "protocol/fields.h"
#include "protocol/handle.h"
#include "protocol/json_writer.h"
#include "protocol/limits.h"

namespace mychat::server {

std::string render_receipt(const std::vector<std::string>& ids, const std::string& peer_handle,
                           std::optional<std::string_view> status, std::int64_t timestamp,
                           std::optional<std::string_view> reason) {
  std::string json;
  json.reserve(128 + ids.size() * 40);
  JsonWriter writer(json);
  writer.begin_object();
  writer.member("message_ids", ids);
  writer.member("peer_handle", peer_handle);
  if (status) writer.member("status", *status);
  writer.time_member("timestamp", timestamp);
  if (reason) writer.member("reason", *reason);
  writer.end_object();
  return json;
}

KnownUser MailboxWriter::user(SqliteConnection& db, const std::string& username) {
  if (const auto known = users_.find(username); known != users_.end()) return known->second;
  const auto row = find_user(db, username);
  if (!row) return {};
  if (users_.size() >= kMaxKnown) users_.clear();
  return users_[username] = {row->id, !row->deleted_at && !row->disabled, row->deleted_at.has_value(),
                             row->node};
}

NodeId MailboxWriter::node_of(SqliteConnection& db, UserId user) {
  if (const auto known = nodes_.find(user); known != nodes_.end()) return known->second;
  if (nodes_.size() >= kMaxKnown) nodes_.clear();
  return nodes_[user] = node_of_user(db, user);
}

std::int64_t MailboxWriter::conversation(Change& change, UserId a, UserId b) {
  const std::pair key{std::min(a, b), std::max(a, b)};
  if (const auto known = conversations_.find(key); known != conversations_.end()) return known->second;
  auto id = find_conversation(change.db, a, b);
  if (!id) id = make_conversation(change.db, a, b, change.now);
  if (conversations_.size() >= kMaxKnown) conversations_.clear();
  return conversations_[key] = *id;
}

MailboxMemory& MailboxWriter::memory(Change& change, UserId user) {
  const auto known = mailboxes_.find(user);
  if (known != mailboxes_.end() && waiting_ < kMaxWaiting) return known->second;
  if (mailboxes_.size() >= kMaxKnown || waiting_ >= kMaxWaiting) {
    mailboxes_.clear();
    waiting_ = 0;
  }
  MailboxMemory& mailbox = mailboxes_[user];
  mailbox.acked = find_mailbox(change.db, user).acked;
  mailbox.complete_from = change.transaction.last_seq;
  return mailbox;
}

void MailboxWriter::forget() {
  users_.clear();
  nodes_.clear();
  conversations_.clear();
  mailboxes_.clear();
  waiting_ = 0;
  last_created_ = -1;
}

std::int64_t MailboxWriter::monotonic_now(std::int64_t now) {
  return last_created_ = std::max(now, last_created_);
}

std::vector<Result<AcceptedMessage>> MailboxWriter::accept(Change& change, const Principal& sender,
                                                           std::vector<wire::SendMessageRequest>& drafts,
                                                           std::uint64_t origin) {
  if (last_created_ < 0) {
    auto last = change.db.query("SELECT created_at FROM messages ORDER BY seq DESC LIMIT 1");
    last_created_ = last.step() ? last.integer(0) : 0;
  }
  const KnownUser self = user(change.db, sender.username);
  std::vector<Result<AcceptedMessage>> results;
  results.reserve(drafts.size());
  for (wire::SendMessageRequest& draft : drafts) {
    if (self.id != sender.user || !self.active) {
      results.emplace_back(Failure{401, "This account is not active.", 0});
    } else {
      results.push_back(accept_one(change, sender, draft, origin));
    }
  }
  return results;
}

namespace {

constexpr std::size_t kRsa4096Bytes = 512;

// What RSA-4096 wraps is as long as its modulus. Other algorithms have other lengths, of which the node knows
// nothing.
std::optional<Failure> refusal_of_key(const char* field, std::string_view algorithm,
                                      const std::optional<std::string>& key) {
  if (!key || algorithm != limits::kAlgorithmEnvelopeV1 || base64_decoded_size(*key) == kRsa4096Bytes)
    return std::nullopt;
  return invalid(field, std::string(field) + " is not what RSA-4096 makes: base64 of 512 bytes.");
}

std::optional<Failure> refusal_of(const wire::SendMessageRequest& draft, const ServiceContext& context,
                                  Handle& recipient) {
  if (draft.group_id) return Failure{501, "This node does not carry group messages yet.", 0};
  const auto parsed = Handle::parse(draft.recipient_handle.value_or(""));
  if (!parsed)
    return invalid("recipient_handle", "The recipient is not a handle of the form username@domain.");
  if (parsed->domain != context.config.domain) {
    if (auto refusal = context.refusal_of_domain(parsed->domain)) return refusal;
  }
  if (auto refusal = refusal_of_content(draft, context.config)) return refusal;
  recipient = *parsed;
  return std::nullopt;
}

// What the sender sees; the recipient's view leaves sender_encrypted_key out.
std::shared_ptr<wire::MessageOut> to_message(wire::SendMessageRequest& draft, const std::string& id,
                                             const std::string& sender, const std::string& recipient,
                                             std::int64_t now) {
  auto message = std::make_shared<wire::MessageOut>();
  message->id = id;
  message->sender_handle = sender;
  message->recipient_handle = recipient;
  message->encrypted_content = std::move(draft.encrypted_content);
  message->encrypted_key = std::move(draft.encrypted_key);
  message->iv = std::move(draft.iv);
  message->algorithm = std::move(draft.algorithm);
  message->content_type = std::move(draft.content_type);
  message->created_at = now;
  message->sender_encrypted_key = std::move(draft.sender_encrypted_key);
  message->sender_key_hash = std::move(draft.sender_key_hash);
  message->signature = std::move(draft.signature);
  message->sent_at = std::move(draft.sent_at);
  return message;
}

std::string render_for_recipient(const wire::MessageOut& message) {
  if (!message.sender_encrypted_key) return to_json_text(message);
  wire::MessageOut copy = message;
  copy.sender_encrypted_key.reset();
  return to_json_text(copy);
}

}  // namespace

std::optional<Failure> refusal_of_content(const wire::SendMessageRequest& draft, const NodeConfig& config) {
  if (draft.iv.empty()) return invalid("iv", "A message to a user needs its iv.");
  if (!draft.encrypted_key) return invalid("encrypted_key", "A message to a user needs its wrapped key.");
  if (auto refusal = refusal_of_key("encrypted_key", draft.algorithm, draft.encrypted_key)) return refusal;
  if (auto refusal = refusal_of_key("sender_encrypted_key", draft.algorithm, draft.sender_encrypted_key))
    return refusal;
  const auto size = base64_decoded_size(draft.encrypted_content);
  if (!size) return invalid("encrypted_content", "The encrypted content is not base64.");
  if (*size > config.max_message_size) {
    return Failure{413, "The message is larger than this node takes.", 0};
  }
  return std::nullopt;
}

Result<AcceptedMessage> MailboxWriter::accept_one(Change& change, const Principal& sender,
                                                  wire::SendMessageRequest& draft, std::uint64_t origin) {
  Handle handle;
  if (auto refusal = refusal_of(draft, context_, handle)) {
    // A repeated id gets its first answer, whatever the rest says now.
    const auto repeats = parse_uuid(draft.id.value_or(""));
    if (repeats && find_message(change.db, *repeats)) return repeated(change, sender, *repeats);
    return std::move(*refusal);
  }
  const std::string id = draft.id ? *draft.id : uuid_v7(change.now);
  const auto uuid = parse_uuid(id);
  if (!uuid) return invalid("id", "The id is not a UUID.");
  Addressing to{sender.user, sender.handle, {}, handle.to_string()};
  if (handle.domain == context_.config.domain) {
    to.recipient = user(change.db, handle.username);
  } else {
    // Before a row is made for the recipient: a repeated id changes nothing.
    if (const auto known = find_message(change.db, *uuid)) {
      auto answer = repeated(change, sender, *uuid);
      if (answer.ok()) send_again(change, known->seq);
      return answer;
    }
    to.recipient = user(change.db, to.recipient_handle);
    if (to.recipient.id == 0) to.recipient = remote_user(change, handle);
  }
  if (to.recipient.id == 0 || to.recipient.deleted) {
    // A repeated id gets its first answer even when the recipient is gone meanwhile.
    if (draft.id && find_message(change.db, *uuid)) return repeated(change, sender, *uuid);
    return Failure{404, "There is no such user.", 0};
  }
  auto stored = store(change, to, draft, *uuid, origin);
  if (!stored.ok() && stored.failure().status == 409) return repeated(change, sender, *uuid);
  return stored;
}

KnownUser MailboxWriter::remote_user(Change& change, const Handle& handle) {
  const std::string name = handle.to_string();
  const RemoteUser made = ensure_remote_user(change.db, name, handle.domain, change.now);
  nodes_[made.id] = made.node;
  return users_[name] = {made.id, true, false, made.node};
}

// Fails with 409 when the id is in use, before anything is changed.
Result<AcceptedMessage> MailboxWriter::store(Change& change, const Addressing& to,
                                             wire::SendMessageRequest& draft, const Uuid& id,
                                             std::uint64_t origin) {
  const KnownUser& recipient = to.recipient;
  const std::int64_t place = conversation(change, to.sender, recipient.id);
  if (recipient.node == 0)
    memory(change, recipient.id);  // What it says of earlier messages is of before this one.
  const MessageKey key{change.transaction.next_seq(), to.sender, recipient.id};
  const std::int64_t now = monotonic_now(change.now);
  if (recipient.node != 0) {
    const auto bytes = static_cast<std::int64_t>(draft.encrypted_content.size()) + kQueuedMessageBytes;
    if (!context_.queue(change, recipient.node, OutKind::kMessage, key.seq, {}, bytes)) {
      return Failure{503, "Too much waits for the recipient's node already; try again later.", 60};
    }
  }
  if (!insert_message(change.db, key, id, draft, now))
    return Failure{409, "This id belongs to another message.", 0};
  insert_entry(change.db, {place, key.seq, EntryKind::kMessage, to.sender, {}, now});
  if (recipient.node == 0) remember_waiting(change, recipient.id, {key.seq, place, to.sender, id, false});
  std::shared_ptr<const wire::MessageOut> message =
      to_message(draft, uuid_text(id), to.sender_handle, to.recipient_handle, now);
  if (recipient.node == 0) {
    change.news.push_back(
        {recipient.id, std::make_shared<MailboxItem>(key.seq, ItemType::kMessage,
                                                     [message] { return render_for_recipient(*message); })});
  }
  if (recipient.id != to.sender && to.sender_is_here) {
    change.news.push_back(
        {to.sender, std::make_shared<MailboxItem>(
                        key.seq, ItemType::kSent, [message] { return to_json_text(*message); }, origin)});
  }
  return AcceptedMessage{key.seq, std::move(message), false};
}

void MailboxWriter::remember_waiting(Change& change, UserId recipient, const Undelivered& entry) {
  MailboxMemory& mailbox = memory(change, recipient);
  mailbox.waiting.push_back(entry);
  ++waiting_;
  if (mailbox.waiting.size() <= kMaxWaitingPerUser) return;
  mailbox.complete_from = mailbox.waiting.front().seq;
  mailbox.waiting.pop_front();
  --waiting_;
}

Result<AcceptedMessage> MailboxWriter::repeated(Change& change, const Principal& sender, const Uuid& id) {
  const auto key = find_message(change.db, id);
  if (!key || key->sender != sender.user) return Failure{409, "This id belongs to another message.", 0};
  auto found = read_message(change.db, key->seq, true);
  const auto recipient = find_user(change.db, key->recipient);
  if (!found || !recipient) return Failure{409, "This id belongs to another message.", 0};
  auto message = std::make_shared<wire::MessageOut>(std::move(found->second));
  message->sender_handle = sender.handle;
  message->recipient_handle = context_.handle_of(recipient->username);
  return AcceptedMessage{key->seq, std::move(message), true};
}

// Fills `receipts` with the messages up to `upto` and returns how far it came.
std::int64_t MailboxWriter::collect(Change& change, UserId user, MailboxMemory& mailbox, std::int64_t upto,
                                    Receipts& receipts) {
  const auto add = [&](const Undelivered& entry) {
    if (entry.told || entry.sender == user) return;
    Receipt& receipt = receipts[entry.conversation];
    receipt.conversation = entry.conversation;
    receipt.sender = entry.sender;
    receipt.seqs.push_back(entry.seq);
    receipt.ids.push_back(entry.id);
  };
  if (mailbox.acked >= mailbox.complete_from) {
    while (!mailbox.waiting.empty() && mailbox.waiting.front().seq <= upto) {
      add(mailbox.waiting.front());
      mailbox.waiting.pop_front();
      --waiting_;
    }
    return upto;
  }
  // Not all of them are remembered: read them, the oldest first.
  std::vector<Undelivered> found;
  for (const ConversationRow& row : conversations_of(change.db, user)) {
    if (row.peer == user) continue;
    for (const std::int64_t seq :
         messages_between(change.db, row.id, row.peer, mailbox.acked + 1, upto, kAckStep + 1)) {
      found.push_back({seq, row.id, row.peer, {}, false});
    }
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.seq < b.seq; });
  if (found.size() > kAckStep) {
    found.resize(kAckStep);
    upto = found.back().seq;
  }
  for (Undelivered& entry : found) {
    entry.told = message_marks(change.db, entry.seq).delivered_at.has_value();
    if (const auto id = message_id(change.db, entry.seq)) entry.id = *id;
    add(entry);
  }
  while (!mailbox.waiting.empty() && mailbox.waiting.front().seq <= upto) {
    mailbox.waiting.pop_front();
    --waiting_;
  }
  return upto;
}

void MailboxWriter::announce_receipts(Change& change, UserId recipient, const std::string& handle,
                                      const Receipts& receipts, EntryKind kind) {
  const bool read = kind == EntryKind::kRead;
  for (const auto& [place, receipt] : receipts) {
    for (std::size_t first = 0; first < receipt.seqs.size(); first += limits::kIdsPerList) {
      const std::size_t end = std::min(first + limits::kIdsPerList, receipt.seqs.size());
      const auto from = receipt.seqs.begin() + static_cast<std::ptrdiff_t>(first);
      const auto to = receipt.seqs.begin() + static_cast<std::ptrdiff_t>(end);
      LogEntry entry{place, change.transaction.next_seq(), kind, recipient, {from, to}, change.now};
      if (kind == EntryKind::kDelivered) entry.seqs = {*from, *(to - 1)};
      insert_entry(change.db, entry);
      std::vector<std::string> ids;
      for (std::size_t i = first; i < end; ++i) ids.push_back(uuid_text(receipt.ids[i]));
      if (const NodeId node = node_of(change.db, receipt.sender); node != 0) {
        queue_receipts(change, node, handle, ids, read);
      } else if (receipt.sender != recipient) {
        change.news.push_back(
            {receipt.sender, std::make_shared<MailboxItem>(
                                 entry.seq, ItemType::kReceipt,
                                 render_receipt(ids, handle, read ? "read" : "delivered", change.now))});
      }
      if (read) {
        const auto peer = find_user(change.db, receipt.sender);
        const std::string peer_handle = peer ? context_.handle_of(peer->username) : std::string();
        change.news.push_back({recipient, std::make_shared<MailboxItem>(
                                              entry.seq, ItemType::kRead,
                                              render_receipt(ids, peer_handle, std::nullopt, change.now))});
      }
    }
  }
}

std::int64_t MailboxWriter::ack(Change& change, const Principal& caller, std::int64_t seq) {
  MailboxMemory& mailbox = memory(change, caller.user);
  seq = std::min(seq, change.transaction.last_seq);
  if (seq <= mailbox.acked) return mailbox.acked;
  Receipts receipts;
  const std::int64_t reached = collect(change, caller.user, mailbox, seq, receipts);
  announce_receipts(change, caller.user, caller.handle, receipts, EntryKind::kDelivered);
  put_acked(change.db, caller.user, reached, change.now);
  return mailbox.acked = reached;
}

void MailboxWriter::mark_told(MailboxMemory& mailbox, std::int64_t seq) {
  const auto known =
      std::lower_bound(mailbox.waiting.begin(), mailbox.waiting.end(), seq,
                       [](const Undelivered& entry, std::int64_t at) { return entry.seq < at; });
  if (known != mailbox.waiting.end() && known->seq == seq) known->told = true;
}

int MailboxWriter::read(Change& change, const Principal& caller, const std::vector<std::string>& ids,
                        bool strict) {
  Receipts receipts;
  int unread = 0;
  MailboxMemory& mailbox = memory(change, caller.user);
  const std::int64_t acked = mailbox.acked;
  for (const std::string& text : ids) {
    const auto id = parse_uuid(text);
    const auto key = id ? find_message(change.db, *id) : std::nullopt;
    if (strict && (!key || (key->recipient != caller.user && key->sender != caller.user))) {
      throw Refused(404, "There is no such message.");
    }
    if (strict && key->recipient != caller.user)
      throw Refused(403, "Only its recipient can mark a message as read.");
    if (!key || key->recipient != caller.user) continue;
    MessageMarks marks = message_marks(change.db, key->seq);
    if (marks.read_at) continue;
    marks.read_at = change.now;
    if (!marks.delivered_at && key->seq > acked) marks.delivered_at = change.now;
    put_marks(change.db, key->seq, marks, change.now);
    mark_told(mailbox, key->seq);
    ++unread;
    const std::int64_t place = conversation(change, key->sender, caller.user);
    Receipt& receipt = receipts[place];
    receipt.sender = key->sender;
    receipt.seqs.push_back(key->seq);
    receipt.ids.push_back(*id);
  }
  announce_receipts(change, caller.user, caller.handle, receipts, EntryKind::kRead);
  return unread;
}

void MailboxWriter::delivered(Change& change, const Principal& caller,
                              const std::vector<std::int64_t>& seqs) {
  Receipts receipts;
  MailboxMemory& mailbox = memory(change, caller.user);
  for (const std::int64_t seq : seqs) {
    if (seq <= mailbox.acked) continue;
    const auto found = read_message(change.db, seq, false);
    if (!found || found->first.recipient != caller.user || found->first.sender == caller.user) continue;
    MessageMarks marks = message_marks(change.db, seq);
    if (marks.delivered_at) continue;
    marks.delivered_at = change.now;
    put_marks(change.db, seq, marks, change.now);
    const std::int64_t place = conversation(change, found->first.sender, caller.user);
    Receipt& receipt = receipts[place];
    receipt.sender = found->first.sender;
    receipt.seqs.push_back(seq);
    receipt.ids.push_back(parse_uuid(found->second.id).value_or(Uuid{}));
    mark_told(mailbox, seq);
  }
  announce_receipts(change, caller.user, caller.handle, receipts, EntryKind::kDeliveredOnes);
}

}  // namespace mychat::server
