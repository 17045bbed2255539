#include "front/listener.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <chrono>

#include "base/error.h"
#include "front/http_parser.h"

namespace mychat::server {

namespace {

namespace asio = boost::asio;

constexpr int kAcceptAtOnce = 64;  // Then the connections already there have their turn.
constexpr std::chrono::milliseconds kResourceWait{100};

std::string address_text(const sockaddr_storage& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    // An IPv4 peer of a dual-stack listener is the same peer.
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
      inet_ntop(AF_INET, &v6.sin6_addr.s6_addr[12], text.data(), text.size());
    } else {
      inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
    }
  } else {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(address).sin_addr, text.data(), text.size());
  }
  return text.data();
}

[[noreturn]] void throw_network(const std::string& message, int code) {
  throw Error(MYCHAT_E_NETWORK, MYCHAT_DOMAIN_SYSTEM, message, code);
}

}  // namespace

Listener::Listener(std::shared_ptr<FrontShared> shared, std::vector<std::shared_ptr<IoThread>> threads)
    : shared_(std::move(shared)),
      threads_(std::move(threads)),
      acceptor_(threads_.front()->context()),
      retry_(threads_.front()->context()) {}

void Listener::open() {
  const FrontConfig& config = shared_->config;
  boost::system::error_code ec;
  const auto address = asio::ip::make_address(config.address, ec);
  if (ec) throw_network("The listening address " + config.address + " is not an IP address.", ec.value());
  const asio::ip::tcp::endpoint endpoint(address, config.port);
  const std::string where = config.address + " port " + std::to_string(config.port);
  acceptor_.open(endpoint.protocol(), ec);
  if (!ec) acceptor_.set_option(asio::socket_base::reuse_address(true), ec);
  if (!ec) acceptor_.bind(endpoint, ec);
  if (!ec) acceptor_.listen(config.backlog, ec);
  if (!ec) acceptor_.native_non_blocking(true, ec);
  if (ec) throw_network("Cannot listen on " + where + ": " + ec.message() + ".", ec.value());
  port_ = acceptor_.local_endpoint().port();
}

void Listener::start() { wait(); }

void Listener::stop() {
  asio::post(threads_.front()->context(), [this] {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    retry_.cancel();
  });
}

void Listener::set_tls(std::shared_ptr<const TlsContext> tls) {
  const std::lock_guard lock(mutex_);
  tls_ = std::move(tls);
}

void Listener::wait() {
  acceptor_.async_wait(asio::ip::tcp::acceptor::wait_read, [this](const boost::system::error_code& ec) {
    if (!ec && acceptor_.is_open()) accept_some();
  });
}

// Out of descriptors or memory: the backlog keeps who comes, and we do not spin on it.
void Listener::wait_for_resources() {
  failures_.fetch_add(1, std::memory_order_relaxed);
  retry_.expires_after(kResourceWait);
  retry_.async_wait([this](const boost::system::error_code& ec) {
    if (!ec && acceptor_.is_open()) accept_some();
  });
}

void Listener::accept_some() {
  for (int i = 0; i < kAcceptAtOnce; ++i) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    const int descriptor = ::accept4(acceptor_.native_handle(), reinterpret_cast<sockaddr*>(&address), &size,
                                     SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) break;
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        wait_for_resources();
        return;
      }
      continue;  // This one was gone before we looked (ECONNABORTED and its like).
    }
    accepted_.fetch_add(1, std::memory_order_relaxed);
    const int on = 1;
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    take(descriptor, address_text(address));
  }
  wait();
}

bool Listener::take(int descriptor, std::string remote_address) {
  std::size_t open = 0;
  for (const auto& thread : threads_) open += thread->connections();
  if (open >= shared_->config.max_connections) {
    turn_away(descriptor, 503);
    return false;
  }
  if (!count_address(remote_address)) {
    turn_away(descriptor, 429);
    return false;
  }
  std::shared_ptr<const TlsContext> tls;
  {
    const std::lock_guard lock(mutex_);
    tls = tls_;
  }
  least_loaded().adopt(descriptor, std::move(remote_address), std::move(tls));
  return true;
}

// Says why where that is possible at once; a TLS client just sees the end.
void Listener::turn_away(int descriptor, int status) noexcept {
  refused_.fetch_add(1, std::memory_order_relaxed);
  if (!shared_->config.tls) {
    try {
      const HttpResponse response =
          HttpResponse::error(status, status == 503 ? "The node has too many connections."
                                                    : "Too many connections from this address.");
      const std::string text = response_head(response, false, true, {}) + response.body;
      [[maybe_unused]] const auto sent = ::send(descriptor, text.data(), text.size(), MSG_NOSIGNAL);
    } catch (...) {
    }
    ::shutdown(descriptor, SHUT_WR);
    // What already came is read, so that closing does not reset the connection before our answer is seen.
    std::array<char, 4096> discarded;
    [[maybe_unused]] const auto got = ::recv(descriptor, discarded.data(), discarded.size(), 0);
  }
  ::close(descriptor);
}

bool Listener::count_address(const std::string& remote_address) {
  const std::size_t most = shared_->config.max_connections_per_ip;
  if (most == 0) return true;
  const std::lock_guard lock(mutex_);
  std::size_t& count = by_address_[remote_address];
  if (count >= most) return false;
  ++count;
  return true;
}

void Listener::gone(const std::string& remote_address) {
  if (shared_->config.max_connections_per_ip == 0) return;
  const std::lock_guard lock(mutex_);
  const auto found = by_address_.find(remote_address);
  if (found != by_address_.end() && --found->second == 0) by_address_.erase(found);
}

IoThread& Listener::least_loaded() {
  // The search starts elsewhere each time, so that equals take turns.
  next_ = (next_ + 1) % threads_.size();
  IoThread* best = threads_[next_].get();
  for (std::size_t i = 1; i < threads_.size(); ++i) {
    IoThread* other = threads_[(next_ + i) % threads_.size()].get();
    if (other->connections() < best->connections()) best = other;
  }
  return *best;
}

}  // namespace mychat::server
