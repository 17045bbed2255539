// How far the node's mailbox and the conversations of a v1 node were read.
#pragma once

#include <optional>
#include <string_view>

#include "store/types.h"

namespace mychat {

class Database;
class Sealer;

class SyncTable {
 public:
  SyncTable(Database& database, Sealer& sealer) : db_(database), sealer_(sealer) {}

  std::optional<SyncCursor> cursor() const;
  void set_cursor(const SyncCursor& cursor);
  void clear_cursor();

  std::optional<PollState> poll_state(std::string_view handle) const;
  void set_poll_state(std::string_view handle, const PollState& state);

 private:
  Database& db_;
  Sealer& sealer_;
};

}  // namespace mychat
