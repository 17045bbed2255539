// What waits to be sent: messages, acknowledgements, receipts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "store/types.h"

namespace mychat {

class Database;
class Sealer;

class OutboxTable {
 public:
  OutboxTable(Database& database, Sealer& sealer) : db_(database), sealer_(sealer) {}

  // Adds at the end of its lane and returns its seq; idempotent by (kind, message id): the seq of the one
  // there.
  std::int64_t enqueue(const OutboxEntry& entry);
  // Due entries in order of seq. An entry is never returned before an earlier one of its lane: with
  // `heads_only` only the first of each lane, otherwise those too whose predecessors in the lane are all due.
  std::vector<OutboxEntry> due(std::int64_t now, std::size_t limit, bool heads_only = true) const;
  // The due entries at the beginning of one lane.
  std::vector<OutboxEntry> due_in_lane(std::string_view lane, std::int64_t now, std::size_t limit) const;
  // When the next head of a lane is due; nothing when the outbox is empty.
  std::optional<std::int64_t> next_due_at() const;
  std::optional<OutboxEntry> get(std::int64_t seq) const;
  std::optional<OutboxEntry> find(OutboxKind kind, std::string_view message_id) const;
  bool remove(std::int64_t seq);  // Sent, or given up.
  // One more attempt failed; the next is due at `next_attempt_at`.
  bool reschedule(std::int64_t seq, std::int64_t next_attempt_at, const MessageFailure& error);
  // Makes every entry due at once (the network came back). Attempts are kept.
  void make_all_due(std::int64_t now);
  std::int64_t count() const;

 private:
  Database& db_;
  Sealer& sealer_;
};

}  // namespace mychat
