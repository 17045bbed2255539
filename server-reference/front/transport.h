// One accepted TCP connection, plain or TLS, without blocking: Asio waits, this reads and writes. OpenSSL
// works on the socket directly, so that a TLS connection keeps no buffers between its records, and the
// session code above is the same for both.
#pragma once

#include <sys/uio.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <span>
#include <string>

struct ssl_st;
struct ssl_ctx_st;

namespace mychat::server {

struct TlsConfig;

enum class IoState { kDone, kWantRead, kWantWrite, kEnd, kError };
struct IoResult {
  IoState state = IoState::kDone;
  std::size_t bytes = 0;
};

// A loaded certificate and key; connections keep the one they began with.
class TlsContext {
 public:
  // Throws mychat::Error (MYCHAT_E_TLS).
  explicit TlsContext(const TlsConfig& config);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  ssl_ctx_st* native() const noexcept { return native_; }

 private:
  ssl_ctx_st* native_;
};

class Transport {
 public:
  using Socket =
      boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

  // Takes the descriptor, which is non-blocking.
  Transport(boost::asio::io_context& context, int descriptor, const TlsContext* tls);
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  Socket& socket() noexcept { return socket_; }
  bool tls() const noexcept { return ssl_ != nullptr; }

  IoResult handshake();
  // Fills as much of the buffer as there is; fewer bytes than that: there were no more.
  IoResult read(std::span<char> buffer);
  // `scratch` holds the bytes of one TLS record.
  IoResult write(std::span<const iovec> pieces, std::span<char> scratch);
  // Bytes already decrypted, of which the socket knows nothing.
  bool has_pending() const noexcept;
  // Bytes written that the peer's system has not acknowledged.
  std::size_t unacknowledged() noexcept;
  void shutdown_write() noexcept;
  void close() noexcept;

 private:
  IoResult read_tls(std::span<char> buffer);
  IoResult tls_result(int result);

  Socket socket_;
  ssl_st* ssl_ = nullptr;
  bool broken_ = false;  // A TLS connection that failed may not be shut down.
};

}  // namespace mychat::server
