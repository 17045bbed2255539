#include "storage/quick_check.h"

#include <sqlite3.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "storage/sqlite.h"

namespace mychat::server {
namespace {

// Interrupts what a connection does once the time is over. A progress handler would not do: before version
// 3.41, SQLite does not call it while it walks through pages.
class TimeLimit {
 public:
  TimeLimit(SqliteConnection& db, std::chrono::milliseconds limit)
      : thread_([this, handle = db.handle(), limit] {
          std::unique_lock lock(mutex_);
          if (wake_.wait_for(lock, limit, [this] { return ended_; })) return;
          over_ = true;
          sqlite3_interrupt(handle);
        }) {}
  ~TimeLimit() { end(); }
  TimeLimit(const TimeLimit&) = delete;
  TimeLimit& operator=(const TimeLimit&) = delete;

  // True when it was over before.
  bool end() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
    return over_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  bool ended_ = false;
  bool over_ = false;
  std::thread thread_;  // Last: it uses the others.
};

// SQLite's text has a head line of its own, and may have several.
std::string one_line(std::string text) {
  constexpr std::string_view kHead = "*** in database main ***\n";
  if (text.starts_with(kHead)) text.erase(0, kHead.size());
  for (char& c : text)
    if (c == '\n') c = ' ';
  return text;
}

}  // namespace

QuickCheck quick_check(SqliteConnection& db, std::chrono::milliseconds limit) {
  QuickCheck result;
  TimeLimit time(db, limit);
  try {
    auto query = db.query("PRAGMA quick_check(1)");
    if (query.step() && query.text(0) != "ok") result.problem = one_line(query.string(0));
  } catch (const Error& error) {
    if (error.status() != MYCHAT_E_STORE_CORRUPT && !time.end()) throw;  // Memory or a disk: no damage.
    result.problem = error.what();
  }
  result.cut = time.end();
  if (result.cut) result.problem.clear();  // Of pages that were not reached it says that nobody uses them.
  return result;
}

}  // namespace mychat::server
