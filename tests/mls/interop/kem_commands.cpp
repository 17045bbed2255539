#include "kem_commands.h"

#include <string>

#include "base/encoding.h"
#include "base/error.h"
#include "crypto/kem.h"
#include "e2ee/mls/suite.h"

namespace mychat::mls::testing {

void answer_kem(std::string_view what, JsonView in, JsonWriter& out) {
  const auto bytes = [&](std::string_view name) {
    auto decoded = hex_decode(in.string(name));
    if (!decoded) in.at(name).fail("is not hex");
    return std::move(*decoded);
  };
  const auto id = static_cast<SuiteId>(in.at("suite").as_int(0, 0xffff));
  const KemAlgorithm kem = Suite::get(id).hpke().kem;
  if (what == "kem_derive") {
    const HpkeKeyPair pair = hpke_derive_key_pair(kem, bytes("material"));
    out.member("private_key", hex_encode(pair.private_key));
    out.member("public_key", hex_encode(pair.public_key));
  } else if (what == "kem_encapsulate") {
    const auto made = mychat::detail::encapsulate(kem, bytes("public_key"), bytes("ephemeral"));
    out.member("kem_output", hex_encode(made.kem_output));
    out.member("secret", hex_encode(made.shared_secret));
  } else if (what == "kem_decapsulate") {
    out.member("secret",
               hex_encode(mychat::detail::decapsulate(kem, bytes("private_key"), bytes("kem_output"))));
  } else {
    throw_argument("There is no command \"" + std::string(what) + "\".");
  }
}

}  // namespace mychat::mls::testing
