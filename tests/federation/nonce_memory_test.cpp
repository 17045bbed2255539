#include "federation/nonce_memory.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace mychat::federation {
namespace {

using enum NonceVerdict;

TEST(NonceMemory, TakesANonceOnceForAnOrigin) {
  NonceMemory memory(0);
  EXPECT_EQ(memory.accept("a.example", "n1", 100, 10), kFresh);
  EXPECT_EQ(memory.accept("a.example", "n1", 100, 11), kReplayed);
  EXPECT_EQ(memory.accept("a.example", "n1", 100, 100), kReplayed);
  EXPECT_EQ(memory.accept("b.example", "n1", 100, 11), kFresh);
  EXPECT_EQ(memory.accept("a.example", "n2", 100, 11), kFresh);
}

TEST(NonceMemory, ForgetsWhatIsTooOldAnyway) {
  NonceMemory memory(0);
  for (int i = 0; i < 100; ++i) memory.accept("a.example", std::to_string(i), 50, 1);
  EXPECT_EQ(memory.size(), 100U);
  EXPECT_EQ(memory.accept("b.example", "x", 200, 51), kFresh);  // Sweeps.
  EXPECT_EQ(memory.size(), 1U);
  // Whatever order they came in, and what comes again is still no news.
  memory.accept("c.example", "long", 100, 60);
  memory.accept("c.example", "short", 70, 60);
  memory.accept("c.example", "middle", 80, 60);
  EXPECT_EQ(memory.size(), 4U);
  EXPECT_EQ(memory.accept("c.example", "short", 70, 81), kTooOld);
  EXPECT_EQ(memory.size(), 2U);
  EXPECT_EQ(memory.accept("c.example", "long", 100, 81), kReplayed);
}

// What was seen is forgotten when the clock has leapt ahead; when it is right again, a replay of that is in
// time once more.
TEST(NonceMemory, AClockThatLeapsAheadAndBackLetsNoReplayIn) {
  NonceMemory memory(0);
  EXPECT_EQ(memory.accept("a.example", "n1", 1090, 1000), kFresh);
  EXPECT_EQ(memory.accept("b.example", "n2", 1095, 1000), kFresh);
  EXPECT_EQ(memory.accept("a.example", "of tomorrow", 87'490, 87'400), kFresh);  // Forgets n1 and n2.
  EXPECT_EQ(memory.size(), 1U);
  EXPECT_EQ(memory.accept("a.example", "n1", 1090, 1005), kTooOld);
  EXPECT_EQ(memory.accept("b.example", "n2", 1095, 1005), kTooOld);
  // The latest of all that was forgotten counts, also for others: which nonce was whose is forgotten too.
  EXPECT_EQ(memory.accept("c.example", "n3", 1095, 1005), kTooOld);
  // What is signed a little later is taken, at once and once.
  EXPECT_EQ(memory.accept("a.example", "n4", 1096, 1006), kFresh);
  EXPECT_EQ(memory.accept("a.example", "n4", 1096, 1006), kReplayed);
  // What was seen ahead of time is still known when its time comes, and holds up no forgetting until then.
  EXPECT_EQ(memory.accept("a.example", "n5", 1300, 1200), kFresh);
  EXPECT_EQ(memory.size(), 2U);
  EXPECT_EQ(memory.accept("a.example", "of tomorrow", 87'490, 87'400), kReplayed);
}

TEST(NonceMemory, AFloodOfOneOriginFillsItsOwnPartOnly) {
  NonceMemory memory(0, {.per_origin = 10, .in_all = 25});
  for (int i = 0; i < 10; ++i) EXPECT_EQ(memory.accept("flood.example", std::to_string(i), 100, 1), kFresh);
  EXPECT_EQ(memory.accept("flood.example", "more", 100, 1), kFull);
  EXPECT_EQ(memory.accept("flood.example", "3", 100, 1), kReplayed);
  EXPECT_EQ(memory.accept("calm.example", "1", 100, 1), kFresh);
  EXPECT_EQ(memory.accept("calm.example", "1", 100, 1), kReplayed);
  for (int i = 0; i < 14; ++i) EXPECT_EQ(memory.accept("other" + std::to_string(i), "1", 100, 1), kFresh);
  EXPECT_EQ(memory.accept("late.example", "1", 100, 1), kFull);
  EXPECT_EQ(memory.accept("late.example", "1", 300, 101), kFresh);  // The others' time is over.
}

TEST(NonceMemory, OfAMillionOriginsItRemembersABoundedNumber) {
  NonceMemory memory(0, {.per_origin = 10, .in_all = 100'000});
  int taken = 0;
  for (int i = 0; i < 1'000'000; ++i)
    taken += memory.accept("o" + std::to_string(i) + ".example", "1", 100, 1) == kFresh ? 1 : 0;
  EXPECT_EQ(taken, 100'000);
  EXPECT_EQ(memory.size(), 100'000U);
  EXPECT_EQ(memory.accept("late.example", "1", 300, 101), kFresh);
  EXPECT_EQ(memory.size(), 1U);
}

TEST(NonceMemory, KnowsWhatMayHaveBeenSeenBeforeItBegan) {
  const NonceMemory memory(50'400);
  // At 1000.9 of the clock that signatures go by.
  EXPECT_TRUE(memory.too_old(999, 1'000'900, 50'400));
  EXPECT_FALSE(memory.too_old(1000, 1'000'900, 50'400));
  EXPECT_TRUE(memory.too_old(999, 1'030'100, 79'600));
  EXPECT_FALSE(memory.too_old(1000, 1'030'100, 79'600));
}

TEST(NonceMemory, ThatBeganWithAWrongClockKnowsItOnceThatIsSet) {
  const NonceMemory memory(50'000);
  // It was a day ahead: what is signed now is not from before the beginning, what is older than that is.
  EXPECT_FALSE(memory.too_old(1020, 1'030'000, 80'000));
  EXPECT_TRUE(memory.too_old(990, 1'030'000, 80'000));
  // It was a day behind: what another process took just before the beginning is not new because of that.
  EXPECT_TRUE(memory.too_old(87'390, 87'430'000, 80'000));
  EXPECT_FALSE(memory.too_old(87'400, 87'430'000, 80'000));
}

TEST(NonceMemory, ThreadsTakeANonceOnceTogether) {
  NonceMemory memory(0);
  std::atomic<int> fresh = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) fresh += memory.accept("a.example", std::to_string(i), 100, 1) == kFresh;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(fresh, 1000);
}

}  // namespace
}  // namespace mychat::federation
