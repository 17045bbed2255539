// How a WebSocket ends: by us, by the peer, by accident, and by destruction in every state.
#include <thread>

#include "fake_dns.h"
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

Url ws(const Server& server) { return parse_url(server.url("ws", "127.0.0.1", "/ws")); }

TEST(WebSocketClose, WritesWhatIsQueuedThenClosesWithItsCode) {
  std::mutex mutex;
  std::vector<std::string> seen;
  Server server(serving([&](WsPeer& peer) {
    while (const auto frame = peer.read_data()) {
      {
        const std::lock_guard lock(mutex);
        seen.push_back(frame->payload);
      }
      if (frame->opcode == kClose) {
        peer.send(kClose, frame->payload);
        return;
      }
    }
  }));
  Recorder recorder;
  WebSocketClient client({}, {}, recorder);
  client.connect(ws(server));
  ASSERT_TRUE(recorder.wait_open());
  EXPECT_TRUE(client.send_text("last words"));
  client.close(4001, "bye");
  EXPECT_FALSE(client.send_text("too late"));
  const WebSocketClosed closed = recorder.closed();
  EXPECT_EQ(closed.error.status(), MYCHAT_OK);
  EXPECT_EQ(closed.code, 4001);
  const std::lock_guard lock(mutex);
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0], "last words");
  EXPECT_EQ(seen[1],
            "\x0f\xa1"
            "bye");
}

TEST(WebSocketClose, SurfacesThePeersCodeAndAnswersIt) {
  for (const std::uint16_t code : std::initializer_list<std::uint16_t>{1000, 1001, 1008, 1011, 4000}) {
    std::atomic<bool> answered{false};
    Server server(serving([&](WsPeer& peer) {
      peer.send(kText, "one");
      peer.send_close(code, "because");
      while (const auto frame = peer.read()) {
        if (frame->opcode == kClose) answered = true;
      }
    }));
    Recorder recorder;
    WebSocketClient client({}, {}, recorder);
    client.connect(ws(server));
    const WebSocketClosed closed = recorder.closed();
    EXPECT_EQ(closed.error.status(), MYCHAT_OK);
    EXPECT_EQ(closed.code, code);
    EXPECT_EQ(closed.reason, "because");
    EXPECT_EQ(recorder.texts(), std::vector<std::string>{"one"});
    for (int i = 0; i < 1000 && !answered; ++i) std::this_thread::sleep_for(milliseconds(2));
    EXPECT_TRUE(answered);
  }
}

TEST(WebSocketClose, TakesACloseWithoutACodeAndDropsAReasonThatIsNotText) {
  {
    Server server(serving([](WsPeer& peer) { peer.send(kClose, ""), peer.read(); }));
    Recorder recorder;
    WebSocketClient client({}, {}, recorder);
    client.connect(ws(server));
    EXPECT_EQ(recorder.closed().code, 1005);
    EXPECT_EQ(recorder.closed().error.status(), MYCHAT_OK);
  }
  Server server(serving([](WsPeer& peer) { peer.send_close(1001, "\xff\xfe"), peer.read(); }));
  Recorder recorder;
  WebSocketClient client({}, {}, recorder);
  client.connect(ws(server));
  EXPECT_EQ(recorder.closed().code, 1001);
  EXPECT_EQ(recorder.closed().reason, "");
}

TEST(WebSocketClose, ReportsABrokenConnection) {
  for (const bool reset : {false, true}) {
    Server server([&](Connection& connection) {
      WsPeer peer(connection);
      peer.accept();
      peer.send(kText, "half", false);
      peer.read();
      if (reset) connection.reset();
    });
    Recorder recorder;
    WebSocketClient client({}, {}, recorder);
    client.connect(ws(server));
    ASSERT_TRUE(recorder.wait_open());
    client.send_text("go");
    const WebSocketClosed closed = recorder.closed();
    EXPECT_EQ(closed.error.status(), MYCHAT_E_NETWORK) << closed.error.what();
    EXPECT_TRUE(closed.error.retryable());
    EXPECT_EQ(closed.code, 1006);
    EXPECT_TRUE(recorder.texts().empty());
  }
}

TEST(WebSocketClose, DoesNotWaitForEverForThePeersAnswer) {
  Server server([](Connection& connection) {
    WsPeer peer(connection);
    if (peer.accept()) connection.wait_closed();
  });
  Recorder recorder;
  WebSocketOptions options;
  options.close_timeout = milliseconds(150);
  WebSocketClient client({}, options, recorder);
  client.connect(ws(server));
  ASSERT_TRUE(recorder.wait_open());
  client.close(1000);
  WebSocketClosed closed{};
  EXPECT_LT(milliseconds_of([&] { closed = recorder.closed(); }), 1000);
  EXPECT_EQ(closed.error.status(), MYCHAT_E_TIMEOUT);
}

TEST(WebSocketClose, GivesUpOpeningWhenClosedBefore) {
  BlackHole hole;
  Recorder recorder;
  WebSocketClient client({}, {}, recorder);
  client.connect(parse_url("ws://127.0.0.1:" + std::to_string(hole.port()) + "/ws"));
  client.close();
  EXPECT_EQ(recorder.closed().error.status(), MYCHAT_E_CANCELLED);
  EXPECT_EQ(recorder.closings(), 1);
}

TEST(WebSocketClose, RefusesCodesAndReasonsItMustNotSend) {
  Recorder recorder;
  WebSocketClient client({}, {}, recorder);
  for (const std::uint16_t code : std::initializer_list<std::uint16_t>{0, 999, 1001, 1005, 1006, 2999, 5000})
    EXPECT_THROW(client.close(code), Error);
  EXPECT_THROW(client.close(1000, std::string(124, 'x')), Error);
  EXPECT_THROW(client.close(1000, "\xff"), Error);
}

TEST(WebSocketClose, IsDestroyedPromptlyInEveryState) {
  const SilentName silent("silent.test");
  BlackHole hole;
  Server mute([](Connection& connection) { connection.wait_closed(); });  // Neither TLS nor HTTP.
  Server open([](Connection& connection) {
    WsPeer peer(connection);
    if (peer.accept()) peer.echo();
  });
  const std::string mute_port = std::to_string(mute.port());
  struct State {
    const char* name;
    std::string url;
    std::function<void(Recorder&)> reach;
  };
  const auto mute_reached = [&](int count) {
    return [&mute, count](Recorder&) {
      while (mute.accepted() < count) std::this_thread::yield();
    };
  };
  for (const State& state : std::vector<State>{
           {"resolving", "wss://silent.test/ws", [&](Recorder&) { ASSERT_TRUE(silent.wait_asked()); }},
           {"connecting", "ws://127.0.0.1:" + std::to_string(hole.port()) + "/ws", [](Recorder&) {}},
           {"in the TLS handshake", "wss://127.0.0.1:" + mute_port + "/ws", mute_reached(1)},
           {"in the upgrade", "ws://127.0.0.1:" + mute_port + "/ws", mute_reached(2)},
           {"open", open.url("ws"), [](Recorder& recorder) { ASSERT_TRUE(recorder.wait_open()); }}}) {
    Recorder recorder;
    auto client = std::make_unique<WebSocketClient>(TransportOptions{}, WebSocketOptions{}, recorder);
    client->connect(parse_url(state.url));
    state.reach(recorder);
    EXPECT_LT(milliseconds_of([&] { client.reset(); }), 200) << state.name;
    EXPECT_EQ(recorder.closings(), 1) << state.name;
    EXPECT_EQ(recorder.closed().error.status(), MYCHAT_E_CLOSED) << state.name;
  }
  Recorder recorder;
  { WebSocketClient never_connected({}, {}, recorder); }
  EXPECT_EQ(recorder.closings(), 0);
}

TEST(WebSocketClose, ComesExactlyOnceUnderAStorm) {
  Server server([](Connection& connection) {
    WsPeer peer(connection);
    if (!peer.accept()) return;
    peer.send(kText, "hello");
    peer.echo();
  });
  for (int round = 0; round < 60; ++round) {
    Recorder recorder;
    {
      WebSocketClient client({}, {}, recorder);
      client.connect(ws(server));
      std::vector<std::thread> threads;
      threads.emplace_back([&client] {
        for (int i = 0; i < 20; ++i) client.send_text("x");
      });
      threads.emplace_back([&client, round] {
        if (round % 3 != 0) client.close();
        client.close(4000);
      });
      if (round % 2 == 0) recorder.wait_open();
      for (std::thread& thread : threads) thread.join();
    }
    EXPECT_EQ(recorder.closings(), 1);
    EXPECT_LE(recorder.openings(), 1);
  }
}

TEST(WebSocketClose, AListenerThatFailsEndsItsConnectionOnly) {
  Server server(serving([](WsPeer& peer) {
    peer.send(kText, "hello");
    peer.echo();
  }));
  class Failing : public Recorder {
   public:
    void on_text(std::string_view) override { throw std::runtime_error("no"); }
  } recorder;
  WebSocketClient client({}, {}, recorder);
  client.connect(ws(server));
  EXPECT_EQ(recorder.closed().error.status(), MYCHAT_E_INTERNAL);
  EXPECT_THROW(client.connect(ws(server)), Error);
}

}  // namespace
}  // namespace mychat::test
