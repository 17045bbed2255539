// Keys whose numbers agree with each other and that are weak all the same, and the sieve: through the
// internals.
#include <gtest/gtest.h>

#include <set>

#include "crypto/prime_window.h"
#include "crypto/rsa_keygen.h"
#include "tests/crypto/status.h"

namespace mychat {
namespace {

using detail::Bignum;
using detail::components_of;
using test::status_of;

Bignum prime(int bits) {
  Bignum number(BN_secure_new());
  // With the two top bits set, so that products are as long as can be.
  EXPECT_EQ(BN_generate_prime_ex(number.get(), bits, 0, nullptr, nullptr, nullptr), 1);
  return number;
}

Bignum product(const Bignum& a, const Bignum& b) {
  const detail::BignumContext context(BN_CTX_new());
  Bignum number(BN_secure_new());
  EXPECT_EQ(BN_mul(number.get(), a.get(), b.get(), context.get()), 1);
  return number;
}

std::string refusal(const RsaPrivateComponents& components, RsaCheck check) {
  try {
    RsaPrivateKey::from_components(components, check);
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), MYCHAT_E_MALFORMED);
    return error.what();
  }
  return {};
}

TEST(RsaRules, ACompositeFactorIsFoundByTheFullCheck) {
  // The product of two primes of 1024 bits can be too small for a modulus of 4096.
  Bignum p = prime(2048);
  Bignum composite;
  do {
    composite = product(prime(1024), prime(1024));
  } while (BN_num_bits(product(p, composite).get()) != 4096);
  const auto key = components_of(detail::derive_numbers(std::move(p), std::move(composite)));
  EXPECT_EQ(refusal(key, RsaCheck::kFull), "A factor of the RSA key is not a prime.");
}

TEST(RsaRules, PrimesThatAreCloseTogetherAreRefused) {
  Bignum p = prime(2048);
  Bignum q(BN_dup(p.get()));
  do {
    ASSERT_EQ(BN_add_word(q.get(), 2), 1);
  } while (!detail::is_prime(q.get()));
  const auto key = components_of(detail::derive_numbers(std::move(p), std::move(q)));
  EXPECT_EQ(refusal(key, RsaCheck::kArithmetic), "The primes of the RSA key are too close together.");
}

TEST(RsaRules, PrimesOfUnequalLengthAreRefused) {
  Bignum p = prime(2060), q = prime(2036);
  const auto key = components_of(detail::derive_numbers(std::move(p), std::move(q)));
  EXPECT_EQ(refusal(key, RsaCheck::kArithmetic), "The primes of the RSA key do not have 2048 bits each.");
}

TEST(RsaRules, AShorterModulusIsRefused) {
  const auto key = components_of(detail::derive_numbers(prime(1024), prime(1024)));
  EXPECT_EQ(refusal(key, RsaCheck::kArithmetic), "The RSA modulus does not have 4096 bits.");
}

TEST(PrimeWindow, GivesEachCandidateOnceAndOnlyThoseThatCouldBeRsaPrimes) {
  const detail::BignumContext context(BN_CTX_new());
  detail::PrimeWindow window;
  std::set<std::string> seen;
  Bignum least, square(BN_new());
  while (Bignum candidate = window.next()) {
    const Secret bytes = detail::bytes_of<Secret>(candidate.get());
    EXPECT_TRUE(seen.insert(std::string(text(bytes))).second) << "given twice";
    EXPECT_EQ(BN_num_bits(candidate.get()), 2048);
    BN_sqr(square.get(), candidate.get(), context.get());
    EXPECT_EQ(BN_num_bits(square.get()), 4096) << "below sqrt(2) * 2^2047";
    EXPECT_NE(BN_mod_word(candidate.get(), 65537), 1u);
    for (const BN_ULONG small : {2U, 3U, 5U, 7U, 11U, 65519U, 65521U, 65537U, 65539U, 262133U, 262139U}) {
      EXPECT_NE(BN_mod_word(candidate.get(), small), 0u) << small;
    }
    if (!least || BN_cmp(candidate.get(), least.get()) < 0) least = std::move(candidate);
  }
  // 2 / (e^gamma * ln 2^18) = 9 % of the 16,384 odd numbers pass, within a few per cent.
  EXPECT_GT(seen.size(), 1200u);
  EXPECT_LT(seen.size(), 1750u);
}

TEST(PrimeWindow, LosesNoPrime) {
  const detail::BignumContext context(BN_CTX_new());
  detail::PrimeWindow window;
  std::set<std::string> seen;
  Bignum least;
  while (Bignum candidate = window.next()) {
    seen.insert(std::string(text(detail::bytes_of<Secret>(candidate.get()))));
    if (!least || BN_cmp(candidate.get(), least.get()) < 0) least = std::move(candidate);
  }
  // What is missing between the least candidate and 1,500 odd numbers further has a small factor, or is 1
  // modulo e.
  for (int i = 0; i < 1500; ++i, BN_add_word(least.get(), 2)) {
    if (seen.contains(std::string(text(detail::bytes_of<Secret>(least.get()))))) continue;
    bool explained = BN_mod_word(least.get(), 65537) == 1;
    for (BN_ULONG factor = 3; factor < (1u << 18) && !explained; factor += 2) {
      explained = BN_mod_word(least.get(), factor) == 0;
    }
    EXPECT_TRUE(explained) << "offset " << i;
  }
}

TEST(PrimeWindow, CandidatesComeInRandomOrder) {
  detail::PrimeWindow window;
  int up = 0;
  Bignum before = window.next();
  for (int i = 0; i < 1000; ++i) {
    Bignum next = window.next();
    up += BN_cmp(next.get(), before.get()) > 0 ? 1 : 0;
    before = std::move(next);
  }
  EXPECT_GT(up, 400);
  EXPECT_LT(up, 600);
}

}  // namespace
}  // namespace mychat
