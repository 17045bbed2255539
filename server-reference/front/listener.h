// Accepts connections and spreads them over the network threads.
#pragma once

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "front/io_thread.h"
#include "front/transport.h"

namespace mychat::server {

// One listening socket on the first thread, whose connections go to the thread that has fewest: unlike
// sockets with SO_REUSEPORT, whose share is drawn by hash, this spreads a few long-lived WebSockets evenly,
// and no connection that waits in a second socket's backlog is lost when that socket closes.
class Listener {
 public:
  Listener(std::shared_ptr<FrontShared> shared, std::vector<std::shared_ptr<IoThread>> threads);

  void open();   // Binds and listens; throws mychat::Error. Before the threads run.
  void start();  // Likewise.
  void stop();   // Any thread, while the threads run.
  std::uint16_t port() const noexcept { return port_; }

  void set_tls(std::shared_ptr<const TlsContext> tls);
  void gone(const std::string& remote_address);

  std::uint64_t accepted() const noexcept { return accepted_.load(std::memory_order_relaxed); }
  std::uint64_t refused() const noexcept { return refused_.load(std::memory_order_relaxed); }
  std::uint64_t failures() const noexcept { return failures_.load(std::memory_order_relaxed); }

 private:
  void wait();
  void wait_for_resources();
  void accept_some();
  bool take(int descriptor, std::string remote_address);
  void turn_away(int descriptor, int status) noexcept;
  bool count_address(const std::string& remote_address);
  IoThread& least_loaded();

  std::shared_ptr<FrontShared> shared_;
  std::vector<std::shared_ptr<IoThread>> threads_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer retry_;
  std::uint16_t port_ = 0;
  std::size_t next_ = 0;
  std::atomic<std::uint64_t> accepted_{0};
  std::atomic<std::uint64_t> refused_{0};
  std::atomic<std::uint64_t> failures_{0};

  std::mutex mutex_;
  std::shared_ptr<const TlsContext> tls_;                    // Guarded.
  std::unordered_map<std::string, std::size_t> by_address_;  // Guarded; only with max_connections_per_ip.
};

}  // namespace mychat::server
