#include "front/http_head.h"

#include <algorithm>
#include <array>

#include "base/encoding.h"

namespace mychat::server {

namespace {

constexpr std::size_t kMaxTarget = 8 * 1024;
constexpr std::size_t kMaxParameters = 100;

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_alpha(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_token_char(char c) noexcept {
  return is_digit(c) || is_alpha(c) ||
         (c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos);
}
bool is_token(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}
bool is_control(char c) noexcept { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

bool equals_ignoring_case(std::string_view a, std::string_view lower) noexcept {
  return a.size() == lower.size() && std::equal(a.begin(), a.end(), lower.begin(), [](char x, char y) {
           return (x >= 'A' && x <= 'Z' ? static_cast<char>(x + 32) : x) == y;
         });
}

int hex_value(char c) noexcept {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Decoded text without control characters and in UTF-8, or nothing.
std::optional<std::string> percent_decode(std::string_view text, bool in_query) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_value(text[i + 1]);
      const int low = hex_value(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high << 4 | low);
      // An encoded slash would be one to us and none to a proxy.
      if (!in_query && c == '/') return std::nullopt;
      i += 2;
    } else if (in_query && c == '+') {
      c = ' ';
    }
    if (is_control(c)) return std::nullopt;
    out += c;
  }
  if (!is_utf8(out)) return std::nullopt;
  return out;
}

// host [":" port], as RFC 3986 writes it (name, IPv4, or IPv6 in brackets).
bool valid_authority(std::string_view host) noexcept {
  if (host.empty() || host.size() > 262) return false;
  const std::size_t end = host.front() == '[' ? host.find(']') : host.find(':');
  std::string_view port;
  if (host.front() == '[') {
    if (end == std::string_view::npos || end < 3) return false;
    const auto inside = host.substr(1, end - 1);
    if (!std::all_of(inside.begin(), inside.end(),
                     [](char c) { return hex_value(c) >= 0 || c == ':' || c == '.'; }))
      return false;
    port = host.substr(end + 1);
  } else {
    const auto name = host.substr(0, end);
    if (name.empty() || !std::all_of(name.begin(), name.end(), [](char c) {
          return is_digit(c) || is_alpha(c) || c == '-' || c == '.' || c == '_';
        }))
      return false;
    port = end == std::string_view::npos ? std::string_view{} : host.substr(end);
  }
  if (port.empty()) return true;
  port = port.front() == ':' ? port.substr(1) : std::string_view("x");
  return port.size() <= 5 && std::all_of(port.begin(), port.end(), is_digit);
}

std::optional<HttpFailure> check_field_line(std::string_view line) {
  if (line.front() == ' ' || line.front() == '\t') return HttpFailure{400, "A header is folded."};
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon)))
    return HttpFailure{400, "A header is malformed."};
  return std::nullopt;
}

std::optional<HttpFailure> check_request_line(std::string_view line) {
  const std::size_t first = line.find(' ');
  const std::size_t second = first == std::string_view::npos ? first : line.find(' ', first + 1);
  if (second == std::string_view::npos || line.find(' ', second + 1) != std::string_view::npos)
    return HttpFailure{400, "The request line is malformed."};
  const auto target = line.substr(first + 1, second - first - 1);
  const auto version = line.substr(second + 1);
  if (target.empty() || !is_token(line.substr(0, first)))
    return HttpFailure{400, "The request line is malformed."};
  if (target.size() > kMaxTarget) return HttpFailure{414, "The request target is too long."};
  const bool versioned = version.size() == 8 && version.starts_with("HTTP/") && is_digit(version[5]) &&
                         version[6] == '.' && is_digit(version[7]);
  if (!versioned) return HttpFailure{400, "The HTTP version is malformed."};
  return std::nullopt;
}

}  // namespace

HeadScan scan_head(std::string_view bytes, std::size_t scanned) noexcept {
  for (std::size_t i = scanned; i < bytes.size(); ++i) {
    const char c = bytes[i];
    if (!is_control(c) || c == '\t') {
      if (i > 0 && bytes[i - 1] == '\r') return {0, true};
      continue;
    }
    const bool after_cr = i > 0 && bytes[i - 1] == '\r';
    if (c == '\r') {
      if (after_cr) return {0, true};
    } else if (c == '\n') {
      if (!after_cr) return {0, true};
      if (i >= 3 && bytes[i - 2] == '\n') return {i + 1, false};
    } else {
      return {0, true};
    }
  }
  return {};
}

std::optional<HttpFailure> check_head_lines(std::string_view head, std::size_t max_headers) {
  std::size_t end = head.find("\r\n");
  if (const auto failure = check_request_line(head.substr(0, end))) return failure;
  std::size_t count = 0;
  for (std::size_t begin = end + 2; begin < head.size(); begin = end + 2) {
    end = head.find("\r\n", begin);
    if (end == begin) break;
    if (++count > max_headers) return HttpFailure{431, "There are too many headers."};
    if (const auto failure = check_field_line(head.substr(begin, end - begin))) return failure;
  }
  return std::nullopt;
}

std::optional<HttpFailure> check_method(std::string_view method) {
  static constexpr std::array<std::string_view, 7> kMethods = {"GET",  "POST",  "PUT",    "DELETE",
                                                               "HEAD", "PATCH", "OPTIONS"};
  if (std::find(kMethods.begin(), kMethods.end(), method) == kMethods.end())
    return HttpFailure{501, "This method is not implemented."};
  return std::nullopt;
}

std::optional<HttpFailure> check_fields(HttpRequest& request, int version, bool chunked) {
  static constexpr std::array<std::string_view, 8> kSingle = {
      "host",   "content-length", "transfer-encoding", "authorization",
      "expect", "content-type",   "sec-websocket-key", "sec-websocket-version"};
  std::array<int, kSingle.size()> counts{};
  for (const auto& [name, value] : request.headers)
    for (std::size_t i = 0; i < kSingle.size(); ++i)
      if (name == kSingle[i] && ++counts[i] > 1) return HttpFailure{400, "A header is there twice."};

  const auto host = request.header("host");
  if (!host && version == 11) return HttpFailure{400, "The Host header is missing."};
  if (host) {
    if (!valid_authority(*host)) return HttpFailure{400, "The Host header is malformed."};
    request.host = *host;
  }
  const auto length = request.header("content-length");
  const auto coding = request.header("transfer-encoding");
  if (length && (length->empty() || !std::all_of(length->begin(), length->end(), is_digit)))
    return HttpFailure{400, "The Content-Length is malformed."};
  if (length && coding) return HttpFailure{400, "The length of the body is ambiguous."};
  if (coding) {
    if (version != 11) return HttpFailure{400, "HTTP/1.0 knows no Transfer-Encoding."};
    if (!equals_ignoring_case(*coding, "chunked") || !chunked)
      return HttpFailure{501, "Only the chunked transfer coding is understood."};
  }
  const auto expect = request.header("expect");
  if (expect && version == 11 && !equals_ignoring_case(*expect, "100-continue"))
    return HttpFailure{417, "Only 100-continue can be expected."};
  return std::nullopt;
}

std::optional<HttpFailure> parse_target(std::string_view target, HttpRequest& request) {
  static constexpr HttpFailure kBad{400, "The request target is malformed."};
  if (target == "*") {
    if (request.method != "OPTIONS") return kBad;
    request.path.assign(1, '*');
    return std::nullopt;
  }
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!equals_ignoring_case(target.substr(0, scheme.size()), scheme)) continue;
    target.remove_prefix(scheme.size());
    const std::size_t slash = target.find_first_of("/?");
    const auto authority = target.substr(0, slash);
    if (!valid_authority(authority)) return kBad;
    request.host = authority;
    target = slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
    if (target.front() == '?') {
      std::string with_path(1, '/');
      with_path.append(target);
      return parse_target(with_path, request);
    }
    break;
  }
  if (target.empty() || target.front() != '/' || target.find('#') != std::string_view::npos) return kBad;
  if (std::any_of(target.begin(), target.end(),
                  [](char c) { return is_control(c) || c == ' ' || (c & 0x80); }))
    return kBad;
  const std::size_t mark = target.find('?');
  auto path = percent_decode(target.substr(0, mark), false);
  if (!path) return kBad;
  request.path = std::move(*path);
  std::string_view rest = mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1);
  while (!rest.empty()) {
    const auto part = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    if (part.empty()) continue;
    const std::size_t equals = part.find('=');
    auto name = percent_decode(part.substr(0, equals), true);
    auto value =
        percent_decode(equals == std::string_view::npos ? std::string_view{} : part.substr(equals + 1), true);
    if (!name || !value || request.query.size() == kMaxParameters) return kBad;
    request.query.emplace_back(std::move(*name), std::move(*value));
  }
  return std::nullopt;
}

bool valid_field(std::string_view name, std::string_view value) noexcept {
  return is_token(name) &&
         std::none_of(value.begin(), value.end(), [](char c) { return is_control(c) && c != '\t'; });
}

}  // namespace mychat::server
