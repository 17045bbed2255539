#include "keys/jwk.h"

#include <cstdint>
#include <string>

#include "base/encoding.h"
#include "base/error.h"
#include "protocol/json.h"
#include "protocol/json_writer.h"

namespace mychat {
namespace {

constexpr std::string_view kKeyType = "RSA";
constexpr std::string_view kAlgorithm = "RSA-OAEP-256";
constexpr JsonOptions kJwkJson{.max_bytes = kMaxJwkSize, .max_depth = 8, .max_nodes = 256, .wipe = true};
// Some writers put a zero in front, where a signed number would need one.
constexpr std::size_t kMaxNumberBytes = kRsaBytes + 1;

[[noreturn]] void fail(mychat_status status, const std::string& message) {
  throw Error(status, MYCHAT_DOMAIN_KEYS, message);
}

void require_text(JsonView jwk, std::string_view name, std::string_view expected, bool required) {
  const auto value = required ? std::optional(jwk.string(name)) : jwk.optional_string(name);
  if (value && *value != expected) {
    fail(MYCHAT_E_UNSUPPORTED,
         "The JWK's \"" + std::string(name) + "\" is not " + std::string(expected) + ".");
  }
}

void check_header(JsonView jwk) {
  if (!jwk.is_object()) fail(MYCHAT_E_MALFORMED, "The JWK is not an object.");
  require_text(jwk, "kty", kKeyType, true);
  require_text(jwk, "alg", kAlgorithm, false);
  require_text(jwk, "use", "enc", false);
  if (jwk.find("oth").has_value()) fail(MYCHAT_E_UNSUPPORTED, "The JWK has more than two primes.");
}

Secret number(JsonView jwk, std::string_view name) {
  const std::string_view text = jwk.string(name);
  // Refused before decoding, so that nothing absurd is handed to big-number arithmetic.
  if (text.size() > (kMaxNumberBytes * 4 + 2) / 3) {
    fail(MYCHAT_E_MALFORMED, "The JWK's \"" + std::string(name) + "\" is too long.");
  }
  auto bytes = base64url_decode_secret(text);
  if (!bytes || bytes->empty()) {
    fail(MYCHAT_E_MALFORMED, "The JWK's \"" + std::string(name) + "\" is not base64url without padding.");
  }
  return std::move(*bytes);
}

Bytes public_number(JsonView jwk, std::string_view name) { return to_bytes(view(number(jwk, name))); }

template <class Writer>
void write_public_members(Writer& out, const RsaPublicComponents& numbers) {
  out.begin_object();
  out.member("alg", kAlgorithm);
  out.member("e", base64url_encode(numbers.e));
  out.member("ext", true);
  out.key("key_ops");
  out.begin_array();
  out.value("encrypt");
  out.end_array();
  out.member("kty", kKeyType);
  out.member("n", base64url_encode(numbers.n));
  out.end_object();
}

std::string public_text(const RsaPublicKey& key, JsonLayout layout) {
  std::string out;
  out.reserve(1024);
  JsonWriter writer(out, layout);
  write_public_members(writer, key.components());
  return out;
}

}  // namespace

std::string public_jwk(const RsaPublicKey& key) { return public_text(key, JsonLayout::kCompact); }

std::string public_jwk_pretty(const RsaPublicKey& key) { return public_text(key, JsonLayout::kPretty); }

Secret private_jwk_pretty(const RsaPrivateKey& key) {
  const RsaPrivateComponents numbers = key.components();
  Secret text;
  text.reserve(4096);
  SecretJsonWriter out(text, JsonLayout::kPretty);
  const auto secret = [&](std::string_view name, const Secret& number) {
    out.member(name, base64url_encode_secret(view(number)));
  };
  out.begin_object();
  out.member("alg", kAlgorithm);
  secret("d", numbers.d);
  secret("dp", numbers.dp);
  secret("dq", numbers.dq);
  out.member("e", base64url_encode(numbers.e));
  out.member("ext", true);
  out.key("key_ops");
  out.begin_array();
  out.value("decrypt");
  out.end_array();
  out.member("kty", kKeyType);
  out.member("n", base64url_encode(numbers.n));
  secret("p", numbers.p);
  secret("q", numbers.q);
  secret("qi", numbers.qi);
  out.end_object();
  return text;
}

RsaPublicKey parse_public_jwk(std::string_view json) {
  const Json document = Json::parse(json, kJwkJson);
  const JsonView jwk = document.root();
  check_header(jwk);
  return RsaPublicKey::from_components({.n = public_number(jwk, "n"), .e = public_number(jwk, "e")});
}

RsaPrivateKey parse_private_jwk(std::string_view json, RsaCheck check) {
  const Json document = Json::parse(json, kJwkJson);
  const JsonView jwk = document.root();
  check_header(jwk);
  return RsaPrivateKey::from_components({.n = public_number(jwk, "n"),
                                         .e = public_number(jwk, "e"),
                                         .d = number(jwk, "d"),
                                         .p = number(jwk, "p"),
                                         .q = number(jwk, "q"),
                                         .dp = number(jwk, "dp"),
                                         .dq = number(jwk, "dq"),
                                         .qi = number(jwk, "qi")},
                                        check);
}

}  // namespace mychat
