#include "crypto/prime_window.h"

#include "crypto/random.h"

namespace mychat::detail {

namespace {

// Each doubling of the sieve's bound saves some 5 % of the primality tests and doubles the sieving: at 2^18 a
// window costs as much as three tests and the next doubling would no longer pay.
constexpr std::uint32_t kSieveBound = std::uint32_t{1} << 18;
// 16,384 odd numbers hold 23 primes on average; with probability 1 - 10^-10 at least one.
constexpr std::uint32_t kWindowSize = std::uint32_t{1} << 14;

// The odd primes below kSieveBound.
const std::vector<std::uint32_t>& small_primes() {
  static const std::vector<std::uint32_t> primes = [] {
    std::vector<bool> composite(kSieveBound / 2);  // Of 2 * i + 1.
    std::vector<std::uint32_t> found;
    for (std::uint32_t number = 3; number < kSieveBound; number += 2) {
      if (composite[number / 2]) continue;
      found.push_back(number);
      for (std::uint64_t multiple = std::uint64_t{number} * number; multiple < kSieveBound;
           multiple += 2 * number) {
        composite[multiple / 2] = true;
      }
    }
    return found;
  }();
  return primes;
}

// Uniform among the odd numbers from sqrt(2) * 2^2047 to 2^2048 that leave room for the window.
Bignum draw_start() {
  const BignumContext context(required(BN_CTX_secure_new(), "A number context could not be allocated."));
  Bignum start(required(BN_secure_new(), "A number could not be allocated."));
  Bignum other(required(BN_secure_new(), "A number could not be allocated."));
  for (;;) {
    if (BN_priv_rand_ex(start.get(), kRsaPrimeBits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD, 0, context.get()) !=
        1) {
      throw_crypto("The random generator failed.", MYCHAT_E_RANDOM);
    }
    check(BN_sqr(other.get(), start.get(), context.get()), "Arithmetic failed.");
    if (BN_num_bits(other.get()) != 2 * kRsaPrimeBits) continue;
    required(BN_copy(other.get(), start.get()), "A number could not be allocated.");
    check(BN_add_word(other.get(), 2 * kWindowSize), "Arithmetic failed.");
    if (BN_num_bits(other.get()) == kRsaPrimeBits) return start;
  }
}

// The number in 32-bit digits, the highest first.
using Digits = std::vector<std::uint32_t, WipingAllocator<std::uint32_t>>;

Digits digits_of(const BIGNUM* number) {
  const Secret bytes = bytes_of<Secret>(number);
  Digits digits(bytes.size() / 4);
  for (std::size_t i = 0; i < digits.size(); ++i) {
    for (std::size_t k = 0; k < 4; ++k) digits[i] = digits[i] << 8 | bytes[4 * i + k];
  }
  return digits;
}

std::uint32_t remainder(const Digits& digits, std::uint32_t divisor) {
  std::uint64_t rest = 0;
  for (const std::uint32_t digit : digits) rest = (rest << 32 | digit) % divisor;
  return static_cast<std::uint32_t>(rest);
}

// Marks every offset at which start + 2 * offset is congruent to `target` modulo the odd `divisor`.
void mark(Secret& marks, std::uint32_t start_rest, std::uint32_t target, std::uint32_t divisor) {
  std::uint32_t gap = (target + divisor - start_rest) % divisor;  // 2 * offset = gap, modulo the divisor.
  if (gap % 2 != 0) gap += divisor;
  for (std::size_t offset = gap / 2; offset < marks.size(); offset += divisor) marks[offset] = 1;
}

}  // namespace

PrimeWindow::PrimeWindow() : start_(draw_start()) {
  const Digits digits = digits_of(start_.get());
  Secret marks(kWindowSize);
  for (const std::uint32_t prime : small_primes()) mark(marks, remainder(digits, prime), 0, prime);
  // e is a prime: gcd(p - 1, e) = 1 unless p is 1 modulo e.
  constexpr auto kExponent = static_cast<std::uint32_t>(kRsaExponent);
  mark(marks, remainder(digits, kExponent), 1, kExponent);
  for (std::uint32_t offset = 0; offset < kWindowSize; ++offset) {
    if (marks[offset] == 0) survivors_.push_back(offset);
  }
}

Bignum PrimeWindow::next() {
  if (survivors_.empty()) return nullptr;
  // The remainder of 64 random bits by a number below 2^14 is uniform to within 2^-50.
  std::uint64_t choice = 0;
  random_secret_bytes({reinterpret_cast<std::uint8_t*>(&choice), sizeof choice});
  std::uint32_t& chosen = survivors_[choice % survivors_.size()];
  const std::uint32_t offset = chosen;
  chosen = survivors_.back();
  survivors_.pop_back();
  Bignum candidate(required(BN_secure_new(), "A number could not be allocated."));
  required(BN_copy(candidate.get(), start_.get()), "A number could not be allocated.");
  check(BN_add_word(candidate.get(), std::uint64_t{2} * offset), "Arithmetic failed.");
  BN_set_flags(candidate.get(), BN_FLG_CONSTTIME);
  return candidate;
}

}  // namespace mychat::detail
