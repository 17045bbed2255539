#include "protocol/auth.h"

#include "protocol/answer.h"
#include "protocol/fields.h"
#include "protocol/handle.h"
#include "protocol/key_fields.h"
#include "protocol/limits.h"

namespace mychat::wire {

RegisterRequest RegisterRequest::from_json(JsonView json) {
  Fields fields(json);
  RegisterRequest request;
  request.username = fields.username("username");
  request.password = fields.secret("password", limits::kPasswordMinBytes, limits::kPasswordMaxBytes);
  request.email = fields.optional_email("email");
  request.public_key = fields.public_key("public_key");
  request.public_key_fingerprint = fields.fingerprint("public_key_fingerprint");
  request.invite = fields.optional_line("invite", limits::kInviteMax);
  read_signing_key(fields, request.signing_key, request.signing_key_certificate);
  request.device_name = fields.optional_line("device_name", limits::kDeviceNameMax);
  fields.finish();
  return request;
}

void RegisterRequest::to_json(SecretJsonWriter& out) const {
  out.begin_object();
  out.member("username", username);
  out.member("password", password);
  out.optional_member("email", email);
  out.member("public_key", public_key);
  out.member("public_key_fingerprint", public_key_fingerprint);
  out.optional_member("invite", invite);
  out.optional_member("signing_key", signing_key);
  out.optional_member("signing_key_certificate", signing_key_certificate);
  out.optional_member("device_name", device_name);
  out.end_object();
}

LoginRequest LoginRequest::from_json(JsonView json) {
  Fields fields(json);
  LoginRequest request;
  request.username = lower_ascii(fields.line("username", 1, limits::kHandleMax));
  request.password = fields.secret("password", 1, limits::kPasswordMaxBytes);
  request.device_name = fields.optional_line("device_name", limits::kDeviceNameMax);
  fields.finish();
  return request;
}

void LoginRequest::to_json(SecretJsonWriter& out) const {
  out.begin_object();
  out.member("username", username);
  out.member("password", password);
  out.optional_member("device_name", device_name);
  out.end_object();
}

AuthResponse AuthResponse::from_json(JsonView json) {
  AuthResponse answer;
  answer.access_token = to_secret(json.string("access_token"));
  if (answer.access_token.empty() || answer.access_token.size() > limits::kTokenMax)
    json.at("access_token").fail("is not a token");
  answer.user_id = id_of(json, "user_id");
  answer.full_handle = text_of(json, "full_handle");
  answer.public_key_fingerprint = optional_text_of(json, "public_key_fingerprint").value_or("");
  return answer;
}

void AuthResponse::to_json(JsonWriter& out) const {
  out.begin_object();
  out.member("access_token", access_token);
  out.member("token_type", "bearer");
  out.member("user_id", user_id);
  out.member("full_handle", full_handle);
  out.member("public_key_fingerprint", public_key_fingerprint);
  out.end_object();
}

Session Session::from_json(JsonView json) {
  Session session;
  session.id = id_of(json, "id");
  session.device_name = optional_text_of(json, "device_name");
  session.created_at = time_of(json, "created_at");
  session.last_used = optional_time_of(json, "last_used");
  session.current = json.optional_bool("current").value_or(false);
  return session;
}

void Session::to_json(JsonWriter& out) const {
  out.begin_object();
  out.member("id", id);
  out.member("device_name", device_name);
  out.time_member("created_at", created_at);
  out.time_member("last_used", last_used);
  out.member("current", current);
  out.end_object();
}

std::vector<Session> sessions_from_json(JsonView json) { return list_of<Session>(json); }

PasswordChange PasswordChange::from_json(JsonView json) {
  Fields fields(json);
  PasswordChange request;
  request.current_password = fields.secret("current_password", 1, limits::kPasswordMaxBytes);
  request.new_password = fields.secret("new_password", limits::kPasswordMinBytes, limits::kPasswordMaxBytes);
  fields.finish();
  return request;
}

void PasswordChange::to_json(SecretJsonWriter& out) const {
  out.begin_object();
  out.member("current_password", current_password);
  out.member("new_password", new_password);
  out.end_object();
}

DeleteAccount DeleteAccount::from_json(JsonView json) {
  Fields fields(json);
  DeleteAccount request;
  request.password = fields.secret("password", 1, limits::kPasswordMaxBytes);
  fields.finish();
  return request;
}

void DeleteAccount::to_json(SecretJsonWriter& out) const {
  out.begin_object();
  out.member("password", password);
  out.end_object();
}

MessageAnswer MessageAnswer::from_json(JsonView json) {
  if (!json.is_object()) json.fail("is not an object");
  return {optional_text_of(json, "message").value_or("")};
}

void MessageAnswer::to_json(JsonWriter& out) const {
  out.begin_object();
  out.member("message", message);
  out.end_object();
}

RevokedAnswer RevokedAnswer::from_json(JsonView json) { return {json.integer("revoked")}; }

void RevokedAnswer::to_json(JsonWriter& out) const {
  out.begin_object();
  out.member("revoked", revoked);
  out.end_object();
}

}  // namespace mychat::wire
