#include "protocol/user.h"

#include "protocol/answer.h"
#include "protocol/fields.h"
#include "protocol/handle.h"
#include "protocol/key_fields.h"
#include "protocol/limits.h"

namespace mychat::wire {

UserMe UserMe::from_json(JsonView json) {
  UserMe user;
  user.id = id_of(json, "id");
  user.username = text_of(json, "username");
  user.full_handle = text_of(json, "full_handle");
  user.domain = optional_text_of(json, "domain").value_or("");
  if (user.domain.empty()) user.domain = user.full_handle.substr(user.full_handle.find('@') + 1);
  user.public_key = optional_text_of(json, "public_key").value_or("");
  user.public_key_fingerprint = optional_text_of(json, "public_key_fingerprint").value_or("");
  user.avatar_url = optional_text_of(json, "avatar_url");
  user.status_message = optional_text_of(json, "status_message");
  user.is_local = json.optional_bool("is_local").value_or(true);
  user.created_at = optional_time_of(json, "created_at").value_or(0);
  user.last_seen = optional_time_of(json, "last_seen");
  return user;
}

void UserMe::to_json(JsonWriter& out) const {
  out.begin_object();
  out.member("id", id);
  out.member("username", username);
  out.member("domain", domain);
  out.member("full_handle", full_handle);
  out.member("public_key", public_key);
  out.member("public_key_fingerprint", public_key_fingerprint);
  out.member("avatar_url", avatar_url);
  out.member("status_message", status_message);
  out.member("is_local", is_local);
  out.time_member("created_at", created_at);
  out.time_member("last_seen", last_seen);
  out.end_object();
}

UserPublic UserPublic::from_json(JsonView json) {
  UserPublic user;
  user.full_handle = text_of(json, "full_handle");
  user.public_key = text_of(json, "public_key");
  user.public_key_fingerprint = optional_text_of(json, "public_key_fingerprint").value_or("");
  user.avatar_url = optional_text_of(json, "avatar_url");
  user.status_message = optional_text_of(json, "status_message");
  user.last_seen = optional_time_of(json, "last_seen");
  user.signing_key = optional_text_of(json, "signing_key");
  user.signing_key_certificate = optional_text_of(json, "signing_key_certificate");
  user.updated_at = optional_time_of(json, "updated_at");
  return user;
}

void UserPublic::to_json(JsonWriter& out) const {
  out.begin_object();
  out.member("full_handle", full_handle);
  out.member("public_key", public_key);
  out.member("public_key_fingerprint", public_key_fingerprint);
  out.member("avatar_url", avatar_url);
  out.member("status_message", status_message);
  out.time_member("last_seen", last_seen);
  out.member("signing_key", signing_key);
  out.member("signing_key_certificate", signing_key_certificate);
  out.time_member("updated_at", updated_at);
  out.end_object();
}

KeyResponse KeyResponse::from_json(JsonView json) {
  KeyResponse key;
  key.full_handle = text_of(json, "full_handle");
  key.public_key = text_of(json, "public_key");
  key.public_key_fingerprint = optional_text_of(json, "public_key_fingerprint").value_or("");
  key.verified = json.optional_bool("verified").value_or(false);
  key.signing_key = optional_text_of(json, "signing_key");
  key.signing_key_certificate = optional_text_of(json, "signing_key_certificate");
  key.updated_at = optional_time_of(json, "updated_at");
  return key;
}

void KeyResponse::to_json(JsonWriter& out) const {
  out.begin_object();
  out.member("full_handle", full_handle);
  out.member("public_key", public_key);
  out.member("public_key_fingerprint", public_key_fingerprint);
  out.member("verified", verified);
  out.member("signing_key", signing_key);
  out.member("signing_key_certificate", signing_key_certificate);
  out.time_member("updated_at", updated_at);
  out.end_object();
}

Rotation Rotation::from_json(JsonView json) {
  return {text_of(json, "old_fingerprint"), text_of(json, "new_fingerprint"), text_of(json, "created_at"),
          text_of(json, "signature_old"), text_of(json, "signature_new")};
}

Rotation Rotation::from_request_json(JsonView json) {
  Fields fields(json);
  Rotation rotation;
  rotation.old_fingerprint = fields.fingerprint("old_fingerprint");
  rotation.new_fingerprint = fields.fingerprint("new_fingerprint");
  rotation.created_at = fields.time_text("created_at");
  rotation.signature_old = fields.base64("signature_old", 1, limits::kRsaSignatureMaxBytes);
  rotation.signature_new = fields.base64("signature_new", 1, limits::kRsaSignatureMaxBytes);
  fields.finish();
  return rotation;
}

void Rotation::to_json(JsonWriter& out) const {
  out.begin_object();
  out.member("old_fingerprint", old_fingerprint);
  out.member("new_fingerprint", new_fingerprint);
  out.member("created_at", created_at);
  out.member("signature_old", signature_old);
  out.member("signature_new", signature_new);
  out.end_object();
}

KeyUpdate KeyUpdate::from_json(JsonView json) {
  Fields fields(json);
  KeyUpdate update;
  update.public_key = fields.public_key("public_key");
  update.public_key_fingerprint = fields.fingerprint("public_key_fingerprint");
  read_signing_key(fields, update.signing_key, update.signing_key_certificate);
  if (const JsonView rotation = fields.optional_object("rotation")) {
    try {
      update.rotation = Rotation::from_request_json(rotation);
    } catch (const ValidationError& error) {
      fields.adopt("rotation", error);
    }
  }
  fields.finish();
  return update;
}

void KeyUpdate::to_json(JsonWriter& out) const {
  out.begin_object();
  out.member("public_key", public_key);
  out.member("public_key_fingerprint", public_key_fingerprint);
  out.optional_member("signing_key", signing_key);
  out.optional_member("signing_key_certificate", signing_key_certificate);
  out.optional_member("rotation", rotation);
  out.end_object();
}

ProfileUpdate ProfileUpdate::from_json(JsonView json) {
  Fields fields(json);
  ProfileUpdate update;
  update.avatar_url = fields.optional_avatar_url("avatar_url");
  update.status_message = fields.optional_text("status_message", limits::kStatusMessageMax);
  fields.finish();
  return update;
}

void ProfileUpdate::to_json(JsonWriter& out) const {
  out.begin_object();
  out.optional_member("avatar_url", avatar_url);
  out.optional_member("status_message", status_message);
  out.end_object();
}

Contact Contact::from_json(JsonView json) {
  Contact contact;
  contact.id = id_of(json, "id");
  contact.contact_handle = text_of(json, "contact_handle");
  contact.nickname = optional_text_of(json, "nickname");
  contact.public_key_fingerprint = optional_text_of(json, "public_key_fingerprint").value_or("");
  contact.avatar_url = optional_text_of(json, "avatar_url");
  contact.last_message_at = optional_time_of(json, "last_message_at");
  contact.added_at = optional_time_of(json, "added_at").value_or(0);
  return contact;
}

void Contact::to_json(JsonWriter& out) const {
  out.begin_object();
  out.member("id", id);
  out.member("contact_handle", contact_handle);
  out.member("nickname", nickname);
  out.member("public_key_fingerprint", public_key_fingerprint);
  out.member("avatar_url", avatar_url);
  out.time_member("last_message_at", last_message_at);
  out.time_member("added_at", added_at);
  out.end_object();
}

std::vector<Contact> contacts_from_json(JsonView json) { return list_of<Contact>(json); }

ContactRequest ContactRequest::from_json(JsonView json) {
  Fields fields(json);
  ContactRequest request;
  request.contact_handle = fields.line("contact_handle", 1, limits::kHandleMax);
  if (auto handle = normalize_handle(request.contact_handle)) request.contact_handle = std::move(*handle);
  request.nickname = fields.optional_line("nickname", limits::kNicknameMax);
  fields.finish();
  return request;
}

void ContactRequest::to_json(JsonWriter& out) const {
  out.begin_object();
  out.member("contact_handle", contact_handle);
  out.optional_member("nickname", nickname);
  out.end_object();
}

}  // namespace mychat::wire
