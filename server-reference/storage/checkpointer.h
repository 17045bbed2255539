// Brings the write-ahead log back into the database. Internal to storage/.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

namespace mychat::server {

class SqliteConnection;

// The log is copied into the database beside the writer, a little at a time, so that the disk is never busy
// with it for long. While the writer goes on, that never reaches the log's end; once the log is large the
// writer itself copies the small rest between two groups, and its next commit starts the log afresh.
class Checkpointer {
 public:
  struct Sizes {
    std::uint64_t page = 0;
    std::uint64_t copy = 0;    // Growth of the log after which it is copied.
    std::uint64_t finish = 0;  // Size at which it is brought to its end.
  };

  ~Checkpointer() { stop(); }
  void start(const std::string& path, const Sizes& sizes);
  void stop();

  // On the writer thread: after a commit, with the length of the log; and between two groups.
  void log_grew(std::uint64_t pages) noexcept;
  void between_groups(SqliteConnection& writer);

  // Any thread.
  std::uint64_t log_bytes() const noexcept { return log_pages_ * sizes_.page; }
  std::uint64_t copied_beside() const noexcept { return copied_beside_; }  // Pages.

 private:
  void run();
  void copy(SqliteConnection& connection);

  std::string path_;
  Sizes sizes_;
  std::atomic<std::uint64_t> log_pages_{0};
  std::atomic<std::uint64_t> copied_beside_{0};
  int copied_of_log_ = 0;          // The thread's own.
  std::uint64_t next_copy_ = 0;    // Sizes of the log at which it is copied, and
  std::uint64_t next_finish_ = 0;  // at which the writer does not wait for that any longer.
  std::atomic<bool> finish_wanted_{false};

  std::mutex mutex_;
  std::condition_variable wake_;
  bool copy_wanted_ = false;
  bool finish_after_copy_ = false;  // Not changed while a copy is wanted.
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace mychat::server
