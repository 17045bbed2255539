// KeyPackages (RFC 9420 section 10): what a client publishes so that others can add it while it is away.
#pragma once

#include <optional>

#include "crypto/signature.h"
#include "e2ee/mls/environment.h"
#include "e2ee/mls/suite.h"
#include "e2ee/mls/types.h"

namespace mychat::mls {

// How a client appears in its leaves.
struct LeafOptions {
  Credential credential;
  Extensions extensions;
  // Beyond what every client of this engine supports (see own_capabilities()).
  std::vector<std::uint16_t> more_extensions, more_proposals;
  // From now, in seconds; an hour before now is added for clocks that are behind.
  std::uint64_t lifetime = std::uint64_t{90} * 24 * 3600;
  bool self_remove = false;  // Supports SelfRemove (extensions draft).
  bool last_resort = false;  // The KeyPackage may be used several times (extensions draft).
};

// MLS 1.0, the suites of this build, credentials basic and X.509, and one random GREASE value of each kind.
Capabilities own_capabilities(const LeafOptions& options, const Environment& environment);

// A KeyPackage with what its owner keeps to itself.
struct OwnKeyPackage {
  KeyPackage key_package;
  Secret init_key, encryption_key;  // Private.
  Secret signature_key;             // Private.

  bool is_last_resort() const noexcept;
  template <class A, class S>
  static void each(A& archive, S& self) {
    archive(self.key_package, self.init_key, self.encryption_key, self.signature_key);
  }
};

OwnKeyPackage make_key_package(const Suite& suite, const SigningKey& signer, const LeafOptions& options,
                               const Environment& environment);
// A leaf as make_key_package() gives it, signed, without keys of its own.
LeafNode make_leaf(const Suite& suite, const SigningKey& signer, const LeafOptions& options,
                   Bytes encryption_key, const Environment& environment);

}  // namespace mychat::mls
