#include "peering/courier.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/error.h"
#include "crypto/random.h"
#include "federation/continuity.h"
#include "federation/transaction.h"
#include "peering/handshakes.h"
#include "protocol/handle.h"
#include "storage/federation_table.h"

namespace mychat::server {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLongestSleep{1'000};
constexpr std::int64_t kExpireEveryMs = 60'000;
constexpr std::int64_t kHourMs = 3'600'000;
constexpr std::size_t kLookUpsMax = 1024;  // Waiting, for each node.
constexpr int kKeyRequestsAtOnce = 8;
constexpr std::int64_t kLeastClockAheadMs = 10'000;

Error failure(mychat_status status, const std::string& message) {
  return {status, MYCHAT_DOMAIN_FEDERATION, message};
}

std::string statement_body(const char* name, const federation::Statement& statement) {
  std::string body;
  JsonWriter out(body);
  out.begin_object();
  out.member(name, statement);
  out.end_object();
  return body;
}

std::optional<federation::PinnedNode> pinned_of(const PeerRow& peer) {
  if (peer.key.empty()) return std::nullopt;
  federation::PinnedNode pinned;
  pinned.domain = peer.domain;
  pinned.sequence = peer.sequence;
  pinned.protocol = peer.protocol;
  if (peer.key.size() == pinned.key.size()) std::copy(peer.key.begin(), peer.key.end(), pinned.key.begin());
  if (peer.digest.size() == pinned.digest.size())
    std::copy(peer.digest.begin(), peer.digest.end(), pinned.digest.begin());
  return pinned;
}

}  // namespace

struct Courier::LookUp {
  std::string handle;
  std::vector<Callback<wire::KeyResponse>> waiting;
  bool asked = false;
};

// What the courier knows of one node while it runs.
struct Courier::Link {
  NodeId id = 0;
  std::string domain;
  bool busy = false;     // A handshake or transaction is under way.
  bool greeted = false;  // A handshake ended well since this process began, and nothing spoke against it.
  bool waiting = true;   // Something may wait for it.
  bool greet_anyway = false;
  bool greeted_again = false;  // At once after a refusal: not once more before something was taken.
  Ed25519PublicKey key{};
  std::string api_url;
  federation::Agreement agreement;
  std::int64_t clock_ahead_ms = 0;
  std::int64_t failures = 0;
  std::int64_t failing_since_ms = 0;
  std::int64_t next_try_ms = 0;            // Of the clock's now_ms().
  std::map<std::string, LookUp> look_ups;  // By handle.
  int asking = 0;
};

Courier::Courier(Services& services, PeerHttp& http, CourierOptions options, const Log& log,
                 const Clock& clock)
    : services_(services),
      federation_(services.federation()),
      http_(http),
      options_(options),
      log_(log),
      clock_(clock) {}

Courier::~Courier() { stop(); }

void Courier::start() {
  federation_.on_outbound([this](NodeId node) { wake(node); });
  thread_ = std::thread([this] { run(); });
  post([this] {
    const std::int64_t now = clock_.now_ms();
    constexpr std::int64_t kRecentMs = std::int64_t{8} * 24 * kHourMs;
    for (const PeerRow& peer : federation_.peers()) {
      if (peer.standing == PeerStanding::kBlocked || peer.standing == PeerStanding::kKeyChanged) continue;
      const bool recent = peer.last_seen && now - *peer.last_seen < kRecentMs;
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
      wake_up_.wait_for(lock, kLongestSleep, [this] { return stopping_ || !work_.empty(); });
      if (stopping_) return;
      todo.swap(work_);
    }
    const auto guarded = [this](const Work& work) {
      try {
        work();
      } catch (const std::exception& error) {
        log_.write(LogLevel::kError, "federation", error.what());
      }
    };
    for (const Work& work : todo) guarded(work);
    const std::int64_t now = clock_.now_ms();
    for (auto& [id, one] : links_) {
      if (one->busy || !(one->waiting || one->greet_anyway) || one->next_try_ms > now) continue;
      guarded([this, &one] { step(*one); });
    }
    if (now - expired_at_ >= kExpireEveryMs) {
      expired_at_ = now;
      guarded([this] { expire(); });
    }
  }
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
    known.greeted = false;  // With the document that it showed.
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
    finish_look_ups(link, failure(MYCHAT_E_FORBIDDEN, "This node does not speak with " + link.domain + "."));
    return;
  }
  if (peer->queued == 0) link.waiting = false;
  if (!link.greeted) {
    if (link.waiting || link.greet_anyway || !link.look_ups.empty()) greet(link);
    return;
  }
  ask_keys(link);
  if (link.waiting) return send(link);
  link.failures = 0;  // Nothing is owed, and it was greeted.
}

void Courier::greet(Link& link) {
  link.busy = true;
  http_.fetch_document(link.domain, [this, id = link.id](auto result) {
    post([this, id, result = std::move(result)] {
      Link& known = this->link(id);
      if (const auto* error = std::get_if<Error>(&result)) return fail(known, *error);
      say_hello(known, std::get<FetchedDocument>(result));
    });
  });
}

void Courier::say_hello(Link& link, const FetchedDocument& fetched) {
  const auto peer = federation_.peer(link.id);
  const auto own = federation_.identity();
  if (!peer || !own) return fail(link, failure(MYCHAT_E_INVALID_STATE, "This node has no identity yet."));
  try {
    federation::check_continuity(pinned_of(*peer), fetched.document);
  } catch (const Error& error) {
    if (error.status() == MYCHAT_E_KEY_CHANGED) federation_.key_changed(link.id, error.what());
    return fail(link, error);
  }
  const federation::NodeDocument& document = fetched.document.content;
  auto handshake = std::make_shared<federation::HandshakeInitiator>(own_side(*own), own->key, link.domain,
                                                                    clock_.now_ms());
  PeerCall call{.method = "POST",
                .url = document.api_url + "/handshake",
                .destination = link.domain,
                .body = statement_body("hello", handshake->hello()),
                .clock_ahead_ms = fetched.clock_ahead_ms,
                .answer_key = document.key};
  http_.call(std::move(call), [this, id = link.id, handshake, fetched](auto result) {
    post([this, id, handshake, fetched, result = std::move(result)] {
      Link& known = this->link(id);
      if (const auto* error = std::get_if<Error>(&result)) return fail(known, *error);
      const auto& answer = std::get<PeerAnswer>(result);
      if (answer.status != 200) return refused(known, answer);
      confirm(known, handshake, fetched, answer);
    });
  });
}

void Courier::confirm(Link& link, std::shared_ptr<federation::HandshakeInitiator> handshake,
                      const FetchedDocument& fetched, const PeerAnswer& answer) {
  const auto peer = federation_.peer(link.id);
  const federation::NodeDocument& document = fetched.document.content;
  try {
    const Json json = Json::parse(answer.body, {.max_bytes = 256 * 1024, .max_depth = 6, .max_nodes = 64});
    auto end = handshake->finish(federation::Statement::from_json(json->object("welcome")), document,
                                 peer ? peer->protocol : 0, clock_.now_ms());
    if (std::abs(end.agreement.clock_ahead_ms) <= kLeastClockAheadMs) end.agreement.clock_ahead_ms = 0;
    PeerCall call{.method = "POST",
                  .url = document.api_url + "/handshake",
                  .destination = link.domain,
                  .body = statement_body("confirm", end.confirm),
                  .clock_ahead_ms = end.agreement.clock_ahead_ms,
                  .answer_key = document.key};
    http_.call(std::move(call), [this, id = link.id, fetched, agreement = end.agreement](auto result) {
      post([this, id, fetched, agreement, result = std::move(result)] {
        Link& known = this->link(id);
        if (const auto* error = std::get_if<Error>(&result)) return fail(known, *error);
        const auto& last = std::get<PeerAnswer>(result);
        if (last.status != 200) return refused(known, last);
        greeted(known, fetched, agreement);
      });
    });
  } catch (const Error& error) {
    fail(link, error);
  }
}

void Courier::greeted(Link& link, const FetchedDocument& fetched, const federation::Agreement& agreement) {
  const auto peer = federation_.peer(link.id);
  federation::PinnedNode pinned = federation::pin(peer ? pinned_of(*peer) : std::nullopt, fetched.document);
  pinned.protocol = agreement.protocol;
  federation_.pin(pinned, fetched.document.content.api_url, agreement,
                  [this, id = link.id, fetched, agreement](Result<NodeId> result) {
                    post([this, id, fetched, agreement, ok = result.ok()] {
                      Link& known = this->link(id);
                      if (!ok)
                        return fail(known, failure(MYCHAT_E_STORE, "The handshake could not be kept."));
                      known.busy = false;
                      known.greeted = true;
                      known.greet_anyway = false;
                      known.next_try_ms = 0;
                      known.key = fetched.document.content.key;
                      known.api_url = fetched.document.content.api_url;
                      known.agreement = agreement;
                      known.clock_ahead_ms = agreement.clock_ahead_ms;
                      known.waiting = true;
                      federation_.seen(id);
                      log_.write(LogLevel::kInfo, "federation",
                                 "Handshake with " + known.domain + ": protocol " +
                                     std::to_string(agreement.protocol) + ".");
                      step(known);
                    });
                  });
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
    return fail(link, failure(MYCHAT_E_PROTOCOL, link.domain + " acknowledges nothing of what it is sent."));
  }
  services_.mailbox().sent(link.id, std::move(taken), clock_.monotonic_ms() - began_ms,
                           [this, id = link.id](Result<SentOutcome> result) {
                             post([this, id, result = std::move(result)] {
                               Link& known = this->link(id);
                               if (!result.ok())
                                 return fail(known, failure(MYCHAT_E_STORE, result.failure().detail));
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
                               known.waiting = known.waiting && result.value().queued > 0;
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
  if (error.status() != MYCHAT_E_NODE) link.greeted = link.greeted && error.status() != MYCHAT_E_SIGNATURE;
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

// ---- Keys -----------------------------------------------------------------------------------------------

void Courier::look_up(const std::string& handle, Callback<wire::KeyResponse> done) {
  post([this, handle, done = std::move(done)] {
    std::int64_t fetched_at = 0;
    std::optional<wire::KeyResponse> known;
    try {
      known = federation_.known_keys(handle, &fetched_at);
    } catch (const Refused&) {  // Not yet.
    }
    if (known && clock_.now_ms() - fetched_at < options_.keys_fresh_ms) return done(*std::move(known));
    const auto parsed = Handle::parse(handle);
    if (!parsed) return done(Failure{400, "This is not a handle of the form username@domain.", 0});
    if (federation_.judge(parsed->domain) != federation::Verdict::kAllowed) {
      return done(
          Failure{403, "The operator of this node does not let it speak with " + parsed->domain + ".", 0});
    }
    services_.federation().ensure(parsed->domain, [this, handle, done](Result<NodeId> node) {
      post([this, handle, done, node = std::move(node)] {
        if (!node.ok()) return done(node.failure());
        Link& one = link(node.value());
        if (!one.look_ups.contains(handle) && one.look_ups.size() >= kLookUpsMax) {
          return done(Failure{503, "Too many users of " + one.domain + " are looked up at once.", 5});
        }
        LookUp& entry = one.look_ups[handle];
        entry.handle = handle;
        entry.waiting.push_back(done);
        if (one.greeted) {
          ask_keys(one);
        } else if (one.busy) {
          return;  // The handshake under way goes on with it.
        } else {
          if (one.failures == 0) one.next_try_ms = 0;
          if (one.next_try_ms > clock_.now_ms()) {
            return finish_look_ups(
                one, failure(MYCHAT_E_NETWORK, one.domain + " cannot be reached at the moment."));
          }
          greet(one);
        }
      });
    });
  });
}

void Courier::ask_keys(Link& link) {
  for (auto& [handle, entry] : link.look_ups) {
    if (entry.asked || link.asking >= kKeyRequestsAtOnce) continue;
    entry.asked = true;
    ++link.asking;
    const std::string username = handle.substr(0, handle.find('@'));
    PeerCall call{.method = "GET",
                  .url = link.api_url + "/keys/" + username,
                  .destination = link.domain,
                  .body = {},
                  .clock_ahead_ms = link.clock_ahead_ms,
                  .answer_key = link.key,
                  .timeout = milliseconds(10'000)};
    http_.call(std::move(call), [this, id = link.id, handle = handle](auto result) {
      post([this, id, handle, result = std::move(result)] {
        Link& known = this->link(id);
        --known.asking;
        const auto found = known.look_ups.find(handle);
        if (found == known.look_ups.end()) return;
        const auto waiting = std::move(found->second.waiting);
        known.look_ups.erase(found);
        const auto finish = [this, handle, waiting](Result<wire::KeyResponse> answer) {
          if (!answer.ok() && answer.failure().status != 404) {
            try {  // What is known is better than nothing; a changed key is announced when its node is back.
              answer = federation_.known_keys(handle, nullptr);
            } catch (const Refused&) {
            }
          }
          for (const auto& done : waiting) done(answer);
        };
        if (const auto* error = std::get_if<Error>(&result)) {
          finish(Failure{502, error->what(), 5});
        } else if (const auto& answer = std::get<PeerAnswer>(result); answer.status == 404) {
          finish(Failure{404, "There is no such user.", 0});
        } else if (answer.status != 200) {
          if (answer.status == 401) known.greeted = false;
          finish(Failure{502, known.domain + " answered " + std::to_string(answer.status) + ".", 5});
        } else {
          keys_came(handle, answer, finish);
        }
        ask_keys(known);
      });
    });
  }
}

void Courier::keys_came(const std::string& handle, const PeerAnswer& answer,
                        const std::function<void(Result<wire::KeyResponse>)>& finish) {
  wire::KeyResponse keys;
  try {
    keys = wire::KeyResponse::from_json(Json::parse(answer.body, limits::kSmallRequest));
  } catch (const Error& error) {
    return finish(Failure{502, std::string("The answer cannot be read: ") + error.what(), 5});
  }
  if (normalize_handle(keys.full_handle) != handle) {
    return finish(Failure{502, "The answer is about another user.", 5});
  }
  keys.full_handle = handle;
  keys.verified = false;  // By another node than the user's own nobody can say so.
  federation_.remember_keys(std::move(keys), [this, finish](Result<wire::KeyResponse> kept) {
    post([finish, kept = std::move(kept)] { finish(kept); });
  });
}

void Courier::finish_look_ups(Link& link, const std::optional<Error>& error) {
  auto look_ups = std::exchange(link.look_ups, {});
  for (auto& [handle, entry] : look_ups) {
    if (entry.asked) {  // Its own answer is still to come.
      link.look_ups.emplace(handle, std::move(entry));
      continue;
    }
    Result<wire::KeyResponse> answer(Failure{502, error ? error->what() : "The node cannot be reached.", 5});
    if (error && error->status() == MYCHAT_E_FORBIDDEN) answer = Failure{403, error->what(), 0};
    try {
      answer = federation_.known_keys(handle, nullptr);
    } catch (const Refused&) {
    }
    for (const auto& done : entry.waiting) done(answer);
  }
}

void Courier::expire() {
  if (federation_.identity_is_old(clock_.now_ms())) federation_.issue_identity();
  federation_.forget_strangers(clock_.now_ms() - kHourMs);
  std::erase_if(links_, [this](const auto& one) {
    const Link& idle = *one.second;
    return !idle.busy && idle.look_ups.empty() && !federation_.peer(idle.id);
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
