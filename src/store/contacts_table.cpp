#include "store/contacts_table.h"

#include <algorithm>

#include "base/error.h"
#include "store/check.h"
#include "store/keyed_rows.h"
#include "store/record.h"

namespace mychat {
namespace {

constexpr KeyedSql kSql = MYCHAT_KEYED_SQL(SealedColumn::kContactRecord, LookupKind::kContact, "contacts");

RecordWriter encode(const Contact& contact) {
  RecordWriter out;
  out.text(contact.handle).text(contact.server_id).text(contact.nickname);
  out.text(contact.public_key).text(contact.fingerprint);
  out.bytes(view(contact.signing_public_key)).bytes(view(contact.signing_certificate));
  out.u8(static_cast<std::uint8_t>(contact.verification)).flag(contact.pending.has_value());
  if (contact.pending) {
    const PendingKey& key = *contact.pending;
    out.text(key.public_key).text(key.fingerprint);
    out.bytes(view(key.signing_public_key)).bytes(view(key.signing_certificate)).i64(key.seen_at);
  }
  out.text(contact.avatar_url).i64(contact.added_at).flag(contact.blocked);
  return out;
}

Contact decode(const Secret& record) {
  RecordReader fields(view(record));
  Contact contact;
  contact.handle = fields.text();
  contact.server_id = fields.text();
  contact.nickname = fields.text();
  contact.public_key = fields.text();
  contact.fingerprint = fields.text();
  contact.signing_public_key = to_bytes(fields.bytes());
  contact.signing_certificate = to_bytes(fields.bytes());
  contact.verification =
      fields.enumeration<ContactVerification>(static_cast<std::uint8_t>(ContactVerification::kChanged));
  if (fields.flag()) {
    PendingKey& key = contact.pending.emplace();
    key.public_key = fields.text();
    key.fingerprint = fields.text();
    key.signing_public_key = to_bytes(fields.bytes());
    key.signing_certificate = to_bytes(fields.bytes());
    key.seen_at = fields.i64();
  }
  contact.avatar_url = fields.text();
  contact.added_at = fields.i64();
  contact.blocked = fields.flag();
  fields.end();
  return contact;
}

}  // namespace

void ContactsTable::upsert(const Contact& contact) {
  if (contact.handle.empty()) throw_argument("A contact needs a handle.");
  KeyedRows(db_, sealer_, kSql).put(contact.handle, encode(contact).done());
}

std::optional<Contact> ContactsTable::get(std::string_view handle) const {
  const auto row = KeyedRows(db_, sealer_, kSql).find(handle);
  if (!row) return std::nullopt;
  return decode(row->record);
}

std::vector<Contact> ContactsTable::list() const {
  std::vector<Contact> contacts;
  KeyedRows(db_, sealer_, kSql).for_each([&](const KeyedRow& row) {
    contacts.push_back(decode(row.record));
  });
  std::sort(contacts.begin(), contacts.end(),
            [](const Contact& a, const Contact& b) { return a.handle < b.handle; });
  return contacts;
}

bool ContactsTable::remove(std::string_view handle) { return KeyedRows(db_, sealer_, kSql).remove(handle); }

void verify_contacts(Database& database, Sealer& sealer, CheckReport& report) {
  KeyedRows(database, sealer, kSql).verify(report, [](const Secret& record) {
    return decode(record).handle;
  });
}

}  // namespace mychat
