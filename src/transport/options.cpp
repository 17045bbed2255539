#include "transport/options.h"

#include <string_view>

#include "base/encoding.h"
#include "base/error.h"
#include "transport/tls.h"

namespace mychat {
namespace {

constexpr std::size_t kMaxPins = 16;
constexpr std::size_t kMaxUserAgentBytes = 256;

void check_positive(std::chrono::milliseconds time, const char* what) {
  constexpr std::chrono::hours kLongest{24};
  if (time <= std::chrono::milliseconds::zero() || time > kLongest) {
    throw_argument(std::string("The ") + what + " must be longer than 0 and at most a day.");
  }
}

}  // namespace

void check_options(const TransportOptions& options) {
  check_positive(options.connect_timeout, "connect time-out");
  check_positive(options.request_timeout, "request time-out");
  if (options.low_speed_time < std::chrono::seconds::zero() ||
      options.low_speed_time > std::chrono::hours(24)) {
    throw_argument("The low-speed time must be at most a day.");
  }
  if (options.user_agent.empty() || options.user_agent.size() > kMaxUserAgentBytes) {
    throw_argument("The user agent must have 1 to 256 bytes.");
  }
  for (const char c : options.user_agent) {
    if (c < ' ' || c > '~') throw_argument("The user agent holds a character other than printable ASCII.");
  }
  if (options.pins.size() > kMaxPins) throw_argument("There are more than 16 pins.");
  for (const std::string& pin : options.pins) (void)parse_pin(pin);
  (void)load_authorities(options);
}

}  // namespace mychat
