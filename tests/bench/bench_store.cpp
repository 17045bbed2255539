// What sealing costs: a message's one commit through the store, beside the same statements on bare SQLite
// with the same sizes and nothing sealed; and how fast the search scans. On disk, where the sync of the log
// rules, and in memory, where only our own work is left.
#include <sqlite3.h>
#include <stdlib.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "crypto/random.h"
#include "store/sealer.h"
#include "store/store.h"
#include "tests/bench/report.h"

namespace {

using namespace mychat;

constexpr std::size_t kBodySize = 1024;
constexpr int kCommits = 500;
constexpr int kGroup = 64;
constexpr int kHistory = 20000;

class Bare {
 public:
  explicit Bare(const std::string& path) {
    require(sqlite3_open(path.c_str(), &db_));
    require(sqlite3_exec(
        db_,
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;"
        "PRAGMA foreign_keys = ON;"
        "CREATE TABLE conversations (id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, record BLOB) STRICT;"
        "CREATE TABLE messages (id INTEGER PRIMARY KEY AUTOINCREMENT, key BLOB NOT NULL UNIQUE,"
        " conversation INTEGER NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,"
        " created_at INTEGER NOT NULL, record BLOB NOT NULL, body BLOB, envelope BLOB) STRICT;"
        "CREATE INDEX messages_conversation ON messages (conversation, created_at);"
        "CREATE INDEX messages_created_at ON messages (created_at);"
        "CREATE INDEX messages_undecryptable ON messages (id) WHERE envelope IS NOT NULL;"
        "INSERT INTO conversations VALUES (1, randomblob(16), randomblob(100));",
        nullptr, nullptr, nullptr));
    begin_ = prepare("BEGIN IMMEDIATE");
    commit_ = prepare("COMMIT");
    find_ = prepare("SELECT id FROM messages WHERE key = ?1");
    peer_ = prepare("SELECT id, record FROM conversations WHERE id = 1");
    insert_ = prepare(
        "INSERT INTO messages (key, conversation, created_at, record, body) VALUES (?1, 1, ?2, ?3, ?4)");
    update_ = prepare("UPDATE conversations SET record = ?1 WHERE id = 1");
  }
  ~Bare() {
    for (sqlite3_stmt* statement : {begin_, commit_, find_, peer_, insert_, update_})
      sqlite3_finalize(statement);
    sqlite3_close(db_);
  }
  void begin() { run(begin_); }
  void commit() { run(commit_); }
  void insert(std::int64_t time, const Bytes& record, const Bytes& body) {
    const auto key = random_array<16>();
    sqlite3_bind_blob(find_, 1, key.data(), key.size(), SQLITE_STATIC);
    run(find_);
    run(peer_);
    sqlite3_bind_blob(insert_, 1, key.data(), key.size(), SQLITE_STATIC);
    sqlite3_bind_int64(insert_, 2, time);
    sqlite3_bind_blob64(insert_, 3, record.data(), record.size(), SQLITE_STATIC);
    sqlite3_bind_blob64(insert_, 4, body.data(), body.size(), SQLITE_STATIC);
    run(insert_);
    sqlite3_bind_blob(update_, 1, record.data(), 100, SQLITE_STATIC);
    run(update_);
  }

 private:
  static void require(int rc) {
    if (rc != SQLITE_OK) std::abort();
  }
  sqlite3_stmt* prepare(const char* sql) {
    sqlite3_stmt* statement = nullptr;
    require(sqlite3_prepare_v2(db_, sql, -1, &statement, nullptr));
    return statement;
  }
  static void run(sqlite3_stmt* statement) {
    int rc = sqlite3_step(statement);
    while (rc == SQLITE_ROW) rc = sqlite3_step(statement);
    if (rc != SQLITE_DONE) std::abort();
    sqlite3_reset(statement);
  }

  sqlite3* db_ = nullptr;
  sqlite3_stmt *begin_, *commit_, *find_, *peer_, *insert_, *update_;
};

Message message_of(std::int64_t number) {
  Message message;
  message.id = uuid_v4();
  message.conversation = message.sender = "bob@b.example";
  message.body = Secret(kBodySize, 'm');
  message.sent_at = message.created_at = number;
  return message;
}

std::unique_ptr<Store> open_store(const std::string& path) {
  StoreOptions options{.path = path, .key = StoreKey::host_key(Secret(32, 7))};
  return Store::open(options);
}

void commits(const std::string& dir, const std::string& name, int group) {
  const auto store = open_store(dir + "/ours" + std::to_string(group) + ".db");
  Bare bare(dir + "/bare" + std::to_string(group) + ".db");
  const Bytes record(190, 'r');
  const Bytes body(kBodySize, 'b');
  std::vector<double> ours;
  std::vector<double> floor;
  for (int i = 0; i < kCommits; ++i) {
    std::vector<Message> messages;
    for (int k = 0; k < group; ++k) messages.push_back(message_of(i));
    const auto through_store = [&] {
      auto transaction = store->begin();
      for (const Message& message : messages) store->messages().insert(message);
      transaction.commit();
    };
    const auto bare_statements = [&] {
      bare.begin();
      for (int k = 0; k < group; ++k) bare.insert(i, record, body);
      bare.commit();
    };
    ours.push_back(bench::seconds(through_store) * 1e6 / group);
    floor.push_back(bench::seconds(bare_statements) * 1e6 / group);
  }
  bench::print_samples(name, "us/message", ours, floor);
}

void sealing() {
  Sealer sealer(Secret(32, 7));
  const Bytes body(kBodySize, 'b');
  std::vector<double> samples;
  for (int i = 0; i < 200; ++i) {
    samples.push_back(bench::seconds([&] {
                        for (int k = 0; k < 100; ++k) sealer.seal(SealedColumn::kMessageBody, k, view(body));
                      }) *
                      1e6 / 100);
  }
  bench::print_samples("store_seal_1k", "us/value", samples);
}

void search(const std::string& dir) {
  const auto store = open_store(dir + "/history.db");
  auto transaction = store->begin();
  for (int i = 0; i < kHistory; ++i) {
    Message message = message_of(i);
    message.body =
        to_secret("A message of usual length, about what people had for dinner on day " + std::to_string(i));
    store->messages().insert(message);
  }
  transaction.commit();
  std::vector<double> scans;
  std::vector<double> checks;
  for (int i = 0; i < 10; ++i) {
    SearchRequest request;
    request.query = "Not In There";
    scans.push_back(kHistory / bench::seconds([&] { store->messages().search(request); }));
    checks.push_back(kHistory / bench::seconds([&] { store->check(); }));
  }
  bench::print_samples("store_search_scan", "messages/s", scans);
  bench::print_samples("store_check", "messages/s", checks);
}

void all(const std::string& base, const std::string& suffix) {
  std::string dir = base + "/mychat-bench-store-XXXXXX";
  if (::mkdtemp(dir.data()) == nullptr) return;
  commits(dir, "store_commit_1" + suffix, 1);
  commits(dir, "store_commit_" + std::to_string(kGroup) + suffix, kGroup);
  if (suffix == "_memory") search(dir);
  std::filesystem::remove_all(dir);
}

}  // namespace

// bench_store [DIRECTORY on the disk to measure]
int main(int argc, char** argv) {
  sealing();
  all(argc > 1 ? argv[1] : std::filesystem::temp_directory_path().string(), "_disk");
  all("/dev/shm", "_memory");
  return 0;
}
