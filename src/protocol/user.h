// Wire types of profiles, keys and contacts. Conventions: see auth.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/json.h"
#include "protocol/json_writer.h"

namespace mychat::wire {

// GET /api/auth/me, GET and PUT /api/users/me
struct UserMe {
  std::string id;
  std::string username;
  std::string domain;
  std::string full_handle;
  std::string public_key;
  std::string public_key_fingerprint;
  std::optional<std::string> avatar_url;
  std::optional<std::string> status_message;
  bool is_local = true;
  std::int64_t created_at = 0;
  std::optional<std::int64_t> last_seen;

  static UserMe from_json(JsonView json);
  void to_json(JsonWriter& out) const;
  bool operator==(const UserMe&) const = default;
};

// GET /api/users/{handle}
struct UserPublic {
  std::string full_handle;
  std::string public_key;
  std::string public_key_fingerprint;
  std::optional<std::string> avatar_url;
  std::optional<std::string> status_message;
  std::optional<std::int64_t> last_seen;
  std::optional<std::string> signing_key;
  std::optional<std::string> signing_key_certificate;
  std::optional<std::int64_t> updated_at;

  static UserPublic from_json(JsonView json);
  void to_json(JsonWriter& out) const;
  bool operator==(const UserPublic&) const = default;
};

// GET /api/keys/{handle}, PUT /api/keys/me
struct KeyResponse {
  std::string full_handle;
  std::string public_key;
  std::string public_key_fingerprint;
  bool verified = false;  // The node's word, not ours.
  std::optional<std::string> signing_key;
  std::optional<std::string> signing_key_certificate;
  std::optional<std::int64_t> updated_at;

  static KeyResponse from_json(JsonView json);
  void to_json(JsonWriter& out) const;
  bool operator==(const KeyResponse&) const = default;
};

// A statement by the old and the new identity key (docs/protocol.md, section 7).
struct Rotation {
  std::string old_fingerprint;
  std::string new_fingerprint;
  std::string created_at;  // As signed.
  std::string signature_old;
  std::string signature_new;

  static Rotation from_json(JsonView json);          // An answer's: lenient.
  static Rotation from_request_json(JsonView json);  // A request's: strict.
  void to_json(JsonWriter& out) const;
  bool operator==(const Rotation&) const = default;
};

// PUT /api/keys/me
struct KeyUpdate {
  std::string public_key;
  std::string public_key_fingerprint;
  std::optional<std::string> signing_key;
  std::optional<std::string> signing_key_certificate;
  std::optional<Rotation> rotation;

  static KeyUpdate from_json(JsonView json);
  void to_json(JsonWriter& out) const;
  bool operator==(const KeyUpdate&) const = default;
};

// PUT /api/users/me. An absent or null member stays as it is; empty text removes it.
struct ProfileUpdate {
  std::optional<std::string> avatar_url;
  std::optional<std::string> status_message;

  static ProfileUpdate from_json(JsonView json);
  void to_json(JsonWriter& out) const;
  bool operator==(const ProfileUpdate&) const = default;
};

// One of GET /api/contacts, answer of POST /api/contacts
struct Contact {
  std::string id;
  std::string contact_handle;
  std::optional<std::string> nickname;
  std::string public_key_fingerprint;  // Empty when the node does not know it.
  std::optional<std::string> avatar_url;
  std::optional<std::int64_t> last_message_at;
  std::int64_t added_at = 0;

  static Contact from_json(JsonView json);
  void to_json(JsonWriter& out) const;
  bool operator==(const Contact&) const = default;
};

// POST /api/contacts. The handle is canonical when it is one; anything else stays as sent, for the 400 of v1.
struct ContactRequest {
  std::string contact_handle;
  std::optional<std::string> nickname;

  static ContactRequest from_json(JsonView json);
  void to_json(JsonWriter& out) const;
  bool operator==(const ContactRequest&) const = default;
};

// GET /api/contacts
std::vector<Contact> contacts_from_json(JsonView json);

}  // namespace mychat::wire
