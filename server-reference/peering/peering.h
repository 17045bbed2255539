// All that makes this node one of a federation, over the services.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "peering/courier.h"
#include "peering/gate.h"
#include "peering/handshakes.h"
#include "peering/peer_http.h"

namespace mychat::server {

struct PeeringOptions {
  PeerHttpOptions http;
  CourierOptions courier;
  federation::NonceLimits nonces;
  int requests_per_minute = 0;  // Of one node; 0: no limit.
};

struct PeeringStats {
  PeerTotals totals;
  CourierStats courier;
  GateStats gate;
};

class Peering {
 public:
  Peering(Services& services, PeeringOptions options, std::string own_domain, const Log& log,
          const Clock& clock = Clock::system());
  ~Peering();  // stop()

  // Issues the node's document and reads the operator's rules, before anything is served. Throws Error.
  void prepare();
  // Begins to deliver, once this node is served: others ask for its document before they take anything.
  void start();
  void stop();

  // Whether this node reaches that one, which asks for it: the steps of a Probe as JSON. 429 when it asks too
  // often, 503 when too many ask.
  void reach(const std::string& domain, Callback<std::string> done);

  PeeringStats stats();  // Blocks (reads).

  Gate& gate() noexcept { return gate_; }
  Handshakes& handshakes() noexcept { return handshakes_; }
  Courier& courier() noexcept { return courier_; }

 private:
  Federation& federation_;
  PeerHttp http_;
  Gate gate_;
  Handshakes handshakes_;
  Courier courier_;
  const Clock& clock_;
  RateLimiter reaches_;
  std::atomic<int> reaching_{0};
};

}  // namespace mychat::server
