#include "front/io_thread.h"

#include <unistd.h>

#include <array>
#include <boost/asio/post.hpp>
#include <chrono>
#include <ctime>

#include "front/connection.h"

namespace mychat::server {

namespace {

thread_local IoThread* current_thread = nullptr;
constexpr std::size_t kTlsRecord = 16 * 1024;

}  // namespace

std::int64_t steady_ms() noexcept {
  return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

IoThread::IoThread(std::shared_ptr<FrontShared> shared)
    : shared_(std::move(shared)),
      work_(context_.get_executor()),
      timer_(context_),
      scratch_(kScratchSize),
      write_scratch_(shared_->config.tls ? kTlsRecord : 0) {}

IoThread::~IoThread() = default;

bool IoThread::is_current() const noexcept { return current_thread == this; }

void IoThread::run() {
  current_thread = this;
  arm_sweep();
  context_.run();
  current_thread = nullptr;
}

void IoThread::adopt(int descriptor, std::string remote_address, std::shared_ptr<const TlsContext> tls) {
  open_.fetch_add(1, std::memory_order_relaxed);
  boost::asio::post(context_,
                    [this, descriptor, remote = std::move(remote_address), tls = std::move(tls)]() mutable {
                      start_connection(descriptor, std::move(remote), std::move(tls));
                    });
}

void IoThread::start_connection(int descriptor, std::string remote_address,
                                std::shared_ptr<const TlsContext> tls) {
  const auto gone = [&] {
    open_.fetch_sub(1, std::memory_order_relaxed);
    shared_->on_gone(remote_address);
  };
  if (ended_) {
    ::close(descriptor);
    gone();
    return;
  }
  std::shared_ptr<Connection> connection;
  try {
    connection = std::make_shared<Connection>(shared_from_this(), descriptor, remote_address, std::move(tls));
    connections_.push_back(connection);
  } catch (...) {
    // The transport owns the descriptor from the moment it is made, and closes it.
    gone();
    return;
  }
  connection->index = connections_.size() - 1;
  connection->start();
}

void IoThread::remove(Connection& connection) {
  const std::size_t index = connection.index;
  const std::string remote = connection.remote_address();
  connections_.back()->index = index;
  std::swap(connections_[index], connections_.back());
  connections_.pop_back();
  if (connections_.empty()) connections_.shrink_to_fit();
  open_.fetch_sub(1, std::memory_order_relaxed);
  shared_->on_gone(remote);
}

void IoThread::notify(std::shared_ptr<Connection> connection) {
  if (connection->has_news.exchange(true)) return;
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  news_.push_back(std::move(connection));
  if (awake_) return;
  awake_ = true;
  boost::asio::post(context_, [this] { deliver_news(); });
}

void IoThread::deliver_news() {
  std::vector<std::shared_ptr<Connection>> news;
  {
    const std::lock_guard lock(mutex_);
    news.swap(news_);
    awake_ = false;
  }
  for (const auto& connection : news) {
    connection->has_news.store(false);
    connection->on_news();
  }
}

void IoThread::for_each(const std::function<void(Connection&)>& action) {
  // A connection that ends is replaced by the last one, which had its turn already.
  for (std::size_t i = connections_.size(); i-- > 0;) {
    if (i >= connections_.size()) continue;
    const std::shared_ptr<Connection> connection = connections_[i];
    action(*connection);
  }
}

void IoThread::begin_drain() {
  boost::asio::post(context_, [this] {
    draining_ = true;
    for_each([](Connection& connection) { connection.begin_drain(); });
  });
}

void IoThread::cut_all() {
  boost::asio::post(context_, [this] { for_each([](Connection& connection) { connection.cut(); }); });
}

void IoThread::close() {
  boost::asio::post(context_, [this] {
    ended_ = true;
    for_each([](Connection& connection) { connection.cut(); });
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
      news_.clear();
    }
    timer_.cancel();
    work_.reset();
  });
}

void IoThread::arm_sweep() {
  timer_.expires_after(shared_->config.tick);
  timer_.async_wait([this](const boost::system::error_code& ec) {
    if (ec || ended_) return;
    sweep();
    arm_sweep();
  });
}

void IoThread::sweep() {
  const std::int64_t now = steady_ms();
  for_each([now](Connection& connection) { connection.sweep(now); });
}

std::string_view IoThread::http_date() {
  const std::time_t now = std::time(nullptr);
  if (now != date_second_) {
    static constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::tm parts{};
    gmtime_r(&now, &parts);
    std::array<char, 64> text{};
    const int size = std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                                   kDays[static_cast<std::size_t>(parts.tm_wday)], parts.tm_mday,
                                   kMonths[static_cast<std::size_t>(parts.tm_mon)], parts.tm_year + 1900,
                                   parts.tm_hour, parts.tm_min, parts.tm_sec);
    date_.assign(text.data(), static_cast<std::size_t>(size));
    date_second_ = now;
  }
  return date_;
}

}  // namespace mychat::server
