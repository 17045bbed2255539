// Going down in good order.
#include <gtest/gtest.h>

#include <thread>

#include "base/error.h"
#include "server/front_fixture.h"

namespace mychat::server::test {
namespace {

TEST(FrontDrain, ClosesWebSocketsWith1001AndIdleConnections) {
  TestFront front;
  TestClient idle(front.port());
  EXPECT_EQ(idle.request("GET", "/echo").status, 200);
  TestClient websocket(front.port());
  ASSERT_EQ(websocket.upgrade(), 101);
  std::thread drain([&] { EXPECT_TRUE(front.server->drain(kPatience)); });
  EXPECT_EQ(websocket.close_code(), 1001);
  websocket.send(frame_bytes(8, close_payload(1001)));
  EXPECT_TRUE(websocket.closed_by_peer());
  websocket.close();
  EXPECT_TRUE(idle.closed_by_peer());
  idle.close();
  drain.join();
  EXPECT_EQ(front.log.close_codes(), std::vector<std::uint16_t>({1001}));
  EXPECT_THROW(TestClient late(front.port()), std::runtime_error);
}

TEST(FrontDrain, RequestsUnderWayAreFinished) {
  TestFront front;
  TestClient client(front.port());
  client.send("GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return front.waiting() == 1; }));
  std::thread drain([&] { EXPECT_TRUE(front.server->drain(kPatience)); });
  EXPECT_TRUE(eventually([&] {
    try {
      TestClient late(front.port());
      late.close();
      return false;
    } catch (const std::runtime_error&) {
      return true;
    }
  }));
  front.answer_later("finished");
  const auto answer = client.response();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "finished");
  EXPECT_EQ(answer->headers.at("connection"), "close");
  client.close();
  drain.join();
}

TEST(FrontDrain, TheDeadlineEndsIt) {
  TestFront front;
  TestClient client(front.port());
  client.send("GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return front.waiting() == 1; }));
  EXPECT_FALSE(front.server->drain(milliseconds(100)));
  EXPECT_TRUE(client.closed_by_peer());
  EXPECT_TRUE(eventually([&] { return front.server->stats().open == 0; }));
  front.answer_later("too late");
}

TEST(FrontDrain, StoppingCutsEverythingAtOnce) {
  TestFront front;
  TestClient websocket(front.port());
  ASSERT_EQ(websocket.upgrade(), 101);
  TestClient waiting(front.port());
  waiting.send("GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return front.waiting() == 1; }));
  front.server->stop();
  EXPECT_TRUE(websocket.closed_by_peer());
  EXPECT_TRUE(waiting.closed_by_peer());
  front.answer_later("too late");
}

TEST(FrontStart, ATakenPortOrABadAddressIsAnError) {
  TestFront front;
  const auto status = [](FrontConfig config) -> mychat_status {
    FrontServer other(std::move(config), [](HttpRequest&&, Reply) {});
    try {
      other.start();
    } catch (const Error& error) {
      return error.status();
    }
    return MYCHAT_OK;
  };
  FrontConfig config;
  config.port = front.port();
  EXPECT_EQ(status(config), MYCHAT_E_NETWORK);
  config.port = 0;
  config.address = "localhost";
  EXPECT_EQ(status(config), MYCHAT_E_NETWORK);
  config.address = "::1";
  EXPECT_EQ(status(config), MYCHAT_OK);
}

}  // namespace
}  // namespace mychat::server::test
