#include "server/front_client.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/ssl.hpp>
#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace mychat::server::test {

namespace {

constexpr std::string_view kMask("\x37\xfa\x21\x3d", 4);
constexpr std::string_view kKey = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr std::string_view kAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";  // RFC 6455, section 1.3.

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

}  // namespace

std::string frame_bytes(int opcode, std::string_view payload, bool fin, int rsv, bool mask) {
  std::string out;
  out += static_cast<char>((fin ? 0x80 : 0) | rsv << 4 | opcode);
  const int mask_bit = mask ? 0x80 : 0;
  std::size_t length_bytes = 0;
  if (payload.size() < 126) {
    out += static_cast<char>(mask_bit | static_cast<int>(payload.size()));
  } else {
    length_bytes = payload.size() <= 0xFFFF ? 2 : 8;
    out += static_cast<char>(mask_bit | (length_bytes == 2 ? 126 : 127));
  }
  for (std::size_t i = length_bytes; i-- > 0;) out += static_cast<char>(payload.size() >> (8 * i) & 0xFF);
  if (!mask) return out.append(payload);
  out += kMask;
  for (std::size_t i = 0; i < payload.size(); ++i) out += static_cast<char>(payload[i] ^ kMask[i % 4]);
  return out;
}

std::string close_payload(std::uint16_t code, std::string_view reason) {
  std::string out;
  out += static_cast<char>(code >> 8);
  out += static_cast<char>(code & 0xFF);
  return out.append(reason);
}

struct TestClient::Tls {
  SSL_CTX* context = nullptr;
  SSL* ssl = nullptr;
  ~Tls() {
    SSL_free(ssl);
    SSL_CTX_free(context);
  }
};

TestClient::TestClient(std::uint16_t port, int receive_buffer) { connect(port, receive_buffer); }

TestClient::TestClient(std::uint16_t port, const ClientTls& tls) : tls_(std::make_unique<Tls>()) {
  connect(port, 0);
  tls_->context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_verify(tls_->context, SSL_VERIFY_PEER, nullptr);
  if (tls.max_version != 0) SSL_CTX_set_max_proto_version(tls_->context, tls.max_version);
  if (tls.max_version != 0) SSL_CTX_set_min_proto_version(tls_->context, tls.max_version);
  if (tls.max_version != 0 && tls.max_version < TLS1_2_VERSION) SSL_CTX_set_security_level(tls_->context, 0);
  if (SSL_CTX_load_verify_locations(tls_->context, tls.ca_file.c_str(), nullptr) != 1)
    throw std::runtime_error("cannot load the CA file");
  tls_->ssl = SSL_new(tls_->context);
  SSL_set_fd(tls_->ssl, fd_);
  SSL_set1_host(tls_->ssl, "localhost");
  if (SSL_connect(tls_->ssl) != 1) {
    close();
    throw std::runtime_error("TLS handshake failed");
  }
}

TestClient::~TestClient() { close(); }

void TestClient::connect(std::uint16_t port, int receive_buffer) {
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd_ < 0) throw std::runtime_error(std::string("socket: ") + std::strerror(errno));
  if (receive_buffer != 0) ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  set_patience(kPatience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    close();
    throw std::runtime_error(std::string("connect: ") + std::strerror(errno));
  }
}

void TestClient::set_patience(std::chrono::milliseconds patience) {
  timeval time{};
  time.tv_sec = patience.count() / 1000;
  time.tv_usec = static_cast<suseconds_t>(patience.count() % 1000 * 1000);
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
  ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
}

bool TestClient::send(std::string_view bytes) {
  if (tls_) return SSL_write(tls_->ssl, bytes.data(), static_cast<int>(bytes.size())) > 0;
  while (!bytes.empty()) {
    const ssize_t count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

std::string TestClient::receive() {
  if (!in_.empty()) return std::exchange(in_, {});
  std::array<char, 65536> buffer;
  if (tls_) {
    const int count = SSL_read(tls_->ssl, buffer.data(), static_cast<int>(buffer.size()));
    if (count > 0) return {buffer.data(), static_cast<std::size_t>(count)};
    const int error = SSL_get_error(tls_->ssl, count);
    if (error == SSL_ERROR_WANT_READ) throw std::runtime_error("nothing came");
    return {};
  }
  const ssize_t count = ::recv(fd_, buffer.data(), buffer.size(), 0);
  if (count > 0) return {buffer.data(), static_cast<std::size_t>(count)};
  if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) throw std::runtime_error("nothing came");
  return {};
}

bool TestClient::need(std::size_t bytes) {
  while (in_.size() < bytes) {
    std::string have = std::exchange(in_, {});
    const std::string more = receive();
    in_ = std::move(have.append(more));
    if (more.empty()) return false;
  }
  return true;
}

std::optional<Response> TestClient::response(bool head) {
  std::size_t end = std::string::npos;
  while ((end = in_.find("\r\n\r\n")) == std::string::npos)
    if (!need(in_.size() + 1)) return std::nullopt;
  Response out;
  out.status = std::stoi(in_.substr(9, 3));
  std::size_t position = in_.find("\r\n") + 2;
  while (position < end + 2) {
    const std::size_t line_end = in_.find("\r\n", position);
    const std::string line = in_.substr(position, line_end - position);
    const std::size_t colon = line.find(':');
    out.headers[lower(line.substr(0, colon))] = line.substr(colon + 2);
    position = line_end + 2;
  }
  in_.erase(0, end + 4);
  const auto length = out.headers.find("content-length");
  if (!head && length != out.headers.end()) {
    const std::size_t size = std::stoul(length->second);
    if (!need(size)) return std::nullopt;
    out.body = in_.substr(0, size);
    in_.erase(0, size);
  }
  return out;
}

Response TestClient::request(std::string_view method, std::string_view path, std::string_view body,
                             std::string_view headers) {
  std::string text = std::string(method) + " " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n";
  text += headers;
  if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  text += "\r\n";
  send(text + std::string(body));
  const auto answer = response(method == "HEAD");
  if (!answer) throw std::runtime_error("the connection ended without an answer");
  return *answer;
}

bool TestClient::closed_by_peer(std::chrono::milliseconds patience) {
  set_patience(patience);
  in_.clear();
  try {
    while (!receive().empty()) {
    }
  } catch (const std::runtime_error&) {
    return false;
  }
  return true;
}

void TestClient::shutdown_write() { ::shutdown(fd_, SHUT_WR); }

void TestClient::reset() {
  const linger hard{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  close();
}

void TestClient::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

int TestClient::upgrade(std::string_view path, std::string_view headers) {
  send("GET " + std::string(path) +
       " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
       "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " +
       std::string(kKey) + "\r\n" + std::string(headers) + "\r\n");
  const auto answer = response();
  if (!answer) return 0;
  if (answer->status == 101 && answer->headers.at("sec-websocket-accept") != kAccept)
    throw std::runtime_error("wrong Sec-WebSocket-Accept");
  const auto extensions = answer->headers.find("sec-websocket-extensions");
  if (extensions != answer->headers.end()) last_extensions = extensions->second;
  return answer->status;
}

std::optional<Frame> TestClient::frame() {
  if (!need(2)) return std::nullopt;
  Frame out;
  const auto first = static_cast<std::uint8_t>(in_[0]);
  out.fin = (first & 0x80) != 0;
  out.rsv = first >> 4 & 7;
  out.opcode = first & 15;
  std::size_t size = static_cast<std::uint8_t>(in_[1]);
  if (size > 127) throw std::runtime_error("the server masked a frame");
  std::size_t header = 2;
  if (size >= 126) {
    const std::size_t bytes = size == 126 ? 2 : 8;
    header += bytes;
    if (!need(header)) return std::nullopt;
    size = 0;
    for (std::size_t i = 0; i < bytes; ++i) size = size << 8 | static_cast<std::uint8_t>(in_[2 + i]);
  }
  if (!need(header + size)) return std::nullopt;
  out.payload = in_.substr(header, size);
  in_.erase(0, header + size);
  return out;
}

std::optional<Frame> TestClient::data_frame() {
  for (;;) {
    auto next = frame();
    if (!next || (next->opcode != 9 && next->opcode != 10)) return next;
  }
}

int TestClient::close_code() {
  for (;;) {
    const auto next = frame();
    if (!next) return 0;
    if (next->opcode != 8) continue;
    if (next->payload.size() < 2) return 1005;
    return static_cast<std::uint8_t>(next->payload[0]) << 8 | static_cast<std::uint8_t>(next->payload[1]);
  }
}

std::string TestClient::tls_version() const { return tls_ ? SSL_get_version(tls_->ssl) : ""; }

}  // namespace mychat::server::test
