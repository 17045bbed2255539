// Small texts from the network or from a caller: times, handles, addresses, Retry-After, base64. What parses
// must print and parse to the same again.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/encoding.h"
#include "base/error.h"
#include "protocol/handle.h"
#include "transport/http_client.h"
#include "transport/url.h"

namespace {

using namespace mychat;

void require(bool condition) {
  if (!condition) std::abort();
}

void time_text(std::string_view text) {
  const auto time = parse_time(text);
  if (time) require(parse_time(format_time(*time)) == time);
}

void handle_text(std::string_view text) {
  const auto handle = Handle::parse(text);
  if (handle) require(Handle::parse(handle->to_string()) == handle);
}

void url_text(std::string_view text) {
  try {
    const Url url = parse_url(text);
    require(parse_url(url.to_string()).to_string() == url.to_string());
    require(url.port != 0 && !url.host.empty());
  } catch (const Error& error) {
    require(error.status() == MYCHAT_E_INVALID_ARGUMENT);
  }
}

void retry_after(std::string_view text) {
  HttpResponse response;
  response.headers.push_back({"retry-after", std::string(text)});
  const auto wait = response.retry_after(1'700'000'000'000);
  if (wait) require(wait->count() >= 0);
}

void encodings(std::string_view text) {
  const auto bytes = base64_decode(text);
  if (bytes) require(base64_encode(*bytes) == text);
  const auto url_bytes = base64url_decode(text);
  if (url_bytes) require(base64url_encode(*url_bytes) == text);
  static_cast<void>(is_utf8(text));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 8192) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 5) {
    case 0:
      time_text(text);
      break;
    case 1:
      handle_text(text);
      break;
    case 2:
      url_text(text);
      break;
    case 3:
      retry_after(text);
      break;
    default:
      encodings(text);
      break;
  }
  return 0;
}
