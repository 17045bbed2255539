#include "store/sync_table.h"

#include <string>

#include "store/check.h"
#include "store/keyed_rows.h"
#include "store/record.h"

namespace mychat {
namespace {

constexpr KeyedSql kSql = MYCHAT_KEYED_SQL(SealedColumn::kSyncRecord, LookupKind::kSync, "sync");
constexpr std::string_view kMailbox = "#mailbox";

std::string poll_name(std::string_view handle) { return std::string("@").append(handle); }

}  // namespace

std::optional<SyncCursor> SyncTable::cursor() const {
  const auto row = KeyedRows(db_, sealer_, kSql).find(kMailbox);
  if (!row) return std::nullopt;
  RecordReader fields(view(row->record));
  fields.text();
  SyncCursor cursor;
  cursor.mailbox_id = fields.text();
  cursor.cursor = fields.i64();
  fields.end();
  return cursor;
}

void SyncTable::set_cursor(const SyncCursor& cursor) {
  RecordWriter record;
  record.text(kMailbox).text(cursor.mailbox_id).i64(cursor.cursor);
  KeyedRows(db_, sealer_, kSql).put(kMailbox, record.done());
}

void SyncTable::clear_cursor() { KeyedRows(db_, sealer_, kSql).remove(kMailbox); }

std::optional<PollState> SyncTable::poll_state(std::string_view handle) const {
  const auto row = KeyedRows(db_, sealer_, kSql).find(poll_name(handle));
  if (!row) return std::nullopt;
  RecordReader fields(view(row->record));
  fields.text();
  PollState state;
  state.newest_created_at = fields.i64();
  state.newest_message_id = fields.text();
  state.polled_at = fields.i64();
  fields.end();
  return state;
}

void SyncTable::set_poll_state(std::string_view handle, const PollState& state) {
  RecordWriter record;
  const std::string name = poll_name(handle);
  record.text(name).i64(state.newest_created_at).text(state.newest_message_id).i64(state.polled_at);
  KeyedRows(db_, sealer_, kSql).put(name, record.done());
}

void verify_sync(Database& database, Sealer& sealer, CheckReport& report) {
  KeyedRows(database, sealer, kSql).verify(report, [](const Secret& record) {
    return RecordReader(view(record)).text();
  });
}

}  // namespace mychat
