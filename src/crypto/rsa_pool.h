// Ready OpenSSL contexts of one key, lent to whichever thread works with it; for the .cpp files of this
// folder.
#pragma once

#include <mutex>
#include <utility>
#include <vector>

#include "crypto/internal.h"

namespace mychat::detail {

// A context belongs to one thread at a time, and setting one up costs as much as an encryption. The lock is
// held for a push or a pop only; as many contexts exist as threads ever worked at once, of which kMostIdle
// are kept.
class RsaContextPool {
 public:
  using Setup = void (*)(EVP_PKEY_CTX* context);

  RsaContextPool(EVP_PKEY* key, Setup setup) noexcept : key_(key), setup_(setup) {}

  class Lease {
   public:
    Lease(RsaContextPool& pool, PkeyContext context) noexcept : pool_(pool), context_(std::move(context)) {}
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease() { pool_.give_back(std::move(context_)); }
    EVP_PKEY_CTX* get() const noexcept { return context_.get(); }

   private:
    RsaContextPool& pool_;
    PkeyContext context_;
  };

  Lease borrow() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        PkeyContext context = std::move(idle_.back());
        idle_.pop_back();
        return Lease(*this, std::move(context));
      }
    }
    PkeyContext context(
        required(EVP_PKEY_CTX_new_from_pkey(nullptr, key_, nullptr), "A key context could not be made."));
    setup_(context.get());
    return Lease(*this, std::move(context));
  }

 private:
  static constexpr std::size_t kMostIdle = 32;

  void give_back(PkeyContext context) noexcept {
    try {
      const std::lock_guard lock(mutex_);
      if (idle_.size() < kMostIdle) idle_.push_back(std::move(context));
    } catch (...) {  // No memory to keep it: it is freed.
    }
  }

  EVP_PKEY* key_;
  Setup setup_;
  std::mutex mutex_;
  std::vector<PkeyContext> idle_;
};

}  // namespace mychat::detail
