#include <curl/curl.h>

#include <algorithm>
#include <charconv>

#include "transport/http_client.h"

namespace mychat {

std::optional<std::string_view> HttpResponse::header(std::string_view name) const noexcept {
  for (const HttpHeader& header : headers) {
    if (header.name == name) return header.value;
  }
  return std::nullopt;
}

std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view value, std::int64_t now_unix_ms) {
  constexpr std::int64_t kMaxSeconds = 365LL * 24 * 3600;
  if (value.empty() || value.size() > 64) return std::nullopt;
  if (std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    std::int64_t seconds = 0;
    const auto result = std::from_chars(value.data(), value.data() + value.size(), seconds);
    if (result.ec != std::errc()) seconds = kMaxSeconds;
    return std::chrono::seconds(std::min(seconds, kMaxSeconds));
  }
  const std::int64_t when = curl_getdate(std::string(value).c_str(), nullptr);
  if (when < 0) return std::nullopt;
  const std::int64_t wait = std::clamp<std::int64_t>(when * 1000 - now_unix_ms, 0, kMaxSeconds * 1000);
  return std::chrono::milliseconds(wait);
}

std::optional<std::chrono::milliseconds> HttpResponse::retry_after(std::int64_t now_unix_ms) const {
  const auto value = header("retry-after");
  return value ? parse_retry_after(*value, now_unix_ms) : std::nullopt;
}

std::optional<std::int64_t> HttpResponse::date_ms() const {
  const auto value = header("date");
  if (!value || value->size() > 64) return std::nullopt;
  const std::int64_t when = curl_getdate(std::string(*value).c_str(), nullptr);
  if (when < 0) return std::nullopt;
  return when * 1000;
}

}  // namespace mychat
