// Text forms of bytes: base64 (RFC 4648 section 4), base64url without padding (section 5), hex; and UTF-8
// checks.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace mychat {

std::string base64_encode(ByteView bytes);
// Strict: padding required, no white space, unused bits zero. Nothing when the text is not that.
std::optional<Bytes> base64_decode(std::string_view text);

std::string base64url_encode(ByteView bytes);
std::optional<Bytes> base64url_decode(std::string_view text);  // Strict, without padding.
// The same for secret values: no copy that is not wiped.
std::optional<Secret> base64_decode_secret(std::string_view text);
Secret base64_encode_secret(ByteView bytes);
std::optional<Secret> base64url_decode_secret(std::string_view text);
Secret base64url_encode_secret(ByteView bytes);

std::string hex_encode(ByteView bytes);        // Lower case.
std::string hex_encode_upper(ByteView bytes);  // Upper case.
std::optional<Bytes> hex_decode(std::string_view text);

// True when the text is well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms, at most U+10FFFF).
bool is_utf8(std::string_view text) noexcept;
// Number of code points of well-formed UTF-8.
std::size_t utf8_length(std::string_view text) noexcept;

// True when the text is a UUID in canonical lower- or upper-case form (8-4-4-4-12).
bool is_uuid(std::string_view text) noexcept;

}  // namespace mychat
