// Rows of messages, shared by the tables and the search.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "store/database.h"
#include "store/sealer.h"
#include "store/types.h"

namespace mychat {

// Every query of messages selects these, in this order.
#define MYCHAT_MESSAGE_COLUMNS "id, key, conversation, created_at, record, body, envelope, signer"

struct MessageRow {
  std::int64_t conversation_row = 0;
  bool has_body = false;
  bool has_envelope = false;
  Message message;
};

// The record alone: everything but body, envelope and signer, compared with the open columns of its row.
MessageRow read_message_record(const Query& row, Sealer& sealer);
// Opens the rest as well.
MessageRow read_message(const Query& row, Sealer& sealer);
void read_message_signer(const Query& row, Sealer& sealer, MessageRow& out);
void read_message_contents(const Query& row, Sealer& sealer, MessageRow& out);

std::optional<MessageRow> find_message(Database& database, Sealer& sealer, std::string_view id);
Secret encode_message_record(const MessageRow& row);
void update_message_record(Database& database, Sealer& sealer, const MessageRow& row);

}  // namespace mychat
