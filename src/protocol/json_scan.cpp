// The strict pass over JSON text. cJSON alone would take control characters and lone surrogates in strings,
// cut strings at an escaped NUL, take numbers that are none, and recurse 1000 levels deep.
#include <cstring>

#include "base/encoding.h"
#include "base/error.h"
#include "protocol/json.h"

namespace mychat {
namespace {

constexpr std::size_t kMaxNumberLength = 40;  // cJSON copies numbers into 64 bytes.
constexpr std::size_t kHardMaxDepth = 512;

[[noreturn]] void too_large(const std::string& message) {
  throw Error(MYCHAT_E_TOO_LARGE, MYCHAT_DOMAIN_PROTOCOL, message);
}

constexpr std::uint64_t repeat(std::uint8_t byte) { return 0x0101010101010101ULL * byte; }

// Non-zero when one of the eight bytes is a quote, a backslash, a control character or not ASCII. May err to
// the safe side (a byte after such a byte), never to the other.
constexpr std::uint64_t special_bytes(std::uint64_t w) {
  const std::uint64_t quote = w ^ repeat('"');
  const std::uint64_t backslash = w ^ repeat('\\');
  const std::uint64_t found = (w - repeat(0x20)) | (quote - repeat(1)) | (backslash - repeat(1)) | w;
  return found & repeat(0x80);
}

class Scanner {
 public:
  Scanner(std::string_view text, const JsonOptions& options)
      : begin_(text.data()),
        at_(begin_),
        end_(begin_ + text.size()),
        max_depth_(std::min(options.max_depth, kHardMaxDepth)),
        max_nodes_(options.max_nodes) {}

  void document() {
    space();
    value(0);
    space();
    if (at_ != end_) fail("has bytes after its end");
  }

 private:
  [[noreturn]] void fail(const char* problem) const {
    throw Error(MYCHAT_E_MALFORMED, MYCHAT_DOMAIN_PROTOCOL,
                "The JSON " + std::string(problem) + " (byte " + std::to_string(at_ - begin_) + ").");
  }

  void space() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }
  bool next_is(char c) const { return at_ != end_ && *at_ == c; }
  bool take(char c) {
    if (!next_is(c)) return false;
    ++at_;
    return true;
  }

  void value(std::size_t depth) {
    if (++nodes_ > max_nodes_) too_large("The JSON has more than " + std::to_string(max_nodes_) + " values.");
    if (at_ == end_) fail("ends early");
    switch (*at_) {
      case '{':
        return object(depth + 1);
      case '[':
        return array(depth + 1);
      case '"':
        return string();
      case 't':
        return word("true");
      case 'f':
        return word("false");
      case 'n':
        return word("null");
      default:
        return number();
    }
  }

  void enter(std::size_t depth) {
    if (depth > max_depth_)
      too_large("The JSON is nested deeper than " + std::to_string(max_depth_) + " levels.");
    ++at_;
    space();
  }

  void object(std::size_t depth) {
    enter(depth);
    if (take('}')) return;
    do {
      space();
      if (!next_is('"')) fail("lacks a member name");
      string();
      space();
      if (!take(':')) fail("lacks a colon");
      space();
      value(depth);
      space();
    } while (take(','));
    if (!take('}')) fail("has an object that does not end");
  }

  void array(std::size_t depth) {
    enter(depth);
    if (take(']')) return;
    do {
      space();
      value(depth);
      space();
    } while (take(','));
    if (!take(']')) fail("has an array that does not end");
  }

  void word(std::string_view expected) {
    if (!std::string_view(at_, static_cast<std::size_t>(end_ - at_)).starts_with(expected))
      fail("has something that is no value");
    at_ += expected.size();
  }

  void digits() {
    if (at_ == end_ || *at_ < '0' || *at_ > '9') fail("has something that is no value");
    while (at_ != end_ && *at_ >= '0' && *at_ <= '9') ++at_;
  }

  void number() {
    const char* const start = at_;
    take('-');
    if (!take('0')) digits();
    if (take('.')) digits();
    if (next_is('e') || next_is('E')) {
      ++at_;
      if (!take('+')) take('-');
      digits();
    }
    if (static_cast<std::size_t>(at_ - start) > kMaxNumberLength)
      too_large("The JSON has a number of more than " + std::to_string(kMaxNumberLength) + " characters.");
  }

  void string() {
    ++at_;
    for (;;) {
      std::uint64_t eight = 0;
      while (end_ - at_ >= 8) {
        std::memcpy(&eight, at_, 8);
        if (special_bytes(eight) != 0) break;
        at_ += 8;
      }
      if (at_ == end_) fail("has a string that does not end");
      const auto c = static_cast<std::uint8_t>(*at_);
      if (c == '"') {
        ++at_;
        return;
      }
      if (c == '\\') {
        escape();
      } else if (c < 0x20) {
        fail("has a control character in a string");
      } else if (c < 0x80) {
        ++at_;
      } else {
        not_ascii();
      }
    }
  }

  // Sequences of UTF-8 never cross an ASCII byte, so each run is checked alone.
  void not_ascii() {
    const char* const start = at_;
    while (at_ != end_ && static_cast<std::uint8_t>(*at_) >= 0x80) ++at_;
    if (!is_utf8({start, static_cast<std::size_t>(at_ - start)})) fail("has ill-formed UTF-8");
  }

  void escape() {
    ++at_;
    if (at_ == end_) fail("has a string that does not end");
    const char c = *at_++;
    if (std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos) return;
    if (c != 'u') fail("has an escape that is none");
    const unsigned unit = hex4();
    if (unit == 0) fail("has a NUL in a string");
    if (unit >= 0xDC00 && unit <= 0xDFFF) fail("has a lone surrogate");
    if (unit >= 0xD800 && unit <= 0xDBFF) {
      if (!take('\\') || !take('u')) fail("has a lone surrogate");
      const unsigned low = hex4();
      if (low < 0xDC00 || low > 0xDFFF) fail("has a lone surrogate");
    }
  }

  unsigned hex4() {
    unsigned unit = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const char c = at_ == end_ ? '\0' : *at_;
      unit <<= 4;
      if (c >= '0' && c <= '9') {
        unit |= static_cast<unsigned>(c - '0');
      } else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) {
        unit |= static_cast<unsigned>((c | 0x20) - 'a' + 10);
      } else {
        fail("has an escape that is none");
      }
    }
    return unit;
  }

  const char* begin_;
  const char* at_;
  const char* end_;
  std::size_t max_depth_;
  std::size_t max_nodes_;
  std::size_t nodes_ = 0;
};

}  // namespace

void check_json(std::string_view text, const JsonOptions& options) {
  if (text.size() > options.max_bytes)
    too_large("The JSON is longer than " + std::to_string(options.max_bytes) + " bytes.");
  Scanner(text, options).document();
}

}  // namespace mychat
