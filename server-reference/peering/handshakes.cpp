#include "peering/handshakes.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "protocol/json_writer.h"

namespace mychat::server {
namespace {

constexpr std::size_t kPendingMax = 1024;
constexpr std::ptrdiff_t kPendingOfOneMax = 32;
// Documents that are being fetched. Whoever names domains that never answer takes places for as long as that
// takes: so an address has few, and some are kept for nodes that are known.
constexpr std::size_t kFetchingMax = 128;
constexpr std::size_t kFetchingOfStrangersMax = 64;
constexpr std::size_t kFetchingOfOneMax = 8;
// A hello makes this node ask the domain that it names, which is not proven yet: so an address may not name
// many, and nobody can use up what the true node of that name has.
constexpr RateLimit kHellosPerAddress{60, 60'000};
constexpr RateLimit kHellosPerOriginAndAddress{20, 60'000};

Failure failure_of(const Error& error) {
  switch (error.status()) {
    case MYCHAT_E_KEY_CHANGED:
    case MYCHAT_E_DOWNGRADE:
      return {403, error.what(), 0};
    case MYCHAT_E_SIGNATURE:
    case MYCHAT_E_KEY_MISMATCH:
    case MYCHAT_E_STALE:
      return {401, error.what(), 0};
    case MYCHAT_E_MALFORMED:
    case MYCHAT_E_TOO_LARGE:
      return {422, error.what(), 0};
    case MYCHAT_E_UNSUPPORTED:
      return {400, error.what(), 0};
    default:
      // Its document could not be fetched: that is ours to find out, so no more is said than that.
      return {502, "The document of the calling node cannot be fetched at the moment.", 30};
  }
}

}  // namespace

std::string statement_body(std::string_view name, const federation::Statement& statement) {
  std::string body;
  JsonWriter out(body);
  out.begin_object();
  out.member(name, statement);
  out.end_object();
  return body;
}

federation::HandshakeSide own_side(const OwnIdentity& own) {
  return {.domain = own.document.domain,
          .protocols = own.document.protocols,
          .capabilities = own.document.capabilities,
          .limits = own.document.limits};
}

Handshakes::Handshakes(Federation& federation, PeerHttp& http, Gate& gate, const Log& log, const Clock& clock)
    : federation_(federation),
      http_(http),
      gate_(gate),
      log_(log),
      clock_(clock),
      per_address_(kHellosPerAddress),
      per_origin_(kHellosPerOriginAndAddress) {}

void Handshakes::take(std::shared_ptr<InboundRequest> request, Callback<HandshakeOutcome> done) {
  const Json json = Json::parse(request->body, {.max_bytes = 256 * 1024, .max_depth = 6, .max_nodes = 64});
  if (const JsonView hello = json->optional_object("hello")) {
    return take_hello(request, federation::Statement::from_json(hello), std::move(done));
  }
  take_confirm(*request, federation::Statement::from_json(json->object("confirm")), std::move(done));
}

// A node that waits for the operator is put on the list that the operator sees; what it says is not proven,
// so an address may not name many.
federation::SignedMessage Handshakes::look_at_hello(const InboundRequest& request) {
  try {
    return gate_.look_at(request);
  } catch (const PeerRefused& refused) {
    if (refused.error() == "awaits_approval") {
      const std::string origin = federation::parse_signed(request.view()).origin;
      if (per_address_.take(request.address, clock_.monotonic_ms()) == 0) federation_.ensure(origin, nullptr);
    }
    throw;
  }
}

void Handshakes::take_hello(const std::shared_ptr<InboundRequest>& request,
                            const federation::Statement& hello, Callback<HandshakeOutcome> done) {
  const federation::SignedMessage message = look_at_hello(*request);
  const auto own = federation_.identity();
  if (federation::hello_origin(hello, own->document.domain) != message.origin) {
    throw PeerRefused(401, "wrong_origin", "The hello is of another node than the request.");
  }
  const std::int64_t now = clock_.monotonic_ms();
  int wait = per_address_.take(request->address, now);
  if (wait == 0) wait = per_origin_.take(message.origin + ' ' + request->address, now);
  if (wait > 0) throw PeerRefused(429, "too_many", "Too many handshakes within a minute.", wait);
  begin_fetching(message.origin, request->address);
  http_.fetch_document(message.origin, [this, request, hello, done = std::move(done)](auto result) {
    end_fetching(request->address);
    if (const auto* error = std::get_if<Error>(&result)) {
      log_.write(LogLevel::kInfo, "federation", std::string("A handshake was refused: ") + error->what());
      return done(failure_of(*error));
    }
    try {
      done(answer(*request, hello, std::get<FetchedDocument>(result)));
    } catch (const Refused& refused) {
      done(refused.failure());
    } catch (const Error& error) {
      log_.write(LogLevel::kWarning, "federation", std::string("A handshake was refused: ") + error.what());
      if (error.status() != MYCHAT_E_KEY_CHANGED) return done(failure_of(error));
      // From the answer on, nothing passes.
      const federation::NodeDocument& shown = std::get<FetchedDocument>(result).document.content;
      const auto peer = federation_.peer(shown.domain);
      federation_.key_changed(peer ? peer->id : 0, shown.key, error.what(),
                              [done, failure = failure_of(error)](const Result<Done>&) { done(failure); });
    }
  });
}

void Handshakes::begin_fetching(const std::string& origin, const std::string& address) {
  const bool known = federation_.is_pinned(origin);
  const std::lock_guard lock(mutex_);
  const auto found = fetching_for_.find(address);
  if (fetching_ >= (known ? kFetchingMax : kFetchingOfStrangersMax) ||
      (found != fetching_for_.end() && found->second >= kFetchingOfOneMax))
    throw PeerRefused(503, "busy", "Too many handshakes at once.", 5);
  ++fetching_;
  ++fetching_for_[address];
}

void Handshakes::end_fetching(const std::string& address) {
  const std::lock_guard lock(mutex_);
  --fetching_;
  const auto found = fetching_for_.find(address);
  if (found != fetching_for_.end() && --found->second == 0) fetching_for_.erase(found);
}

HandshakeOutcome Handshakes::answer(const InboundRequest& request, const federation::Statement& hello,
                                    const FetchedDocument& fetched) {
  const federation::NodeDocument& document = fetched.document.content;
  const auto peer = federation_.peer(document.domain);
  const auto pinned = peer ? pinned_node(*peer) : std::nullopt;
  federation::check_continuity(pinned, fetched.document);
  gate_.admit(gate_.look_at(request), document.key);
  const auto own = federation_.identity();
  federation::HandshakeAnswer answer = federation::answer_hello(hello, document, own_side(*own), own->key,
                                                                peer ? peer->protocol : 0, clock_.now_ms());
  answer.pending.agreement.clock_ahead_ms = fetched.clock_ahead_ms;
  Pending pending{std::move(answer.pending), federation::pin(pinned, fetched.document), document.api_url};
  keep(std::move(pending));
  std::string body;
  JsonWriter out(body);
  out.begin_object();
  out.member("welcome", answer.welcome);
  out.end_object();
  return {200, std::move(body)};
}

void Handshakes::keep(Pending pending) {
  const std::lock_guard lock(mutex_);
  const std::int64_t now = clock_.now_ms();
  std::erase_if(pending_, [now](const auto& one) { return one.second.handshake.expires_at <= now; });
  const std::string& peer = pending.handshake.agreement.peer;
  const auto is_of_peer = [&peer](const auto& one) { return one.second.handshake.agreement.peer == peer; };
  if (std::count_if(pending_.begin(), pending_.end(), is_of_peer) >= kPendingOfOneMax)
    throw PeerRefused(429, "too_many", "Too many handshakes of this node are open.", 60);
  if (pending_.size() >= kPendingMax) throw PeerRefused(503, "busy", "Too many handshakes at once.", 10);
  const Sha256Digest digest = pending.handshake.welcome_digest;
  pending_.emplace(digest, std::move(pending));
}

void Handshakes::take_confirm(const InboundRequest& request, const federation::Statement& confirm,
                              Callback<HandshakeOutcome> done) {
  const federation::SignedMessage message = gate_.look_at(request);
  Pending pending;
  {
    const std::lock_guard lock(mutex_);
    const auto found = pending_.find(federation::confirmed_welcome(confirm));
    if (found == pending_.end() || found->second.handshake.agreement.peer != message.origin) {
      throw PeerRefused(401, "handshake_required", "There is no handshake that this confirms.");
    }
    pending = std::move(found->second);
    pending_.erase(found);
  }
  gate_.admit(message, pending.handshake.peer_key);
  const federation::Agreement agreement =
      federation::finish_handshake(pending.handshake, confirm, clock_.now_ms());
  pending.pinned.protocol = agreement.protocol;
  federation_.pin(pending.pinned, pending.api_url, agreement,
                  [this, domain = message.origin, done = std::move(done)](Result<NodeId> result) {
                    if (!result.ok()) return done(result.failure());
                    federation_.seen(result.value());
                    if (on_established) on_established(domain);
                    done(HandshakeOutcome{200, R"({"established":true})"});
                  });
}

}  // namespace mychat::server
