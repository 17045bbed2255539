// Wire types of accounts and sessions. The conventions of every wire type:
// - from_json of a request (sent to a node) is strict and throws ValidationError with all invalid fields;
// - from_json of an answer (sent by a node) takes what v1 nodes send: unknown members, absent or null
// optional ones,
//   any ISO 8601 form; it throws MYCHAT_E_MALFORMED only for what cannot be done without;
// - to_json writes what a v1 peer understands: absent members of requests are left out, of answers null;
// - from_json(to_json(x)) == x. Times are Unix milliseconds, except texts that are signed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "protocol/json.h"
#include "protocol/json_writer.h"

namespace mychat::wire {

// POST /api/auth/register
struct RegisterRequest {
  std::string username;
  Secret password;
  std::optional<std::string> email;
  std::string public_key;  // PEM, or the public JWK as a string.
  std::string public_key_fingerprint;
  std::optional<std::string> invite;
  std::optional<std::string> signing_key;  // base64, 32 bytes
  std::optional<std::string> signing_key_certificate;
  std::optional<std::string> device_name;

  static RegisterRequest from_json(JsonView json);
  void to_json(SecretJsonWriter& out) const;
  bool operator==(const RegisterRequest&) const = default;
};

// POST /api/auth/login. Any text is taken as a name or password: a wrong one is a 401, not a 422.
struct LoginRequest {
  std::string username;  // Lower-cased.
  Secret password;
  std::optional<std::string> device_name;

  static LoginRequest from_json(JsonView json);
  void to_json(SecretJsonWriter& out) const;
  bool operator==(const LoginRequest&) const = default;
};

// Answer to both.
struct AuthResponse {
  Secret access_token;
  std::string user_id;
  std::string full_handle;
  std::string public_key_fingerprint;

  static AuthResponse from_json(JsonView json);
  void to_json(JsonWriter& out) const;
  bool operator==(const AuthResponse&) const = default;
};

// One of GET /api/auth/sessions
struct Session {
  std::string id;
  std::optional<std::string> device_name;
  std::int64_t created_at = 0;
  std::optional<std::int64_t> last_used;
  bool current = false;

  static Session from_json(JsonView json);
  void to_json(JsonWriter& out) const;
  bool operator==(const Session&) const = default;
};

// PUT /api/auth/password
struct PasswordChange {
  Secret current_password;
  Secret new_password;

  static PasswordChange from_json(JsonView json);
  void to_json(SecretJsonWriter& out) const;
  bool operator==(const PasswordChange&) const = default;
};

// DELETE /api/users/me
struct DeleteAccount {
  Secret password;

  static DeleteAccount from_json(JsonView json);
  void to_json(SecretJsonWriter& out) const;
  bool operator==(const DeleteAccount&) const = default;
};

// Answers that only say what was done.
struct MessageAnswer {  // {"message": "..."}
  std::string message;

  static MessageAnswer from_json(JsonView json);
  void to_json(JsonWriter& out) const;
  bool operator==(const MessageAnswer&) const = default;
};
struct RevokedAnswer {  // {"revoked": N}, of DELETE /api/auth/sessions
  std::int64_t revoked = 0;

  static RevokedAnswer from_json(JsonView json);
  void to_json(JsonWriter& out) const;
  bool operator==(const RevokedAnswer&) const = default;
};

// GET /api/auth/sessions
std::vector<Session> sessions_from_json(JsonView json);

}  // namespace mychat::wire
