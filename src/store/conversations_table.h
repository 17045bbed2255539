// Conversations, one a peer. Inserting a message creates and updates its conversation (see messages_table.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/types.h"

namespace mychat {

class Database;
class Sealer;

class ConversationsTable {
 public:
  ConversationsTable(Database& database, Sealer& sealer) : db_(database), sealer_(sealer) {}

  std::optional<Conversation> get(std::string_view handle) const;
  std::vector<Conversation> list() const;               // The newest message first.
  void set_muted(std::string_view handle, bool muted);  // Creates the conversation when needed.
  // Marks incoming messages up to this local id (INT64_MAX: all) as read at `at`, and returns the ids of
  // those that were not read before, oldest first, so that receipts can be queued in the same transaction.
  std::vector<std::string> mark_read(std::string_view handle, std::int64_t up_to_local_id, std::int64_t at);
  bool remove(std::string_view handle);  // With all its messages; false when there was none.

 private:
  Database& db_;
  Sealer& sealer_;
};

}  // namespace mychat
