#include "transport/headers.h"

#include <array>
#include <string_view>

#include "base/bytes.h"

namespace mychat {
namespace {

bool is_token(std::string_view name) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  if (name.empty()) return false;
  for (const char c : name) {
    const bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!alnum && kOthers.find(c) == std::string_view::npos) return false;
  }
  return true;
}

bool is_value(std::string_view value) {
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\t') || byte == 0x7f) return false;
  }
  return true;
}

bool equal_ignoring_case(std::string_view a, std::string_view lower) {
  if (a.size() != lower.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const char c = a[i] >= 'A' && a[i] <= 'Z' ? static_cast<char>(a[i] - 'A' + 'a') : a[i];
    if (c != lower[i]) return false;
  }
  return true;
}

bool belongs_to_connection(std::string_view name) {
  constexpr std::array<std::string_view, 9> kNames = {"host",       "content-length", "transfer-encoding",
                                                      "connection", "upgrade",        "expect",
                                                      "te",         "trailer",        "keep-alive"};
  for (const std::string_view reserved : kNames) {
    if (equal_ignoring_case(name, reserved)) return true;
  }
  constexpr std::string_view kWebSocket = "sec-websocket-";
  return equal_ignoring_case(name.substr(0, kWebSocket.size()), kWebSocket);
}

}  // namespace

void check_headers(const std::vector<HttpHeader>& headers) {
  if (headers.size() > kMaxRequestHeaders) throw_argument("The request has more than 64 headers.");
  std::size_t bytes = 0;
  for (const HttpHeader& header : headers) {
    if (!is_token(header.name)) throw_argument("A header's name is empty or holds a character it must not.");
    if (!is_value(header.value))
      throw_argument("The value of header " + header.name + " holds a control character.");
    if (belongs_to_connection(header.name))
      throw_argument("The header " + header.name + " is set by the transport.");
    bytes += header.name.size() + header.value.size() + 4;
  }
  if (bytes > kMaxRequestHeaderBytes) throw_argument("The request's headers are longer than 8 KiB.");
}

void wipe(std::string& text) noexcept {
  secure_wipe(text.data(), text.capacity());
  text.clear();
}

void wipe(std::vector<HttpHeader>& headers) noexcept {
  for (HttpHeader& header : headers) wipe(header.value);
  headers.clear();
}

}  // namespace mychat
