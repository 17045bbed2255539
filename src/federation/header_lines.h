// Headers as a text: lines "name: value".
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "federation/http_signature.h"

namespace mychat::federation {

inline constexpr std::size_t kHeaderLinesMax = 64 * 1024;  // Bytes.
inline constexpr std::size_t kHeaderCountMax = 256;

// Names become lower case, values are trimmed; empty lines do not count. Throws MYCHAT_E_TOO_LARGE,
// MYCHAT_E_MALFORMED.
std::vector<HeaderField> parse_header_lines(std::string_view lines);

}  // namespace mychat::federation
