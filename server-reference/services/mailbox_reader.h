// Pages of mailboxes and conversations, read from the database. Internal to services/.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "services/context.h"
#include "services/mailbox.h"
#include "storage/message_log.h"

namespace mychat::server {

// One use, inside one read transaction: everything it reads is of one moment.
class MailboxReader {
 public:
  MailboxReader(const ServiceContext& context, SqliteConnection& db, const Principal& caller);
  ~MailboxReader();
  MailboxReader(const MailboxReader&) = delete;
  MailboxReader& operator=(const MailboxReader&) = delete;

  MailboxState state(std::int64_t last_seq);
  MailboxPage page(std::int64_t after, int limit);
  // Also hands out which of the messages the caller received just now for the first time.
  wire::ConversationPage conversation(const UserRow& peer, int limit, std::optional<std::string_view> before,
                                      std::vector<std::int64_t>& fresh);

 private:
  struct Stream;
  MailboxItemPtr item(const LogEntry& entry, const ConversationRow& row);
  MailboxItemPtr message_item(const LogEntry& entry, const ConversationRow& row);
  std::vector<std::string> ids_of(const LogEntry& entry, const ConversationRow& row);
  std::string handle_of(UserId user);
  void fill_state(std::vector<wire::MessageOut>& messages, const std::vector<MessageKey>& keys,
                  std::int64_t conversation, const UserRow& peer, std::vector<std::int64_t>& fresh);
  std::int64_t seq_before(std::int64_t conversation, std::string_view before);

  const ServiceContext& context_;
  SqliteConnection& db_;
  const Principal& caller_;
  std::map<UserId, std::string> handles_;
};

// A time with the seq in its sub-millisecond digits: a valid ISO 8601 time for clients that read it as one,
// and exact where several messages share a millisecond.
std::string make_cursor(std::int64_t created_at, std::int64_t seq);

}  // namespace mychat::server
