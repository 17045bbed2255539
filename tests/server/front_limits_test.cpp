// Clients that are slow, many, or never finish: each is cut while another one is served throughout.
#include <gtest/gtest.h>

#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "server/front_fixture.h"

namespace mychat::server::test {
namespace {

// Asks again and again on one connection until told to stop; every answer must be right.
class Witness {
 public:
  explicit Witness(std::uint16_t port) : client_(port), thread_([this] { run(); }) {}
  ~Witness() {
    stop_ = true;
    thread_.join();
    EXPECT_GT(served_, 0);
    EXPECT_EQ(failed_, 0);
  }

 private:
  void run() {
    do {
      try {
        ++(client_.request("GET", "/echo").status == 200 ? served_ : failed_);
      } catch (const std::exception&) {
        ++failed_;
      }
      std::this_thread::sleep_for(milliseconds(2));
    } while (!stop_ && failed_ == 0);
  }
  TestClient client_;
  std::atomic<bool> stop_{false};
  std::atomic<int> served_{0};
  std::atomic<int> failed_{0};
  std::thread thread_;
};

TEST(FrontLimits, SlowHeadersAreCut) {
  FrontConfig config = TestFront::fast();
  config.header_timeout = milliseconds(150);
  TestFront front(config);
  const Witness witness(front.port());
  TestClient slow(front.port());
  slow.set_patience(milliseconds(20));
  // A byte every 20 ms keeps no deadline away.
  std::string all;
  EXPECT_TRUE(eventually([&] {
    slow.send("G");
    try {
      all += slow.receive();
    } catch (const std::runtime_error&) {
    }
    return !all.empty();
  }));
  EXPECT_TRUE(all.starts_with("HTTP/1.1 408 ")) << all;
  EXPECT_TRUE(slow.closed_by_peer());
  EXPECT_EQ(front.server->stats().cut_slow_headers, 1U);
}

TEST(FrontLimits, SlowBodiesAreCut) {
  FrontConfig config = TestFront::fast();
  config.body_timeout = milliseconds(150);
  TestFront front(config);
  const Witness witness(front.port());
  TestClient slow(front.port());
  slow.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\nab");
  const auto answer = slow.response();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 408);
  TestClient chunks(front.port());
  chunks.send("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
  EXPECT_EQ(chunks.response()->status, 408);
  EXPECT_EQ(front.server->stats().cut_slow_bodies, 2U);
}

TEST(FrontLimits, ABodyAtTheMinimumRateIsTaken) {
  FrontConfig config = TestFront::fast();
  config.body_timeout = milliseconds(200);
  config.min_body_rate = 1000;
  TestFront front(config);
  TestClient client(front.port());
  const std::string body(2000, 'x');
  client.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 2000\r\n\r\n");
  for (int i = 0; i < 5; ++i) {  // 400 bytes every 100 ms, over the grace of 200 ms.
    client.send(body.substr(0, 400));
    std::this_thread::sleep_for(milliseconds(100));
  }
  EXPECT_EQ(client.response()->status, 200);
}

TEST(FrontLimits, IdleConnectionsAreClosed) {
  FrontConfig config = TestFront::fast();
  config.idle_timeout = milliseconds(100);
  TestFront front(config);
  TestClient fresh(front.port());
  EXPECT_TRUE(fresh.closed_by_peer());
  TestClient used(front.port());
  EXPECT_EQ(used.request("GET", "/echo").status, 200);
  EXPECT_TRUE(used.closed_by_peer());
  TestClient websocket(front.port());  // A WebSocket is never idle.
  ASSERT_EQ(websocket.upgrade(), 101);
  EXPECT_FALSE(websocket.closed_by_peer(milliseconds(300)));
}

TEST(FrontLimits, SlowReadersOfAnswersAreCut) {
  FrontConfig config = TestFront::fast();
  config.write_timeout = milliseconds(150);
  TestFront front(config);
  const Witness witness(front.port());
  TestClient slow(front.port(), 4096);
  slow.send("GET /big?n=50000000 HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(eventually([&] { return front.server->stats().cut_slow_readers == 1; }));
  EXPECT_TRUE(slow.closed_by_peer());
}

TEST(FrontLimits, ConnectionsAreBounded) {
  FrontConfig config = TestFront::fast();
  config.max_connections = 3;
  TestFront front(config);
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<TestClient>(front.port()));
    EXPECT_EQ(clients.back()->request("GET", "/echo").status, 200);
  }
  TestClient refused(front.port());
  const auto answer = refused.response();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 503);
  EXPECT_TRUE(refused.closed_by_peer());
  EXPECT_EQ(clients.front()->request("GET", "/echo").status, 200);
  clients.pop_back();
  ASSERT_TRUE(eventually([&] { return front.server->stats().open == 2; }));
  TestClient next(front.port());
  EXPECT_EQ(next.request("GET", "/echo").status, 200);
  EXPECT_EQ(front.server->stats().refused_limit, 1U);
}

TEST(FrontLimits, ConnectionsOfAnAddressAreBounded) {
  FrontConfig config = TestFront::fast();
  config.max_connections_per_ip = 2;
  TestFront front(config);
  auto first = std::make_unique<TestClient>(front.port());
  TestClient second(front.port());
  EXPECT_EQ(second.request("GET", "/echo").status, 200);
  TestClient third(front.port());
  EXPECT_EQ(third.response()->status, 429);
  first.reset();
  ASSERT_TRUE(eventually([&] { return front.server->stats().open == 1; }));
  TestClient fourth(front.port());
  EXPECT_EQ(fourth.request("GET", "/echo").status, 200);
}

TEST(FrontLimits, SurvivesTheEndOfDescriptors) {
  TestFront front;
  TestClient before(front.port());
  EXPECT_EQ(before.request("GET", "/echo").status, 200);
  TestClient waiting(front.port());
  EXPECT_EQ(waiting.request("GET", "/echo").status, 200);
  // The client's socket exists before the descriptors end, its connection is accepted behind.
  rlimit old{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &old), 0);
  std::vector<int> fill;
  rlimit low = old;
  low.rlim_cur = 256;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  for (int fd = dup(0); fd >= 0; fd = dup(0)) fill.push_back(fd);
  ASSERT_FALSE(fill.empty());
  close(fill.back());  // One is left: for the client's end.
  fill.pop_back();
  auto late = std::make_unique<TestClient>(front.port());
  EXPECT_TRUE(eventually([&] { return front.server->stats().accept_failures > 0; }));
  EXPECT_EQ(before.request("GET", "/echo").status, 200);
  std::this_thread::sleep_for(milliseconds(300));
  // It looked again now and then, and did not spin.
  EXPECT_LT(front.server->stats().accept_failures, 20U);
  for (const int fd : fill) close(fd);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &old), 0);
  EXPECT_EQ(late->request("GET", "/echo").status, 200);
}

TEST(FrontLimits, TwoThousandAbandonedConnections) {
  TestFront front;
  const Witness witness(front.port());
  for (int i = 0; i < 2000; ++i) {
    TestClient client(front.port());
    if (i % 4 == 1) client.send("GET /echo HTTP/1.1\r\nHos");
    if (i % 4 == 2) client.send("GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
    if (i % 4 == 3) {
      ASSERT_EQ(client.upgrade(), 101);
    }
    if (i % 2 == 0) client.reset();
  }
  front.answer_later("too late");
  EXPECT_TRUE(eventually([&] {
    front.answer_later("too late");
    return front.server->stats().open == 1;
  }));
}

}  // namespace
}  // namespace mychat::server::test
