// How the master key lies in the file: wrapped under what the user or the host holds.
#pragma once

#include "base/bytes.h"
#include "crypto/kdf.h"
#include "store/store_key.h"

namespace mychat {

// A fresh slot holding `master_key`.
Bytes make_key_slot(ByteView master_key, const StoreKey& key, const Argon2Params& kdf);

// The master key. MYCHAT_E_STORE_KEY when the key does not open it; MYCHAT_E_STORE_CORRUPT when the slot is
// damaged, which its own digest tells apart.
Secret open_key_slot(ByteView slot, const StoreKey& key);

}  // namespace mychat
