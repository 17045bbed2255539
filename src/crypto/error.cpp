#include "crypto/error.h"

#include <openssl/crypto.h>
#include <openssl/err.h>

#include <new>

namespace mychat {

#ifdef MYCHAT_STATIC_DEPS
namespace {

// An OpenSSL inside this library is not the system's: it reads no openssl.cnf, whose providers and engines
// are made for another, and it leaves its memory alone at exit, when threads of ours may still be at work.
// Here, because everything in this folder links this file.
[[gnu::constructor]] void set_up_openssl() noexcept {
  OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, nullptr);
}

}  // namespace
#endif

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
