#include "storage/checkpointer.h"

#include <sqlite3.h>

#include <algorithm>
#include <exception>
#include <memory>

#include "storage/sqlite.h"

namespace mychat::server {
namespace {

// The writer does not wait for a copy beside it once the log is so many times as large as it should be.
constexpr std::uint64_t kPatience = 4;

}  // namespace

void Checkpointer::start(const std::string& path, const Sizes& sizes) {
  path_ = path;
  sizes_ = sizes;
  sizes_.copy = std::min(sizes.copy, sizes.finish);
  thread_ = std::thread([this] { run(); });
}

void Checkpointer::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Checkpointer::log_grew(std::uint64_t pages) noexcept {
  const std::uint64_t before = log_pages_;
  if (before == 0 || pages <= before) {  // It began afresh.
    next_copy_ = sizes_.copy;
    next_finish_ = kPatience * sizes_.finish;
  }
  log_pages_ = pages;
}

void Checkpointer::between_groups(SqliteConnection& writer) {
  const std::uint64_t bytes = log_bytes();
  if (finish_wanted_.exchange(false) || bytes > next_finish_) {
    sqlite3_wal_checkpoint_v2(writer.handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    next_finish_ = bytes + kPatience * sizes_.finish;  // A long read may keep the log from its end.
  } else if (bytes >= next_copy_) {
    const std::lock_guard lock(mutex_);
    if (copy_wanted_) return;  // It is at it.
    copy_wanted_ = true;
    finish_after_copy_ = bytes > sizes_.finish;
    next_copy_ = bytes + sizes_.copy;
    wake_.notify_one();
  }
}

// SQLite brings what it copied to the disk only when it came to the log's end, which the writer would have to
// wait for; so it is done here.
void Checkpointer::copy(SqliteConnection& connection) {
  connection.pragma("schema_version");  // A connection that has read nothing does not know of the log.
  int copied = 0;                       // Of the log as it is, by whomever and whenever.
  sqlite3_wal_checkpoint_v2(connection.handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, &copied);
  if (copied < copied_of_log_) copied_of_log_ = 0;  // The log began afresh.
  copied_beside_ += static_cast<std::uint64_t>(std::max(copied, 0) - copied_of_log_);
  copied_of_log_ = std::max(copied, 0);
  sqlite3_file* file = nullptr;
  if (sqlite3_file_control(connection.handle(), "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK)
    return;
  if (file != nullptr && file->pMethods != nullptr) file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
}

void Checkpointer::run() {
  std::unique_ptr<SqliteConnection> connection;
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [&] { return copy_wanted_ || stopping_; });
    if (stopping_) return;
    lock.unlock();
    try {
      if (!connection) connection = std::make_unique<SqliteConnection>(path_, OpenMode::kReadWrite);
      copy(*connection);
      if (finish_after_copy_) {
        copy(*connection);  // What came meanwhile: the writer is to have little left.
        finish_wanted_ = true;
      }
    } catch (const std::exception&) {  // Tried again after a later group; at the latest by the writer itself.
    }
    lock.lock();
    copy_wanted_ = false;
  }
}

}  // namespace mychat::server
