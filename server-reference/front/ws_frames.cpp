#include "front/ws_frames.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/encoding.h"
#include "front/websocket.h"
#include "front/ws_deflate.h"

namespace mychat::server {

namespace {

constexpr std::uint8_t kFin = 0x80;
constexpr std::uint8_t kRsv1 = 0x40;
constexpr std::uint8_t kRsv23 = 0x30;
constexpr std::uint8_t kMasked = 0x80;
constexpr std::size_t kMaxControl = 125;
constexpr std::size_t kFirstReserve = 64 * 1024;

std::uint64_t big_endian(const std::uint8_t* bytes, std::size_t size) noexcept {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value = value << 8 | bytes[i];
  return value;
}

}  // namespace

bool ws_valid_close_code(std::uint16_t code) noexcept {
  if (code >= 3000 && code <= 4999) return true;
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
}

WsFrameHeader ws_frame_header(WsOpcode opcode, std::size_t payload, bool compressed) noexcept {
  WsFrameHeader header;
  header.bytes[0] = static_cast<char>(kFin | (compressed ? kRsv1 : 0) | static_cast<std::uint8_t>(opcode));
  std::size_t length_bytes = 0;
  if (payload < 126) {
    header.bytes[1] = static_cast<char>(payload);
  } else {
    length_bytes = payload <= 0xFFFF ? 2 : 8;
    header.bytes[1] = static_cast<char>(length_bytes == 2 ? 126 : 127);
  }
  for (std::size_t i = 0; i < length_bytes; ++i)
    header.bytes[2 + i] = static_cast<char>(payload >> (8 * (length_bytes - 1 - i)) & 0xFF);
  header.size = static_cast<std::uint8_t>(2 + length_bytes);
  return header;
}

std::string ws_close_payload(std::uint16_t code, std::string_view reason) {
  if (!ws_valid_close_code(code)) code = kWsNormal;
  if (reason.size() > kMaxControl - 2) {
    reason = reason.substr(0, kMaxControl - 2 + 1);
    // Back to the start of the character that does not fit.
    while (!reason.empty() && (static_cast<std::uint8_t>(reason.back()) & 0xC0) == 0x80)
      reason.remove_suffix(1);
    if (!reason.empty()) reason.remove_suffix(1);
  }
  if (!is_utf8(reason)) reason = {};
  std::string payload;
  payload.reserve(2 + reason.size());
  payload += static_cast<char>(code >> 8);
  payload += static_cast<char>(code & 0xFF);
  payload += reason;
  return payload;
}

void WsFrameReader::unmask(std::span<char> bytes) noexcept {
  std::array<std::uint8_t, 8> twice{};
  for (std::size_t i = 0; i < 8; ++i) twice[i] = mask_[i % 4];
  const auto key = std::bit_cast<std::uint64_t>(twice);
  std::size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i, 8);
    word ^= key;
    std::memcpy(bytes.data() + i, &word, 8);
  }
  for (std::size_t j = i; j < bytes.size(); ++j)
    bytes[j] = static_cast<char>(static_cast<std::uint8_t>(bytes[j]) ^ mask_[j % 4]);
  // The next piece of this frame starts where this one ended.
  const auto mask = mask_;
  for (std::size_t j = 0; j < 4; ++j) mask_[j] = mask[(j + bytes.size()) % 4];
}

void WsFrameReader::check_first_bytes(std::uint8_t first, std::uint8_t second,
                                      const WsReaderLimits& limits) const {
  const std::uint8_t opcode = first & 0x0F;
  const bool fin = (first & kFin) != 0;
  if ((first & kRsv23) != 0) throw Failure{kWsProtocolError, "reserved bit set"};
  if ((first & kRsv1) != 0 && !(limits.deflate && opcode == 1 && !in_message_))
    throw Failure{kWsProtocolError, "reserved bit set"};
  if ((second & kMasked) == 0) throw Failure{kWsProtocolError, "frame without mask"};
  switch (static_cast<WsOpcode>(opcode)) {
    case WsOpcode::kContinuation:
      if (!in_message_) throw Failure{kWsProtocolError, "continuation of nothing"};
      return;
    case WsOpcode::kText:
    case WsOpcode::kBinary:
      if (in_message_) throw Failure{kWsProtocolError, "message inside a message"};
      if (opcode == 2) throw Failure{kWsUnsupportedData, "text messages only"};
      return;
    case WsOpcode::kClose:
    case WsOpcode::kPing:
    case WsOpcode::kPong:
      if (!fin) throw Failure{kWsProtocolError, "fragmented control frame"};
      if ((second & 0x7F) > kMaxControl) throw Failure{kWsProtocolError, "control frame too long"};
      return;
  }
  throw Failure{kWsProtocolError, "reserved opcode"};
}

std::size_t WsFrameReader::header_size(const std::uint8_t* bytes, std::size_t size) {
  if (size < 2) return 2;
  const std::uint8_t length = bytes[1] & 0x7F;
  return 2U + (length == 126 ? 2U : length == 127 ? 8U : 0U) + 4U;
}

void WsFrameReader::begin_frame(const std::uint8_t* header, const WsReaderLimits& limits) {
  const std::uint8_t length = header[1] & 0x7F;
  const std::size_t length_bytes = length == 126 ? 2 : length == 127 ? 8 : 0;
  left_ = length_bytes == 0 ? length : big_endian(header + 2, length_bytes);
  if ((length_bytes == 2 && left_ < 126) || (length_bytes == 8 && (left_ <= 0xFFFF || left_ >> 63 != 0)))
    throw Failure{kWsProtocolError, "length not in its shortest form"};
  std::memcpy(mask_.data(), header + 2 + length_bytes, 4);
  opcode_ = header[0] & 0x0F;
  final_ = (header[0] & kFin) != 0;
  in_frame_ = true;
  if (control()) return;
  if (left_ > limits.message_bytes || message_.size() > limits.message_bytes - left_)
    throw Failure{kWsTooBig, "message too long"};
  if (!in_message_) compressed_ = (header[0] & kRsv1) != 0;
}

// Takes bytes of a header; begins the frame when it is complete. Returns how many it took.
std::size_t WsFrameReader::take_header(std::span<char> bytes, const WsReaderLimits& limits) {
  const auto* input = reinterpret_cast<const std::uint8_t*>(bytes.data());
  if (header_have_ == 0 && bytes.size() >= 2) {
    const std::size_t size = header_size(input, bytes.size());
    if (bytes.size() >= size) {
      check_first_bytes(input[0], input[1], limits);
      begin_frame(input, limits);
      return size;
    }
  }
  std::size_t taken = 0;
  while (taken < bytes.size()) {
    header_[header_have_++] = input[taken++];
    if (header_have_ < 2) continue;
    if (header_have_ == 2) check_first_bytes(header_[0], header_[1], limits);
    if (header_have_ == header_size(header_.data(), header_have_)) {
      header_have_ = 0;
      begin_frame(header_.data(), limits);
      break;
    }
  }
  return taken;
}

bool WsFrameReader::end_of_control(std::string_view payload, WsSink& sink, Result& result) {
  switch (static_cast<WsOpcode>(opcode_)) {
    case WsOpcode::kPing:
      sink.on_ping(payload);
      return true;
    case WsOpcode::kPong:
      sink.on_pong();
      return true;
    default:
      break;
  }
  std::uint16_t code = kWsNoStatus;
  if (!payload.empty()) {
    if (payload.size() == 1) throw Failure{kWsProtocolError, "close code cut short"};
    code = static_cast<std::uint16_t>(big_endian(reinterpret_cast<const std::uint8_t*>(payload.data()), 2));
    if (!ws_valid_close_code(code)) throw Failure{kWsProtocolError, "close code not allowed"};
    if (!is_utf8(payload.substr(2))) throw Failure{kWsInvalidPayload, "close reason is not UTF-8"};
  }
  sink.on_close_frame(code);
  result.state = State::kClosed;
  return false;
}

bool WsFrameReader::end_of_message(std::string_view payload, const WsReaderLimits& limits, WsSink& sink,
                                   Result& result) {
  in_message_ = false;
  std::string inflated;
  if (compressed_) {
    switch (inflate_message(payload, limits.message_bytes, inflated)) {
      case InflateResult::kOk:
        break;
      case InflateResult::kTooBig:
        throw Failure{kWsTooBig, "message too long"};
      case InflateResult::kMalformed:
        throw Failure{kWsInvalidPayload, "compressed data damaged"};
    }
    payload = inflated;
  }
  if (!is_utf8(payload)) throw Failure{kWsInvalidPayload, "text is not UTF-8"};
  const bool go_on = sink.on_message(payload);
  // An idle connection keeps no buffer.
  std::string().swap(message_);
  if (!go_on) result.state = State::kStopped;
  return go_on;
}

bool WsFrameReader::payload(std::span<char> bytes, std::size_t& position, const WsReaderLimits& limits,
                            WsSink& sink, Result& result) {
  const auto rest = bytes.subspan(position);
  const auto piece = rest.first(static_cast<std::size_t>(std::min<std::uint64_t>(left_, rest.size())));
  unmask(piece);
  position += piece.size();
  left_ -= piece.size();
  const std::string_view text(piece.data(), piece.size());
  std::string& kept = control() ? control_ : message_;
  const bool complete = left_ == 0;
  const bool last = complete && final_;
  // Whole messages in one piece, the usual case, are handed over where they lie.
  const bool in_place = last && kept.empty();
  if (!in_place && !text.empty()) {
    if (kept.empty() && !control())
      kept.reserve(static_cast<std::size_t>(
          std::min<std::uint64_t>(text.size() + left_, std::max(kFirstReserve, text.size()))));
    kept += text;
  }
  if (!complete) return true;
  in_frame_ = false;
  if (control()) {
    const std::string whole = std::exchange(control_, {});
    return end_of_control(in_place ? text : std::string_view(whole), sink, result);
  }
  in_message_ = !final_;
  return !last || end_of_message(in_place ? text : std::string_view(message_), limits, sink, result);
}

WsFrameReader::Result WsFrameReader::feed(std::span<char> bytes, const WsReaderLimits& limits, WsSink& sink) {
  Result result;
  std::size_t position = 0;
  try {
    bool go_on = true;
    while (go_on && (position < bytes.size() || (in_frame_ && left_ == 0))) {
      if (!in_frame_) {
        position += take_header(bytes.subspan(position), limits);
        if (!in_frame_) break;
      }
      if (left_ == 0 || position < bytes.size()) go_on = payload(bytes, position, limits, sink, result);
    }
  } catch (const Failure& failure) {
    result.state = State::kFailed;
    result.code = failure.code;
    result.reason = failure.reason;
  }
  result.consumed = position;
  return result;
}

}  // namespace mychat::server
