#include "e2ee/mls/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

namespace mychat::mls {

namespace {

// A thread costs as much to start as one or two of the operations of public keys that are shared out here.
constexpr std::size_t kLeastForThreads = 8;

class Batch {
 public:
  Batch(std::size_t count, const std::function<void(std::size_t)>& work) : count_(count), work_(work) {}

  void run() noexcept {
    for (;;) {
      const std::size_t i = next_.fetch_add(1, std::memory_order_relaxed);
      if (i >= count_) return;
      try {
        work_(i);
      } catch (...) {
        keep(i, std::current_exception());
      }
    }
  }

  void finish() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  void keep(std::size_t i, std::exception_ptr failure) noexcept {
    const std::lock_guard lock(mutex_);
    if (failure_ && failed_ < i) return;
    failure_ = std::move(failure);
    failed_ = i;
  }

  const std::size_t count_;
  const std::function<void(std::size_t)>& work_;
  std::atomic<std::size_t> next_{0};
  std::mutex mutex_;
  std::exception_ptr failure_;
  std::size_t failed_ = 0;
};

}  // namespace

void for_each_parallel(std::size_t count, const std::function<void(std::size_t)>& work) {
  Batch batch(count, work);
  const std::size_t threads =
      std::min<std::size_t>(std::max(1U, std::thread::hardware_concurrency()), count / kLeastForThreads);
  {
    std::vector<std::jthread> helpers;  // Joined at the end of this block.
    try {
      while (helpers.size() + 1 < threads) helpers.emplace_back([&batch] { batch.run(); });
    } catch (const std::system_error&) {
      // The system gives no more threads: those that there are do the work.
    } catch (const std::bad_alloc&) {
    }
    batch.run();
  }
  batch.finish();
}

}  // namespace mychat::mls
