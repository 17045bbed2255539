// What libwebsockets tells about the connection, and what we answer.
#include <algorithm>
#include <array>
#include <cstring>

#include "base/clock.h"
#include "base/encoding.h"
#include "transport/ws_session.h"

namespace mychat {
namespace {

constexpr std::size_t kReceiveBytes = 16 * 1024;
constexpr std::size_t kKeptCapacity = 64 * 1024;
constexpr std::uint16_t kUnacceptableData = 1003;
constexpr std::uint16_t kNoCode = 1005;

Error protocol_error(const std::string& message) {
  return Error(MYCHAT_E_PROTOCOL, MYCHAT_DOMAIN_NETWORK, message);
}

Error listener_failed() {
  return Error(MYCHAT_E_INTERNAL, MYCHAT_DOMAIN_API, "A WebSocket listener failed.");
}

}  // namespace

const lws_protocols WebSocketSession::kProtocols[] = {
    {"mychat", &WebSocketSession::on_event, 0, kReceiveBytes, 0, nullptr, 0},
    {nullptr, nullptr, 0, 0, 0, nullptr, 0}};

int WebSocketSession::on_event(lws* wsi, lws_callback_reasons reason, void* user, void* in,
                               std::size_t size) noexcept {
  auto* const self = static_cast<WebSocketSession*>(lws_context_user(lws_get_context(wsi)));
  if (self == nullptr || self->over_) return 0;
  try {
    return self->handle(wsi, reason, user, in, size);
  } catch (const Error& error) {
    self->end(1006, {}, error);
  } catch (const std::bad_alloc&) {
    self->end(1006, {}, out_of_memory());
  } catch (const std::exception& error) {
    self->log(LogLevel::kError, error.what());
    self->end(1006, {}, or_out_of_memory<Error>(listener_failed));
  } catch (...) {
    self->end(1006, {}, or_out_of_memory<Error>(listener_failed));
  }
  return -1;
}

int WebSocketSession::handle(lws* wsi, lws_callback_reasons reason, void* user, void* in, std::size_t size) {
  switch (reason) {
    case LWS_CALLBACK_OPENSSL_PERFORM_SERVER_CERT_VERIFICATION:
      // The X509_STORE_CTX comes as `user`, OpenSSL's own verdict as `size`.
      return tls_ && tls_->accept_certificate(user, size != 0) ? 0 : 1;
    case LWS_CALLBACK_WSI_CREATE:
      connected_ = true;
      return 0;
    case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
      return add_headers(static_cast<unsigned char**>(in), size);
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
      on_attempt_failed(wsi, static_cast<const char*>(in), size);
      return 0;
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
      return on_established(wsi);
    case LWS_CALLBACK_CLIENT_RECEIVE:
      return on_receive(wsi, {static_cast<const char*>(in), size});
    case LWS_CALLBACK_CLIENT_RECEIVE_PONG:
      last_received_ = std::chrono::steady_clock::now();
      ping_wanted_.reset();
      return 0;
    case LWS_CALLBACK_CLIENT_WRITEABLE:
      return on_writable(wsi);
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
      on_peer_close({static_cast<const char*>(in), size});
      return 0;
    case LWS_CALLBACK_CLIENT_CLOSED:
      on_gone();
      return 0;
    default:
      return 0;
  }
}

int WebSocketSession::add_headers(unsigned char** at, std::size_t room) {
  const auto add = [&](std::string_view text) {
    if (text.size() > room) return false;
    std::memcpy(*at, text.data(), text.size());
    *at += text.size();
    room -= text.size();
    return true;
  };
  bool fits = add("User-Agent: ") && add(transport_.user_agent) && add("\r\n");
  for (const HttpHeader& header : headers_) {
    fits = fits && add(header.name) && add(": ") && add(header.value) && add("\r\n");
  }
  return fits ? 0 : -1;
}

void WebSocketSession::on_attempt_failed(lws* wsi, const char* text, std::size_t size) {
  wsi_ = nullptr;
  attempt_failed_ = true;
  attempt_text_ = text != nullptr ? std::string(text, size) : std::string();
  if (!connected_) return;
  http_status_ = static_cast<int>(lws_http_client_http_response(wsi));
  if (http_status_ == 0) return;
  std::array<char, 64> value{};
  if (lws_hdr_copy(wsi, value.data(), static_cast<int>(value.size()), WSI_TOKEN_HTTP_RETRY_AFTER) > 0) {
    retry_after_ = parse_retry_after(value.data(), Clock::system().now_ms());
  }
}

int WebSocketSession::on_established(lws* wsi) {
  if (tls_ && !tls_->trusted()) {
    end(1006, {}, Error(MYCHAT_E_TLS, MYCHAT_DOMAIN_NETWORK, "The certificate was not checked."));
    return -1;
  }
  wsi_ = wsi;
  open_ = true;
  last_received_ = std::chrono::steady_clock::now();
  {
    const std::lock_guard lock(mutex_);
    accepting_ = !close_order_ && !stop_;
  }
  listener_.on_open();
  return 0;
}

int WebSocketSession::refuse(lws* wsi, std::uint16_t code, Error error) {
  end(code, {}, std::move(error));
  {
    const std::lock_guard lock(mutex_);
    accepting_ = false;
  }
  close_sent_ = CloseOrder{code, {}};
  close_deadline_ = std::chrono::steady_clock::now() + options_.close_timeout;
  message_ = {};
  lws_close_reason(wsi, static_cast<lws_close_status>(code), nullptr, 0);
  return -1;
}

int WebSocketSession::on_receive(lws* wsi, std::string_view bytes) {
  if (end_) return 0;  // Already refused; what still comes is dropped.
  if (lws_frame_is_binary(wsi) != 0) {
    return refuse(wsi, kUnacceptableData, protocol_error("The node sent a binary WebSocket message."));
  }
  const std::size_t room = options_.max_message_bytes - message_.size();
  if (bytes.size() > room || lws_remaining_packet_payload(wsi) > room - bytes.size()) {
    return refuse(
        wsi, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE,
        Error(MYCHAT_E_TOO_LARGE, MYCHAT_DOMAIN_NETWORK, "The node sent a longer message than accepted."));
  }
  message_.append(bytes);
  if (lws_is_final_fragment(wsi) != 0) {
    if (!is_utf8(message_)) {
      return refuse(wsi, LWS_CLOSE_STATUS_INVALID_PAYLOAD,
                    protocol_error("The node sent text that is not UTF-8."));
    }
    listener_.on_text(message_);
    if (message_.capacity() > kKeptCapacity) message_ = {};
    message_.clear();
  }
  // After the listener, whose time is not the peer's silence.
  last_received_ = std::chrono::steady_clock::now();
  ping_wanted_.reset();
  return 0;
}

int WebSocketSession::on_writable(lws* wsi) {
  if (end_ || close_sent_) return 0;
  if (ping_wanted_ && !ping_sent_) {
    std::array<unsigned char, LWS_PRE + 4> ping{};
    ping_sent_ = true;
    if (lws_write(wsi, ping.data() + LWS_PRE, 4, LWS_WRITE_PING) < 0) return -1;
    lws_callback_on_writable(wsi);
    return 0;
  }
  Secret frame;
  std::optional<CloseOrder> close;
  bool more = false;
  {
    const std::lock_guard lock(mutex_);
    if (!queue_.empty()) {
      frame = std::move(queue_.front());
      queue_.pop_front();
      queued_bytes_ -= frame.size() - LWS_PRE;
      more = !queue_.empty() || close_order_;
    } else {
      close = close_order_;
    }
  }
  if (!frame.empty()) {
    if (lws_write(wsi, frame.data() + LWS_PRE, frame.size() - LWS_PRE, LWS_WRITE_TEXT) < 0) return -1;
    if (more) lws_callback_on_writable(wsi);
    return 0;
  }
  if (!close) return 0;
  close_sent_ = close;
  std::string reason = close->reason;
  lws_close_reason(wsi, static_cast<lws_close_status>(close->code),
                   reinterpret_cast<unsigned char*>(reason.data()), reason.size());
  return -1;
}

void WebSocketSession::on_peer_close(std::string_view payload) {
  std::uint16_t code = kNoCode;
  std::string reason;
  if (payload.size() >= 2) {
    code = static_cast<std::uint16_t>((static_cast<unsigned char>(payload[0]) << 8) |
                                      static_cast<unsigned char>(payload[1]));
    if (is_utf8(payload.substr(2))) reason = std::string(payload.substr(2));
  }
  end(code, std::move(reason), Error(MYCHAT_OK, MYCHAT_DOMAIN_NONE, "The node closed the WebSocket."));
  const std::lock_guard lock(mutex_);
  accepting_ = false;
}

void WebSocketSession::on_gone() {
  wsi_ = nullptr;
  if (!open_) attempt_failed_ = true;
  if (open_ && close_sent_)
    end(close_sent_->code, {}, Error(MYCHAT_OK, MYCHAT_DOMAIN_NONE, "The WebSocket was closed."));
}

}  // namespace mychat
