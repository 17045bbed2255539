#include "c_api/failing_memory.h"

#include <stdlib.h>

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace mychat::test {
namespace {

constexpr long kNever = -1;

struct Countdown {
  std::atomic<long> left{kNever};  // Allocations that still succeed.
  std::atomic<long> asked{0};
  std::atomic<bool> for_good{false};
  std::atomic<bool> failed{false};

  void start(long successes, bool for_good_in) {
    left = kNever;
    for_good = for_good_in;
    failed = false;
    asked = 0;
    left = successes;
  }
  bool fails_now() {
    long now = left.load(std::memory_order_relaxed);
    while (now != kNever) {
      const long next = now > 0 ? now - 1 : (for_good ? 0 : kNever);
      if (!left.compare_exchange_weak(now, next)) continue;
      asked.fetch_add(1, std::memory_order_relaxed);
      if (now == 0) failed = true;
      return now == 0;
    }
    return false;
  }
};

Countdown here;       // Of the one thread that asked for it.
Countdown elsewhere;  // Of the others.
thread_local bool mine = false;
thread_local bool spared = false;

bool fails_now() {
  if (spared) return false;
  if (mine) return here.fails_now();
  return elsewhere.fails_now();
}

}  // namespace

void fail_allocation(long successes, bool for_good) {
  mine = true;
  here.start(successes, for_good);
}

void fail_elsewhere(long successes, bool for_good) {
  mine = true;
  elsewhere.start(successes, for_good);
}

bool stop_failing() {
  here.left = kNever;
  elsewhere.left = kNever;
  const bool here_too = here.failed.exchange(false);
  return elsewhere.failed.exchange(false) || here_too;
}

long allocations_asked_for() { return here.asked + elsewhere.asked; }

Spared::Spared() : before_(spared) { spared = true; }
Spared::~Spared() { spared = before_; }

}  // namespace mychat::test

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
namespace {
void* obtain(std::size_t size) noexcept { return std::malloc(size); }
}  // namespace
#else
extern "C" {
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* pointer, size_t size);

__attribute__((visibility("default"))) void* malloc(size_t size) {
  return mychat::test::fails_now() ? nullptr : __libc_malloc(size);
}
__attribute__((visibility("default"))) void* calloc(size_t count, size_t size) {
  return mychat::test::fails_now() ? nullptr : __libc_calloc(count, size);
}
__attribute__((visibility("default"))) void* realloc(void* pointer, size_t size) {
  return mychat::test::fails_now() ? nullptr : __libc_realloc(pointer, size);
}
}
namespace {
void* obtain(std::size_t size) noexcept { return __libc_malloc(size); }
}  // namespace
#endif

namespace {
void* allocate(std::size_t size) noexcept {
  return mychat::test::fails_now() ? nullptr : obtain(size == 0 ? 1 : size);
}
void* allocate_or_throw(std::size_t size) {
  void* const pointer = allocate(size);
  if (pointer == nullptr) throw std::bad_alloc();
  return pointer;
}
}  // namespace

void* operator new(std::size_t size) { return allocate_or_throw(size); }
void* operator new[](std::size_t size) { return allocate_or_throw(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void operator delete(void* pointer) noexcept { std::free(pointer); }
void operator delete[](void* pointer) noexcept { std::free(pointer); }
void operator delete(void* pointer, std::size_t) noexcept { std::free(pointer); }
void operator delete[](void* pointer, std::size_t) noexcept { std::free(pointer); }
