// HTTP message signatures (RFC 9421) as nodes use them: Ed25519, one signature named "mychat", a fixed list
// of what it covers (docs/federation.md, section 3). What the signature does not cover is not believed.
//
//   request   "@method" "@authority" "@target-uri" "content-digest" "x-origin-node" "mychat-destination"
//             "mychat-federation"; created, expires, nonce, keyid, alg, tag="mychat-federation"
//   response  "@status" "content-digest" "x-origin-node" "mychat-federation" and, of the request, "@method"
//             "@target-uri" and its signature; created, expires, keyid, alg, tag="mychat-federation-response"
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "crypto/sign.h"
#include "federation/structured_fields.h"

namespace mychat::federation {

inline constexpr std::int64_t kSignatureLifeSeconds = 60;
inline constexpr std::int64_t kSignatureSkewSeconds = 30;  // Of clocks.
inline constexpr std::size_t kNonceBytes = 16;

using HeaderField = std::pair<std::string, std::string>;  // Name in lower case, value trimmed.

// A request as both sides see it. `target_uri` is absolute: "https://example.org/api/federation/keys/alice".
// What is signed of it is its normal form: scheme and host in lower case, without the scheme's own port.
struct RequestView {
  std::string_view method;
  std::string_view target_uri;
  const std::vector<HeaderField>& headers;
  std::string_view body;
};

struct ResponseView {
  int status = 0;
  const std::vector<HeaderField>& headers;
  std::string_view body;
};

// What goes with a request of `origin` to `destination`: Content-Digest, X-Origin-Node, MyChat-Destination,
// MyChat-Federation, Signature-Input, Signature. `created` is Unix time in seconds, by the destination's
// clock as far as it is known. Throws MYCHAT_E_INVALID_ARGUMENT for a target that is no absolute http(s)
// address, and for a method that is none.
std::vector<HeaderField> sign_request(const Ed25519PrivateKey& key, std::string_view origin,
                                      std::string_view destination, std::string_view method,
                                      std::string_view target_uri, std::string_view body,
                                      std::int64_t created);

// What goes with a response to that request, which must be a signed one.
std::vector<HeaderField> sign_response(const Ed25519PrivateKey& key, std::string_view origin,
                                       const RequestView& request, int status, std::string_view body,
                                       std::int64_t created);

// A signature whose form, coverage and digest hold; nothing is proven before verify().
struct SignedMessage {
  std::string origin;
  std::string destination;  // Of requests.
  std::string version;      // Of MyChat-Federation.
  std::string key_id;
  std::string nonce;  // Of requests.
  std::int64_t created = 0;
  std::int64_t expires = 0;
  std::string base;  // What is signed.
  Bytes signature;

  // Throws MYCHAT_E_STALE, saying by how much, when it is not of now.
  void check_time(std::int64_t now_s, std::int64_t skew_s = kSignatureSkewSeconds) const;
  // Throws MYCHAT_E_SIGNATURE. The caller found the key by `key_id` and `origin`.
  void verify(const Ed25519PublicKey& key) const;
};

// Throws MYCHAT_E_SIGNATURE when there is no signature or it does not cover what it must, MYCHAT_E_MALFORMED,
// MYCHAT_E_UNSUPPORTED (another algorithm), MYCHAT_E_INVALID_ARGUMENT (a method or target that cannot be
// signed).
SignedMessage parse_signed(const RequestView& request);
SignedMessage parse_signed(const ResponseView& response, const RequestView& request);

}  // namespace mychat::federation
