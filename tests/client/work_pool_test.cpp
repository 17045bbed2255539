#include "client/work_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "support/expect_error.h"

namespace mychat {
namespace {

TEST(WorkPool, OneThreadWorksInTheOrderOfSubmission) {
  std::vector<int> done;
  WorkPool pool(1, 1000);
  for (int i = 0; i < 500; ++i) pool.submit([&done, i] { done.push_back(i); });
  pool.join();
  ASSERT_EQ(done.size(), 500u);
  for (int i = 0; i < 500; ++i) EXPECT_EQ(done[static_cast<std::size_t>(i)], i);
}

TEST(WorkPool, AsManyThreadsAsAllowedAndNoMore) {
  constexpr int kThreads = 3;
  WorkPool pool(kThreads, 100);
  std::latch together(kThreads);
  std::mutex mutex;
  std::set<std::thread::id> threads;
  std::atomic<int> running{0}, most{0};
  for (int i = 0; i < 30; ++i)
    pool.submit([&, i] {
      const int now = ++running;
      int seen = most;
      while (now > seen && !most.compare_exchange_weak(seen, now)) {
      }
      if (i < kThreads) together.arrive_and_wait();  // Ends only if all of them run at once.
      {
        const std::lock_guard lock(mutex);
        threads.insert(std::this_thread::get_id());
      }
      --running;
    });
  pool.join();
  EXPECT_EQ(most, kThreads);
  EXPECT_EQ(threads.size(), static_cast<std::size_t>(kThreads));
}

TEST(WorkPool, ThreadsAreUsedAgain) {
  WorkPool pool(4, 100);
  std::mutex mutex;
  std::set<std::thread::id> threads;
  for (int i = 0; i < 50; ++i) {
    std::latch done(1);
    pool.submit([&] {
      {
        const std::lock_guard lock(mutex);
        threads.insert(std::this_thread::get_id());
      }
      done.count_down();
    });
    done.wait();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));  // It becomes idle.
  }
  pool.join();
  EXPECT_LE(threads.size(), 4u);
}

TEST(WorkPool, WhatWaitsIsBoundedAndMayBeTriedAgain) {
  WorkPool pool(1, 2);
  std::latch begun(1), go(1);
  std::atomic<int> done{0};
  pool.submit([&] {
    begun.count_down();
    go.wait();
    ++done;
  });
  begun.wait();
  pool.submit([&] { ++done; });
  pool.submit([&] { ++done; });
  try {
    pool.submit([&] { done += 100; });
    ADD_FAILURE() << "one too many was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), MYCHAT_E_BUSY);
    EXPECT_TRUE(error.retryable());
  }
  go.count_down();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (done < 3 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  pool.submit([&] { ++done; });
  pool.join();
  EXPECT_EQ(done, 4);
}

TEST(WorkPool, JoinRunsWhatWaitsAndThenNothingIsTaken) {
  std::atomic<int> done{0};
  WorkPool pool(2, 1000);
  for (int i = 0; i < 200; ++i)
    pool.submit([&] {
      std::this_thread::sleep_for(std::chrono::microseconds(100));
      ++done;
    });
  pool.join();
  EXPECT_EQ(done, 200);
  EXPECT_ERROR(pool.submit([] {}), MYCHAT_E_CLOSED, "");
  pool.join();  // Again is harmless.
  WorkPool unused(4, 10);
  unused.join();
}

TEST(WorkPool, WorkMaySubmitMoreAlsoWhenWhatItHoldsIsLetGo) {
  std::atomic<int> done{0};
  WorkPool pool(1, 10);
  std::latch ended(2);
  struct SubmitsAtItsEnd {
    WorkPool& pool;
    std::atomic<int>& done;
    std::latch& ended;
    ~SubmitsAtItsEnd() {
      pool.submit([&done = done, &ended = ended] {
        ++done;
        ended.count_down();
      });
    }
  };
  pool.submit([&pool, &done, &ended, held = std::make_shared<SubmitsAtItsEnd>(pool, done, ended)] {
    pool.submit([&done, &ended] {
      ++done;
      ended.count_down();
    });
  });
  ended.wait();
  pool.join();
  EXPECT_EQ(done, 2);
}

TEST(WorkPool, ManyThreadsSubmitWhileItIsClosed) {
  for (int round = 0; round < 20; ++round) {
    std::atomic<int> taken{0}, done{0};
    WorkPool pool(3, 64);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&] {
        for (int n = 0; n < 200; ++n) {
          try {
            pool.submit([&] { ++done; });
            ++taken;
          } catch (const Error& error) {
            EXPECT_TRUE(error.status() == MYCHAT_E_BUSY || error.status() == MYCHAT_E_CLOSED);
            if (error.status() == MYCHAT_E_CLOSED) return;
          }
        }
      });
    std::this_thread::sleep_for(std::chrono::microseconds(200 * round));
    pool.join();
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(done, taken) << "what was taken is done, and nothing else";
  }
}

}  // namespace
}  // namespace mychat
