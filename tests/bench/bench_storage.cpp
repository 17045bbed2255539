// What the node's storage costs for one message: accepted durably into two mailboxes, acknowledged by its
// recipient and told to its sender, over 100 pairs with 1 KB payloads; beside bare SQLite inserting the same
// bytes in groups of 64.
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/encoding.h"
#include "bench/report.h"
#include "crypto/random.h"
#include "services/services.h"
#include "storage/schema.h"
#include "storage/sqlite.h"
#include "storage/user_table.h"

namespace {

using namespace mychat;
using namespace mychat::server;
using SteadyClock = std::chrono::steady_clock;

constexpr int kUsers = 200;
constexpr std::size_t kContent = 1024 + 16;

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto of = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

struct Folder {
  Folder() {
    std::string name = (std::filesystem::current_path() / "bench-storage-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) std::abort();
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

wire::SendMessageRequest draft_to(int user) {
  static const std::string content = base64_encode(Bytes(kContent, 7));
  static const std::string key = base64_encode(Bytes(512, 9));
  wire::SendMessageRequest draft;
  draft.id = uuid_v7(Clock::system().now_ms());
  draft.recipient_handle = "user" + std::to_string(user) + "@bench.test";
  draft.encrypted_content = content;
  draft.encrypted_key = key;
  draft.iv = "AAAAAAAAAAAAAAAA";
  return draft;
}

// The same bytes without anything else: the floor.
double bare_inserts(const std::string& path, int count) {
  SqliteConnection db(path, OpenMode::kReadWriteCreate);
  db.execute("PRAGMA page_size = " + std::to_string(kPageSize));
  db.execute("PRAGMA journal_mode = WAL");
  db.execute("PRAGMA synchronous = FULL");
  db.execute("CREATE TABLE bare (seq INTEGER PRIMARY KEY, id BLOB, iv TEXT, key TEXT, content TEXT)");
  const auto draft = draft_to(0);
  return bench::seconds([&] {
    for (int i = 0; i < count; ++i) {
      if (i % 64 == 0) db.run("BEGIN");
      db.run("INSERT INTO bare (id, iv, key, content) VALUES (?,?,?,?)", ByteView(random_array<16>()),
             draft.iv, *draft.encrypted_key, draft.encrypted_content);
      if (i % 64 == 63 || i + 1 == count) db.run("COMMIT");
    }
  });
}

// Recipients acknowledge what they are told of, as their clients do: one ack for what came together.
class Recipient final : public BusSubscriber {
 public:
  Recipient(Mailbox& mailbox, Caller caller) : mailbox_(mailbox), caller_(std::move(caller)) {}
  void on_items(std::span<const MailboxItemPtr> items) override {
    for (const auto& item : items) {
      if (item->type() == ItemType::kMessage) bytes += item->data().size();
    }
    mailbox_.ack(caller_, items.back()->seq(), nullptr);
  }
  void on_typing(const std::string&, bool) override {}
  void on_presence(const std::string&, PresenceStatus, std::int64_t) override {}
  void on_session_revoked(std::int64_t) override {}
  std::size_t bytes = 0;

 private:
  Mailbox& mailbox_;
  Caller caller_;
};

struct Node {
  explicit Node(const std::string& path) {
    config.domain = "bench.test";
    config.secret_key = random_secret(32);
    config.argon2 = {64, 1, 1};
    services = std::make_unique<Services>(config, StorageOptions{.path = path}, log);
    services->stop();
    add_users(path);
    services = std::make_unique<Services>(config, StorageOptions{.path = path}, log);
    for (int i = 0; i < kUsers; ++i) {
      if (i % 2 == 0) continue;
      recipients.push_back(
          std::make_shared<Recipient>(services->mailbox(), callers[static_cast<std::size_t>(i)]));
      subscriptions.push_back(services->bus().subscribe(i + 1, recipients.back()));
    }
  }
  void add_users(const std::string& path) {
    SqliteConnection db(path, OpenMode::kReadWrite);
    db.execute("BEGIN");
    for (int i = 0; i < kUsers; ++i) {
      UserRow user;
      user.uuid = uuid_v4();
      user.username = "user" + std::to_string(i);
      auto caller = std::make_shared<Principal>();
      caller->user = insert_user(db, user, 0);
      caller->username = user.username;
      caller->handle = user.username + "@bench.test";
      callers.push_back(caller);
    }
    db.execute("COMMIT");
  }
  NodeConfig config;
  Log log;
  std::vector<Caller> callers;
  std::unique_ptr<Services> services;
  std::vector<std::shared_ptr<Recipient>> recipients;
  std::vector<Bus::Subscription> subscriptions;
};

// Senders keep `window` messages under way.
struct Round {
  double per_second = 0;
  double cpu_us = 0;
};

Round saturate(Node& node, int count, int window) {
  std::mutex mutex;
  std::condition_variable changed;
  int under_way = 0;
  int failed = 0;
  const double cpu = cpu_seconds();
  const double wall = bench::seconds([&] {
    for (int i = 0; i < count; ++i) {
      {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return under_way < window; });
        ++under_way;
      }
      const int sender = (i * 2) % kUsers;
      node.services->mailbox().accept(node.callers[static_cast<std::size_t>(sender)], {draft_to(sender + 1)},
                                      0, [&](const Result<std::vector<Result<AcceptedMessage>>>& result) {
                                        const std::lock_guard lock(mutex);
                                        if (!result || !result.value()[0]) ++failed;
                                        --under_way;
                                        if (under_way == window / 2 || under_way == 0) changed.notify_one();
                                      });
    }
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return under_way == 0; });
  });
  if (failed > 0) std::fprintf(stderr, "%d messages were refused\n", failed);
  return {count / wall, (cpu_seconds() - cpu) / count * 1e6};
}

std::vector<double> latencies(Node& node, int count, int per_second) {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<double> milliseconds;
  const auto start = SteadyClock::now();
  for (int i = 0; i < count; ++i) {
    const auto due = start + std::chrono::microseconds(static_cast<std::int64_t>(i) * 1'000'000 / per_second);
    std::this_thread::sleep_until(due);
    const int sender = (i * 2) % kUsers;
    node.services->mailbox().accept(
        node.callers[static_cast<std::size_t>(sender)], {draft_to(sender + 1)}, 0,
        [&, due](const Result<std::vector<Result<AcceptedMessage>>>&) {
          const std::lock_guard lock(mutex);
          milliseconds.push_back(std::chrono::duration<double, std::milli>(SteadyClock::now() - due).count());
          changed.notify_one();
        });
  }
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return milliseconds.size() == static_cast<std::size_t>(count); });
  return milliseconds;
}

}  // namespace

int main(int argc, char** argv) {
  const int count = argc > 1 ? std::atoi(argv[1]) : 20'000;
  const int window = argc > 2 ? std::atoi(argv[2]) : 1'000;
  const Folder folder;
  Node node((folder.path / "node.db").string());
  (void)saturate(node, count / 4, window);
  std::vector<double> ours;
  std::vector<double> floor;
  std::vector<double> cpu;
  for (int round = 0; round < 5; ++round) {
    floor.push_back(count / bare_inserts((folder.path / ("bare" + std::to_string(round))).string(), count));
    const Round result = saturate(node, count, window);
    ours.push_back(result.per_second);
    cpu.push_back(result.cpu_us);
  }
  bench::print_samples("storage_messages", "messages/s", ours, floor);
  bench::print_samples("storage_cpu", "us/message", cpu);
  const auto delays = latencies(node, 5'000, 1'000);
  bench::print("storage_latency_at_1000", "ms", bench::median(delays), bench::percentile(delays, 0.99),
               delays.size());
  const auto stats = node.services->storage().stats();
  std::fprintf(stderr, "%llu operations in %llu groups\n", static_cast<unsigned long long>(stats.operations),
               static_cast<unsigned long long>(stats.groups));
  return 0;
}
