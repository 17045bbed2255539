#include "app/runtime/node.h"

#include <sys/stat.h>

#include <algorithm>
#include <thread>

#include "app/config/settings.h"
#include "app/runtime/metrics.h"
#include "front/front_server.h"
#include "front/routes/routes.h"
#include "mychat/version.h"
#include "peering/peering.h"
#include "services/services.h"

namespace mychat::server {

NodeConfig services_config(const Config& config) {
  NodeConfig out;
  out.domain = config.domain;
  out.secret_key = config.secret_key;
  out.session_timeout_ms = config.session_timeout_hours * 3'600'000;
  out.max_users = config.max_users;
  out.registration_open = config.registration_open;
  out.federation_enabled = config.federation_enabled;
  out.federation_api =
      config.federation_api_url.empty()
          ? (config.federation_plain_http ? "http://" : "https://") + config.domain + "/api/federation"
          : config.federation_api_url;
  out.federation_share_peers = config.federation_share_peers;
  out.federation_learn_peers = config.federation_learn_peers;
  out.federation_max_items = config.federation_max_items;
  for (const auto mode : {federation::Mode::kOpen, federation::Mode::kAllowList, federation::Mode::kApproval})
    if (config.federation_mode == federation::mode_name(mode)) out.federation_mode = mode;
  out.federation_v1 = config.federation_v1 == "verified-tls";
  out.federation_presence = config.federation_presence;
  out.federation_key_days = config.federation_key_days;
  out.max_message_size = static_cast<std::size_t>(config.max_message_size);
  out.mailbox_retention_days = static_cast<int>(config.mailbox_retention_days);
  const int logins = static_cast<int>(config.login_attempts_per_minute);
  out.login_per_address = {logins, 60'000};
  out.login_per_account_and_address = {logins, 60'000};
  out.login_per_account = {4 * logins, 60'000};
  out.password_checks_per_account = {logins, 60'000};
  out.register_per_address = {static_cast<int>(config.registrations_per_hour), 3'600'000};
  return out;
}

PeerHttpOptions peer_http_options(const Config& config) {
  PeerHttpOptions out;
  out.transport.ca_file = config.federation_ca_file;
  out.transport.user_agent = std::string("mychat-server/") + MYCHAT_VERSION_STRING;
  out.addresses.allow_non_public = config.federation_allow_private;
  out.plain_http = config.federation_plain_http;
  return out;
}

namespace {

RoutesConfig routes_config(const Config& config, const NodeOptions& options) {
  RoutesConfig out;
  out.version = MYCHAT_VERSION_STRING;
  out.domain = config.domain;
  out.cors_origins = config.cors_origins;
  for (const std::string& text : config.trusted_proxies)
    if (const auto network = Network::parse(text)) out.trusted_proxies.push_back(*network);
  out.max_message_size = static_cast<std::size_t>(config.max_message_size);
  out.share_peers = config.federation_share_peers;
  out.requests_per_minute = config.requests_per_minute;
  out.ws = options.ws;
  return out;
}

PeeringOptions peering_options(const Config& config) {
  PeeringOptions out;
  out.http = peer_http_options(config);
  out.requests_per_minute = static_cast<int>(config.federation_peer_requests_per_minute);
  out.max_message_size = static_cast<std::size_t>(config.max_message_size);
  out.courier.learn_peers = config.federation_learn_peers;
  return out;
}

FrontConfig front_config(const Config& config, const NodeOptions& options) {
  FrontConfig out;
  out.address = config.listen_address;
  out.port = static_cast<std::uint16_t>(config.listen_port);
  out.threads = config.threads > 0 ? static_cast<std::size_t>(config.threads)
                                   : std::max<std::size_t>(1, std::thread::hardware_concurrency());
  if (!config.tls_cert.empty()) out.tls = TlsConfig{config.tls_cert, config.tls_key};
  out.max_connections = static_cast<std::size_t>(config.max_connections);
  out.max_connections_per_ip = static_cast<std::size_t>(config.max_connections_per_address);
  out.ws.message_bytes = limits::kWsMaxFrame;
  out.ws.permessage_deflate = config.ws_compression;
  // The largest item and, beside it, what else a healthy client has waiting.
  out.ws.queue_bytes = limits::kWsMaxFrame + 4 * 1024 * 1024;
  out.ws.heartbeat = options.heartbeat.count() > 0
                         ? options.heartbeat
                         : std::chrono::milliseconds(config.ws_heartbeat_interval * 1000);
  return out;
}

std::uint64_t file_size(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

}  // namespace

struct Node::Impl {
  Impl(const Config& node_config, Logger& node_logger, NodeOptions node_options)
      : config(node_config),
        logger(node_logger),
        options(node_options),
        observer(node_logger, !node_config.metrics_listen.empty()) {}

  MetricsSnapshot snapshot() const {
    MetricsSnapshot out;
    out.front = front->stats();
    out.ws = routes->ws_stats();
    out.storage = services->storage().stats();
    out.worker_queue = services->workers().queued();
    out.online_users = services->presence().online_users();
    out.bus_subscriptions = services->bus().subscriptions();
    out.password_hashes = services->auth().hash_computations();
    const wire::NodeInfo info = services->node_info().facts();
    out.users = info.current_users;
    out.uptime_seconds = info.uptime_seconds;
    out.database_bytes = file_size(config.db_path);
    out.ready = services->ready();
    out.now_ms = Clock::system().now_ms();
    if (peering) out.peering = peering->stats();
    return out;
  }

  void start_metrics() {
    const auto listen = parse_listen_address(config.metrics_listen);
    if (!listen) return;
    FrontConfig settings;
    settings.address = listen->address;
    settings.port = listen->port;
    settings.max_connections = 64;
    settings.max_body_bytes = 1024;
    metrics = std::make_unique<FrontServer>(settings, [this](HttpRequest&& request, Reply reply) {
      if (request.path != "/metrics") return reply(HttpResponse::error(404, "Metrics are at /metrics."));
      if (request.method != "GET" && request.method != "HEAD")
        return reply(HttpResponse::error(405, "Metrics are read with GET.").with("Allow", "GET"));
      HttpResponse response;
      response.content_type = "text/plain; version=0.0.4; charset=utf-8";
      response.body = observer.scrape(snapshot());
      reply(std::move(response));
    });
    metrics->start();
  }

  Config config;
  Logger& logger;
  NodeOptions options;
  NodeObserver observer;
  std::unique_ptr<Services> services;
  std::unique_ptr<Peering> peering;
  std::unique_ptr<Routes> routes;
  std::unique_ptr<FrontServer> front;
  std::unique_ptr<FrontServer> metrics;
};

Node::Node(const Config& config, Logger& logger, NodeOptions options)
    : impl_(std::make_unique<Impl>(config, logger, options)) {}

Node::~Node() { stop(); }

void Node::start() {
  Impl& node = *impl_;
  StorageOptions storage;
  storage.path = node.config.db_path;
  storage.check_limit = std::chrono::seconds(node.config.start_check_seconds);
  node.services = std::make_unique<Services>(services_config(node.config), storage, node.logger.log());
  if (node.services->storage().check_was_cut())
    node.logger.write(LogLevel::kInfo, "node",
                      "The database is too large to be checked whole at the start (START_CHECK_SECONDS); "
                      "doctor and backup check all of it.");
  if (node.config.federation_enabled) {
    node.peering = std::make_unique<Peering>(*node.services, peering_options(node.config), node.config.domain,
                                             node.logger.log());
    node.peering->prepare();
  }
  node.routes = std::make_unique<Routes>(routes_config(node.config, node.options), *node.services,
                                         node.observer, node.peering.get());
  FrontConfig front = front_config(node.config, node.options);
  Routes& routes = *node.routes;
  front.body_limit = [&routes](const HttpRequest& request) { return routes.body_limit(request); };
  node.front = std::make_unique<FrontServer>(
      std::move(front),
      [&routes](HttpRequest&& request, Reply reply) { routes.handle(std::move(request), reply); },
      std::map<std::string, WsFactory, std::less<>>{
          {"/ws", [&routes](const HttpRequest& request, HttpResponse& refusal) {
             return routes.websocket(request, refusal);
           }}});
  node.front->start();
  if (node.peering) node.peering->start();
  node.start_metrics();
}

std::uint16_t Node::port() const { return impl_->front->port(); }

std::uint16_t Node::metrics_port() const { return impl_->metrics ? impl_->metrics->port() : 0; }

bool Node::ready() const { return impl_->services && impl_->services->ready(); }

void Node::reload_certificate() {
  if (!impl_->config.tls_cert.empty()) impl_->front->reload_certificate();
}

void Node::announce_stop() { impl_->routes->announce_stop(); }

bool Node::drain(std::chrono::milliseconds deadline) {
  impl_->routes->start_draining();
  return impl_->front->drain(deadline);
}

void Node::stop() {
  Impl& node = *impl_;
  if (node.metrics) node.metrics->stop();
  if (node.front) node.front->stop();
  if (node.peering) node.peering->stop();
  if (node.services) node.services->stop();
  node.metrics.reset();
  node.routes.reset();
  node.front.reset();
  node.peering.reset();
  node.services.reset();
}

}  // namespace mychat::server
