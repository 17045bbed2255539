// What nodes of protocol 1 send, which they cannot sign (docs/federation.md, section 7). A header that names
// the sender is nobody's proof, so the address that a request comes from is asked, over verified TLS, whether
// it is that node. Any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "base/clock.h"
#include "federation/transaction.h"
#include "peering/courier.h"
#include "peering/gate.h"
#include "peering/handshakes.h"
#include "peering/peer_http.h"
#include "services/rate_limiter.h"
#include "services/services.h"

namespace mychat::server {

enum class V1Call { kMessage, kReceipt };

struct V1Request {
  V1Call call = V1Call::kMessage;
  std::string origin;    // What X-Origin-Node says.
  std::string address;   // IP address that it comes from.
  std::string rate_key;  // What limits count that address by.
  std::string body;
};

class V1Gate {
 public:
  V1Gate(Services& services, PeerHttp& http, Courier& courier, std::string own_domain,
         std::size_t max_message_size, const Log& log, const Clock& clock = Clock::system());

  // Throws PeerRefused and what reading a body throws; `done` comes once, on any thread. Blocks (reads).
  void take(V1Request request, Callback<HandshakeOutcome> done);

 private:
  struct Taken;  // A request on its way.
  void check_origin(const std::string& origin, const std::string& rate_key);
  federation::Item read(const V1Request& request, std::string& speaker) const;
  bool is_proven(const Taken& taken);
  void prove(const std::shared_ptr<Taken>& taken);
  void proven(const std::shared_ptr<Taken>& taken);
  void deliver(const std::shared_ptr<Taken>& taken, NodeId node);

  Services& services_;
  Federation& federation_;
  PeerHttp& http_;
  Courier& courier_;
  const std::string own_domain_;
  const std::size_t max_message_size_;
  const Log& log_;
  const Clock& clock_;
  RateLimiter per_address_;
  RateLimiter callbacks_;
  RateLimiter per_origin_;
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, std::int64_t> proven_;  // Origin and address; until when.
  std::size_t asking_ = 0;
};

}  // namespace mychat::server
