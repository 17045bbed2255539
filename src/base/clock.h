// Time as the library sees it, injectable so that tests run on a virtual clock; and ISO 8601 text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mychat {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::int64_t now_ms() const = 0;        // Unix time in milliseconds.
  virtual std::int64_t monotonic_ms() const = 0;  // Never goes back; for time-outs.
  static const Clock& system();
};

// "2026-01-31T12:00:00.000Z"
std::string format_time(std::int64_t unix_ms);
// ISO 8601 with seconds, an optional fraction of 1 to 9 digits, and Z, an offset, or nothing (taken as UTC,
// as some v1 nodes write it). Years 1970 to 9999. Nothing when it is not that.
std::optional<std::int64_t> parse_time(std::string_view text);

}  // namespace mychat
