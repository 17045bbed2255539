#include "services/auth.h"

#include <algorithm>

#include "services/auth_impl.h"
#include "services/tokens.h"

namespace mychat::server {
namespace {

constexpr std::int64_t kWriteUsedEveryMs = 60'000;

[[noreturn]] void refuse_token() { throw Refused(401, "The token is not valid or its session has ended."); }

}  // namespace

Auth::Impl::Impl(ServiceContext& chosen)
    : context(chosen),
      passwords(chosen.config.argon2),
      login_by_address(chosen.config.login_per_address),
      login_by_account(chosen.config.login_per_account),
      login_by_both(chosen.config.login_per_account_and_address),
      password_checks(chosen.config.password_checks_per_account),
      register_by_address(chosen.config.register_per_address) {}

Auth::Auth(ServiceContext& context) : impl_(std::make_unique<Impl>(context)) {}
Auth::~Auth() = default;

std::uint64_t Auth::hash_computations() const noexcept { return impl_->passwords.computations(); }

void Auth::check(std::string_view token) {
  const Sha256Digest digest = sha256(view(token));
  if (!impl_->cache.holds(digest, impl_->context.clock.now_ms())) impl_->load(token, digest, false);
}

Caller Auth::authenticate(std::string_view token) {
  const Sha256Digest digest = sha256(view(token));
  if (auto caller = impl_->cache.find(digest, impl_->context.clock.now_ms())) return caller;
  return impl_->load(token, digest, true);
}

Caller Auth::Impl::load(std::string_view token, const Sha256Digest& digest, bool use) {
  const std::int64_t now = context.clock.now_ms();
  const auto claims = read_token(context.config.secret_key, token, now / 1000);
  if (!claims) refuse_token();
  const std::uint64_t epoch = cache.epoch();
  auto db = context.storage.read();
  const auto user = find_user_by_uuid(*db, claims->user_id);
  if (!user || user->deleted_at || user->disabled) refuse_token();
  auto caller = std::make_shared<Principal>();
  if (!claims->session.empty()) {
    const auto session = find_session(*db, claims->session);
    if (!session || session->user != user->id || session->expires_at <= now) refuse_token();
    caller->session = session->id;
    caller->session_uuid = session->uuid;
    caller->authenticated_at = session->authenticated_at;
  } else {
    if (claims->issued_at * 1000 < user->tokens_from) refuse_token();
    if (db->query("SELECT 1 FROM revoked_tokens WHERE hash = ?", ByteView(digest)).step()) refuse_token();
  }
  caller->user = user->id;
  caller->user_uuid = user->uuid;
  caller->username = user->username;
  caller->handle = context.handle_of(user->username);
  caller->expires_at = claims->expires_at * 1000;
  caller->admin = user->admin;
  caller->token_hash = digest;
  cache.put(digest, caller, now, epoch, use);
  return caller;
}

void Auth::logout(const Caller& caller, Callback<Done> done) {
  Impl* impl = impl_.get();
  impl->context.write<Done>(
      [impl, caller](Change& change) {
        if (caller->session != 0) {
          impl->end_session(change, caller->user, caller->session);
          return Done{};
        }
        change.db.run("INSERT OR IGNORE INTO revoked_tokens (hash, expires_at, created_at) VALUES (?, ?, ?)",
                      ByteView(caller->token_hash), caller->expires_at, change.now);
        change.afterwards.emplace_back([impl, caller] {
          impl->cache.remove(caller->token_hash);
          impl->context.bus.publish_session_revoked(caller->user, kNoSession);
        });
        return Done{};
      },
      std::move(done));
}

std::vector<wire::Session> Auth::sessions(const Caller& caller) {
  auto db = impl_->context.storage.read();
  std::vector<wire::Session> list;
  for (const SessionRow& row : sessions_of(*db, caller->user)) {
    if (row.expires_at <= impl_->context.clock.now_ms()) continue;
    list.push_back({row.uuid, row.device_name, row.created_at, row.last_used_at, row.id == caller->session});
  }
  return list;
}

void Auth::revoke_session(const Caller& caller, std::string session_uuid, Callback<Done> done) {
  Impl* impl = impl_.get();
  impl->context.write<Done>(
      [impl, caller, uuid = std::move(session_uuid)](Change& change) {
        const auto session = find_session(change.db, uuid);
        if (!session || session->user != caller->user) throw Refused(404, "There is no such session.");
        impl->end_session(change, caller->user, session->id);
        return Done{};
      },
      std::move(done));
}

void Auth::revoke_other_sessions(const Caller& caller, Callback<int> done) {
  Impl* impl = impl_.get();
  impl->context.write<int>(
      [impl, caller](Change& change) {
        int count = 0;
        impl->end_sessions(change, caller->user, EndScope::kAllButOne, caller->session, &count);
        return count;
      },
      std::move(done));
}

void Auth::Impl::end_session(Change& change, UserId user, SessionId session) {
  change.db.run("DELETE FROM sessions WHERE id = ? AND user = ?", session, user);
  change.afterwards.emplace_back([this, user, session] {
    cache.remove_if([&](const Principal& one) { return one.user == user && one.session == session; });
    context.bus.publish_session_revoked(user, session);
  });
}

// Tokens without a session end with the others: they cannot be told apart.
void Auth::Impl::end_sessions(Change& change, UserId user, EndScope scope, SessionId kept, int* count) {
  std::vector<SessionId> ended;
  for (const SessionRow& row : sessions_of(change.db, user)) {
    if (scope == EndScope::kAllButOne && row.id == kept) continue;
    ended.push_back(row.id);
  }
  if (count != nullptr) *count = static_cast<int>(ended.size());
  for (const SessionId id : ended) change.db.run("DELETE FROM sessions WHERE id = ?", id);
  change.db.run("UPDATE users SET tokens_from = ?, updated_at = ? WHERE id = ?", change.now, change.now,
                user);
  ended.push_back(kNoSession);
  change.afterwards.emplace_back([this, user, scope, kept, ended = std::move(ended)] {
    cache.remove_if([&](const Principal& one) {
      return one.user == user && (scope == EndScope::kAll || one.session != kept || one.session == 0);
    });
    for (const SessionId id : ended) context.bus.publish_session_revoked(user, id);
  });
}

// Not once a request, but once a minute for all.
void Auth::Impl::write_used() {
  const std::int64_t now = context.clock.monotonic_ms();
  if (now - used_written_ms < kWriteUsedEveryMs) return;
  used_written_ms = now;
  const auto used = cache.take_used();
  if (used.empty()) return;
  constexpr std::size_t kStep = 500;  // Others write in between.
  for (std::size_t first = 0; first < used.size(); first += kStep) {
    const auto from = used.begin() + static_cast<std::ptrdiff_t>(first);
    const auto to = used.begin() + static_cast<std::ptrdiff_t>(std::min(first + kStep, used.size()));
    write_used({from, to});
  }
}

void Auth::Impl::write_used(std::vector<std::pair<Caller, std::int64_t>> used) {
  context.write<Done>(
      [used = std::move(used)](Change& change) {
        for (const auto& [caller, at] : used) {
          if (caller->session != 0) {
            change.db.run(
                "UPDATE sessions SET last_used_at = ?1, updated_at = ?1 WHERE id = ?2 AND last_used_at < ?1",
                at, caller->session);
          }
          change.db.run("UPDATE users SET last_seen = ?1 WHERE id = ?2 AND coalesce(last_seen, 0) < ?1", at,
                        caller->user);
        }
        return Done{};
      },
      nullptr);
}

void Auth::Impl::look_for_ended_sessions() {
  const auto known = cache.callers();
  cache.clear();
  if (known.empty()) return;
  const bool posted = context.workers.post([this, known] {
    try {
      auto db = context.storage.read();
      for (const Caller& caller : known) {
        const auto user = find_user(*db, caller->user);
        const bool active = user && !user->deleted_at && !user->disabled;
        if (!active) {
          context.bus.publish_session_revoked(caller->user, 0);
        } else if (caller->session != 0 && !find_session(*db, caller->session_uuid)) {
          context.bus.publish_session_revoked(caller->user, caller->session);
        }
      }
    } catch (const std::exception& error) {
      context.log.write(LogLevel::kWarning, "auth", error.what());
    }
  });
  if (!posted)
    context.log.write(LogLevel::kWarning, "auth", "The node is too busy to look for ended sessions.");
}

}  // namespace mychat::server
