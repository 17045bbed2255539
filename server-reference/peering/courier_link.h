// What the courier knows of one node while it runs. For the .cpp files of the courier.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "peering/courier.h"

namespace mychat::server {

struct Courier::LookUp {
  std::string handle;
  std::vector<Callback<wire::KeyResponse>> waiting;
  bool asked = false;
};

struct Courier::Link {
  NodeId id = 0;
  std::string domain;
  bool busy = false;     // A handshake or transaction is under way.
  bool greeted = false;  // A handshake ended well since this process began, and nothing spoke against it.
  bool waiting = true;   // Something may wait for it.
  bool greet_anyway = false;
  bool v1 = false;             // Of protocol 1: unsigned.
  std::int64_t v1_seq = 0;     // Of the item that is being sent,
  std::size_t v1_part = 0;     // the requests that were answered.
  bool greeted_again = false;  // At once after a refusal: not once more before something was taken.
  Ed25519PublicKey key{};
  std::string api_url;
  federation::Agreement agreement;
  std::int64_t clock_ahead_ms = 0;
  std::int64_t failures = 0;
  std::int64_t failing_since_ms = 0;
  std::int64_t next_try_ms = 0;            // Of the clock's now_ms().
  std::int64_t learn_at_ms = INT64_MIN;    // Of the clock's monotonic_ms().
  std::int64_t greeted_at_ms = 0;          // Of the clock's monotonic_ms().
  std::int64_t next_send_ms = 0;           // Of the clock's monotonic_ms().
  std::map<std::string, LookUp> look_ups;  // By handle.
  int asking = 0;
  std::vector<federation::Hint> hints;  // That came while others are under way.
  bool hinting = false;
};

inline Error courier_failure(mychat_status status, const std::string& message) {
  return {status, MYCHAT_DOMAIN_FEDERATION, message};
}

}  // namespace mychat::server
