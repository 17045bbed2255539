// {"detail": ...}: how a node says that something went wrong.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "protocol/fields.h"

namespace mychat::wire {

struct ErrorBody {
  std::string detail;              // The text form; empty when `fields` is used.
  std::vector<FieldError> fields;  // The list form, of a 422.

  // Any other shape, or no JSON at all, gives an empty body: the HTTP status then has to say it.
  static ErrorBody parse(std::string_view text) noexcept;
  static ErrorBody from_json(JsonView json);
  void to_json(JsonWriter& out) const;
  // One printable line for people, of at most 200 bytes, ending in a full stop; empty when there is nothing
  // to say.
  std::string sentence() const;
  bool operator==(const ErrorBody&) const = default;
};

}  // namespace mychat::wire
