// JWT HS256 as v1 nodes make and read them, with our claim `sid`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace mychat::server {

struct TokenClaims {
  std::string user_id;
  std::string session;         // Empty in tokens of v1.
  std::int64_t issued_at = 0;  // Seconds.
  std::int64_t expires_at = 0;
};

Secret make_token(const Secret& key, const TokenClaims& claims);
// Nothing unless it is HS256 under this very key, complete, and not expired at `now_s`.
std::optional<TokenClaims> read_token(const Secret& key, std::string_view token, std::int64_t now_s);

}  // namespace mychat::server
