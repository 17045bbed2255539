// The digest of a body (RFC 9530): Content-Digest.
#pragma once

#include <string>
#include <string_view>

namespace mychat::federation {

// "sha-256=:...:"
std::string content_digest(std::string_view body);
// sha-256 must be there and hold; sha-512 must hold when it is there; other algorithms are not looked at.
// Throws MYCHAT_E_MALFORMED, MYCHAT_E_SIGNATURE when the body is another one.
void check_content_digest(std::string_view field, std::string_view body);

}  // namespace mychat::federation
