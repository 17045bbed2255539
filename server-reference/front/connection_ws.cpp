// The WebSocket part of a connection.
#include "front/connection_ws.h"

#include <algorithm>

#include "front/connection.h"
#include "front/ws_deflate.h"

namespace mychat::server {

namespace {

constexpr std::size_t kProgressBytes = 4096;
// Frames are compressed by whoever queues them, often the storage's writer: large ones would hold everybody
// up.
constexpr std::size_t kMostCompressed = 64 * 1024;

}  // namespace

// The handshake's answer; from here on frames may be queued behind it.
std::string Connection::accept_websocket(const HttpRequest& request, std::shared_ptr<WsPeer> peer) {
  websocket_ = std::make_unique<WebSocket>();
  websocket_->peer = std::move(peer);
  websocket_->limits.message_bytes = config_.ws.message_bytes;
  HttpResponse response;
  response.status = 101;
  response.headers = {{"Upgrade", "websocket"},
                      {"Connection", "Upgrade"},
                      {"Sec-WebSocket-Accept", websocket_accept(*request.header("sec-websocket-key"))}};
  if (config_.ws.permessage_deflate) {
    for (const auto& [name, value] : request.headers) {
      if (name != "sec-websocket-extensions" || websocket_->limits.deflate) continue;
      std::string extension = negotiate_deflate(value);
      if (extension.empty()) continue;
      websocket_->limits.deflate = true;
      deflate_.store(true);
      response.headers.emplace_back("Sec-WebSocket-Extensions", std::move(extension));
    }
  }
  return response_head(response, true, true, io_->http_date());
}

void Connection::open_websocket() {
  WebSocket& ws = *websocket_;
  ws.last_heard = steady_ms();
  ws.next_ping = ws.last_heard + config_.ws.heartbeat.count();
  clear_deadline();
  io_->count(Counter::kWebsocketsOpened);
  {
    const std::lock_guard lock(mutex_);
    open_for_frames_ = true;
  }
  try {
    ws.peer->on_open(WsConnection(shared_from_this()));
  } catch (...) {
    close_websocket(kWsInternalError, "internal error");
  }
}

Task<bool> Connection::serve_websocket() {
  open_websocket();
  bool open = true;
  while (open) {
    if (paused_.load() && !closing_.load()) {
      const unsigned events = co_await wait(kResumed | kTimeout);
      if ((events & (kCut | kTimeout)) != 0) break;
      websocket_->last_heard = steady_ms();
      continue;
    }
    if (!unread().empty()) {
      open = read_leftover();
      continue;
    }
    arm_read();
    const unsigned events = co_await wait(kReadable | kTimeout);
    if ((events & (kCut | kTimeout)) != 0) break;
    open = read_websocket();
  }
  co_await end_websocket();
  co_return true;
}

// Frames that came before the application paused us.
bool Connection::read_leftover() {
  std::string bytes = std::exchange(in_, {});
  bytes.erase(0, std::exchange(in_begin_, 0));
  std::size_t consumed = 0;
  const bool open = feed_websocket(bytes, consumed);
  if (open && consumed < bytes.size()) in_ = bytes.substr(consumed);
  return open;
}

bool Connection::read_websocket() {
  const auto scratch = io_->scratch();
  const IoResult result = transport_.read(scratch);
  if (result.state == IoState::kWantRead || result.state == IoState::kWantWrite) return true;
  if (result.state != IoState::kDone) return false;
  websocket_->last_heard = steady_ms();
  io_->count(Counter::kBytesIn, result.bytes);
  const auto bytes = scratch.first(result.bytes);
  std::size_t consumed = 0;
  const bool open = feed_websocket(bytes, consumed);
  if (open && consumed < bytes.size()) in_.assign(bytes.data() + consumed, bytes.size() - consumed);
  return open;
}

bool Connection::feed_websocket(std::span<char> bytes, std::size_t& consumed) {
  WebSocket& ws = *websocket_;
  const auto result = ws.reader.feed(bytes, ws.limits, *this);
  consumed = result.consumed;
  if (result.state == WsFrameReader::State::kFailed) {
    io_->count(Counter::kWsProtocolErrors);
    close_websocket(result.code, result.reason);
    return false;
  }
  if (!keep_inbound(ws.reader.kept_bytes())) {
    close_websocket(kWsTryAgainLater, "the node is busy");
    return false;
  }
  return result.state != WsFrameReader::State::kClosed;
}

void Connection::set_message_limit(std::size_t bytes) {
  if (websocket_) websocket_->limits.message_bytes = std::min(bytes, config_.ws.message_bytes);
}

// Says goodbye, as far as the peer still listens.
Task<bool> Connection::end_websocket() {
  WebSocket& ws = *websocket_;
  bool said_goodbye = false;
  {
    const std::lock_guard lock(mutex_);
    open_for_frames_ = false;
    said_goodbye = own_close_code_ != 0;
  }
  const std::shared_ptr<WsPeer> peer = std::move(ws.peer);
  try {
    peer->on_close(final_close_code());
  } catch (...) {
  }
  io_->count(Counter::kWebsocketsClosed);
  if (!said_goodbye || (events_ & kCut) != 0) co_return false;
  set_deadline(config_.ws.close_timeout);
  events_ &= ~static_cast<unsigned>(kDrained);
  flush();
  while (!drained()) {
    const unsigned events = co_await wait(kDrained | kTimeout);
    if ((events & (kCut | kTimeout)) != 0) co_return false;
  }
  co_await linger();
  co_return true;
}

std::uint16_t Connection::final_close_code() {
  const std::lock_guard lock(mutex_);
  if (websocket_->peer_code != 0 && !websocket_->closed_first) return websocket_->peer_code;
  return own_close_code_ != 0 ? own_close_code_ : static_cast<std::uint16_t>(kWsAbnormal);
}

// --- what the frame reader found ---

bool Connection::on_message(std::string_view text) {
  if (closing_.load(std::memory_order_relaxed)) return true;
  io_->count(Counter::kWsMessagesIn);
  try {
    websocket_->peer->on_text(text);
  } catch (...) {
    close_websocket(kWsInternalError, "internal error");
  }
  return !paused_.load(std::memory_order_relaxed);
}

void Connection::on_ping(std::string_view payload) { queue_control(WsOpcode::kPong, std::string(payload)); }

void Connection::on_close_frame(std::uint16_t code) {
  websocket_->peer_code = code;
  const std::lock_guard lock(mutex_);
  websocket_->closed_first = own_close_code_ != 0;
  if (own_close_code_ != 0) return;
  queue_close_locked(code == kWsNoStatus ? std::uint16_t{kWsNormal} : code, {});
}

// --- frames to the peer ---

void Connection::queue_control(WsOpcode opcode, std::string payload) {
  {
    const std::lock_guard lock(mutex_);
    if (!open_for_frames_) return;
    queue_locked(opcode, std::make_shared<const std::string>(std::move(payload)), false);
  }
  io_->notify(shared_from_this());
}

// False when the queue is full: everything not yet begun goes, and the peer is told to come back later.
bool Connection::queue_locked(WsOpcode opcode, std::shared_ptr<const std::string> payload, bool compressed) {
  OutItem item;
  item.header = ws_frame_header(opcode, payload->size(), compressed);
  if (!payload->empty()) item.data = std::move(payload);
  const std::size_t size = item.size();
  const bool full = unsent_frames_ >= config_.ws.queue_frames ||
                    (unsent_frames_ > 0 && buffered_.load() + size > config_.ws.queue_bytes);
  if (full && opcode != WsOpcode::kClose) {
    overflowed_ = true;
    io_->count(Counter::kCutSlowReaders);
    for (const OutItem& dropped : queued_) buffered_.fetch_sub(dropped.size());
    unsent_frames_ -= queued_.size();
    queued_.clear();
    queue_close_locked(kWsTryAgainLater, "too slow");
    return false;
  }
  buffered_.fetch_add(size);
  ++unsent_frames_;
  queued_.push_back(std::move(item));
  io_->count(Counter::kWsFramesOut);
  return true;
}

void Connection::queue_close_locked(std::uint16_t code, std::string_view reason) {
  own_close_code_ = ws_valid_close_code(code) ? code : std::uint16_t{kWsNormal};
  open_for_frames_ = false;
  closing_.store(true);
  queue_locked(WsOpcode::kClose, std::make_shared<const std::string>(ws_close_payload(code, reason)), false);
}

bool Connection::send_text(std::shared_ptr<const std::string> text) {
  const bool compressed = deflate_.load(std::memory_order_relaxed) && text->size() <= kMostCompressed;
  if (compressed) text = std::make_shared<const std::string>(deflate_message(*text));
  bool queued = false;
  {
    const std::lock_guard lock(mutex_);
    if (!open_for_frames_) return false;
    queued = queue_locked(WsOpcode::kText, std::move(text), compressed);
  }
  io_->notify(shared_from_this());
  return queued;
}

void Connection::close_websocket(std::uint16_t code, std::string_view reason) {
  {
    const std::lock_guard lock(mutex_);
    if (!open_for_frames_) return;
    queue_close_locked(code, reason);
  }
  io_->notify(shared_from_this());
}

void Connection::set_paused(bool paused) {
  paused_.store(paused);
  if (!paused) io_->notify(shared_from_this());
}

// Frames that were taken for writing before the queue overflowed: only what has begun must still go out.
void Connection::drop_unsent() {
  const std::size_t begun = written_of_first_ + retry_bytes_;
  std::size_t kept = writing_begin_;
  for (std::size_t bytes = 0; kept < writing_.size() && bytes < begun; ++kept) bytes += writing_[kept].size();
  std::size_t dropped = 0;
  for (std::size_t i = kept; i < writing_.size(); ++i) dropped += writing_[i].size();
  const std::lock_guard lock(mutex_);
  unsent_frames_ -= writing_.size() - kept;
  buffered_.fetch_sub(dropped);
  writing_.resize(kept);
}

void Connection::websocket_news() {
  bool overflowed = false;
  {
    const std::lock_guard lock(mutex_);
    overflowed = std::exchange(overflowed_, false);
  }
  if (overflowed) drop_unsent();
  if (closing_.load()) {
    if (deadline_ == 0) set_deadline(config_.ws.close_timeout);
    events_ |= kResumed;
  }
  if (!paused_.load()) events_ |= kResumed;
  flush();
  if (!finished_) signal(0);
}

void Connection::heartbeat(std::int64_t now) {
  const std::int64_t interval = config_.ws.heartbeat.count();
  if (interval == 0 || closing_.load() || !websocket_->peer) return;
  const std::size_t unacknowledged =
      now - websocket_->last_heard >= interval ? transport_.unacknowledged() : 0;
  // Slow, but it takes bytes. A mere ping that its system acknowledged says nothing of the peer itself.
  if (unacknowledged + kProgressBytes <= websocket_->unacknowledged) websocket_->last_heard = now;
  websocket_->unacknowledged = unacknowledged == 0 ? 0 : std::max(websocket_->unacknowledged, unacknowledged);
  if (!paused_.load() && now - websocket_->last_heard >= 2 * interval) {
    io_->count(Counter::kCutHeartbeat);
    cut();
    return;
  }
  if (now < websocket_->next_ping) return;
  websocket_->next_ping = now + interval;
  queue_control(WsOpcode::kPing, {});
}

// --- the application's handle ---

WsConnection::WsConnection(std::shared_ptr<Connection> connection) noexcept
    : connection_(std::move(connection)) {}

bool WsConnection::send(std::shared_ptr<const std::string> text) const {
  return connection_ && text && connection_->send_text(std::move(text));
}
bool WsConnection::send(std::string text) const {
  return send(std::make_shared<const std::string>(std::move(text)));
}
void WsConnection::close(std::uint16_t code, std::string_view reason) const {
  if (connection_) connection_->close_websocket(code, reason);
}
void WsConnection::pause_reading() const {
  if (connection_) connection_->set_paused(true);
}
void WsConnection::resume_reading() const {
  if (connection_) connection_->set_paused(false);
}
void WsConnection::set_message_limit(std::size_t bytes) const {
  if (connection_) connection_->set_message_limit(bytes);
}
std::size_t WsConnection::buffered_bytes() const noexcept {
  return connection_ ? connection_->buffered_bytes() : 0;
}
const std::string& WsConnection::remote_address() const noexcept {
  static const std::string kNone;
  return connection_ ? connection_->remote_address() : kNone;
}
std::uint64_t WsConnection::id() const noexcept { return connection_ ? connection_->id() : 0; }

}  // namespace mychat::server
