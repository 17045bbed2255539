// OpenSSL's error queue as mychat::Error.
#pragma once

#include <string>

#include "base/error.h"

namespace mychat {

// Throws `status` in the crypto domain, `detail` being the reason code of the first error in this thread's
// queue, and leaves the queue empty.
[[noreturn]] void throw_crypto(const std::string& message, mychat_status status = MYCHAT_E_CRYPTO);

// Empties this thread's queue: for failures that are expected, so that nothing stale is reported later.
void clear_crypto_errors() noexcept;

}  // namespace mychat
