// Arbitrary bytes as a WebSocket client's frames, with and without compression: no crash, bounded messages,
// and the same outcome however the network cuts them.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "front/ws_deflate.h"
#include "front/ws_frames.h"

namespace {

using namespace mychat::server;

constexpr std::size_t kLimit = 2048;

void require(bool condition) {
  if (!condition) std::abort();
}

struct Seen : WsSink {
  std::vector<std::string> events;
  bool on_message(std::string_view text) override {
    require(text.size() <= kLimit && mychat::is_utf8(text));
    events.push_back("t" + std::string(text));
    return true;
  }
  void on_ping(std::string_view payload) override {
    require(payload.size() <= 125);
    events.push_back("p" + std::string(payload));
  }
  void on_pong() override { events.emplace_back("q"); }
  void on_close_frame(std::uint16_t code) override {
    require(code == 1005 || ws_valid_close_code(code));
    events.push_back("c" + std::to_string(code));
  }
};

struct Outcome {
  WsFrameReader::State state = WsFrameReader::State::kOpen;
  std::uint16_t code = 0;
  std::vector<std::string> events;
  bool operator==(const Outcome&) const = default;
};

Outcome feed(std::string bytes, std::size_t step, bool deflate) {
  WsFrameReader reader;
  Seen seen;
  Outcome out;
  for (std::size_t i = 0; i < bytes.size() && out.state == WsFrameReader::State::kOpen; i += step) {
    const auto piece = std::span<char>(bytes).subspan(i, std::min(step, bytes.size() - i));
    const auto result = reader.feed(piece, {kLimit, deflate}, seen);
    require(result.consumed <= piece.size());
    out.state = result.state;
    out.code = result.code;
  }
  out.events = std::move(seen.events);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const bool deflate = (data[1] & 1) != 0;
  const Outcome whole = feed(bytes, bytes.size() + 1, deflate);
  require(feed(bytes, 1 + data[0] % 61U, deflate) == whole);
  if ((data[1] & 2) == 0) return 0;
  // Whatever we compress, we can read.
  std::string back;
  require(inflate_message(deflate_message(bytes), bytes.size(), back) == InflateResult::kOk);
  require(back == bytes);
  negotiate_deflate(bytes);
  return 0;
}
