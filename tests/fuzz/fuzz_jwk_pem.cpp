// Keys as text: refused, or the same key in every form that we write.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/error.h"
#include "keys/fingerprint.h"
#include "keys/jwk.h"
#include "keys/public_key.h"

namespace {

using namespace mychat;

void check_public(std::string_view text) {
  const RsaPublicKey key = parse_public_key(text);
  if (!(parse_public_key(public_jwk(key)) == key)) std::abort();
  if (!(parse_public_key(key.to_spki_pem()) == key)) std::abort();
  if (!fingerprint_matches(key, text, key_fingerprint(key))) std::abort();
}

void check_private(std::string_view json) {
  // Without primality, which would take most of the time of every run.
  const RsaPrivateKey key = parse_private_jwk(json, RsaCheck::kArithmetic);
  const Secret pretty = private_jwk_pretty(key);
  if (!(parse_private_jwk(text(view(pretty)), RsaCheck::kArithmetic) == key)) std::abort();
}

template <class F>
void refuse_or(F&& check) {
  try {
    check();
  } catch (const Error& error) {
    if (error.status() == MYCHAT_E_INTERNAL) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = text(ByteView(data, size));
  refuse_or([&] { check_public(input); });
  refuse_or([&] { check_private(input); });
  if (equal_fingerprints(input, input) && input.size() != kFingerprintSize) std::abort();
  return 0;
}
