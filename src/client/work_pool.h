// A few threads, started when needed, for requests that wait for the network.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace mychat {

class WorkPool {
 public:
  explicit WorkPool(std::size_t threads, std::size_t max_waiting)
      : threads_(threads), max_waiting_(max_waiting) {}
  ~WorkPool() { join(); }
  WorkPool(const WorkPool&) = delete;
  WorkPool& operator=(const WorkPool&) = delete;

  // MYCHAT_E_BUSY when too many wait, MYCHAT_E_CLOSED after join(). The work must not throw.
  void submit(std::function<void()> work);
  // Runs what waits, then ends the threads. Not from one of them.
  void join() noexcept;

 private:
  void run() noexcept;

  const std::size_t threads_;
  const std::size_t max_waiting_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;
  std::vector<std::thread> running_;
  std::size_t idle_ = 0;
  bool ending_ = false;
};

}  // namespace mychat
