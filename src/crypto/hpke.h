// Hybrid public key encryption (RFC 9180), base mode: single messages and exported secrets.
#pragma once

#include <cstddef>
#include <vector>

#include "base/bytes.h"
#include "crypto/aead.h"
#include "crypto/hkdf.h"
#include "crypto/random.h"

namespace mychat {

// DHKEM over these curves, with the hash that RFC 9180 section 7.1 gives each. Public keys: 32 or 56 bytes
// for the X curves, uncompressed points for the others. Private keys: raw, or big-endian scalars. And X-Wing
// (draft-connolly-cfrg-xwing-kem-10), X25519 with ML-KEM-768: public keys of 1,216 bytes, private ones of 32.
enum class KemAlgorithm { kX25519, kX448, kP256, kP384, kP521, kXWing };

// X-Wing is there where the OpenSSL that runs has ML-KEM (3.5 and later), the others always. What is called
// with a KEM that is not there throws MYCHAT_E_UNSUPPORTED.
[[nodiscard]] bool is_kem_supported(KemAlgorithm kem);

struct HpkeSuite {
  KemAlgorithm kem;
  HashAlgorithm kdf;
  AeadAlgorithm aead;
  bool operator==(const HpkeSuite&) const = default;
};

struct HpkeKeyPair {
  Secret private_key;
  Bytes public_key;
};

struct HpkeSealed {
  Bytes kem_output;  // "enc" of the RFC.
  Bytes ciphertext;  // With its tag.
};

struct HpkeExported {
  Bytes kem_output;
  Secret secret;
};

// What depends on `info` alone: computed once where many messages are sealed under the same one. May be
// shared by threads.
class HpkeInfo {
 public:
  HpkeInfo(const HpkeSuite& suite, ByteView info);
  const HpkeSuite& suite() const noexcept { return suite_; }
  ByteView key_schedule_context() const noexcept { return context_; }

 private:
  HpkeSuite suite_;
  Bytes context_;
};

HpkeKeyPair hpke_generate_key_pair(KemAlgorithm kem);
// DeriveKeyPair of RFC 9180 section 7.1.3; X-Wing's own of its draft's section 5.6.
HpkeKeyPair hpke_derive_key_pair(KemAlgorithm kem, ByteView key_material);
// The public key of a private one. MYCHAT_E_MALFORMED when the bytes are no private key of that kem.
Bytes hpke_public_key(KemAlgorithm kem, ByteView private_key);
// Whether the bytes have the form of a public key: its length and, for the P curves, a point of the curve,
// for X-Wing the check of FIPS 203, section 7.2.
[[nodiscard]] bool is_hpke_public_key(KemAlgorithm kem, ByteView public_key);

// What sealing takes of randomness for each of `count` messages: an ephemeral private key, or 64 bytes for
// X-Wing. Each is used once.
std::vector<Secret> hpke_ephemerals(KemAlgorithm kem, const RandomSource& random, std::size_t count);

// A public key that is none, or one whose shared secret would be all zero: MYCHAT_E_MALFORMED. A message that
// was not sealed to this key with this info and associated data: MYCHAT_E_DECRYPT. All may be called from any
// thread. There are no authenticated modes: MLS has no use for them, and X-Wing none to offer.
HpkeSealed hpke_seal(const HpkeSuite& suite, ByteView public_key, ByteView info, ByteView associated_data,
                     ByteView plaintext);
HpkeSealed hpke_seal(const HpkeInfo& info, ByteView public_key, ByteView associated_data, ByteView plaintext,
                     ByteView ephemeral);
Secret hpke_open(const HpkeSuite& suite, ByteView private_key, ByteView kem_output, ByteView info,
                 ByteView associated_data, ByteView ciphertext);
// A secret of `size` bytes that both sides derive from one encapsulation (RFC 9180 section 5.3).
HpkeExported hpke_export_to(const HpkeSuite& suite, ByteView public_key, ByteView info,
                            ByteView exporter_context, std::size_t size,
                            const RandomSource& random = random_secret_bytes);
Secret hpke_export_from(const HpkeSuite& suite, ByteView private_key, ByteView kem_output, ByteView info,
                        ByteView exporter_context, std::size_t size);

}  // namespace mychat
