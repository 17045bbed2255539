// What other nodes send and say, and what this one tells them of receipts. Writer thread.
#include <algorithm>
#include <type_traits>

#include "crypto/random.h"
#include "protocol/fields.h"
#include "protocol/handle.h"
#include "protocol/json_writer.h"
#include "services/mailbox_impl.h"
#include "services/remote_keys.h"

namespace mychat::server {
namespace {

federation::ItemFailure failed(std::string code, std::string message) {
  return {0, std::move(code), std::move(message)};
}

// Not a failure: the item is not taken now, nor what follows it.
constexpr std::string_view kLater = "later";

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
  if (sender.id == 0) {
    if (new_senders_.take(std::to_string(peer.id), context_.clock.monotonic_ms()) > 0)
      return failed(std::string(kLater), "");
    sender = remote_user(change, *Handle::parse(item.sender_handle));
  }
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

std::optional<federation::ItemFailure> MailboxWriter::take(Change& change, const FromNode& peer,
                                                           const wire::KeyChangeItem& item) {
  if (auto refusal = refusal_of_speaker(peer, item.handle)) return refusal;
  const auto known = find_user(change.db, item.handle);
  if (!known) return std::nullopt;  // Nobody here knows this user.
  // None may be left out, so what is too much waits, and with it what else this node sends.
  const bool news = known->public_key != item.public_key || known->signing_key != item.signing_key;
  if (news && key_changes_.take(std::to_string(known->id), context_.clock.monotonic_ms()) > 0)
    return failed(std::string(kLater), "");
  take_remote_keys(context_, change, *known, item);
  return std::nullopt;
}

std::optional<federation::ItemFailure> MailboxWriter::take(Change& change, const FromNode& peer,
                                                           const wire::ProfileItem& item) {
  if (auto refusal = refusal_of_speaker(peer, item.handle)) return refusal;
  const auto known = find_user(change.db, item.handle);
  if (!known) return std::nullopt;
  const bool told = profile_changes_.take(std::to_string(known->id), context_.clock.monotonic_ms()) == 0;
  take_remote_profile(context_, change, *known, item, told);
  return std::nullopt;
}

std::optional<federation::ItemFailure> MailboxWriter::take(Change& change, const FromNode& peer,
                                                           const wire::AccountDeletedItem& item) {
  if (auto refusal = refusal_of_speaker(peer, item.handle)) return refusal;
  if (const auto known = find_user(change.db, item.handle)) take_remote_deletion(context_, change, *known);
  return std::nullopt;
}

std::optional<federation::ItemFailure> MailboxWriter::take_any(Change& change, const FromNode& peer,
                                                               federation::Item& item) {
  return std::visit(
      [&](auto& one) -> std::optional<federation::ItemFailure> {
        using Kind = std::decay_t<decltype(one)>;
        if constexpr (std::is_same_v<Kind, federation::NothingItem>) {
          return std::nullopt;
        } else if constexpr (std::is_same_v<Kind, federation::RefusedItem>) {
          return one.failure;
        } else {
          return take(change, peer, one);
        }
      },
      item);
}

std::optional<federation::ItemFailure> MailboxWriter::receive_v1(Change& change, const FromNode& peer,
                                                                 federation::Item& item) {
  const auto known = find_peer(change.db, peer.id);
  if (!known || !known->key.empty() || known->protocol > 1)
    throw Refused(403, "This node has proven its key before: it must sign what it sends.");
  auto failure = take_any(change, peer, item);
  if (failure && failure->code == kLater)
    throw Refused(429, "Too many new senders of this node within an hour.", 600);
  put_peer_heard(change.db, peer.id, change.now);
  return failure;
}

federation::TransactionAnswer MailboxWriter::receive(Change& change, const FromNode& peer,
                                                     federation::Transaction& transaction) {
  const auto known = find_peer(change.db, peer.id);
  if (!known) throw Refused(403, "This node is not known.");
  // A stream with another name is another numbering; it begins at 1.
  const std::int64_t have = known->in_stream == transaction.stream ? known->in_seq : 0;
  federation::TransactionAnswer answer{transaction.stream, have, {}};
  if (transaction.first > have + 1) return answer;
  std::int64_t seq = transaction.first - 1;
  for (federation::Item& item : transaction.items) {
    if (++seq <= have) continue;
    auto failure = take_any(change, peer, item);
    if (failure && failure->code == kLater) {
      --seq;
      break;
    }
    if (failure) {
      failure->seq = seq;
      answer.failures.push_back(std::move(*failure));
    }
  }
  answer.acked = std::max(have, seq);
  put_peer_received(change.db, peer.id, transaction.stream, answer.acked, peer.signed_at, change.now);
  return answer;
}

SentOutcome MailboxWriter::sent(Change& change, NodeId node, std::int64_t last,
                                const federation::TransactionAnswer& answer, std::int64_t latency_ms) {
  const auto peer = find_peer(change.db, node);
  if (!peer) return {};
  put_peer_seen(change.db, node, latency_ms, change.now);
  if (answer.stream != peer->out_stream) return {false, peer->queued};  // About a stream that is over.
  const auto head = queue_head(change.db, node, 1);
  const std::int64_t first = head.empty() ? peer->out_seq + 1 : head.front().seq;
  // It lacks what we removed, or has what we never sent: one of both was restored from a backup. Nothing may
  // be taken off the queue that was not sent.
  if (answer.acked < first - 1 || answer.acked > last) {
    restart_stream(change.db, node, uuid_v4(), change.now);
    return {true, peer->queued};
  }
  const auto rows = queue_head(change.db, node, static_cast<int>(federation::kTransactionItemsMax));
  for (const federation::ItemFailure& failure : answer.failures) {
    const auto row =
        std::find_if(rows.begin(), rows.end(), [&](const OutRow& one) { return one.seq == failure.seq; });
    if (row == rows.end() || failure.seq > answer.acked) continue;
    context_.log.write(LogLevel::kWarning, "federation",
                       peer->domain + " did not take an item (" + failure.code + "): " + failure.message);
    if (row->kind == OutKind::kMessage) undeliverable(change, row->message, failure.message);
  }
  dequeue(change.db, node, answer.acked, change.now);
  const auto after = find_peer(change.db, node);
  return {false, after ? after->queued : 0};
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

void MailboxWriter::send_again(Change& change, std::int64_t seq) {
  MessageMarks marks = message_marks(change.db, seq);
  const auto found = read_message(change.db, seq, false);
  if (!marks.failed_at || !found) return;
  const NodeId node = node_of(change.db, found->first.recipient);
  const auto bytes = static_cast<std::int64_t>(found->second.encrypted_content.size()) + kQueuedMessageBytes;
  if (node == 0 || !context_.queue(change, node, OutKind::kMessage, seq, {}, bytes)) return;
  marks.failed_at.reset();
  marks.failure.reset();
  put_marks(change.db, seq, marks, change.now);
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

void Mailbox::receive(FromNode peer, federation::Transaction transaction,
                      Callback<federation::TransactionAnswer> done) {
  Impl* impl = impl_.get();
  auto shared = std::make_shared<federation::Transaction>(std::move(transaction));
  impl->context.write<federation::TransactionAnswer>(
      [impl, peer = std::move(peer), shared](Change& change) {
        return impl->guarded([&] { return impl->writer.receive(change, peer, *shared); });
      },
      std::move(done));
}

void Mailbox::receive_v1(FromNode peer, federation::Item item,
                         Callback<std::optional<federation::ItemFailure>> done) {
  using Answer = std::optional<federation::ItemFailure>;
  Impl* impl = impl_.get();
  auto shared = std::make_shared<federation::Item>(std::move(item));
  impl->context.write<Answer>(
      [impl, peer = std::move(peer), shared](Change& change) {
        return impl->guarded([&] { return impl->writer.receive_v1(change, peer, *shared); });
      },
      std::move(done));
}

void Mailbox::sent(NodeId node, std::int64_t last, federation::TransactionAnswer answer,
                   std::int64_t latency_ms, Callback<SentOutcome> done) {
  Impl* impl = impl_.get();
  impl->context.write<SentOutcome>(
      [impl, node, last, answer = std::move(answer), latency_ms](Change& change) {
        return impl->guarded([&] { return impl->writer.sent(change, node, last, answer, latency_ms); });
      },
      std::move(done));
}

void Mailbox::expire(NodeId node, std::int64_t time, std::string reason, Callback<int> done) {
  constexpr int kAtOnce = 1024;
  Impl* impl = impl_.get();
  impl->context.write<int>(
      [impl, node, time, reason = std::move(reason)](Change& change) {
        return impl->guarded([&] {
          const auto rows = give_up_before(change.db, node, time, kAtOnce, change.now);
          for (const OutRow& row : rows) {
            if (row.kind == OutKind::kMessage) impl->writer.undeliverable(change, row.message, reason);
          }
          return static_cast<int>(rows.size());
        });
      },
      std::move(done));
}

}  // namespace mychat::server
