// WebSocket over real sockets.
#include <gtest/gtest.h>

#include <thread>

#include "front/ws_deflate.h"
#include "server/front_fixture.h"

namespace mychat::server::test {
namespace {

TEST(FrontWs, Echoes) {
  TestFront front;
  TestClient client(front.port());
  ASSERT_EQ(client.upgrade(), 101);
  for (const std::size_t size : {0U, 1U, 125U, 126U, 70'000U, 1'000'000U}) {
    const std::string text(size, 'e');
    ASSERT_TRUE(client.send_text(text));
    const auto frame = client.data_frame();
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->opcode, 1);
    EXPECT_EQ(frame->payload, text);
  }
  EXPECT_EQ(front.server->stats().websockets, 1U);
  EXPECT_EQ(front.log.connections().at(0).remote_address(), "127.0.0.1");
}

TEST(FrontWs, FramesSentWithTheHandshakeAreNotLost) {
  TestFront front;
  TestClient client(front.port());
  client.send(
      "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" +
      frame_bytes(1, "early"));
  EXPECT_EQ(client.response()->status, 101);
  EXPECT_EQ(client.data_frame()->payload, "early");
}

TEST(FrontWs, RefusesBadHandshakes) {
  TestFront front;
  const auto status = [&](const std::string& request_line, const std::string& headers) {
    TestClient client(front.port());
    client.send(request_line + "\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" + headers +
                "\r\n");
    const auto answer = client.response();
    return answer ? answer->status : 0;
  };
  const std::string key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  const std::string version = "Sec-WebSocket-Version: 13\r\n";
  EXPECT_EQ(status("GET /ws HTTP/1.1", version), 400);
  EXPECT_EQ(status("GET /ws HTTP/1.1", version + "Sec-WebSocket-Key: short\r\n"), 400);
  EXPECT_EQ(status("GET /ws HTTP/1.1", key), 426);
  EXPECT_EQ(status("GET /ws HTTP/1.1", key + "Sec-WebSocket-Version: 8\r\n"), 426);
  EXPECT_EQ(status("POST /ws HTTP/1.1", key + version), 400);
  EXPECT_EQ(status("GET /ws HTTP/1.1", key + version + "Content-Length: 2\r\n\r\nab"), 400);
  EXPECT_EQ(status("GET /ws?refuse HTTP/1.1", key + version), 401);
  // Elsewhere an upgrade is an ordinary request; without one, /ws is.
  EXPECT_EQ(status("GET /echo HTTP/1.1", key + version), 200);
  TestClient plain(front.port());
  EXPECT_EQ(plain.request("GET", "/ws").body, "GET /ws []");
}

TEST(FrontWs, TakesOneByteFramesAndFragments) {
  TestFront front;
  TestClient client(front.port());
  ASSERT_EQ(client.upgrade(), 101);
  std::string bytes;
  const std::string text = "fragmented — text";
  for (std::size_t i = 0; i < text.size(); ++i) {
    bytes += frame_bytes(i == 0 ? 1 : 0, text.substr(i, 1), i + 1 == text.size());
    if (i % 4 == 0) bytes += frame_bytes(9, "p");
  }
  for (const char c : bytes) ASSERT_TRUE(client.send({&c, 1}));
  EXPECT_EQ(client.data_frame()->payload, text);
}

TEST(FrontWs, AnswersPings) {
  TestFront front;
  TestClient client(front.port());
  ASSERT_EQ(client.upgrade(), 101);
  client.send(frame_bytes(9, "payload"));
  const auto pong = client.frame();
  ASSERT_TRUE(pong);
  EXPECT_EQ(pong->opcode, 10);
  EXPECT_EQ(pong->payload, "payload");
}

struct Offence {
  const char* name;
  std::string bytes;
  int code;
};

TEST(FrontWs, OffencesGetTheirCloseCodeAndOthersAreServed) {
  FrontConfig config = TestFront::fast();
  config.ws.message_bytes = 100'000;
  TestFront front(config);
  TestClient other(front.port());
  ASSERT_EQ(other.upgrade(), 101);
  std::string huge = frame_bytes(1, std::string(65536, 'x')).substr(0, 14);
  huge[2] = 0x7f;
  const std::vector<Offence> offences = {
      {"binary", frame_bytes(2, "x"), 1003},
      {"invalid UTF-8", frame_bytes(1, "\xff"), 1007},
      {"too long", frame_bytes(1, std::string(100'001, 'x')), 1009},
      {"huge declared length", huge, 1009},
      {"unmasked", frame_bytes(1, "x", true, 0, false), 1002},
      {"reserved bit", frame_bytes(1, "x", true, 2), 1002},
      {"compressed without negotiation", frame_bytes(1, "x", true, 4), 1002},
      {"reserved opcode", frame_bytes(5, "x"), 1002},
      {"fragmented ping", frame_bytes(9, "x", false), 1002},
      {"continuation of nothing", frame_bytes(0, "x"), 1002},
  };
  std::size_t count = 0;
  for (const Offence& offence : offences) {
    TestClient client(front.port());
    ASSERT_EQ(client.upgrade(), 101);
    client.send(offence.bytes);
    EXPECT_EQ(client.close_code(), offence.code) << offence.name;
    EXPECT_TRUE(client.closed_by_peer()) << offence.name;
    ASSERT_TRUE(front.log.wait_closed(++count));
    EXPECT_EQ(front.log.close_codes().back(), offence.code) << offence.name;
    other.send_text("still here");
    EXPECT_EQ(other.data_frame()->payload, "still here");
  }
  EXPECT_EQ(front.server->stats().ws_protocol_errors, offences.size());
}

TEST(FrontWs, ThePeerMayClose) {
  TestFront front;
  TestClient client(front.port());
  ASSERT_EQ(client.upgrade(), 101);
  client.send(frame_bytes(8, close_payload(4321, "bye")));
  EXPECT_EQ(client.close_code(), 4321);
  EXPECT_TRUE(client.closed_by_peer());
  ASSERT_TRUE(front.log.wait_closed(1));
  EXPECT_EQ(front.log.close_codes(), std::vector<std::uint16_t>({4321}));
  EXPECT_FALSE(front.log.connections().at(0).send("late"));
}

TEST(FrontWs, TheApplicationMayClose) {
  FrontConfig config = TestFront::fast();
  config.ws.close_timeout = milliseconds(100);
  TestFront front(config);
  TestClient client(front.port());
  ASSERT_EQ(client.upgrade(), 101);
  client.send_text("close");
  const auto close = client.data_frame();
  ASSERT_TRUE(close);
  EXPECT_EQ(close->payload, close_payload(4000, "as asked"));
  // The client never answers: the connection ends all the same.
  EXPECT_TRUE(client.closed_by_peer());
  ASSERT_TRUE(front.log.wait_closed(1));
  EXPECT_EQ(front.log.close_codes(), std::vector<std::uint16_t>({4000}));
  EXPECT_TRUE(eventually([&] { return front.server->stats().open == 0; }));
}

TEST(FrontWs, ABrokenConnectionIsReportedOnce) {
  TestFront front;
  {
    TestClient client(front.port());
    ASSERT_EQ(client.upgrade(), 101);
    ASSERT_TRUE(front.log.wait_opened(1));
    client.reset();
  }
  ASSERT_TRUE(front.log.wait_closed(1));
  EXPECT_EQ(front.log.close_codes(), std::vector<std::uint16_t>({1006}));
}

TEST(FrontWs, AnExceptionOfTheApplicationClosesWith1011) {
  TestFront front;
  TestClient client(front.port());
  ASSERT_EQ(client.upgrade(), 101);
  client.send_text("throw");
  EXPECT_EQ(client.close_code(), 1011);
}

TEST(FrontWs, PausingHoldsBackMessagesThatArrivedAlready) {
  TestFront front;
  TestClient client(front.port());
  ASSERT_EQ(client.upgrade(), 101);
  client.send(frame_bytes(1, "pause") + frame_bytes(1, "after") + frame_bytes(1, "more"));
  ASSERT_TRUE(front.log.wait_messages(1));
  client.send_text("much later");
  // The network thread has turned at least once when another connection got its echo.
  TestClient other(front.port());
  ASSERT_EQ(other.upgrade(), 101);
  other.send_text("other");
  EXPECT_EQ(other.data_frame()->payload, "other");
  EXPECT_EQ(front.log.messages(), std::vector<std::string>({"pause", "other"}));
  front.log.connections().at(0).resume_reading();
  EXPECT_EQ(client.data_frame()->payload, "after");
  EXPECT_EQ(client.data_frame()->payload, "more");
  EXPECT_EQ(client.data_frame()->payload, "much later");
}

TEST(FrontWs, ManyThreadsMaySendToOneConnection) {
  TestFront front;
  TestClient client(front.port());
  ASSERT_EQ(client.upgrade(), 101);
  ASSERT_TRUE(front.log.wait_opened(1));
  const WsConnection connection = front.log.connections().at(0);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&connection, t] {
      for (int i = 0; i < 500; ++i) connection.send(std::to_string(t) + ":" + std::to_string(i));
    });
  std::vector<int> next(4, 0);
  for (int i = 0; i < 2000; ++i) {
    const auto frame = client.data_frame();
    ASSERT_TRUE(frame);
    const auto thread = static_cast<std::size_t>(frame->payload[0] - '0');
    EXPECT_EQ(frame->payload.substr(2), std::to_string(next[thread]++));
  }
  for (auto& thread : threads) thread.join();
  EXPECT_TRUE(eventually([&] { return connection.buffered_bytes() == 0; }));
}

TEST(FrontWs, ASlowReaderIsCutWith1013AndOthersAreServed) {
  FrontConfig config = TestFront::fast();
  config.ws.queue_bytes = 1024 * 1024;
  TestFront front(config);
  TestClient slow(front.port(), 4096);
  ASSERT_EQ(slow.upgrade(), 101);
  slow.send_text("flood");
  ASSERT_TRUE(eventually([&] { return front.server->stats().cut_slow_readers == 1; }));
  TestClient other(front.port());
  ASSERT_EQ(other.upgrade(), 101);
  other.send_text("other");
  EXPECT_EQ(other.data_frame()->payload, "other");
  // Who reads again finds whole frames and the reason at their end.
  EXPECT_EQ(slow.close_code(), 1013);
  ASSERT_TRUE(front.log.wait_closed(1));
  EXPECT_EQ(front.log.close_codes(), std::vector<std::uint16_t>({1013}));
}

TEST(FrontWs, AReaderThatTakesNothingIsCut) {
  FrontConfig config = TestFront::fast();
  config.write_timeout = milliseconds(100);
  config.ws.queue_bytes = 256 * 1024 * 1024;
  TestFront front(config);
  TestClient slow(front.port(), 4096);
  ASSERT_EQ(slow.upgrade(), 101);
  slow.send_text("flood");
  ASSERT_TRUE(front.log.wait_closed(1));
  EXPECT_EQ(front.log.close_codes(), std::vector<std::uint16_t>({1006}));
  EXPECT_EQ(front.server->stats().cut_slow_readers, 1U);
}

TEST(FrontWs, AFloodOfPingsThatNobodyReadsIsBounded) {
  FrontConfig config = TestFront::fast();
  config.ws.queue_frames = 100;
  TestFront front(config);
  TestClient client(front.port(), 4096);
  ASSERT_EQ(client.upgrade(), 101);
  std::string pings;
  for (int i = 0; i < 1000; ++i) pings += frame_bytes(9, std::string(125, 'p'));
  EXPECT_TRUE(eventually([&] {
    client.set_patience(milliseconds(20));
    client.send(pings);
    return front.server->stats().cut_slow_readers == 1;
  }));
}

TEST(FrontWs, HeartbeatsPingAndCutTheSilent) {
  FrontConfig config = TestFront::fast();
  config.ws.heartbeat = milliseconds(60);
  TestFront front(config);
  TestClient silent(front.port());
  ASSERT_EQ(silent.upgrade(), 101);
  TestClient alive(front.port());
  ASSERT_EQ(alive.upgrade(), 101);
  for (int i = 0; i < 5; ++i) {
    const auto ping = alive.frame();
    ASSERT_TRUE(ping);
    EXPECT_EQ(ping->opcode, 9);
    alive.send(frame_bytes(10, ping->payload));
  }
  ASSERT_TRUE(front.log.wait_closed(1));
  EXPECT_EQ(front.server->stats().cut_heartbeat, 1U);
  alive.send_text("alive");
  EXPECT_EQ(alive.data_frame()->payload, "alive");
}

TEST(FrontWs, CompressesOnlyWhenBothSidesAgree) {
  TestFront plain;
  TestClient client(plain.port());
  ASSERT_EQ(client.upgrade("/ws", "Sec-WebSocket-Extensions: permessage-deflate\r\n"), 101);
  EXPECT_EQ(client.last_extensions, "");
  FrontConfig config = TestFront::fast();
  config.ws.permessage_deflate = true;
  TestFront front(config);
  TestClient able(front.port());
  ASSERT_EQ(able.upgrade("/ws", "Sec-WebSocket-Extensions: permessage-deflate\r\n"), 101);
  EXPECT_NE(able.last_extensions, "");
  const std::string text(10'000, 'z');
  able.send(frame_bytes(1, deflate_message(text), true, 4));
  const auto frame = able.data_frame();
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->rsv, 4);
  EXPECT_LT(frame->payload.size(), 100U);
  std::string back;
  ASSERT_EQ(inflate_message(frame->payload, 100'000, back), InflateResult::kOk);
  EXPECT_EQ(back, text);
  // A large one would hold up whoever queues it.
  const std::string large(65'537, 'z');
  able.send(frame_bytes(1, deflate_message(large), true, 4));
  const auto plainly = able.data_frame();
  ASSERT_TRUE(plainly);
  EXPECT_EQ(plainly->rsv, 0);
  EXPECT_EQ(plainly->payload, large);
}

TEST(FrontWs, HandlesOutliveTheServer) {
  WsConnection connection;
  {
    TestFront front;
    TestClient client(front.port());
    ASSERT_EQ(client.upgrade(), 101);
    ASSERT_TRUE(front.log.wait_opened(1));
    connection = front.log.connections().at(0);
    front.server->stop();
    EXPECT_EQ(front.log.close_codes(), std::vector<std::uint16_t>({1006}));
  }
  EXPECT_FALSE(connection.send("into the void"));
  connection.close(1000);
  connection.resume_reading();
}

}  // namespace
}  // namespace mychat::server::test
