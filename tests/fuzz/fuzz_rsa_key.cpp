// RSA keys as PEM and DER, public and private: whatever is accepted is written and read again to the same
// key.
#include <cstdlib>

#include "base/error.h"
#include "crypto/rsa.h"

using namespace mychat;

namespace {

template <class F>
void expect_only_errors(F&& work) {
  try {
    work();
  } catch (const Error& error) {
    if (error.status() != MYCHAT_E_MALFORMED && error.status() != MYCHAT_E_TOO_LARGE) std::abort();
  }
}

void require(bool good) {
  if (!good) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  expect_only_errors([&] {
    const auto key = RsaPublicKey::from_spki_der(input);
    require(RsaPublicKey::from_spki_pem(key.to_spki_pem()) == key);
    require(RsaPublicKey::from_components(key.components()) == key);
  });
  expect_only_errors([&] {
    const auto key = RsaPublicKey::from_spki_pem(text(input));
    require(RsaPublicKey::from_spki_der(key.to_spki_der()) == key);
  });
  expect_only_errors([&] {
    const auto key = RsaPrivateKey::from_pkcs8_der(input, RsaCheck::kArithmetic);
    require(RsaPrivateKey::from_pkcs8_der(key.to_pkcs8_der(), RsaCheck::kArithmetic) == key);
  });
  expect_only_errors([&] {
    const auto key = RsaPrivateKey::from_pkcs8_pem(text(input), RsaCheck::kArithmetic);
    require(RsaPrivateKey::from_pkcs8_pem(text(key.to_pkcs8_pem()), RsaCheck::kArithmetic) == key);
  });
  return 0;
}
