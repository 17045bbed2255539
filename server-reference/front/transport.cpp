#include "front/transport.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/ssl.hpp>
#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "front/front_server.h"

namespace mychat::server {

namespace {

// OpenSSL's own socket BIO would raise SIGPIPE; this one never does.
int bio_fd(BIO* bio) { return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio))); }

int bio_result(BIO* bio, ssize_t result, int retry_flag) {
  BIO_clear_retry_flags(bio);
  if (result < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
    BIO_set_flags(bio, retry_flag | BIO_FLAGS_SHOULD_RETRY);
  return static_cast<int>(result);
}
int bio_write(BIO* bio, const char* data, int size) {
  return bio_result(bio, ::send(bio_fd(bio), data, static_cast<std::size_t>(size), MSG_NOSIGNAL),
                    BIO_FLAGS_WRITE);
}
int bio_read(BIO* bio, char* data, int size) {
  return bio_result(bio, ::recv(bio_fd(bio), data, static_cast<std::size_t>(size), 0), BIO_FLAGS_READ);
}
long bio_control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

BIO_METHOD* socket_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "mychat socket");
    if (made == nullptr) throw std::bad_alloc();
    BIO_meth_set_write(made, bio_write);
    BIO_meth_set_read(made, bio_read);
    BIO_meth_set_ctrl(made, bio_control);
    return made;
  }();
  return method;
}

int select_protocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* offered,
                    unsigned int offered_size, void*) {
  static constexpr unsigned char kHttp11[] = "\x08http/1.1";
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, kHttp11, sizeof(kHttp11) - 1, offered, offered_size) !=
      OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_NOACK;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

[[noreturn]] void throw_tls(const std::string& message) {
  ERR_clear_error();
  throw Error(MYCHAT_E_TLS, MYCHAT_DOMAIN_NETWORK, message);
}

}  // namespace

TlsContext::TlsContext(const TlsConfig& config) : native_(SSL_CTX_new(TLS_server_method())) {
  if (native_ == nullptr) throw std::bad_alloc();
  // Frees on the way out by exception; released at the end.
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> guard(native_, SSL_CTX_free);
  SSL_CTX_set_min_proto_version(native_, TLS1_2_VERSION);
  SSL_CTX_set_options(native_,
                      SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(native_, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(native_, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_alpn_select_cb(native_, select_protocol, nullptr);
  if (SSL_CTX_set_cipher_list(native_, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1)
    throw_tls("The linked OpenSSL offers no suitable TLS 1.2 cipher.");
  if (SSL_CTX_use_certificate_chain_file(native_, config.certificate_file.c_str()) != 1)
    throw_tls("The TLS certificate " + config.certificate_file + " cannot be read.");
  if (SSL_CTX_use_PrivateKey_file(native_, config.key_file.c_str(), SSL_FILETYPE_PEM) != 1)
    throw_tls("The TLS key " + config.key_file + " cannot be read or does not belong to the certificate.");
  if (SSL_CTX_check_private_key(native_) != 1)
    throw_tls("The TLS key and the certificate do not belong together.");
  static_cast<void>(guard.release());  // It is native_ now.
}

TlsContext::~TlsContext() { SSL_CTX_free(native_); }

Transport::Transport(boost::asio::io_context& context, int descriptor, const TlsContext* tls)
    : socket_(context.get_executor()) {
  try {
    socket_.assign(boost::asio::ip::tcp::v4(), descriptor);
  } catch (...) {
    ::close(descriptor);
    throw;
  }
  if (tls == nullptr) return;
  ssl_ = SSL_new(tls->native());
  BIO* bio = ssl_ != nullptr ? BIO_new(socket_method()) : nullptr;
  if (bio == nullptr) {
    SSL_free(ssl_);
    ssl_ = nullptr;
    throw std::bad_alloc();
  }
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(descriptor)));
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_, bio, bio);
  SSL_set_accept_state(ssl_);
}

Transport::~Transport() {
  close();
  SSL_free(ssl_);
}

IoResult Transport::tls_result(int result) {
  switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_NONE:
      return {IoState::kDone, static_cast<std::size_t>(result)};
    case SSL_ERROR_WANT_READ:
      return {IoState::kWantRead, 0};
    case SSL_ERROR_WANT_WRITE:
      return {IoState::kWantWrite, 0};
    case SSL_ERROR_ZERO_RETURN:
      return {IoState::kEnd, 0};
    default:
      broken_ = true;
      ERR_clear_error();
      return {IoState::kError, 0};
  }
}

IoResult Transport::handshake() {
  ERR_clear_error();
  return tls_result(SSL_do_handshake(ssl_));
}

IoResult Transport::read_tls(std::span<char> buffer) {
  std::size_t total = 0;
  while (total < buffer.size()) {
    ERR_clear_error();
    const std::size_t room = std::min<std::size_t>(buffer.size() - total, 1U << 30);
    const IoResult result = tls_result(SSL_read(ssl_, buffer.data() + total, static_cast<int>(room)));
    if (result.state != IoState::kDone) {
      // What was read comes first; the same end is found again at the next call.
      if (total > 0) break;
      return result;
    }
    total += result.bytes;
  }
  return {IoState::kDone, total};
}

IoResult Transport::read(std::span<char> buffer) {
  if (ssl_ != nullptr) return broken_ ? IoResult{IoState::kError, 0} : read_tls(buffer);
  for (;;) {
    const ssize_t count = ::recv(socket_.native_handle(), buffer.data(), buffer.size(), 0);
    if (count > 0) return {IoState::kDone, static_cast<std::size_t>(count)};
    if (count == 0) return {IoState::kEnd, 0};
    if (errno == EINTR) continue;
    return {errno == EAGAIN || errno == EWOULDBLOCK ? IoState::kWantRead : IoState::kError, 0};
  }
}

IoResult Transport::write(std::span<const iovec> pieces, std::span<char> scratch) {
  if (ssl_ != nullptr) {
    if (broken_) return {IoState::kError, 0};
    // One record. After a partial write the same bytes lead again, as OpenSSL demands.
    std::size_t size = 0;
    for (const iovec& piece : pieces) {
      const std::size_t part = std::min(piece.iov_len, scratch.size() - size);
      std::memcpy(scratch.data() + size, piece.iov_base, part);
      size += part;
    }
    ERR_clear_error();
    return tls_result(SSL_write(ssl_, scratch.data(), static_cast<int>(size)));
  }
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data());
  message.msg_iovlen = pieces.size();
  for (;;) {
    const ssize_t count = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL);
    if (count >= 0) return {IoState::kDone, static_cast<std::size_t>(count)};
    if (errno == EINTR) continue;
    return {errno == EAGAIN || errno == EWOULDBLOCK ? IoState::kWantWrite : IoState::kError, 0};
  }
}

bool Transport::has_pending() const noexcept { return ssl_ != nullptr && SSL_pending(ssl_) > 0; }

std::size_t Transport::unacknowledged() noexcept {
  int bytes = 0;
  if (!socket_.is_open() || ::ioctl(socket_.native_handle(), SIOCOUTQ, &bytes) != 0) return 0;
  return static_cast<std::size_t>(std::max(bytes, 0));
}

void Transport::shutdown_write() noexcept {
  if (!socket_.is_open()) return;
  if (ssl_ != nullptr && !broken_ && SSL_is_init_finished(ssl_)) {
    ERR_clear_error();
    if (SSL_shutdown(ssl_) < 0) ERR_clear_error();
  }
  ::shutdown(socket_.native_handle(), SHUT_WR);
}

void Transport::close() noexcept {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

}  // namespace mychat::server
