// What the node says of itself, its health, and what it does not offer yet.
#include "front/routes/context.h"
#include "protocol/node_info.h"

namespace mychat::server {

namespace {

std::string root_json(const wire::NodeInfo& facts) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.member("name", "MyChat");
  json.member("version", facts.version);
  json.member("description", "A MyChat node: federated, end-to-end-encrypted chat");
  json.member("domain", facts.domain);
  json.member("federation_enabled", facts.federation_enabled);
  json.member("registration_open", facts.registration_open);
  json.end_object();
  return out;
}

void ready(RouteContext& context, const ExchangePtr& exchange) {
  if (context.stopping) return exchange->fail(503, "The node is stopping.");
  if (!context.services.ready()) return exchange->fail(503, "The node's storage does not work.");
  exchange->respond(200, R"({"status":"ready"})");
}

// Part of v1 that this node does not offer. The answer is the same for everybody, so no token is asked for.
void add_absent(Router& router, const char* method, const char* pattern, const char* what) {
  router.add({method,
              pattern,
              Access::kPublic,
              1024 * 1024,
              [detail = std::string(what) + " not available on this node."](const ExchangePtr& exchange) {
                exchange->fail(501, detail);
              },
              {}});
}

}  // namespace

void add_node_routes(Router& router, RouteContext& context) {
  router.add({"GET",
              "/",
              Access::kPublic,
              0,
              [&context](const ExchangePtr& exchange) {
                exchange->respond(200, root_json(context.services.node_info().facts()));
              },
              {}});
  router.add({"GET",
              "/api/node/info",
              Access::kPublic,
              0,
              [&context](const ExchangePtr& exchange) {
                exchange->respond(200, to_json_text(context.services.node_info().facts()));
              },
              {}});
  router.add({"GET",
              "/health",
              Access::kProbe,
              0,
              [](const ExchangePtr& exchange) { exchange->respond(200, R"({"status":"healthy"})"); },
              {}});
  router.add({"GET",
              "/ready",
              Access::kProbe,
              0,
              [&context](const ExchangePtr& exchange) { ready(context, exchange); },
              {}});
  router.add({"GET",
              "/ws",
              Access::kPublic,
              0,
              [](const ExchangePtr& exchange) {
                exchange->respond(
                    HttpResponse::error(426, "This address speaks WebSocket.").with("Upgrade", "websocket"));
              },
              {}});
  add_absent(router, "GET", "/api/groups", "Groups are");
  add_absent(router, "POST", "/api/groups", "Groups are");
  add_absent(router, "GET", "/api/groups/{id}", "Groups are");
  add_absent(router, "POST", "/api/groups/{id}/messages", "Groups are");
  add_absent(router, "POST", "/api/attachments", "Attachments are");
  add_absent(router, "GET", "/api/attachments/{id}/download", "Attachments are");
  add_absent(router, "GET", "/api/node/donations", "Donations are");
  add_absent(router, "GET", "/api/admin/health", "The administration interface is");
  add_absent(router, "GET", "/api/admin/users", "The administration interface is");
  add_absent(router, "GET", "/api/admin/legal/requests", "Legal requests are");
  add_absent(router, "POST", "/api/admin/legal/requests/{id}/fulfill", "Legal requests are");
}

}  // namespace mychat::server
