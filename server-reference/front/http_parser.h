// Reads one HTTP/1.1 request from bytes, without sockets: Beast's parser, and around it the checks that it
// does not make. Refused with a status and the end of the connection: bare CR or LF, control characters,
// obs-fold, white space before a colon, more than one of Host, Content-Length, Transfer-Encoding,
// Authorization or Content-Type, a list as Content-Length, Content-Length with Transfer-Encoding, any
// transfer coding but one "chunked", a missing or malformed Host, targets that are not origin-form,
// absolute-form or "*", invalid percent-encoding, encoded NUL, slash or control characters, versions but 1.0
// and 1.1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "front/http_types.h"

namespace mychat::server {

struct HttpFailure {
  int status = 400;
  const char* detail = "";
};

class RequestReader {
 public:
  enum class State {
    kMore,    // Give it more bytes; what it left of the last ones comes first.
    kHead,    // The headers are there and in order: look at them, then call accept_body().
    kDone,    // The request is complete.
    kFailed,  // See failure(). The connection cannot go on.
  };

  RequestReader(std::size_t max_header_bytes, std::size_t max_headers);
  ~RequestReader();
  RequestReader(RequestReader&&) noexcept;
  RequestReader& operator=(RequestReader&&) noexcept;

  // Reads from the front of `bytes` and removes what it has taken.
  State read(std::string_view& bytes);

  // From kHead on.
  const HttpRequest& request() const noexcept;
  bool has_body() const noexcept;
  bool expects_continue() const noexcept;
  bool keep_alive() const noexcept;
  bool http11() const noexcept;
  bool chunked() const noexcept;
  bool upgrades_to_websocket() const noexcept;  // "Upgrade: websocket" with "Connection: upgrade".
  std::size_t body_received() const noexcept;
  // Sets the limit; kFailed (413) when the declared length is beyond it, kDone when there is no body.
  State accept_body(std::size_t max_bytes);

  HttpRequest take_request();
  const HttpFailure& failure() const noexcept;

 private:
  class Parser;
  State read_head(std::string_view& bytes);
  State read_body(std::string_view& bytes);
  State fail(HttpFailure failure);

  std::size_t max_header_bytes_;
  std::size_t max_headers_;
  std::size_t scanned_ = 0;
  State state_ = State::kMore;
  bool skipped_empty_line_ = false;
  bool in_body_ = false;
  bool body_begun_ = false;
  HttpFailure failure_;
  std::unique_ptr<Parser> parser_;
};

// Fills path, query and (for the absolute form) host. Nothing when it is in order.
std::optional<HttpFailure> parse_target(std::string_view target, HttpRequest& request);

// The head of a response, up to and with the empty line. Header fields with control characters in them are
// left out.
std::string response_head(const HttpResponse& response, bool keep_alive, bool http11, std::string_view date);

// Sec-WebSocket-Accept for a Sec-WebSocket-Key.
std::string websocket_accept(std::string_view key);
// True for the base64 of 16 bytes.
bool valid_websocket_key(std::string_view key);

}  // namespace mychat::server
