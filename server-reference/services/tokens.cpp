#include "services/tokens.h"

#include <jwt.h>

#include <cstdlib>
#include <memory>

#include "base/error.h"
#include "protocol/limits.h"

namespace mychat::server {
namespace {

struct FreeJwt {
  void operator()(jwt_t* jwt) const noexcept { jwt_free(jwt); }
};
using JwtPtr = std::unique_ptr<jwt_t, FreeJwt>;

void require(int failed) {
  if (failed != 0) throw Error(MYCHAT_E_INTERNAL, MYCHAT_DOMAIN_CRYPTO, "A token could not be made.", failed);
}

}  // namespace

Secret make_token(const Secret& key, const TokenClaims& claims) {
  jwt_t* made = nullptr;
  require(jwt_new(&made));
  const JwtPtr jwt(made);
  require(jwt_add_grant(made, "user_id", claims.user_id.c_str()));
  if (!claims.session.empty()) require(jwt_add_grant(made, "sid", claims.session.c_str()));
  require(jwt_add_grant_int(made, "iat", static_cast<long>(claims.issued_at)));
  require(jwt_add_grant_int(made, "exp", static_cast<long>(claims.expires_at)));
  require(jwt_set_alg(made, JWT_ALG_HS256, key.data(), static_cast<int>(key.size())));
  char* text = jwt_encode_str(made);
  if (text == nullptr) require(1);
  Secret token = to_secret(std::string_view(text));
  secure_wipe(text, token.size());
  std::free(text);  // As jwt.h says of jwt_encode_str().
  return token;
}

std::optional<TokenClaims> read_token(const Secret& key, std::string_view token, std::int64_t now_s) {
  if (token.empty() || token.size() > limits::kTokenMax) return std::nullopt;
  const std::string text(token);
  if (text.find('\0') != std::string::npos) return std::nullopt;
  jwt_t* read = nullptr;
  if (jwt_decode(&read, text.c_str(), key.data(), static_cast<int>(key.size())) != 0) return std::nullopt;
  const JwtPtr jwt(read);
  if (jwt_get_alg(read) != JWT_ALG_HS256)
    return std::nullopt;  // Never what the token says, not even another HMAC.
  const char* user = jwt_get_grant(read, "user_id");
  if (user == nullptr) return std::nullopt;
  TokenClaims claims;
  claims.user_id = user;
  if (const char* session = jwt_get_grant(read, "sid")) claims.session = session;
  claims.issued_at = jwt_get_grant_int(read, "iat");
  claims.expires_at = jwt_get_grant_int(read, "exp");
  if (claims.expires_at <= now_s) return std::nullopt;
  return claims;
}

}  // namespace mychat::server
