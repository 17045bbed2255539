// A WebSocket server of the tests' own, on raw sockets, that can do everything wrong.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "support/net.h"

namespace mychat::test {

struct Frame {
  bool fin = true;
  int opcode = 1;
  std::string payload;
  bool masked = false;
};

inline constexpr int kContinuation = 0, kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10;

class WsPeer {
 public:
  explicit WsPeer(Connection& connection) : connection_(connection) {}

  // Reads the upgrade and answers 101. Nothing when it is no WebSocket upgrade.
  std::optional<RawRequest> accept();
  bool accept(const RawRequest& request);  // One that was read already.
  bool send(int opcode, std::string_view payload, bool fin = true);
  bool send_close(std::uint16_t code, std::string_view reason = {});
  // The next frame, unmasked; nothing when the peer is gone.
  std::optional<Frame> read();
  // The next frame that is not a ping; pings are answered.
  std::optional<Frame> read_data();
  // Echoes texts, answers pings and the close, until the peer is gone.
  void echo();

 private:
  Connection& connection_;
};

// What Sec-WebSocket-Accept must be for a key.
std::string accept_value(const std::string& key);

}  // namespace mychat::test
