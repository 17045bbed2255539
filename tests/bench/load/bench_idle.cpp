// What idle users cost: the node's memory when it has just started, and for each of 5,000 WebSockets that are
// authenticated, subscribed to their mailbox and silent.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <thread>
#include <vector>

#include "bench/load/accounts.h"
#include "bench/load/node_process.h"
#include "bench/load/ws_client.h"
#include "bench/report.h"

namespace {

using namespace mychat::bench;

constexpr std::size_t kUsers = 50;

// Until the memory no longer changes, for three seconds at most.
std::size_t settled(const NodeProcess& node) {
  std::size_t last = node.resident_with_files();
  for (int i = 0; i < 6; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    const std::size_t now = node.resident_with_files();
    if (now == last) break;
    last = now;
  }
  return last;
}

void require_alive(WsClient& client) {
  bool answered = false;
  client.queue(R"({"type":"ping"})");
  client.flush();
  const std::uint64_t deadline = now_ns() + 10'000'000'000;
  while (!answered && now_ns() < deadline) {
    client.read([&](std::string_view text) { answered = answered || text == R"({"type":"pong"})"; });
    if (!answered) std::this_thread::yield();
  }
  if (!answered) throw std::runtime_error("an idle connection no longer answers");
}

void run(const std::string& server, const std::filesystem::path& parent, std::size_t count) {
  if (raise_file_limit(count + 256) < count + 256)
    throw std::runtime_error("the limit of open files is too low");
  const Folder folder(parent);
  std::vector<std::string> tokens;
  {
    // A node of its own makes the accounts, so that what hashing passwords needed is not in the figures.
    NodeProcess node({.program = server, .folder = folder.path(), .arguments = {}});
    const Accounts accounts(node, kUsers);
    for (std::size_t i = 0; i < kUsers; ++i) tokens.push_back(accounts.token(i));
  }
  std::filesystem::remove(folder.path() / "ready");
  NodeProcess node({.program = server,
                    .folder = folder.path(),
                    .arguments = {"--max-connections", std::to_string(count + 1000)}});
  const std::size_t start = settled(node);
  const std::size_t start_anonymous = node.resident_bytes();
  std::vector<WsClient> clients(count);
  std::size_t at_tenth = 0;
  for (std::size_t i = 0; i < count; ++i) {
    clients[i].open(node.port(), tokens[i % kUsers]);
    if (i + 1 == count / 10) at_tenth = settled(node);
  }
  const std::size_t full = settled(node);
  for (WsClient& client : clients) require_alive(client);
  const auto each = [](std::size_t more, std::size_t less, std::size_t n) {
    return static_cast<double>(more - less) / 1024 / static_cast<double>(n);
  };
  char more[160];
  std::snprintf(more, sizeof more, "\"further\":%.4g,\"node\":%.4g", each(full, at_tenth, count - count / 10),
                static_cast<double>(full) / 1048576);
  print("idle_connection", "KiB", each(full, start, count), each(full, start, count), count, 0, 0, more);
  const double at_start = static_cast<double>(start) / 1048576;
  std::snprintf(more, sizeof more, "\"anonymous\":%.4g", static_cast<double>(start_anonymous) / 1048576);
  print("idle_node_at_start", "MiB", at_start, at_start, 1, 0, 0, more);
}

}  // namespace

// bench_idle [SERVER [FOLDER [CONNECTIONS]]]
int main(int argc, char** argv) {
  try {
    const auto beside =
        std::filesystem::path(argv[0]).parent_path() / "../../server-reference/app/mychat-server";
    run(argc > 1 ? argv[1] : beside.string(), argc > 2 ? argv[2] : ".",
        argc > 3 ? std::min(20'000UL, std::strtoul(argv[3], nullptr, 10)) : 5'000);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_idle: %s\n", error.what());
    return 1;
  }
}
