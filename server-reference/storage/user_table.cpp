#include "storage/user_table.h"

#include <algorithm>

#include "storage/sqlite.h"

namespace mychat::server {
namespace {

#define MYCHAT_USER_COLUMNS                                                                          \
  "SELECT id, uuid, username, password_hash, email, public_key, public_key_fingerprint, "            \
  "signing_key, signing_key_certificate, avatar_url, status_message, admin, disabled, tokens_from, " \
  "last_seen, key_updated_at, deleted_at, created_at, node FROM users "

std::optional<UserRow> read_user(Query query) {
  if (!query.step()) return std::nullopt;
  UserRow user;
  user.id = query.integer(0);
  user.uuid = uuid_text(query.blob(1));
  user.username = query.string(2);
  user.password_hash = query.string(3);
  user.email = query.optional_string(4);
  user.public_key = query.string(5);
  user.public_key_fingerprint = query.string(6);
  user.signing_key = query.optional_string(7);
  user.signing_key_certificate = query.optional_string(8);
  user.avatar_url = query.optional_string(9);
  user.status_message = query.optional_string(10);
  user.admin = query.integer(11) != 0;
  user.disabled = query.integer(12) != 0;
  user.tokens_from = query.integer(13);
  user.last_seen = query.optional_integer(14);
  user.key_updated_at = query.integer(15);
  user.deleted_at = query.optional_integer(16);
  user.created_at = query.integer(17);
  user.node = query.integer(18);
  return user;
}

SessionRow read_session(const Query& query) {
  return {query.integer(0), uuid_text(query.blob(1)), query.integer(2), query.optional_string(3),
          query.integer(4), query.integer(5),         query.integer(6), query.integer(7)};
}

std::vector<std::int64_t> read_ids(Query query) {
  std::vector<std::int64_t> ids;
  while (query.step()) ids.push_back(query.integer(0));
  return ids;
}

Uuid uuid_or_nil(std::string_view text) { return parse_uuid(text).value_or(Uuid{}); }

}  // namespace

std::optional<UserRow> find_user(SqliteConnection& db, std::string_view username) {
  return read_user(db.query(MYCHAT_USER_COLUMNS "WHERE username = ?", username));
}

std::optional<UserRow> find_user(SqliteConnection& db, std::int64_t id) {
  return read_user(db.query(MYCHAT_USER_COLUMNS "WHERE id = ?", id));
}

std::optional<UserRow> find_user_by_uuid(SqliteConnection& db, std::string_view uuid) {
  const auto bytes = parse_uuid(uuid);
  if (!bytes) return std::nullopt;
  return read_user(db.query(MYCHAT_USER_COLUMNS "WHERE uuid = ?", ByteView(*bytes)));
}

std::int64_t insert_user(SqliteConnection& db, const UserRow& user, std::int64_t now) {
  const Uuid uuid = uuid_or_nil(user.uuid);
  db.run(
      "INSERT INTO users (uuid, username, password_hash, email, public_key, public_key_fingerprint, "
      "signing_key, signing_key_certificate, key_updated_at, created_at) VALUES (?,?,?,?,?,?,?,?,?,?)",
      ByteView(uuid), user.username, user.password_hash, user.email, user.public_key,
      user.public_key_fingerprint, user.signing_key, user.signing_key_certificate, now, now);
  return db.last_insert_id();
}

std::int64_t count_users(SqliteConnection& db) {
  auto query = db.query("SELECT users FROM node");
  return query.step() ? query.integer(0) : 0;
}

std::int64_t insert_session(SqliteConnection& db, const SessionRow& session) {
  const Uuid uuid = uuid_or_nil(session.uuid);
  db.run(
      "INSERT INTO sessions (uuid, user, device_name, authenticated_at, last_used_at, expires_at, "
      "created_at) "
      "VALUES (?,?,?,?,?,?,?)",
      ByteView(uuid), session.user, session.device_name, session.authenticated_at, session.last_used_at,
      session.expires_at, session.created_at);
  return db.last_insert_id();
}

std::optional<SessionRow> find_session(SqliteConnection& db, std::string_view uuid) {
  const auto bytes = parse_uuid(uuid);
  if (!bytes) return std::nullopt;
  auto query = db.query(
      "SELECT id, uuid, user, device_name, authenticated_at, last_used_at, expires_at, created_at "
      "FROM sessions WHERE uuid = ?",
      ByteView(*bytes));
  if (!query.step()) return std::nullopt;
  return read_session(query);
}

std::vector<SessionRow> sessions_of(SqliteConnection& db, std::int64_t user) {
  auto query = db.query(
      "SELECT id, uuid, user, device_name, authenticated_at, last_used_at, expires_at, created_at "
      "FROM sessions WHERE user = ? ORDER BY id DESC",
      user);
  std::vector<SessionRow> sessions;
  while (query.step()) sessions.push_back(read_session(query));
  return sessions;
}

std::vector<ContactRow> contacts_of(SqliteConnection& db, std::int64_t owner) {
  auto query = db.query(
      "SELECT c.id, c.uuid, c.contact, u.username, c.nickname, u.public_key_fingerprint, u.avatar_url, "
      "c.created_at, u.node FROM contacts c JOIN users u ON u.id = c.contact WHERE c.owner = ? ORDER BY c.id",
      owner);
  std::vector<ContactRow> contacts;
  while (query.step()) {
    contacts.push_back({query.integer(0), uuid_text(query.blob(1)), query.integer(2), query.string(3),
                        query.optional_string(4), query.string(5), query.optional_string(6), query.integer(7),
                        query.integer(8)});
  }
  return contacts;
}

bool holds_contact(SqliteConnection& db, std::int64_t owner, std::int64_t contact) {
  return db.query("SELECT 1 FROM contacts WHERE owner = ? AND contact = ?", owner, contact).step();
}

std::vector<std::int64_t> contact_holders(SqliteConnection& db, std::int64_t user) {
  return read_ids(db.query("SELECT owner FROM contacts WHERE contact = ?", user));
}

std::vector<std::int64_t> holders_and_peers_elsewhere(SqliteConnection& db, std::int64_t user) {
  return read_ids(
      db.query("SELECT owner FROM contacts WHERE contact = ?1 "
               "UNION SELECT c.user_high FROM conversations c JOIN users u ON u.id = c.user_high "
               "WHERE c.user_low = ?1 AND u.node IS NOT NULL "
               "UNION SELECT c.user_low FROM conversations c JOIN users u ON u.id = c.user_low "
               "WHERE c.user_high = ?1 AND u.node IS NOT NULL",
               user));
}

std::vector<std::int64_t> nodes_of_peers(SqliteConnection& db, std::int64_t user) {
  return read_ids(db.query(
      "SELECT u.node FROM conversations c JOIN users u ON u.id = c.user_high WHERE c.user_low = ?1 "
      "AND u.node IS NOT NULL AND u.deleted_at IS NULL "
      "UNION SELECT u.node FROM conversations c JOIN users u ON u.id = c.user_low WHERE c.user_high = "
      "?1 AND u.node IS NOT NULL AND u.deleted_at IS NULL "
      "UNION SELECT u.node FROM contacts c JOIN users u ON u.id = c.contact WHERE c.owner = ?1 AND "
      "u.node IS NOT NULL AND u.deleted_at IS NULL",
      user));
}

std::vector<std::int64_t> holders_and_peers(SqliteConnection& db, std::int64_t user) {
  return read_ids(
      db.query("SELECT owner FROM contacts WHERE contact = ?1 AND owner != ?1 "
               "UNION SELECT user_high FROM conversations WHERE user_low = ?1 AND user_high != ?1 "
               "UNION SELECT user_low FROM conversations WHERE user_high = ?1 AND user_low != ?1",
               user));
}

}  // namespace mychat::server
