// The courier's questions for the keys of other nodes' users.
#include <utility>

#include "peering/courier_link.h"
#include "protocol/handle.h"

namespace mychat::server {
namespace {

constexpr std::size_t kLookUpsMax = 1024;  // Waiting, for each node.
constexpr int kKeyRequestsAtOnce = 8;

}  // namespace

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
                one, courier_failure(MYCHAT_E_NETWORK, one.domain + " cannot be reached at the moment."));
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
                  .answer_key = link.v1 ? std::nullopt : std::optional(link.key),
                  .timeout = std::chrono::milliseconds(10'000),
                  .is_signed = !link.v1};
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

}  // namespace mychat::server
