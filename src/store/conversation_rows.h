// Rows of conversations, shared by the tables that touch them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "store/database.h"
#include "store/sealer.h"
#include "store/types.h"

namespace mychat {

struct ConversationRow {
  std::int64_t id = 0;
  Conversation conversation;
};

std::optional<ConversationRow> find_conversation(Database& database, Sealer& sealer, std::string_view handle);
ConversationRow find_or_add_conversation(Database& database, Sealer& sealer, std::string_view handle);
void update_conversation(Database& database, Sealer& sealer, const ConversationRow& row);
// Looks the newest message up again, after one was removed or moved.
void refresh_newest(Database& database, ConversationRow& row);

}  // namespace mychat
