#include "store/journal_table.h"

#include <algorithm>

#include "base/error.h"
#include "store/check.h"
#include "store/record.h"

namespace mychat {
namespace {

JournalEvent read_event(const Query& row, Sealer& sealer) {
  JournalEvent event;
  event.seq = row.integer(0);
  event.created_at = row.integer(1);
  const Secret record = sealer.open(SealedColumn::kEventRecord, event.seq, row.blob(2));
  RecordReader fields(view(record));
  event.kind = fields.u32();
  const bool matches = fields.i64() == event.created_at;
  event.payload = to_secret(fields.bytes());
  fields.end();
  if (!matches)
    throw_store_corrupt("The store is damaged: the time of event " + std::to_string(event.seq) + ".");
  return event;
}

}  // namespace

std::int64_t JournalTable::append(std::uint32_t kind, ByteView payload, std::int64_t created_at) {
  WriteScope scope(db_);
  const std::int64_t seq = db_.integer(
      "SELECT max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0),"
      " coalesce((SELECT max(seq) FROM events), 0)) + 1");
  RecordWriter record;
  record.u32(kind).i64(created_at).bytes(payload);
  db_.query("INSERT INTO events (seq, created_at, record) VALUES (?1, ?2, ?3)")
      .bind(1, seq)
      .bind(2, created_at)
      .bind(3, sealer_.seal(SealedColumn::kEventRecord, seq, view(record.done())))
      .run();
  scope.commit();
  return seq;
}

std::vector<JournalEvent> JournalTable::read(std::int64_t after_seq, std::size_t limit) const {
  std::vector<JournalEvent> events;
  Query rows = db_.query("SELECT seq, created_at, record FROM events WHERE seq > ?1 ORDER BY seq LIMIT ?2");
  rows.bind(1, after_seq).bind(2, static_cast<std::int64_t>(std::min<std::size_t>(limit, INT32_MAX)));
  while (rows.step()) events.push_back(read_event(rows, sealer_));
  return events;
}

std::int64_t JournalTable::ack(std::int64_t seq) {
  WriteScope scope(db_);
  db_.query("DELETE FROM events WHERE seq <= ?1").bind(1, seq).run();
  const std::int64_t removed = db_.changed_rows();
  scope.commit();
  return removed;
}

std::int64_t JournalTable::last_seq() const {
  return db_.integer("SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0)");
}

std::int64_t JournalTable::count() const { return db_.integer("SELECT count(*) FROM events"); }

void verify_journal(Database& database, Sealer& sealer, CheckReport& report) {
  Query rows = database.query("SELECT seq, created_at, record FROM events ORDER BY seq");
  while (rows.step()) {
    check_part(report, [&] {
      read_event(rows, sealer);
      ++report.values_verified;
    });
  }
}

}  // namespace mychat
