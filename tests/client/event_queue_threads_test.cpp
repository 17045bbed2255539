// Many threads at one queue; meant for ThreadSanitizer as well.
#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "client/queue.h"

namespace mychat {
namespace {

using std::chrono::milliseconds;

TEST(EventQueueThreads, AWaitEndsWhenSomethingComes) {
  EventQueue queue(16);
  std::thread other([&] {
    std::this_thread::sleep_for(milliseconds(20));
    queue.push(typing("a"));
  });
  EventQueue::Taken taken;
  EXPECT_EQ(queue.take(-1, taken), Wait::kReady);
  other.join();
}

TEST(EventQueueThreads, AWakeupEndsOneWaitAndIsKeptUntilThere) {
  EventQueue queue(16);
  queue.wakeup();
  EventQueue::Taken taken;
  EXPECT_EQ(queue.take(-1, taken), Wait::kWoken);
  std::thread other([&] {
    std::this_thread::sleep_for(milliseconds(20));
    queue.wakeup();
  });
  EXPECT_EQ(queue.take(-1, taken), Wait::kWoken);
  other.join();
  EXPECT_EQ(queue.take(0, taken), Wait::kTimeout);
}

TEST(EventQueueThreads, ClosingEndsEveryWait) {
  EventQueue queue(16);
  const mychat_request_id request = begin(queue);
  std::atomic<int> closed{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      EventQueue::Taken taken;
      closed += queue.take(-1, taken) == Wait::kClosed;
    });
    threads.emplace_back([&] {
      Event event;
      closed += queue.await(request, -1, event) == Wait::kClosed;
    });
    threads.emplace_back([&] {  // As a program that polls the descriptor.
      pollfd fd{queue.fd(), POLLIN, 0};
      if (fd.fd >= 0) {
        EXPECT_EQ(::poll(&fd, 1, 10'000), 1);
      }
      EventQueue::Taken taken;
      closed += queue.take(0, taken) == Wait::kClosed;
    });
  }
  std::this_thread::sleep_for(milliseconds(50));
  queue.close();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(closed, 12);
}

TEST(EventQueueThreads, EveryEventIsTakenByExactlyOne) {
  constexpr std::uint64_t kJournal = 2000;
  constexpr int kRequests = 500;
  EventQueue queue(100'000);
  std::atomic<std::uint64_t> journal{0};
  std::mutex mutex;
  std::multiset<std::uint64_t> seqs;
  std::multiset<mychat_request_id> completions;
  std::atomic<int> typings{0}, given_back{0};
  std::vector<std::thread> takers;
  for (int i = 0; i < 3; ++i)
    takers.emplace_back([&, i] {
      EventQueue::Taken taken;
      std::uint64_t count = 0;
      while (true) {
        const Wait wait = queue.take(-1, taken);
        if (wait == Wait::kClosed) return;
        if (wait == Wait::kWoken) continue;
        if (++count % 7 == static_cast<std::uint64_t>(i)) {  // It could not be handed on.
          Event back;
          if (taken.event) back = std::move(*taken.event);
          if (taken.journal_seq != 0) back.seq = taken.journal_seq;
          queue.give_back(std::move(back));
          ++given_back;
          continue;
        }
        const std::lock_guard lock(mutex);
        if (taken.journal_seq != 0) {
          seqs.insert(taken.journal_seq);
        } else if (const auto* done = std::get_if<Completion>(&taken.event->data)) {
          completions.insert(done->request);
        } else {
          ++typings;
        }
      }
    });
  std::vector<std::thread> makers;
  makers.emplace_back([&] {
    for (std::uint64_t i = 1; i <= kJournal; ++i) {
      grow(queue, i);
      if (i % 100 == 0) queue.wakeup();
    }
  });
  makers.emplace_back([&] {
    for (int i = 0; i < kRequests; ++i) queue.complete(begin(queue), {}, 0);
  });
  makers.emplace_back([&] {
    for (int i = 0; i < 1000; ++i) queue.push(typing("a"));
  });
  std::atomic<int> awaited{0};
  makers.emplace_back([&] {
    for (int i = 0; i < 200; ++i) {
      const mychat_request_id request = begin(queue);
      std::thread completes([&] { queue.complete(request, {}, 0); });
      Event event;
      try {
        while (queue.await(request, -1, event) != Wait::kReady) {
        }
        ++awaited;
        const std::lock_guard lock(mutex);
        completions.insert(request);
      } catch (const Error&) {
        // A taker was there first: it counted it.
      }
      completes.join();
    }
  });
  for (std::thread& thread : makers) thread.join();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  const auto all = [&] {
    const std::lock_guard lock(mutex);
    return seqs.size() >= kJournal && completions.size() >= kRequests + 200 && typings >= 1000;
  };
  while (!all() && std::chrono::steady_clock::now() < deadline) std::this_thread::sleep_for(milliseconds(5));
  queue.close();
  for (std::thread& thread : takers) thread.join();
  EXPECT_EQ(seqs.size(), kJournal);
  EXPECT_EQ(std::set<std::uint64_t>(seqs.begin(), seqs.end()).size(), kJournal) << "none twice";
  EXPECT_EQ(completions.size(), static_cast<std::size_t>(kRequests) + 200);
  EXPECT_EQ(std::set<mychat_request_id>(completions.begin(), completions.end()).size(), completions.size());
  EXPECT_EQ(typings, 1000);
  EXPECT_GT(given_back, 100);
}

TEST(EventQueueThreads, RequestsBeginEndAndAreCancelledTogether) {
  EventQueue queue(16);
  std::atomic<int> cancels{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&] {
      for (int n = 0; n < 500; ++n) {
        const mychat_request_id request = queue.begin_request(MYCHAT_OPERATION_LOOKUP, [&] { ++cancels; });
        queue.complete(request, {}, 0);
      }
    });
  threads.emplace_back([&] {
    for (int n = 0; n < 500; ++n) queue.cancel_all();
  });
  for (std::thread& thread : threads) thread.join();
  int completions = 0;
  while (next(queue) != "nothing") ++completions;
  EXPECT_EQ(completions, 1500);
}

}  // namespace
}  // namespace mychat
