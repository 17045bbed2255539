// One network thread: an io_context, its connections, their deadlines, and the news for them from other
// threads.
#pragma once

#include <array>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "front/front_server.h"

namespace mychat::server {

class Connection;
class TlsContext;

// What every connection of a server needs. Outlives the threads.
struct FrontShared {
  FrontConfig config;
  HttpHandler handler;
  std::map<std::string, WsFactory, std::less<>> websockets;
  std::function<void(const std::string& remote_address)> on_gone;  // From any network thread.
  std::atomic<std::uint64_t> next_id{1};
  std::atomic<std::size_t> inbound{0};  // Bytes of large bodies and messages under way.
};

enum class Counter : std::uint8_t {
  kWebsocketsOpened,
  kWebsocketsClosed,
  kRequests,
  kBadRequests,
  kWsMessagesIn,
  kWsFramesOut,
  kBytesIn,
  kBytesOut,
  kTlsFailures,
  kCutSlowHeaders,
  kCutSlowBodies,
  kCutSlowReaders,
  kCutHeartbeat,
  kWsProtocolErrors,
  kCount
};

std::int64_t steady_ms() noexcept;

class IoThread : public std::enable_shared_from_this<IoThread> {
 public:
  static constexpr std::size_t kScratchSize = 64 * 1024;

  explicit IoThread(std::shared_ptr<FrontShared> shared);
  ~IoThread();

  // Any thread.
  boost::asio::io_context& context() noexcept { return context_; }
  FrontShared& shared() noexcept { return *shared_; }
  void run();  // Until close(); the body of the thread.
  void adopt(int descriptor, std::string remote_address, std::shared_ptr<const TlsContext> tls);
  void notify(std::shared_ptr<Connection> connection);
  void begin_drain();
  void cut_all();
  void close();
  std::size_t connections() const noexcept { return open_.load(std::memory_order_relaxed); }
  bool is_current() const noexcept;
  void count(Counter counter, std::uint64_t by = 1) noexcept {
    counters_[static_cast<std::size_t>(counter)].fetch_add(by, std::memory_order_relaxed);
  }
  std::uint64_t counted(Counter counter) const noexcept {
    return counters_[static_cast<std::size_t>(counter)].load(std::memory_order_relaxed);
  }

  // This thread only.
  std::span<char> scratch() noexcept { return scratch_; }
  std::span<char> write_scratch() noexcept { return write_scratch_; }
  void remove(Connection& connection);
  bool draining() const noexcept { return draining_; }
  std::string_view http_date();

 private:
  void start_connection(int descriptor, std::string remote_address, std::shared_ptr<const TlsContext> tls);
  void deliver_news();
  void arm_sweep();
  void sweep();
  void for_each(const std::function<void(Connection&)>& action);

  std::shared_ptr<FrontShared> shared_;
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::steady_timer timer_;
  std::vector<std::shared_ptr<Connection>> connections_;
  std::atomic<std::size_t> open_{0};
  std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(Counter::kCount)> counters_{};
  std::vector<char> scratch_;
  std::vector<char> write_scratch_;
  std::string date_;
  std::int64_t date_second_ = 0;
  bool draining_ = false;
  bool ended_ = false;

  std::mutex mutex_;
  std::vector<std::shared_ptr<Connection>> news_;  // Guarded.
  bool awake_ = false;                             // Guarded: deliver_news() is on its way.
  bool closed_ = false;                            // Guarded: no news any more.
};

}  // namespace mychat::server
