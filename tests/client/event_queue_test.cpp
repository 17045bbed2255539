#include "client/queue.h"

#include "support/expect_error.h"

namespace mychat {
namespace {

TEST(EventQueue, EverythingComesInTheOrderInWhichItHappened) {
  EventQueue queue(100);
  const mychat_request_id first = begin(queue);
  const mychat_request_id second = begin(queue);
  queue.push(typing("alice"));
  queue.complete(second, {}, 5);
  grow(queue, 2);
  queue.push(connection(MYCHAT_CONNECTION_ONLINE));
  queue.complete(first, {}, 6);
  EXPECT_EQ(next(queue), "typing alice");
  EXPECT_EQ(next(queue), "completion " + std::to_string(second)) << "requests end in any order";
  EXPECT_EQ(next(queue), "journal 1");
  EXPECT_EQ(next(queue), "journal 2");
  EXPECT_EQ(next(queue), "connection");
  EXPECT_EQ(next(queue), "completion " + std::to_string(first));
  EXPECT_EQ(next(queue), "nothing");
}

TEST(EventQueue, ACompletionSaysWhatItCompletesAndComesOnce) {
  EventQueue queue(100);
  const mychat_request_id request = begin(queue, MYCHAT_OPERATION_LOGIN);
  Completion done;
  done.error = Error(MYCHAT_E_TIMEOUT, MYCHAT_DOMAIN_NETWORK, "late");
  queue.complete(request, std::move(done), 1234);
  queue.complete(request, {}, 9999);  // The first wins.
  queue.complete(request + 77, {}, 1);
  EventQueue::Taken taken;
  ASSERT_EQ(queue.take(0, taken), Wait::kReady);
  ASSERT_TRUE(taken.event);
  EXPECT_EQ(taken.event->type, MYCHAT_EVENT_COMPLETION);
  EXPECT_EQ(taken.event->time, 1234);
  const auto& completion = std::get<Completion>(taken.event->data);
  EXPECT_EQ(completion.request, request);
  EXPECT_EQ(completion.operation, MYCHAT_OPERATION_LOGIN);
  ASSERT_TRUE(completion.error);
  EXPECT_EQ(completion.error->status(), MYCHAT_E_TIMEOUT);
  EXPECT_EQ(next(queue), "nothing");
}

TEST(EventQueue, OfWhatPassesTheOldestGivesWay) {
  EventQueue queue(16);
  for (int i = 0; i < 20; ++i) queue.push(typing(std::to_string(i)));
  for (int i = 4; i < 20; ++i) EXPECT_EQ(next(queue), "typing " + std::to_string(i));
  EXPECT_EQ(next(queue), "nothing");
  // The room that was taken from is free again.
  for (int i = 0; i < 16; ++i) queue.push(typing(std::to_string(i)));
  EXPECT_EQ(next(queue), "typing 0");
  queue.push(typing("last"));
  EXPECT_EQ(next(queue), "typing 1");
}

TEST(EventQueue, CompletionsAndTheJournalNeverGiveWay) {
  EventQueue queue(16);
  std::vector<mychat_request_id> requests;
  for (int i = 0; i < 100; ++i) requests.push_back(begin(queue));
  for (const mychat_request_id request : requests) queue.complete(request, {}, 0);
  for (std::uint64_t i = 1; i <= 100; ++i) grow(queue, i);
  for (int i = 0; i < 100; ++i) queue.push(typing(std::to_string(i)));
  for (const mychat_request_id request : requests)
    ASSERT_EQ(next(queue), "completion " + std::to_string(request));
  for (int i = 1; i <= 100; ++i) ASSERT_EQ(next(queue), "journal " + std::to_string(i));
  for (int i = 84; i < 100; ++i) ASSERT_EQ(next(queue), "typing " + std::to_string(i));
  EXPECT_EQ(next(queue), "nothing");
}

TEST(EventQueue, WhatIsGivenBackComesNext) {
  EventQueue queue(16);
  for (int i = 0; i < 16; ++i) queue.push(typing(std::to_string(i)));
  EventQueue::Taken taken;
  ASSERT_EQ(queue.take(0, taken), Wait::kReady);
  queue.give_back(std::move(*taken.event));
  queue.push(typing("16"));  // It counts again: there is one too many.
  EXPECT_EQ(next(queue), "typing 1");

  const mychat_request_id request = begin(queue);
  queue.complete(request, {}, 0);
  Event completion;
  ASSERT_EQ(queue.await(request, 0, completion), Wait::kReady);
  queue.give_back(std::move(completion));
  EXPECT_EQ(next(queue), "completion " + std::to_string(request));
  EXPECT_EQ(next(queue), "typing 2");
}

TEST(EventQueue, TheDescriptorIsReadableExactlyWhileThereIsSomething) {
  EventQueue queue(16);
  EXPECT_FALSE(readable(queue));
  queue.push(typing("a"));
  queue.push(typing("b"));
  EXPECT_TRUE(readable(queue));
  EXPECT_TRUE(readable(queue)) << "looking does not change it";
  next(queue);
  EXPECT_TRUE(readable(queue)) << "one is left";
  next(queue);
  EXPECT_FALSE(readable(queue));

  grow(queue, 2);
  next(queue);
  EXPECT_TRUE(readable(queue)) << "half of a range";
  next(queue);
  EXPECT_FALSE(readable(queue));
  queue.journal_rewind(1);
  EXPECT_TRUE(readable(queue));
  queue.journal_rewind(2);
  EXPECT_FALSE(readable(queue));

  queue.wakeup();
  EXPECT_TRUE(readable(queue));
  EXPECT_EQ(next(queue), "woken");
  EXPECT_FALSE(readable(queue));

  const mychat_request_id request = begin(queue);
  EXPECT_FALSE(readable(queue));
  queue.complete(request, {}, 0);
  EXPECT_TRUE(readable(queue));
  Event event;
  EXPECT_EQ(queue.await(request, 0, event), Wait::kReady);
  EXPECT_FALSE(readable(queue));
}

TEST(EventQueue, AwaitTakesOnlyItsCompletion) {
  EventQueue queue(16);
  const mychat_request_id first = begin(queue);
  const mychat_request_id second = begin(queue);
  queue.push(typing("a"));
  queue.complete(first, {}, 0);
  queue.complete(second, {}, 0);
  grow(queue, 1);
  Event event;
  ASSERT_EQ(queue.await(second, 0, event), Wait::kReady);
  EXPECT_EQ(std::get<Completion>(event.data).request, second);
  EXPECT_ERROR(queue.await(second, 0, event), MYCHAT_E_NOT_FOUND, "");
  EXPECT_ERROR(queue.await(second + 100, 0, event), MYCHAT_E_NOT_FOUND, "");
  EXPECT_EQ(next(queue), "typing a");
  EXPECT_EQ(next(queue), "completion " + std::to_string(first));
  EXPECT_EQ(next(queue), "journal 1");
  EXPECT_ERROR(queue.await(first, 0, event), MYCHAT_E_NOT_FOUND, "");
}

TEST(EventQueue, AwaitEndsAtItsTimeAndAtAWakeup) {
  EventQueue queue(16);
  const mychat_request_id request = begin(queue);
  Event event;
  queue.push(typing("a"));  // Something else is there, but not that.
  EXPECT_EQ(queue.await(request, 0, event), Wait::kTimeout);
  EXPECT_EQ(queue.await(request, 20, event), Wait::kTimeout);
  queue.wakeup();
  queue.wakeup();  // One is as good as two.
  EXPECT_EQ(queue.await(request, -1, event), Wait::kWoken);
  EXPECT_EQ(queue.await(request, 0, event), Wait::kTimeout);
  queue.abandon_request(request);
  EXPECT_ERROR(queue.await(request, 0, event), MYCHAT_E_NOT_FOUND, "");
  EXPECT_EQ(next(queue), "typing a");
}

TEST(EventQueue, ExclusiveRequestsRefuseTheSecondUntilTheFirstEnded) {
  EventQueue queue(16);
  const auto login = [&] {
    return queue.begin_request(MYCHAT_OPERATION_LOGIN, nullptr,
                               {MYCHAT_OPERATION_LOGIN, MYCHAT_OPERATION_REGISTER});
  };
  const mychat_request_id first = login();
  EXPECT_ERROR(login(), MYCHAT_E_INVALID_STATE, "");
  begin(queue);  // Others are not concerned.
  queue.complete(first, {}, 0);
  const mychat_request_id second = login();
  queue.abandon_request(second);
  EXPECT_GT(login(), second) << "ids are not used again";
}

TEST(EventQueue, CancellingCallsTheRequestsOwnFunction) {
  EventQueue queue(16);
  int cancelled = 0;
  const mychat_request_id request = queue.begin_request(MYCHAT_OPERATION_LOOKUP, [&] {
    ++cancelled;
    queue.push(typing("from the function"));  // It may use the queue.
  });
  begin(queue);
  queue.cancel_request(request);
  EXPECT_EQ(cancelled, 1);
  queue.cancel_all();
  EXPECT_EQ(cancelled, 2);
  queue.complete(request, {}, 0);
  EXPECT_ERROR(queue.cancel_request(request), MYCHAT_E_NOT_FOUND, "");
  queue.cancel_all();
  EXPECT_EQ(cancelled, 2);
}

TEST(EventQueue, ClosedNothingComesAndNothingBegins) {
  EventQueue queue(16);
  const mychat_request_id request = begin(queue);
  queue.push(typing("a"));
  queue.close();
  EXPECT_EQ(next(queue), "closed");
  EXPECT_EQ(queue.fd(), -1);
  queue.push(typing("b"));
  grow(queue, 5);
  queue.journal_rewind(0);
  Event event;
  EXPECT_EQ(queue.await(request, -1, event), Wait::kClosed);
  EXPECT_EQ(queue.await(request + 1, -1, event), Wait::kClosed);
  EXPECT_ERROR(begin(queue), MYCHAT_E_CLOSED, "");
  queue.complete(request, {}, 0);
  EXPECT_EQ(next(queue), "closed");
}

}  // namespace
}  // namespace mychat
