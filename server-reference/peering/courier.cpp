#include "peering/courier.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "base/error.h"
#include "crypto/random.h"
#include "federation/transaction.h"
#include "peering/courier_link.h"
#include "storage/federation_table.h"

namespace mychat::server {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLongestSleep{1'000};
constexpr std::int64_t kExpireEveryMs = 60'000;
constexpr std::int64_t kRenewEveryMs = 10'000;
constexpr std::int64_t kHourMs = 3'600'000;
constexpr int kV1PerMinute = 90;  // Protocol 1 takes 100 of one node.

}  // namespace

Courier::Courier(Services& services, PeerHttp& http, CourierOptions options, const Log& log,
                 const Clock& clock)
    : services_(services),
      federation_(services.federation()),
      http_(http),
      options_(options),
      log_(log),
      clock_(clock),
      v1_pace_({kV1PerMinute, 60'000}) {}

Courier::~Courier() { stop(); }

void Courier::start() {
  federation_.on_outbound([this](NodeId node) { wake(node); });
  federation_.on_hint([this](NodeId node, federation::Hint one) { hint(node, std::move(one)); });
  federation_.on_operated(
      [this](const std::vector<AuditRow>& changes) { post([this, changes] { operated(changes); }); });
  thread_ = std::thread([this] { run(); });
  post([this] {
    const std::int64_t now = clock_.now_ms();
    for (const PeerRow& peer : federation_.peers()) {
      if (peer.standing == PeerStanding::kBlocked || peer.standing == PeerStanding::kKeyChanged) continue;
      const bool recent = peer.last_seen && now - *peer.last_seen < kRecentPeerMs;
      if (peer.queued == 0 && !recent) continue;
      Link& known = link(peer.id);
      known.failures = peer.failures;
      known.next_try_ms = peer.next_try_at;
      known.failing_since_ms = peer.failures > 0 ? peer.last_seen.value_or(now) : 0;
      // Whoever gave this node up for the moment learns that it is back.
      known.greet_anyway = recent;
      if (recent) known.next_try_ms = 0;
      step(known);
    }
  });
}

void Courier::stop() {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    stopping_ = true;
  }
  federation_.on_outbound(nullptr);
  federation_.on_operated(nullptr);
  federation_.on_hint(nullptr);
  wake_up_.notify_all();
  if (thread_.joinable()) thread_.join();
  http_.close();  // Callbacks that come now post into nothing.
}

void Courier::post(Work work) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    work_.push_back(std::move(work));
  }
  wake_up_.notify_one();
}

void Courier::run() {
  for (;;) {
    std::deque<Work> todo;
    {
      std::unique_lock lock(mutex_);
      const std::int64_t paced = next_send_ms_ - clock_.monotonic_ms();
      wake_up_.wait_for(lock, std::clamp(milliseconds(paced), milliseconds(0), kLongestSleep),
                        [this] { return stopping_ || !work_.empty(); });
      if (stopping_) return;
      todo.swap(work_);
    }
    next_send_ms_ = INT64_MAX;
    const auto guarded = [this](const Work& work) {
      try {
        work();
      } catch (const std::exception& error) {
        log_.write(LogLevel::kError, "federation", error.what());
      }
    };
    for (const Work& work : todo) guarded(work);
    guarded([this] { renew_identity(); });
    const std::int64_t now = clock_.now_ms();
    for (auto& [id, one] : links_) {
      if (one->busy || !(one->waiting || one->greet_anyway) || one->next_try_ms > now) continue;
      guarded([this, &one] { step(*one); });
    }
    if (clock_.monotonic_ms() - expired_at_ >= kExpireEveryMs) {
      expired_at_ = clock_.monotonic_ms();
      guarded([this] { expire(); });
    }
  }
}

CourierStats Courier::stats() const noexcept {
  return {handshakes_, failures_, transactions_, items_, hints_dropped_};
}

void Courier::wake(NodeId node) {
  post([this, node] {
    Link& known = link(node);
    known.waiting = true;
    if (!known.busy && known.next_try_ms <= clock_.now_ms()) step(known);
  });
}

void Courier::established(const std::string& domain) {
  post([this, domain] {
    const auto peer = federation_.peer(domain);
    if (!peer) return;
    Link& known = link(peer->id);
    known.failures = 0;
    known.next_try_ms = 0;
    // By the document that it showed; when that says nothing new, another handshake would only be answered by
    // one.
    known.greeted = known.greeted && peer->key == to_bytes(known.key) && peer->api_url == known.api_url;
    if (known.greeted) {  // What it takes and can may have changed.
      federation::Agreement newest = agreement_from_json(peer->agreement);
      known.agreement.capabilities = std::move(newest.capabilities);
      known.agreement.limits = newest.limits;
      learn(known);
    }
    known.waiting = true;
    if (!known.busy) step(known);
  });
}

Courier::Link& Courier::link(NodeId node) {
  auto& known = links_[node];
  if (!known) {
    known = std::make_unique<Link>();
    known->id = node;
    if (const auto peer = federation_.peer(node)) known->domain = peer->domain;
  }
  return *known;
}

void Courier::step(Link& link) {
  if (link.busy || clock_.now_ms() < link.next_try_ms) return;
  const auto peer = federation_.peer(link.id);
  if (!peer || peer->standing == PeerStanding::kKeyChanged ||
      federation_.judge(link.domain) != federation::Verdict::kAllowed) {
    link.waiting = link.greet_anyway = false;
    finish_look_ups(
        link, courier_failure(MYCHAT_E_FORBIDDEN, "This node does not speak with " + link.domain + "."));
    return;
  }
  if (peer->queued == 0) link.waiting = false;
  if (is_v1_stale(link)) link.greeted = false;
  if (!link.greeted) {
    if (link.waiting || link.greet_anyway || !link.look_ups.empty()) greet(link);
    return;
  }
  ask_keys(link);
  if (link.waiting) {
    // What comes meanwhile goes with it.
    if (clock_.monotonic_ms() >= link.next_send_ms) return link.v1 ? send_v1(link) : send(link);
    next_send_ms_ = std::min(next_send_ms_, link.next_send_ms);
    return;
  }
  link.failures = 0;  // Nothing is owed, and it was greeted.
}

void Courier::send(Link& link) {
  const auto most_items =
      std::min<std::int64_t>(options_.batch_items, link.agreement.limits.max_transaction_items);
  const auto most_bytes = std::min(options_.batch_bytes, link.agreement.limits.max_transaction_bytes);
  OutBatch batch = federation_.next_batch(link.id, static_cast<int>(most_items), most_bytes);
  if (batch.last < batch.first) {
    link.waiting = false;
    return;
  }
  link.busy = true;
  PeerCall call{.method = "POST",
                .url = link.api_url + "/transactions",
                .destination = link.domain,
                .body = std::move(batch.body),
                .clock_ahead_ms = link.clock_ahead_ms,
                .answer_key = link.key};
  const std::int64_t began = clock_.monotonic_ms();
  const bool full = batch.last - batch.first + 1 >= most_items;
  link.next_send_ms = full ? began : began + options_.between_transactions_ms;
  http_.call(std::move(call),
             [this, id = link.id, first = batch.first, last = batch.last, began](auto result) {
               post([this, id, first, last, began, result = std::move(result)] {
                 Link& known = this->link(id);
                 if (const auto* error = std::get_if<Error>(&result)) return fail(known, *error);
                 sent(known, first, last, began, std::get<PeerAnswer>(result));
               });
             });
}

void Courier::sent(Link& link, std::int64_t first, std::int64_t last, std::int64_t began_ms,
                   const PeerAnswer& answer) {
  if (answer.status != 200) return refused(link, answer);
  federation::TransactionAnswer taken;
  try {
    taken = federation::TransactionAnswer::from_json(Json::parse(answer.body, federation::kTransactionJson));
  } catch (const Error& error) {
    return fail(link, error);
  }
  // Nothing was taken although it begins where the peer stands.
  if (taken.acked < last && taken.acked >= first - 1 && taken.acked < first) {
    return fail(
        link, courier_failure(MYCHAT_E_PROTOCOL, link.domain + " acknowledges nothing of what it is sent."));
  }
  ++transactions_;
  items_ += static_cast<std::uint64_t>(std::max<std::int64_t>(std::min(last, taken.acked) - first + 1, 0));
  acknowledged(link, last, std::move(taken), clock_.monotonic_ms() - began_ms);
}

void Courier::acknowledged(Link& link, std::int64_t last, federation::TransactionAnswer taken,
                           std::int64_t latency_ms) {
  services_.mailbox().sent(link.id, last, std::move(taken), latency_ms,
                           [this, id = link.id](Result<SentOutcome> result) {
                             post([this, id, result = std::move(result)] {
                               Link& known = this->link(id);
                               if (!result.ok())
                                 return fail(known, courier_failure(MYCHAT_E_STORE, result.failure().detail));
                               known.busy = false;
                               known.failures = 0;
                               known.greeted_again = false;
                               known.next_try_ms = 0;
                               if (result.value().restarted) {
                                 log_.write(LogLevel::kWarning, "federation",
                                            known.domain +
                                                " stands elsewhere in the stream than this node thought (a "
                                                "restored backup?): the numbering begins anew.");
                               }
                               step(known);
                             });
                           });
}

void Courier::refused(Link& link, const PeerAnswer& answer) {
  const std::int64_t wait =
      answer.retry_after ? std::min<std::int64_t>(answer.retry_after->count(), kHourMs) : 0;
  const bool was_greeted = std::exchange(link.greeted, answer.status != 401 && link.greeted);
  if (answer.status == 401 && was_greeted && !std::exchange(link.greeted_again, true)) {
    // It restarted, or forgot us: once more from the beginning.
    link.busy = false;
    link.next_try_ms = 0;
    return step(link);
  }
  fail(link,
       Error(answer.status == 403 ? MYCHAT_E_FORBIDDEN : MYCHAT_E_NODE, MYCHAT_DOMAIN_FEDERATION,
             link.domain + " answered " + std::to_string(answer.status) +
                 (answer.detail.empty() ? std::string(".") : ": " + answer.detail),
             answer.status, true),
       wait);
}

std::int64_t Courier::pause_of(const Link& link) const {
  const std::int64_t outage = clock_.now_ms() - link.failing_since_ms;
  const std::int64_t longest = outage < kHourMs        ? options_.longest_pause_ms
                               : outage < 24 * kHourMs ? options_.longest_pause_later_ms
                                                       : options_.longest_pause_last_ms;
  const int doublings = static_cast<int>(std::min<std::int64_t>(link.failures, 20));
  const std::int64_t grown = std::min(longest, options_.first_pause_ms << doublings);
  // Full jitter: so that nodes that wait for the same one do not come together.
  return 1 + static_cast<std::int64_t>(random_below(static_cast<std::uint64_t>(grown)));
}

void Courier::fail(Link& link, const Error& error, std::int64_t least_pause_ms) {
  link.busy = false;
  if (error.status() == MYCHAT_E_SIGNATURE && link.greeted && !std::exchange(link.greeted_again, true)) {
    // Its key may be another one now, as its document will then say.
    link.greeted = false;
    link.next_try_ms = 0;
    return step(link);
  }
  if (error.status() != MYCHAT_E_NODE) link.greeted = link.greeted && error.status() != MYCHAT_E_SIGNATURE;
  ++failures_;
  if (link.failures++ == 0) link.failing_since_ms = clock_.now_ms();
  const std::int64_t pause = std::max(pause_of(link), least_pause_ms);
  link.next_try_ms = clock_.now_ms() + pause;
  if (link.greet_anyway && link.failures > 5) link.greet_anyway = false;
  log_.write(link.failures == 1 ? LogLevel::kWarning : LogLevel::kInfo, "federation",
             link.domain + " is tried again in " + std::to_string(pause / 1000) + " s: " + error.what());
  if (error.status() != MYCHAT_E_KEY_CHANGED)
    federation_.failed(link.id, link.failures, link.next_try_ms, error.what());
  finish_look_ups(link, error);
}

void Courier::renew_identity() {
  const std::int64_t now = clock_.monotonic_ms();
  if (!federation_.identity_is_old(clock_.now_ms()) || now - renewed_at_ < kRenewEveryMs) return;
  renewed_at_ = now;  // Also when it fails: not in a circle.
  const auto before = federation_.identity();
  federation_.issue_identity();
  federation_.look_for_commands();  // Its log.
  const auto after = federation_.identity();
  if (!before || before->document.key != after->document.key) greet_all();
}

// Whoever knows this node learns what it is now, before anything comes between.
void Courier::greet_all() {
  const std::int64_t now = clock_.now_ms();
  for (const PeerRow& peer : federation_.peers()) {
    if (peer.key.empty() || !peer.last_seen || now - *peer.last_seen > kRecentPeerMs) continue;
    Link& known = link(peer.id);
    known.greeted = false;
    known.greet_anyway = true;
    step(known);
  }
}

// Takes up what an operator changed.
void Courier::operated(const std::vector<AuditRow>& changes) {
  bool new_key = false;
  std::set<std::string, std::less<>> named;
  for (const AuditRow& change : changes) {
    // Of this node; also what is only announced: peers hold a node to it.
    const bool own = change.subject.empty() &&
                     (change.action == "federation new-key" || change.action.starts_with("federation key "));
    new_key = new_key || own;
    if (change.action == "federation retry" || change.action == "federation approve")
      named.insert(change.subject);
  }
  for (const PeerRow& peer : federation_.peers()) {
    const bool asked = named.contains(peer.domain);
    if (peer.queued == 0 && !asked && !links_.contains(peer.id)) continue;
    Link& known = link(peer.id);
    if (known.greeted && !known.v1 && peer.key != to_bytes(known.key)) known.greeted = false;
    if (asked) {
      known.failures = 0;
      known.next_try_ms = 0;
      known.greeted_again = false;
      known.greet_anyway = true;
    }
    known.waiting = known.waiting || peer.queued > 0;
    step(known);
  }
  if (new_key) greet_all();
}

void Courier::expire() {
  federation_.forget_strangers(clock_.now_ms() - kHourMs);
  std::erase_if(links_, [this](const auto& one) {
    const Link& idle = *one.second;
    return !idle.busy && !idle.hinting && idle.look_ups.empty() && !federation_.peer(idle.id);
  });
  for (const NodeId node : federation_.waiting_peers()) {
    const auto peer = federation_.peer(node);
    if (!peer) continue;
    services_.mailbox().expire(node, clock_.now_ms() - options_.keep_ms,
                               "The node of the recipient could not be reached for " +
                                   std::to_string(options_.keep_ms / (24 * kHourMs)) + " days.",
                               nullptr);
  }
}

}  // namespace mychat::server
