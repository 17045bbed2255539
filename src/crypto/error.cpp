#include "crypto/error.h"

#include <openssl/err.h>

#include <new>

namespace mychat {

void throw_crypto(const std::string& message, mychat_status status) {
  const int reason = ERR_GET_REASON(ERR_peek_error());
  while (const unsigned long code = ERR_get_error())
    if (ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE) {
      ERR_clear_error();
      throw std::bad_alloc();
    }
  throw Error(status, MYCHAT_DOMAIN_CRYPTO, message, reason);
}

void clear_crypto_errors() noexcept { ERR_clear_error(); }

}  // namespace mychat
