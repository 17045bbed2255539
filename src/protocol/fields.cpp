#include "protocol/fields.h"

#include <algorithm>
#include <charconv>

#include "base/clock.h"
#include "base/encoding.h"
#include "protocol/handle.h"
#include "protocol/limits.h"

namespace mychat {
namespace {

bool is_index(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 6 && (text.size() == 1 || text.front() != '0') &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string summary(const std::vector<FieldError>& errors) {
  if (errors.empty()) return "A field is not valid.";
  const FieldError& first = errors.front();
  return "The field \"" + (first.loc.empty() ? std::string() : first.loc.back()) +
         "\" is not valid: " + first.msg;
}

std::string counted(std::size_t n, const char* unit) { return std::to_string(n) + ' ' + unit; }

FieldError range_error(std::vector<std::string> loc, std::int64_t value, std::int64_t least,
                       std::int64_t most) {
  if (value < least)
    return {std::move(loc), "Must be at least " + std::to_string(least) + ".", "greater_than_equal"};
  return {std::move(loc), "Must be at most " + std::to_string(most) + ".", "less_than_equal"};
}

bool is_time_text(std::string_view text) {
  return text.size() <= limits::kTimeTextMax && parse_time(text).has_value();
}

}  // namespace

// --- FieldError, ValidationError

FieldError FieldError::from_json(JsonView json) {
  FieldError error;
  for (const JsonView part : json.optional_array("loc")) {
    if (const auto index = part.int_or_none()) {
      error.loc.push_back(std::to_string(*index));
    } else {
      error.loc.emplace_back(part.as_string());
    }
  }
  error.msg = json.optional_string("msg").value_or("");
  error.type = json.optional_string("type").value_or("");
  return error;
}

void FieldError::to_json(JsonWriter& out) const {
  out.begin_object();
  out.key("loc");
  out.begin_array();
  for (const std::string& part : loc) {
    if (is_index(part)) {
      out.raw(part);  // Positions in a list are numbers.
    } else {
      out.value(part);
    }
  }
  out.end_array();
  out.member("msg", msg);
  out.member("type", type);
  out.end_object();
}

ValidationError::ValidationError(std::vector<FieldError> errors)
    : Error(MYCHAT_E_REJECTED, MYCHAT_DOMAIN_PROTOCOL, summary(errors)), errors_(std::move(errors)) {}

std::string ValidationError::to_json_text() const {
  std::string text;
  JsonWriter out(text);
  out.begin_object();
  out.member("detail", errors_);
  out.end_object();
  return text;
}

// --- Fields

Fields::Fields(JsonView object, std::string_view place) : object_(object), place_(place) {
  if (!object_.is_object())
    throw ValidationError({{{place_}, "Must be a JSON object.", "model_attributes_type"}});
}

void Fields::fail(std::string_view name, std::string msg, std::string type) {
  errors_.push_back({{place_, std::string(name)}, std::move(msg), std::move(type)});
}

void Fields::adopt(std::string_view name, const ValidationError& nested) {
  for (FieldError error : nested.errors()) {
    if (error.loc.empty()) error.loc.emplace_back();
    error.loc.front() = name;
    error.loc.insert(error.loc.begin(), place_);
    errors_.push_back(std::move(error));
  }
}

void Fields::finish() {
  if (!errors_.empty()) throw ValidationError(std::move(errors_));
}

std::optional<std::string_view> Fields::text(std::string_view name, bool required) {
  const JsonView member = object_.find(name);
  if (!required && !member.has_value()) return std::nullopt;
  if (!member) {
    fail(name, "This field is required.", "missing");
    return std::nullopt;
  }
  const auto value = member.string_or_none();
  if (!value) fail(name, "Must be a string.", "string_type");
  return value;
}

std::optional<std::string_view> Fields::bounded(std::string_view name, bool required, std::size_t least,
                                                std::size_t most, bool code_points) {
  const auto value = text(name, required);
  if (!value) return std::nullopt;
  const std::size_t size = code_points ? utf8_length(*value) : value->size();
  const char* const unit = code_points ? "characters" : "bytes";
  if (size < least) {
    fail(name, "Must have at least " + counted(least, unit) + ".", "string_too_short");
    return std::nullopt;
  }
  if (size > most) {
    fail(name, "Must have at most " + counted(most, unit) + ".", "string_too_long");
    return std::nullopt;
  }
  return value;
}

std::string Fields::username(std::string_view name) {
  const auto value = bounded(name, true, limits::kUsernameMin, limits::kUsernameMax, true);
  if (!value) return {};
  auto username = parse_username(*value);
  if (!username) fail(name, "May hold only a-z, 0-9 and _.", "string_pattern_mismatch");
  return username.value_or("");
}

std::string Fields::handle(std::string_view name) { return handle_text(name, true).value_or(""); }
std::optional<std::string> Fields::optional_handle(std::string_view name) { return handle_text(name, false); }

std::optional<std::string> Fields::handle_text(std::string_view name, bool required) {
  const auto value = bounded(name, required, 1, limits::kHandleMax, false);
  if (!value) return std::nullopt;
  auto handle = normalize_handle(*value);
  if (!handle) fail(name, "Must be a handle: username@domain.", "string_pattern_mismatch");
  return handle;
}

Secret Fields::secret(std::string_view name, std::size_t least, std::size_t most) {
  const auto value = bounded(name, true, least, most, false);
  return value ? to_secret(*value) : Secret();
}

std::string Fields::uuid(std::string_view name) { return uuid_text(name, true).value_or(""); }
std::optional<std::string> Fields::optional_uuid(std::string_view name) { return uuid_text(name, false); }

std::optional<std::string> Fields::uuid_text(std::string_view name, bool required) {
  const auto value = text(name, required);
  if (!value) return std::nullopt;
  if (!is_uuid(*value)) {
    fail(name, "Must be a UUID.", "uuid_parsing");
    return std::nullopt;
  }
  return lower_ascii(*value);
}

std::vector<std::string> Fields::uuids(std::string_view name, std::size_t least, std::size_t most) {
  const JsonView list = object_.find(name);
  std::vector<std::string> ids;
  if (!list) {
    fail(name, "This field is required.", "missing");
    return ids;
  }
  if (!list.is_array()) {
    fail(name, "Must be a list.", "list_type");
    return ids;
  }
  const std::size_t size = list.size();
  if (size < least) fail(name, "Must have at least " + counted(least, "elements") + ".", "too_short");
  if (size > most) {
    fail(name, "Must have at most " + counted(most, "elements") + ".", "too_long");
    return ids;
  }
  ids.reserve(size);
  std::size_t index = 0;
  for (const JsonView element : list) {
    const auto id = element.string_or_none();
    if (id && is_uuid(*id)) {
      ids.push_back(lower_ascii(*id));
    } else {
      errors_.push_back(
          {{place_, std::string(name), std::to_string(index)}, "Must be a UUID.", "uuid_parsing"});
    }
    ++index;
  }
  return ids;
}

std::string Fields::line(std::string_view name, std::size_t least, std::size_t most) {
  const auto value = bounded(name, true, least, most, true);
  if (!value) return {};
  if (has_control_characters(*value)) fail(name, "May not hold control characters.");
  return std::string(*value);
}

std::optional<std::string> Fields::optional_line(std::string_view name, std::size_t most) {
  if (!object_.find(name).has_value()) return std::nullopt;
  return line(name, 0, most);
}

std::optional<std::string> Fields::optional_text(std::string_view name, std::size_t most) {
  const auto value = bounded(name, false, 0, most, true);
  if (!value) return std::nullopt;
  for (const char c : *value) {
    if (has_control_characters({&c, 1}) && c != '\n' && c != '\r' && c != '\t') {
      fail(name, "May not hold control characters.");
      break;
    }
  }
  return std::string(*value);
}

std::optional<std::string> Fields::optional_email(std::string_view name) {
  const auto value = bounded(name, false, 1, limits::kEmailMax, false);
  if (!value) return std::nullopt;
  if (!is_email(*value)) fail(name, "Must be an e-mail address.");
  return std::string(*value);
}

std::optional<std::string> Fields::optional_avatar_url(std::string_view name) {
  const auto value = bounded(name, false, 0, limits::kAvatarUrlMax, false);
  if (!value) return std::nullopt;
  if (!value->empty() && !is_avatar_url(*value)) fail(name, "Must be an http or https address.");
  return std::string(*value);
}

std::string Fields::public_key(std::string_view name) {
  const auto value = bounded(name, true, 1, limits::kPublicKeyMax, false);
  if (!value) return {};
  if (!is_public_key_text(*value)) fail(name, "Must be a PEM public key or a public JWK.");
  return std::string(*value);
}

std::string Fields::fingerprint(std::string_view name) {
  const auto value = text(name, true);
  if (!value) return {};
  if (!is_fingerprint(*value)) {
    fail(name, "Must be 16 groups of 4 upper-case hex digits joined by '-'.", "string_pattern_mismatch");
    return {};
  }
  return std::string(*value);
}

std::string Fields::base64(std::string_view name, std::size_t least, std::size_t most) {
  return base64_text(name, true, least, most).value_or("");
}

std::optional<std::string> Fields::optional_base64(std::string_view name, std::size_t least,
                                                   std::size_t most) {
  return base64_text(name, false, least, most);
}

std::optional<std::string> Fields::base64_text(std::string_view name, bool required, std::size_t least,
                                               std::size_t most) {
  const auto value = text(name, required);
  if (!value) return std::nullopt;
  const auto size = base64_decoded_size(*value);
  if (!size) {
    fail(name, "Must be standard base64 with padding.");
  } else if (*size < least) {
    fail(name, "Must decode to at least " + counted(least, "bytes") + ".", "string_too_short");
  } else if (*size > most) {
    fail(name, "Must decode to at most " + counted(most, "bytes") + ".", "string_too_long");
  } else {
    return std::string(*value);
  }
  return std::nullopt;
}

std::string Fields::one_of(std::string_view name, std::initializer_list<std::string_view> allowed,
                           std::optional<std::string_view> when_absent) {
  const auto value = text(name, !when_absent);
  if (!value) return std::string(when_absent.value_or(""));
  if (std::find(allowed.begin(), allowed.end(), *value) == allowed.end()) {
    std::string list;
    for (const std::string_view option : allowed) (list += list.empty() ? "" : ", ") += option;
    fail(name, "Must be one of: " + list + ".", "literal_error");
  }
  return std::string(*value);
}

std::string Fields::time_text(std::string_view name) { return time(name, true).value_or(""); }
std::optional<std::string> Fields::optional_time_text(std::string_view name) { return time(name, false); }

std::optional<std::string> Fields::time(std::string_view name, bool required) {
  const auto value = text(name, required);
  if (!value) return std::nullopt;
  if (!is_time_text(*value)) fail(name, "Must be an ISO 8601 time.", "datetime_parsing");
  return std::string(*value);
}

std::int64_t Fields::integer(std::string_view name, std::int64_t least, std::int64_t most) {
  if (!object_.find(name)) {
    fail(name, "This field is required.", "missing");
    return least;
  }
  const auto value = object_.find(name).int_or_none();
  if (!value) {
    fail(name, "Must be an integer.", "int_type");
    return least;
  }
  if (*value < least || *value > most)
    errors_.push_back(range_error({place_, std::string(name)}, *value, least, most));
  return *value;
}

std::optional<std::int64_t> Fields::optional_integer(std::string_view name, std::int64_t least,
                                                     std::int64_t most) {
  if (!object_.find(name).has_value()) return std::nullopt;
  return integer(name, least, most);
}

bool Fields::boolean(std::string_view name) {
  const JsonView member = object_.find(name);
  const auto flag = member.bool_or_none();
  if (!member) {
    fail(name, "This field is required.", "missing");
  } else if (!flag) {
    fail(name, "Must be true or false.", "bool_type");
  }
  return flag.value_or(false);
}

JsonView Fields::object(std::string_view name) {
  const JsonView member = object_.find(name);
  if (!member) {
    fail(name, "This field is required.", "missing");
  } else if (!member.is_object()) {
    fail(name, "Must be a JSON object.", "model_attributes_type");
    return {};
  }
  return member;
}

JsonView Fields::optional_object(std::string_view name) {
  return object_.find(name).has_value() ? object(name) : JsonView();
}

// --- QueryFields

void QueryFields::fail(std::string_view name, std::string msg, std::string type) {
  errors_.push_back({{"query", std::string(name)}, std::move(msg), std::move(type)});
}

std::int64_t QueryFields::integer(std::string_view name, std::optional<std::string_view> value,
                                  std::int64_t when_absent, std::int64_t least, std::int64_t most) {
  if (!value) return when_absent;
  std::int64_t number = 0;
  const char* const end = value->data() + value->size();
  const auto [stop, problem] = std::from_chars(value->data(), end, number);
  if (problem != std::errc() || stop != end) {
    fail(name, "Must be an integer.", "int_parsing");
    return when_absent;
  }
  if (number < least || number > most)
    errors_.push_back(range_error({"query", std::string(name)}, number, least, most));
  return number;
}

std::optional<std::int64_t> QueryFields::time(std::string_view name, std::optional<std::string_view> value) {
  if (!value) return std::nullopt;
  const auto time = value->size() <= limits::kTimeTextMax ? parse_time(*value) : std::nullopt;
  if (!time) fail(name, "Must be an ISO 8601 time.", "datetime_parsing");
  return time;
}

void QueryFields::finish() {
  if (!errors_.empty()) throw ValidationError(std::move(errors_));
}

}  // namespace mychat
