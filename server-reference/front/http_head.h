// Checks of a request's head that stand before and behind Beast's parser.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "front/http_parser.h"

namespace mychat::server {

struct HeadScan {
  std::size_t end = 0;     // Bytes of the head with its empty line; 0: not there yet.
  bool malformed = false;  // A character that no head can hold; found as soon as it arrives.
};

// Looks for the end of the head in `bytes`, of which `scanned` were looked at before.
HeadScan scan_head(std::string_view bytes, std::size_t scanned) noexcept;

// The lines of a complete head: request line of three parts, names that are tokens, no obs-fold, at most
// max_headers.
std::optional<HttpFailure> check_head_lines(std::string_view head, std::size_t max_headers);
std::optional<HttpFailure> check_method(std::string_view method);
// Host, Content-Length, Transfer-Encoding, Expect and duplicates; fills request.host.
std::optional<HttpFailure> check_fields(HttpRequest& request, int version, bool chunked);
// A header of a response that may be written.
bool valid_field(std::string_view name, std::string_view value) noexcept;

}  // namespace mychat::server
