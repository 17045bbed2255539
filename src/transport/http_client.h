// HTTP requests that never block their caller: one thread of ours drives all of them over libcurl.
//
// Fork: a child process must not use, and must not destroy, a client made by its parent (its thread is not in
// the child, and both would write to the same sockets). exec right after fork is safe: every descriptor is
// close-on-exec.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "transport/options.h"

namespace mychat {

enum class HttpMethod { kGet, kPost, kPut, kDelete };

struct HttpHeader {
  std::string name;
  std::string value;
};

struct HttpRequest {
  HttpMethod method = HttpMethod::kGet;
  // An IP address to connect to in the place of those that the host of `url` has; the certificate must still
  // be that host's. Empty: the name is resolved.
  std::string connect_to;
  std::string url;  // Absolute: parse_node_url(...).with_target("/api/...").to_string().
  std::vector<HttpHeader> headers;
  std::string body;
  std::chrono::milliseconds timeout{0};  // 0: TransportOptions::request_timeout.
  std::size_t max_response_bytes = 4 * 1024 * 1024;
  // Must not be carried out twice: it gets a connection of its own, because libcurl repeats a request by
  // itself when a connection kept from before breaks without an answer, although the server may have taken
  // it.
  bool once = false;
};

struct HttpResponse {
  int status = 0;
  std::vector<HttpHeader> headers;  // Names in lower case, in the order received.
  std::string body;

  // The first header of that name (lower case), or nothing.
  std::optional<std::string_view> header(std::string_view name) const noexcept;
  // Retry-After in either form (seconds, HTTP date), from `now` (Unix time). Never negative.
  std::optional<std::chrono::milliseconds> retry_after(std::int64_t now_unix_ms) const;
  // The header Date as Unix time in ms; nothing when it is not a date.
  std::optional<std::int64_t> date_ms() const;
};

// The value of a Retry-After header: seconds or an HTTP date. Nothing when it is neither.
std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view value, std::int64_t now_unix_ms);

using HttpResult = std::variant<HttpResponse, Error>;
using HttpRequestId = std::uint64_t;
// Called exactly once for each submitted request, on the client's thread. It must not block for long and must
// not destroy the client; it may submit and cancel. Any answer with an HTTP status, 500 as well, is a
// response. Errors: MYCHAT_E_DNS, _TLS, _TIMEOUT, _NETWORK, _PROTOCOL (not HTTP), _TOO_LARGE, _CANCELLED,
// _CLOSED (the client was destroyed); their detail is libcurl's code.
using HttpCallback = std::function<void(HttpResult)>;

// All members from any thread. TLS 1.2 or newer, verified; redirects are answers and not followed.
class HttpClient {
 public:
  explicit HttpClient(TransportOptions options);
  ~HttpClient();  // close()
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Throws, without ever calling back, when the request itself is wrong: MYCHAT_E_INVALID_ARGUMENT,
  // MYCHAT_E_PLAINTEXT_REFUSED. The client's copy of headers and body is wiped when the request ends.
  HttpRequestId submit(HttpRequest request, HttpCallback callback);
  // The request ends with MYCHAT_E_CANCELLED, unless it has already ended. An unknown id is harmless.
  void cancel(HttpRequestId id);
  // Ends every request with MYCHAT_E_CLOSED, then joins the thread; prompt in every state. Harmless the
  // second time.
  void close();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mychat
