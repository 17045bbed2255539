#include "e2ee/mls/codec.h"

#include "base/error.h"

namespace mychat::mls {

void throw_encoding(const char* message) { throw Error(MYCHAT_E_MALFORMED, MYCHAT_DOMAIN_PROTOCOL, message); }

Writer& Writer::raw(ByteView bytes) {
  out_.insert(out_.end(), bytes.begin(), bytes.end());
  return *this;
}

void Writer::varint(std::size_t value) {
  if (value > kMaxVector) {
    throw Error(MYCHAT_E_TOO_LARGE, MYCHAT_DOMAIN_PROTOCOL, "A vector of MLS is longer than 16 MiB.");
  }
  if (value < 0x40) {
    (*this)(static_cast<std::uint8_t>(value));
  } else if (value < 0x4000) {
    (*this)(static_cast<std::uint16_t>(0x4000U | value));
  } else {
    (*this)(static_cast<std::uint32_t>(0x80000000U | value));
  }
}

void Writer::put_size_before(std::size_t start) {
  Writer size;
  size.varint(out_.size() - start);
  out_.insert(out_.begin() + static_cast<std::ptrdiff_t>(start), size.out_.begin(), size.out_.end());
}

ByteView Reader::raw(std::size_t size) {
  if (size > in_.size()) throw_encoding("The bytes end within a field.");
  const ByteView content = in_.first(size);
  in_ = in_.subspan(size);
  return content;
}

std::size_t Reader::any_varint() {
  const std::uint8_t first = raw(1)[0];
  const unsigned prefix = first >> 6U;
  if (prefix == 3) throw_encoding("A size has an invalid prefix.");
  const std::size_t more = (std::size_t{1} << prefix) - 1;
  std::size_t value = first & 0x3fU;
  for (const std::uint8_t octet : raw(more)) value = value << 8U | octet;
  if ((prefix == 1 && value < 0x40) || (prefix == 2 && value < 0x4000)) {
    throw_encoding("A size is not written in its shortest form.");
  }
  return value;
}

std::size_t Reader::varint() {
  const std::size_t value = any_varint();
  if (value > kMaxVector) {
    throw Error(MYCHAT_E_TOO_LARGE, MYCHAT_DOMAIN_PROTOCOL, "A vector of MLS is longer than 16 MiB.");
  }
  return value;
}

void Reader::take_memory(std::size_t size) {
  if (size > memory_) {
    throw Error(MYCHAT_E_TOO_LARGE, MYCHAT_DOMAIN_PROTOCOL, "A vector of MLS has too many elements.");
  }
  memory_ -= size;
}

void Reader::finish() const {
  if (!in_.empty()) throw_encoding("There are bytes after the end of the value.");
}

}  // namespace mychat::mls
