// Profiles and identity keys.
#include "front/routes/context.h"
#include "protocol/user.h"

namespace mychat::server {

namespace {

constexpr std::size_t kSmallBody = limits::kSmallRequest.max_bytes;

void show_me(RouteContext& context, const ExchangePtr& exchange) {
  exchange->on_worker(context.services.workers(), [&context, exchange] {
    exchange->respond(200, to_json_text(context.services.directory().me(exchange->caller())));
  });
}

void update_me(RouteContext& context, const ExchangePtr& exchange) {
  context.services.directory().update_profile(
      exchange->caller(), wire::ProfileUpdate::from_json(parse_body(exchange, limits::kSmallRequest)),
      exchange->answer<wire::UserMe>(200, to_json_text<wire::UserMe>));
}

void update_keys(RouteContext& context, const ExchangePtr& exchange) {
  context.services.directory().update_keys(
      exchange->caller(), wire::KeyUpdate::from_json(parse_body(exchange, limits::kSmallRequest)),
      exchange->answer<wire::KeyResponse>(200, to_json_text<wire::KeyResponse>));
}

}  // namespace

void add_user_routes(Router& router, RouteContext& context) {
  const auto me = [&context](const ExchangePtr& exchange) { show_me(context, exchange); };
  router.add({"GET", "/api/auth/me", Access::kSession, 0, me, {}});
  router.add({"GET", "/api/users/me", Access::kSession, 0, me, {}});
  router.add({"PUT",
              "/api/users/me",
              Access::kSession,
              kSmallBody,
              [&context](const ExchangePtr& exchange) { update_me(context, exchange); },
              {}});
  router.add({"GET",
              "/api/users/{handle}",
              Access::kSession,
              0,
              [&context](const ExchangePtr& exchange) {
                with_remote_keys(context, exchange, exchange->param(0), [&context, exchange] {
                  exchange->on_worker(context.services.workers(), [&context, exchange] {
                    exchange->respond(200,
                                      to_json_text(context.services.directory().user(exchange->param(0))));
                  });
                });
              },
              {}});
}

void add_key_routes(Router& router, RouteContext& context) {
  router.add({"PUT",
              "/api/keys/me",
              Access::kSession,
              kSmallBody,
              [&context](const ExchangePtr& exchange) { update_keys(context, exchange); },
              {}});
  router.add({"GET",
              "/api/keys/{handle}",
              Access::kPublic,
              0,
              [&context](const ExchangePtr& exchange) {
                with_remote_keys(context, exchange, exchange->param(0), [&context, exchange] {
                  exchange->on_worker(context.services.workers(), [&context, exchange] {
                    exchange->respond(200,
                                      to_json_text(context.services.directory().keys(exchange->param(0))));
                  });
                });
              },
              {}});
}

}  // namespace mychat::server
