// RAII over OpenSSL's objects, for the .cpp files of this folder only.
#pragma once

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/params.h>

#include <cstddef>
#include <limits>
#include <memory>
#include <new>
#include <string>

#include "base/bytes.h"
#include "crypto/error.h"
#include "crypto/hkdf.h"

namespace mychat::detail {

template <auto Function>
struct Freer {
  template <class T>
  void operator()(T* object) const noexcept {
    Function(object);
  }
};

template <class T, auto Function>
using Owned = std::unique_ptr<T, Freer<Function>>;

using Bignum = Owned<BIGNUM, BN_clear_free>;
using BignumContext = Owned<BN_CTX, BN_CTX_free>;
using MontgomeryContext = Owned<BN_MONT_CTX, BN_MONT_CTX_free>;
using PkeyContext = Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using DigestContext = Owned<EVP_MD_CTX, EVP_MD_CTX_free>;
using ParamBuilder = Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using Params = Owned<OSSL_PARAM, OSSL_PARAM_free>;
using Pkey = Owned<EVP_PKEY, EVP_PKEY_free>;

// The pointer if there is one; else the failure that OpenSSL reports.
template <class T>
T* required(T* object, const char* message) {
  if (object == nullptr) throw_crypto(message);
  return object;
}

inline void check(int result, const char* message) {
  if (result != 1) throw_crypto(message);
}

// For steps that sound arguments can fail only for want of memory, of which OpenSSL does not always speak.
inline void require_memory(bool done) {
  if (done) return;
  clear_crypto_errors();
  throw std::bad_alloc();
}

[[noreturn]] inline void throw_malformed(const char* message) {
  throw Error(MYCHAT_E_MALFORMED, MYCHAT_DOMAIN_CRYPTO, message);
}

// OpenSSL's older interfaces count in int.
inline int int_size(std::size_t size) {
  if (size > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    throw Error(MYCHAT_E_TOO_LARGE, MYCHAT_DOMAIN_CRYPTO, "The data is longer than 2 GiB.");
  }
  return static_cast<int>(size);
}

// A non-null pointer for empty views too: some calls of OpenSSL read NULL as "not given".
inline const std::uint8_t* data_of(ByteView bytes) noexcept {
  static constexpr std::uint8_t kNothing = 0;
  return bytes.empty() ? &kNothing : bytes.data();
}

inline Bignum secret_number() {
  Bignum number(required(BN_secure_new(), "A number could not be allocated."));
  BN_set_flags(number.get(), BN_FLG_CONSTTIME);
  return number;
}

inline BignumContext secret_context() {
  return BignumContext(required(BN_CTX_secure_new(), "A number context could not be allocated."));
}

// Algorithms are fetched once a process: a fetch costs more than encrypting a short message. They are kept
// until the process ends, because other threads may use them while static destructors run.
const EVP_MD* sha256_algorithm();
const EVP_MD* sha384_algorithm();
const EVP_MD* sha512_algorithm();
const EVP_MD* algorithm_of(HashAlgorithm algorithm);

}  // namespace mychat::detail
