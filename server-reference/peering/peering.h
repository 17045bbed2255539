// All that makes this node one of a federation, over the services.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "peering/courier.h"
#include "peering/gate.h"
#include "peering/handshakes.h"
#include "peering/peer_http.h"
#include "peering/v1_gate.h"

namespace mychat::server {

struct PeeringOptions {
  PeerHttpOptions http;
  CourierOptions courier;
  federation::NonceLimits nonces;
  int requests_per_minute = 0;                             // Of one node; 0: no limit.
  std::size_t max_message_size = limits::kMaxMessageSize;  // Of messages of protocol 1.
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

  // One transaction of a node is under way at a time: a flood of them would fill the writer's queue for all.
  // Null: there is one. Ends with the object.
  std::shared_ptr<void> begin_transaction(NodeId node);

  PeeringStats stats();  // Blocks (reads).

  Gate& gate() noexcept { return gate_; }
  Handshakes& handshakes() noexcept { return handshakes_; }
  V1Gate& v1() noexcept { return v1_; }
  Courier& courier() noexcept { return courier_; }

 private:
  Federation& federation_;
  PeerHttp http_;
  Gate gate_;
  Handshakes handshakes_;
  Courier courier_;
  V1Gate v1_;
  const Clock& clock_;
  RateLimiter reaches_;
  std::atomic<int> reaching_{0};
  struct UnderWay {
    std::mutex mutex;
    std::set<NodeId> nodes;
  };
  const std::shared_ptr<UnderWay> under_way_ = std::make_shared<UnderWay>();
};

}  // namespace mychat::server
