#include "crypto/rsa_keygen.h"

#include <array>
#include <atomic>
#include <chrono>
#include <exception>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "crypto/prime_window.h"
#include "crypto/random.h"
#include "crypto/rsa_numbers.h"

namespace mychat {

namespace {

using detail::Bignum;

// Fermat's test to base 2, in constant time since a rejected candidate lies close to the prime that is taken.
// It only saves work: what passes goes through all of OpenSSL's own rounds, so a composite that passes costs
// time, not soundness; and it rejects no prime.
bool may_be_prime(const BIGNUM* candidate, BN_CTX* context, BN_MONT_CTX* montgomery, BIGNUM* exponent,
                  BIGNUM* power) {
  detail::check(BN_MONT_CTX_set(montgomery, candidate, context), "Arithmetic failed.");
  detail::check(BN_sub(exponent, candidate, BN_value_one()), "Arithmetic failed.");
  detail::check(BN_set_word(power, 2), "Arithmetic failed.");
  detail::check(BN_mod_exp_mont_consttime(power, power, exponent, candidate, context, montgomery),
                "Arithmetic failed.");
  return BN_is_one(power) == 1;
}

// One generation: the state that its two threads share.
class Generation {
 public:
  Generation(std::stop_token stop, const KeygenProgressFunction& progress)
      : stop_(std::move(stop)), progress_(progress) {}

  RsaPrivateKey run() {
    // A pair of primes that breaks a rule (too close together, d too short) turns up with probability below
    // 2^-90, so meeting a few in a row means that something is broken.
    for (int attempt = 0; attempt < 3; ++attempt) {
      find_primes();
      if (auto key = assemble()) return *key;
      primes_ = {};
    }
    throw Error(MYCHAT_E_INTERNAL, MYCHAT_DOMAIN_CRYPTO, "The generated RSA keys fail their own checks.");
  }

 private:
  static constexpr std::size_t kPrimes = 2;

  void find_primes() {
    while (found() < kPrimes) {
      enter(KeygenPhase::kSearching);
      on_two_threads([this](std::size_t thread) { search(thread); });
      enter(KeygenPhase::kChecking);
      std::array<bool, kPrimes> good{};
      on_two_threads([&](std::size_t thread) { good[thread] = passes_all_rounds(thread); });
      throw_if_stopped();
      for (std::size_t i = 0; i < kPrimes; ++i) {
        if (!good[i]) primes_[i].reset();
      }
    }
  }

  // Both threads look for whatever is missing, so neither idles while the other is unlucky. Every prime comes
  // from a window of its own: two from one window would lie close together.
  void search(std::size_t thread) {
    const detail::BignumContext context(
        detail::required(BN_CTX_secure_new(), "A number context could not be allocated."));
    const detail::MontgomeryContext montgomery(
        detail::required(BN_MONT_CTX_new(), "A number context could not be allocated."));
    const Bignum exponent(detail::required(BN_secure_new(), "A number could not be allocated."));
    const Bignum power(detail::required(BN_secure_new(), "A number could not be allocated."));
    BN_set_flags(exponent.get(), BN_FLG_CONSTTIME);
    while (found() < kPrimes && !stopping()) {
      detail::PrimeWindow window;
      while (Bignum candidate = window.next()) {
        if (found() == kPrimes || stopping()) return;
        report(thread);
        candidates_.fetch_add(1, std::memory_order_relaxed);
        if (!may_be_prime(candidate.get(), context.get(), montgomery.get(), exponent.get(), power.get()))
          continue;
        keep(std::move(candidate));
        break;
      }
    }
  }

  void keep(Bignum prime) {
    const std::lock_guard lock(mutex_);
    for (Bignum& place : primes_) {
      if (place) continue;
      place = std::move(prime);
      return;
    }
  }

  std::size_t found() {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(primes_[0] != nullptr) + static_cast<std::size_t>(primes_[1] != nullptr);
  }

  bool passes_all_rounds(std::size_t thread) {
    struct Watch {
      Generation* generation;
      std::size_t thread;
    } watch{this, thread};
    const detail::Owned<BN_GENCB, BN_GENCB_free> callback(
        detail::required(BN_GENCB_new(), "A number context could not be allocated."));
    // Runs after every round, inside C code: nothing may be thrown through it.
    BN_GENCB_set(
        callback.get(),
        [](int, int, BN_GENCB* current) -> int {
          const auto* self = static_cast<const Watch*>(BN_GENCB_get_arg(current));
          return self->generation->report_in_callback(self->thread) ? 1 : 0;
        },
        &watch);
    return detail::is_prime(primes_[thread].get(), callback.get());
  }

  // The key of the two primes, through the checks of any key that comes from outside, and used once; nothing
  // when it breaks a rule.
  std::optional<RsaPrivateKey> assemble() {
    const detail::RsaNumbers numbers = detail::derive_numbers(std::move(primes_[0]), std::move(primes_[1]));
    try {
      auto key = RsaPrivateKey::from_components(detail::components_of(numbers), RsaCheck::kArithmetic);
      const Secret message = random_secret(32);
      if (key.decrypt_oaep(key.public_key().encrypt_oaep(message)) != message) return std::nullopt;
      enter(KeygenPhase::kDone);
      return key;
    } catch (const Error& error) {
      if (error.status() != MYCHAT_E_MALFORMED && error.status() != MYCHAT_E_DECRYPT) throw;
      return std::nullopt;
    }
  }

  // Runs work(0) here and work(1) on another thread, or here afterwards when no thread is to be had. The
  // first failure stops both and is thrown here.
  template <class Work>
  void on_two_threads(const Work& work) {
    const auto guarded = [&](std::size_t thread) noexcept {
      try {
        work(thread);
      } catch (...) {
        fail(std::current_exception());
      }
    };
    std::thread helper;
    try {
      helper = std::thread(guarded, 1);
    } catch (const std::system_error&) {
    }
    guarded(0);
    if (helper.joinable()) {
      helper.join();
    } else {
      guarded(1);
    }
    if (failure_) std::rethrow_exception(failure_);
    throw_if_stopped();
  }

  void fail(std::exception_ptr failure) noexcept {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::move(failure);
    failed_ = true;
  }

  bool stopping() const noexcept { return failed_ || stop_.stop_requested(); }

  void throw_if_stopped() const {
    if (stop_.stop_requested()) {
      throw Error(MYCHAT_E_CANCELLED, MYCHAT_DOMAIN_CRYPTO, "The key generation was cancelled.");
    }
  }

  void enter(KeygenPhase phase) {
    phase_ = phase;
    throw_if_stopped();
    call_progress();
  }

  // Tells the caller, on its own thread only, and not more often than a person can see.
  void report(std::size_t thread) {
    if (thread == 0 && std::chrono::steady_clock::now() >= next_report_) call_progress();
  }

  bool report_in_callback(std::size_t thread) noexcept {
    try {
      report(thread);
    } catch (...) {
      fail(std::current_exception());
    }
    return !stopping();
  }

  void call_progress() {
    next_report_ = std::chrono::steady_clock::now() + std::chrono::milliseconds(50);
    if (!progress_) return;
    const std::size_t primes = phase_ == KeygenPhase::kSearching ? found() : kPrimes;
    progress_({phase_, static_cast<unsigned>(primes), candidates_.load(std::memory_order_relaxed)});
  }

  std::stop_token stop_;
  const KeygenProgressFunction& progress_;
  std::mutex mutex_;
  std::array<Bignum, kPrimes> primes_;
  std::exception_ptr failure_;
  std::atomic<bool> failed_ = false;
  std::atomic<std::uint64_t> candidates_ = 0;
  KeygenPhase phase_ = KeygenPhase::kSearching;  // Of the calling thread, as the next.
  std::chrono::steady_clock::time_point next_report_;
};

}  // namespace

RsaPrivateKey generate_rsa_4096(std::stop_token stop, const KeygenProgressFunction& progress) {
  return Generation(std::move(stop), progress).run();
}

}  // namespace mychat
