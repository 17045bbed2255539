#include "store/keyed_rows.h"

#include <string>

#include "store/check.h"

namespace mychat {

std::optional<KeyedRow> KeyedRows::find(std::string_view name) const {
  const LookupKey key = sealer_.lookup(sql_.kind, name);
  Query row = db_.query(sql_.find);
  row.bind(1, key);
  if (!row.step()) return std::nullopt;
  const std::int64_t id = row.integer(0);
  return KeyedRow{id, sealer_.open(sql_.column, id, row.blob(1))};
}

std::int64_t KeyedRows::put(std::string_view name, const Secret& record) {
  const LookupKey key = sealer_.lookup(sql_.kind, name);
  WriteScope scope(db_);
  std::int64_t id = 0;
  {
    Query row = db_.query(sql_.find);
    row.bind(1, key);
    if (row.step()) id = row.integer(0);
  }
  if (id != 0) {
    update(id, record);
  } else {
    id = db_.integer(sql_.next_id);
    db_.query(sql_.insert)
        .bind(1, id)
        .bind(2, key)
        .bind(3, sealer_.seal(sql_.column, id, view(record)))
        .run();
  }
  scope.commit();
  return id;
}

void KeyedRows::update(std::int64_t id, const Secret& record) {
  WriteScope scope(db_);
  db_.query(sql_.update).bind(1, id).bind(2, sealer_.seal(sql_.column, id, view(record))).run();
  scope.commit();
}

bool KeyedRows::remove(std::string_view name) {
  const LookupKey key = sealer_.lookup(sql_.kind, name);
  WriteScope scope(db_);
  db_.query(sql_.remove).bind(1, key).run();
  const bool removed = db_.changed_rows() > 0;
  scope.commit();
  return removed;
}

void KeyedRows::for_each(const std::function<void(const KeyedRow&)>& visit) const {
  Query rows = db_.query(sql_.all);
  while (rows.step()) {
    const std::int64_t id = rows.integer(0);
    visit({id, sealer_.open(sql_.column, id, rows.blob(2))});
  }
}

void KeyedRows::verify(CheckReport& report, const std::function<std::string(const Secret&)>& name_of) const {
  Query rows = db_.query(sql_.all);
  while (rows.step()) {
    check_part(report, [&] {
      const std::int64_t id = rows.integer(0);
      const std::string name = name_of(sealer_.open(sql_.column, id, rows.blob(2)));
      const LookupKey key = sealer_.lookup(sql_.kind, name);
      if (!equal_constant_time(key, rows.blob(1))) {
        throw_store_corrupt("The store is damaged: row " + std::to_string(id) +
                            " has another row's look-up key.");
      }
      ++report.values_verified;
    });
  }
}

}  // namespace mychat
