// Registration, log-in, sessions and the password.
#include "front/routes/context.h"
#include "protocol/auth.h"
#include "protocol/handle.h"

namespace mychat::server {

namespace {

constexpr std::size_t kSmallBody = limits::kSmallRequest.max_bytes;

std::string sessions_json(const std::vector<wire::Session>& sessions) {
  std::string out;
  JsonWriter json(out);
  json.value(sessions);
  return out;
}

auto said(std::string message) {
  return [message = std::move(message)](const Done&) { return message_json(message); };
}

}  // namespace

Json parse_secret_body(const ExchangePtr& exchange) {
  struct Wipe {
    std::string& text;
    ~Wipe() { secure_wipe(text.data(), text.size()); }
  } wipe{exchange->body()};
  return parse_body(exchange, limits::kSecretRequest);
}

void add_auth_routes(Router& router, RouteContext& context) {
  router.add({"POST",
              "/api/auth/register",
              Access::kPublic,
              kSmallBody,
              [&context](const ExchangePtr& exchange) {
                context.services.auth().register_user(
                    wire::RegisterRequest::from_json(parse_secret_body(exchange)), exchange->address(),
                    exchange->answer<wire::AuthResponse>(201, to_json_text<wire::AuthResponse>));
              },
              {}});
  router.add({"POST",
              "/api/auth/login",
              Access::kPublic,
              kSmallBody,
              [&context](const ExchangePtr& exchange) {
                context.services.auth().login(
                    wire::LoginRequest::from_json(parse_secret_body(exchange)), exchange->address(),
                    exchange->answer<wire::AuthResponse>(200, to_json_text<wire::AuthResponse>));
              },
              {}});
  router.add({"POST",
              "/api/auth/logout",
              Access::kSession,
              kSmallBody,
              [&context](const ExchangePtr& exchange) {
                context.services.auth().logout(exchange->caller(),
                                               exchange->answer<Done>(200, said("Logged out.")));
              },
              {}});
}

void add_session_routes(Router& router, RouteContext& context) {
  router.add({"GET",
              "/api/auth/sessions",
              Access::kSession,
              0,
              [&context](const ExchangePtr& exchange) {
                exchange->on_worker(context.services.workers(), [&context, exchange] {
                  exchange->respond(200, sessions_json(context.services.auth().sessions(exchange->caller())));
                });
              },
              {}});
  router.add({"DELETE",
              "/api/auth/sessions/{id}",
              Access::kSession,
              kSmallBody,
              [&context](const ExchangePtr& exchange) {
                context.services.auth().revoke_session(
                    exchange->caller(), lower_ascii(exchange->param(0)),
                    exchange->answer<Done>(200, said("The session is ended.")));
              },
              {}});
  router.add({"DELETE",
              "/api/auth/sessions",
              Access::kSession,
              kSmallBody,
              [&context](const ExchangePtr& exchange) {
                context.services.auth().revoke_other_sessions(
                    exchange->caller(), exchange->answer<int>(200, [](int ended) {
                      return to_json_text(wire::RevokedAnswer{ended});
                    }));
              },
              {}});
  router.add(
      {"PUT",
       "/api/auth/password",
       Access::kSession,
       kSmallBody,
       [&context](const ExchangePtr& exchange) {
         auto change = wire::PasswordChange::from_json(parse_secret_body(exchange));
         context.services.auth().change_password(
             exchange->caller(), std::move(change.current_password), std::move(change.new_password),
             exchange->answer<Done>(200, said("The password is changed; all other sessions are ended.")));
       },
       {}});
  router.add({"DELETE",
              "/api/users/me",
              Access::kSession,
              kSmallBody,
              [&context](const ExchangePtr& exchange) {
                auto request = wire::DeleteAccount::from_json(parse_secret_body(exchange));
                context.services.auth().delete_account(
                    exchange->caller(), std::move(request.password),
                    exchange->answer<Done>(200, said("The account is deleted.")));
              },
              {}});
}

}  // namespace mychat::server
