// Seals values and makes look-up keys. One connection has one; one thread at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "crypto/aead.h"
#include "crypto/mac.h"

namespace mychat {

inline constexpr std::size_t kMasterKeySize = 32;

// Every column that is sealed. Each has its own key; the names are in the derivation and in the associated
// data.
enum class SealedColumn : std::uint8_t {
  kVerifier,
  kMetaRecord,
  kContactRecord,
  kConversationRecord,
  kMessageRecord,
  kMessageBody,
  kMessageEnvelope,
  kOutboxRecord,
  kOutboxPayload,
  kEventRecord,
  kSyncRecord,
  kMessageSigner,
};
inline constexpr std::size_t kSealedColumns = 12;

// What a row is looked up by.
enum class LookupKind : std::uint8_t {
  kMetaName,
  kContact,
  kConversation,
  kMessage,
  kOutbox,
  kOutboxLane,
  kSync
};
inline constexpr std::size_t kLookupKinds = 7;

// HMAC-SHA-256, its first 16 bytes: nobody without the key can make two texts meet.
using LookupKey = std::array<std::uint8_t, 16>;

class Sealer {
 public:
  explicit Sealer(ByteView master_key);
  std::unique_ptr<Sealer> clone() const { return std::make_unique<Sealer>(view(master_key_)); }
  ByteView master_key() const noexcept { return view(master_key_); }

  // nonce (12, random) ‖ ciphertext ‖ tag (16); associated data: table, column, row id. The random nonces of
  // one column's key are good for 2^32 values.
  Bytes seal(SealedColumn column, std::int64_t row, ByteView plaintext);
  // MYCHAT_E_STORE_CORRUPT when it is not what seal() made for this place.
  Secret open(SealedColumn column, std::int64_t row, ByteView sealed);
  LookupKey lookup(LookupKind kind, std::string_view text);

 private:
  Aead& aead(SealedColumn column);

  Secret master_key_;
  std::array<std::optional<Aead>, kSealedColumns> aeads_;
  std::array<std::optional<HmacSha256>, kLookupKinds> macs_;
};

}  // namespace mychat
