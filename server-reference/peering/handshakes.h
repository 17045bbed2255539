// The handshakes that other nodes begin with this one (docs/federation.md, section 2).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "federation/handshake.h"
#include "peering/gate.h"
#include "peering/peer_http.h"
#include "services/federation.h"
#include "services/rate_limiter.h"

namespace mychat::server {

struct HandshakeOutcome {
  int status = 200;
  std::string body;  // JSON
};

class Handshakes {
 public:
  Handshakes(Federation& federation, PeerHttp& http, Gate& gate, const Log& log,
             const Clock& clock = Clock::system());

  // A hello or a confirm. `done` comes on any thread, once; a Failure is the answer's status and sentence.
  void take(std::shared_ptr<InboundRequest> request, Callback<HandshakeOutcome> done);
  // Called, on any thread, when a handshake with that domain has ended well.
  std::function<void(const std::string& domain)> on_established;

 private:
  struct Pending {
    federation::PendingHandshake handshake;
    federation::PinnedNode pinned;
    std::string api_url;
  };
  void take_hello(const std::shared_ptr<InboundRequest>& request, const federation::Statement& hello,
                  Callback<HandshakeOutcome> done);
  federation::SignedMessage look_at_hello(const InboundRequest& request);
  HandshakeOutcome answer(const InboundRequest& request, const federation::Statement& hello,
                          const FetchedDocument& fetched);
  void take_confirm(const InboundRequest& request, const federation::Statement& confirm,
                    Callback<HandshakeOutcome> done);
  void keep(Pending pending);
  void begin_fetching(const std::string& origin, const std::string& address);
  void end_fetching(const std::string& address);

  Federation& federation_;
  PeerHttp& http_;
  Gate& gate_;
  const Log& log_;
  const Clock& clock_;
  RateLimiter per_address_;
  RateLimiter per_origin_;
  std::mutex mutex_;
  std::map<Sha256Digest, Pending> pending_;  // By the digest of the welcome.
  std::size_t fetching_ = 0;
  std::map<std::string, std::size_t> fetching_for_;  // By address.
};

// Capabilities and limits of this node in a handshake.
federation::HandshakeSide own_side(const OwnIdentity& own);

// {"hello": statement} and the like: what a handshake's requests carry.
std::string statement_body(std::string_view name, const federation::Statement& statement);

}  // namespace mychat::server
