#include "front/http_parser.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/websocket/detail/hybi13.hpp>
#include <boost/optional.hpp>

#include "base/encoding.h"
#include "front/http_head.h"

namespace mychat::server {

namespace http = boost::beast::http;
using boost::beast::error_code;
using BeastView = boost::beast::string_view;

namespace {

constexpr std::size_t kMaxChunkLine = 4 * 1024;         // A chunk's size line, or all trailers.
constexpr std::size_t kMaxChunkExtension = 1024;        // Of one chunk.
constexpr std::size_t kMaxChunkExtensions = 16 * 1024;  // Of a whole body.
constexpr std::size_t kMaxTrailers = 2 * 1024;
// "0", CRLF, CRLF: that much of a chunked body always comes yet. Given less of it at its start, Beast 1.81
// runs into an assertion of its own.
constexpr std::size_t kLeastChunked = 5;
constexpr std::size_t kFirstReserve = 64 * 1024;

BeastView beast(std::string_view text) { return {text.data(), text.size()}; }
std::string_view standard(BeastView text) { return {text.data(), text.size()}; }

std::string lowered(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  return out;
}

HttpFailure failure_of(const error_code& ec) {
  if (ec == http::error::bad_version) return {505, "Only HTTP/1.0 and HTTP/1.1 are spoken here."};
  if (ec == http::error::body_limit) return {413, "The body is too large."};
  if (ec == http::error::bad_chunk || ec == http::error::bad_chunk_extension ||
      ec == http::error::bad_line_ending)
    return {400, "The chunked body is malformed."};
  if (ec == http::error::bad_transfer_encoding || ec == http::error::bad_content_length ||
      ec == http::error::multiple_content_length)
    return {400, "The length of the body is ambiguous."};
  return {400, "The request is malformed."};
}

}  // namespace

class RequestReader::Parser final : public http::basic_parser<true> {
 public:
  Parser() {
    eager(false);
    header_limit(UINT32_MAX);  // Ours is applied before.
    body_limit(boost::none);
  }

  HttpRequest request;
  std::string target;
  int version = 11;
  bool in_head = true;
  std::size_t extension_bytes = 0;
  std::size_t trailer_bytes = 0;

 private:
  void on_request_impl(http::verb, BeastView method, BeastView raw_target, int number, error_code&) override {
    request.method.assign(method.data(), method.size());
    target.assign(raw_target.data(), raw_target.size());
    version = number;
  }
  void on_response_impl(int, BeastView, int, error_code&) override {}
  void on_field_impl(http::field, BeastView name, BeastView value, error_code& ec) override {
    if (in_head) {
      request.headers.emplace_back(lowered(standard(name)), standard(value));
      return;
    }
    trailer_bytes += name.size() + value.size();
    if (trailer_bytes > kMaxTrailers) ec = http::error::bad_chunk;
  }
  void on_header_impl(error_code&) override { in_head = false; }
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) override {
    if (length)
      request.body.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(*length, kFirstReserve)));
  }
  std::size_t on_body_impl(BeastView body, error_code&) override {
    request.body.append(body.data(), body.size());
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t, BeastView extensions, error_code& ec) override {
    extension_bytes += extensions.size();
    const bool control = std::any_of(extensions.begin(), extensions.end(), [](char c) {
      return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
    });
    if (control || extensions.size() > kMaxChunkExtension || extension_bytes > kMaxChunkExtensions)
      ec = http::error::bad_chunk_extension;
  }
  std::size_t on_chunk_body_impl(std::uint64_t, BeastView body, error_code&) override {
    request.body.append(body.data(), body.size());
    return body.size();
  }
  void on_finish_impl(error_code&) override {}
};

RequestReader::RequestReader(std::size_t max_header_bytes, std::size_t max_headers)
    : max_header_bytes_(max_header_bytes), max_headers_(max_headers) {}
RequestReader::~RequestReader() = default;
RequestReader::RequestReader(RequestReader&&) noexcept = default;
RequestReader& RequestReader::operator=(RequestReader&&) noexcept = default;

RequestReader::State RequestReader::fail(HttpFailure failure) {
  failure_ = failure;
  return state_ = State::kFailed;
}

RequestReader::State RequestReader::read(std::string_view& bytes) {
  if (state_ != State::kMore) return state_;
  return in_body_ ? read_body(bytes) : read_head(bytes);
}

RequestReader::State RequestReader::read_head(std::string_view& bytes) {
  // One empty line before a request is tolerated (RFC 9112, section 2.2).
  if (!skipped_empty_line_) {
    if (bytes.empty() || bytes == "\r") return State::kMore;
    skipped_empty_line_ = true;
    if (bytes.starts_with("\r\n")) bytes.remove_prefix(2);
  }
  const HeadScan scan = scan_head(bytes, scanned_);
  if (scan.malformed) return fail({400, "The request is malformed."});
  if ((scan.end == 0 && bytes.size() >= max_header_bytes_) || scan.end > max_header_bytes_) {
    const bool first_line = bytes.substr(0, max_header_bytes_).find("\r\n") == std::string_view::npos;
    return first_line ? fail({414, "The request target is too long."})
                      : fail({431, "The request headers are too large."});
  }
  scanned_ = bytes.size();
  if (scan.end == 0) return State::kMore;
  const std::string_view head = bytes.substr(0, scan.end);
  bytes.remove_prefix(scan.end);

  if (const auto failure = check_head_lines(head, max_headers_)) return fail(*failure);
  parser_ = std::make_unique<Parser>();
  error_code ec;
  std::size_t used = parser_->put(boost::asio::buffer(head.data(), head.size()), ec);
  // Without eager() the parser stops behind the request line's fields; a second call is never needed.
  if (ec) return fail(failure_of(ec));
  if (used != head.size() || !parser_->is_header_done()) return fail({400, "The request is malformed."});
  HttpRequest& request = parser_->request;
  if (const auto failure = check_method(request.method)) return fail(*failure);
  if (const auto failure = check_fields(request, parser_->version, parser_->chunked())) return fail(*failure);
  if (const auto failure = parse_target(parser_->target, request)) return fail(*failure);
  return state_ = State::kHead;
}

RequestReader::State RequestReader::accept_body(std::size_t max_bytes) {
  if (state_ != State::kHead) return state_;
  if (parser_->is_done()) return state_ = State::kDone;
  const auto length = parser_->content_length();
  if (length && *length > max_bytes) return fail({413, "The body is too large."});
  parser_->body_limit(max_bytes);
  parser_->eager(true);
  in_body_ = true;
  return state_ = State::kMore;
}

RequestReader::State RequestReader::read_body(std::string_view& bytes) {
  while (!bytes.empty() && !parser_->is_done()) {
    if (!body_begun_ && parser_->chunked() && bytes.size() < kLeastChunked) break;
    body_begun_ = true;
    error_code ec;
    const std::size_t used = parser_->put(boost::asio::buffer(bytes.data(), bytes.size()), ec);
    bytes.remove_prefix(used);
    if (ec == http::error::need_more) {
      if (bytes.size() > kMaxChunkLine) return fail({400, "The chunked body is malformed."});
      break;
    }
    if (ec) return fail(failure_of(ec));
    if (used == 0) return fail({400, "The request is malformed."});
  }
  return state_ = parser_->is_done() ? State::kDone : State::kMore;
}

const HttpRequest& RequestReader::request() const noexcept { return parser_->request; }
bool RequestReader::has_body() const noexcept { return !parser_->is_done(); }
bool RequestReader::chunked() const noexcept { return parser_->chunked(); }
bool RequestReader::http11() const noexcept { return !parser_ || parser_->version == 11; }
bool RequestReader::keep_alive() const noexcept { return parser_->keep_alive(); }
bool RequestReader::expects_continue() const noexcept {
  return http11() && parser_->request.header("expect").has_value();
}
bool RequestReader::upgrades_to_websocket() const noexcept {
  const auto upgrade = parser_->request.header("upgrade");
  return upgrade && parser_->upgrade() && http::token_list(beast(*upgrade)).exists("websocket");
}
std::size_t RequestReader::body_received() const noexcept {
  return parser_ ? parser_->request.body.size() : 0;
}
HttpRequest RequestReader::take_request() { return std::move(parser_->request); }
const HttpFailure& RequestReader::failure() const noexcept { return failure_; }

std::string response_head(const HttpResponse& response, bool keep_alive, bool http11, std::string_view date) {
  std::string head = "HTTP/1.1 ";
  head += std::to_string(response.status);
  head += ' ';
  head += standard(http::obsolete_reason(http::int_to_status(static_cast<unsigned>(response.status))));
  const auto add = [&head](std::string_view name, std::string_view value) {
    head.append("\r\n").append(name).append(": ").append(value);
  };
  if (!date.empty()) add("Date", date);
  const bool bodiless = response.status < 200 || response.status == 204 || response.status == 304;
  if (!bodiless) {
    if (!response.content_type.empty()) add("Content-Type", response.content_type);
    add("Content-Length", std::to_string(response.body.size()));
  }
  if (response.status >= 200) {
    if (!keep_alive) add("Connection", "close");
    if (keep_alive && !http11) add("Connection", "keep-alive");
  }
  for (const auto& [name, value] : response.headers)
    if (valid_field(name, value)) add(name, value);
  head += "\r\n\r\n";
  return head;
}

std::string websocket_accept(std::string_view key) {
  namespace detail = boost::beast::websocket::detail;
  detail::sec_ws_accept_type accept;
  detail::make_sec_ws_accept(accept, beast(key));
  return {accept.data(), accept.size()};
}

bool valid_websocket_key(std::string_view key) {
  const auto bytes = base64_decode(key);
  return bytes && bytes->size() == 16;
}

}  // namespace mychat::server
