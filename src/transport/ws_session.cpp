#include "transport/ws_session.h"

#include <algorithm>
#include <cstring>

#include "base/encoding.h"
#include "transport/headers.h"
#include "transport/resolver.h"
#include "transport/threads.h"

namespace mychat {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kMaxCloseReasonBytes = 123;
constexpr std::size_t kMaxAuthorityBytes = 127;  // libwebsockets' buffer for it.
constexpr lws_usec_t kShortestWait = 1'100;
constexpr milliseconds kLongestCloseTimeout{5'000};  // libwebsockets' own.

Error network_error(mychat_status status, const std::string& message, bool retryable, int detail = 0) {
  return Error(status, MYCHAT_DOMAIN_NETWORK, message, detail, retryable);
}

Error closed_error() { return Error(MYCHAT_E_CLOSED, MYCHAT_DOMAIN_API, "The WebSocket client was closed."); }

void check_options(const WebSocketOptions& options) {
  if (options.max_message_bytes == 0 || options.max_queued_bytes == 0) {
    throw_argument("The WebSocket's message and queue limits must not be 0.");
  }
  if (options.heartbeat < milliseconds(10) || options.heartbeat > std::chrono::hours(24)) {
    throw_argument("The WebSocket's heartbeat must be from 10 ms to a day.");
  }
  if (options.close_timeout <= milliseconds::zero() || options.close_timeout > kLongestCloseTimeout) {
    throw_argument("The WebSocket's close time-out must be longer than 0 and at most 5 s.");
  }
}

}  // namespace

WebSocketSession::WebSocketSession(TransportOptions transport, WebSocketOptions options,
                                   WebSocketListener& listener)
    : transport_(std::move(transport)), options_(options), listener_(listener) {
  mychat::check_options(transport_);
  check_options(options_);
}

WebSocketSession::~WebSocketSession() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    wake_locked();
  }
  if (thread_.joinable()) thread_.join();
  wipe(headers_);
}

void WebSocketSession::connect(const Url& url, std::vector<HttpHeader> headers) {
  if (url.scheme != "ws" && url.scheme != "wss") throw_argument("The WebSocket's address is not ws or wss.");
  require_confidential(url, transport_.allow_plaintext);
  check_headers(headers);
  const std::lock_guard lock(mutex_);
  if (started_) {
    throw Error(MYCHAT_E_INVALID_STATE, MYCHAT_DOMAIN_API,
                "This WebSocket client has already been connected.");
  }
  url_ = url;
  headers_ = std::move(headers);
  thread_ = start_quiet_thread([this] { run(); });
  started_ = true;
}

bool WebSocketSession::send_text(std::string_view message) {
  if (!is_utf8(message)) throw_malformed("The WebSocket message is not UTF-8.");
  Secret frame(LWS_PRE + message.size());
  std::copy(message.begin(), message.end(), frame.begin() + LWS_PRE);
  const std::lock_guard lock(mutex_);
  if (!accepting_) return false;
  if (message.size() > options_.max_queued_bytes - queued_bytes_) {
    throw Error(MYCHAT_E_BUSY, MYCHAT_DOMAIN_API, "Too many bytes wait to be sent over the WebSocket.", 0,
                true);
  }
  queue_.push_back(std::move(frame));
  queued_bytes_ += message.size();
  wake_locked();
  return true;
}

void WebSocketSession::close(std::uint16_t code, std::string_view reason) {
  if (code != 1000 && (code < 3000 || code > 4999)) {
    throw_argument("A WebSocket close code must be 1000 or from 3000 to 4999.");
  }
  if (reason.size() > kMaxCloseReasonBytes || !is_utf8(reason)) {
    throw_argument("A WebSocket close reason must be UTF-8 of at most 123 bytes.");
  }
  const std::lock_guard lock(mutex_);
  if (close_order_) return;
  close_order_ = CloseOrder{code, std::string(reason)};
  accepting_ = false;
  wake_locked();
}

std::size_t WebSocketSession::queued_bytes() const {
  const std::lock_guard lock(mutex_);
  return queued_bytes_;
}

void WebSocketSession::wake_locked() {
  changed_.notify_all();
  if (waking_ != nullptr) lws_cancel_service(waking_);
}

void WebSocketSession::wipe_queue() {
  const std::lock_guard lock(mutex_);
  accepting_ = false;
  queue_.clear();
  queued_bytes_ = 0;
}

void WebSocketSession::end(std::uint16_t code, std::string reason, Error error) {
  if (!end_) end_ = WebSocketClosed{code, std::move(reason), std::move(error), retry_after_};
}

void WebSocketSession::run() noexcept {
  try {
    connect_and_serve();
  } catch (const Error& error) {
    end(1006, {}, error);
  } catch (const std::exception&) {
    end(1006, {}, out_of_memory());
  }
  wipe_queue();
  wipe(headers_);
  if (!end_) {
    end(1006, {}, or_out_of_memory<Error>([this] {
          return network_error(MYCHAT_E_NETWORK, "The connection to " + url_.host + " broke.", true);
        }));
  }
  try {
    listener_.on_closed(*end_);
  } catch (const std::exception& error) {
    log(LogLevel::kError, error.what());
  } catch (...) {
    log(LogLevel::kError, "A listener failed.");
  }
}

void WebSocketSession::connect_and_serve() {
  connect_deadline_ = steady_clock::now() + transport_.connect_timeout;
  if (url_.authority().size() > kMaxAuthorityBytes) {
    throw network_error(MYCHAT_E_UNSUPPORTED, "The node's name is too long (127 bytes) for a WebSocket.",
                        false);
  }
  const std::vector<std::string> addresses = resolve();
  if (url_.is_tls()) tls_.emplace(transport_, url_);

  // libwebsockets counts in seconds; its time-outs only stand behind ours.
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(transport_.connect_timeout).count() + 10;
  const LwsContext context(kProtocols, this, tls_ ? tls_->native() : nullptr, static_cast<unsigned>(seconds));
  struct Waking {
    WebSocketSession& session;
    Waking(WebSocketSession& owner, lws_context* made) : session(owner) {
      const std::lock_guard lock(session.mutex_);
      session.waking_ = made;
    }
    ~Waking() {
      session.over_ = true;
      lws_sul_cancel(&session.alarm_.timer);
      const std::lock_guard lock(session.mutex_);
      session.waking_ = nullptr;
    }
  } waking(*this, context.get());

  open_any(context, addresses);
  serve(context);
}

std::vector<std::string> WebSocketSession::resolve() {
  const NameLookup lookup(url_, [this] {
    const std::lock_guard lock(mutex_);
    resolved_ = true;
    changed_.notify_all();
  });
  if (!lookup.done()) {
    std::unique_lock lock(mutex_);
    const bool woken = changed_.wait_until(lock, connect_deadline_,
                                           [this] { return resolved_ || stop_ || close_order_.has_value(); });
    if (!woken) {
      throw network_error(MYCHAT_E_DNS, "The host name " + url_.host + " was not resolved in time.", true);
    }
  }
  throw_if_interrupted();
  return lookup.addresses();
}

void WebSocketSession::throw_if_interrupted() {
  const std::lock_guard lock(mutex_);
  if (stop_) throw closed_error();
  if (close_order_ && !open_) {
    throw Error(MYCHAT_E_CANCELLED, MYCHAT_DOMAIN_API, "The WebSocket was closed before it was open.");
  }
}

void WebSocketSession::open_any(const LwsContext& context, const std::vector<std::string>& addresses) {
  for (std::size_t i = 0; i < addresses.size() && !open_; ++i) {
    const Time now = steady_clock::now();
    const auto share = (connect_deadline_ - now) / static_cast<std::int64_t>(addresses.size() - i);
    attempt(context, addresses[i], now + share);
    // Another address helps against one that does not answer, not against one that answers wrongly.
    const bool last = i + 1 == addresses.size();
    if (!open_ && (last || connected_ || steady_clock::now() >= connect_deadline_)) throw_attempt_failed();
  }
}

void WebSocketSession::attempt(const LwsContext& context, const std::string& address, Time until) {
  attempt_failed_ = false;
  const std::string authority = url_.authority();
  lws_client_connect_info info{};
  info.context = context.get();
  info.vhost = context.vhost();
  info.address = address.c_str();
  info.port = url_.port;
  info.path = url_.target.c_str();
  info.host = authority.c_str();
  info.local_protocol_name = kProtocols[0].name;
  info.ietf_version_or_minus_one = -1;
  info.alpn = "http/1.1";
  info.ssl_connection = LCCSCF_HTTP_NO_FOLLOW_REDIRECT;
  if (tls_) {
    // TlsContext checks the name, where libwebsockets may check less than the whole of it.
    info.ssl_connection |= LCCSCF_USE_SSL | LCCSCF_SKIP_SERVER_CERT_HOSTNAME_CHECK;
  }
  wsi_ = lws_client_connect_via_info(&info);
  if (wsi_ == nullptr) attempt_failed_ = true;

  while (!open_ && !attempt_failed_) {
    const Time deadline = connected_ ? connect_deadline_ : until;
    if (steady_clock::now() >= deadline) {
      lws_set_timeout(wsi_, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
      attempt_failed_ = true;
      break;
    }
    service(context, deadline);
    throw_if_interrupted();
  }
}

void WebSocketSession::service(const LwsContext& context, Time until) {
  const auto wait =
      std::chrono::duration_cast<std::chrono::microseconds>(until - steady_clock::now()).count();
  // An alarm that is due before libwebsockets waits does not shorten the wait by itself, hence the
  // cancellation; and it waits whole milliseconds, rounded down, so that a shorter time would spin.
  alarm_.context = context.get();
  const auto ring = [](lws_sorted_usec_list_t* timer) {
    lws_cancel_service(reinterpret_cast<Alarm*>(timer)->context);
  };
  lws_sul_schedule(context.get(), 0, &alarm_.timer, ring, std::max<lws_usec_t>(wait, kShortestWait));
  lws_service(context.get(), 0);
}

void WebSocketSession::throw_refused_upgrade() {
  mychat_status status = MYCHAT_E_PROTOCOL;
  bool retryable = false;
  switch (http_status_) {
    case 401:
      status = MYCHAT_E_UNAUTHORIZED;
      break;
    case 403:
      status = MYCHAT_E_FORBIDDEN;
      break;
    case 404:
    case 405:
    case 426:
    case 501:
      status = MYCHAT_E_UNSUPPORTED;
      break;
    case 429:
      status = MYCHAT_E_RATE_LIMITED;
      retryable = true;
      break;
    default:
      if (http_status_ >= 500) {
        status = MYCHAT_E_NODE;
        retryable = true;
      }
  }
  throw Error(status, MYCHAT_DOMAIN_NODE,
              url_.host + " answered the WebSocket upgrade with HTTP " + std::to_string(http_status_) + ".",
              http_status_, retryable);
}

void WebSocketSession::throw_attempt_failed() {
  if (end_) throw Error(end_->error);
  const std::string& host = url_.host;
  if (tls_ && tls_->handshake_begun() && !tls_->trusted()) {
    if (!tls_->failure().empty()) {
      throw network_error(MYCHAT_E_TLS,
                          "The TLS handshake with " + host + " failed: " + tls_->failure() + ".", false);
    }
    if (steady_clock::now() < connect_deadline_) {
      throw network_error(MYCHAT_E_TLS, "The TLS handshake with " + host + " failed.", true);
    }
  }
  if (http_status_ != 0 && http_status_ != 101) throw_refused_upgrade();
  if (steady_clock::now() >= connect_deadline_) {
    throw network_error(
        MYCHAT_E_TIMEOUT,
        "No WebSocket to " + host + " within " + std::to_string(transport_.connect_timeout.count()) + " ms.",
        true);
  }
  if (!connected_) throw network_error(MYCHAT_E_NETWORK, "No connection to " + host + ".", true);
  if (http_status_ == 101 || attempt_text_.starts_with("HS:") || attempt_text_.starts_with("problems")) {
    throw network_error(MYCHAT_E_PROTOCOL, host + " did not answer as a WebSocket server.", false);
  }
  throw network_error(MYCHAT_E_NETWORK, host + " closed the connection without an answer.", true);
}

WebSocketSession::Time WebSocketSession::next_deadline() const {
  Time next = (ping_wanted_ ? *ping_wanted_ : last_received_) + options_.heartbeat;
  if (close_deadline_) next = std::min(next, *close_deadline_);
  return next;
}

void WebSocketSession::check_heartbeat(Time now) {
  if (close_deadline_) return;
  if (ping_wanted_) {
    if (now < *ping_wanted_ + options_.heartbeat) return;
    const auto silence = std::chrono::duration_cast<milliseconds>(now - last_received_).count();
    throw network_error(MYCHAT_E_TIMEOUT, url_.host + " was silent for " + std::to_string(silence) + " ms.",
                        true);
  }
  if (now >= last_received_ + options_.heartbeat) {
    ping_wanted_ = now;
    ping_sent_ = false;
    lws_callback_on_writable(wsi_);
  }
}

void WebSocketSession::serve(const LwsContext& context) {
  while (wsi_ != nullptr) {
    throw_if_interrupted();
    {
      const std::lock_guard lock(mutex_);
      const bool close_due = close_order_ && !close_deadline_;
      if (close_due) close_deadline_ = steady_clock::now() + options_.close_timeout;
      if ((!queue_.empty() || close_due) && !close_sent_) lws_callback_on_writable(wsi_);
    }
    const Time now = steady_clock::now();
    check_heartbeat(now);
    if (close_deadline_ && now >= *close_deadline_) {
      if (close_sent_ && !end_) {
        end(close_sent_->code, {},
            network_error(MYCHAT_E_TIMEOUT, url_.host + " did not answer the close of the WebSocket.", true));
      }
      return;
    }
    service(context, next_deadline());
  }
}

}  // namespace mychat
