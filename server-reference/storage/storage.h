// The node's database: one SQLite file in WAL mode, one thread that writes groups of operations in one
// durable transaction each, and read-only connections beside it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace mychat::server {

class SqliteConnection;

struct StorageOptions {
  std::string path;
  std::size_t readers = 3;                      // Read-only connections, opened when needed.
  std::size_t queue_limit = 16 * 1024;          // Operations waiting; submit() refuses beyond.
  std::size_t queue_bytes = 256 * 1024 * 1024;  // Of what they hold, likewise; those being written included.
  std::size_t group_limit = 1024;               // Operations in one transaction.
  std::size_t cache_kib = 16 * 1024;            // Page cache of the writer.
  // Least time between starts of groups once operations come side by side.
  std::chrono::microseconds pace{1'000};
  // How long what may wait (Operation::may_wait) waits for company.
  std::chrono::microseconds patience{20'000};
  bool create = true;   // When there is no file.
  bool migrate = true;  // Else a database that needs it is refused.
  // How long the start may look for damage (quick_check); a damaged database is refused. 0: it does not look.
  std::chrono::milliseconds check_limit{0};
  bool hold = true;  // Keep other nodes out. The operator's commands, which may run beside a node, do not.
  std::size_t checkpoint_bytes = 64 * 1024 * 1024;  // Size at which the write-ahead log begins afresh.
  std::size_t copy_bytes = 2 * 1024 * 1024;  // Its growth after which that is copied into the database.
};

// What an operation works with.
struct Transaction {
  SqliteConnection& db;
  std::int64_t& last_seq;  // Of all mailboxes; durable with the group.
  std::int64_t next_seq() noexcept { return ++last_seq; }
};

// A change. Both calls come on the writer thread.
class Operation {
 public:
  virtual ~Operation() = default;
  // Inside the group's transaction. An exception undoes this operation alone (its savepoint).
  virtual void run(Transaction& transaction) = 0;
  // After COMMIT returned (or failed). `error` is null when the change is durable. Must not throw.
  virtual void done(std::exception_ptr error) noexcept = 0;
  // Operations that only read before they decide to fail, and write in a way that needs no undoing when they
  // throw, say false and save the savepoint.
  virtual bool needs_savepoint() const noexcept { return true; }
  // Nobody waits for it: it goes with the group that starts `patience` later, so that many share a commit.
  virtual bool may_wait() const noexcept { return false; }
  // What it holds until it is done, when that is much. Asked before run().
  virtual std::size_t bytes() const noexcept { return 0; }
};

struct MigrationStep {
  int version;
  std::string name;
  std::string sql;
};

struct StorageStats {
  std::uint64_t groups = 0;
  std::uint64_t operations = 0;
  std::uint64_t failed = 0;
  std::size_t queued = 0;
  std::uint64_t wal_bytes = 0;
  std::uint64_t copied_beside = 0;  // Pages that checkpoints copied without holding up the writer.
};

class Storage {
 public:
  // Throws Error: MYCHAT_E_STORE_CORRUPT (not a MyChat node's database, or damaged), MYCHAT_E_STORE_TOO_NEW,
  // MYCHAT_E_STORE_HELD (another node runs on it), MYCHAT_E_IO, MYCHAT_E_STORE.
  explicit Storage(StorageOptions options);
  ~Storage();  // stop()
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  // Any thread, never blocks. False (and the operation is left to the caller) when the queue is full or the
  // storage stops.
  [[nodiscard]] bool submit(std::unique_ptr<Operation>& operation);
  // Called on the writer thread after the done() calls of one group.
  void on_group(std::function<void()> hook);
  // Called on the writer thread when another process changed the database: what is cached may be wrong.
  void on_foreign_change(std::function<void()> hook);

  // A read-only connection for the length of one read; waits for a free one. Throws once the storage stopped.
  class Reader {
   public:
    Reader(Storage& storage, std::unique_ptr<SqliteConnection> connection);
    Reader(Reader&&) noexcept;
    ~Reader();
    SqliteConnection& operator*() const noexcept { return *connection_; }
    SqliteConnection* operator->() const noexcept { return connection_.get(); }

   private:
    Storage* storage_;
    std::unique_ptr<SqliteConnection> connection_;
  };
  Reader read();

  const std::string& mailbox_id() const noexcept;
  std::int64_t last_seq() const noexcept;  // Committed.
  bool healthy() const noexcept;  // False once a commit failed (disk full, I/O error) until one works again.
  // The start had no time to look through the whole database.
  bool check_was_cut() const noexcept;
  StorageStats stats() const;

  // Online copy into a new file, durable when it returns; refuses to overwrite. Any thread; blocks.
  void backup(const std::string& destination);
  // Runs what is queued, then stops the writer and closes. Later submits are refused.
  void stop();

  // Without opening for use. What `migrate --dry-run` shows: the steps that would run.
  static std::vector<MigrationStep> plan(const std::string& path);
  static int current_version();  // Of this program.
  // integrity_check, foreign keys, schema version: nothing when all is well, else what is wrong, one line
  // each.
  static std::vector<std::string> check(const std::string& path, bool may_be_older = false);
  // Verifies `source` (a backup) completely, then puts a copy of it in the place of `destination`, which no
  // node may have open. The copy gets a new mailbox_id, so that clients notice. All sessions of the backup
  // are valid again, also those that were ended after it was made, unless `end_sessions`.
  // The replaced database is kept as `destination` + ".before-restore" (the returned path), empty when there
  // was none.
  static std::string restore(const std::string& source, const std::string& destination,
                             bool end_sessions = false);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mychat::server
