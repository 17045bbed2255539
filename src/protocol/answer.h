// Reading answers of nodes, v1 ones included. Internal to the wire types.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "protocol/json.h"

namespace mychat::wire {

inline std::string text_of(JsonView json, std::string_view name) { return std::string(json.string(name)); }

inline std::optional<std::string> optional_text_of(JsonView json, std::string_view name) {
  const auto value = json.optional_string(name);
  return value ? std::optional<std::string>(*value) : std::nullopt;
}

// Ids are UUIDs, but some nodes number their records.
inline std::string id_of(JsonView json, std::string_view name) {
  const JsonView member = json.at(name);
  if (const auto number = member.int_or_none()) return std::to_string(*number);
  return std::string(member.as_string());
}

inline std::int64_t time_of(JsonView json, std::string_view name) {
  const JsonView member = json.at(name);
  const auto time = parse_time(member.as_string());
  if (!time) member.fail("is not an ISO 8601 time");
  return *time;
}

// A time that cannot be read is one that is not known.
inline std::optional<std::int64_t> optional_time_of(JsonView json, std::string_view name) {
  const auto value = json.find(name).string_or_none();
  return value ? parse_time(*value) : std::nullopt;
}

inline std::vector<std::string> texts_of(JsonView list) {
  std::vector<std::string> texts;
  for (const JsonView element : list) texts.emplace_back(element.as_string());
  return texts;
}

// Each element of an array through T::from_json.
template <class T>
std::vector<T> list_of(JsonView list) {
  if (!list.is_array()) list.fail("is not an array");
  std::vector<T> elements;
  for (const JsonView element : list) elements.push_back(T::from_json(element));
  return elements;
}

}  // namespace mychat::wire
