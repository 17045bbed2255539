#include "bench/load/ws_client.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <utility>
#include <vector>

namespace mychat::bench {

namespace {

constexpr int kPatienceMs = 10'000;

int connect_to(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw std::runtime_error("no socket: raise the limit of open files");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    close(fd);
    throw std::runtime_error("the node does not take connections");
  }
  return fd;
}

void write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) throw std::runtime_error("the node closed a connection");
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

void read_some(int fd, std::string& into) {
  pollfd wait{fd, POLLIN, 0};
  if (poll(&wait, 1, kPatienceMs) != 1) throw std::runtime_error("the node does not answer");
  std::array<char, 16384> buffer;
  const ssize_t n = recv(fd, buffer.data(), buffer.size(), 0);
  if (n <= 0) throw std::runtime_error("the node closed a connection");
  into.append(buffer.data(), static_cast<std::size_t>(n));
}

struct Descriptor {
  ~Descriptor() { close(fd); }
  int fd;
};

std::uint32_t next_mask() noexcept {
  static std::uint32_t state = 0x9e3779b9;
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state;
}

void apply_mask(char* data, std::size_t size, std::uint32_t mask) noexcept {
  const std::uint64_t wide = (static_cast<std::uint64_t>(mask) << 32) | mask;
  std::size_t i = 0;
  for (; i + 8 <= size; i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, data + i, 8);
    word ^= wide;
    std::memcpy(data + i, &word, 8);
  }
  std::array<char, 4> bytes;
  std::memcpy(bytes.data(), &mask, 4);
  for (; i < size; ++i) data[i] = static_cast<char>(data[i] ^ bytes[i % 4]);
}

}  // namespace

std::uint64_t now_ns() noexcept {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                        std::chrono::steady_clock::now().time_since_epoch())
                                        .count());
}

HttpAnswer post(std::uint16_t port, const std::string& path, const std::string& json) {
  const Descriptor socket{connect_to(port)};
  write_all(socket.fd, "POST " + path +
                           " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                           "Connection: close\r\nContent-Length: " +
                           std::to_string(json.size()) + "\r\n\r\n" + json);
  std::string answer;
  std::size_t head = std::string::npos;
  while ((head = answer.find("\r\n\r\n")) == std::string::npos) read_some(socket.fd, answer);
  const std::size_t length = answer.find("Content-Length: ");
  if (length == std::string::npos) throw std::runtime_error("an answer without its length");
  const std::size_t size = std::stoul(answer.substr(length + 16));
  while (answer.size() < head + 4 + size) read_some(socket.fd, answer);
  return {std::stoi(answer.substr(9, 3)), answer.substr(head + 4, size)};
}

std::string text_member(std::string_view json, std::string_view name) {
  std::string start(1, '"');
  start += name;
  start += "\":\"";
  const std::size_t at = json.find(start);
  const std::size_t end = at == json.npos ? json.npos : json.find('"', at + start.size());
  if (end == json.npos) throw std::runtime_error("no " + std::string(name) + " in: " + std::string(json));
  return std::string(json.substr(at + start.size(), end - at - start.size()));
}

WsClient::~WsClient() { close(); }

void WsClient::close() noexcept {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  out_.clear();
  rest_.clear();
  sent_ = 0;
}

WsClient::WsClient(WsClient&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      out_(std::move(other.out_)),
      sent_(other.sent_),
      rest_(std::move(other.rest_)) {}

std::string WsClient::wait_text() {
  std::string text;
  while (true) {
    const std::size_t used = take_frames(rest_, [&](std::string_view one) {
      if (text.empty()) text = one;
    });
    rest_.erase(0, used);
    if (!text.empty()) return text;
    read_some(fd_, rest_);
  }
}

void WsClient::open(std::uint16_t port, const std::string& token, std::int64_t after) {
  fd_ = connect_to(port);
  write_all(fd_,
            "GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: bXljaGF0LWJlbmNoLWtleQ==\r\n\r\n");
  std::string answer;
  while (answer.find("\r\n\r\n") == std::string::npos) read_some(fd_, answer);
  if (!answer.starts_with("HTTP/1.1 101")) throw std::runtime_error("no upgrade: " + answer);
  rest_ = answer.substr(answer.find("\r\n\r\n") + 4);
  std::string authenticate = R"({"type":"auth","token":")";
  authenticate += token;
  authenticate += "\"}";
  queue(authenticate);
  flush();
  if (const std::string text = wait_text(); !text.starts_with(R"({"type":"auth_success")"))
    throw std::runtime_error("not authenticated: " + text);
  const std::string known = mailbox_id_.empty() ? "null" : '"' + mailbox_id_ + '"';
  queue(R"({"type":"subscribe","events":["message"],"mailbox":{"after":)" + std::to_string(after) +
        R"(,"id":)" + known + "}}");
  flush();
  const std::string text = wait_text();
  if (!text.starts_with(R"({"type":"subscribed")")) throw std::runtime_error("not subscribed: " + text);
  mailbox_id_ = text_member(text, "id");
  fcntl(fd_, F_SETFL, fcntl(fd_, F_GETFL) | O_NONBLOCK);
}

void WsClient::queue(std::string_view text) { frame(1, text); }

void WsClient::frame(std::uint8_t opcode, std::string_view payload) {
  if (payload.size() > 65535) throw std::runtime_error("a frame larger than this tool makes");
  if (sent_ == out_.size()) {
    out_.clear();
    sent_ = 0;
  }
  out_ += static_cast<char>(0x80 | opcode);
  if (payload.size() < 126) {
    out_ += static_cast<char>(0x80 | payload.size());
  } else {
    out_ += static_cast<char>(0x80 | 126);
    out_ += static_cast<char>(payload.size() >> 8);
    out_ += static_cast<char>(payload.size() & 0xff);
  }
  const std::uint32_t mask = next_mask();
  out_.append(reinterpret_cast<const char*>(&mask), 4);
  const std::size_t at = out_.size();
  out_ += payload;
  apply_mask(out_.data() + at, payload.size(), mask);
}

bool WsClient::flush() {
  while (has_output()) {
    const ssize_t n = send(fd_, out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return false;
    if (n <= 0) throw std::runtime_error("the node closed a connection");
    sent_ += static_cast<std::size_t>(n);
  }
  return true;
}

void WsClient::read(const std::function<void(std::string_view)>& on_text) {
  static std::vector<char> scratch(1 << 20);
  const ssize_t n = recv(fd_, scratch.data(), scratch.size(), 0);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
  if (n <= 0) throw std::runtime_error("the node closed a connection");
  const std::string_view bytes(scratch.data(), static_cast<std::size_t>(n));
  if (rest_.empty()) {
    rest_ = bytes.substr(take_frames(bytes, on_text));
  } else {
    rest_ += bytes;
    rest_.erase(0, take_frames(rest_, on_text));
  }
}

// How many bytes the whole frames took.
std::size_t WsClient::take_frames(std::string_view bytes,
                                  const std::function<void(std::string_view)>& on_text) {
  std::size_t used = 0;
  while (bytes.size() - used >= 2) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[used + i]); };
    std::size_t size = byte(1) & 0x7f;
    const std::size_t wide = size == 126 ? 2 : size == 127 ? 8 : 0;
    if (bytes.size() - used < 2 + wide) break;
    if (wide != 0) size = 0;
    for (std::size_t i = 0; i < wide; ++i) size = (size << 8) | byte(2 + i);
    if (bytes.size() - used - 2 - wide < size) break;
    const std::string_view payload = bytes.substr(used + 2 + wide, size);
    const std::uint8_t opcode = byte(0) & 0x0f;
    if (opcode == 8)
      throw std::runtime_error("the node closed a WebSocket: " + std::string(payload.substr(2)));
    if (opcode == 9) frame(10, payload);
    if (opcode == 1) on_text(payload);
    used += 2 + wide + size;
  }
  return used;
}

}  // namespace mychat::bench
