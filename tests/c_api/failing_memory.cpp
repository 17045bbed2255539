#include "c_api/failing_memory.h"

#include <stdlib.h>

#include <cstddef>
#include <cstdlib>
#include <new>

namespace mychat::test {
namespace {

constexpr long kNever = -1;

thread_local long until_failure = kNever;  // Allocations that still succeed.
thread_local bool fails_for_good = false;
thread_local bool failed_one = false;

bool fails_now() {
  if (until_failure == kNever) return false;
  if (until_failure > 0) {
    --until_failure;
    return false;
  }
  failed_one = true;
  if (!fails_for_good) until_failure = kNever;
  return true;
}

}  // namespace

void fail_allocation(long successes, bool for_good) {
  fails_for_good = for_good;
  failed_one = false;
  until_failure = successes;
}

bool stop_failing() {
  until_failure = kNever;
  return failed_one;
}

}  // namespace mychat::test

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
namespace {
void* allocate(std::size_t size) noexcept {
  return mychat::test::fails_now() ? nullptr : std::malloc(size == 0 ? 1 : size);
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
#endif
