#include "services/mailbox_reader.h"

#include <algorithm>
#include <cstdio>
#include <deque>
#include <queue>

#include "protocol/limits.h"
#include "services/mailbox_writer.h"

namespace mychat::server {
namespace {

constexpr int kFetch = 32;                           // Entries of one conversation read at a time.
constexpr std::size_t kPageBytes = 4 * 1024 * 1024;  // A page ends early beyond this.
constexpr int kReceiptScan = 4096;                   // Entries looked at for the times of delivery of a page.

}  // namespace

MailboxReader::MailboxReader(const ServiceContext& context, SqliteConnection& db, const Principal& caller)
    : context_(context), db_(db), caller_(caller) {
  db_.run("BEGIN");
}

MailboxReader::~MailboxReader() {
  try {
    db_.run("COMMIT");
  } catch (const std::exception&) {  // It only read.
  }
}

MailboxState MailboxReader::state(std::int64_t last_seq) {
  const MailboxRow row = find_mailbox(db_, caller_.user);
  return {context_.storage.mailbox_id(), row.trimmed > 0 ? row.trimmed + 1 : 0, last_seq, row.acked};
}

std::string MailboxReader::handle_of(UserId user) {
  std::string& handle = handles_[user];
  if (handle.empty()) {
    const auto row = find_user(db_, user);
    if (row) handle = context_.handle_of(row->username);
  }
  return handle;
}

// The entries of one conversation, or (without one) the events of the user itself.
struct MailboxReader::Stream {
  ConversationRow row;
  std::deque<LogEntry> entries;
  std::deque<MailboxItemPtr> events;
  bool is_events = false;
  bool at_end = false;

  std::int64_t head() const { return is_events ? events.front()->seq() : entries.front().seq; }
  bool empty() const { return entries.empty() && events.empty(); }

  void fetch(SqliteConnection& db, UserId user, std::int64_t after, int count) {
    if (at_end) return;
    std::size_t got = 0;
    if (is_events) {
      auto query = db.query(
          "SELECT seq, type, data FROM mailbox_events WHERE user = ? AND seq > ? ORDER BY seq LIMIT ?", user,
          after, count);
      for (; query.step(); ++got) {
        events.push_back(std::make_shared<MailboxItem>(
            query.integer(0), static_cast<ItemType>(query.integer(1)), query.string(2)));
      }
    } else {
      for (LogEntry& entry : entries_after(db, row.id, after, count)) {
        entries.push_back(std::move(entry));
        ++got;
      }
    }
    at_end = got < static_cast<std::size_t>(count);
  }
};

MailboxPage MailboxReader::page(std::int64_t after, int limit) {
  MailboxPage page;
  page.mailbox_id = context_.storage.mailbox_id();
  const MailboxRow mailbox = find_mailbox(db_, caller_.user);
  page.oldest = mailbox.trimmed > 0 ? mailbox.trimmed + 1 : 0;
  page.next = after;
  after = std::max(after, mailbox.trimmed);

  std::vector<Stream> streams;
  for (const ConversationRow& row : conversations_of(db_, caller_.user))
    streams.push_back({row, {}, {}, false, false});
  streams.push_back({{}, {}, {}, true, false});
  using Head = std::pair<std::int64_t, std::size_t>;
  std::priority_queue<Head, std::vector<Head>, std::greater<>> heads;
  for (std::size_t i = 0; i < streams.size(); ++i) {
    streams[i].fetch(db_, caller_.user, after, 2);  // Most have nothing new.
    if (!streams[i].empty()) heads.emplace(streams[i].head(), i);
  }
  std::size_t bytes = 0;
  while (!heads.empty()) {
    const auto [seq, index] = heads.top();
    heads.pop();
    Stream& stream = streams[index];
    MailboxItemPtr next;
    if (stream.is_events) {
      next = std::move(stream.events.front());
      stream.events.pop_front();
    } else {
      next = item(stream.entries.front(), stream.row);
      stream.entries.pop_front();
    }
    if (next) {
      if (page.items.size() >= static_cast<std::size_t>(limit) || bytes > kPageBytes) {
        page.has_more = true;
        break;
      }
      bytes += next->data().size();
      page.next = seq;
      page.items.push_back(std::move(next));
    }
    if (stream.empty()) stream.fetch(db_, caller_.user, seq, kFetch);
    if (!stream.empty()) heads.emplace(stream.head(), index);
  }
  return page;
}

MailboxItemPtr MailboxReader::item(const LogEntry& entry, const ConversationRow& row) {
  const bool own = entry.actor == caller_.user;
  if (entry.kind == EntryKind::kMessage) return message_item(entry, row);
  if (own && entry.kind != EntryKind::kRead) return nullptr;
  auto ids = ids_of(entry, row);
  if (ids.empty()) return nullptr;
  const std::string peer = handle_of(row.peer);
  if (own) {
    return std::make_shared<MailboxItem>(entry.seq, ItemType::kRead,
                                         render_receipt(ids, peer, std::nullopt, entry.created_at));
  }
  if (entry.kind == EntryKind::kFailed) {
    return std::make_shared<MailboxItem>(entry.seq, ItemType::kReceipt,
                                         render_receipt(ids, peer, "failed", entry.created_at,
                                                        message_marks(db_, entry.seqs.front()).failure));
  }
  const char* status = entry.kind == EntryKind::kRead ? "read" : "delivered";
  return std::make_shared<MailboxItem>(entry.seq, ItemType::kReceipt,
                                       render_receipt(ids, peer, status, entry.created_at));
}

MailboxItemPtr MailboxReader::message_item(const LogEntry& entry, const ConversationRow& row) {
  const bool sent = entry.actor == caller_.user && row.peer != caller_.user;
  auto found = read_message(db_, entry.seq, sent);
  if (!found) return nullptr;
  found->second.sender_handle = handle_of(found->first.sender);
  found->second.recipient_handle = handle_of(found->first.recipient);
  return std::make_shared<MailboxItem>(entry.seq, sent ? ItemType::kSent : ItemType::kMessage,
                                       to_json_text(found->second));
}

std::vector<std::string> MailboxReader::ids_of(const LogEntry& entry, const ConversationRow& row) {
  std::vector<std::int64_t> seqs = entry.seqs;
  if (entry.kind == EntryKind::kDelivered && seqs.size() == 2) {
    // Between them there may be any number of which the sender had heard before: those have marks.
    seqs.clear();
    constexpr int kStep = static_cast<int>(limits::kIdsPerList);
    for (std::int64_t from = entry.seqs[0]; seqs.size() < limits::kIdsPerList;) {
      const auto step = messages_between(db_, row.id, caller_.user, from, entry.seqs[1], kStep);
      for (const std::int64_t seq : step)
        if (!message_marks(db_, seq).delivered_at) seqs.push_back(seq);
      if (step.size() < static_cast<std::size_t>(kStep)) break;
      from = step.back() + 1;
    }
  }
  std::vector<std::string> ids;
  for (const std::int64_t seq : seqs) {
    if (const auto id = message_id(db_, seq)) ids.push_back(uuid_text(*id));
  }
  return ids;
}

std::string make_cursor(std::int64_t created_at, std::int64_t seq) {
  std::string text = format_time(created_at);
  if (text.ends_with('Z')) text.pop_back();
  char digits[8];
  std::snprintf(digits, sizeof digits, "%06d", static_cast<int>(seq % 1'000'000));
  return text + digits + 'Z';
}

namespace {

// The sub-millisecond digits of a cursor made by make_cursor().
std::optional<std::int64_t> cursor_remainder(std::string_view before) {
  const auto dot = before.find('.');
  if (dot == std::string_view::npos || before.size() != dot + 11 || before.back() != 'Z') return std::nullopt;
  std::int64_t remainder = 0;
  for (const char digit : before.substr(dot + 4, 6)) {
    if (digit < '0' || digit > '9') return std::nullopt;
    remainder = remainder * 10 + (digit - '0');
  }
  return remainder;
}

}  // namespace

// Messages of the page are below the returned seq.
std::int64_t MailboxReader::seq_before(std::int64_t conversation, std::string_view before) {
  const auto time = parse_time(before);
  if (!time) throw Refused(422, "The cursor `before` is not a time.");
  const std::int64_t start = first_seq_at(db_, *time);
  if (const auto remainder = cursor_remainder(before)) {
    const std::int64_t end = first_seq_at(db_, *time + 1);
    for (const std::int64_t seq : messages_before(db_, conversation, end, 1000)) {
      if (seq < start) break;
      if (seq % 1'000'000 == *remainder) return seq;
    }
  }
  return start;
}

wire::ConversationPage MailboxReader::conversation(const UserRow& peer, int limit,
                                                   std::optional<std::string_view> before,
                                                   std::vector<std::int64_t>& fresh) {
  wire::ConversationPage page;
  const auto place = find_conversation(db_, caller_.user, peer.id);
  if (!place) {
    if (before && !parse_time(*before)) throw Refused(422, "The cursor `before` is not a time.");
    return page;
  }
  const std::int64_t bound = before ? seq_before(*place, *before) : INT64_MAX;
  std::vector<std::int64_t> seqs = messages_before(db_, *place, bound, limit + 1);
  page.has_more = seqs.size() > static_cast<std::size_t>(limit);
  if (page.has_more) seqs.resize(static_cast<std::size_t>(limit));
  std::vector<MessageKey> keys;
  std::size_t bytes = 0;
  for (const std::int64_t seq : seqs) {
    auto found = read_message(db_, seq, true);
    if (!found) continue;
    if (found->first.sender != caller_.user) found->second.sender_encrypted_key.reset();
    if (bytes > kPageBytes) {
      page.has_more = true;
      break;
    }
    bytes += found->second.encrypted_content.size();
    found->second.sender_handle = handle_of(found->first.sender);
    found->second.recipient_handle = handle_of(found->first.recipient);
    keys.push_back(found->first);
    page.messages.push_back(std::move(found->second));
  }
  if (page.has_more && !keys.empty())
    page.next_cursor = make_cursor(page.messages.back().created_at, keys.back().seq);
  fill_state(page.messages, keys, *place, peer, fresh);
  return page;
}

void MailboxReader::fill_state(std::vector<wire::MessageOut>& messages, const std::vector<MessageKey>& keys,
                               std::int64_t conversation, const UserRow& peer,
                               std::vector<std::int64_t>& fresh) {
  if (keys.empty()) return;
  const std::int64_t own_acked = find_mailbox(db_, caller_.user).acked;
  const std::int64_t peer_acked = find_mailbox(db_, peer.id).acked;
  bool times_wanted = false;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    wire::MessageOut& message = messages[i];
    const bool received = keys[i].recipient == caller_.user;
    const bool acked = keys[i].seq <= (received ? own_acked : peer_acked);
    const MessageMarks marks = message_marks(db_, keys[i].seq);
    message.delivered_at = marks.delivered_at;
    message.read_at = marks.read_at;
    if (marks.read_at) {
      message.status = wire::DeliveryStatus::kRead;
    } else if (marks.delivered_at || acked) {
      message.status = wire::DeliveryStatus::kDelivered;
    } else if (marks.failed_at) {
      message.status = wire::DeliveryStatus::kFailed;
    } else if (received) {
      fresh.push_back(keys[i].seq);
    }
    times_wanted = times_wanted || (acked && !marks.delivered_at);
  }
  if (!times_wanted) return;
  // Messages acknowledged together share one entry with the time, behind the last of them.
  for (const LogEntry& entry : entries_after(db_, conversation, keys.back().seq, kReceiptScan)) {
    if (entry.kind != EntryKind::kDelivered || entry.seqs.size() != 2) continue;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const bool covered =
          keys[i].seq >= entry.seqs[0] && keys[i].seq <= entry.seqs[1] && keys[i].recipient == entry.actor;
      if (covered && !messages[i].delivered_at) messages[i].delivered_at = entry.created_at;
    }
  }
}

}  // namespace mychat::server
