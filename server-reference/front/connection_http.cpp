// The HTTP/1.1 part of a connection: one request after the other.
#include <algorithm>

#include "front/connection.h"
#include "front/connection_ws.h"

namespace mychat::server {

namespace {

constexpr std::size_t kReadAtOnce = 16 * 1024;
constexpr std::size_t kKeptBuffer = 4 * 1024;
constexpr std::size_t kUncounted = 64 * 1024;
constexpr std::size_t kMaxLinger = 1024 * 1024;  // Bytes that are read only to be thrown away.

std::int64_t at_rate(std::size_t bytes, std::size_t bytes_a_second) noexcept {
  return bytes_a_second == 0 ? 0 : static_cast<std::int64_t>(bytes * 1000 / bytes_a_second);
}

}  // namespace

void Connection::mark_read(std::size_t left) noexcept {
  in_begin_ = in_.size() - left;
  if (left != 0) return;
  in_.clear();
  in_begin_ = 0;
  if (in_.capacity() > kKeptBuffer) std::string().swap(in_);
}

std::optional<std::size_t> Connection::body_limit(const HttpRequest& request) const {
  return config_.body_limit ? config_.body_limit(request) : config_.max_body_bytes;
}

// Says how much of what came is kept here. False when all connections together keep too much of it. What
// every connection may have is not counted.
bool Connection::keep_inbound(std::size_t bytes) {
  if (bytes <= kUncounted) bytes = 0;
  if (bytes == inbound_) return true;
  std::atomic<std::size_t>& all = io_->shared().inbound;
  const bool grows = bytes > inbound_;
  const std::size_t total = all.fetch_add(bytes - inbound_, std::memory_order_relaxed) + (bytes - inbound_);
  inbound_ = bytes;
  return !grows || total <= config_.inbound_bytes;
}

Task<bool> Connection::serve() {
  Outcome outcome = Outcome::kNext;
  while (outcome == Outcome::kNext) outcome = co_await serve_request();
  if (outcome == Outcome::kWebSocket) co_await serve_websocket();
  co_return true;
}

Task<Connection::Outcome> Connection::serve_request() {
  RequestReader reader(config_.max_header_bytes, config_.max_headers);
  const bool head = co_await read_head(reader);
  if (!head) co_return Outcome::kEnd;
  if (reader.upgrades_to_websocket()) {
    const auto& websockets = io_->shared().websockets;
    const auto found = websockets.find(reader.request().path);
    if (found != websockets.end()) {
      const Outcome upgraded = co_await upgrade(reader, found->second);
      co_return upgraded;
    }
  }
  std::optional<std::size_t> limit = 0;
  if (reader.has_body()) limit = body_limit(reader.request());
  if (limit) {
    const bool body = co_await read_body(reader, *limit);
    if (!body) co_return Outcome::kEnd;
  }
  const Outcome outcome = co_await dispatch(reader, limit.has_value());
  co_return outcome;
}

Task<Connection::Fill> Connection::fill(bool idle) {
  for (;;) {
    const auto scratch = io_->scratch().first(kReadAtOnce);
    const IoResult result = transport_.read(scratch);
    if (result.state == IoState::kDone) {
      io_->count(Counter::kBytesIn, result.bytes);
      in_.erase(0, in_begin_);
      in_begin_ = 0;
      in_.append(scratch.data(), result.bytes);
      co_return Fill::kData;
    }
    if (result.state == IoState::kEnd || result.state == IoState::kError) co_return Fill::kEnd;
    if (result.state == IoState::kWantWrite) arm_write();
    arm_read();
    const unsigned events = co_await wait(kReadable | kWritable | kTimeout | (idle ? kDraining : 0U));
    if ((events & kCut) != 0) co_return Fill::kEnd;
    if ((events & kTimeout) != 0) co_return Fill::kTimeout;
    if ((events & kDraining) != 0) co_return Fill::kDraining;
  }
}

Task<bool> Connection::read_head(RequestReader& reader) {
  set_deadline(config_.idle_timeout);
  bool begun = false;
  for (;;) {
    std::string_view bytes = unread();
    const RequestReader::State state = reader.read(bytes);
    mark_read(bytes.size());
    if (state == RequestReader::State::kHead) break;
    if (state == RequestReader::State::kFailed) {
      co_await refuse(reader.failure().status, reader.failure().detail, reader.http11());
      co_return false;
    }
    if (!begun && !unread().empty()) {
      begun = true;
      set_deadline(config_.header_timeout);
    }
    const Fill filled = co_await fill(!begun);
    if (filled == Fill::kTimeout && begun) {
      io_->count(Counter::kCutSlowHeaders);
      co_await refuse(408, "The headers took too long.", true);
    }
    if (filled != Fill::kData) co_return false;
  }
  clear_deadline();
  co_return true;
}

Task<bool> Connection::read_body(RequestReader& reader, std::size_t limit) {
  RequestReader::State state = reader.accept_body(limit);
  if (state == RequestReader::State::kMore && reader.expects_continue() && unread().empty()) {
    queue_raw("HTTP/1.1 100 Continue\r\n\r\n");
    flush();
  }
  const std::int64_t begin = steady_ms();
  for (;;) {
    if (state == RequestReader::State::kMore) {
      std::string_view bytes = unread();
      state = reader.read(bytes);
      mark_read(bytes.size());
    }
    if (state == RequestReader::State::kDone) break;
    if (state == RequestReader::State::kFailed) {
      co_await refuse(reader.failure().status, reader.failure().detail, reader.http11());
      co_return false;
    }
    if (!keep_inbound(reader.body_received() + unread().size())) {
      {
        const HttpRequest dropped = reader.take_request();
      }  // The room is for others now.
      keep_inbound(0);
      co_await refuse(503, "The node is busy; try again in a moment.", reader.http11());
      co_return false;
    }
    deadline_ = begin + config_.body_timeout.count() + at_rate(reader.body_received(), config_.min_body_rate);
    const Fill filled = co_await fill(false);
    if (filled == Fill::kTimeout) {
      io_->count(Counter::kCutSlowBodies);
      co_await refuse(408, "The body took too long.", reader.http11());
    }
    if (filled != Fill::kData) co_return false;
  }
  clear_deadline();
  co_return true;
}

void Connection::complete(HttpRequest& request) {
  request.remote_address = remote_address_;
  request.tls = transport_.tls();
  request.id = io_->shared().next_id.fetch_add(1, std::memory_order_relaxed);
}

// A handler that throws drops its reply, which answers 500.
void Connection::call_handler(HttpRequest&& request) {
  io_->count(Counter::kRequests);
  events_ &= ~static_cast<unsigned>(kReply);
  Reply reply([self = shared_from_this()](HttpResponse&& response) { self->deliver(std::move(response)); });
  in_handler_ = true;
  try {
    io_->shared().handler(std::move(request), std::move(reply));
  } catch (...) {
  }
  reply = Reply();
  in_handler_ = false;
}

void Connection::deliver(HttpResponse&& response) {
  {
    const std::lock_guard lock(mutex_);
    reply_ = std::make_unique<HttpResponse>(std::move(response));
  }
  // The coroutine is never resumed from inside somebody's handler: that could hold a lock.
  if (io_->is_current() && in_handler_) {
    events_ |= kReply;
  } else {
    io_->notify(shared_from_this());
  }
}

HttpResponse Connection::take_reply() {
  const std::lock_guard lock(mutex_);
  HttpResponse response = std::move(*reply_);
  reply_.reset();
  return response;
}

// `whole`: the body was read, or there is none.
Task<Connection::Outcome> Connection::dispatch(RequestReader& reader, bool whole) {
  const bool http11 = reader.http11();
  bool keep_alive = whole && reader.keep_alive();
  HttpRequest request = reader.take_request();
  const bool head_only = request.method == "HEAD";
  complete(request);
  call_handler(std::move(request));
  const unsigned events = co_await wait(kReply);
  if ((events & kCut) != 0) co_return Outcome::kEnd;
  HttpResponse response = take_reply();
  keep_inbound(0);
  keep_alive = keep_alive && !response.close && !io_->draining();
  const bool sent = co_await respond(response, keep_alive, http11, head_only);
  if (sent && keep_alive) co_return Outcome::kNext;
  if (sent) co_await linger();
  co_return Outcome::kEnd;
}

// Writes the response and waits until the peer has taken it.
Task<bool> Connection::respond(HttpResponse& response, bool keep_alive, bool http11, bool head_only) {
  if (response.status < 200 || response.status > 599)
    response = HttpResponse::error(500, "The answer had no valid status.");
  const std::size_t size = response.body.size();
  queue_raw(response_head(response, keep_alive, http11, io_->http_date()));
  if (!head_only && response.status != 204 && response.status != 304) queue_raw(std::move(response.body));
  events_ &= ~static_cast<unsigned>(kDrained);
  flush();
  if (!drained())
    deadline_ = steady_ms() + config_.write_timeout.count() + at_rate(size, config_.min_write_rate);
  while (!drained()) {
    const unsigned events = co_await wait(kDrained | kTimeout);
    if ((events & kTimeout) != 0) io_->count(Counter::kCutSlowReaders);
    if ((events & (kCut | kTimeout)) != 0) co_return false;
  }
  clear_deadline();
  co_return (events_ & kCut) == 0;
}

// An error of the front's own; the connection ends with it.
Task<bool> Connection::refuse(int status, const char* detail, bool http11) {
  io_->count(Counter::kBadRequests);
  HttpResponse response = HttpResponse::error(status, detail);
  if (status == 503) response.headers.emplace_back("Retry-After", "1");
  const bool sent = co_await respond(response, false, http11, false);
  if (sent) co_await linger();
  co_return sent;
}

// Closing with unread bytes would reset the connection and take our answer with it: read on for a while.
Task<bool> Connection::linger() {
  transport_.shutdown_write();
  mark_read(0);
  set_deadline(config_.linger_timeout);
  std::size_t discarded = 0;
  while (discarded < kMaxLinger) {
    const Fill filled = co_await fill(true);
    if (filled != Fill::kData) break;
    discarded += unread().size();
    mark_read(0);
  }
  clear_deadline();
  co_return true;
}

Task<Connection::Outcome> Connection::upgrade(RequestReader& reader, const WsFactory& factory) {
  const bool http11 = reader.http11();
  const bool has_body = reader.has_body();
  HttpRequest request = reader.take_request();
  complete(request);
  HttpResponse refusal = HttpResponse::error(403, "This WebSocket is refused.");
  std::shared_ptr<WsPeer> peer;
  const auto version = request.header("sec-websocket-version");
  const auto key = request.header("sec-websocket-key");
  if (request.method != "GET" || !http11 || has_body || !key || !valid_websocket_key(*key)) {
    refusal = HttpResponse::error(400, "The WebSocket handshake is malformed.");
  } else if (version != "13") {
    refusal = HttpResponse::error(426, "Version 13 of the WebSocket protocol is spoken here.");
    refusal.headers.emplace_back("Sec-WebSocket-Version", "13");
  } else if (io_->draining()) {
    refusal = HttpResponse::error(503, "The node goes away.");
  } else {
    try {
      peer = factory(request, refusal);
    } catch (...) {
      refusal = HttpResponse::error(500, "The WebSocket could not be opened.");
    }
  }
  if (peer) {
    queue_raw(accept_websocket(request, std::move(peer)));
    flush();
    co_return Outcome::kWebSocket;
  }
  io_->count(Counter::kBadRequests);
  const bool sent = co_await respond(refusal, false, http11, false);
  if (sent) co_await linger();
  co_return Outcome::kEnd;
}

}  // namespace mychat::server
