// OpenSSL's error queue as mychat::Error.
#pragma once

#include "base/error.h"

namespace mychat {

// Throws `status` in the crypto domain, `detail` being the reason code of the first error in this thread's
// queue, or std::bad_alloc when it was memory that OpenSSL lacked; leaves the queue empty.
[[noreturn]] void throw_crypto(const char* message, mychat_status status = MYCHAT_E_CRYPTO);

// Empties this thread's queue: for failures that are expected, so that nothing stale is reported later.
// Throws std::bad_alloc when it was memory that OpenSSL lacked: then nothing is known of the data.
void clear_crypto_errors();

}  // namespace mychat
