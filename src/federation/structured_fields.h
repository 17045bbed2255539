// Structured fields of HTTP (RFC 9651), as far as signatures and digests need them: dictionaries whose
// members are items or inner lists. Strict, and bounded before anything is allocated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"

namespace mychat::federation::sf {

inline constexpr std::size_t kFieldMax = 8192;
inline constexpr std::size_t kMembersMax = 16;
inline constexpr std::size_t kParametersMax = 16;
inline constexpr std::size_t kListMax = 32;
inline constexpr std::size_t kKeyMax = 64;

struct Token {
  std::string text;
  bool operator==(const Token&) const = default;
};

// Decimals, dates and display strings are refused: nothing here has them.
using BareItem = std::variant<std::int64_t, std::string, Token, Bytes, bool>;
using Parameters = std::vector<std::pair<std::string, BareItem>>;

struct Item {
  BareItem value;
  Parameters parameters;
  bool operator==(const Item&) const = default;

  const BareItem* parameter(std::string_view name) const noexcept;
};

struct InnerList {
  std::vector<Item> items;
  Parameters parameters;
  bool operator==(const InnerList&) const = default;

  const BareItem* parameter(std::string_view name) const noexcept;
};

using Member = std::variant<Item, InnerList>;
using Dictionary = std::vector<std::pair<std::string, Member>>;

// A name that occurs twice is refused, in dictionaries and parameters alike: RFC 9651 takes the last one, but
// what is signed must mean one thing. Throws MYCHAT_E_MALFORMED, MYCHAT_E_TOO_LARGE; `field` is for the
// message.
Dictionary parse_dictionary(std::string_view text, std::string_view field);
const Member* find(const Dictionary& dictionary, std::string_view name) noexcept;

// The one serialisation (section 4.1). Throws MYCHAT_E_INVALID_ARGUMENT for strings and tokens that cannot be
// written.
std::string serialize(const Item& item);
std::string serialize(const InnerList& list);
std::string serialize(const Dictionary& dictionary);

}  // namespace mychat::federation::sf
