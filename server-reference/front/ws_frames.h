// WebSocket framing (RFC 6455, section 5) without sockets: bytes of a client in, whole messages out.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace mychat::server {

enum class WsOpcode : std::uint8_t {
  kContinuation = 0,
  kText = 1,
  kBinary = 2,
  kClose = 8,
  kPing = 9,
  kPong = 10
};

// What a WsFrameReader found. The views are valid during the call.
class WsSink {
 public:
  virtual ~WsSink() = default;
  // A whole text message, valid UTF-8. False: stop behind this frame; the rest of the bytes is left unread.
  virtual bool on_message(std::string_view text) = 0;
  virtual void on_ping(std::string_view payload) = 0;
  virtual void on_pong() = 0;
  // Code 1005 when the frame had none.
  virtual void on_close_frame(std::uint16_t code) = 0;
};

struct WsReaderLimits {
  std::size_t message_bytes = 0;
  bool deflate = false;  // permessage-deflate was negotiated (without context takeover).
};

// Reads the frames of one client. Memory: nothing while between messages; otherwise what has arrived of the
// message under way, never what a header merely declares.
class WsFrameReader {
 public:
  enum class State {
    kOpen,     // All bytes were taken.
    kStopped,  // The sink asked to stop; `consumed` says where.
    kClosed,   // A close frame came; what follows it is of no interest.
    kFailed,   // `code` and `reason` belong into our close frame.
  };
  struct Result {
    State state = State::kOpen;
    std::size_t consumed = 0;
    std::uint16_t code = 0;
    const char* reason = "";
  };

  // The bytes are unmasked in place. After kClosed or kFailed no further call.
  Result feed(std::span<char> bytes, const WsReaderLimits& limits, WsSink& sink);
  // Of a message under way.
  std::size_t kept_bytes() const noexcept { return message_.capacity(); }

 private:
  struct Failure {
    std::uint16_t code;
    const char* reason;
  };

  std::size_t take_header(std::span<char> bytes, const WsReaderLimits& limits);
  static std::size_t header_size(const std::uint8_t* bytes, std::size_t size);
  void check_first_bytes(std::uint8_t first, std::uint8_t second, const WsReaderLimits& limits) const;
  void begin_frame(const std::uint8_t* header, const WsReaderLimits& limits);
  // True: go on with the next frame.
  bool payload(std::span<char> bytes, std::size_t& position, const WsReaderLimits& limits, WsSink& sink,
               Result& result);
  bool end_of_control(std::string_view payload, WsSink& sink, Result& result);
  bool end_of_message(std::string_view payload, const WsReaderLimits& limits, WsSink& sink, Result& result);
  void unmask(std::span<char> bytes) noexcept;
  bool control() const noexcept { return (opcode_ & 0x08) != 0; }

  std::string message_;     // Of a message in several frames or several reads.
  std::string control_;     // Of a control frame in several reads.
  std::uint64_t left_ = 0;  // Payload bytes of this frame still to come.
  std::array<std::uint8_t, 14> header_{};
  std::uint8_t header_have_ = 0;
  std::array<std::uint8_t, 4> mask_{};
  std::uint8_t opcode_ = 0;
  bool in_frame_ = false;
  bool final_ = false;
  bool in_message_ = false;
  bool compressed_ = false;
};

// The header of an unmasked (server's) frame with FIN set.
struct WsFrameHeader {
  std::array<char, 10> bytes{};
  std::uint8_t size = 0;
  std::string_view view() const noexcept { return {bytes.data(), size}; }
};
WsFrameHeader ws_frame_header(WsOpcode opcode, std::size_t payload, bool compressed = false) noexcept;

// The payload of a close frame. Codes that may not travel become 1000; the reason is cut to 123 bytes of
// whole characters.
std::string ws_close_payload(std::uint16_t code, std::string_view reason);

// True for codes that a peer may send in a close frame.
bool ws_valid_close_code(std::uint16_t code) noexcept;

}  // namespace mychat::server
