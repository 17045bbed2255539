#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <thread>
#include <vector>

#include "crypto/rsa_keygen.h"
#include "tests/crypto/status.h"

namespace mychat {
namespace {

using std::chrono::steady_clock;
using test::status_of;

TEST(RsaKeygen, MakesDifferentKeysThatPassEveryCheck) {
  const RsaPrivateKey one = generate_rsa_4096(), two = generate_rsa_4096();
  EXPECT_FALSE(one == two);
  for (const RsaPrivateKey& key : {one, two}) {
    const RsaPrivateComponents numbers = key.components();
    EXPECT_EQ(RsaPrivateKey::from_components(numbers, RsaCheck::kFull), key);
    EXPECT_EQ(numbers.n.size(), 512u);
    EXPECT_NE(numbers.n.front() & 0x80, 0);
    EXPECT_EQ(numbers.p.size(), 256u);
    EXPECT_EQ(numbers.q.size(), 256u);
    EXPECT_GT(numbers.p, numbers.q);
    EXPECT_EQ(text(key.decrypt_oaep(key.public_key().encrypt_oaep(view("hello")))), "hello");
  }
  EXPECT_NE(one.components().p, two.components().p);
}

TEST(RsaKeygen, ReportsProgressInOrderOnTheCallersThread) {
  std::vector<KeygenProgress> reports;
  const auto caller = std::this_thread::get_id();
  (void)generate_rsa_4096({}, [&](const KeygenProgress& progress) {
    EXPECT_EQ(std::this_thread::get_id(), caller);
    reports.push_back(progress);
  });
  ASSERT_GE(reports.size(), 3u);
  EXPECT_EQ(reports.front().phase, KeygenPhase::kSearching);
  EXPECT_EQ(reports.front().candidates, 0u);
  EXPECT_EQ(reports.back().phase, KeygenPhase::kDone);
  EXPECT_EQ(reports.back().primes_found, 2u);
  EXPECT_GE(reports.back().candidates, 2u);
  for (std::size_t i = 1; i < reports.size(); ++i) {
    EXPECT_GE(reports[i].phase, reports[i - 1].phase);
    EXPECT_GE(reports[i].primes_found, reports[i - 1].primes_found);
    EXPECT_GE(reports[i].candidates, reports[i - 1].candidates);
  }
}

// Has another thread stop the generation in the middle of a phase; the time from there to the end of the
// call.
std::chrono::milliseconds time_to_cancel(KeygenPhase phase) {
  std::stop_source stop;
  std::thread stopper;
  steady_clock::time_point asked;
  const auto status = status_of([&] {
    (void)generate_rsa_4096(stop.get_token(), [&](const KeygenProgress& progress) {
      if (progress.phase != phase || stopper.joinable()) return;
      stopper = std::thread([&] {
        std::this_thread::sleep_for(
            std::chrono::milliseconds(20));  // Into the phase; no matter if beyond it.
        asked = steady_clock::now();
        stop.request_stop();
      });
    });
  });
  const auto ended = steady_clock::now();
  stopper.join();
  EXPECT_EQ(status, MYCHAT_E_CANCELLED);
  return std::chrono::duration_cast<std::chrono::milliseconds>(ended - asked);
}

TEST(RsaKeygen, CanBeCancelledWhileSearchingAndWhileChecking) {
  for (const KeygenPhase phase : {KeygenPhase::kSearching, KeygenPhase::kChecking}) {
    const auto took = time_to_cancel(phase);
    std::printf("cancelled after %d ms\n", static_cast<int>(took.count()));
    EXPECT_LT(took.count(), 500) << "some 50 ms on a quiet machine";
  }
}

TEST(RsaKeygen, DoesNotStartWhenItIsCancelledAlready) {
  std::stop_source stop;
  stop.request_stop();
  int reports = 0;
  EXPECT_EQ(status_of([&] {
              (void)generate_rsa_4096(stop.get_token(), [&](const KeygenProgress&) { ++reports; });
            }),
            MYCHAT_E_CANCELLED);
  EXPECT_EQ(reports, 0);
}

TEST(RsaKeygen, AnExceptionFromTheCallbackEndsItAndReachesTheCaller) {
  for (const KeygenPhase phase : {KeygenPhase::kSearching, KeygenPhase::kChecking}) {
    EXPECT_THROW((void)generate_rsa_4096({},
                                         [&](const KeygenProgress& progress) {
                                           if (progress.phase == phase) throw std::runtime_error("enough");
                                         }),
                 std::runtime_error);
  }
  int calls = 0;  // Also from the reports in the middle of the work.
  EXPECT_THROW((void)generate_rsa_4096({},
                                       [&](const KeygenProgress&) {
                                         if (++calls == 3) throw std::runtime_error("enough");
                                       }),
               std::runtime_error);
}

}  // namespace
}  // namespace mychat
