// A front with a small application behind it, for the tests.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "front/front_server.h"
#include "server/front_client.h"

namespace mychat::server::test {

using std::chrono::milliseconds;

// Waits until it holds, looking again every millisecond; false when patience ends.
bool eventually(const std::function<bool()>& condition, milliseconds patience = kPatience);

// What the peers of one test saw.
class WsLog {
 public:
  void opened(const WsConnection& connection);
  void message(std::string_view text);
  void closed(std::uint16_t code);

  std::vector<WsConnection> connections() const;
  std::vector<std::string> messages() const;
  std::vector<std::uint16_t> close_codes() const;
  bool wait_closed(std::size_t count);
  bool wait_opened(std::size_t count);
  bool wait_messages(std::size_t count);

 private:
  bool wait(const std::function<bool()>& condition);
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<WsConnection> connections_;
  std::vector<std::string> messages_;
  std::vector<std::uint16_t> codes_;
};

// The application: HTTP
//   /echo    answers method, path, query and body as text
//   /later   keeps the reply; see answer_later()
//   /thread  answers from another thread
//   /big?n=  answers n bytes
//   /drop    never answers; /throw throws; /twice answers twice; /bad-status; /inject
// WebSocket /ws: echoes; "pause" pauses, "close" closes with 4000, "throw" throws, "flood" sends 64 MB.
class TestFront {
 public:
  explicit TestFront(FrontConfig config = fast());
  ~TestFront();

  static FrontConfig fast();  // Looks at deadlines every 10 ms.
  std::uint16_t port() const { return server->port(); }
  std::size_t waiting() const;
  void answer_later(const std::string& body);  // Answers all kept replies.

  WsLog log;
  std::unique_ptr<FrontServer> server;

 private:
  void handle(HttpRequest&& request, Reply reply);
  mutable std::mutex mutex_;
  std::vector<Reply> later_;
};

}  // namespace mychat::server::test
