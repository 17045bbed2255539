// PEM (RFC 7468) around one DER object; for the .cpp files of this folder.
#pragma once

#include <string_view>

#include "base/bytes.h"

namespace mychat::detail {

// The DER inside "-----BEGIN label-----". Takes LF and CRLF, lines of any length and white space around the
// whole; no text before or after, no headers, no second object: MYCHAT_E_MALFORMED. Longer than `limit`:
// MYCHAT_E_TOO_LARGE.
Secret pem_decode(std::string_view pem, std::string_view label, std::size_t limit);

// 64 columns, LF, and no newline after the END line.
Secret pem_encode(ByteView der, std::string_view label);

}  // namespace mychat::detail
