// An open WebSocket: messages both ways, their bounds, and the heartbeat.
#include <csignal>
#include <thread>

#include "support/net.h"
#include "support/ws_server.h"
#include "transport/websocket_client.h"
#include "waiting.h"

namespace mychat::test {
namespace {

using std::chrono::milliseconds;

Server::Handler serving(std::function<void(WsPeer&)> then) {
  return [then = std::move(then)](Connection& connection) {
    WsPeer peer(connection);
    if (peer.accept()) then(peer);
  };
}

Server::Handler echoing() {
  return serving([](WsPeer& peer) { peer.echo(); });
}

Url ws(const Server& server) { return parse_url(server.url("ws", "127.0.0.1", "/ws")); }

TEST(WebSocket, CarriesMessagesOfEverySizeBothWaysInOrder) {
  Server server(echoing());
  Recorder recorder;
  WebSocketClient client({}, {}, recorder);
  client.connect(ws(server));
  ASSERT_TRUE(recorder.wait_open());
  std::vector<std::string> sent;
  for (const std::size_t size : {0, 1, 125, 126, 127, 4096, 16384, 16385, 65535, 65536, 300'000, 2'000'000}) {
    std::string text;
    while (text.size() < size) text += static_cast<char>('a' + (text.size() * 7 + size) % 26);
    sent.push_back(std::move(text));
  }
  sent.emplace_back(
      "Gr\xc3\xbc\xc3\x9f"
      "e \xf0\x9f\x90\xa6");
  for (const std::string& text : sent) EXPECT_TRUE(client.send_text(text));
  ASSERT_TRUE(recorder.wait_texts(sent.size()));
  EXPECT_EQ(recorder.texts(), sent);
  EXPECT_EQ(client.queued_bytes(), 0u);
  EXPECT_EQ(recorder.openings(), 1);
  EXPECT_EQ(recorder.closings(), 0);
}

TEST(WebSocket, SendsTheUpgradeThatWasAskedFor) {
  std::mutex mutex;
  std::optional<RawRequest> seen;
  Server server([&](Connection& connection) {
    WsPeer peer(connection);
    auto request = peer.accept();
    {
      const std::lock_guard lock(mutex);
      seen = request;
    }
    peer.send(kText, "hello");
    peer.echo();
  });
  Recorder recorder;
  WebSocketClient client({}, {}, recorder);
  client.connect(parse_url(server.url("ws", "localhost", "/ws?x=1")), {{"Authorization", "Bearer t"}});
  ASSERT_TRUE(recorder.wait_texts(1));
  const std::lock_guard lock(mutex);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->target, "/ws?x=1");
  EXPECT_EQ(seen->header("host"), "localhost:" + std::to_string(server.port()));
  EXPECT_EQ(seen->header("authorization"), "Bearer t");
  EXPECT_EQ(seen->header("user-agent"), "mychat/0.1.0");
  EXPECT_EQ(seen->header("sec-websocket-extensions"), "");
  EXPECT_EQ(seen->header("sec-websocket-protocol"), "");
}

TEST(WebSocket, JoinsFragmentsWithControlFramesBetween) {
  std::atomic<bool> ponged{false};
  Server server(serving([&](WsPeer& peer) {
    peer.send(kText, "one ", false);
    peer.send(kPing, "are you there");
    peer.send(kContinuation, "two \xc3", false);
    peer.send(kPong, "unasked");
    peer.send(kContinuation, "\xbc", true);
    peer.send(kText, "", true);
    const auto frame = peer.read();
    ponged = frame && frame->opcode == kPong && frame->payload == "are you there" && frame->masked;
    peer.echo();
  }));
  Recorder recorder;
  WebSocketClient client({}, {}, recorder);
  client.connect(ws(server));
  ASSERT_TRUE(recorder.wait_texts(2));
  EXPECT_EQ(recorder.texts()[0], "one two \xc3\xbc");
  EXPECT_EQ(recorder.texts()[1], "");
  client.close();
  EXPECT_EQ(recorder.closed().error.status(), MYCHAT_OK);
  EXPECT_TRUE(ponged);
}

struct Violation {
  const char* name;
  std::function<void(WsPeer&)> act;
  std::uint16_t code;
  mychat_status status;
};

TEST(WebSocket, ClosesOnWhatItMustNotAccept) {
  const std::string big(5001, 'x');
  for (const Violation& violation : std::vector<Violation>{
           {"one long frame", [&](WsPeer& peer) { peer.send(kText, big); }, 1009, MYCHAT_E_TOO_LARGE},
           {"a right one, then one that is too long",
            [&](WsPeer& peer) { peer.send(kText, std::string(5000, 'x')), peer.send(kText, big); }, 1009,
            MYCHAT_E_TOO_LARGE},
           {"long by fragments",
            [&](WsPeer& peer) {
              peer.send(kText, big.substr(0, 3000), false);
              peer.send(kContinuation, big.substr(0, 3000), true);
            },
            1009, MYCHAT_E_TOO_LARGE},
           {"invalid UTF-8", [&](WsPeer& peer) { peer.send(kText, "a\xff"); }, 1007, MYCHAT_E_PROTOCOL},
           {"cut UTF-8", [&](WsPeer& peer) { peer.send(kText, "a\xc3"); }, 1007, MYCHAT_E_PROTOCOL},
           {"binary", [&](WsPeer& peer) { peer.send(kBinary, "a"); }, 1003, MYCHAT_E_PROTOCOL}}) {
    std::atomic<int> code{0};
    Server server(serving([&](WsPeer& peer) {
      violation.act(peer);
      while (const auto frame = peer.read()) {
        if (frame->opcode != kClose) continue;
        if (frame->payload.size() >= 2) {
          code = (static_cast<unsigned char>(frame->payload[0]) << 8) |
                 static_cast<unsigned char>(frame->payload[1]);
        }
        peer.send(kClose, frame->payload);
        return;
      }
    }));
    Recorder recorder;
    WebSocketOptions options;
    options.max_message_bytes = 5000;
    WebSocketClient client({}, options, recorder);
    client.connect(ws(server));
    const WebSocketClosed closed = recorder.closed();
    EXPECT_EQ(closed.error.status(), violation.status) << violation.name << ": " << closed.error.what();
    EXPECT_EQ(closed.code, violation.code) << violation.name;
    EXPECT_EQ(code, violation.code) << violation.name;
    for (const std::string& text : recorder.texts())
      EXPECT_EQ(text, std::string(5000, 'x')) << violation.name;
  }
}

TEST(WebSocket, SurvivesFramesThatAreNone) {
  for (const std::string& bytes : std::vector<std::string>{
           std::string("\x83\x00", 2), std::string("\x80\x00", 2), std::string("\x01\x01x\x81\x01y", 6),
           std::string("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 10),
           std::string("\x81\x7f\x40\0\0\0\0\0\0\0", 10) + "abc",
           std::string("\x09\x7e\x01\x00", 4) + "abc"}) {
    Server server([&](Connection& connection) {
      WsPeer peer(connection);
      if (!peer.accept()) return;
      connection.write(bytes);
      while (peer.read()) {
      }
    });
    Recorder recorder;
    WebSocketOptions options;
    options.close_timeout = milliseconds(300);
    options.heartbeat = milliseconds(300);  // Ends the one that claims more than it sends.
    WebSocketClient client({}, options, recorder);
    client.connect(ws(server));
    EXPECT_NE(recorder.closed().error.status(), MYCHAT_OK);
    EXPECT_TRUE(recorder.texts().empty());
    EXPECT_EQ(recorder.closings(), 1);
  }
}

TEST(WebSocket, BoundsItsQueue) {
  Server server(serving([](WsPeer& peer) {
    peer.send(kText, "go");
    std::this_thread::sleep_for(milliseconds(300));  // Reads nothing meanwhile.
    peer.echo();
  }));
  Recorder recorder;
  WebSocketOptions options;
  options.max_queued_bytes = 3'000'000;
  WebSocketClient client({}, options, recorder);
  EXPECT_FALSE(client.send_text("too early"));
  client.connect(ws(server));
  ASSERT_TRUE(recorder.wait_texts(1));
  const std::string message(1'000'000, 'm');
  std::size_t sent = 0;
  mychat_status status = MYCHAT_OK;
  bool retryable = false;
  while (status == MYCHAT_OK && sent < 100) {
    try {
      ASSERT_TRUE(client.send_text(message));
      ++sent;
    } catch (const Error& error) {
      status = error.status();
      retryable = error.retryable();
    }
  }
  EXPECT_EQ(status, MYCHAT_E_BUSY);
  EXPECT_TRUE(retryable);
  EXPECT_LE(client.queued_bytes(), options.max_queued_bytes);
  ASSERT_TRUE(recorder.wait_texts(1 + sent)) << "what was accepted is sent";
  EXPECT_THROW(client.send_text("\xff"), Error);
}

TEST(WebSocket, PingsAQuietPeerAndKeepsIt) {
  std::atomic<int> pings{0};
  Server server(serving([&](WsPeer& peer) {
    while (const auto frame = peer.read()) {
      if (frame->opcode == kPing) {
        peer.send(kPong, frame->payload);
        if (++pings == 3) peer.send(kText, "still here");
      }
      if (frame->opcode == kClose) return;
    }
  }));
  Recorder recorder;
  WebSocketOptions options;
  options.heartbeat = milliseconds(60);
  WebSocketClient client({}, options, recorder);
  client.connect(ws(server));
  EXPECT_TRUE(recorder.wait_texts(1));
  EXPECT_GE(pings, 3);
}

TEST(WebSocket, GivesUpADeadPeerAfterTwoHeartbeats) {
  Server server([](Connection& connection) {
    WsPeer peer(connection);
    if (peer.accept()) connection.wait_closed();  // Reads, but never answers a ping.
  });
  Recorder recorder;
  WebSocketOptions options;
  options.heartbeat = milliseconds(150);
  WebSocketClient client({}, options, recorder);
  client.connect(ws(server));
  ASSERT_TRUE(recorder.wait_open());
  WebSocketClosed closed{};
  const auto took = milliseconds_of([&] { closed = recorder.closed(); });
  EXPECT_EQ(closed.error.status(), MYCHAT_E_TIMEOUT) << closed.error.what();
  EXPECT_TRUE(closed.error.retryable());
  EXPECT_EQ(closed.code, 1006);
  EXPECT_GE(took, 200);
  EXPECT_LT(took, 1000);
  EXPECT_FALSE(client.send_text("x"));
}

TEST(WebSocket, SendsFromManyThreadsWholeMessages) {
  Server server(echoing());
  Recorder recorder;
  WebSocketClient client({}, {}, recorder);
  client.connect(ws(server));
  ASSERT_TRUE(recorder.wait_open());
  constexpr int kThreads = 4;
  constexpr int kEach = 100;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&client, t] {
      for (int i = 0; i < kEach; ++i) client.send_text(std::to_string(t) + " " + std::to_string(i));
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE(recorder.wait_texts(kThreads * kEach));
  std::vector<int> next(kThreads, 0);
  for (const std::string& text : recorder.texts()) {
    const int thread = text[0] - '0';
    EXPECT_EQ(text, std::to_string(thread) + " " + std::to_string(next[static_cast<std::size_t>(thread)]++));
  }
}

TEST(WebSocket, NeverRaisesSigpipeAndLeavesItsDispositionAlone) {
  static std::atomic<int> raised{0};
  struct sigaction mine {};
  mine.sa_handler = [](int) { ++raised; };
  struct sigaction before {};
  sigaction(SIGPIPE, &mine, &before);
  Server server([](Connection& connection) {
    WsPeer peer(connection);
    if (peer.accept()) connection.reset();
  });
  for (int i = 0; i < 10; ++i) {
    Recorder recorder;
    WebSocketClient client({}, {}, recorder);
    client.connect(ws(server));
    if (recorder.wait_open()) {
      while (client.send_text(std::string(10'000, 'x')) && client.queued_bytes() < 1'000'000) {
      }
    }
    EXPECT_EQ(recorder.closed().error.status(), MYCHAT_E_NETWORK);
  }
  struct sigaction after {};
  sigaction(SIGPIPE, &before, &after);
  EXPECT_EQ(after.sa_handler, mine.sa_handler);
  EXPECT_EQ(raised, 0);
}

}  // namespace
}  // namespace mychat::test
