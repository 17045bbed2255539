#include "storage/storage.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "base/error.h"
#include "crypto/random.h"
#include "storage/backup.h"
#include "storage/checkpointer.h"
#include "storage/file_lock.h"
#include "storage/ownership.h"
#include "storage/quick_check.h"
#include "storage/schema.h"
#include "storage/sqlite.h"

namespace mychat::server {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

// So many seqs are set aside at a time: the row that says so is not written with every group.
constexpr std::int64_t kSeqsAside = 4096;

}  // namespace

struct Storage::Impl {
  explicit Impl(StorageOptions chosen) : options(std::move(chosen)) {}

  void open_database();
  void require_sound();
  void load_node();
  void write_loop();
  bool wait_for_group(std::unique_lock<std::mutex>& lock, std::vector<std::unique_ptr<Operation>>& group);
  void write_group(std::vector<std::unique_ptr<Operation>>& group);
  void run_operations(std::vector<std::unique_ptr<Operation>>& group,
                      std::vector<std::exception_ptr>& errors);
  void run_one(Operation& operation, Transaction& transaction);
  void take_operations(std::deque<std::unique_ptr<Operation>>& from,
                       std::vector<std::unique_ptr<Operation>>& group);
  void set_seqs_aside();
  void notice_foreign_changes();

  StorageOptions options;
  std::unique_ptr<FileLock> lock_file;
  std::unique_ptr<SqliteConnection> writer;
  std::string mailbox_id;
  bool check_was_cut = false;
  std::int64_t data_version = 0;
  std::int64_t last_seq = 0;   // Of the writer, perhaps not yet committed.
  std::int64_t aside_seq = 0;  // node.last_seq: those up to here are this process's to give out.
  std::atomic<std::int64_t> committed_seq{0};
  std::atomic<bool> healthy{true};

  std::mutex mutex;
  std::condition_variable work;
  std::deque<std::unique_ptr<Operation>> queue;
  std::deque<std::unique_ptr<Operation>> patient;  // Those that may wait, until `patient_due`.
  SteadyTime patient_due{};
  std::size_t held_bytes = 0;   // Of the operations that wait or are written.
  std::size_t group_bytes = 0;  // Of those that are written.
  bool waiting = false;         // The writer sleeps until something comes.
  bool stopping = false;
  SteadyTime last_start{};
  std::size_t last_size = 0;

  std::function<void()> group_hook;
  std::function<void()> foreign_hook;

  std::atomic<std::uint64_t> groups{0};
  std::atomic<std::uint64_t> operations{0};
  std::atomic<std::uint64_t> failed{0};

  std::mutex readers_mutex;
  std::condition_variable reader_free;
  std::vector<std::unique_ptr<SqliteConnection>> readers;
  std::size_t readers_open = 0;
  bool readers_stopped = false;

  std::thread writer_thread;
  Checkpointer checkpointer;
};

void Storage::Impl::open_database() {
  if (options.hold) lock_file = std::make_unique<FileLock>(options.path + ".lock");
  const bool exists = access(options.path.c_str(), F_OK) == 0;
  if (!exists && !options.create) {
    throw Error(MYCHAT_E_IO, MYCHAT_DOMAIN_SYSTEM, "There is no database " + options.path + ".", ENOENT);
  }
  if (!exists) {  // Nobody else may read it; SQLite gives its companions the same mode.
    const int fd = open(options.path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
      throw Error(
          MYCHAT_E_IO, MYCHAT_DOMAIN_SYSTEM,
          "The database " + options.path + " cannot be created: its folder is missing or not writable.",
          errno);
    }
    try {
      give_to_owner_of(fd, folder_of(options.path));
    } catch (...) {
      close(fd);
      throw;
    }
    close(fd);
  }
  writer = std::make_unique<SqliteConnection>(options.path, OpenMode::kReadWrite);
  const int version = schema_version(*writer, schema_steps());
  if (version < current_version() && version != 0 && !options.migrate) {
    throw Error(MYCHAT_E_INVALID_STATE, MYCHAT_DOMAIN_STORE,
                "The database has schema " + std::to_string(version) + " and needs to be migrated to " +
                    std::to_string(current_version()) + ".");
  }
  if (exists && options.check_limit.count() > 0) require_sound();
  writer->execute("PRAGMA page_size = " + std::to_string(kPageSize));
  writer->execute("PRAGMA journal_mode = WAL");
  writer->execute("PRAGMA synchronous = FULL");
  writer->execute("PRAGMA wal_autocheckpoint = 0");
  writer->execute("PRAGMA cache_size = -" + std::to_string(options.cache_kib));
  migrate(*writer, schema_steps());
  writer->execute("PRAGMA temp_store = MEMORY");  // Not before: a step may sort whole tables.
}

// Before anything is written: a node that goes on with a damaged file makes it worse.
void Storage::Impl::require_sound() {
  const QuickCheck found = quick_check(*writer, options.check_limit);
  check_was_cut = found.cut;
  if (found.problem.empty()) return;
  throw Error(MYCHAT_E_STORE_CORRUPT, MYCHAT_DOMAIN_STORE,
              "The database " + options.path + " is damaged: " + found.problem);
}

void Storage::Impl::load_node() {
  writer->run("INSERT OR IGNORE INTO node (id, mailbox_id, last_seq, created_at) VALUES (1, ?, 0, ?)",
              uuid_v4(), Clock::system().now_ms());
  auto row = writer->query("SELECT mailbox_id, last_seq FROM node");
  if (!row.step()) throw_sqlite(SQLITE_CORRUPT, "find the node's row");
  mailbox_id = row.string(0);
  last_seq = aside_seq = row.integer(1);  // Those that were set aside and not used are gaps.
  committed_seq = last_seq;
}

Storage::Storage(StorageOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {
  impl_->open_database();
  impl_->data_version = impl_->writer->pragma("data_version");  // First: what comes between is noticed.
  impl_->load_node();
  sqlite3_wal_hook(
      impl_->writer->handle(),
      [](void* self, sqlite3*, const char*, int pages) {
        static_cast<Impl*>(self)->checkpointer.log_grew(static_cast<std::uint64_t>(pages));
        return SQLITE_OK;
      },
      impl_.get());
  impl_->checkpointer.start(impl_->options.path,
                            {static_cast<std::uint64_t>(impl_->writer->pragma("page_size")),
                             impl_->options.copy_bytes, impl_->options.checkpoint_bytes});
  impl_->writer_thread = std::thread([this] { impl_->write_loop(); });
}

Storage::~Storage() { stop(); }

bool Storage::submit(std::unique_ptr<Operation>& operation) {
  bool wake = false;
  {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->stopping || impl_->queue.size() + impl_->patient.size() >= impl_->options.queue_limit)
      return false;
    const std::size_t bytes = operation->bytes();
    if (bytes != 0 && impl_->held_bytes != 0 && impl_->held_bytes + bytes > impl_->options.queue_bytes)
      return false;
    impl_->held_bytes += bytes;
    const bool may_wait = operation->may_wait();
    const bool sets_time = may_wait && impl_->patient.empty();
    if (sets_time) impl_->patient_due = std::chrono::steady_clock::now() + impl_->options.patience;
    (may_wait ? impl_->patient : impl_->queue).push_back(std::move(operation));
    if (!may_wait || sets_time) wake = std::exchange(impl_->waiting, false);
  }
  if (wake) impl_->work.notify_one();
  return true;
}

void Storage::on_group(std::function<void()> hook) {
  const std::lock_guard lock(impl_->mutex);
  impl_->group_hook = std::move(hook);
}

void Storage::on_foreign_change(std::function<void()> hook) {
  const std::lock_guard lock(impl_->mutex);
  impl_->foreign_hook = std::move(hook);
}

// A lone operation is written at once. When operations came side by side in the last group, the next one
// starts not before `pace` after it: the cost of a commit is shared by more of them.
bool Storage::Impl::wait_for_group(std::unique_lock<std::mutex>& lock,
                                   std::vector<std::unique_ptr<Operation>>& group) {
  held_bytes -= std::exchange(group_bytes, 0);
  const auto is_due = [this] {
    return !patient.empty() && (stopping || std::chrono::steady_clock::now() >= patient_due);
  };
  while (queue.empty() && !stopping && !is_due()) {
    waiting = true;
    if (patient.empty()) {
      work.wait(lock);
    } else {
      work.wait_until(lock, patient_due);
    }
    waiting = false;
  }
  if (queue.empty() && patient.empty()) return false;
  if (last_size > 1 && !stopping && queue.size() < options.group_limit) {
    const auto due = last_start + options.pace;
    while (!stopping && std::chrono::steady_clock::now() < due) work.wait_until(lock, due);
  }
  last_start = std::chrono::steady_clock::now();
  take_operations(queue, group);
  last_size = group.size();
  if (is_due()) take_operations(patient, group);
  return true;
}

// At most `group_limit` of each kind: neither keeps the other out.
void Storage::Impl::take_operations(std::deque<std::unique_ptr<Operation>>& from,
                                    std::vector<std::unique_ptr<Operation>>& group) {
  for (std::size_t i = 0; !from.empty() && i < options.group_limit; ++i, from.pop_front()) {
    group_bytes += from.front()->bytes();
    group.push_back(std::move(from.front()));
  }
}

void Storage::Impl::write_loop() {
  std::vector<std::unique_ptr<Operation>> group;
  for (;;) {
    std::function<void()> hook;
    {
      std::unique_lock lock(mutex);
      if (!wait_for_group(lock, group)) return;
      hook = group_hook;
    }
    write_group(group);
    group.clear();
    if (hook) hook();
    checkpointer.between_groups(*writer);
  }
}

void Storage::Impl::write_group(std::vector<std::unique_ptr<Operation>>& group) {
  std::vector<std::exception_ptr> errors(group.size());
  const std::int64_t seq_before = last_seq;
  const std::int64_t aside_before = aside_seq;
  try {
    writer->run("BEGIN IMMEDIATE");
    notice_foreign_changes();
    run_operations(group, errors);
    if (last_seq > aside_seq) set_seqs_aside();
    writer->run("COMMIT");
    committed_seq = last_seq;
    healthy = true;
  } catch (...) {
    if (writer->in_transaction()) {
      try {
        writer->run("ROLLBACK");
      } catch (...) {  // The transaction is gone either way; nothing of it is reported as done.
      }
    }
    last_seq = seq_before;
    aside_seq = aside_before;
    data_version = -1;  // Look again next time.
    healthy = false;
    errors.assign(group.size(), std::current_exception());
    std::function<void()> hook;
    {
      const std::lock_guard lock(mutex);
      hook = foreign_hook;  // What was cached during the group is not in the database.
    }
    if (hook) hook();
  }
  ++groups;
  operations += group.size();
  for (std::size_t i = 0; i < group.size(); ++i) {
    if (errors[i]) ++failed;
    group[i]->done(errors[i]);
  }
}

void Storage::Impl::run_operations(std::vector<std::unique_ptr<Operation>>& group,
                                   std::vector<std::exception_ptr>& errors) {
  Transaction transaction{*writer, last_seq};
  for (std::size_t i = 0; i < group.size(); ++i) {
    try {
      run_one(*group[i], transaction);
    } catch (...) {
      errors[i] = std::current_exception();
      // Without a savepoint it cannot be undone alone; and some failures (a full disk) roll everything back.
      if (!group[i]->needs_savepoint() || !writer->in_transaction()) throw;
    }
  }
}

void Storage::Impl::run_one(Operation& operation, Transaction& transaction) {
  if (!operation.needs_savepoint()) {
    operation.run(transaction);
    return;
  }
  writer->run("SAVEPOINT operation");
  try {
    operation.run(transaction);
  } catch (...) {
    if (writer->in_transaction()) {
      writer->run("ROLLBACK TO operation");
      writer->run("RELEASE operation");
    }
    throw;
  }
  writer->run("RELEASE operation");
}

void Storage::Impl::set_seqs_aside() {
  aside_seq = last_seq + kSeqsAside;
  writer->run("UPDATE node SET last_seq = ?", aside_seq);
}

void Storage::Impl::notice_foreign_changes() {
  auto version = writer->query("PRAGMA data_version");
  if (!version.step() || version.integer(0) == data_version) return;
  data_version = version.integer(0);
  auto row = writer->query("SELECT last_seq FROM node");
  if (row.step() && row.integer(0) != aside_seq) last_seq = aside_seq = row.integer(0);  // It gave some out.
  std::function<void()> hook;
  {
    const std::lock_guard lock(mutex);
    hook = foreign_hook;
  }
  if (hook) hook();
}

Storage::Reader::Reader(Storage& storage, std::unique_ptr<SqliteConnection> connection)
    : storage_(&storage), connection_(std::move(connection)) {}
Storage::Reader::Reader(Reader&&) noexcept = default;

Storage::Reader::~Reader() {
  if (!connection_) return;
  Impl& impl = *storage_->impl_;
  const std::lock_guard lock(impl.readers_mutex);
  impl.readers.push_back(std::move(connection_));
  impl.reader_free.notify_one();
}

Storage::Reader Storage::read() {
  Impl& impl = *impl_;
  std::unique_lock lock(impl.readers_mutex);
  impl.reader_free.wait(lock, [&] {
    return impl.readers_stopped || !impl.readers.empty() ||
           impl.readers_open < std::max<std::size_t>(impl.options.readers, 1);
  });
  if (impl.readers_stopped) throw Error(MYCHAT_E_CLOSED, MYCHAT_DOMAIN_STORE, "The storage is stopped.");
  if (!impl.readers.empty()) {
    auto connection = std::move(impl.readers.back());
    impl.readers.pop_back();
    return {*this, std::move(connection)};
  }
  ++impl.readers_open;
  lock.unlock();
  try {
    auto connection = std::make_unique<SqliteConnection>(impl.options.path, OpenMode::kReadOnly);
    connection->execute("PRAGMA cache_size = -2048");
    return {*this, std::move(connection)};
  } catch (...) {
    lock.lock();
    --impl.readers_open;
    impl.reader_free.notify_one();
    throw;
  }
}

const std::string& Storage::mailbox_id() const noexcept { return impl_->mailbox_id; }
std::int64_t Storage::last_seq() const noexcept { return impl_->committed_seq; }
bool Storage::healthy() const noexcept { return impl_->healthy; }
bool Storage::check_was_cut() const noexcept { return impl_->check_was_cut; }

StorageStats Storage::stats() const {
  StorageStats stats;
  stats.groups = impl_->groups;
  stats.operations = impl_->operations;
  stats.failed = impl_->failed;
  stats.wal_bytes = impl_->checkpointer.log_bytes();
  stats.copied_beside = impl_->checkpointer.copied_beside();
  const std::lock_guard lock(impl_->mutex);
  stats.queued = impl_->queue.size() + impl_->patient.size();
  return stats;
}

void Storage::backup(const std::string& destination) { backup_database(impl_->options.path, destination); }

void Storage::stop() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->work.notify_all();
  if (impl_->writer_thread.joinable()) impl_->writer_thread.join();
  impl_->checkpointer.stop();
  {
    const std::lock_guard lock(impl_->readers_mutex);
    impl_->readers.clear();
    impl_->readers_stopped = true;
  }
  impl_->reader_free.notify_all();
  impl_->writer.reset();  // The last connection writes the log back into the file.
  impl_->lock_file.reset();
}

int Storage::current_version() { return schema_steps().back().version; }

}  // namespace mychat::server
