// What the engine takes from around it: who may be a member, the time, randomness, and limits. All of it can
// be replaced, so that tests are deterministic; HPKE's ephemeral keys and ECDSA's nonces always come from
// OpenSSL.
#pragma once

#include <cstdint>
#include <functional>

#include "base/bytes.h"
#include "base/clock.h"
#include "crypto/hpke.h"
#include "crypto/random.h"
#include "e2ee/mls/secret_tree.h"
#include "e2ee/mls/suite.h"
#include "e2ee/mls/types.h"

namespace mychat::mls {

// Section 5.3.1. Asked for every leaf before it is believed: of KeyPackages, trees, updates, paths and
// external joiners; and for external senders. May be called from several threads at once.
class AuthenticationService {
 public:
  virtual ~AuthenticationService() = default;
  // Whether the signature key is that of whom the credential names. `group_id` is empty where none is known.
  virtual bool accepts(const Credential& credential, ByteView signature_key, ByteView group_id) const = 0;
  // Whether a member may go on under another credential (an update of its own leaf).
  virtual bool is_successor(const Credential& before, const Credential& after) const = 0;
};

// Accepts everybody: for tests, and for programs that show safety numbers of signature keys instead.
class AcceptEveryone final : public AuthenticationService {
 public:
  bool accepts(const Credential&, ByteView, ByteView) const override { return true; }
  bool is_successor(const Credential&, const Credential&) const override { return true; }
};

struct Environment {
  // Not owned; lives longer than every group that is given this environment.
  const AuthenticationService* authentication = nullptr;
  const Clock* clock = &Clock::system();
  // All randomness but that of ECDSA's signatures, which OpenSSL takes from itself. Asked by the thread that
  // calls.
  RandomSource random = random_secret_bytes;

  // Section 7.2 wants a bound: the longest lifetime of a leaf in seconds, and how wrong clocks may be.
  std::uint64_t longest_lifetime = std::uint64_t{400} * 24 * 3600;
  std::uint64_t clock_skew = 3600;
  // Whether the lifetime of leaves in proposals and commits of others is looked at too; what this member
  // sends always is. Section 7.3 recommends it; a group whose commits arrive late may not want it.
  bool check_received_lifetimes = true;

  // Whether members may send commits and proposals that are not encrypted.
  bool public_handshakes = true;

  RatchetLimits ratchet;
  std::size_t past_epochs = 3;         // For how many earlier epochs messages can still be read.
  std::size_t resumption_epochs = 16;  // For how many earlier epochs the resumption secret is kept.
  std::size_t most_proposals = 1000;   // How many proposals wait for a commit.

  Secret random_secret(std::size_t size) const {
    Secret out(size);
    random(out);
    return out;
  }
  Bytes random_bytes(std::size_t size) const {
    Bytes out(size);
    random(out);
    return out;
  }
  // For sealing to so many.
  std::vector<Secret> ephemerals(const Suite& suite, std::size_t count) const {
    return hpke_ephemerals(suite.hpke().kem, random, count);
  }
  HpkeKeyPair key_pair(const Suite& suite) const {
    return hpke_derive_key_pair(suite.hpke().kem, random_secret(suite.hash_size()));
  }
};

}  // namespace mychat::mls
