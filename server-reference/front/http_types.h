// What the front hands to a route and what it gets back. No network type appears here, so that routes compile
// fast and are tested without a socket.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mychat::server {

using NameValue = std::pair<std::string, std::string>;

// A complete request. Everything in it passed the checks of the front: see docs/adr/0003-websocket-framing.md
// and http_parser.h for what is refused before a route sees it.
struct HttpRequest {
  std::string method;              // Upper case: GET, HEAD, POST, PUT, DELETE, PATCH or OPTIONS.
  std::string path;                // Percent-decoded, valid UTF-8 without control characters; "/..." or "*".
  std::vector<NameValue> query;    // Decoded, in order; "a=1&b" gives {a,1}, {b,""}.
  std::vector<NameValue> headers;  // Names in lower case, values trimmed, in order. Trailers are dropped.
  std::string host;                // Host header or authority of an absolute-form target; may hold a port.
  std::string body;
  std::string remote_address;  // IP address of the peer ("127.0.0.1", "::1"), without port.
  bool tls = false;
  std::uint64_t id = 0;  // Unique in this process; for logs.

  // The first header of that name, in any case. Duplicates of Host, Authorization, Content-Length and
  // Content-Type never get here.
  std::optional<std::string_view> header(std::string_view name) const noexcept;
  // The first query parameter of that (exact) name.
  std::optional<std::string_view> param(std::string_view name) const noexcept;
};

struct HttpResponse {
  int status = 200;
  std::string content_type;  // Empty: no Content-Type header.
  std::vector<NameValue>
      headers;  // Beside Content-Type, Content-Length, Connection, Date, which the front writes.
  std::string body;
  bool close = false;  // Close the connection after this response.

  static HttpResponse json(int status, std::string text);
  // {"detail": "..."}
  static HttpResponse error(int status, std::string_view detail);
  HttpResponse&& with(std::string name, std::string value) &&;
};

// Answers one request, once, from any thread; later answers are ignored. When the last copy goes without an
// answer, the request is answered with 500.
class Reply {
 public:
  using Deliver = std::function<void(HttpResponse&&)>;

  Reply() = default;
  explicit Reply(Deliver deliver);
  void operator()(HttpResponse response) const;
  explicit operator bool() const noexcept { return state_ != nullptr; }

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// Called on the connection's network thread: must not block. It may keep the reply and answer later from any
// thread; meanwhile the connection reads no further request.
using HttpHandler = std::function<void(HttpRequest&&, Reply)>;

}  // namespace mychat::server
