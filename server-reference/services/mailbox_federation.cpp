// What other nodes send and say, and what this one tells them of receipts. Writer thread.
#include <algorithm>

#include "protocol/fields.h"
#include "protocol/handle.h"
#include "protocol/json_writer.h"
#include "services/mailbox_writer.h"

namespace mychat::server {
namespace {

federation::ItemFailure failed(std::string code, std::string message) {
  return {0, std::move(code), std::move(message)};
}

// Who signs speaks for its own users only.
std::optional<federation::ItemFailure> refusal_of_speaker(const FromNode& peer, std::string_view handle) {
  const auto parsed = Handle::parse(handle);
  if (parsed && parsed->domain == peer.domain) return std::nullopt;
  return failed("forbidden", "This is not a user of " + peer.domain + ".");
}

}  // namespace

std::optional<federation::ItemFailure> MailboxWriter::take(Change& change, const FromNode& peer,
                                                           federation::MessageItem& item) {
  if (auto refusal = refusal_of_speaker(peer, item.sender_handle)) return refusal;
  const auto recipient = Handle::parse(item.message.recipient_handle.value_or(""));
  const auto id = parse_uuid(item.message.id.value_or(""));
  if (!recipient || recipient->domain != context_.config.domain || !id) {
    return failed("forbidden", "The recipient is not a user of this node.");
  }
  if (auto refusal = refusal_of_content(item.message, context_.config)) {
    return failed(refusal->status == 413 ? "too_large" : "malformed", refusal->detail);
  }
  Addressing to{0, item.sender_handle, user(change.db, recipient->username), recipient->to_string(), false};
  if (to.recipient.id == 0 || to.recipient.deleted) return failed("user_not_found", "There is no such user.");
  if (const auto known = find_message(change.db, *id)) {
    // Sent again, perhaps in another stream: it is here already.
    const KnownUser sender = user(change.db, item.sender_handle);
    if (sender.id != 0 && known->sender == sender.id && known->recipient == to.recipient.id)
      return std::nullopt;
    return failed("id_in_use", "This id belongs to another message.");
  }
  KnownUser sender = user(change.db, item.sender_handle);
  if (sender.id == 0) sender = remote_user(change, *Handle::parse(item.sender_handle));
  to.sender = sender.id;
  const auto stored = store(change, to, item.message, *id, 0);
  if (!stored.ok()) return failed("id_in_use", stored.failure().detail);
  return std::nullopt;
}

std::optional<federation::ItemFailure> MailboxWriter::take(Change& change, const FromNode& peer,
                                                           const federation::ReceiptItem& item) {
  if (auto refusal = refusal_of_speaker(peer, item.recipient_handle)) return refusal;
  const KnownUser recipient = user(change.db, item.recipient_handle);
  if (recipient.id == 0) return std::nullopt;  // Nobody here has ever written to it.
  Principal speaker;
  speaker.user = recipient.id;
  speaker.handle = item.recipient_handle;
  if (item.status == wire::DeliveryStatus::kRead) {
    read(change, speaker, item.message_ids, false);
    return std::nullopt;
  }
  std::vector<std::int64_t> seqs;
  for (const std::string& text : item.message_ids) {
    const auto id = parse_uuid(text);
    const auto key = id ? find_message(change.db, *id) : std::nullopt;
    if (key && key->recipient == recipient.id) seqs.push_back(key->seq);
  }
  delivered(change, speaker, seqs);
  return std::nullopt;
}

void MailboxWriter::queue_receipts(Change& change, NodeId node, const std::string& handle,
                                   const std::vector<std::string>& ids, bool read) {
  std::string data;
  JsonWriter out(data);
  out.begin_object();
  out.member("recipient_handle", handle);
  out.member("message_ids", ids);
  out.member("status", read ? "read" : "delivered");
  out.time_member("timestamp", change.now);
  out.end_object();
  if (!context_.queue(change, node, OutKind::kReceipt, 0, data, static_cast<std::int64_t>(data.size()))) {
    context_.log.write(LogLevel::kWarning, "federation",
                       "A receipt was left out: the queue of its node is full.");
  }
}

void MailboxWriter::undeliverable(Change& change, std::int64_t seq, const std::string& reason) {
  const auto found = read_message(change.db, seq, false);
  if (!found) return;
  MessageMarks marks = message_marks(change.db, seq);
  if (marks.delivered_at || marks.read_at || marks.failed_at) return;
  marks.failed_at = change.now;
  marks.failure = reason;
  put_marks(change.db, seq, marks, change.now);
  const auto recipient = find_user(change.db, found->first.recipient);
  if (!recipient) return;
  const LogEntry entry{conversation(change, found->first.sender, found->first.recipient),
                       change.transaction.next_seq(),
                       EntryKind::kFailed,
                       found->first.recipient,
                       {seq},
                       change.now};
  insert_entry(change.db, entry);
  change.news.push_back(
      {found->first.sender, std::make_shared<MailboxItem>(
                                entry.seq, ItemType::kReceipt,
                                render_receipt({found->second.id}, context_.handle_of(recipient->username),
                                               "failed", change.now, reason))});
}

}  // namespace mychat::server
