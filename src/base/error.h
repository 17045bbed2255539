// The one exception type of the library. Inside, failures are thrown; at the C boundary one guard turns them
// into a mychat_status and a mychat_error.
#pragma once

#include <stdexcept>
#include <string>

#include "mychat/error.h"

namespace mychat {

class Error : public std::runtime_error {
 public:
  Error(mychat_status status, mychat_error_domain domain, const std::string& message, int detail = 0,
        bool retryable = false)
      : std::runtime_error(message),
        status_(status),
        domain_(domain),
        detail_(detail),
        retryable_(retryable) {}

  mychat_status status() const noexcept { return status_; }
  mychat_error_domain domain() const noexcept { return domain_; }
  int detail() const noexcept { return detail_; }
  bool retryable() const noexcept { return retryable_; }

 private:
  mychat_status status_;
  mychat_error_domain domain_;
  int detail_;
  bool retryable_;
};

// MYCHAT_E_OUT_OF_MEMORY, made when the program began: copying it allocates nothing.
const Error& out_of_memory() noexcept;

// What `make` gives, or out_of_memory() if there is not even that much: for where nothing may be thrown.
template <class Result, class Make>
Result or_out_of_memory(Make&& make) noexcept {
  try {
    return make();
  } catch (...) {
    return out_of_memory();
  }
}

// Shorthands for the most frequent kinds.
[[noreturn]] void throw_argument(const std::string& message);
[[noreturn]] void throw_malformed(const std::string& message);

}  // namespace mychat
