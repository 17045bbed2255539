// Ed25519 public keys under which signatures prove nothing.
#pragma once

#include "crypto/sign.h"

namespace mychat::federation {

// True for the points of small order: anybody can make signatures that verify under them, for any message;
// and for bytes that are no canonical encoding of a point's y.
[[nodiscard]] bool is_weak_key(const Ed25519PublicKey& key) noexcept;

}  // namespace mychat::federation
