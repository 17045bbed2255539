// Reading the members of a request strictly: every invalid field is collected, and all are reported at once
// (422).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "protocol/json.h"
#include "protocol/json_writer.h"

namespace mychat {

// One entry of `detail` in a 422 answer. `type` is one of: missing, string_type, string_too_short,
// string_too_long, string_pattern_mismatch, int_type, bool_type, list_type, model_attributes_type, too_short,
// too_long, greater_than_equal, less_than_equal, uuid_parsing, datetime_parsing, literal_error, value_error.
struct FieldError {
  std::vector<std::string> loc;  // {"body", "username"}; {"query", "limit"}
  std::string msg;
  std::string type;

  static FieldError from_json(JsonView json);
  void to_json(JsonWriter& out) const;
  bool operator==(const FieldError&) const = default;
};

// MYCHAT_E_REJECTED of the domain PROTOCOL; what() is one sentence about the first field.
class ValidationError : public Error {
 public:
  explicit ValidationError(std::vector<FieldError> errors);
  const std::vector<FieldError>& errors() const noexcept { return errors_; }
  std::string to_json_text() const;  // {"detail":[{loc,msg,type}]}

 private:
  std::vector<FieldError> errors_;
};

// Decoded size of strict standard base64 with padding, without decoding it; nothing when it is not that.
std::optional<std::size_t> base64_decoded_size(std::string_view text) noexcept;
bool is_fingerprint(std::string_view text) noexcept;  // 16 groups of 4 upper-case hex digits joined by '-'.
bool is_email(std::string_view text) noexcept;
bool is_avatar_url(std::string_view text) noexcept;       // http or https with a host, printable ASCII.
bool is_public_key_text(std::string_view text) noexcept;  // Looks like a PEM public key or a JWK; bounded.
bool has_control_characters(std::string_view text) noexcept;  // C0 or DEL.

// A getter that finds the field invalid notes it and returns an empty value; finish() then throws. Getters
// named optional_ take an absent or null member as nothing.
class Fields {
 public:
  explicit Fields(JsonView object, std::string_view place = "body");

  std::string username(std::string_view name);
  std::string handle(std::string_view name);
  std::optional<std::string> optional_handle(std::string_view name);
  Secret secret(std::string_view name, std::size_t least, std::size_t most);  // Bytes.
  std::string uuid(std::string_view name);                                    // Lower-cased, as is the next.
  std::optional<std::string> optional_uuid(std::string_view name);
  std::vector<std::string> uuids(std::string_view name, std::size_t least, std::size_t most);
  // Text of at most that many code points without control characters.
  std::string line(std::string_view name, std::size_t least, std::size_t most);
  std::optional<std::string> optional_line(std::string_view name, std::size_t most);
  // Text that may hold line breaks and tabs.
  std::optional<std::string> optional_text(std::string_view name, std::size_t most);
  std::optional<std::string> optional_email(std::string_view name);
  std::optional<std::string> optional_avatar_url(std::string_view name);  // Empty text is valid: removes it.
  std::string public_key(std::string_view name);
  std::string fingerprint(std::string_view name);
  // base64 text whose decoded size is in the range.
  std::string base64(std::string_view name, std::size_t least, std::size_t most);
  std::optional<std::string> optional_base64(std::string_view name, std::size_t least, std::size_t most);
  std::string one_of(std::string_view name, std::initializer_list<std::string_view> allowed,
                     std::optional<std::string_view> when_absent = std::nullopt);
  std::string time_text(std::string_view name);  // Kept as sent, because it is signed.
  std::optional<std::string> optional_time_text(std::string_view name);
  std::int64_t integer(std::string_view name, std::int64_t least, std::int64_t most);
  std::optional<std::int64_t> optional_integer(std::string_view name, std::int64_t least, std::int64_t most);
  bool boolean(std::string_view name);
  JsonView object(std::string_view name);  // Absent when it is not an object.
  JsonView optional_object(std::string_view name);

  JsonView json() const noexcept { return object_; }
  bool has(std::string_view name) const noexcept { return object_.find(name).has_value(); }
  void fail(std::string_view name, std::string msg, std::string type = "value_error");
  // Takes over what a nested reader found.
  void adopt(std::string_view name, const ValidationError& nested);
  bool valid() const noexcept { return errors_.empty(); }
  void finish();  // Throws ValidationError when anything was noted.

 private:
  std::optional<std::string_view> text(std::string_view name, bool required);
  std::optional<std::string_view> bounded(std::string_view name, bool required, std::size_t least,
                                          std::size_t most, bool code_points);
  std::optional<std::string> handle_text(std::string_view name, bool required);
  std::optional<std::string> uuid_text(std::string_view name, bool required);
  std::optional<std::string> base64_text(std::string_view name, bool required, std::size_t least,
                                         std::size_t most);
  std::optional<std::string> time(std::string_view name, bool required);

  JsonView object_;
  std::string place_;
  std::vector<FieldError> errors_;
};

// Parameters of a query, collected in the same way.
class QueryFields {
 public:
  std::int64_t integer(std::string_view name, std::optional<std::string_view> value, std::int64_t when_absent,
                       std::int64_t least, std::int64_t most);
  std::optional<std::int64_t> time(std::string_view name, std::optional<std::string_view> value);
  void fail(std::string_view name, std::string msg, std::string type = "value_error");
  void finish();

 private:
  std::vector<FieldError> errors_;
};

}  // namespace mychat
