// Brings what waits to other nodes: one handshake and one transaction at a time for each, in order, with
// growing pauses after failures (docs/federation.md, section 5). One thread; all calls from any.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "federation/handshake.h"
#include "federation/hint.h"
#include "federation/transaction.h"
#include "federation/v1.h"
#include "peering/peer_http.h"
#include "services/rate_limiter.h"
#include "services/services.h"

namespace mychat::server {

struct CourierOptions {
  std::int64_t first_pause_ms = 1'000;
  // The longest pause: while the outage is young, then up to a day, then beyond.
  std::int64_t longest_pause_ms = 30'000;
  std::int64_t longest_pause_later_ms = 5 * 60'000;
  std::int64_t longest_pause_last_ms = 30 * 60'000;
  std::int64_t keep_ms = std::int64_t{7} * 24 * 3'600'000;  // Then what waits is given up.
  std::int64_t keys_fresh_ms = 3'600'000;
  // From the beginning of one transaction to the next: 200 requests a second is what nodes take of one other.
  std::int64_t between_transactions_ms = 6;
  bool learn_peers = false;  // Ask others which nodes they speak with.
  int batch_items = 256;
  std::int64_t batch_bytes = 4 * 1024 * 1024;
};

struct CourierStats {
  std::uint64_t handshakes = 0;
  std::uint64_t failures = 0;
  std::uint64_t transactions = 0;
  std::uint64_t items = 0;
  std::uint64_t hints_dropped = 0;
};

class Courier {
 public:
  Courier(Services& services, PeerHttp& http, CourierOptions options, const Log& log,
          const Clock& clock = Clock::system());
  ~Courier();  // stop()

  void start();
  // Ends requests under way; what they carried is sent again after the next start.
  void stop();

  void wake(NodeId node);  // Something waits for it, or it spoke.
  CourierStats stats() const noexcept;
  void established(const std::string& domain);  // A handshake that it began ended well.

  // Sent at once when a handshake has been, with what else comes while a request is under way; else dropped.
  void hint(NodeId node, federation::Hint hint);

  // The keys of a user of another node: what is known when that is fresh, else asked of the node, else what
  // is known. 404; 502 when its node cannot be reached and nothing is known; 403.
  void look_up(const std::string& handle, Callback<wire::KeyResponse> done);

 private:
  struct Link;
  struct LookUp;
  using Work = std::function<void()>;

  void run();
  void post(Work work);
  // All below on the courier's thread.
  Link& link(NodeId node);
  void step(Link& link);
  void greet(Link& link);
  void say_hello(Link& link, const FetchedDocument& fetched);
  void confirm(Link& link, std::shared_ptr<federation::HandshakeInitiator> handshake,
               const FetchedDocument& fetched, const PeerAnswer& answer);
  void greeted(Link& link, const FetchedDocument& fetched, const federation::Agreement& agreement);
  void greet_v1(Link& link, const Error& no_document);
  void greeted_v1(Link& link, const federation::V1Node& node);
  bool is_v1_stale(const Link& link) const;
  void send_v1(Link& link);
  void sent_v1(Link& link, const OutV1& out, std::int64_t began_ms, const PeerAnswer& answer);
  void settle_v1(Link& link, const OutV1& out, std::optional<federation::ItemFailure> failure,
                 std::int64_t began_ms);
  void send(Link& link);
  void sent(Link& link, std::int64_t first, std::int64_t last, std::int64_t began_ms,
            const PeerAnswer& answer);
  void acknowledged(Link& link, std::int64_t last, federation::TransactionAnswer taken,
                    std::int64_t latency_ms);
  void refused(Link& link, const PeerAnswer& answer);
  void fail(Link& link, const Error& error, std::int64_t least_pause_ms = 0);
  void finish_look_ups(Link& link, const std::optional<Error>& error);
  void ask_keys(Link& link);
  void keys_came(const std::string& handle, const PeerAnswer& answer,
                 const std::function<void(Result<wire::KeyResponse>)>& finish);
  void send_hints(Link& link);
  void learn(Link& link);
  void learned(const std::string& from, const std::vector<std::string>& domains);
  void expire();
  void renew_identity();
  void greet_all();
  void operated(const std::vector<AuditRow>& changes);
  std::int64_t pause_of(const Link& link) const;

  Services& services_;
  Federation& federation_;
  PeerHttp& http_;
  const CourierOptions options_;
  const Log& log_;
  const Clock& clock_;

  std::mutex mutex_;
  std::condition_variable wake_up_;
  std::deque<Work> work_;
  bool stopping_ = false;
  std::thread thread_;

  std::map<NodeId, std::unique_ptr<Link>> links_;
  RateLimiter v1_pace_;
  std::int64_t next_send_ms_ = INT64_MAX;  // The first of those that are held back; monotonic.
  // Of the clock that never goes back.
  std::int64_t expired_at_ = INT64_MIN / 2;
  std::int64_t renewed_at_ = INT64_MIN / 2;

  std::atomic<std::uint64_t> handshakes_{0}, failures_{0}, transactions_{0}, items_{0}, hints_dropped_{0};
};

}  // namespace mychat::server
