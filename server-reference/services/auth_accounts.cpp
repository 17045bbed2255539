// Registration, login, change of password and deletion of an account.
#include "base/encoding.h"
#include "crypto/random.h"
#include "keys/certificate.h"
#include "keys/fingerprint.h"
#include "keys/public_key.h"
#include "protocol/handle.h"
#include "protocol/json_writer.h"
#include "protocol/limits.h"
#include "protocol/mailbox.h"
#include "services/auth_impl.h"
#include "services/key_checks.h"
#include "services/tokens.h"
#include "storage/message_log.h"

namespace mychat::server {
namespace {

constexpr int kEraseStep = 500;

[[noreturn]] void refuse_login() { throw Refused(401, "The user name or the password is wrong."); }

void require_password_form(const Secret& password, const char* field) {
  if (password.size() < limits::kPasswordMinBytes || password.size() > limits::kPasswordMaxBytes) {
    throw Refused(invalid(field, "A password has 8 to 1024 bytes."));
  }
}

void take(RateLimiter& limiter, const std::string& key, std::int64_t now, const char* detail) {
  const int wait = limiter.take(key, now);
  if (wait > 0) throw Refused(429, detail, wait);
}

}  // namespace

UserRow Auth::Impl::check_registration(const wire::RegisterRequest& request) const {
  const auto username = parse_username(request.username);
  if (!username) throw Refused(invalid("username", "A user name has 3 to 50 characters of a-z, 0-9 and _."));
  require_password_form(request.password, "password");
  check_keys(context.handle_of(*username), request.public_key, request.public_key_fingerprint,
             request.signing_key, request.signing_key_certificate);
  UserRow user;
  user.uuid = uuid_v4();
  user.username = *username;
  user.email = request.email;
  user.public_key = request.public_key;
  user.public_key_fingerprint = request.public_key_fingerprint;
  user.signing_key = request.signing_key;
  user.signing_key_certificate = request.signing_key_certificate;
  return user;
}

void Auth::register_user(wire::RegisterRequest request, std::string remote_address,
                         Callback<wire::AuthResponse> done) {
  Impl* impl = impl_.get();
  try {
    if (!impl->context.config.registration_open && !request.invite) {
      throw Refused(403, "This node takes no new users without an invite.");
    }
    take(impl->register_by_address, rate_key_of_address(remote_address), impl->context.clock.monotonic_ms(),
         "Too many registrations from this address; try again later.");
  } catch (const Refused& refused) {
    done(refused.failure());
    return;
  }
  auto shared = std::make_shared<wire::RegisterRequest>(std::move(request));
  impl->on_hasher<wire::AuthResponse>(done, [impl, shared, done] {
    UserRow user = impl->check_registration(*shared);
    user.password_hash = impl->passwords.hash(shared->password);
    impl->context.write<wire::AuthResponse>(
        [impl, shared, user](Change& change) {
          const UserRow inserted = impl->insert_checked(change, user, shared->invite, false);
          return impl->open_session(change, inserted, shared->device_name);
        },
        done);
  });
}

// Names are never given away again: that of a deleted account is still taken, so that nobody takes over its
// contacts.
UserRow Auth::Impl::insert_checked(Change& change, UserRow user, const std::optional<std::string>& invite,
                                   bool operator_asks) {
  if (find_user(change.db, user.username)) throw Refused(400, "This user name is taken.");
  if (!operator_asks) {
    if (context.config.max_users > 0 && count_users(change.db) >= context.config.max_users) {
      throw Refused(403, "This node is full.");
    }
    if (!context.config.registration_open) {
      const Sha256Digest hash = sha256(view(std::string_view(invite.value_or(""))));
      const auto used = change.db.run(
          "UPDATE invites SET uses_left = uses_left - 1, updated_at = ?1 "
          "WHERE token_hash = ?2 AND uses_left > 0 AND expires_at > ?1",
          change.now, ByteView(hash));
      if (used != 1) throw Refused(403, "The invite is not valid, used up or expired.");
    }
  }
  user.id = insert_user(change.db, user, change.now);
  context.user_changed(user.username);
  return user;
}

wire::AuthResponse Auth::Impl::open_session(Change& change, const UserRow& user,
                                            const std::optional<std::string>& device) {
  const auto open = sessions_of(change.db, user.id);
  const auto most = static_cast<std::size_t>(context.config.max_sessions_per_user);
  for (std::size_t i = open.size(); i >= most && i > 0; --i) end_session(change, user.id, open[i - 1].id);
  SessionRow session;
  session.uuid = uuid_v4();
  session.user = user.id;
  if (device && !device->empty()) session.device_name = device;
  session.authenticated_at = session.last_used_at = session.created_at = change.now;
  session.expires_at = change.now + context.config.session_timeout_ms;
  insert_session(change.db, session);
  change.db.run("UPDATE users SET last_seen = ? WHERE id = ?", change.now, user.id);
  TokenClaims claims{user.uuid, session.uuid, change.now / 1000, session.expires_at / 1000};
  return {make_token(context.config.secret_key, claims), user.uuid, context.handle_of(user.username),
          user.public_key_fingerprint};
}

void Auth::Impl::take_password_check(const Principal& caller) {
  take(password_checks, caller.username, context.clock.monotonic_ms(),
       "Too many attempts for this account; try again later.");
}

void Auth::login(wire::LoginRequest request, std::string remote_address, Callback<wire::AuthResponse> done) {
  Impl* impl = impl_.get();
  const std::string username = lower_ascii(request.username.substr(0, limits::kUsernameMax + 1));
  try {
    const std::int64_t now = impl->context.clock.monotonic_ms();
    const std::string address = rate_key_of_address(remote_address);
    const char* account = "Too many attempts for this account; try again later.";
    take(impl->login_by_address, address, now, "Too many attempts from this address; try again later.");
    take(impl->login_by_both, username + ' ' + address, now, account);
    take(impl->login_by_account, username, now, account);
  } catch (const Refused& refused) {
    done(refused.failure());
    return;
  }
  auto shared = std::make_shared<wire::LoginRequest>(std::move(request));
  impl->on_hasher<wire::AuthResponse>(done, [impl, shared, username, done] {
    std::optional<UserRow> user;
    {
      auto db = impl->context.storage.read();
      user = find_user(*db, username);
    }
    const std::string hash = user && !user->deleted_at ? user->password_hash : std::string();
    const bool matches = impl->passwords.verify(hash, shared->password);
    if (!matches || user->disabled) refuse_login();
    std::string upgraded;
    if (impl->passwords.needs_upgrade(hash)) upgraded = impl->passwords.hash(shared->password);
    impl->context.write<wire::AuthResponse>(
        [impl, shared, id = user->id, hash, upgraded](Change& change) {
          const auto now = find_user(change.db, id);
          // Deleted, disabled or another password since it was looked at.
          if (!now || now->deleted_at || now->disabled || now->password_hash != hash) refuse_login();
          if (!upgraded.empty()) {
            change.db.run("UPDATE users SET password_hash = ?, updated_at = ? WHERE id = ?", upgraded,
                          change.now, id);
          }
          return impl->open_session(change, *now, shared->device_name);
        },
        done);
  });
}

std::string Auth::Impl::require_password(const Principal& caller, const Secret& password) {
  std::string hash;
  {
    auto db = context.storage.read();
    hash = context.require_user(*db, caller).password_hash;
  }
  if (!passwords.verify(hash, password)) throw Refused(401, "The current password is wrong.");
  return hash;
}

// While the password was checked it may have been reset, and the session ended.
UserRow Auth::Impl::require_unchanged(Change& change, const Principal& caller, const std::string& hash) {
  UserRow user = context.require_user(change.db, caller);
  const bool alive =
      caller.session != 0
          ? find_session(change.db, caller.session_uuid).has_value()
          : !change.db.query("SELECT 1 FROM revoked_tokens WHERE hash = ?", ByteView(caller.token_hash))
                 .step();
  if (!alive || user.password_hash != hash) {
    throw Refused(401, "The password or the session changed meanwhile; log in again.");
  }
  return user;
}

void Auth::Impl::set_password(Change& change, const UserRow& user, const std::string& hash, SessionId kept) {
  change.db.run("UPDATE users SET password_hash = ?, updated_at = ? WHERE id = ?", hash, change.now, user.id);
  end_sessions(change, user.id, kept == 0 ? EndScope::kAll : EndScope::kAllButOne, kept);
}

void Auth::change_password(const Caller& caller, Secret current, Secret replacement, Callback<Done> done) {
  Impl* impl = impl_.get();
  try {
    require_password_form(replacement, "new_password");
    impl->take_password_check(*caller);
  } catch (const Refused& refused) {
    done(refused.failure());
    return;
  }
  impl->on_hasher<Done>(
      done, [impl, caller, current = std::move(current), replacement = std::move(replacement), done] {
        const std::string verified = impl->require_password(*caller, current);
        const std::string hash = impl->passwords.hash(replacement);
        impl->context.write<Done>(
            [impl, caller, hash, verified](Change& change) {
              impl->set_password(change, impl->require_unchanged(change, *caller, verified), hash,
                                 caller->session);
              return Done{};
            },
            done);
      });
}

void Auth::delete_account(const Caller& caller, Secret password, Callback<Done> done) {
  Impl* impl = impl_.get();
  try {
    impl->take_password_check(*caller);
  } catch (const Refused& refused) {
    done(refused.failure());
    return;
  }
  impl->on_hasher<Done>(done, [impl, caller, password = std::move(password), done] {
    const std::string verified = impl->require_password(*caller, password);
    impl->context.write<Done>(
        [impl, caller, verified](Change& change) {
          impl->delete_account(change, impl->require_unchanged(change, *caller, verified));
          return Done{};
        },
        done);
  });
}

// The account is gone with this change; what it leaves behind is erased in steps.
void Auth::Impl::delete_account(Change& change, const UserRow& user) {
  std::string data;
  JsonWriter writer(data);
  wire::data_to_json(wire::AccountDeletedItem{context.handle_of(user.username)}, writer);
  context.tell(change, user.id, holders_and_peers(change.db, user.id), ItemType::kAccountDeleted,
               OutKind::kAccountDeleted, data);
  end_sessions(change, user.id, EndScope::kAll, 0);
  change.db.run("DELETE FROM contacts WHERE owner = ?1 OR contact = ?1", user.id);
  change.db.run(
      "UPDATE users SET password_hash = '', email = NULL, public_key = '', public_key_fingerprint = '', "
      "signing_key = NULL, signing_key_certificate = NULL, avatar_url = NULL, status_message = NULL, "
      "admin = 0, last_seen = NULL, deleted_at = ?1, updated_at = ?1 WHERE id = ?2",
      change.now, user.id);
  context.user_changed(user.username);
  change.afterwards.emplace_back([this, id = user.id] { erase(id); });
}

bool Auth::Impl::erase_step(Change& change, UserId user) {
  const bool more = erase_some(change.db, user, kEraseStep);
  if (!more)
    change.db.run("UPDATE users SET erased_at = ?1, updated_at = ?1 WHERE id = ?2", change.now, user);
  return more;
}

void Auth::Impl::erase(UserId user) {
  context.write<bool>([this, user](Change& change) { return erase_step(change, user); },
                      [this, user](const Result<bool>& more) {
                        // A failure is taken up again within the hour.
                        if (more && more.value()) erase(user);
                      });
}

void Auth::Impl::resume_erasures() {
  std::vector<UserId> unfinished;
  {
    auto db = context.storage.read();
    auto query = db->query("SELECT id FROM users WHERE deleted_at IS NOT NULL AND erased_at IS NULL");
    while (query.step()) unfinished.push_back(query.integer(0));
  }
  for (const UserId user : unfinished) erase(user);
}

}  // namespace mychat::server
