#include "federation/content_digest.h"

#include "base/encoding.h"
#include "base/error.h"
#include "crypto/hash.h"
#include "federation/structured_fields.h"

namespace mychat::federation {
namespace {

constexpr std::string_view kField = "Content-Digest";

// Nothing when the algorithm is not there.
const Bytes* digest_of(const sf::Dictionary& field, std::string_view algorithm) {
  const sf::Member* member = sf::find(field, algorithm);
  if (member == nullptr) return nullptr;
  const auto* item = std::get_if<sf::Item>(member);
  const Bytes* bytes = item != nullptr ? std::get_if<Bytes>(&item->value) : nullptr;
  if (bytes == nullptr) {
    throw Error(MYCHAT_E_MALFORMED, MYCHAT_DOMAIN_PROTOCOL,
                "The header Content-Digest has no bytes for " + std::string(algorithm) + ".");
  }
  return bytes;
}

void require(bool holds) {
  if (!holds) {
    throw Error(MYCHAT_E_SIGNATURE, MYCHAT_DOMAIN_FEDERATION,
                "The body is not the one that Content-Digest is of.");
  }
}

}  // namespace

std::string content_digest(std::string_view body) {
  return "sha-256=:" + base64_encode(sha256(view(body))) + ":";
}

void check_content_digest(std::string_view field, std::string_view body) {
  const sf::Dictionary digests = sf::parse_dictionary(field, kField);
  const Bytes* short_one = digest_of(digests, "sha-256");
  if (short_one == nullptr) {
    throw Error(MYCHAT_E_MALFORMED, MYCHAT_DOMAIN_PROTOCOL, "The header Content-Digest has no sha-256.");
  }
  require(equal_constant_time(*short_one, sha256(view(body))));
  if (const Bytes* long_one = digest_of(digests, "sha-512")) {
    require(equal_constant_time(*long_one, sha512(view(body))));
  }
}

}  // namespace mychat::federation
