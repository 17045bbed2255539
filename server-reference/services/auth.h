// Accounts' passwords, sessions and tokens.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/auth.h"
#include "services/records.h"
#include "services/result.h"

namespace mychat::server {

class ServiceContext;

class Auth {
 public:
  explicit Auth(ServiceContext& context);
  ~Auth();

  // 400 name taken (also that of a deleted account: a name is never given away again), 403 closed, full or
  // the invite is not valid, 422 a field, 429 with Retry-After, 503.
  void register_user(wire::RegisterRequest request, std::string remote_address,
                     Callback<wire::AuthResponse> done);
  // 401 (also for a disabled account), 429 with Retry-After, 503. An unknown name costs the same as a known
  // one.
  void login(wire::LoginRequest request, std::string remote_address, Callback<wire::AuthResponse> done);

  // Who the token belongs to; Refused 401 when it is not valid, expired or its session ended. Answered from
  // memory in the common case, else by a point read: may be called on a network thread. Any thread.
  Caller authenticate(std::string_view token);

  // The same, but it is no use of the session: last_used stays.
  void check(std::string_view token);

  void logout(const Caller& caller, Callback<Done> done);     // Of a v1 token: it is refused from now on.
  std::vector<wire::Session> sessions(const Caller& caller);  // Blocks: worker.
  void revoke_session(const Caller& caller, std::string session_uuid, Callback<Done> done);  // 404
  void revoke_other_sessions(const Caller& caller, Callback<int> done);  // How many ended.
  // 401 when the current one is wrong; 422; all other sessions end. Counts as a login attempt of the account.
  void change_password(const Caller& caller, Secret current, Secret replacement, Callback<Done> done);
  // 401 when the password is wrong. Ends the sessions, tells contacts and peers, then erases in small steps.
  void delete_account(const Caller& caller, Secret password, Callback<Done> done);

  // For tests: password hash computations (Argon2id and bcrypt) started so far.
  std::uint64_t hash_computations() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  friend class Services;
  friend class Admin;
};

}  // namespace mychat::server
