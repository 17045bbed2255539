#include "support/net.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstring>
#include <stdexcept>

#include "support/tls.h"

namespace mychat::test {
namespace {

union Address {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

Address make_address(const std::string& text, std::uint16_t port, socklen_t& size) {
  Address address{};
  if (inet_pton(AF_INET, text.c_str(), &address.v4.sin_addr) == 1) {
    address.v4.sin_family = AF_INET;
    address.v4.sin_port = htons(port);
    size = sizeof(address.v4);
  } else if (inet_pton(AF_INET6, text.c_str(), &address.v6.sin6_addr) == 1) {
    address.v6.sin6_family = AF_INET6;
    address.v6.sin6_port = htons(port);
    size = sizeof(address.v6);
  } else {
    throw std::runtime_error("not an address: " + text);
  }
  return address;
}

[[noreturn]] void fail(const char* what) {
  throw std::runtime_error(std::string(what) + ": " + std::strerror(errno));
}

int bound_socket(const std::string& text, std::uint16_t port, std::uint16_t& bound) {
  socklen_t size = 0;
  Address address = make_address(text, port, size);
  const int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  const int one = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
  if (bind(fd, &address.any, size) != 0) {
    close(fd);
    fail("bind");
  }
  getsockname(fd, &address.any, &size);
  bound = ntohs(address.any.sa_family == AF_INET ? address.v4.sin_port : address.v6.sin6_port);
  return fd;
}

bool wait_for(int fd, short events, std::chrono::milliseconds timeout) {
  pollfd entry{fd, events, 0};
  return poll(&entry, 1, static_cast<int>(timeout.count())) > 0;
}

struct FreeTls {
  void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
  void operator()(X509* certificate) const noexcept { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};
template <class T>
using Owned = std::unique_ptr<T, FreeTls>;

}  // namespace

struct Connection::Tls {
  Owned<SSL_CTX> context;
  Owned<SSL> ssl;
};

Connection::Connection(int fd) : fd_(fd) {
  timeval limit{};
  limit.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(kNetTimeout).count();
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  const int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

Connection::~Connection() {
  tls_.reset();
  close(fd_);
}

std::unique_ptr<Connection> Connection::to_loopback(std::uint16_t port) {
  socklen_t size = 0;
  const Address address = make_address("127.0.0.1", port, size);
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  auto connection = std::make_unique<Connection>(fd);
  if (connect(fd, &address.any, size) != 0) fail("connect");
  return connection;
}

std::string Connection::read_raw(std::size_t max) {
  std::string out(max, '\0');
  std::ptrdiff_t got = 0;
  if (tls_) {
    got = SSL_read(tls_->ssl.get(), out.data(), static_cast<int>(max));
    ERR_clear_error();
  } else {
    do {
      got = recv(fd_, out.data(), max, 0);
    } while (got < 0 && errno == EINTR);
  }
  out.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return out;
}

std::string Connection::read_some(std::size_t max) {
  if (pending_.empty()) return read_raw(max);
  std::string out = pending_.substr(0, max);
  pending_.erase(0, out.size());
  return out;
}

std::optional<std::string> Connection::read_exactly(std::size_t n) {
  std::string out;
  while (out.size() < n) {
    const std::string more = read_some(n - out.size());
    if (more.empty()) return std::nullopt;
    out += more;
  }
  return out;
}

std::optional<std::string> Connection::read_until(std::string_view end, std::size_t max) {
  std::string seen;
  for (;;) {
    const std::string more = read_some();
    if (more.empty()) return std::nullopt;
    seen += more;
    const std::size_t at = seen.find(end);
    if (at != std::string::npos) {
      pending_.insert(0, seen.substr(at + end.size()));
      seen.resize(at + end.size());
      return seen;
    }
    if (seen.size() > max) return std::nullopt;
  }
}

bool Connection::write(std::string_view bytes) {
  while (!bytes.empty()) {
    std::ptrdiff_t sent = 0;
    if (tls_) {
      sent = SSL_write(tls_->ssl.get(), bytes.data(),
                       static_cast<int>(std::min<std::size_t>(bytes.size(), 1 << 16)));
      ERR_clear_error();
    } else {
      sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
    }
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool Connection::start_tls(const TlsServerConfig& config) {
  auto tls = std::make_unique<Tls>();
  tls->context.reset(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* const context = tls->context.get();
  const auto load = [](const std::string& pem) {
    return Owned<BIO>(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  };
  const Owned<X509> certificate(
      PEM_read_bio_X509(load(config.identity.certificate_pem).get(), nullptr, nullptr, nullptr));
  const Owned<EVP_PKEY> key(
      PEM_read_bio_PrivateKey(load(config.identity.key_pem).get(), nullptr, nullptr, nullptr));
  if (SSL_CTX_use_certificate(context, certificate.get()) != 1 ||
      SSL_CTX_use_PrivateKey(context, key.get()) != 1) {
    throw std::runtime_error("the test's certificate cannot be used");
  }
  if (config.max_version != 0) {
    SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context, config.max_version);
    if (config.max_version < TLS1_2_VERSION) SSL_CTX_set_security_level(context, 0);
  }
  tls->ssl.reset(SSL_new(context));
  SSL_set_fd(tls->ssl.get(), fd_);
  ERR_clear_error();
  if (SSL_accept(tls->ssl.get()) != 1) {
    const unsigned long code = ERR_peek_last_error();
    const char* const reason = ERR_reason_error_string(code);
    tls_error_ = reason != nullptr ? reason : "the connection ended";
    ERR_clear_error();
    return false;
  }
  const char* const name = SSL_get_servername(tls->ssl.get(), TLSEXT_NAMETYPE_host_name);
  server_name_ = name != nullptr ? name : "";
  tls_ = std::move(tls);
  return true;
}

void Connection::reset() {
  // Connecting to nowhere is how Linux drops a connection at once, with RST, while the descriptor stays ours.
  sockaddr nowhere{};
  nowhere.sa_family = AF_UNSPEC;
  connect(fd_, &nowhere, sizeof(nowhere));
}

void Connection::shut_down() { shutdown(fd_, SHUT_RDWR); }

bool Connection::wait_closed(std::chrono::milliseconds timeout) {
  const auto end = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0 || !wait_for(fd_, POLLIN, left)) return false;
    if (read_raw(16 * 1024).empty()) return true;
  }
}

Server::Server(Handler handler, const std::string& address, std::uint16_t port)
    : handler_(std::move(handler)) {
  listen_fd_ = bound_socket(address, port, port_);
  if (listen(listen_fd_, 128) != 0) fail("listen");
  thread_ = std::thread([this] { accept_loop(); });
}

Server::~Server() {
  stopping_ = true;
  shutdown(listen_fd_, SHUT_RDWR);
  thread_.join();
  for (const auto& peer : peers_) peer->connection.shut_down();
  for (const auto& peer : peers_) peer->thread.join();
  close(listen_fd_);
}

void Server::reap() {
  const auto done = [](const std::unique_ptr<Peer>& peer) {
    if (!peer->done) return false;
    peer->thread.join();
    return true;
  };
  peers_.erase(std::remove_if(peers_.begin(), peers_.end(), done), peers_.end());
}

void Server::accept_loop() {
  while (!stopping_) {
    const int fd = accept4(listen_fd_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    ++accepted_;
    reap();
    peers_.push_back(std::make_unique<Peer>(fd));
    Peer& peer = *peers_.back();
    peer.thread = std::thread([this, &peer] {
      // A test's client may be gone in the middle of a TLS write.
      sigset_t pipe;
      sigemptyset(&pipe);
      sigaddset(&pipe, SIGPIPE);
      pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
      handler_(peer.connection);
      peer.connection.shut_down();
      peer.done = true;
    });
  }
}

std::string Server::url(std::string_view scheme, std::string_view host, std::string_view target) const {
  return std::string(scheme) + "://" + std::string(host) + ":" + std::to_string(port_) + std::string(target);
}

BlackHole::BlackHole() {
  listen_fd_ = bound_socket("127.0.0.1", 0, port_);
  if (listen(listen_fd_, 0) != 0) fail("listen");
  socklen_t size = 0;
  const Address address = make_address("127.0.0.1", port_, size);
  // The kernel takes one more than the backlog, then drops what comes.
  for (int i = 0; i < 4; ++i) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) fail("socket");
    connect(fd, &address.any, size);
    fill_.push_back(fd);
    wait_for(fd, POLLOUT, std::chrono::milliseconds(50));
  }
}

BlackHole::~BlackHole() {
  for (const int fd : fill_) close(fd);
  close(listen_fd_);
}

ClosedPort::ClosedPort(const std::string& address, std::uint16_t port) {
  fd_ = bound_socket(address, port, port_);
}
ClosedPort::~ClosedPort() { close(fd_); }

std::string RawRequest::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

std::optional<RawRequest> read_http_request(Connection& connection) {
  const auto head = connection.read_until("\r\n\r\n", 64 * 1024);
  if (!head) return std::nullopt;
  RawRequest out;
  std::string_view rest = *head;
  const std::string_view first = rest.substr(0, rest.find("\r\n"));
  const std::size_t space = first.find(' ');
  const std::size_t second = first.find(' ', space + 1);
  if (space == std::string_view::npos || second == std::string_view::npos) return std::nullopt;
  out.method = std::string(first.substr(0, space));
  out.target = std::string(first.substr(space + 1, second - space - 1));
  rest.remove_prefix(first.size() + 2);
  while (!rest.starts_with("\r\n")) {
    const std::string_view line = rest.substr(0, rest.find("\r\n"));
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    std::string name(line.substr(0, colon));
    for (char& c : name) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    std::string_view value = line.substr(colon + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    out.headers.emplace_back(std::move(name), std::string(value));
    rest.remove_prefix(line.size() + 2);
  }
  const std::string length = out.header("content-length");
  std::size_t size = 0;
  if (!length.empty()) std::from_chars(length.data(), length.data() + length.size(), size);
  auto body = connection.read_exactly(size);
  if (!body) return std::nullopt;
  out.body = std::move(*body);
  return out;
}

}  // namespace mychat::test
