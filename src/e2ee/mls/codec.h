// TLS presentation language as MLS uses it (RFC 9420 section 2). A struct declares its fields once, in a
// static `each(archive, self)` that reading and writing share:
//
//   struct Lifetime {
//     std::uint64_t not_before = 0, not_after = 0;
//     template <class A, class S>
//     static void each(A& archive, S& self) { archive(self.not_before, self.not_after); }
//   };
//
// Integers are big endian; Bytes, Secret and vectors are preceded by their size in bytes as a variable-length
// integer; an optional is an octet 0 or 1 and the value. Reading is strict: nothing but the one encoding that
// writing gives is accepted, so what was read and is written again gives the same bytes.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"

namespace mychat::mls {

// The longest content of a vector that is written or read; the format could say 2^30 - 1.
inline constexpr std::size_t kMaxVector = std::size_t{1} << 24;

// What elements take in memory, against a message of a few bytes an element that becomes gigabytes: this, and
// so many times the bytes that are read.
inline constexpr std::size_t kMemoryOfElements = std::size_t{32} << 20;
inline constexpr std::size_t kMemoryOfByte = 8;

// MYCHAT_E_MALFORMED in the protocol domain.
[[noreturn]] void throw_encoding(const char* message);

namespace detail {
template <class T>
struct IsVector : std::false_type {};
template <class T, class A>
struct IsVector<std::vector<T, A>> : std::true_type {};
template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <class T>
struct IsShared : std::false_type {};
template <class T>
struct IsShared<std::shared_ptr<const T>> : std::true_type {};
template <class T>
struct IsOctets : std::false_type {};
template <std::size_t N>
struct IsOctets<std::array<std::uint8_t, N>> : std::true_type {};
template <class T>
inline constexpr bool kIsByteVector = std::is_same_v<T, Bytes> || std::is_same_v<T, Secret>;
}  // namespace detail

// Writes into memory that is wiped when it grows or goes, since some structs hold secrets.
class Writer {
 public:
  static constexpr bool kReading = false;

  template <class... T>
  Writer& operator()(const T&... values) {
    (write(values), ...);
    return *this;
  }
  // The alternative of a variant that the fields before it name.
  template <class T, class Variant>
  void alternative(const Variant& variant) {
    write(std::get<T>(variant));
  }
  // Bytes without a size before them.
  Writer& raw(ByteView bytes);
  void varint(std::size_t value);

  const Secret& secret() const noexcept { return out_; }
  Bytes bytes() const { return {out_.begin(), out_.end()}; }
  Secret take() && { return std::move(out_); }

 private:
  template <class T>
  void write(const T& value);
  void opaque(ByteView bytes) {
    varint(bytes.size());
    raw(bytes);
  }
  // The size of what was written from `start` on, before it.
  void put_size_before(std::size_t start);

  Secret out_;
};

class Reader {
 public:
  static constexpr bool kReading = true;

  explicit Reader(ByteView in) noexcept : in_(in), memory_(kMemoryOfElements + kMemoryOfByte * in.size()) {}

  template <class... T>
  Reader& operator()(T&... values) {
    (read(values), ...);
    return *this;
  }
  template <class T, class Variant>
  void alternative(Variant& variant) {
    read(variant.template emplace<T>());
  }
  ByteView raw(std::size_t size);
  std::size_t varint();
  // The same without a bound of what this build reads: whatever the format can say.
  std::size_t any_varint();
  bool done() const noexcept { return in_.empty(); }
  ByteView rest() const noexcept { return in_; }
  // Throws when something is left.
  void finish() const;

 private:
  template <class T>
  void read(T& value);
  ByteView opaque() { return raw(varint()); }
  Reader(ByteView in, std::size_t memory) noexcept : in_(in), memory_(memory) {}
  void take_memory(std::size_t size);

  ByteView in_;
  std::size_t memory_;  // That elements may still take.
};

template <class T>
Secret encode_secret(const T& value) {
  Writer writer;
  writer(value);
  return std::move(writer).take();
}

template <class T>
Bytes encode(const T& value) {
  Writer writer;
  writer(value);
  return writer.bytes();
}

// The value that is the whole of `bytes`; MYCHAT_E_MALFORMED when it is not.
template <class T>
T decode(ByteView bytes) {
  Reader reader(bytes);
  T value{};
  reader(value);
  reader.finish();
  return value;
}

template <class T>
void Writer::write(const T& value) {
  if constexpr (std::is_enum_v<T>) {
    write(static_cast<std::underlying_type_t<T>>(value));
  } else if constexpr (std::is_integral_v<T>) {
    static_assert(std::is_unsigned_v<T>);
    std::array<std::uint8_t, sizeof(T)> octets;
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      octets[i] = static_cast<std::uint8_t>(value >> (8 * (sizeof(T) - 1 - i)));
    }
    raw(octets);
  } else if constexpr (detail::kIsByteVector<T>) {
    opaque(value);
  } else if constexpr (detail::IsOctets<T>::value) {
    raw(value);
  } else if constexpr (detail::IsVector<T>::value) {
    const std::size_t start = out_.size();
    for (const auto& element : value) write(element);
    put_size_before(start);
  } else if constexpr (detail::IsOptional<T>::value || detail::IsShared<T>::value) {
    out_.push_back(value ? 1 : 0);
    if (value) write(*value);
  } else {
    T::each(*this, value);
  }
}

template <class T>
void Reader::read(T& value) {
  if constexpr (std::is_enum_v<T>) {
    std::underlying_type_t<T> number{};
    read(number);
    value = static_cast<T>(number);
  } else if constexpr (std::is_integral_v<T>) {
    static_assert(std::is_unsigned_v<T>);
    std::uint64_t number = 0;
    for (const std::uint8_t octet : raw(sizeof(T))) number = number << 8U | octet;
    value = static_cast<T>(number);
  } else if constexpr (detail::kIsByteVector<T>) {
    const ByteView content = opaque();
    value.assign(content.begin(), content.end());
  } else if constexpr (detail::IsOctets<T>::value) {
    const ByteView content = raw(value.size());
    std::copy(content.begin(), content.end(), value.begin());
  } else if constexpr (detail::IsVector<T>::value) {
    // Elements are made one by one, each of bytes that are there: a size alone allocates nothing.
    Reader content(opaque(), memory_);
    value.clear();
    while (!content.done()) {
      content.take_memory(sizeof(value[0]));
      content.read(value.emplace_back());
    }
    memory_ = content.memory_;
  } else if constexpr (detail::IsOptional<T>::value || detail::IsShared<T>::value) {
    const std::uint8_t present = raw(1)[0];
    if (present > 1) throw_encoding("An optional value is neither absent nor present.");
    value.reset();
    if (present == 0) return;
    if constexpr (detail::IsOptional<T>::value) {
      if (!value) value.emplace();  // It is empty; else GCC 14 warns of what emplace() would destroy.
      read(*value);
    } else {
      auto made = std::make_shared<std::remove_const_t<typename T::element_type>>();
      read(*made);
      value = std::move(made);
    }
  } else {
    T::each(*this, value);
  }
}

}  // namespace mychat::mls
