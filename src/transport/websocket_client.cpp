#include "transport/websocket_client.h"

#include "transport/ws_session.h"

namespace mychat {

class WebSocketClient::Impl : public WebSocketSession {
 public:
  using WebSocketSession::WebSocketSession;
};

WebSocketClient::WebSocketClient(TransportOptions transport, WebSocketOptions options,
                                 WebSocketListener& listener)
    : impl_(std::make_unique<Impl>(std::move(transport), options, listener)) {}
WebSocketClient::~WebSocketClient() = default;

void WebSocketClient::connect(const Url& url, std::vector<HttpHeader> headers) {
  impl_->connect(url, std::move(headers));
}
bool WebSocketClient::send_text(std::string_view message) { return impl_->send_text(message); }
void WebSocketClient::close(std::uint16_t code, std::string_view reason) { impl_->close(code, reason); }
std::size_t WebSocketClient::queued_bytes() const { return impl_->queued_bytes(); }

}  // namespace mychat
