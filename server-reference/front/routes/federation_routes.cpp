// What other nodes ask of this one (docs/federation.md).
#include "crypto/sign.h"
#include "federation/hint.h"
#include "federation/http_signature.h"
#include "federation/peer_list.h"
#include "federation/transaction.h"
#include "front/routes/context.h"
#include "peering/peering.h"
#include "protocol/handle.h"
#include "services/rate_limiter.h"

namespace mychat::server {
namespace {

constexpr std::size_t kHandshakeBody = 256 * 1024;
constexpr std::size_t kEchoBody = 1024;
constexpr std::size_t kEchoMax = 64;
constexpr const char* kOff = "This node does not federate.";

// The origin of the node's own federation address: "https://example.org".
std::string own_origin(const std::string& api_url) {
  const std::size_t host = api_url.find("://") + 3;
  return api_url.substr(0, api_url.find('/', host));
}

std::shared_ptr<InboundRequest> inbound(RouteContext& context, const ExchangePtr& exchange) {
  const HttpRequest& request = exchange->request();
  if (!request.query.empty()) throw PeerRefused(400, "unsupported", "There is no query here.");
  auto taken = std::make_shared<InboundRequest>();
  taken->method = request.method;
  taken->target = own_origin(context.services.federation().identity()->document.api_url) + request.path;
  taken->headers = request.headers;
  taken->body = std::move(exchange->body());
  taken->address = rate_key_of_address(exchange->address());
  return taken;
}

std::string refusal_json(std::string_view error, std::string_view detail) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.member("error", error);
  json.member("message", detail);  // As protocol 1 has it.
  json.member("detail", detail);
  json.end_object();
  return out;
}

void refuse(const ExchangePtr& exchange, const PeerRefused& refused) {
  auto response =
      HttpResponse::json(refused.failure().status, refusal_json(refused.error(), refused.failure().detail));
  if (refused.failure().retry_after > 0) {
    response.headers.emplace_back("Retry-After", std::to_string(refused.failure().retry_after));
  }
  exchange->respond(std::move(response));
}

void answer_signed(RouteContext& context, const ExchangePtr& exchange, const InboundRequest& request,
                   int status, std::string body) {
  const auto own = context.services.federation().identity();
  auto fields = federation::sign_response(own->key, own->document.domain, request.view(), status, body,
                                          Clock::system().now_ms() / 1000);
  auto response = HttpResponse::json(status, std::move(body));
  for (auto& field : fields) response.headers.push_back(std::move(field));
  exchange->respond(std::move(response));
}

// Runs `work` on a worker; what it throws is the answer, in the form that nodes read.
void serve(RouteContext& context, const ExchangePtr& exchange,
           std::function<void(const std::shared_ptr<InboundRequest>&)> work) {
  if (context.peering == nullptr) return exchange->fail(404, kOff);
  exchange->on_worker(context.services.workers(), [&context, exchange, work = std::move(work)] {
    try {
      work(inbound(context, exchange));
    } catch (const PeerRefused& refused) {
      refuse(exchange, refused);
    }
  });
}

std::string well_known_json(RouteContext& context) {
  const auto own = context.services.federation().identity();
  const wire::NodeInfo facts = context.services.node_info().facts();
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.member("version", "1.0");
  json.member("domain", own->document.domain);
  json.member("federation_api", own->document.api_url);
  json.member("public_key", ed25519_public_pem(own->document.key));
  json.key("capabilities");
  json.begin_array();
  for (const char* what : {"text_messages", "image_sharing"}) json.value(what);
  json.end_array();
  json.member("max_message_size", own->document.limits.max_message_size);
  json.key("statistics");
  json.begin_object();
  json.member("user_count", facts.current_users);
  json.member("uptime_days", facts.uptime_seconds / 86'400);
  json.end_object();
  json.member("federation", own->statement);
  json.end_object();
  return out;
}

void handshake(RouteContext& context, const ExchangePtr& exchange,
               const std::shared_ptr<InboundRequest>& request) {
  context.peering->handshakes().take(
      request, [&context, exchange, request](Result<HandshakeOutcome> outcome) {
        exchange->guard([&] {
          if (!outcome.ok()) return exchange->fail(outcome.failure());
          answer_signed(context, exchange, *request, outcome.value().status, outcome.value().body);
        });
      });
}

void transactions(RouteContext& context, const ExchangePtr& exchange,
                  const std::shared_ptr<InboundRequest>& request) {
  FromNode peer = context.peering->gate().identify(*request);
  auto under_way = context.peering->begin_transaction(peer.id);
  if (!under_way) throw PeerRefused(429, "too_many", "Another transaction of this node is under way.", 1);
  auto transaction = federation::Transaction::from_json(
      Json::parse(request->body, federation::kTransactionJson), context.config.max_message_size);
  context.services.federation().seen(peer.id);
  context.services.mailbox().receive(
      std::move(peer), std::move(transaction),
      [&context, exchange, request,
       under_way = std::move(under_way)](Result<federation::TransactionAnswer> taken) mutable {
        under_way.reset();  // It is committed: the next one may come before this answer has left.
        if (!taken.ok()) return exchange->fail(taken.failure());
        // The writer's thread has better to do than to sign.
        exchange->on_worker(context.services.workers(),
                            [&context, exchange, request, body = to_json_text(taken.value())] {
                              answer_signed(context, exchange, *request, 200, body);
                            });
      });
}

// Typing and presence: answered before it is told, and nobody asks whether it was.
void hints(RouteContext& context, const ExchangePtr& exchange,
           const std::shared_ptr<InboundRequest>& request) {
  const FromNode peer = context.peering->gate().identify(*request);
  auto heard = federation::hints_from_json(Json::parse(request->body, federation::kHintsJson));
  context.services.presence().hear(peer.id, peer.domain, std::move(heard));
  answer_signed(context, exchange, *request, 200, "{}");
}

// For nodes that look whether all is well: what was sent comes back, signed.
void echo(RouteContext& context, const ExchangePtr& exchange,
          const std::shared_ptr<InboundRequest>& request) {
  (void)context.peering->gate().identify(*request);
  const Json json = Json::parse(request->body, limits::kSmallRequest);
  const std::string_view sent = json->string("echo");
  if (sent.empty() || sent.size() > kEchoMax) json->at("echo").fail("is not a text of 1 to 64 bytes");
  std::string out;
  JsonWriter writer(out);
  writer.begin_object();
  writer.member("echo", sent);
  writer.time_member("time", Clock::system().now_ms());
  writer.end_object();
  answer_signed(context, exchange, *request, 200, std::move(out));
}

// The other node asks whether this one reaches it.
void reach(RouteContext& context, const ExchangePtr& exchange,
           const std::shared_ptr<InboundRequest>& request) {
  const FromNode peer = context.peering->gate().identify(*request);
  context.peering->reach(peer.domain, [&context, exchange, request](Result<std::string> found) {
    exchange->on_worker(context.services.workers(), [&context, exchange, request, found = std::move(found)] {
      if (!found.ok()) return exchange->fail(found.failure());
      answer_signed(context, exchange, *request, 200, found.value());
    });
  });
}

// Which nodes this one speaks with.
void peers(RouteContext& context, const ExchangePtr& exchange,
           const std::shared_ptr<InboundRequest>& request) {
  const FromNode peer = context.peering->gate().identify(*request);
  if (!context.config.share_peers)
    throw PeerRefused(403, "not_shared", "This node does not tell which nodes it speaks with.");
  answer_signed(context, exchange, *request, 200,
                federation::peer_list_json(
                    context.services.federation().peers_to_tell(peer.domain, federation::kPeerListMax)));
}

// v1 nodes ask without a signature: keys are public.
void keys(RouteContext& context, const ExchangePtr& exchange,
          const std::shared_ptr<InboundRequest>& request) {
  const auto username = parse_username(exchange->param(0));
  if (!username) throw PeerRefused(404, "user_not_found", "There is no such user.");
  const bool is_signed = exchange->request().header("signature").has_value();
  std::optional<FromNode> peer;
  if (is_signed) peer = context.peering->gate().identify(*request);
  wire::KeyResponse found;
  try {
    found = context.services.directory().keys(*username + '@' + context.config.domain);
  } catch (const Refused& refused) {
    throw PeerRefused(refused.failure().status, "user_not_found", refused.failure().detail);
  }
  if (peer) context.services.federation().watch_key(*username, peer->id);
  std::string body = to_json_text(found);
  if (!peer) return exchange->respond(200, std::move(body));
  answer_signed(context, exchange, *request, 200, std::move(body));
}

// Nodes of protocol 1, which cannot sign what they send.
auto of_v1(V1Call call) {
  return [call](RouteContext& context, const ExchangePtr& exchange,
                const std::shared_ptr<InboundRequest>& request) {
    V1Request taken;
    taken.call = call;
    taken.origin = exchange->request().header("x-origin-node").value_or("");
    taken.address = exchange->address();
    taken.rate_key = request->address;
    taken.body = std::move(request->body);
    context.peering->v1().take(std::move(taken), [exchange](Result<HandshakeOutcome> outcome) {
      exchange->guard([&] {
        if (!outcome.ok()) return exchange->fail(outcome.failure());
        exchange->respond(outcome.value().status, outcome.value().body);
      });
    });
  };
}

}  // namespace

void add_federation_routes(Router& router, RouteContext& context) {
  router.add({"GET",
              "/.well-known/mychat-node",
              Access::kPublic,
              0,
              [&context](const ExchangePtr& exchange) {
                if (context.peering == nullptr) return exchange->fail(404, kOff);
                exchange->guard([&] { exchange->respond(200, well_known_json(context)); });
              },
              {}});
  const auto add = [&](const char* method, const char* pattern, std::size_t body, auto handler) {
    router.add({method,
                pattern,
                Access::kPeer,
                body,
                [&context, handler](const ExchangePtr& exchange) {
                  serve(context, exchange,
                        [&context, exchange, handler](const std::shared_ptr<InboundRequest>& request) {
                          handler(context, exchange, request);
                        });
                },
                {}});
  };
  add("POST", "/api/federation/handshake", kHandshakeBody, handshake);
  add("POST", "/api/federation/transactions", federation::kTransactionBytesMax, transactions);
  add("POST", "/api/federation/hints", federation::kHintsJson.max_bytes, hints);
  add("POST", "/api/federation/echo", kEchoBody, echo);
  add("POST", "/api/federation/reach", kEchoBody, reach);
  add("GET", "/api/federation/keys/{username}", 0, keys);
  add("GET", "/api/federation/peers", 0, peers);
  add("POST", "/api/federation/messages", federation::kTransactionBytesMax, of_v1(V1Call::kMessage));
  add("POST", "/api/federation/delivery-receipt", limits::kSmallRequest.max_bytes, of_v1(V1Call::kReceipt));
}

// ---- What users ask about users of other nodes
// -------------------------------------------------------------

void with_remote_keys(RouteContext& context, const ExchangePtr& exchange, const std::string& handle,
                      std::function<void()> then) {
  const auto parsed = Handle::parse(handle);
  if (context.peering == nullptr || !parsed || parsed->domain == context.config.domain)
    return exchange->guard(then);
  // Anybody may ask, and each name of an unknown node makes this one connect to where that name leads.
  const Federation& federation = context.services.federation();
  if (!federation.is_pinned(parsed->domain) && !federation.is_v1(parsed->domain)) {
    const int wait =
        context.strangers.take(rate_key_of_address(exchange->address()), Clock::system().monotonic_ms());
    if (wait > 0) return exchange->fail(Failure{429, "Too many unknown nodes are asked for.", wait});
  }
  context.peering->courier().look_up(
      parsed->to_string(), [exchange, then = std::move(then)](const Result<wire::KeyResponse>& found) {
        if (!found.ok()) return exchange->fail(found.failure());
        exchange->guard(then);
      });
}

}  // namespace mychat::server
