#include "keys/public_key.h"

#include "base/error.h"
#include "keys/jwk.h"
#include "keys/pem_text.h"

namespace mychat {

RsaPublicKey parse_public_key(std::string_view text) {
  if (looks_like_pem(text)) return RsaPublicKey::from_spki_pem(text);
  const std::size_t start = text.find_first_not_of(" \t\r\n");
  if (start != std::string_view::npos && text[start] == '{') return parse_public_jwk(text);
  throw Error(MYCHAT_E_MALFORMED, MYCHAT_DOMAIN_KEYS, "The public key is neither a PEM nor a JWK.");
}

}  // namespace mychat
