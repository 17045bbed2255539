#include "crypto/rsa_numbers.h"

#include <openssl/core_names.h>

#include <new>

namespace mychat::detail {

namespace {

// Numbers that depend on the private key: in wiped memory, and computed with in constant time where OpenSSL
// can.
Bignum minus_one(const BIGNUM* number) {
  Bignum result = secret_number();
  check(BN_sub(result.get(), number, BN_value_one()), "Arithmetic failed.");
  return result;
}

Bignum product(const BIGNUM* a, const BIGNUM* b, BN_CTX* context) {
  Bignum result = secret_number();
  check(BN_mul(result.get(), a, b, context), "Arithmetic failed.");
  return result;
}

Bignum remainder(const BIGNUM* a, const BIGNUM* modulus, BN_CTX* context) {
  Bignum result = secret_number();
  check(BN_nnmod(result.get(), a, modulus, context), "Arithmetic failed.");
  return result;
}

Bignum inverse(const BIGNUM* a, const BIGNUM* modulus, BN_CTX* context) {
  Bignum result = secret_number();
  required(BN_mod_inverse(result.get(), a, modulus, context), "A number has no inverse.");
  return result;
}

bool is_inverse(const BIGNUM* a, const BIGNUM* b, const BIGNUM* modulus, BN_CTX* context) {
  return BN_is_one(remainder(product(a, b, context).get(), modulus, context).get()) == 1;
}

void check_factors(const RsaNumbers& key, BN_CTX* context) {
  const BIGNUM* p = key.p.get();
  const BIGNUM* q = key.q.get();
  if (!BN_is_odd(p) || !BN_is_odd(q)) throw_bad_key("A prime of the RSA key is even.");
  if (BN_num_bits(p) != kRsaPrimeBits || BN_num_bits(q) != kRsaPrimeBits) {
    throw_bad_key("The primes of the RSA key do not have 2048 bits each.");
  }
  if (BN_cmp(product(p, q, context).get(), key.n.get()) != 0) {
    throw_bad_key("The RSA modulus is not the product of its primes.");
  }
  // Primes this close together let anybody factor the modulus (Fermat).
  Bignum distance = secret_number();
  check(BN_sub(distance.get(), p, q), "Arithmetic failed.");
  if (BN_num_bits(distance.get()) <= kRsaPrimeBits - 100) {
    throw_bad_key("The primes of the RSA key are too close together.");
  }
}

void push(OSSL_PARAM_BLD* builder, const char* name, const BIGNUM* number) {
  require_memory(OSSL_PARAM_BLD_push_BN(builder, name, number) == 1);
}

Pkey pkey_from(OSSL_PARAM_BLD* builder, int selection) {
  const Params params(required(OSSL_PARAM_BLD_to_param(builder), "The key parameters could not be built."));
  const PkeyContext context(
      required(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr), "RSA is not available."));
  check(EVP_PKEY_fromdata_init(context.get()), "The RSA key could not be built.");
  EVP_PKEY* key = nullptr;
  require_memory(EVP_PKEY_fromdata(context.get(), &key, selection, params.get()) == 1);
  return Pkey(key);
}

}  // namespace

void throw_bad_key(const char* message) {
  clear_crypto_errors();
  throw Error(MYCHAT_E_MALFORMED, MYCHAT_DOMAIN_CRYPTO, message);
}

Bignum number_from(ByteView bytes, const char* name) {
  while (!bytes.empty() && bytes.front() == 0) bytes = bytes.subspan(1);
  if (bytes.size() > kRsaBytes) {
    throw Error(MYCHAT_E_TOO_LARGE, MYCHAT_DOMAIN_CRYPTO,
                "The number " + std::string(name) + " of the RSA key is longer than 4096 bits.");
  }
  Bignum number = secret_number();
  required(BN_bin2bn(data_of(bytes), static_cast<int>(bytes.size()), number.get()),
           "A number could not be allocated.");
  return number;
}

RsaPrivateComponents components_of(const RsaNumbers& numbers) {
  const auto secret = [](const Bignum& number) { return bytes_of<Secret>(number.get()); };
  return {bytes_of<Bytes>(numbers.n.get()),
          bytes_of<Bytes>(numbers.e.get()),
          secret(numbers.d),
          secret(numbers.p),
          secret(numbers.q),
          secret(numbers.dp),
          secret(numbers.dq),
          secret(numbers.qi)};
}

void check_public_numbers(const BIGNUM* n, const BIGNUM* e) {
  if (BN_num_bits(n) != static_cast<int>(kRsaBits)) throw_bad_key("The RSA modulus does not have 4096 bits.");
  if (!BN_is_odd(n)) throw_bad_key("The RSA modulus is even.");
  if (!BN_is_word(e, kRsaExponent)) throw_bad_key("The RSA public exponent is not 65537.");
}

void check_private_numbers(const RsaNumbers& key) {
  check_public_numbers(key.n.get(), key.e.get());
  const BignumContext context = secret_context();
  check_factors(key, context.get());

  // A short d is found from n and e alone (Wiener); one not below n is not reduced.
  const BIGNUM* d = key.d.get();
  if (BN_num_bits(d) <= kRsaPrimeBits || BN_cmp(d, key.n.get()) >= 0) {
    throw_bad_key("The RSA private exponent is out of range.");
  }
  // Inverse modulo both p-1 and q-1 means modulo their least common multiple, and implies that e is coprime
  // to both. d may be reduced by (p-1)(q-1) or by that multiple; implementations differ.
  const Bignum p1 = minus_one(key.p.get()), q1 = minus_one(key.q.get());
  if (!is_inverse(d, key.e.get(), p1.get(), context.get()) ||
      !is_inverse(d, key.e.get(), q1.get(), context.get())) {
    throw_bad_key("The RSA private exponent does not belong to the public key.");
  }
  // What the Chinese remainder form of decryption uses.
  if (BN_cmp(key.dp.get(), remainder(d, p1.get(), context.get()).get()) != 0 ||
      BN_cmp(key.dq.get(), remainder(d, q1.get(), context.get()).get()) != 0) {
    throw_bad_key("The RSA exponents dp and dq do not belong to d.");
  }
  if (BN_cmp(key.qi.get(), key.p.get()) >= 0 ||
      !is_inverse(key.qi.get(), key.q.get(), key.p.get(), context.get())) {
    throw_bad_key("The RSA coefficient qi is not the inverse of q.");
  }
}

bool is_prime(const BIGNUM* number, BN_GENCB* callback) {
  const BignumContext context = secret_context();
  const int result = BN_check_prime(number, context.get(), callback);
  if (result < 0) {
    clear_crypto_errors();
    if (callback == nullptr) throw std::bad_alloc();  // Otherwise the callback may have stopped it.
  }
  return result == 1;
}

RsaNumbers derive_numbers(Bignum p, Bignum q) {
  if (BN_cmp(p.get(), q.get()) < 0) std::swap(p, q);
  const BignumContext context = secret_context();
  RsaNumbers key;
  key.e = secret_number();
  check(BN_set_word(key.e.get(), kRsaExponent), "Arithmetic failed.");
  key.n = product(p.get(), q.get(), context.get());
  const Bignum p1 = minus_one(p.get()), q1 = minus_one(q.get());
  Bignum divisor = secret_number(), multiple = secret_number();
  const Bignum totient = product(p1.get(), q1.get(), context.get());
  check(BN_gcd(divisor.get(), p1.get(), q1.get(), context.get()), "Arithmetic failed.");
  check(BN_div(multiple.get(), nullptr, totient.get(), divisor.get(), context.get()), "Arithmetic failed.");
  key.d = inverse(key.e.get(), multiple.get(), context.get());
  key.dp = remainder(key.d.get(), p1.get(), context.get());
  key.dq = remainder(key.d.get(), q1.get(), context.get());
  key.qi = inverse(q.get(), p.get(), context.get());
  key.p = std::move(p);
  key.q = std::move(q);
  return key;
}

Pkey make_public_pkey(const BIGNUM* n, const BIGNUM* e) {
  const ParamBuilder builder(required(OSSL_PARAM_BLD_new(), "The key parameters could not be built."));
  push(builder.get(), OSSL_PKEY_PARAM_RSA_N, n);
  push(builder.get(), OSSL_PKEY_PARAM_RSA_E, e);
  return pkey_from(builder.get(), EVP_PKEY_PUBLIC_KEY);
}

Pkey make_private_pkey(const RsaNumbers& key) {
  const ParamBuilder builder(required(OSSL_PARAM_BLD_new(), "The key parameters could not be built."));
  push(builder.get(), OSSL_PKEY_PARAM_RSA_N, key.n.get());
  push(builder.get(), OSSL_PKEY_PARAM_RSA_E, key.e.get());
  push(builder.get(), OSSL_PKEY_PARAM_RSA_D, key.d.get());
  push(builder.get(), OSSL_PKEY_PARAM_RSA_FACTOR1, key.p.get());
  push(builder.get(), OSSL_PKEY_PARAM_RSA_FACTOR2, key.q.get());
  push(builder.get(), OSSL_PKEY_PARAM_RSA_EXPONENT1, key.dp.get());
  push(builder.get(), OSSL_PKEY_PARAM_RSA_EXPONENT2, key.dq.get());
  push(builder.get(), OSSL_PKEY_PARAM_RSA_COEFFICIENT1, key.qi.get());
  return pkey_from(builder.get(), EVP_PKEY_KEYPAIR);
}

}  // namespace mychat::detail
