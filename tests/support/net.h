// Raw sockets for tests: servers that misbehave on purpose. Loopback and ephemeral ports only; every wait is
// bounded.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace mychat::test {

inline constexpr std::chrono::milliseconds kNetTimeout{10'000};

struct TlsServerConfig;  // tls.h

// A connected stream, plain or TLS. Reads and writes wait at most kNetTimeout, or until shut_down().
class Connection {
 public:
  explicit Connection(int fd);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // A client's connection to 127.0.0.1; throws std::runtime_error when it fails.
  static std::unique_ptr<Connection> to_loopback(std::uint16_t port);

  // Up to `max` bytes; empty at the end, at a failure and at the time-out.
  std::string read_some(std::size_t max = 16 * 1024);
  // Exactly `n` bytes, or nothing.
  std::optional<std::string> read_exactly(std::size_t n);
  // Up to and including `end`, or nothing; what came after it is kept for the next read.
  std::optional<std::string> read_until(std::string_view end, std::size_t max = 1024 * 1024);
  // True when everything was written.
  bool write(std::string_view bytes);

  // TLS as the server. False when the handshake failed (tls_error() says how).
  bool start_tls(const TlsServerConfig& config);
  const std::string& tls_error() const noexcept { return tls_error_; }
  // The name the client asked for (SNI), empty when none.
  const std::string& server_name() const noexcept { return server_name_; }

  void reset();      // Disconnects with RST.
  void shut_down();  // From any thread: wakes whoever reads or writes.
  // True when the peer closes within the time.
  bool wait_closed(std::chrono::milliseconds timeout = kNetTimeout);
  int fd() const noexcept { return fd_; }

 private:
  struct Tls;
  std::string read_raw(std::size_t max);

  int fd_;
  std::string pending_;
  std::unique_ptr<Tls> tls_;
  std::string tls_error_;
  std::string server_name_;
};

// Listens on loopback (127.0.0.1 unless told) and serves each connection on a thread of its own. The
// destructor shuts every connection down and joins.
class Server {
 public:
  using Handler = std::function<void(Connection&)>;
  explicit Server(Handler handler, const std::string& address = "127.0.0.1", std::uint16_t port = 0);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint16_t port() const noexcept { return port_; }
  int accepted() const noexcept { return accepted_.load(); }
  std::string url(std::string_view scheme, std::string_view host = "127.0.0.1",
                  std::string_view target = "/") const;

 private:
  struct Peer {
    Connection connection;
    std::thread thread;
    std::atomic<bool> done{false};
    explicit Peer(int fd) : connection(fd) {}
  };
  void accept_loop();
  void reap();

  Handler handler_;
  int listen_fd_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_{false};
  std::atomic<int> accepted_{0};
  std::mutex mutex_;
  std::vector<std::unique_ptr<Peer>> peers_;
  std::thread thread_;
};

// A listening socket whose backlog is full, so that a further connect() neither succeeds nor fails.
class BlackHole {
 public:
  BlackHole();
  ~BlackHole();
  std::uint16_t port() const noexcept { return port_; }

 private:
  int listen_fd_ = -1;
  std::uint16_t port_ = 0;
  std::vector<int> fill_;
};

// A port on loopback on which nobody listens (bound, never listening, for the life of the object).
class ClosedPort {
 public:
  explicit ClosedPort(const std::string& address = "127.0.0.1", std::uint16_t port = 0);
  ~ClosedPort();
  std::uint16_t port() const noexcept { return port_; }

 private:
  int fd_ = -1;
  std::uint16_t port_ = 0;
};

struct RawRequest {
  std::string method, target;
  std::vector<std::pair<std::string, std::string>> headers;  // Names in lower case.
  std::string body;                                          // By Content-Length.
  std::string header(std::string_view name) const;           // Empty when absent.
};
// Reads one HTTP/1.1 request; nothing when the peer closes first or it is not one.
std::optional<RawRequest> read_http_request(Connection& connection);

}  // namespace mychat::test
