#include "e2ee/open_many.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <new>
#include <system_error>
#include <thread>

namespace mychat {
namespace {

class Batch {
 public:
  Batch(std::span<const OpenJob> jobs, const RsaPrivateKey& key, std::stop_token stop)
      : jobs_(jobs), key_(key), stop_(std::move(stop)), results_(jobs.size()) {}

  // Takes jobs until there are none. Never throws: what cannot even be written down is left for finish().
  void work() noexcept {
    for (;;) {
      const std::size_t i = next_.fetch_add(1, std::memory_order_relaxed);
      if (i >= jobs_.size() || stop_.stop_requested()) return;
      try {
        open(jobs_[i], results_[i]);
      } catch (...) {
        results_[i].error.reset();
      }
    }
  }

  // After every worker ended.
  std::vector<OpenResult> finish() {
    for (OpenResult& result : results_) {
      if (result.plaintext || result.error) continue;
      if (stop_.stop_requested()) {
        result.error.emplace(MYCHAT_E_CANCELLED, MYCHAT_DOMAIN_E2EE, "The decryption was cancelled.");
      } else {
        result.error.emplace(MYCHAT_E_OUT_OF_MEMORY, MYCHAT_DOMAIN_E2EE, "Memory ran out during decryption.");
      }
    }
    return std::move(results_);
  }

 private:
  void open(const OpenJob& job, OpenResult& result) const {
    try {
      result.plaintext = open_envelope(*job.fields, key_, job.content_type, job.as);
    } catch (const Error& error) {
      result.error = error;
    }
  }

  std::span<const OpenJob> jobs_;
  const RsaPrivateKey& key_;
  std::stop_token stop_;
  std::vector<OpenResult> results_;
  std::atomic<std::size_t> next_{0};
};

std::size_t count_of_threads(unsigned wanted, std::size_t jobs) {
  const unsigned threads = wanted != 0 ? wanted : std::max(1U, std::thread::hardware_concurrency());
  return std::min<std::size_t>(threads, jobs);
}

}  // namespace

std::vector<OpenResult> open_many(std::span<const OpenJob> jobs, const RsaPrivateKey& key, unsigned threads,
                                  std::stop_token stop) {
  Batch batch(jobs, key, std::move(stop));
  {
    std::vector<std::jthread> helpers;  // Joined at the end of this block.
    const std::size_t count = count_of_threads(threads, jobs.size());
    if (count > 1) helpers.reserve(count - 1);
    try {
      while (helpers.size() + 1 < count) helpers.emplace_back([&batch] { batch.work(); });
    } catch (const std::system_error&) {
      // The system gives no more threads: those that there are do the work.
    } catch (const std::bad_alloc&) {
    }
    batch.work();
  }
  return batch.finish();
}

}  // namespace mychat
