// Internal to services/.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "services/auth.h"
#include "services/context.h"
#include "services/passwords.h"
#include "services/rate_limiter.h"
#include "services/session_cache.h"

namespace mychat::server {

// Why sessions end: each of a user, or all but one.
enum class EndScope { kAll, kAllButOne };

struct Auth::Impl {
  explicit Impl(ServiceContext& chosen);

  // Runs on a hashing thread; a full queue is a 503.
  template <class T>
  void on_hasher(const Callback<T>& done, std::function<void()> work) {
    const bool posted = context.hashers.post([done, work = std::move(work)] {
      try {
        work();
      } catch (const std::exception& error) {
        if (done) done(to_failure(error));
      }
    });
    if (!posted && done) done(busy());
  }

  wire::AuthResponse open_session(Change& change, const UserRow& user,
                                  const std::optional<std::string>& device);
  UserRow check_registration(const wire::RegisterRequest& request) const;
  UserRow insert_checked(Change& change, UserRow user, const std::optional<std::string>& invite,
                         bool operator_asks);
  void end_sessions(Change& change, UserId user, EndScope scope, SessionId kept, int* count = nullptr);
  void end_session(Change& change, UserId user, SessionId session);
  void set_password(Change& change, const UserRow& user, const std::string& hash, SessionId kept);
  void delete_account(Change& change, const UserRow& user);
  void erase(UserId user);                       // The next step of it, and those after it.
  bool erase_step(Change& change, UserId user);  // False when nothing is left.
  void resume_erasures();
  // Of the account that is changing something: 401 when it is not, else the hash that it was checked with.
  std::string require_password(const Principal& caller, const Secret& password);
  void take_password_check(const Principal& caller);
  UserRow require_unchanged(Change& change, const Principal& caller, const std::string& hash);
  Caller load(std::string_view token, const Sha256Digest& digest, bool use);
  void write_used();
  void write_used(std::vector<std::pair<Caller, std::int64_t>> used);
  void look_for_ended_sessions();  // After another process changed the database.

  ServiceContext& context;
  Passwords passwords;
  SessionCache cache;
  RateLimiter login_by_address;
  RateLimiter login_by_account;
  RateLimiter login_by_both;
  RateLimiter password_checks;
  RateLimiter register_by_address;
  std::int64_t used_written_ms = 0;
};

}  // namespace mychat::server
