#include "crypto/error.h"

#include <openssl/err.h>

namespace mychat {

void throw_crypto(const std::string& message, mychat_status status) {
  const int reason = ERR_GET_REASON(ERR_peek_error());
  ERR_clear_error();
  throw Error(status, MYCHAT_DOMAIN_CRYPTO, message, reason);
}

void clear_crypto_errors() noexcept { ERR_clear_error(); }

}  // namespace mychat
