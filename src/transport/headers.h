// Checks and wiping of header fields that go out.
#pragma once

#include <string>
#include <vector>

#include "transport/http_client.h"

namespace mychat {

inline constexpr std::size_t kMaxRequestHeaders = 64;
inline constexpr std::size_t kMaxRequestHeaderBytes = 8 * 1024;

// Throws MYCHAT_E_INVALID_ARGUMENT: a name that is no token, a value with control characters (a line break
// would forge another header), more than the bounds, or a header that belongs to the connection (Host,
// Content-Length, ...).
void check_headers(const std::vector<HttpHeader>& headers);

// Overwrites the whole capacity, then empties.
void wipe(std::string& text) noexcept;
void wipe(std::vector<HttpHeader>& headers) noexcept;

}  // namespace mychat
