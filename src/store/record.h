// The form of sealed records: fields one after the other, integers little-endian, texts with a 32-bit length.
// A record comes out of authenticated encryption, so a wrong one means a fault or a damaged file, never a
// guess.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "store/database.h"

namespace mychat {

class RecordWriter {
 public:
  RecordWriter& u8(std::uint8_t value) {
    out_.push_back(value);
    return *this;
  }
  RecordWriter& flag(bool value) { return u8(value ? 1 : 0); }
  RecordWriter& u32(std::uint32_t value) { return integer(value); }
  RecordWriter& i64(std::int64_t value) { return integer(static_cast<std::uint64_t>(value)); }
  RecordWriter& bytes(ByteView value) {
    u32(static_cast<std::uint32_t>(value.size()));
    out_.insert(out_.end(), value.begin(), value.end());
    return *this;
  }
  RecordWriter& text(std::string_view value) { return bytes(view(value)); }
  RecordWriter& optional_i64(const std::optional<std::int64_t>& value) {
    flag(value.has_value());
    return value ? i64(*value) : *this;
  }
  const Secret& done() const noexcept { return out_; }

 private:
  template <class T>
  RecordWriter& integer(T value) {
    for (unsigned i = 0; i < sizeof(T); ++i) out_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
    return *this;
  }
  Secret out_;
};

class RecordReader {
 public:
  explicit RecordReader(ByteView record) : rest_(record) {}

  std::uint8_t u8() { return take(1)[0]; }
  bool flag() { return enumeration<std::uint8_t>(1) != 0; }
  template <class E>
  E enumeration(std::uint8_t last) {
    const std::uint8_t value = u8();
    if (value > last) fail();
    return static_cast<E>(value);
  }
  std::uint32_t u32() { return integer<std::uint32_t>(); }
  std::int64_t i64() { return static_cast<std::int64_t>(integer<std::uint64_t>()); }
  ByteView bytes() { return take(u32()); }
  std::string text() { return std::string(mychat::text(bytes())); }
  std::optional<std::int64_t> optional_i64() {
    if (!flag()) return std::nullopt;
    return i64();
  }
  void end() const {
    if (!rest_.empty()) fail();
  }

 private:
  [[noreturn]] static void fail() { throw_store_corrupt("The store is damaged: a record does not parse."); }
  ByteView take(std::size_t size) {
    if (size > rest_.size()) fail();
    const ByteView taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }
  template <class T>
  T integer() {
    T value = 0;
    const ByteView raw = take(sizeof(T));
    for (unsigned i = 0; i < sizeof(T); ++i)
      value = static_cast<T>(value | (static_cast<T>(raw[i]) << (8 * i)));
    return value;
  }
  ByteView rest_;
};

}  // namespace mychat
