// Memory that runs out in the library's own threads while they talk with a real node: one allocation fails,
// or all of them for a short time. The process lives, each request completes, the client is online again by
// itself, and every message arrives once.
// What the calling thread lacks memory for: tests/c_api/torture_test.cpp.
#include <climits>

#include "c_api/failing_memory.h"
#include "e2e/world.h"

namespace mychat::e2e {
namespace {

constexpr int kShortageMs = 40;

enum class Shortage { kOnce, kForAShortTime };

class WithoutMemory : public World, public ::testing::WithParamInterface<Shortage> {
 protected:
  bool for_good() const { return GetParam() == Shortage::kForAShortTime; }
  void TearDown() override { test::stop_failing(); }

  // A request of which memory runs out somewhere: it has its result, or says why, and may be made again.
  mychat_status request_without_memory(Sdk& sdk, long place, const Sdk::Begin& begin) {
    mychat_request_id request = 0;
    mychat_event* event = nullptr;
    mychat_error error = MYCHAT_ERROR_INIT;
    test::fail_elsewhere(place, for_good());
    EXPECT_EQ(begin(&request, nullptr), MYCHAT_OK);
    mychat_status status = mychat_client_await(sdk.get(), request, kShortageMs, &event, &error);
    if (event == nullptr) {
      if (for_good()) test::stop_failing();
      status = mychat_client_await(sdk.get(), request, kWait, &event, &error);
    }
    test::stop_failing();
    EXPECT_NE(event, nullptr) << "place " << place << ": the request never completes";
    mychat_event_free(event);
    EXPECT_TRUE(status == MYCHAT_OK || error.retryable == 1)
        << "place " << place << ": " << mychat_status_name(status) << ": " << error.message;
    return status;
  }

  // At some places of those that `begin` comes by, and then once more with memory.
  void torture(Sdk& sdk, const char* what, const Sdk::Begin& begin, mychat_status again = MYCHAT_OK,
               long places = 12) {
    test::fail_elsewhere(LONG_MAX, false);
    EXPECT_EQ(sdk.call(begin), MYCHAT_OK) << what << ": " << sdk.error;
    const long asked = test::allocations_asked_for();
    test::stop_failing();
    EXPECT_GT(asked, 0) << "nothing could fail";
    int failures = 0;
    for (long i = 0; i < places; ++i) {
      const mychat_status status = request_without_memory(sdk, asked * i / places, begin);
      if (status != again) failures += status != MYCHAT_OK;
      if (HasFailure()) FAIL() << what;
    }
    const mychat_status with_memory = sdk.call(begin);
    EXPECT_TRUE(with_memory == MYCHAT_OK || with_memory == again) << what << ": " << sdk.error;
    std::printf("%-18s %ld allocations, %d of %ld requests failed\n", what, asked, failures, places);
  }
};

TEST_P(WithoutMemory, RequestsComplete) {
  Sdk a = alice();
  Sdk b = bob();
  const auto on = [&a](auto call, auto... arguments) {
    return [&a, call, arguments...](mychat_request_id* request, mychat_error* error) {
      return call(a.get(), arguments..., request, error);
    };
  };
  torture(a, "node_info", on(mychat_client_node_info));
  torture(a, "sessions", on(mychat_client_sessions));
  torture(a, "set_profile",
          on(mychat_client_set_profile, "https://example.org/a.png", "a status that is long"));
  torture(a, "lookup", on(mychat_client_lookup, kBob.c_str()));
  a.until([&] { return a.store_problems().empty(); }, "the store is sound");
  a.wait_status(a.send(kBob, "still here"), MYCHAT_MESSAGE_DELIVERED);
}

// What memory ran out for may have been done at the node: then it is so the second time.
TEST_P(WithoutMemory, ContactsAreAddedAndRemoved) {
  Sdk a = alice();
  Sdk b = bob();
  for (long place = 0; place < 240; place += 20) {
    mychat_status status = request_without_memory(a, place, [&](auto* r, auto* e) {
      return mychat_client_add_contact(a.get(), kBob.c_str(), "Bob", r, e);
    });
    if (status != MYCHAT_OK) status = a.add_contact(kBob);
    EXPECT_TRUE(status == MYCHAT_OK || status == MYCHAT_E_ALREADY_EXISTS) << a.error;
    EXPECT_TRUE(a.contact(kBob).listed) << place;
    const auto remove = [&](auto* r, auto* e) {
      return mychat_client_remove_contact(a.get(), kBob.c_str(), r, e);
    };
    if (request_without_memory(a, place, remove) != MYCHAT_OK && a.contact(kBob).listed) {
      const mychat_status again = a.call(remove);
      EXPECT_TRUE(again == MYCHAT_OK || again == MYCHAT_E_NOT_FOUND) << a.error;
    }
    EXPECT_FALSE(a.contact(kBob).listed) << place;
    if (HasFailure()) break;
  }
}

TEST_P(WithoutMemory, TheAccountIsEntered) {
  int i = 0;
  for (const long place : {0, 30, 90, 200, 400}) {
    const std::string name = "user" + std::to_string(i++);
    Sdk sdk = client(name);
    ASSERT_EQ(sdk.import_key(test::kAliceKey), MYCHAT_OK);
    mychat_register_options options = MYCHAT_REGISTER_OPTIONS_INIT;
    options.username = name.c_str();
    options.password = "a long password";
    const mychat_status status = request_without_memory(
        sdk, place, [&](auto* r, auto* e) { return mychat_client_register(sdk.get(), &options, r, e); });
    // The answer may have been lost, not the account.
    if (status != MYCHAT_OK && !sdk.account().logged_in) {
      const mychat_status again = sdk.register_user(name);
      if (again != MYCHAT_OK) {
        EXPECT_EQ(again, MYCHAT_E_ALREADY_EXISTS) << sdk.error;
        EXPECT_EQ(sdk.login(name), MYCHAT_OK) << sdk.error;
      }
    }
    sdk.wait_online();
    EXPECT_TRUE(sdk.account().logged_in);
    if (HasFailure()) break;
  }
}

TEST_P(WithoutMemory, ARotationIsDoneOrNot) {
  Sdk a = alice();
  Sdk b = bob();
  ASSERT_EQ(b.add_contact(kAlice), MYCHAT_OK);
  for (const long place : {60, 150, 300, 600}) {
    request_without_memory(
        a, place, [&](auto* r, auto* e) { return mychat_client_rotate_identity(a.get(), nullptr, r, e); });
    a.until([&] { return a.lookup(kBob) == MYCHAT_OK; }, "the node answers");
    // The key that is here becomes the one that the node gives others.
    a.until(
        [&] {
          b.lookup(kAlice);
          const Peer peer = b.contact(kAlice);
          return a.account().fingerprint == (peer.pending.empty() ? peer.fingerprint : peer.pending);
        },
        "both sides have the same key");
    if (HasFailure()) break;
  }
  const Peer peer = b.contact(kAlice);
  if (!peer.pending.empty()) {
    EXPECT_EQ(mychat_client_accept_key(b.get(), kAlice.c_str(), peer.pending.c_str(), nullptr), MYCHAT_OK);
  }
  b.send(kAlice, "to the key of now");
  EXPECT_TRUE(a.wait_message("to the key of now").readable);
}

TEST_P(WithoutMemory, EveryMessageArrivesOnce) {
  for (const std::uint32_t flags : {0u, std::uint32_t{MYCHAT_CLIENT_NO_WEBSOCKET}}) {
    const std::string suffix = flags == 0 ? "1" : "2";
    Sdk a = user("alice" + suffix, test::kAliceKey, flags);
    Sdk b = user("bob" + suffix, test::kBobKey, flags);
    std::vector<std::string> sent;
    long place = 1;
    for (int i = 0; i < 60; ++i) {
      test::fail_elsewhere(place, for_good());
      Sdk& from = i % 3 == 0 ? b : a;
      sent.push_back(
          from.send(from.handle == a.handle ? b.handle : a.handle, "message " + std::to_string(i)));
      b.pump_for(for_good() ? kShortageMs : 10);
      if (for_good()) test::stop_failing();
      place = place * 5 / 4 + 3;
      if (place > 20'000) place = 1;
    }
    test::stop_failing();
    for (const std::string& id : sent) {
      Sdk& from = a.message(id).direction == MYCHAT_DIRECTION_OUT ? a : b;
      Sdk& to = &from == &a ? b : a;
      to.until([&] { return to.times_received(id) > 0; }, "the message is there", 60'000);
      from.until([&] { return from.message(id).status >= MYCHAT_MESSAGE_DELIVERED; }, "its receipt is there",
                 60'000);
      EXPECT_EQ(to.times_received(id), 1);
      EXPECT_TRUE(to.message(id).readable);
      EXPECT_EQ(to.message(id).verification, MYCHAT_VERIFICATION_VERIFIED) << id;
    }
    EXPECT_EQ(a.whole_history(b.handle).size(), sent.size());
    EXPECT_EQ(b.whole_history(a.handle).size(), sent.size());
    EXPECT_TRUE(a.store_problems().empty());
    EXPECT_TRUE(b.store_problems().empty());
  }
}

INSTANTIATE_TEST_SUITE_P(E2e, WithoutMemory, ::testing::Values(Shortage::kOnce, Shortage::kForAShortTime),
                         [](const auto& mode) {
                           return mode.param == Shortage::kOnce ? "Once" : "ForAShortTime";
                         });

}  // namespace
}  // namespace mychat::e2e
