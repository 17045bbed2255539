// Ranges of the journal: what was not acknowledged, what came since, and what is given out again.
#include <algorithm>
#include <random>

#include "client/queue.h"

namespace mychat {
namespace {

Event journal(std::uint64_t seq) {
  Event event;
  event.seq = seq;
  return event;
}

TEST(EventQueueJournal, AtOpeningWhatWasNotAcknowledgedComesAgain) {
  EventQueue queue(16);
  queue.journal_opened(7, 9);
  EXPECT_EQ(queue.journal_given(), 9u) << "an earlier run was given all of it";
  EXPECT_EQ(next(queue), "journal 8");
  EXPECT_EQ(next(queue), "journal 9");
  EXPECT_EQ(next(queue), "nothing");
  grow(queue, 10);
  EXPECT_EQ(queue.journal_given(), 9u);
  EXPECT_EQ(next(queue), "journal 10");
  EXPECT_EQ(queue.journal_given(), 10u);
}

TEST(EventQueueJournal, AllAcknowledgedNothingComes) {
  EventQueue queue(16);
  queue.journal_opened(9, 9);
  EXPECT_FALSE(readable(queue));
  EXPECT_EQ(next(queue), "nothing");
}

TEST(EventQueueJournal, GrowthIsGivenOutOnceAndInItsPlace) {
  EventQueue queue(16);
  grow(queue, 3);
  grow(queue, 3);  // Nothing new.
  grow(queue, 2);
  queue.push(typing("between"));
  grow(queue, 5);
  for (const char* expected : {"journal 1", "journal 2", "journal 3", "typing between", "journal 4"})
    EXPECT_EQ(next(queue), expected);
  grow(queue, 6);  // While a range is half taken.
  EXPECT_EQ(next(queue), "journal 5");
  EXPECT_EQ(next(queue), "journal 6");
  EXPECT_EQ(next(queue), "nothing");
}

TEST(EventQueueJournal, ARewindReplaysFromThereAndOnlyOnce) {
  EventQueue queue(16);
  grow(queue, 6);
  queue.push(typing("a"));
  for (int i = 0; i < 4; ++i) next(queue);
  queue.journal_rewind(2);
  queue.journal_rewind(2);
  for (const char* expected : {"journal 3", "journal 4", "journal 5", "journal 6", "typing a", "nothing"})
    EXPECT_EQ(next(queue), expected);
  EXPECT_EQ(queue.journal_given(), 6u);
  queue.journal_rewind(0);
  grow(queue, 7);
  for (int i = 1; i <= 7; ++i) EXPECT_EQ(next(queue), "journal " + std::to_string(i));
  queue.journal_rewind(100);
  EXPECT_EQ(next(queue), "nothing");
}

TEST(EventQueueJournal, WhatSeveralGiveBackStaysInOrder) {
  std::mt19937 random(7);
  for (int round = 0; round < 50; ++round) {
    constexpr std::uint64_t kTaken = 12;  // More than the places that are there from the beginning.
    EventQueue queue(16);
    grow(queue, 100);
    std::vector<std::uint64_t> taken;
    for (std::uint64_t i = 1; i <= kTaken; ++i) {
      next(queue);
      taken.push_back(i);
    }
    std::shuffle(taken.begin(), taken.end(), random);
    for (const std::uint64_t seq : taken) queue.give_back(journal(seq));
    for (int i = 1; i <= 100; ++i)
      ASSERT_EQ(next(queue), "journal " + std::to_string(i)) << "round " << round;
    ASSERT_EQ(next(queue), "nothing");
  }
}

TEST(EventQueueJournal, NothingGivenBackIsLostWhenThereIsNoPlaceLeft) {
  EventQueue queue(16);
  grow(queue, 200);
  std::vector<std::uint64_t> odd;
  for (std::uint64_t i = 1; i <= 100; ++i) {
    next(queue);
    if (i % 2 == 1) odd.push_back(i);  // No two of them are neighbours: each would need a place.
  }
  std::reverse(odd.begin(), odd.end());
  for (const std::uint64_t seq : odd) queue.give_back(journal(seq));
  std::vector<bool> seen(201, false);
  std::uint64_t last = 0;
  EventQueue::Taken taken;
  while (queue.take(0, taken) == Wait::kReady) {
    EXPECT_GT(taken.journal_seq, last) << "in order";
    last = taken.journal_seq;
    seen[last] = true;
  }
  for (const std::uint64_t seq : odd) EXPECT_TRUE(seen[seq]) << seq;
  for (std::uint64_t i = 101; i <= 200; ++i) EXPECT_TRUE(seen[i]) << i;
}

TEST(EventQueueJournal, WhatIsGivenBackAfterARewindDoesNotComeTwice) {
  EventQueue queue(16);
  grow(queue, 6);
  for (int i = 0; i < 5; ++i) next(queue);
  queue.journal_rewind(3);
  queue.give_back(journal(5));
  for (const char* expected : {"journal 4", "journal 5", "journal 6", "nothing"})
    EXPECT_EQ(next(queue), expected);
  queue.give_back(journal(6));
  EXPECT_EQ(next(queue), "journal 6");
}

}  // namespace
}  // namespace mychat
