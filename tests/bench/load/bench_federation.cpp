// Messages between two nodes, beside the same messages on one: each node is a process of its own, both on one
// core, this tool is on another.
//
//  rate       messages a second that were accepted by one node, committed on both and delivered by the other.
//  latency    what the second node adds at an even rate, from the time a message was due to its arrival.
//  signature  what signing and verifying a full transaction and its answer costs, for each message in it.
//  outage     the other node is killed; messages wait in the queue; it comes back, and they arrive.
//  peer       memory of a node for each other node that it knows.
//
// Batching off: the receiving node says that it takes one message a transaction.
#include <arpa/inet.h>
#include <sqlite3.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/load/message_load.h"
#include "bench/load/node_process.h"
#include "bench/load/ws_client.h"
#include "bench/report.h"
#include "crypto/sign.h"
#include "federation/http_signature.h"

namespace {

using namespace mychat;
using namespace mychat::bench;

struct Options {
  std::string server;
  std::string folder = ".";
  std::size_t messages = 20'000;
  std::size_t rounds = 3;
  std::size_t single_messages = 2'000;  // With batching off.
  std::size_t steady_messages = 5'000;
  std::size_t steady_rate = 500;
  std::size_t outage = 100'000;
  std::size_t peers = 10'000;
};
constexpr int kNodeCore = 0;
constexpr int kToolCore = 1;
constexpr std::size_t kItems = 256;  // A full transaction.

std::uint16_t free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool bound = ::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                     ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  ::close(fd);
  if (!bound) broken("no free port");
  return ntohs(address.sin_port);
}

// A federating node, which keeps its port, its name and its data over its lives.
class Node {
 public:
  Node(const Options& options, const std::filesystem::path& data, std::vector<std::string> more = {})
      : port_(free_port()),
        options_{options.server,
                 data,
                 kNodeCore,
                 "127.0.0.1:" + std::to_string(port_),
                 port_,
                 {"--threads", "1", "--max-users", "100000", "--federation-enabled", "true",
                  "--federation-plain-http", "true", "--federation-allow-private", "true"}} {
    options_.arguments.insert(options_.arguments.end(), more.begin(), more.end());
    std::filesystem::create_directory(data);
    start();
  }
  void start() { process_.emplace(options_); }
  NodeProcess& operator*() { return *process_; }
  NodeProcess* operator->() { return &*process_; }

 private:
  std::uint16_t port_;
  NodeOptions options_;
  std::optional<NodeProcess> process_;
};

std::string extra(const char* format, auto... values) {
  std::array<char, 256> text{};
  std::snprintf(text.data(), text.size(), format, values...);
  return text.data();
}

double own_cpu_us() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

// Both sides of a signed exchange: the request with a full transaction of 1 KB messages, and its answer.
double signature_us_a_message() {
  const Ed25519PrivateKey key = Ed25519PrivateKey::generate();
  const std::string uri = "https://b.example/api/federation/transactions";
  const std::string body(kItems * 2400, 'x');  // As long as one is.
  const std::string answer(100, 'x');
  std::vector<double> costs;
  for (int i = 0; i < 50; ++i) {
    const double begun = own_cpu_us();
    const auto fields =
        federation::sign_request(key, "a.example", "b.example", "POST", uri, body, 1'800'000'000);
    const federation::RequestView request{"POST", uri, fields, body};
    federation::parse_signed(request).verify(key.public_key());
    const auto answered = federation::sign_response(key, "b.example", request, 200, answer, 1'800'000'000);
    federation::parse_signed(federation::ResponseView{200, answered, answer}, request)
        .verify(key.public_key());
    costs.push_back((own_cpu_us() - begun) / static_cast<double>(kItems));
  }
  return median(costs);
}

void measure_rates(const Options& options, MessageLoad& one, MessageLoad& two) {
  std::vector<double> alone, both, alone_us, both_us;
  for (std::size_t round = 0; round < options.rounds; ++round) {
    const auto bare = one.saturate(options.messages);
    const auto crossed = two.saturate(options.messages);
    alone.push_back(bare.per_second);
    alone_us.push_back(bare.node_us);
    both.push_back(crossed.per_second);
    both_us.push_back(crossed.node_us);
  }
  print("federation_rate", "messages/s", median(both), p95(both), both.size(), median(alone),
        median(both) / median(alone), extra("\"batching\":true,\"load\":%.2f", load_average()));
  print("federation_nodes_cpu", "us/message", median(both_us), p95(both_us), both_us.size(), median(alone_us),
        median(both_us) / median(alone_us));
  const double signature = signature_us_a_message();
  print("federation_signature", "us/message", signature, signature, 50, median(both_us),
        signature / median(both_us), "\"items\":256");
}

void measure_latency(const Options& options, MessageLoad& one, MessageLoad& two) {
  const auto alone = one.steady(options.steady_messages);
  const auto both = two.steady(options.steady_messages);
  print("federation_accepted", "ms", median(both.accepted), p95(both.accepted), both.accepted.size(),
        median(alone.accepted), median(both.accepted) / median(alone.accepted));
  print("federation_delivered", "ms", median(both.delivered), p95(both.delivered), both.delivered.size(),
        median(alone.delivered), median(both.delivered) / median(alone.delivered),
        extra("\"p99\":%.4g,\"floor_p99\":%.4g,\"added_p50\":%.4g,\"added_p99\":%.4g,\"rate\":%zu",
              percentile(both.delivered, 0.99), percentile(alone.delivered, 0.99),
              median(both.delivered) - median(alone.delivered),
              percentile(both.delivered, 0.99) - percentile(alone.delivered, 0.99), options.steady_rate));
}

std::size_t bytes_of(const std::filesystem::path& database) {
  return std::filesystem::file_size(database) + std::filesystem::file_size(database.string() + "-wal");
}

void measure_outage(const Options& options, Node& a, Node& b, MessageLoad& two) {
  const std::size_t memory = a->resident_bytes();
  const std::size_t disk = bytes_of(a->database());
  two.close_receivers();
  b->kill();
  const double accepted = two.accept(options.outage);
  const auto each = static_cast<double>(options.outage);
  print("federation_queued", "bytes of memory/message",
        (static_cast<double>(a->resident_bytes()) - static_cast<double>(memory)) / each, 0, options.outage, 0,
        0,
        extra("\"disk\":%.4g,\"accepted_per_second\":%.6g",
              static_cast<double>(bytes_of(a->database()) - disk) / each, accepted));
  b.start();
  const double arrived = two.arrive(*b);
  print("federation_recovery", "messages/s", arrived, arrived, options.outage, accepted, arrived / accepted);
}

// Rows of nodes once met, as the node writes them; then what it weighs with and without them.
void add_peers(const std::filesystem::path& database, std::size_t count) {
  sqlite3* db = nullptr;
  if (sqlite3_open(database.c_str(), &db) != SQLITE_OK) broken("no database");
  const std::unique_ptr<sqlite3, int (*)(sqlite3*)> closer(db, sqlite3_close);
  const std::string sql =
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " + std::to_string(count) +
      ") INSERT INTO nodes (domain, node_key, sequence, digest, protocol, api_url, out_stream, last_seen, "
      "created_at) "
      "SELECT 'node-' || i || '.example', randomblob(32), 1, randomblob(32), 2, 'https://node-' || i || "
      "'.example/api/federation', 'stream-' || i, 1, 1 FROM n";
  char* error = nullptr;
  if (sqlite3_exec(db, sql.c_str(), nullptr, nullptr, &error) != SQLITE_OK) broken(error);
}

void measure_peers(const Options& options, const std::filesystem::path& folder) {
  Node node(options, folder / "peers");
  const auto settled = [&] {
    usleep(500'000);
    return static_cast<double>(node->resident_bytes());
  };
  const double before = settled();
  node->kill();
  add_peers(folder / "peers/mychat.db", options.peers);
  node.start();
  print("federation_peer", "bytes of memory/known peer",
        (settled() - before) / static_cast<double>(options.peers), 0, options.peers);
}

void run(const Options& options) {
  const Folder folder(options.folder);
  pin_this_thread(kToolCore);
  LoadOptions load;
  load.steady_rate = options.steady_rate;
  load.limit_ns = 180'000'000'000;
  {
    Node alone(options, folder.path() / "alone");
    Node a(options, folder.path() / "a");
    Node b(options, folder.path() / "b");
    MessageLoad one(load, *alone, *alone);
    MessageLoad two(load, *a, *b);
    (void)one.saturate(options.messages / 4);
    (void)two.saturate(options.messages / 4);
    if (options.rounds > 0) measure_rates(options, one, two);
    if (options.steady_messages > 0) measure_latency(options, one, two);
    if (options.outage > 0) measure_outage(options, a, b, two);
    b->kill();
    two.check_stored(b->database());
    std::fprintf(
        stderr,
        "%zu messages: each accepted, delivered, reported and stored on the other node exactly once\n",
        two.total());
  }
  if (options.single_messages > 0) {
    Node a(options, folder.path() / "c");
    Node b(options, folder.path() / "d",
           {"--federation-max-items", "1", "--federation-peer-requests-per-minute", "0"});
    MessageLoad two(load, *a, *b);
    (void)two.saturate(200);
    const auto rate = two.saturate(options.single_messages);
    print("federation_rate_single", "messages/s", rate.per_second, rate.per_second, 1, 0, 0,
          "\"batching\":false");
  }
  if (options.peers > 0) measure_peers(options, folder.path());
}

}  // namespace

int main(int argc, char** argv) {
  try {
    Options options;
    for (int i = 1; i + 1 < argc; i += 2) {
      const std::string name = argv[i];
      const auto number = [&] { return to_number(argv[i + 1], 10); };
      if (name == "--server")
        options.server = argv[i + 1];
      else if (name == "--dir")
        options.folder = argv[i + 1];
      else if (name == "--messages")
        options.messages = number();
      else if (name == "--rounds")
        options.rounds = number();
      else if (name == "--single")
        options.single_messages = number();
      else if (name == "--steady")
        options.steady_messages = number();
      else if (name == "--rate")
        options.steady_rate = number();
      else if (name == "--outage")
        options.outage = number();
      else if (name == "--peers")
        options.peers = number();
      else
        broken("unknown: " + name);
    }
    if (options.server.empty()) broken("--server PROGRAM is needed");
    run(options);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_federation: %s\n", error.what());
    return 1;
  }
}
