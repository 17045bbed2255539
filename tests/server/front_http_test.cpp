// HTTP/1.1 over real sockets.
#include <gtest/gtest.h>

#include "server/front_fixture.h"

namespace mychat::server::test {
namespace {

TEST(FrontHttp, AnswersAndKeepsTheConnection) {
  TestFront front;
  TestClient client(front.port());
  for (int i = 0; i < 3; ++i) {
    const Response answer = client.request("POST", "/echo?x=1", "body");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "POST /echo x=1 [body]");
    EXPECT_FALSE(answer.headers.contains("connection"));
    EXPECT_TRUE(answer.headers.contains("date"));
  }
  EXPECT_EQ(front.server->stats().requests, 3U);
  EXPECT_EQ(front.server->stats().accepted, 1U);
}

TEST(FrontHttp, ClosesWhenAsked) {
  TestFront front;
  TestClient client(front.port());
  EXPECT_EQ(client.request("GET", "/echo", "", "Connection: close\r\n").headers.at("connection"), "close");
  EXPECT_TRUE(client.closed_by_peer());
  TestClient old(front.port());
  old.send("GET /echo HTTP/1.0\r\n\r\n");
  EXPECT_EQ(old.response()->status, 200);
  EXPECT_TRUE(old.closed_by_peer());
}

TEST(FrontHttp, AnswersHeadWithoutBody) {
  TestFront front;
  TestClient client(front.port());
  const Response head = client.request("HEAD", "/echo");
  EXPECT_EQ(head.headers.at("content-length"), std::to_string(std::string("HEAD /echo []").size()));
  EXPECT_EQ(client.request("GET", "/echo").body, "GET /echo []");
}

TEST(FrontHttp, AnswersPipelinedRequestsWithBodiesInOrder) {
  TestFront front;
  TestClient client(front.port());
  std::string all;
  for (int i = 0; i < 200; ++i) {
    const std::string body(static_cast<std::size_t>(i * 7), static_cast<char>('a' + i % 26));
    all += "POST " + std::string(i % 3 == 0 ? "/thread" : "/echo") + " HTTP/1.1\r\nHost: h\r\n";
    if (i % 2 == 0) {
      all += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    } else {
      char size[16];
      std::snprintf(size, sizeof size, "%zx", body.size());
      all += "Transfer-Encoding: chunked\r\n\r\n" + (body.empty() ? "" : size + ("\r\n" + body) + "\r\n") +
             "0\r\n\r\n";
    }
  }
  ASSERT_TRUE(client.send(all));
  for (int i = 0; i < 200; ++i) {
    const std::string body(static_cast<std::size_t>(i * 7), static_cast<char>('a' + i % 26));
    const auto answer = client.response();
    ASSERT_TRUE(answer) << i;
    EXPECT_EQ(answer->body, i % 3 == 0 ? "thread " + body : "POST /echo [" + body + "]") << i;
  }
}

TEST(FrontHttp, ALaterRequestWaitsForAnEarlierAnswer) {
  TestFront front;
  TestClient client(front.port());
  client.send("GET /later HTTP/1.1\r\nHost: h\r\n\r\nGET /echo HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return front.waiting() == 1; }));
  EXPECT_EQ(front.server->stats().requests, 1U);
  TestClient other(front.port());  // Others are served meanwhile.
  EXPECT_EQ(other.request("GET", "/echo").status, 200);
  front.answer_later("now");
  EXPECT_EQ(client.response()->body, "now");
  EXPECT_EQ(client.response()->body, "GET /echo []");
}

TEST(FrontHttp, RepliesMayComeOutOfOrderOverConnections) {
  TestFront front;
  TestClient first(front.port());
  first.send("GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return front.waiting() == 1; }));
  TestClient second(front.port());
  EXPECT_EQ(second.request("GET", "/thread").body, "thread ");
  front.answer_later("first");
  EXPECT_EQ(first.response()->body, "first");
}

TEST(FrontHttp, AnAnswerForAClientThatLeftIsDropped) {
  TestFront front;
  {
    TestClient client(front.port());
    client.send("GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
    ASSERT_TRUE(eventually([&] { return front.waiting() == 1; }));
    client.reset();
  }
  front.answer_later("nobody");
  EXPECT_TRUE(eventually([&] { return front.server->stats().open == 0; }));
}

TEST(FrontHttp, HandlersThatFailAnswer500) {
  TestFront front;
  TestClient client(front.port());
  EXPECT_EQ(client.request("GET", "/drop").status, 500);
  EXPECT_EQ(client.request("GET", "/throw").status, 500);
  EXPECT_EQ(client.request("GET", "/bad-status").status, 500);
  EXPECT_EQ(client.request("GET", "/twice").body, "first");
  const Response injected = client.request("GET", "/inject");
  EXPECT_FALSE(injected.headers.contains("set-cookie"));
  EXPECT_EQ(injected.headers.at("x-good"), "fine");
  EXPECT_EQ(client.request("GET", "/echo").status, 200);
}

TEST(FrontHttp, RefusalsAreJsonAndEndTheConnection) {
  TestFront front;
  const auto refused = [&](const std::string& text) {
    TestClient client(front.port());
    client.send(text);
    const auto answer = client.response();
    EXPECT_TRUE(answer);
    EXPECT_EQ(answer->headers.at("content-type"), "application/json");
    EXPECT_EQ(answer->headers.at("connection"), "close");
    EXPECT_TRUE(answer->body.starts_with("{\"detail\":\"")) << answer->body;
    client.shutdown_write();
    EXPECT_TRUE(client.closed_by_peer());
    return answer->status;
  };
  EXPECT_EQ(
      refused("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
              "GET /echo HTTP/1.1\r\nHost: h\r\n\r\n"),
      400);
  EXPECT_EQ(refused("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx"), 400);
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(64 * 1024, 'a') + "\r\n\r\n"), 431);
  EXPECT_EQ(refused("GET / HTTP/3.0\r\nHost: h\r\n\r\n"), 505);
  EXPECT_EQ(refused("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(refused("GET /%00 HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(front.server->stats().requests, 0U);
  EXPECT_EQ(front.server->stats().bad_requests, 6U);
}

TEST(FrontHttp, BodiesAreBoundedByMethodAndPath) {
  FrontConfig config = TestFront::fast();
  config.body_limit = [](const HttpRequest& request) -> std::optional<std::size_t> {
    if (request.path == "/unread") return std::nullopt;
    return request.method == "PUT" && request.path == "/large" ? 100'000 : 10;
  };
  TestFront front(config);
  TestClient client(front.port());
  EXPECT_EQ(client.request("PUT", "/large", std::string(100'000, 'x')).status, 200);
  EXPECT_EQ(client.request("POST", "/large", std::string(10, 'x')).status, 200);
  EXPECT_EQ(client.request("POST", "/large", std::string(11, 'x')).status, 413);
  // The whole large body is on its way when the answer comes: it must be readable all the same.
  TestClient large(front.port());
  EXPECT_EQ(large.request("POST", "/large", std::string(300'000, 'x')).status, 413);
  TestClient chunked(front.port());
  chunked.send(
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n6\r\nabcdef\r\n");
  EXPECT_EQ(chunked.response()->status, 413);
  // Answered by the handler at once, whatever is announced; none of it is asked for.
  TestClient unread(front.port());
  unread.send("POST /unread HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 9000000\r\n\r\n");
  const auto answer = unread.response();
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->headers.at("connection"), "close");
}

TEST(FrontHttp, LargeBodiesUnderWayAreBoundedInAll) {
  FrontConfig config = TestFront::fast();
  config.max_body_bytes = 10'000'000;
  config.inbound_bytes = 1'000'000;
  TestFront front(config);
  TestClient first(front.port()), second(front.port());
  first.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 900000\r\n\r\n" + std::string(800'000, 'x'));
  second.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 900000\r\n\r\n" + std::string(800'000, 'x'));
  // One of them is over the bound, whichever came later.
  ASSERT_TRUE(eventually([&] { return front.server->stats().bad_requests == 1; }));
  first.send(std::string(100'000, 'x'));
  second.send(std::string(100'000, 'x'));
  const int one = first.response()->status, two = second.response()->status;
  EXPECT_EQ(std::min(one, two), 200);
  EXPECT_EQ(std::max(one, two), 503);
  TestClient third(front.port());
  EXPECT_EQ(third.request("POST", "/echo", std::string(900'000, 'x')).status, 200) << "the room came back";
}

TEST(FrontHttp, ExpectIsAnsweredBeforeTheBody) {
  TestFront front;
  TestClient client(front.port());
  client.send("POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  EXPECT_EQ(client.response()->status, 100);
  client.send("body");
  EXPECT_EQ(client.response()->body, "POST /echo [body]");
  client.send("POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 99999999\r\n\r\n");
  EXPECT_EQ(client.response()->status, 413);
  TestClient other(front.port());
  other.send("POST /echo HTTP/1.1\r\nHost: h\r\nExpect: tea\r\nContent-Length: 4\r\n\r\n");
  EXPECT_EQ(other.response()->status, 417);
}

TEST(FrontHttp, LargeAnswersArrive) {
  TestFront front;
  TestClient client(front.port());
  EXPECT_EQ(client.request("GET", "/big?n=20000000").body.size(), 20'000'000U);
  EXPECT_EQ(client.request("GET", "/echo").status, 200);
}

TEST(FrontHttp, OneByteAtATime) {
  TestFront front;
  TestClient client(front.port());
  for (const char c : std::string("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"))
    ASSERT_TRUE(client.send({&c, 1}));
  EXPECT_EQ(client.response()->body, "POST /echo [abc]");
}

TEST(FrontHttp, ServesOnSeveralThreads) {
  FrontConfig config = TestFront::fast();
  config.threads = 2;
  TestFront front(config);
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(std::make_unique<TestClient>(front.port()));
  for (int round = 0; round < 5; ++round)
    for (auto& client : clients) EXPECT_EQ(client->request("GET", "/thread").status, 200);
  EXPECT_EQ(front.server->stats().open, 20U);
}

}  // namespace
}  // namespace mychat::server::test
