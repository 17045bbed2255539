#include "client/work_pool.h"

#include <system_error>

#include "base/error.h"

namespace mychat {

void WorkPool::submit(std::function<void()> work) {
  const std::lock_guard lock(mutex_);
  if (ending_) throw Error(MYCHAT_E_CLOSED, MYCHAT_DOMAIN_API, "The client is closed.");
  if (waiting_.size() >= max_waiting_)
    throw Error(MYCHAT_E_BUSY, MYCHAT_DOMAIN_API, "Too many requests are under way.", 0, true);
  waiting_.push_back(std::move(work));
  if (idle_ < waiting_.size() && running_.size() < threads_) {
    try {
      running_.reserve(threads_);
      running_.emplace_back([this] { run(); });
    } catch (...) {
      // One thread is enough to go on; with none the work cannot be accepted.
      if (running_.empty()) {
        waiting_.pop_back();
        throw Error(MYCHAT_E_OUT_OF_MEMORY, MYCHAT_DOMAIN_SYSTEM, "No thread could be started.", 0, true);
      }
    }
  }
  changed_.notify_one();
}

void WorkPool::run() noexcept {
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    changed_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
    --idle_;
    if (waiting_.empty()) return;
    std::function<void()> work = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    work();
    work = nullptr;  // What it holds is let go outside of the mutex.
    lock.lock();
  }
}

void WorkPool::join() noexcept {
  std::vector<std::thread> threads;
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    threads.swap(running_);
  }
  changed_.notify_all();
  for (std::thread& thread : threads) thread.join();
}

}  // namespace mychat
