// Public identity keys as they travel.
#pragma once

#include <string_view>

#include "crypto/rsa.h"

namespace mychat {

// Whatever the wire carries: PEM SubjectPublicKeyInfo (with or without a newline at its end, LF or CRLF) or
// the public JWK as JSON text. MYCHAT_E_MALFORMED or MYCHAT_E_TOO_LARGE. What we send is
// RsaPublicKey::to_spki_pem().
RsaPublicKey parse_public_key(std::string_view text);

}  // namespace mychat
