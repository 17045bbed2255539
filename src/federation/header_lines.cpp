#include "federation/header_lines.h"

#include <algorithm>

#include "base/error.h"
#include "protocol/handle.h"

namespace mychat::federation {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace

std::vector<HeaderField> parse_header_lines(std::string_view lines) {
  if (lines.size() > kHeaderLinesMax)
    throw Error(MYCHAT_E_TOO_LARGE, MYCHAT_DOMAIN_FEDERATION, "The headers are longer than 64 KiB.");
  std::vector<HeaderField> fields;
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    if (trimmed(line).empty()) continue;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0 || fields.size() == kHeaderCountMax)
      throw Error(MYCHAT_E_MALFORMED, MYCHAT_DOMAIN_FEDERATION, "The headers are no lines \"name: value\".");
    fields.emplace_back(lower_ascii(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
  }
  return fields;
}

}  // namespace mychat::federation
