#include "services/admin.h"

#include <algorithm>

#include "base/encoding.h"
#include "crypto/random.h"
#include "protocol/handle.h"
#include "protocol/limits.h"
#include "services/auth_impl.h"
#include "services/write_and_wait.h"

namespace mychat::server {
namespace {

UserRow existing(SqliteConnection& db, std::string_view username) {
  auto user = find_user(db, lower_ascii(username));
  if (!user || user->deleted_at || user->node != 0) throw Refused(404, "There is no such user.");
  return std::move(*user);
}

UserView view_of(const ServiceContext& context, const UserRow& user) {
  return {user.id,
          user.uuid,
          user.username,
          context.handle_of(user.username),
          user.public_key_fingerprint,
          user.email,
          user.created_at,
          user.last_seen,
          user.disabled,
          user.admin};
}

}  // namespace

Admin::Admin(ServiceContext& context, Auth& auth) : context_(context), auth_(auth) {}

UserPage Admin::list_users(int page, int limit, std::string_view search) {
  limit = std::clamp(limit, 1, 100);
  const std::int64_t offset = static_cast<std::int64_t>(std::max(page, 1) - 1) * limit;
  const std::string wanted = lower_ascii(search);
  auto db = context_.storage.read();
  UserPage result;
  {
    auto count = db->query(
        "SELECT count(*) FROM users WHERE deleted_at IS NULL AND node IS NULL AND instr(username, ?) > 0",
        wanted);
    if (count.step()) result.total = count.integer(0);
  }
  std::vector<UserId> ids;
  {
    auto rows = db->query(
        "SELECT id FROM users WHERE deleted_at IS NULL AND node IS NULL AND instr(username, ?) > 0 ORDER BY "
        "username LIMIT ? "
        "OFFSET ?",
        wanted, limit, offset);
    while (rows.step()) ids.push_back(rows.integer(0));
  }
  for (const UserId id : ids) {
    if (const auto user = find_user(*db, id)) result.users.push_back(view_of(context_, *user));
  }
  return result;
}

UserView Admin::add_user(wire::RegisterRequest request) {
  Auth::Impl* auth = auth_.impl_.get();
  UserRow user = auth->check_registration(request);
  user.password_hash = auth->passwords.hash(request.password);
  return write_and_wait<UserView>(context_, [this, auth, user](Change& change) {
    const UserRow added = auth->insert_checked(change, user, std::nullopt, true);
    return view_of(context_, *find_user(change.db, added.id));
  });
}

void Admin::set_disabled(std::string_view username, bool disabled) {
  write_and_wait<Done>(context_, [this, name = std::string(username), disabled](Change& change) {
    const UserRow user = existing(change.db, name);
    change.db.run("UPDATE users SET disabled = ?, updated_at = ? WHERE id = ?", disabled, change.now,
                  user.id);
    if (disabled) auth_.impl_->end_sessions(change, user.id, EndScope::kAll, 0);
    context_.user_changed(user.username);
    return Done{};
  });
}

void Admin::set_admin(std::string_view username, bool admin) {
  write_and_wait<Done>(context_, [this, name = std::string(username), admin](Change& change) {
    const UserRow user = existing(change.db, name);
    change.db.run("UPDATE users SET admin = ?, updated_at = ? WHERE id = ?", admin, change.now, user.id);
    change.afterwards.emplace_back([auth = auth_.impl_.get(), id = user.id] {
      auth->cache.remove_if([id](const Principal& one) { return one.user == id; });
    });
    return Done{};
  });
}

void Admin::reset_password(std::string_view username, Secret replacement) {
  if (replacement.size() < limits::kPasswordMinBytes || replacement.size() > limits::kPasswordMaxBytes) {
    throw Refused(422, "A password has 8 to 1024 bytes.");
  }
  Auth::Impl* auth = auth_.impl_.get();
  const std::string hash = auth->passwords.hash(replacement);
  write_and_wait<Done>(context_, [auth, hash, name = std::string(username)](Change& change) {
    auth->set_password(change, existing(change.db, name), hash, 0);
    return Done{};
  });
}

void Admin::delete_user(std::string_view username) {
  Auth::Impl* auth = auth_.impl_.get();
  const UserId user = write_and_wait<UserId>(context_, [auth, name = std::string(username)](Change& change) {
    const UserRow row = existing(change.db, name);
    auth->delete_account(change, row);
    return row.id;
  });
  while (write_and_wait<bool>(context_,
                              [auth, user](Change& change) { return auth->erase_step(change, user); })) {
  }
}

std::string Admin::create_invite(int uses, std::int64_t life_ms) {
  if (uses < 1 || life_ms < 1) throw Refused(422, "An invite needs at least one use and some time to live.");
  std::string token = base64url_encode(view(random_secret(24)));
  write_and_wait<Done>(context_, [uses, life_ms, token](Change& change) {
    const Uuid uuid = parse_uuid(uuid_v4()).value_or(Uuid{});
    const Sha256Digest hash = sha256(view(token));
    change.db.run(
        "INSERT INTO invites (uuid, token_hash, uses_left, expires_at, created_at) VALUES (?,?,?,?,?)",
        ByteView(uuid), ByteView(hash), uses, change.now + life_ms, change.now);
    return Done{};
  });
  return token;
}

std::vector<InviteView> Admin::invites() {
  auto db = context_.storage.read();
  auto rows = db->query("SELECT uuid, uses_left, expires_at, created_at FROM invites ORDER BY id");
  std::vector<InviteView> list;
  while (rows.step())
    list.push_back({uuid_text(rows.blob(0)), rows.integer(1), rows.integer(2), rows.integer(3)});
  return list;
}

void Admin::revoke_invite(std::string_view id) {
  write_and_wait<Done>(context_, [uuid = std::string(id)](Change& change) {
    const auto bytes = parse_uuid(uuid);
    if (!bytes || change.db.run("DELETE FROM invites WHERE uuid = ?", ByteView(*bytes)) == 0) {
      throw Refused(404, "There is no such invite.");
    }
    return Done{};
  });
}

}  // namespace mychat::server
