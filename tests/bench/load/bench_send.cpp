// Messages between online users through a whole node: the node is a process of its own on one core, this tool
// is on another. 100 senders write to 100 receivers over WebSockets, with the payloads already encrypted.
//
//  rate     every sender keeps a window of messages under way: messages a second that were accepted,
//  committed
//           durably and delivered, and the node's processor time for each.
//  latency  1,000 messages a second, evenly, whatever the node does: from the time a message was due to the
//           answer that it is durable, and to its arrival at the receiver.
//
// Every message must be accepted once, arrive once with the bytes that were sent, and be reported delivered
// once; at the end the node is killed and all of them must be in its database.
#include <getopt.h>
#include <sqlite3.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "base/encoding.h"
#include "bench/load/message_load.h"
#include "bench/load/node_process.h"
#include "bench/load/ws_client.h"
#include "bench/report.h"
#include "crypto/random.h"

namespace {

using namespace mychat;
using namespace mychat::bench;

struct Options {
  std::string server;
  std::string folder = ".";
  std::size_t messages = 20'000;  // A round.
  std::size_t rounds = 5;
  std::size_t steady_messages = 10'000;
  LoadOptions load;
  int node_core = 0;
  int tool_core = 1;
};

// The same bytes into a bare table with the same guarantees, in groups: what the disk and SQLite allow.
struct Floor {
  double per_second = 0, cpu_us = 0;
  std::vector<double> milliseconds;  // Of each commit.
};

Floor bare_inserts(const std::filesystem::path& path, std::size_t count, std::size_t group, int core) {
  Floor floor;
  std::thread([&] {
    pin_this_thread(core);
    sqlite3* db = nullptr;
    if (sqlite3_open(path.c_str(), &db) != SQLITE_OK) std::abort();
    sqlite3_exec(db,
                 "PRAGMA page_size = 4096; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                 "CREATE TABLE bare (seq INTEGER PRIMARY KEY, id BLOB, iv TEXT, key TEXT, content TEXT)",
                 nullptr, nullptr, nullptr);
    sqlite3_stmt* insert = nullptr;
    sqlite3_prepare_v2(db, "INSERT INTO bare (id, iv, key, content) VALUES (?,?,?,?)", -1, &insert, nullptr);
    const std::string content = base64_encode(random_array<kLoadContent>());
    const std::string key = base64_encode(random_array<512>());
    const auto id = random_array<16>();
    timespec before{};
    timespec after{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
    const std::uint64_t start = now_ns();
    for (std::size_t i = 0; i < count;) {
      const std::uint64_t begun = now_ns();
      sqlite3_exec(db, "BEGIN", nullptr, nullptr, nullptr);
      for (std::size_t k = 0; k < group && i < count; ++k, ++i) {
        sqlite3_bind_blob(insert, 1, id.data(), 16, SQLITE_STATIC);
        sqlite3_bind_text(insert, 2, "AAAAAAAAAAAAAAAA", 16, SQLITE_STATIC);
        sqlite3_bind_text(insert, 3, key.data(), static_cast<int>(key.size()), SQLITE_STATIC);
        sqlite3_bind_text(insert, 4, content.data(), static_cast<int>(content.size()), SQLITE_STATIC);
        if (sqlite3_step(insert) != SQLITE_DONE) std::abort();
        sqlite3_reset(insert);
      }
      if (sqlite3_exec(db, "COMMIT", nullptr, nullptr, nullptr) != SQLITE_OK) std::abort();
      floor.milliseconds.push_back(static_cast<double>(now_ns() - begun) / 1e6);
    }
    floor.per_second = static_cast<double>(count) / (static_cast<double>(now_ns() - start) / 1e9);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
    floor.cpu_us = (static_cast<double>(after.tv_sec - before.tv_sec) * 1e6 +
                    static_cast<double>(after.tv_nsec - before.tv_nsec) / 1e3) /
                   static_cast<double>(count);
    sqlite3_finalize(insert);
    sqlite3_close(db);
  }).join();
  return floor;
}

Options parse(int argc, char** argv) {
  Options options;
  enum {
    kServer = 1,
    kFolder,
    kMessages,
    kRounds,
    kWindow,
    kSteady,
    kAckItems,
    kRandomIds,
    kNodeCore,
    kToolCore
  };
  static const option kLong[] = {{"server", 1, nullptr, kServer},
                                 {"dir", 1, nullptr, kFolder},
                                 {"messages", 1, nullptr, kMessages},
                                 {"rounds", 1, nullptr, kRounds},
                                 {"window", 1, nullptr, kWindow},
                                 {"steady", 1, nullptr, kSteady},
                                 {"ack-items", 1, nullptr, kAckItems},
                                 {"random-ids", 0, nullptr, kRandomIds},
                                 {"node-core", 1, nullptr, kNodeCore},
                                 {"tool-core", 1, nullptr, kToolCore},
                                 {nullptr, 0, nullptr, 0}};
  const auto number = [] { return to_number(optarg, 10); };
  for (int code = 0; (code = getopt_long(argc, argv, "", kLong, nullptr)) != -1;) {
    switch (code) {
      case kServer:
        options.server = optarg;
        break;
      case kFolder:
        options.folder = optarg;
        break;
      case kMessages:
        options.messages = std::min<std::size_t>(number(), 1'000'000);
        break;
      case kRounds:
        options.rounds = std::min<std::size_t>(number(), 50);
        break;
      case kWindow:
        options.load.window = std::min<std::size_t>(number(), 256);
        break;
      case kSteady:
        options.steady_messages = std::min<std::size_t>(number(), 100'000);
        break;
      case kAckItems:
        options.load.ack_items = number();
        break;
      case kRandomIds:
        options.load.sorted_ids = false;
        break;
      case kNodeCore:
        options.node_core = std::atoi(optarg);
        break;
      case kToolCore:
        options.tool_core = std::atoi(optarg);
        break;
      default:
        std::fprintf(
            stderr,
            "bench_send --server PROGRAM [--dir FOLDER] [--messages N] [--rounds N] [--window N]\n"
            "           [--steady N] [--ack-items N] [--random-ids] [--node-core N] [--tool-core N]\n");
        std::exit(2);
    }
  }
  if (options.server.empty())
    options.server =
        (std::filesystem::path(argv[0]).parent_path() / "../../server-reference/app/mychat-server");
  return options;
}

std::string extra(const char* format, auto... values) {
  std::array<char, 256> text{};
  std::snprintf(text.data(), text.size(), format, values...);
  return text.data();
}

void print_latency(const std::string& name, const std::vector<double>& ours,
                   const std::vector<double>& floor) {
  print(name, "ms", median(ours), p95(ours), ours.size(), median(floor),
        median(floor) > 0 ? median(ours) / median(floor) : 0,
        extra("\"p99\":%.4g,\"p999\":%.4g,\"floor_p99\":%.4g,\"load\":%.2f", percentile(ours, 0.99),
              percentile(ours, 0.999), percentile(floor, 0.99), load_average()));
}

void run(const Options& options) {
  const Folder folder(options.folder);
  const std::filesystem::path data = folder.path() / "data";
  std::filesystem::create_directory(data);
  NodeProcess node({.program = options.server,
                    .folder = data,
                    .core = options.node_core,
                    .arguments = {"--threads", "1", "--max-users", "100000"}});
  pin_this_thread(options.tool_core);
  MessageLoad load(options.load, node, node);
  (void)load.saturate(std::max<std::size_t>(options.messages / 4, 100));  // Warm.
  std::fprintf(stderr, "the node is process %d\n", static_cast<int>(node.pid()));
  std::vector<double> rates, cpu, tool, floor, floor_cpu;
  for (std::size_t round = 0; round < options.rounds; ++round) {
    const Floor bare = bare_inserts(folder.path() / ("bare" + std::to_string(round)), options.messages, 64,
                                    options.node_core);
    const MessageLoad::Rate rate = load.saturate(options.messages);
    floor.push_back(bare.per_second);
    floor_cpu.push_back(bare.cpu_us);
    rates.push_back(rate.per_second);
    cpu.push_back(rate.node_us);
    tool.push_back(rate.tool_us);
  }
  if (!rates.empty()) {
    print("send_rate", "messages/s", median(rates), p95(rates), rates.size(), median(floor),
          median(rates) / median(floor),
          extra("\"best\":%.6g,\"on_a_quiet_core\":%.6g,\"load\":%.2f", percentile(rates, 1),
                1e6 / median(cpu), load_average()));
    print("send_node_cpu", "us/message", median(cpu), p95(cpu), cpu.size(), median(floor_cpu),
          median(cpu) / median(floor_cpu), extra("\"tool_us\":%.4g", median(tool)));
  }
  if (options.steady_messages > 0) {
    const Floor single = bare_inserts(folder.path() / "single", 1'000, 1, options.node_core);
    const MessageLoad::Latencies latencies = load.steady(options.steady_messages);
    print_latency("send_accepted_at_1000", latencies.accepted, single.milliseconds);
    print_latency("send_delivered_at_1000", latencies.delivered, single.milliseconds);
    print("send_node_cpu_at_1000", "us/message", latencies.node_us, latencies.node_us,
          options.steady_messages);
    print("send_disk_at_1000", "KiB/message", latencies.disk_kib, latencies.disk_kib,
          options.steady_messages);
  }
  node.kill();
  load.check_stored(node.database());
  std::fprintf(stderr, "%zu messages: each accepted, delivered, reported and stored exactly once\n",
               load.total());
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run(parse(argc, argv));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_send: %s\n", error.what());
    return 1;
  }
}
