// ML-KEM-768 (FIPS 203) of the OpenSSL that runs: 3.5 and later have it. For the .cpp files of this folder
// and their tests.
#pragma once

#include "crypto/internal.h"

namespace mychat::detail {

inline constexpr std::size_t kMlKemSeedSize = 64;     // d and z of FIPS 203.
inline constexpr std::size_t kMlKemEntropySize = 32;  // m of FIPS 203.
inline constexpr std::size_t kMlKemPublicKeySize = 1184;
inline constexpr std::size_t kMlKemCiphertextSize = 1088;
inline constexpr std::size_t kMlKemSecretSize = 32;

// Whether it is there. All else of this file needs it.
bool has_ml_kem();

// The encapsulation key check of FIPS 203, section 7.2: the size, and that each coefficient is below q.
bool is_ml_kem_public_key(ByteView public_key) noexcept;

struct MlKemEncapsulated {
  Bytes ciphertext;
  Secret shared_secret;
};

// `entropy` must be fresh and is used once; tests give what they know. MYCHAT_E_MALFORMED when the key is
// none.
MlKemEncapsulated ml_kem_encapsulate(ByteView public_key, ByteView entropy);

// A private key, from its seed. One thread at a time.
class MlKemPrivateKey {
 public:
  explicit MlKemPrivateKey(ByteView seed);

  Bytes public_key() const;
  // A ciphertext that was changed, or was made for another key, gives another secret and no error;
  // MYCHAT_E_MALFORMED when its size is wrong.
  Secret decapsulate(ByteView ciphertext) const;

 private:
  Pkey key_;
};

}  // namespace mychat::detail
