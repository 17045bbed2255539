// permessage-deflate (RFC 7692) without context takeover: each message is compressed for itself, so that a
// connection keeps no compression state.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace mychat::server {

enum class InflateResult { kOk, kTooBig, kMalformed };

// Appends to `out`, at most `limit` bytes in all.
InflateResult inflate_message(std::string_view compressed, std::size_t limit, std::string& out);
std::string deflate_message(std::string_view text);

// The value of our Sec-WebSocket-Extensions header when the client's offer has a permessage-deflate that we
// can take; empty when it has none.
std::string negotiate_deflate(std::string_view offers);

}  // namespace mychat::server
