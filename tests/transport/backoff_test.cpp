#include "transport/backoff.h"

#include <gtest/gtest.h>

#include <set>

namespace mychat {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

BackoffPolicy policy() {
  BackoffPolicy out;
  out.base = milliseconds(1000);
  out.cap = milliseconds(10'000);
  out.floor = milliseconds(100);
  out.retry_after_cap = minutes(5);
  return out;
}

Backoff::Random most() {
  return [](std::uint64_t bound) { return bound; };
}
Backoff::Random least() {
  return [](std::uint64_t) { return std::uint64_t{0}; };
}

TEST(Backoff, DoublesUpToTheCapAndStartsAfreshAfterReset) {
  Backoff backoff(policy(), most());
  for (const int expected : {1000, 2000, 4000, 8000, 10'000, 10'000}) {
    EXPECT_EQ(backoff.next(), milliseconds(expected));
  }
  for (int i = 0; i < 100; ++i) EXPECT_EQ(backoff.next(), milliseconds(10'000));
  EXPECT_EQ(backoff.attempts(), 106u);
  backoff.reset();
  EXPECT_EQ(backoff.attempts(), 0u);
  EXPECT_EQ(backoff.next(), milliseconds(1000));
}

TEST(Backoff, NeverGoesBelowItsFloor) {
  Backoff backoff(policy(), least());
  for (int i = 0; i < 10; ++i) EXPECT_EQ(backoff.next(), milliseconds(100));
  BackoffPolicy zero;
  zero.base = zero.cap = zero.floor = milliseconds(0);
  EXPECT_EQ(Backoff(zero, least()).next(), milliseconds(1));
}

TEST(Backoff, NeverComesEarlierThanRetryAfterButBoundsIt) {
  Backoff early(policy(), least());
  EXPECT_EQ(early.next(milliseconds(30'000)), milliseconds(30'000));
  EXPECT_EQ(early.next(milliseconds(0)), milliseconds(100));
  EXPECT_EQ(early.next(milliseconds(-5)), milliseconds(100));
  EXPECT_EQ(early.next(minutes(60 * 24)), minutes(5));
  Backoff late(policy(), most());
  EXPECT_EQ(late.next(milliseconds(30'000)), milliseconds(30'900));
}

TEST(Backoff, SpreadsItsDelaysOverTheWholeRange) {
  Backoff backoff(policy());
  for (int i = 0; i < 10; ++i) backoff.next();
  std::set<std::int64_t> seen;
  bool low = false;
  bool high = false;
  for (int i = 0; i < 400; ++i) {
    const milliseconds delay = backoff.next();
    ASSERT_GE(delay, milliseconds(100));
    ASSERT_LE(delay, milliseconds(10'000));
    seen.insert(delay.count());
    low = low || delay < milliseconds(2600);
    high = high || delay > milliseconds(7500);
  }
  EXPECT_TRUE(low && high);
  EXPECT_GT(seen.size(), 300u);
}

}  // namespace
}  // namespace mychat
