#include "front/routes/routes.h"

#include <algorithm>
#include <cstdlib>

#include "front/routes/ws_hub.h"
#include "services/rate_limiter.h"

namespace mychat::server {

namespace {

constexpr std::size_t kFreeBody = 4096;  // Taken without a session.
constexpr int kPeerRequestsPerMinute = 60'000;
constexpr std::size_t kStrangersBody = 256 * 1024;  // Of a node without a handshake.
constexpr int kSmallest = static_cast<int>(kFreeBody);

std::string_view bearer_token(std::string_view header) noexcept {
  constexpr std::string_view kScheme = "bearer ";
  if (header.size() <= kScheme.size()) return {};
  for (std::size_t i = 0; i < kScheme.size(); ++i) {
    const char c =
        header[i] >= 'A' && header[i] <= 'Z' ? static_cast<char>(header[i] + ('a' - 'A')) : header[i];
    if (c != kScheme[i]) return {};
  }
  std::string_view token = header.substr(kScheme.size());
  while (!token.empty() && token.front() == ' ') token.remove_prefix(1);
  return token;
}

}  // namespace

struct Routes::Impl {
  Impl(RoutesConfig config, Services& services, Observer& observer, Peering* peering)
      : context{std::move(config), services, observer, false, false, {}, peering},
        peer_limiter({kPeerRequestsPerMinute, 60'000}, 65'536),
        limiter({static_cast<int>(context.config.requests_per_minute), 60'000}, 65'536),
        hub(std::make_shared<WsHub>(context)) {
    add_auth_routes(router, context);
    add_session_routes(router, context);
    add_user_routes(router, context);
    add_contact_routes(router, context);
    add_message_routes(router, context);
    add_mailbox_routes(router, context);
    add_key_routes(router, context);
    add_node_routes(router, context);
    add_federation_routes(router, context);
    hub->start();
  }
  ~Impl() { hub->stop(); }

  std::string address_of(const HttpRequest& request) const {
    std::vector<std::string_view> forwarded;
    if (!context.config.trusted_proxies.empty())
      for (const auto& [name, value] : request.headers)
        if (name == "x-forwarded-for") forwarded.push_back(value);
    return client_address(request.remote_address, forwarded, context.config.trusted_proxies);
  }

  bool limited_as_peer(const ExchangePtr& exchange) {
    const int wait =
        peer_limiter.take(rate_key_of_address(exchange->address()), Clock::system().monotonic_ms());
    if (wait > 0) exchange->fail(Failure{429, "Too many requests of nodes at this address.", wait});
    return wait > 0;
  }

  int over_limit(const std::string& address) {
    return limiter.take(rate_key_of_address(address), Clock::system().monotonic_ms());
  }

  void add_cors(Exchange& exchange) const {
    const auto origin = exchange.request().header("origin");
    if (!origin || context.config.cors_origins.empty()) return;
    exchange.add_header("Vary", "Origin");
    if (!allowed(*origin)) return;
    exchange.add_header("Access-Control-Allow-Origin", std::string(*origin));
    exchange.add_header("Access-Control-Expose-Headers", "Retry-After, X-Request-Id");
  }

  bool allowed(std::string_view origin) const {
    const auto& origins = context.config.cors_origins;
    return std::find(origins.begin(), origins.end(), origin) != origins.end();
  }

  void dispatch(const ExchangePtr& exchange) {
    const HttpRequest& request = exchange->request();
    Router::Match match = router.find(request.method, request.path);
    if (!match.pattern.empty()) exchange->set_route(match.pattern);
    if (request.method == "OPTIONS") return options(exchange, match);
    if (match.pattern.empty()) return exchange->fail(404, "There is nothing at this address.");
    if (!match.route) {
      exchange->add_header("Allow", match.allowed);
      return exchange->fail(
          405, "This address does not take " + request.method + "; it takes " + match.allowed + ".");
    }
    exchange->set_params(std::move(match.params));
    if (match.route->access == Access::kSession) {
      if (!authenticate(exchange)) return;
    } else if (match.route->access == Access::kPublic && limited(exchange)) {
      return;
    } else if (match.route->access == Access::kPeer && limited_as_peer(exchange)) {
      return;
    }
    match.route->handler(exchange);
  }

  void options(const ExchangePtr& exchange, const Router::Match& match) {
    const HttpRequest& request = exchange->request();
    const bool preflight = request.header("origin") && request.header("access-control-request-method");
    if (match.pattern.empty() && request.path != "*")
      return exchange->fail(404, "There is nothing at this address.");
    if (preflight && !allowed(*request.header("origin")))
      return exchange->fail(403, "This origin is not one of the node's CORS_ORIGINS.");
    HttpResponse response;
    response.status = 204;
    if (preflight) {
      response.headers.emplace_back("Access-Control-Allow-Methods", match.allowed);
      response.headers.emplace_back("Access-Control-Allow-Headers", "Authorization, Content-Type");
      response.headers.emplace_back("Access-Control-Max-Age", "600");
    } else if (!match.allowed.empty()) {
      response.headers.emplace_back("Allow", match.allowed);
    }
    exchange->respond(std::move(response));
  }

  bool authenticate(const ExchangePtr& exchange) {
    const auto header = exchange->request().header("authorization");
    if (!header) {
      exchange->add_header("WWW-Authenticate", "Bearer");
      exchange->fail(403, "The Authorization header is missing.");
      return false;
    }
    exchange->set_caller(context.services.auth().authenticate(bearer_token(*header)));
    return true;
  }

  bool has_session(const HttpRequest& request) const noexcept {
    try {
      const auto header = request.header("authorization");
      return header && context.services.auth().authenticate(bearer_token(*header));
    } catch (const std::exception&) {
      return false;  // The route says what is wrong with it.
    }
  }

  bool limited(const ExchangePtr& exchange) {
    const int wait = over_limit(exchange->address());
    if (wait == 0) return false;
    exchange->fail(Failure{429, "Too many requests from this address; try again later.", wait});
    return true;
  }

  RouteContext context;
  Router router;
  RateLimiter peer_limiter;
  RateLimiter limiter;
  std::shared_ptr<WsHub> hub;
};

Routes::Routes(RoutesConfig config, Services& services, Observer& observer, Peering* peering)
    : impl_(std::make_unique<Impl>(std::move(config), services, observer, peering)) {}

Routes::~Routes() = default;

void Routes::handle(HttpRequest&& request, Reply reply) {
  std::string address = impl_->address_of(request);
  const auto exchange = std::make_shared<Exchange>(std::move(request), std::move(reply), std::move(address),
                                                   impl_->context.observer);
  impl_->add_cors(*exchange);
  exchange->guard([&] { impl_->dispatch(exchange); });
}

std::shared_ptr<WsPeer> Routes::websocket(const HttpRequest& request, HttpResponse& refusal) {
  if (impl_->context.draining) {
    refusal = HttpResponse::error(503, "The node is stopping.");
    return nullptr;
  }
  if (request.param("token") || request.param("access_token")) {
    // Addresses end up in logs and histories.
    refusal = HttpResponse::error(400, "A token does not belong into the address: send it in an auth frame.");
    return nullptr;
  }
  if (const int wait = impl_->over_limit(impl_->address_of(request)); wait > 0) {
    refusal = HttpResponse::error(429, "Too many requests from this address; try again later.")
                  .with("Retry-After", std::to_string(wait));
    return nullptr;
  }
  return impl_->hub->make_session();
}

std::optional<std::size_t> Routes::body_limit(const HttpRequest& request) const {
  const Router::Match match = impl_->router.find(request.method, request.path);
  const std::size_t most = match.route ? std::max(match.route->max_body, kFreeBody) : kFreeBody;
  if (match.route && match.route->access == Access::kPeer) {
    const auto origin = request.header("x-origin-node");
    const Federation& federation = impl_->context.services.federation();
    const bool known = origin && (federation.is_pinned(*origin) || federation.is_v1(*origin));
    return known ? most : std::min(most, kStrangersBody);
  }
  if (match.route && (match.route->access != Access::kSession || impl_->has_session(request))) return most;
  // The answer is known already; only a body that is known to be small is read for the connection's sake.
  const auto length = request.header("content-length");
  const bool is_small = length && length->size() <= 4 && std::atoi(std::string(*length).c_str()) <= kSmallest;
  return is_small ? std::optional<std::size_t>(kFreeBody) : std::nullopt;
}

void Routes::announce_stop() { impl_->context.stopping = true; }

void Routes::start_draining() {
  announce_stop();
  impl_->context.draining = true;
  impl_->context.waiting.release();
}

WsStats Routes::ws_stats() const { return impl_->hub->stats(); }

}  // namespace mychat::server
