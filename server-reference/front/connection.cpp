#include "front/connection.h"

#include <algorithm>
#include <array>

#include "front/connection_ws.h"

namespace mychat::server {

namespace {

constexpr std::size_t kPieces = 64;  // Of one system call: 32 frames with their headers.
constexpr std::size_t kTlsRecord = 16 * 1024;

}  // namespace

Connection::Connection(std::shared_ptr<IoThread> io, int descriptor, std::string remote_address,
                       std::shared_ptr<const TlsContext> tls)
    : io_(std::move(io)),
      config_(io_->shared().config),
      remote_address_(std::move(remote_address)),
      id_(io_->shared().next_id.fetch_add(1, std::memory_order_relaxed)),
      tls_(std::move(tls)),
      transport_(io_->context(), descriptor, tls_.get()) {}

Connection::~Connection() = default;

void Connection::start() {
  if (io_->draining()) events_ |= kDraining;
  run(shared_from_this());
}

// `self` lives in the coroutine, and with it this connection, until the end of the coroutine.
DetachedTask Connection::run([[maybe_unused]] std::shared_ptr<Connection> self) {
  try {
    bool ready = !transport_.tls();
    if (!ready) ready = co_await handshake();
    if (ready) co_await serve();
  } catch (...) {
    // Out of memory: this connection is given up, the others live on.
  }
  finish();
}

void Connection::finish() {
  finished_ = true;
  {
    const std::lock_guard lock(mutex_);
    open_for_frames_ = false;
    closing_.store(true);
    std::vector<OutItem>().swap(queued_);
    unsent_frames_ = 0;
  }
  std::vector<OutItem>().swap(writing_);
  writing_begin_ = 0;
  buffered_.store(0);
  std::string().swap(in_);
  keep_inbound(0);
  transport_.close();
  io_->remove(*this);
}

void Connection::signal(unsigned events) {
  events_ |= events;
  if (waiter_ && (events_ & mask_) != 0) std::exchange(waiter_, {}).resume();
}

void Connection::cut() { signal(kCut); }

void Connection::begin_drain() {
  if (finished_) return;
  if (websocket_) {
    close_websocket(kWsGoingAway, "the node goes away");
  } else {
    signal(kDraining);
  }
}

void Connection::set_deadline(milliseconds from_now) { deadline_ = steady_ms() + from_now.count(); }

void Connection::sweep(std::int64_t now) {
  if (finished_) return;
  if (write_deadline_ != 0 && now >= write_deadline_) {
    write_deadline_ = 0;
    io_->count(Counter::kCutSlowReaders);
    cut();
    return;
  }
  if (deadline_ != 0 && now >= deadline_) {
    deadline_ = 0;
    signal(kTimeout);
    return;
  }
  if (websocket_) heartbeat(now);
}

void Connection::on_news() {
  if (finished_) return;
  bool replied = false;
  {
    const std::lock_guard lock(mutex_);
    replied = reply_ != nullptr;
  }
  if (replied) {
    signal(kReply);
  } else if (websocket_) {
    websocket_news();
  }
}

void Connection::arm_read() {
  if (read_armed_ || finished_) return;
  if (transport_.has_pending()) {
    events_ |= kReadable;
    return;
  }
  read_armed_ = true;
  transport_.socket().async_wait(Transport::Socket::wait_read,
                                 [self = shared_from_this()](const boost::system::error_code&) {
                                   self->read_armed_ = false;
                                   if (!self->finished_) self->signal(kReadable);
                                 });
}

void Connection::arm_write() {
  if (write_armed_ || finished_) return;
  write_armed_ = true;
  transport_.socket().async_wait(Transport::Socket::wait_write,
                                 [self = shared_from_this()](const boost::system::error_code&) {
                                   self->write_armed_ = false;
                                   if (!self->finished_) self->on_writable();
                                 });
}

void Connection::on_writable() {
  events_ |= kWritable;
  if (!drained()) {
    flush();
  } else {
    signal(0);
  }
}

Task<bool> Connection::handshake() {
  set_deadline(config_.header_timeout);
  for (;;) {
    const IoResult result = transport_.handshake();
    if (result.state == IoState::kDone) break;
    if (result.state == IoState::kWantRead) {
      arm_read();
    } else if (result.state == IoState::kWantWrite) {
      arm_write();
    } else {
      io_->count(Counter::kTlsFailures);
      co_return false;
    }
    const unsigned events = co_await wait(kReadable | kWritable | kTimeout);
    if ((events & kTimeout) != 0) io_->count(Counter::kCutSlowHeaders);
    if ((events & (kTimeout | kCut)) != 0) co_return false;
  }
  clear_deadline();
  co_return true;
}

// --- what is to be written ---

// Moves what other threads queued behind what is being written. False when there is nothing to write.
bool Connection::take_queued() {
  const std::lock_guard lock(mutex_);
  if (!queued_.empty()) {
    if (drained()) {
      writing_.clear();
      writing_begin_ = 0;
      writing_.swap(queued_);
    } else {
      writing_.insert(writing_.end(), std::make_move_iterator(queued_.begin()),
                      std::make_move_iterator(queued_.end()));
      queued_.clear();
    }
  }
  return !drained();
}

std::size_t Connection::gather(std::span<iovec> pieces) const {
  std::size_t count = 0;
  std::size_t skip = written_of_first_;
  const auto add = [&](std::string_view bytes) {
    if (skip >= bytes.size()) {
      skip -= bytes.size();
      return;
    }
    bytes.remove_prefix(skip);
    skip = 0;
    pieces[count++] = {const_cast<char*>(bytes.data()), bytes.size()};
  };
  for (std::size_t i = writing_begin_; i < writing_.size() && count + 2 <= pieces.size(); ++i) {
    add(writing_[i].header.view());
    if (writing_[i].data) add(*writing_[i].data);
  }
  return count;
}

void Connection::consume_written(std::size_t bytes) {
  io_->count(Counter::kBytesOut, bytes);
  buffered_.fetch_sub(bytes, std::memory_order_relaxed);
  written_of_first_ += bytes;
  std::size_t whole = 0;
  while (!drained() && written_of_first_ >= writing_[writing_begin_].size()) {
    written_of_first_ -= writing_[writing_begin_].size();
    writing_[writing_begin_].data.reset();
    ++writing_begin_;
    ++whole;
  }
  if (whole != 0) {
    const std::lock_guard lock(mutex_);
    unsent_frames_ -= whole;
  }
}

// Writes until everything is out or the socket takes no more; then the socket's readiness goes on with it.
void Connection::flush() {
  if (finished_ || write_armed_) return;
  std::array<iovec, kPieces> pieces;
  while (take_queued()) {
    const std::size_t count = gather(pieces);
    const IoResult result = transport_.write({pieces.data(), count}, io_->write_scratch());
    if (result.state == IoState::kDone) {
      retry_bytes_ = 0;
      // It took bytes that had to wait for it: a sign of life.
      if (write_deadline_ != 0 && websocket_) websocket_->last_heard = steady_ms();
      write_deadline_ = 0;
      consume_written(result.bytes);
      continue;
    }
    if (result.state == IoState::kWantWrite || result.state == IoState::kWantRead) {
      if (transport_.tls()) {
        retry_bytes_ = 0;
        for (std::size_t i = 0; i < count; ++i) retry_bytes_ += pieces[i].iov_len;
        retry_bytes_ = std::min(retry_bytes_, kTlsRecord);
      }
      if (write_deadline_ == 0) write_deadline_ = steady_ms() + config_.write_timeout.count();
      arm_write();
      signal(0);
      return;
    }
    cut();
    return;
  }
  // A quiet connection keeps no queue.
  if (writing_.capacity() > 16) {
    std::vector<OutItem>().swap(writing_);
  } else {
    writing_.clear();
  }
  writing_begin_ = 0;
  signal(kDrained);
}

void Connection::queue_raw(std::string bytes) {
  if (bytes.empty()) return;
  OutItem item;
  buffered_.fetch_add(bytes.size(), std::memory_order_relaxed);
  item.data = std::make_shared<const std::string>(std::move(bytes));
  const std::lock_guard lock(mutex_);
  queued_.push_back(std::move(item));
  ++unsent_frames_;
}

}  // namespace mychat::server
