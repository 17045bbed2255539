// Wycheproof's vectors for Ed25519 and X25519.
#include "tests/crypto/wycheproof.h"

#include "base/error.h"
#include "crypto/dh.h"
#include "crypto/sign.h"

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

}  // namespace
}  // namespace mychat
