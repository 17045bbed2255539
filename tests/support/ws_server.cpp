#include "support/ws_server.h"

#include <openssl/evp.h>

#include <array>

namespace mychat::test {

std::string accept_value(const std::string& key) {
  const std::string text = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr);
  std::array<unsigned char, 64> out{};
  EVP_EncodeBlock(out.data(), digest.data(), static_cast<int>(size));
  return reinterpret_cast<const char*>(out.data());
}

std::optional<RawRequest> WsPeer::accept() {
  auto request = read_http_request(connection_);
  if (!request || !accept(*request)) return std::nullopt;
  return request;
}

bool WsPeer::accept(const RawRequest& request) {
  if (request.method != "GET" || request.header("upgrade") != "websocket" ||
      request.header("sec-websocket-version") != "13") {
    return false;
  }
  return connection_.write(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: " +
      accept_value(request.header("sec-websocket-key")) + "\r\n\r\n");
}

bool WsPeer::send(int opcode, std::string_view payload, bool fin) {
  std::string frame;
  frame += static_cast<char>((fin ? 0x80 : 0) | opcode);
  if (payload.size() < 126) {
    frame += static_cast<char>(payload.size());
  } else if (payload.size() < 65536) {
    frame += static_cast<char>(126);
    frame += static_cast<char>(payload.size() >> 8);
    frame += static_cast<char>(payload.size() & 0xff);
  } else {
    frame += static_cast<char>(127);
    for (int shift = 56; shift >= 0; shift -= 8) frame += static_cast<char>((payload.size() >> shift) & 0xff);
  }
  frame += payload;
  return connection_.write(frame);
}

bool WsPeer::send_close(std::uint16_t code, std::string_view reason) {
  std::string payload;
  payload += static_cast<char>(code >> 8);
  payload += static_cast<char>(code & 0xff);
  payload += reason;
  return send(kClose, payload);
}

std::optional<Frame> WsPeer::read() {
  const auto head = connection_.read_exactly(2);
  if (!head) return std::nullopt;
  const auto byte = [](char c) { return static_cast<unsigned>(static_cast<unsigned char>(c)); };
  Frame frame;
  frame.fin = (byte((*head)[0]) & 0x80) != 0;
  frame.opcode = static_cast<int>(byte((*head)[0]) & 0x0f);
  frame.masked = (byte((*head)[1]) & 0x80) != 0;
  std::uint64_t size = byte((*head)[1]) & 0x7f;
  if (size >= 126) {
    const auto more = connection_.read_exactly(size == 126 ? 2 : 8);
    if (!more) return std::nullopt;
    size = 0;
    for (const char c : *more) size = (size << 8) | byte(c);
  }
  const auto mask = connection_.read_exactly(frame.masked ? 4 : 0);
  auto payload = connection_.read_exactly(size);
  if (!mask || !payload) return std::nullopt;
  for (std::size_t i = 0; frame.masked && i < payload->size(); ++i) {
    (*payload)[i] = static_cast<char>((*payload)[i] ^ (*mask)[i % 4]);
  }
  frame.payload = std::move(*payload);
  return frame;
}

std::optional<Frame> WsPeer::read_data() {
  for (;;) {
    auto frame = read();
    if (!frame || frame->opcode != kPing) return frame;
    send(kPong, frame->payload);
  }
}

void WsPeer::echo() {
  while (const auto frame = read_data()) {
    if (!send(frame->opcode, frame->payload, frame->fin) || frame->opcode == kClose) return;
  }
}

}  // namespace mychat::test
