#include "federation/weak_key.h"

#include <gtest/gtest.h>

#include <string>

#include "base/encoding.h"
#include "federation/continuity.h"
#include "federation/document_form.h"
#include "nodes.h"
#include "support/expect_error.h"

namespace mychat::federation {
namespace {

using test::kNow;
using test::Node;

Ed25519PublicKey key_of(const std::string& hex) {
  const Bytes bytes = hex_decode(hex).value();
  Ed25519PublicKey key{};
  EXPECT_EQ(bytes.size(), key.size()) << hex;
  std::copy(bytes.begin(), bytes.end(), key.begin());
  return key;
}

const std::string kZeros(60, '0');

// The neutral point: S = 1 and R = the base point are a signature of every message.
const Ed25519PublicKey kNeutral = key_of("0100" + kZeros);
Ed25519Signature signature_of_everything() {
  Ed25519Signature signature{};
  std::fill_n(signature.begin(), 32, std::uint8_t{0x66});
  signature[0] = 0x58;
  signature[32] = 1;
  return signature;
}

TEST(WeakKey, PointsOfSmallOrderAndOtherEncodingsAreWeak) {
  for (const std::string& weak :
       {"0000" + kZeros, "0100" + kZeros,
        std::string("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
        std::string("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
        "ec" + std::string(60, 'f') + "7f",
        // p, p + 1 and 2^255 - 1: no canonical encodings.
        "ed" + std::string(60, 'f') + "7f", "ee" + std::string(60, 'f') + "7f",
        std::string(62, 'f') + "7f"}) {
    Ed25519PublicKey key = key_of(weak);
    EXPECT_TRUE(is_weak_key(key)) << weak;
    key.back() |= 0x80;  // The other sign of x.
    EXPECT_TRUE(is_weak_key(key)) << weak;
    key.front() ^= 2;
    key.back() &= 0x7e;
    EXPECT_FALSE(is_weak_key(key)) << weak;
  }
  for (int i = 0; i < 50; ++i) EXPECT_FALSE(is_weak_key(Ed25519PrivateKey::generate().public_key()));
}

TEST(WeakKey, SignaturesUnderOneProveNothing) {
  for (const char* message : {"", "one", "another"})
    EXPECT_TRUE(ed25519_verify(kNeutral, view(std::string_view(message)), signature_of_everything()));
}

TEST(WeakKey, ADocumentWithOneIsRefusedAndNotPinned) {
  const Node node{.domain = "alpha.example"};
  NodeDocument document = node.document();
  document.key = kNeutral;
  const std::string json = document_json(document);
  const Statement forged{.payload = to_bytes(view(json)), .signature = signature_of_everything()};
  EXPECT_ERROR(verify_document(forged, node.domain, kNow), MYCHAT_E_MALFORMED, "anybody can sign");
  const VerifiedDocument shown{.content = document, .digest = {}};
  EXPECT_ERROR(pin(std::nullopt, shown), MYCHAT_E_MALFORMED, "alpha.example");
}

TEST(WeakKey, NeitherAnnouncedNorRotatedToOrFrom) {
  const Node node{.domain = "alpha.example"};
  NodeDocument announced = node.document();
  announced.next_key = kNeutral;
  EXPECT_ERROR(announced.sign(node.key), MYCHAT_E_INVALID_ARGUMENT, "next key");
  // A rotation away from a weak key: anybody could have signed it.
  NodeDocument rotated = node.document(5);
  NodeKeyRotation rotation = NodeKeyRotation::make(node.domain, Ed25519PrivateKey::generate(), node.key, 5);
  rotation.from = kNeutral;
  rotation.signature_from = signature_of_everything();
  rotated.rotations = {rotation};
  EXPECT_ERROR(rotated.sign(node.key), MYCHAT_E_INVALID_ARGUMENT, "key of its rotations");
}

}  // namespace
}  // namespace mychat::federation
