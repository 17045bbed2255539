#include "store/sealer.h"

#include <algorithm>
#include <string>

#include "base/error.h"
#include "crypto/kdf.h"
#include "crypto/random.h"
#include "store/database.h"

namespace mychat {
namespace {

struct ColumnName {
  std::string_view table;
  std::string_view column;
};

// Part of the file's format, as are the texts of the derivations below.
constexpr std::array<ColumnName, kSealedColumns> kColumnNames = {{
    {"keyslot", "verifier"},
    {"meta", "record"},
    {"contacts", "record"},
    {"conversations", "record"},
    {"messages", "record"},
    {"messages", "body"},
    {"messages", "envelope"},
    {"outbox", "record"},
    {"outbox", "payload"},
    {"events", "record"},
    {"sync", "record"},
    {"messages", "signer"},
}};
constexpr std::array<std::string_view, kLookupKinds> kLookupNames = {
    "meta.key", "contacts.key", "conversations.key", "messages.key", "outbox.key", "outbox.lane", "sync.key"};

class AssociatedData {
 public:
  AssociatedData(const ColumnName& name, std::int64_t row) {
    add(name.table);
    add(name.column);
    for (unsigned i = 0; i < 8; ++i)
      bytes_[size_++] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(row) >> (8 * i));
  }
  ByteView get() const noexcept { return {bytes_.data(), size_}; }

 private:
  void add(std::string_view name) {
    std::copy(name.begin(), name.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(size_));
    size_ += name.size();
    bytes_[size_++] = 0;
  }
  std::array<std::uint8_t, 48> bytes_;
  std::size_t size_ = 0;
};

Secret derive(const Secret& master_key, std::string_view use, std::string_view what) {
  std::string info = "MyChat store 1 ";
  info.append(use).append(" ").append(what);
  return hkdf_sha256_expand(view(master_key), view(info), 32);
}

}  // namespace

Sealer::Sealer(ByteView master_key) : master_key_(master_key.begin(), master_key.end()) {
  if (master_key.size() != kMasterKeySize) throw_argument("The master key of a store has 32 bytes.");
}

Aead& Sealer::aead(SealedColumn column) {
  const auto index = static_cast<std::size_t>(column);
  auto& slot = aeads_[index];
  if (!slot) {
    const ColumnName& name = kColumnNames[index];
    const std::string what = std::string(name.table) + "." + std::string(name.column);
    const Secret key = derive(master_key_, "value", what);
    slot.emplace(AeadAlgorithm::kAes256Gcm, view(key));
  }
  return *slot;
}

Bytes Sealer::seal(SealedColumn column, std::int64_t row, ByteView plaintext) {
  const AssociatedData where(kColumnNames[static_cast<std::size_t>(column)], row);
  Bytes sealed(kAeadNonceSize + plaintext.size() + kAeadTagSize);
  const MutableBytes out(sealed);
  random_bytes(out.first(kAeadNonceSize));
  aead(column).seal_into(out.first(kAeadNonceSize), plaintext, where.get(), out.subspan(kAeadNonceSize));
  return sealed;
}

Secret Sealer::open(SealedColumn column, std::int64_t row, ByteView sealed) {
  const ColumnName& name = kColumnNames[static_cast<std::size_t>(column)];
  if (sealed.size() >= kAeadNonceSize + kAeadTagSize) {
    const AssociatedData where(name, row);
    Secret plaintext(sealed.size() - kAeadNonceSize - kAeadTagSize);
    try {
      aead(column).open_into(sealed.first(kAeadNonceSize), sealed.subspan(kAeadNonceSize), where.get(),
                             plaintext);
      return plaintext;
    } catch (const Error& error) {
      if (error.status() != MYCHAT_E_DECRYPT) throw;
    }
  }
  throw_store_corrupt("The store is damaged: row " + std::to_string(row) + " of " + std::string(name.table) +
                      " has an altered " + std::string(name.column) + ".");
}

LookupKey Sealer::lookup(LookupKind kind, std::string_view text) {
  const auto index = static_cast<std::size_t>(kind);
  auto& slot = macs_[index];
  if (!slot) {
    const Secret key = derive(master_key_, "lookup", kLookupNames[index]);
    slot.emplace(view(key));
  }
  const Sha256Digest digest = slot->compute(view(text));
  LookupKey key;
  std::copy_n(digest.begin(), key.size(), key.begin());
  return key;
}

}  // namespace mychat
