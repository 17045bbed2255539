#include "crypto/error.h"

#include <openssl/crypto.h>
#include <openssl/cryptoerr.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/proverr.h>

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

namespace {

// An object that cannot be set up or copied, although its algorithm was found, had no memory: those reasons
// are all that OpenSSL keeps of it.
bool means_no_memory(unsigned long code) noexcept {
  const int reason = ERR_GET_REASON(code);
  if (reason == ERR_R_MALLOC_FAILURE || reason == ERR_R_INIT_FAIL) return true;
  switch (ERR_GET_LIB(code)) {
    case ERR_LIB_CRYPTO:
      return reason == CRYPTO_R_SECURE_MALLOC_FAILURE;
    case ERR_LIB_EVP:
      return reason == EVP_R_INITIALIZATION_ERROR || reason == EVP_R_NOT_ABLE_TO_COPY_CTX;
    case ERR_LIB_PROV:  // Ed25519 and Ed448, which hash with objects of their own.
      return reason == PROV_R_FAILED_TO_SIGN;
    default:
      return false;
  }
}

// "The BN library failed", say, and nothing from that library itself.
bool names_a_library_only(unsigned long code) noexcept {
  const int reason = ERR_GET_REASON(code);
  return (reason & ERR_RFLAG_COMMON) != 0 && (reason & ERR_RFLAG_FATAL) == 0 &&
         (reason & ~ERR_RFLAG_COMMON) < ERR_LIB_USER;
}

}  // namespace

void throw_crypto(const char* message, mychat_status status) {
  const unsigned long first = ERR_peek_error();
  clear_crypto_errors();
  // OpenSSL has a reason for every failure, unless there is no memory to keep it in, or for what would have
  // it.
  if (status == MYCHAT_E_CRYPTO && (first == 0 || names_a_library_only(first))) throw std::bad_alloc();
  throw Error(status, MYCHAT_DOMAIN_CRYPTO, message, ERR_GET_REASON(first));
}

void clear_crypto_errors() {
  bool no_memory = false;
  while (const unsigned long code = ERR_get_error()) no_memory = no_memory || means_no_memory(code);
  if (no_memory) throw std::bad_alloc();
}

}  // namespace mychat
