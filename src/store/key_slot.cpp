#include "store/key_slot.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "store/record.h"
#include "store/sealer.h"

namespace mychat {
namespace {

constexpr std::uint8_t kSlotVersion = 1;
constexpr std::size_t kSaltSize = 16;
constexpr std::size_t kMaxPassphrase = 1024;

Secret wrapping_key(const StoreKey& key, ByteView salt, const Argon2Params& kdf) {
  const Secret bytes = key.fetch();
  if (key.kind() == StoreKey::Kind::kPassphrase) return argon2id(view(bytes), salt, kdf, kAeadKeySize);
  return hkdf_sha256(view(bytes), salt, view("MyChat store 1 host key"), kAeadKeySize);
}

// What precedes the wrapped key; it is the associated data of the wrapping.
Secret slot_header(StoreKey::Kind kind, ByteView salt, const Argon2Params& kdf) {
  RecordWriter header;
  header.u8(kSlotVersion).u8(static_cast<std::uint8_t>(kind)).bytes(salt);
  header.u32(kdf.memory_kib).u32(kdf.iterations).u32(kdf.lanes);
  return header.done();
}

bool acceptable(const Argon2Params& kdf) {
  return kdf.memory_kib <= kArgon2MaxMemoryKib && kdf.iterations >= 1 &&
         kdf.iterations <= kArgon2MaxIterations && kdf.lanes >= 1 && kdf.lanes <= kArgon2MaxLanes &&
         kdf.memory_kib >= 8 * kdf.lanes;
}

[[noreturn]] void throw_wrong_key(const std::string& message) {
  throw Error(MYCHAT_E_STORE_KEY, MYCHAT_DOMAIN_STORE, message);
}

}  // namespace

StoreKey::StoreKey(Kind kind, Secret bytes, std::function<Secret()> callback)
    : kind_(kind), bytes_(std::move(bytes)), callback_(std::move(callback)) {}

StoreKey StoreKey::passphrase(Secret bytes) { return {Kind::kPassphrase, std::move(bytes), nullptr}; }
StoreKey StoreKey::host_key(Secret bytes) { return {Kind::kHostKey, std::move(bytes), nullptr}; }
StoreKey StoreKey::host_callback(std::function<Secret()> fetch) {
  return {Kind::kHostKey, {}, std::move(fetch)};
}

Secret StoreKey::fetch() const {
  Secret bytes = callback_ ? callback_() : bytes_;
  if (kind_ == Kind::kHostKey && bytes.size() != kMasterKeySize) {
    throw_argument("The host's key of a store must have 32 bytes.");
  }
  if (kind_ == Kind::kPassphrase && (bytes.empty() || bytes.size() > kMaxPassphrase)) {
    throw_argument("The passphrase of a store must have 1 to 1,024 bytes.");
  }
  return bytes;
}

Bytes make_key_slot(ByteView master_key, const StoreKey& key, const Argon2Params& kdf) {
  if (!acceptable(kdf)) throw_argument("The cost of Argon2id is out of its bounds.");
  const auto salt = random_array<kSaltSize>();
  const auto nonce = random_array<kAeadNonceSize>();
  const Secret header = slot_header(key.kind(), salt, kdf);
  const Secret wrapping = wrapping_key(key, salt, kdf);
  const Bytes wrapped = aes256gcm_seal(view(wrapping), nonce, master_key, view(header));
  Bytes slot = to_bytes(view(header));
  slot.insert(slot.end(), nonce.begin(), nonce.end());
  slot.insert(slot.end(), wrapped.begin(), wrapped.end());
  const Sha256Digest digest = sha256(view(slot));
  slot.insert(slot.end(), digest.begin(), digest.end());
  return slot;
}

Secret open_key_slot(ByteView slot, const StoreKey& key) {
  constexpr std::size_t kDigestSize = Sha256Digest().size();
  constexpr std::size_t kWrappedSize = kAeadNonceSize + kMasterKeySize + kAeadTagSize;
  if (slot.size() < kDigestSize + kWrappedSize) throw_store_corrupt("The store's key slot is damaged.");
  const ByteView content = slot.first(slot.size() - kDigestSize);
  const Sha256Digest digest = sha256(content);
  if (!std::equal(digest.begin(), digest.end(), slot.last(kDigestSize).begin())) {
    throw_store_corrupt("The store's key slot is damaged.");
  }
  const ByteView header = content.first(content.size() - kWrappedSize);
  const ByteView nonce = content.subspan(header.size(), kAeadNonceSize);
  RecordReader fields(header);
  const std::uint8_t version = fields.u8();
  if (version > kSlotVersion) {
    throw Error(MYCHAT_E_STORE_TOO_NEW, MYCHAT_DOMAIN_STORE, "A newer library wrapped this store's key.");
  }
  const std::uint8_t kind = fields.u8();
  const ByteView salt = fields.bytes();
  const Argon2Params kdf{fields.u32(), fields.u32(), fields.u32()};
  fields.end();
  if (version != kSlotVersion || salt.size() != kSaltSize || !acceptable(kdf)) {
    throw_store_corrupt("The store's key slot is damaged.");
  }
  if (kind != static_cast<std::uint8_t>(key.kind())) {
    throw_wrong_key(key.kind() == StoreKey::Kind::kPassphrase
                        ? "This store is opened by a key of the host, not by a passphrase."
                        : "This store is opened by a passphrase, not by a key of the host.");
  }
  const Secret wrapping = wrapping_key(key, salt, kdf);
  try {
    return aes256gcm_open(view(wrapping), nonce, content.last(kMasterKeySize + kAeadTagSize), header);
  } catch (const Error& error) {
    if (error.status() != MYCHAT_E_DECRYPT) throw;
    throw_wrong_key("The passphrase or host key does not open this store.");
  }
}

}  // namespace mychat
