#include "app/runtime/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>

namespace mychat::server {

namespace {

const prometheus::Histogram::BucketBoundaries kSeconds{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                       0.1,    0.25,  0.5,    1.0,   2.5,  5.0,   30.0};

prometheus::MetricFamily single(prometheus::MetricType type, std::string name, std::string help,
                                double value) {
  prometheus::MetricFamily family;
  family.name = std::move(name);
  family.help = std::move(help);
  family.type = type;
  prometheus::ClientMetric metric;
  if (type == prometheus::MetricType::Counter)
    metric.counter.value = value;
  else
    metric.gauge.value = value;
  family.metric.push_back(std::move(metric));
  return family;
}

class Page {
 public:
  explicit Page(std::vector<prometheus::MetricFamily> families) : families_(std::move(families)) {}

  template <class Number>
  void gauge(const char* name, const char* help, Number value) {
    families_.push_back(single(prometheus::MetricType::Gauge, name, help, static_cast<double>(value)));
  }
  template <class Number>
  void counter(const char* name, const char* help, Number value) {
    families_.push_back(single(prometheus::MetricType::Counter, name, help, static_cast<double>(value)));
  }
  std::string text() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
  std::vector<prometheus::MetricFamily> families_;
};

void add_front(Page& page, const FrontStats& front) {
  page.counter("mychat_connections_accepted_total", "Connections taken", front.accepted);
  page.gauge("mychat_connections", "Open connections", front.open);
  page.counter("mychat_bad_requests_total", "Requests refused before a route saw them", front.bad_requests);
  page.counter("mychat_ws_messages_received_total", "WebSocket messages received", front.ws_messages_in);
  page.counter("mychat_ws_frames_sent_total", "WebSocket frames queued", front.ws_frames_out);
  page.counter("mychat_received_bytes_total", "Bytes received", front.bytes_in);
  page.counter("mychat_sent_bytes_total", "Bytes sent", front.bytes_out);
  page.counter("mychat_connections_refused_total", "Connections over a limit", front.refused_limit);
  page.counter("mychat_accept_failures_total", "Failures to accept a connection", front.accept_failures);
  page.counter("mychat_tls_failures_total", "TLS handshakes that failed", front.tls_failures);
  page.counter("mychat_cut_slow_headers_total", "Connections cut: headers too slow", front.cut_slow_headers);
  page.counter("mychat_cut_slow_bodies_total", "Connections cut: body too slow", front.cut_slow_bodies);
  page.counter("mychat_cut_slow_readers_total", "Connections cut: the peer does not read",
               front.cut_slow_readers);
  page.counter("mychat_cut_heartbeat_total", "Connections cut: no sign of life", front.cut_heartbeat);
  page.counter("mychat_ws_protocol_errors_total", "WebSockets closed for a protocol error",
               front.ws_protocol_errors);
}

void add_rest(Page& page, const MetricsSnapshot& s) {
  page.gauge("mychat_websockets", "Open WebSockets", s.ws.connections);
  page.gauge("mychat_websockets_authenticated", "WebSockets of a session", s.ws.authenticated);
  page.gauge("mychat_mailbox_streams_behind", "Mailbox streams waiting for their client", s.ws.behind);
  page.gauge("mychat_ws_sends_pending", "Messages from WebSockets before their commit", s.ws.sends_pending);
  page.counter("mychat_commit_groups_total", "Transactions committed", s.storage.groups);
  page.counter("mychat_commit_operations_total", "Operations in those transactions", s.storage.operations);
  page.counter("mychat_failed_operations_total", "Operations that failed", s.storage.failed);
  page.gauge("mychat_write_queue", "Operations waiting for the writer", s.storage.queued);
  page.gauge("mychat_wal_bytes", "Size of the write-ahead log", s.storage.wal_bytes);
  page.gauge("mychat_database_bytes", "Size of the database file", s.database_bytes);
  page.gauge("mychat_read_queue", "Reads waiting for a worker", s.worker_queue);
  page.counter("mychat_password_hashes_total", "Password hashes computed (Argon2id, bcrypt)",
               s.password_hashes);
  page.gauge("mychat_users", "Accounts", s.users);
  page.gauge("mychat_users_online", "Users with a live connection", s.online_users);
  page.gauge("mychat_bus_subscriptions", "Subscriptions of the bus", s.bus_subscriptions);
  page.gauge("mychat_uptime_seconds", "Seconds since the start", s.uptime_seconds);
  page.gauge("mychat_ready", "1 when the node takes requests", s.ready ? 1 : 0);
}

void add_peering(Page& page, const PeeringStats& s, std::int64_t now_ms) {
  page.gauge("mychat_peers", "Other nodes with which a handshake ended well", s.totals.known);
  page.gauge("mychat_peers_failing", "Of those, the ones that could not be reached last", s.totals.failing);
  page.gauge("mychat_peers_key_changed", "Nodes whose key changed and that wait for the operator",
             s.totals.key_changed);
  page.gauge("mychat_federation_queue", "Items that wait for other nodes", s.totals.queued);
  page.gauge("mychat_federation_queue_bytes", "What they hold", s.totals.queued_bytes);
  const std::int64_t oldest = s.totals.oldest_queued_at;
  page.gauge("mychat_federation_queue_age_seconds", "How long the oldest of them has waited",
             oldest == 0 ? 0.0 : static_cast<double>(std::max<std::int64_t>(now_ms - oldest, 0)) / 1000.0);
  page.counter("mychat_federation_handshakes_total", "Handshakes that this node began and that ended well",
               s.courier.handshakes);
  page.counter("mychat_federation_failures_total", "Attempts to reach other nodes that failed",
               s.courier.failures);
  page.counter("mychat_federation_transactions_sent_total", "Transactions that other nodes took",
               s.courier.transactions);
  page.counter("mychat_federation_items_sent_total", "Items in those transactions", s.courier.items);
  page.counter("mychat_federation_hints_dropped_total", "Typing and presence that could not be told at once",
               s.courier.hints_dropped);
  page.counter("mychat_federation_requests_taken_total", "Signed requests of other nodes that were let in",
               s.gate.taken);
  page.counter("mychat_federation_requests_refused_total",
               "Requests in the name of other nodes that were not", s.gate.refused);
}

}  // namespace

struct NodeObserver::Counters {
  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& requests = prometheus::BuildCounter()
                                                          .Name("mychat_http_requests_total")
                                                          .Help("HTTP requests answered")
                                                          .Register(registry);
  prometheus::Family<prometheus::Histogram>& seconds = prometheus::BuildHistogram()
                                                           .Name("mychat_http_request_seconds")
                                                           .Help("Time from request to answer")
                                                           .Register(registry);
  prometheus::Family<prometheus::Counter>& closed = prometheus::BuildCounter()
                                                        .Name("mychat_websockets_closed_total")
                                                        .Help("WebSockets closed, by close code")
                                                        .Register(registry);
  prometheus::Counter& opened = prometheus::BuildCounter()
                                    .Name("mychat_websockets_opened_total")
                                    .Help("WebSockets opened")
                                    .Register(registry)
                                    .Add({});
  prometheus::Counter& paused = prometheus::BuildCounter()
                                    .Name("mychat_ws_senders_paused_total")
                                    .Help("Senders held back because too much was under way")
                                    .Register(registry)
                                    .Add({});
};

NodeObserver::NodeObserver(Logger& logger, bool metrics)
    : logger_(logger), counters_(metrics ? std::make_unique<Counters>() : nullptr) {}

NodeObserver::~NodeObserver() = default;

void NodeObserver::request_done(const RequestRecord& record) {
  logger_.access(record);
  if (!counters_) return;
  const std::string route(record.route);
  counters_->requests
      .Add({{"method", std::string(record.method)},
            {"route", route},
            {"status", std::to_string(record.status)}})
      .Increment();
  counters_->seconds.Add({{"route", route}}, kSeconds).Observe(static_cast<double>(record.duration_us) / 1e6);
}

void NodeObserver::websocket_opened() {
  if (counters_) counters_->opened.Increment();
}

void NodeObserver::websocket_closed(std::uint16_t code) {
  if (!counters_) return;
  // The peer chooses its code: only known ones become a label.
  const bool known = (code >= 1000 && code <= 1014) || code == 4001;
  counters_->closed.Add({{"code", known ? std::to_string(code) : "other"}}).Increment();
}

void NodeObserver::websocket_paused() {
  if (counters_) counters_->paused.Increment();
}

std::string NodeObserver::scrape(const MetricsSnapshot& snapshot) const {
  Page page(counters_ ? counters_->registry.Collect() : std::vector<prometheus::MetricFamily>{});
  add_front(page, snapshot.front);
  add_rest(page, snapshot);
  if (snapshot.peering) add_peering(page, *snapshot.peering, snapshot.now_ms);
  return page.text();
}

}  // namespace mychat::server
