// Wycheproof's vectors for the curves.
#include "tests/crypto/wycheproof.h"

#include "base/error.h"
#include "crypto/dh.h"
#include "crypto/ec_curve.h"
#include "crypto/raw_key.h"
#include "crypto/sign.h"
#include "crypto/signature.h"
#include "tests/crypto/status.h"

namespace mychat {
namespace {

using test::Case;
using test::run_wycheproof;

TEST(Wycheproof, Ed25519) {
  run_wycheproof("ed25519_test.json", [](const Case& test) -> std::string {
    const Bytes key = Case::from_hex(Case::text_of(test.group_object("publicKey"), "pk"));
    EXPECT_EQ(ed25519_verify(key, test.bytes("msg"), test.bytes("sig")), test.valid());
    return {};
  });
}

// "Acceptable" are, here, peers whose key is on the twist, not reduced, or of small order. RFC 7748 has the
// first two computed like any other; the last give a shared secret of zeros, which is refused.
TEST(Wycheproof, X25519) {
  std::size_t zero = 0;
  run_wycheproof("x25519_test.json", [&](const Case& test) -> std::string {
    const auto key = X25519PrivateKey::from_bytes(test.bytes("private"));
    const Bytes peer = test.bytes("public"), shared = test.bytes("shared");
    const bool is_zero = shared == Bytes(32);
    EXPECT_EQ(is_zero, test.has_flag("ZeroSharedSecret"));
    if (!is_zero) {
      EXPECT_EQ(to_bytes(key.agree(peer)), shared);
      return {};
    }
    EXPECT_TRUE(test.acceptable());
    ++zero;
    try {
      key.agree(peer);
      ADD_FAILURE() << "accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), MYCHAT_E_MALFORMED);
    }
    return {};
  });
  if (!testing::Test::IsSkipped()) {
    std::printf("  of them refused as all-zero: %zu\n", zero);
    EXPECT_GT(zero, 0u);
  }
}

// Of the invalid ones every peer has another length than 56 bytes.
TEST(Wycheproof, X448) {
  std::size_t zero = 0;
  run_wycheproof("x448_test.json", [&](const Case& test) -> std::string {
    const detail::Pkey key = detail::raw_agreement_key(detail::kRawX448, test.bytes("private"));
    const detail::RawAgreement agreement(detail::kRawX448, key.get());
    const Bytes peer = test.bytes("public"), shared = test.bytes("shared");
    const bool is_zero = shared == Bytes(56);
    if (is_zero) ++zero;
    if (peer.size() == 56 && !is_zero) {
      EXPECT_EQ(to_bytes(agreement.with(peer)), shared);
      return {};
    }
    EXPECT_FALSE(test.valid());
    EXPECT_EQ(test::status_of([&] { agreement.with(peer); }), MYCHAT_E_MALFORMED);
    return {};
  });
  if (!testing::Test::IsSkipped()) {
    std::printf("  of them refused as all-zero: %zu\n", zero);
    EXPECT_GT(zero, 0u);
  }
}

TEST(Wycheproof, EcdhP256) {
  run_wycheproof("ecdh_secp256r1_ecpoint_test.json", [](const Case& test) -> std::string {
    Bytes private_key = test.bytes("private");
    if (private_key.size() == 33 && private_key[0] == 0) private_key.erase(private_key.begin());
    const detail::EcCurve& curve = detail::curve_p256();
    const Secret scalar = detail::ec_scalar(curve, private_key);
    const Bytes peer = test.bytes("public");
    EXPECT_EQ(detail::is_ec_point(curve, peer), test.valid());
    if (test.valid()) {
      EXPECT_EQ(to_bytes(detail::ec_agree(curve, scalar, peer)), test.bytes("shared"));
    } else {  // "Acceptable" is a compressed point.
      EXPECT_EQ(test::status_of([&] { detail::ec_agree(curve, scalar, peer); }), MYCHAT_E_MALFORMED);
    }
    return {};
  });
}

TEST(Wycheproof, Ed448) {
  run_wycheproof("ed448_test.json", [](const Case& test) -> std::string {
    const Bytes key = Case::from_hex(Case::text_of(test.group_object("publicKey"), "pk"));
    EXPECT_EQ(verify_signature(SignatureAlgorithm::kEd448, key, test.bytes("msg"), test.bytes("sig")),
              test.valid());
    return {};
  });
}

TEST(Wycheproof, EcdsaP256) {
  run_wycheproof("ecdsa_secp256r1_sha256_test.json", [](const Case& test) -> std::string {
    const Bytes key = Case::from_hex(Case::text_of(test.group_object("publicKey"), "uncompressed"));
    EXPECT_TRUE(is_signature_key(SignatureAlgorithm::kEcdsaP256Sha256, key));
    EXPECT_EQ(
        verify_signature(SignatureAlgorithm::kEcdsaP256Sha256, key, test.bytes("msg"), test.bytes("sig")),
        test.valid());
    return {};
  });
}

}  // namespace
}  // namespace mychat
