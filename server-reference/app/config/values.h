// Texts of configuration values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mychat::server {

std::optional<std::int64_t> parse_integer(std::string_view text);
// true/false, yes/no, on/off, 1/0 in any case.
std::optional<bool> parse_bool(std::string_view text);
// A JSON array of strings, or a comma list; an empty text is an empty list.
std::optional<std::vector<std::string>> parse_list(std::string_view text);

}  // namespace mychat::server
