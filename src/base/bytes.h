// Bytes, views of bytes, and secrets that wipe themselves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mychat {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;
using MutableBytes = std::span<std::uint8_t>;

// Overwrites memory in a way that the compiler may not remove.
void secure_wipe(void* data, std::size_t size) noexcept;

// True when both views hold the same bytes; the time depends on the sizes only.
bool equal_constant_time(ByteView a, ByteView b) noexcept;

// An allocator that wipes what it frees, so that growing or moving a container leaves no copy behind.
template <class T>
struct WipingAllocator {
  using value_type = T;
  WipingAllocator() noexcept = default;
  template <class U>
  WipingAllocator(const WipingAllocator<U>&) noexcept {}
  T* allocate(std::size_t n) { return std::allocator<T>().allocate(n); }
  void deallocate(T* p, std::size_t n) noexcept {
    secure_wipe(p, n * sizeof(T));
    std::allocator<T>().deallocate(p, n);
  }
  template <class U>
  bool operator==(const WipingAllocator<U>&) const noexcept {
    return true;
  }
};

// Key material, passwords, plaintext that must not linger.
using Secret = std::vector<std::uint8_t, WipingAllocator<std::uint8_t>>;

inline ByteView view(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline ByteView view(const Bytes& bytes) noexcept { return {bytes.data(), bytes.size()}; }
inline ByteView view(const Secret& bytes) noexcept { return {bytes.data(), bytes.size()}; }
inline std::string_view text(ByteView bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline Bytes to_bytes(ByteView bytes) { return {bytes.begin(), bytes.end()}; }
inline Secret to_secret(ByteView bytes) { return {bytes.begin(), bytes.end()}; }
inline Secret to_secret(std::string_view bytes) { return to_secret(view(bytes)); }

}  // namespace mychat
