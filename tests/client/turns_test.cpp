#include "client/turns.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "client/freshness.h"

namespace mychat {
namespace {

TEST(Turns, TheSameUsersTurnsComeInTheirOrderAndOthersAtOnce) {
  Turns turns;
  auto first = turns.take("alice");
  auto second = turns.take("alice");
  auto other = turns.take("bob");
  EXPECT_TRUE(first->wait({}));
  EXPECT_TRUE(other->wait({}));
  std::atomic<bool> reached{false};
  std::thread waits([&] {
    EXPECT_TRUE(second->wait({}));
    reached = true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  EXPECT_FALSE(reached);
  other.reset();
  std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_FALSE(reached);
  first.reset();
  waits.join();
  EXPECT_TRUE(reached);
}

TEST(Turns, AWaitCanBeStoppedAndTheTurnGivenUp) {
  Turns turns;
  auto first = turns.take("alice");
  auto second = turns.take("alice");
  auto third = turns.take("alice");
  std::stop_source stop;
  std::thread waits([&] { EXPECT_FALSE(second->wait(stop.get_token())); });
  stop.request_stop();
  waits.join();
  second.reset();
  first.reset();
  EXPECT_TRUE(third->wait({}));
}

TEST(Turns, ManyThreadsAreOneAtATime) {
  Turns turns;
  std::atomic<int> inside{0};
  std::vector<int> order;
  std::vector<std::shared_ptr<Turns::Turn>> row;
  for (int i = 0; i < 40; ++i) row.push_back(turns.take("alice"));
  std::vector<std::thread> threads;
  for (int i = 39; i >= 0; --i)
    threads.emplace_back([&, i] {
      auto turn = std::move(row[static_cast<std::size_t>(i)]);
      ASSERT_TRUE(turn->wait({}));
      EXPECT_EQ(++inside, 1);
      order.push_back(i);
      --inside;
      turn.reset();
    });
  for (std::thread& thread : threads) thread.join();
  for (int i = 0; i < 40; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
}

TEST(Freshness, OnlyWhatChangedSinceTheMarkIsNewer) {
  Freshness changes;
  const auto before = changes.mark();
  EXPECT_FALSE(changes.changed_since("alice", before));
  changes.changed("alice");
  EXPECT_TRUE(changes.changed_since("alice", before));
  EXPECT_FALSE(changes.changed_since("bob", before));
  const auto after = changes.mark();
  EXPECT_FALSE(changes.changed_since("alice", after));
  changes.changed("bob");
  EXPECT_FALSE(changes.changed_since("alice", after));
  changes.changed("alice");
  EXPECT_TRUE(changes.changed_since("alice", after));
}

TEST(Freshness, WhatIsRememberedIsBoundedOnTheSafeSide) {
  Freshness changes;
  changes.changed("alice");
  const auto before = changes.mark();
  for (std::size_t i = 0; i < Freshness::kMost; ++i) changes.changed("user" + std::to_string(i));
  EXPECT_TRUE(changes.changed_since("alice", before)) << "nobody knows any more";
  const auto after = changes.mark();
  EXPECT_FALSE(changes.changed_since("alice", after));
  EXPECT_FALSE(changes.changed_since("user0", after));
  changes.changed("user0");
  EXPECT_TRUE(changes.changed_since("user0", after));
}

}  // namespace
}  // namespace mychat
