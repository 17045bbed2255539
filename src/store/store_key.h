// What opens a store: a passphrase, or 32 bytes that the host keeps (in a keychain, say).
#pragma once

#include <cstdint>
#include <functional>

#include "base/bytes.h"

namespace mychat {

class StoreKey {
 public:
  enum class Kind : std::uint8_t { kPassphrase = 1, kHostKey = 2 };

  static StoreKey passphrase(Secret bytes);                      // Not empty, at most 1,024 bytes.
  static StoreKey host_key(Secret bytes);                        // Exactly 32 bytes.
  static StoreKey host_callback(std::function<Secret()> fetch);  // Called when the key is needed; 32 bytes.

  Kind kind() const noexcept { return kind_; }
  // The bytes, checked; MYCHAT_E_INVALID_ARGUMENT when they are not what the kind asks for.
  Secret fetch() const;

 private:
  StoreKey(Kind kind, Secret bytes, std::function<Secret()> callback);

  Kind kind_;
  Secret bytes_;
  std::function<Secret()> callback_;
};

}  // namespace mychat
