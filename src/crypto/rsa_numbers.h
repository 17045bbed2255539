// The numbers of an RSA key and the rules they keep; for the .cpp files of this folder.
#pragma once

#include <string>
#include <vector>

#include "crypto/internal.h"
#include "crypto/rsa.h"

namespace mychat::detail {

constexpr BN_ULONG kRsaExponent = 65537;
constexpr int kRsaPrimeBits = static_cast<int>(kRsaBits) / 2;

struct RsaNumbers {
  Bignum n, e, d, p, q, dp, dq, qi;
};

[[noreturn]] void throw_bad_key(const char* message);

// Big-endian bytes to a number whose memory is wiped; leading zeros are ignored. MYCHAT_E_TOO_LARGE when it
// is longer than any number of our keys.
Bignum number_from(ByteView bytes, const char* name);
template <class Container>
Container bytes_of(const BIGNUM* number) {
  Container bytes(static_cast<std::size_t>(BN_num_bytes(number)));
  BN_bn2bin(number, bytes.data());
  return bytes;
}

RsaPrivateComponents components_of(const RsaNumbers& numbers);

// Throws throw_bad_key's error unless n is odd with 4096 bits and e is 65537.
void check_public_numbers(const BIGNUM* n, const BIGNUM* e);
// Throws it unless every relation of a private key holds; see the comments in the body for each.
void check_private_numbers(const RsaNumbers& key);
// OpenSSL's own test, with its number of rounds for this size. The callback may be null.
bool is_prime(const BIGNUM* number, BN_GENCB* callback = nullptr);

// d, dp, dq, qi and n from the primes, p being the larger.
RsaNumbers derive_numbers(Bignum p, Bignum q);

Pkey make_public_pkey(const BIGNUM* n, const BIGNUM* e);
Pkey make_private_pkey(const RsaNumbers& key);

}  // namespace mychat::detail
