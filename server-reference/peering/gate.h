// Whether a request comes from the node that it says it comes from (docs/federation.md, section 3).
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "federation/http_signature.h"
#include "federation/nonce_memory.h"
#include "services/federation.h"
#include "services/rate_limiter.h"

namespace mychat::server {

// A request as the front took it, kept until it is answered.
struct InboundRequest {
  std::string method;
  std::string target;  // Absolute: this node's own address and the path.
  std::vector<federation::HeaderField> headers;
  std::string body;
  std::string address;  // The key that limits count the sender's address by.

  federation::RequestView view() const { return {method, target, headers, body}; }
};

// `error` of a refusal's body, for programs; `detail` is for people.
class PeerRefused : public Refused {
 public:
  PeerRefused(int status, std::string error, const std::string& detail, int retry_after = 0)
      : Refused(status, detail, retry_after), error_(std::move(error)) {}
  const std::string& error() const noexcept { return error_; }

 private:
  std::string error_;
};

struct GateStats {
  std::uint64_t taken = 0;
  std::uint64_t refused = 0;
};

class Gate {
 public:
  // `per_minute`: requests of one node, proven to be its; 0: no limit.
  Gate(Federation& federation, std::string own_domain, const Clock& clock = Clock::system(),
       federation::NonceLimits limits = {}, int per_minute = 0);

  // Before anything is served: what the process before this one took must not be taken again, and its nonces
  // are gone. Blocks (reads).
  void remember_before();

  // All that needs no key: form, coverage, digest, destination, times, the operator's rules. Throws
  // PeerRefused.
  federation::SignedMessage look_at(const InboundRequest& request) const;
  // The signature by this key, and that it was not used before.
  void admit(const federation::SignedMessage& message, const Ed25519PublicKey& key);
  // Both, with the pinned key of the origin. Blocks (reads).
  FromNode identify(const InboundRequest& request);
  GateStats stats() const noexcept { return {taken_, refused_}; }

 private:
  FromNode identified(const InboundRequest& request);

  Federation& federation_;
  std::string own_domain_;
  const Clock& clock_;
  const std::int64_t began_s_;
  std::map<std::string, std::int64_t, std::less<>> taken_before_;  // The latest signature, by origin.
  federation::NonceMemory nonces_;
  RateLimiter per_origin_;
  std::atomic<std::uint64_t> taken_{0}, refused_{0};
};

}  // namespace mychat::server
