// Users, sessions, invites and contacts in the database.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "crypto/hash.h"
#include "storage/uuid.h"

namespace mychat::server {

class SqliteConnection;

struct UserRow {
  std::int64_t id = 0;
  std::string uuid;
  std::string username;
  std::string password_hash;
  std::optional<std::string> email;
  std::string public_key;
  std::string public_key_fingerprint;
  std::optional<std::string> signing_key;
  std::optional<std::string> signing_key_certificate;
  std::optional<std::string> avatar_url;
  std::optional<std::string> status_message;
  bool admin = false;
  bool disabled = false;
  std::int64_t tokens_from = 0;
  std::optional<std::int64_t> last_seen;
  std::int64_t key_updated_at = 0;
  std::optional<std::int64_t> deleted_at;
  std::int64_t created_at = 0;
  std::int64_t node = 0;  // 0: of this one. Else `username` is the whole handle.
};

// Deleted users are found too: look at deleted_at. A handle instead of a name finds a user of another node.
std::optional<UserRow> find_user(SqliteConnection& db, std::string_view username);
std::optional<UserRow> find_user(SqliteConnection& db, std::int64_t id);
std::optional<UserRow> find_user_by_uuid(SqliteConnection& db, std::string_view uuid);
std::int64_t insert_user(SqliteConnection& db, const UserRow& user, std::int64_t now);
std::int64_t count_users(SqliteConnection& db);  // Without the deleted; kept by triggers.

struct SessionRow {
  std::int64_t id = 0;
  std::string uuid;
  std::int64_t user = 0;
  std::optional<std::string> device_name;
  std::int64_t authenticated_at = 0;
  std::int64_t last_used_at = 0;
  std::int64_t expires_at = 0;
  std::int64_t created_at = 0;
};

std::int64_t insert_session(SqliteConnection& db, const SessionRow& session);
std::optional<SessionRow> find_session(SqliteConnection& db, std::string_view uuid);
std::vector<SessionRow> sessions_of(SqliteConnection& db, std::int64_t user);  // Newest first.

struct ContactRow {
  std::int64_t id = 0;
  std::string uuid;
  std::int64_t contact = 0;
  std::string contact_username;
  std::optional<std::string> nickname;
  std::string public_key_fingerprint;
  std::optional<std::string> avatar_url;
  std::int64_t created_at = 0;
  std::int64_t node = 0;  // Of another node's user.
};

std::vector<ContactRow> contacts_of(SqliteConnection& db, std::int64_t owner);
bool holds_contact(SqliteConnection& db, std::int64_t owner, std::int64_t contact);
// Who holds the user as a contact; then also who shares a conversation with it.
std::vector<std::int64_t> contact_holders(SqliteConnection& db, std::int64_t user);
// Who holds the user as a contact, and users of other nodes that share a conversation with it: who holds it
// as a contact there is not known here.
std::vector<std::int64_t> holders_and_peers_elsewhere(SqliteConnection& db, std::int64_t user);
// The nodes of users elsewhere that share a conversation with it or that it holds as contacts.
std::vector<std::int64_t> nodes_of_peers(SqliteConnection& db, std::int64_t user);
std::vector<std::int64_t> holders_and_peers(SqliteConnection& db, std::int64_t user);

}  // namespace mychat::server
