#include "peering/v1_gate.h"

#include <optional>

#include "base/error.h"
#include "federation/v1.h"
#include "protocol/handle.h"
#include "protocol/json_writer.h"

namespace mychat::server {
namespace {

constexpr RateLimit kPerAddress{600, 60'000};
constexpr RateLimit kCallbacksPerAddress{30, 60'000};  // Each makes this node connect to somebody.
constexpr RateLimit kPerOrigin{100, 60'000};           // As protocol 1 says.
constexpr std::int64_t kProvenForMs = 10 * 60'000;
constexpr std::size_t kProvenMax = 4096;
constexpr std::size_t kAskingMax = 32;

int status_of(const federation::ItemFailure& failure) {
  if (failure.code == "user_not_found") return 404;
  if (failure.code == "too_large") return 413;
  if (failure.code == "id_in_use") return 409;
  if (failure.code == "forbidden") return 403;
  return 422;
}

HandshakeOutcome refusal(int status, std::string_view error, std::string_view sentence) {
  HandshakeOutcome outcome{status, {}};
  JsonWriter out(outcome.body);
  out.begin_object();
  out.member("error", error);
  out.member("message", sentence);
  out.member("detail", sentence);
  out.end_object();
  return outcome;
}

}  // namespace

struct V1Gate::Taken {
  V1Request request;
  federation::Item item;
  std::string speaker;  // The handle that the item is said to be from.
  std::string message_id;
  Callback<HandshakeOutcome> done;
};

V1Gate::V1Gate(Services& services, PeerHttp& http, Courier& courier, std::string own_domain,
               std::size_t max_message_size, const Log& log, const Clock& clock)
    : services_(services),
      federation_(services.federation()),
      http_(http),
      courier_(courier),
      own_domain_(std::move(own_domain)),
      max_message_size_(max_message_size),
      log_(log),
      clock_(clock),
      per_address_(kPerAddress),
      callbacks_(kCallbacksPerAddress),
      per_origin_(kPerOrigin) {}

void V1Gate::check_origin(const std::string& origin, const std::string& rate_key) {
  if (origin == own_domain_) throw PeerRefused(401, "wrong_origin", "This node does not speak with itself.");
  switch (federation_.judge(origin)) {
    case federation::Verdict::kAllowed:
      break;
    case federation::Verdict::kAwaitsApproval:
      // For the operator's list; what it says is not proven, so an address may not name many.
      if (callbacks_.take(rate_key, clock_.monotonic_ms()) == 0) federation_.ensure(origin, nullptr);
      throw PeerRefused(403, "awaits_approval", "The operator has not approved this node yet.", 3600);
    case federation::Verdict::kBlocked:
    case federation::Verdict::kNotListed:
      throw PeerRefused(403, "not_allowed", "The operator does not let this node in.");
  }
  const auto peer = federation_.peer(origin);
  if (!peer || (peer->key.empty() && peer->protocol <= 1)) return;
  log_.write(LogLevel::kWarning, "federation",
             "Something unsigned came in the name of " + origin + ", which signs: it was refused.");
  throw PeerRefused(403, "signature_required",
                    "This node has proven its key before: it must sign what it sends.");
}

federation::Item V1Gate::read(const V1Request& request, std::string& speaker) const {
  if (request.call == V1Call::kReceipt) {
    auto item = federation::v1_receipt_from_json(Json::parse(request.body, limits::kSmallRequest));
    speaker = item.recipient_handle;
    return item;
  }
  auto item = federation::v1_message_from_json(Json::parse(request.body, federation::kTransactionJson),
                                               max_message_size_);
  speaker = item.sender_handle;
  return item;
}

void V1Gate::take(V1Request request, Callback<HandshakeOutcome> done) {
  if (!federation_.accepts_v1()) {
    throw PeerRefused(403, "signature_required", "This node takes signed transactions of protocol 2 only.");
  }
  if (const int wait = per_address_.take(request.rate_key, clock_.monotonic_ms()); wait > 0)
    throw PeerRefused(429, "too_many", "Too many requests within a minute.", wait);
  const auto origin = parse_domain(request.origin);
  if (!origin) throw PeerRefused(401, "wrong_origin", "X-Origin-Node is no domain.");
  request.origin = *origin;
  check_origin(request.origin, request.rate_key);
  const auto taken = std::make_shared<Taken>();
  taken->item = read(request, taken->speaker);
  const auto speaker = Handle::parse(taken->speaker);
  if (!speaker || speaker->domain != request.origin)
    throw PeerRefused(403, "forbidden", "A node speaks for its own users only.");
  if (const auto* message = std::get_if<federation::MessageItem>(&taken->item))
    taken->message_id = message->message.id.value_or("");
  taken->request = std::move(request);
  taken->request.body = std::string();
  taken->done = std::move(done);
  if (is_proven(*taken)) return proven(taken);
  prove(taken);
}

bool V1Gate::is_proven(const Taken& taken) {
  const std::lock_guard lock(mutex_);
  const auto found = proven_.find({taken.request.origin, taken.request.address});
  return found != proven_.end() && found->second > clock_.monotonic_ms();
}

// The certificate is the domain's, and the address is the sender's: whoever does not hold the one cannot come
// from the other.
void V1Gate::prove(const std::shared_ptr<Taken>& taken) {
  if (const int wait = callbacks_.take(taken->request.rate_key, clock_.monotonic_ms()); wait > 0)
    throw PeerRefused(429, "too_many", "Too many requests within a minute.", wait);
  {
    const std::lock_guard lock(mutex_);
    if (asking_ >= kAskingMax) throw PeerRefused(503, "busy", "Too many nodes are looked for at once.", 5);
    ++asking_;
  }
  http_.fetch_v1_document(taken->request.origin, taken->request.address, [this, taken](auto result) {
    {
      const std::lock_guard lock(mutex_);
      --asking_;
      if (std::holds_alternative<federation::V1Node>(result)) {
        const std::int64_t now = clock_.monotonic_ms();
        if (proven_.size() >= kProvenMax)
          std::erase_if(proven_, [now](const auto& one) { return one.second <= now; });
        if (proven_.size() >= kProvenMax) proven_.clear();
        proven_[{taken->request.origin, taken->request.address}] = now + kProvenForMs;
      }
    }
    if (const auto* error = std::get_if<Error>(&result)) {
      log_.write(LogLevel::kInfo, "federation",
                 "Something unsigned in the name of " + taken->request.origin +
                     " was refused, because where it came from is not that node: " + error->what());
      if (error->status() == MYCHAT_E_SIGNATURE)
        return taken->done(refusal(403, "signature_required", "This node can sign: it must."));
      return taken->done(refusal(
          403, "unproven", "The address that this came from does not answer as the node that it names."));
    }
    proven(taken);
  });
}

// Its user must be one, too: an answer by the name, which the certificate vouches for once more.
void V1Gate::proven(const std::shared_ptr<Taken>& taken) {
  if (const int wait = per_origin_.take(taken->request.origin, clock_.monotonic_ms()); wait > 0)
    return taken->done(Failure{429, "Too many requests within a minute.", wait});
  federation_.ensure(taken->request.origin, [this, taken](Result<NodeId> node) {
    if (!node.ok()) return taken->done(node.failure());
    courier_.look_up(taken->speaker, [this, taken, id = node.value()](const Result<wire::KeyResponse>& keys) {
      if (keys.ok()) return deliver(taken, id);
      if (keys.failure().status == 404)
        return taken->done(
            refusal(403, "forbidden", "The node does not know the user that this is said to be of."));
      taken->done(Failure{503, "The keys of the sender cannot be had at the moment.", 30});
    });
  });
}

void V1Gate::deliver(const std::shared_ptr<Taken>& taken, NodeId node) {
  services_.mailbox().receive_v1(
      {node, taken->request.origin}, std::move(taken->item),
      [taken](Result<std::optional<federation::ItemFailure>> result) {
        if (!result.ok()) return taken->done(result.failure());
        if (const auto& failure = result.value())
          return taken->done(refusal(status_of(*failure), failure->code, failure->message));
        if (taken->request.call == V1Call::kReceipt)
          return taken->done(HandshakeOutcome{200, R"({"acknowledged":true})"});
        HandshakeOutcome accepted{202, {}};
        JsonWriter out(accepted.body);
        out.begin_object();
        out.member("status", "accepted");
        out.member("message_id", taken->message_id);
        out.end_object();
        taken->done(std::move(accepted));
      });
}

}  // namespace mychat::server
