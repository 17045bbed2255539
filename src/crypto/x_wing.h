// X-Wing (draft-connolly-cfrg-xwing-kem-10): ML-KEM-768 and X25519 as one KEM, whose secret nobody learns who
// breaks only one of them. For the .cpp files of this folder and their tests.
#pragma once

#include "base/bytes.h"

namespace mychat::detail {

inline constexpr std::size_t kXWingPrivateKeySize = 32;  // A seed.
inline constexpr std::size_t kXWingPublicKeySize = 1216;
inline constexpr std::size_t kXWingCiphertextSize = 1120;
inline constexpr std::size_t kXWingEntropySize = 64;

struct XWingEncapsulated {
  Bytes ciphertext;
  Secret shared_secret;
};

// All throw MYCHAT_E_UNSUPPORTED without has_ml_kem(), but for the third.
//
// DeriveKeyPair of the draft's section 5.6.
Secret x_wing_derive_private_key(ByteView key_material);
Bytes x_wing_public_key(ByteView private_key);  // MYCHAT_E_MALFORMED when it is not 32 bytes.
// Whether it has the form of one: the size, and FIPS 203's check of the part of ML-KEM.
bool is_x_wing_public_key(ByteView public_key) noexcept;

// EncapsulateDerand: `entropy` must be fresh and is used once. MYCHAT_E_MALFORMED when the key has not the
// form, or X25519's secret would be all zero.
XWingEncapsulated x_wing_encapsulate(ByteView public_key, ByteView entropy);
// MYCHAT_E_MALFORMED when the ciphertext's size is wrong, or X25519's secret would be all zero; any other
// change gives another secret.
Secret x_wing_decapsulate(ByteView private_key, ByteView ciphertext);

}  // namespace mychat::detail
