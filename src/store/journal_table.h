// The durable journal of events for the application.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "store/types.h"

namespace mychat {

class Database;
class Sealer;

class JournalTable {
 public:
  JournalTable(Database& database, Sealer& sealer) : db_(database), sealer_(sealer) {}

  // Returns the event's seq: 1, 2, 3 …, never used twice, also after everything was acknowledged.
  std::int64_t append(std::uint32_t kind, ByteView payload, std::int64_t created_at);
  std::vector<JournalEvent> read(std::int64_t after_seq, std::size_t limit) const;
  std::int64_t ack(std::int64_t seq);  // Deletes all events up to and including seq; how many.
  std::int64_t last_seq() const;       // The last seq ever given; 0 when none was.
  std::int64_t count() const;

 private:
  Database& db_;
  Sealer& sealer_;
};

}  // namespace mychat
