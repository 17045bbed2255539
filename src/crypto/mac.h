// HMAC-SHA-256 (RFC 2104).
#pragma once

#include <initializer_list>
#include <memory>

#include "base/bytes.h"
#include "crypto/hash.h"

struct evp_mac_ctx_st;

namespace mychat {

Sha256Digest hmac_sha256(ByteView key, ByteView data);
// Compares in constant time, whole tags only: a truncated tag is refused.
[[nodiscard]] bool hmac_sha256_verify(ByteView key, ByteView data, ByteView tag);

// A key used for many messages: its schedule is computed once. May be shared by threads.
class HmacSha256 {
 public:
  explicit HmacSha256(ByteView key);

  Sha256Digest compute(ByteView data) const { return compute({data}); }
  // Of the pieces one after the other. The pieces' borders are not part of what is authenticated.
  Sha256Digest compute(std::initializer_list<ByteView> pieces) const;
  [[nodiscard]] bool verify(ByteView data, ByteView tag) const;

 private:
  struct Free {
    void operator()(evp_mac_ctx_st* context) const noexcept;
  };
  std::unique_ptr<evp_mac_ctx_st, Free> keyed_;
};

}  // namespace mychat
