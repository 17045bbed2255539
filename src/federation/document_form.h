// The JSON of node documents, for the .cpp files of this folder.
#pragma once

#include <string>
#include <string_view>

#include "federation/node_document.h"

namespace mychat::federation {

std::string document_json(const NodeDocument& document);
// Form alone: nothing is verified. Throws MYCHAT_E_MALFORMED, MYCHAT_E_TOO_LARGE.
NodeDocument document_from_json(std::string_view json);

// Parts that handshakes have too.
void write_offer(JsonWriter& out, const std::vector<std::int64_t>& protocols,
                 const std::vector<std::string>& capabilities);
std::vector<std::int64_t> read_protocols(JsonView json);       // The member `protocols`.
std::vector<std::string> read_capabilities(JsonView json);     // The member `capabilities`.
void write_limits(JsonWriter& out, const PeerLimits& limits);  // With its key.
PeerLimits read_limits(JsonView json);                         // The member `limits`; each at least 1.
bool is_capability(std::string_view text);                     // The name of one.
std::string read_domain(JsonView json, std::string_view name);
std::int64_t read_time(JsonView json, std::string_view name);

// A member that is base64 of exactly that many bytes.
template <std::size_t N>
std::array<std::uint8_t, N> read_bytes(JsonView json, std::string_view name);
extern template std::array<std::uint8_t, 32> read_bytes<32>(JsonView, std::string_view);
extern template std::array<std::uint8_t, 64> read_bytes<64>(JsonView, std::string_view);

// An absolute URL whose host is the domain's or lies below it: another party's host is nobody's to give.
bool is_api_url_of(std::string_view url, std::string_view domain, const DocumentRules& rules);

}  // namespace mychat::federation
