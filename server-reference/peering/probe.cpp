#include "peering/probe.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/encoding.h"
#include "base/error.h"
#include "crypto/random.h"
#include "federation/discovery.h"
#include "peering/handshakes.h"
#include "protocol/json.h"
#include "protocol/json_writer.h"

namespace mychat::server {
namespace {

constexpr std::array<std::string_view, 8> kNames{"connect",    "tls",       "document", "clock",
                                                 "continuity", "handshake", "echo",     "back"};
constexpr std::size_t kStepsMax = 8;
constexpr JsonOptions kAnswerJson{.max_bytes = 256 * 1024, .max_depth = 6, .max_nodes = 64};

ProbeStep step_of_failure(const Error& error) {
  switch (error.status()) {
    case MYCHAT_E_DNS:
    case MYCHAT_E_NETWORK:
    case MYCHAT_E_TIMEOUT:
    case MYCHAT_E_PLAINTEXT_REFUSED:
      return ProbeStep::kConnect;
    case MYCHAT_E_TLS:
      return ProbeStep::kTls;
    case MYCHAT_E_STALE:
      return ProbeStep::kClock;
    default:
      return ProbeStep::kDocument;
  }
}

std::string seconds(std::int64_t ms) { return std::to_string(std::abs(ms) / 1000) + " s"; }

}  // namespace

std::string_view probe_step_name(ProbeStep step) noexcept { return kNames[static_cast<std::size_t>(step)]; }

std::optional<ProbeStep> probe_step_of(std::string_view name) noexcept {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<ProbeStep>(found - kNames.begin());
}

std::string findings_json(const std::vector<ProbeFinding>& findings) {
  std::string json;
  JsonWriter out(json);
  out.begin_object();
  out.key("steps");
  out.begin_array();
  for (const ProbeFinding& finding : findings) {
    out.begin_object();
    out.member("step", probe_step_name(finding.step));
    out.member("ok", finding.ok);
    out.member("message", finding.message);
    out.end_object();
  }
  out.end_array();
  out.end_object();
  return json;
}

std::vector<ProbeFinding> findings_from_json(std::string_view text) {
  const Json json = Json::parse(text, kAnswerJson);
  const JsonView list = json->array("steps");
  if (list.size() == 0 || list.size() > kStepsMax) list.fail("is not a list of 1 to 8 steps");
  std::vector<ProbeFinding> findings;
  for (const JsonView one : list) {
    const auto step = probe_step_of(one.string("step"));
    if (!step) one.at("step").fail("is no step that is known");
    findings.push_back({.step = *step,
                        .ok = one.at("ok").as_bool(),
                        .message = plain_line(one.string("message")),
                        .theirs = std::nullopt,
                        .status = 0});
  }
  return findings;
}

Probe::Probe(PeerHttp& http, Federation& federation, std::string domain, bool whole, Done done,
             const Clock& clock)
    : http_(http),
      federation_(federation),
      domain_(std::move(domain)),
      whole_(whole),
      done_(std::move(done)),
      clock_(clock) {}

void Probe::run(PeerHttp& http, Federation& federation, const std::string& domain, bool whole, Done done,
                const Clock& clock) {
  const std::shared_ptr<Probe> probe(new Probe(http, federation, domain, whole, std::move(done), clock));
  http.fetch_document(domain, [probe](auto result) { probe->fetched(std::move(result)); });
}

void Probe::good(ProbeStep step, std::string message) {
  findings_.push_back({.step = step, .ok = true, .message = std::move(message), .theirs = {}, .status = 0});
}

void Probe::bad(ProbeStep step, std::string message, int status) {
  findings_.push_back(
      {.step = step, .ok = false, .message = std::move(message), .theirs = {}, .status = status});
  end();
}

void Probe::end() { std::exchange(done_, nullptr)(std::move(findings_)); }

void Probe::fetched(std::variant<FetchedDocument, Error> result) {
  if (const auto* error = std::get_if<Error>(&result)) {
    const ProbeStep failed = step_of_failure(*error);
    if (failed > ProbeStep::kConnect) good(ProbeStep::kConnect, domain_ + " is reached.");
    if (failed > ProbeStep::kTls) good(ProbeStep::kTls, "Its certificate is valid.");
    if (error->status() == MYCHAT_E_UNSUPPORTED) return of_protocol_1(*error);
    return bad(failed, error->what(), error->detail());
  }
  document_ = std::get<FetchedDocument>(std::move(result));
  const federation::NodeDocument& content = document_.document.content;
  good(ProbeStep::kConnect, domain_ + " is reached.");
  const bool tls = content.api_url.starts_with("https://");
  good(ProbeStep::kTls, tls ? "Its certificate is valid." : "It is reached over http, for development only.");
  good(ProbeStep::kDocument, "Its document is number " + std::to_string(content.sequence) + ", of the key " +
                                 federation::node_key_id(content.key) + ".");
  clock_ahead_ms_ = document_.clock_ahead_ms;
  if (std::abs(clock_ahead_ms_) > federation::kLeastClockAheadMs) {
    // Nodes allow for it, so the walk goes on.
    findings_.push_back({.step = ProbeStep::kClock,
                         .ok = false,
                         .message = "Its clock is " + seconds(clock_ahead_ms_) +
                                    (clock_ahead_ms_ > 0 ? " ahead of" : " behind") + " this node's.",
                         .theirs = {},
                         .status = 0});
  } else {
    good(ProbeStep::kClock, "Both clocks say the same.");
  }
  try {
    const auto peer = federation_.peer(domain_);
    if (peer && peer->standing == PeerStanding::kKeyChanged)
      return bad(ProbeStep::kContinuity, domain_ + " has shown another key than before.");
    federation::check_continuity(peer ? pinned_node(*peer) : std::nullopt, document_.document);
    good(ProbeStep::kContinuity,
         peer && !peer->key.empty() ? "It is the node that it was before." : "It was not known before.");
  } catch (const Error& error) {
    return bad(ProbeStep::kContinuity, error.what());
  }
  whole_ ? greet() : echo();
}

void Probe::of_protocol_1(const Error& error) {
  const auto peer = federation_.peer(domain_);
  if (peer && !peer->key.empty()) {
    return bad(ProbeStep::kContinuity,
               domain_ + " has proven its key before, and now shows a document of protocol 1 without one.");
  }
  if (!federation_.accepts_v1()) return bad(ProbeStep::kDocument, error.what(), kProtocol1Status);
  good(ProbeStep::kDocument,
       domain_ +
           " is a node of protocol 1: nothing of it is signed, and this node takes it so (FEDERATION_V1).");
  end();
}

PeerCall Probe::call(const char* path, std::string body) const {
  return {.method = "POST",
          .url = document_.document.content.api_url + path,
          .destination = domain_,
          .body = std::move(body),
          .clock_ahead_ms = clock_ahead_ms_,
          .answer_key = document_.document.content.key};
}

void Probe::post(ProbeStep step, PeerCall call, std::function<void(const PeerAnswer&)> next) {
  http_.call(std::move(call), [self = shared_from_this(), step, next = std::move(next)](auto result) {
    if (const auto* error = std::get_if<Error>(&result)) return self->bad(step, error->what());
    const auto& answer = std::get<PeerAnswer>(result);
    if (answer.status != 200) {
      return self->bad(step,
                       self->domain_ + " answered " + std::to_string(answer.status) +
                           (answer.detail.empty() ? "." : ": " + answer.detail),
                       answer.status);
    }
    try {
      next(answer);
    } catch (const std::exception& error) {
      self->bad(step, error.what());
    }
  });
}

void Probe::greet() {
  const auto own = federation_.identity();
  if (!own) return bad(ProbeStep::kHandshake, "This node has no key yet.");
  handshake_.emplace(own_side(*own), own->key, domain_, clock_.now_ms());
  post(ProbeStep::kHandshake, call("/handshake", statement_body("hello", handshake_->hello())),
       [self = shared_from_this()](const PeerAnswer& answer) { self->confirm(answer); });
}

void Probe::confirm(const PeerAnswer& welcome) {
  const auto peer = federation_.peer(domain_);
  const Json json = Json::parse(welcome.body, kAnswerJson);
  const auto result =
      handshake_->finish(federation::Statement::from_json(json->object("welcome")),
                         document_.document.content, peer ? peer->protocol : 0, clock_.now_ms());
  agreement_ = result.agreement;
  if (std::abs(agreement_.clock_ahead_ms) <= federation::kLeastClockAheadMs) agreement_.clock_ahead_ms = 0;
  post(ProbeStep::kHandshake, call("/handshake", statement_body("confirm", result.confirm)),
       [self = shared_from_this()](const PeerAnswer&) { self->keep(); });
}

// So that what it says from now on is taken.
void Probe::keep() {
  const auto peer = federation_.peer(domain_);
  federation::PinnedNode pinned =
      federation::pin(peer ? pinned_node(*peer) : std::nullopt, document_.document);
  pinned.protocol = agreement_.protocol;
  federation_.pin(pinned, document_.document.content.api_url, agreement_,
                  [self = shared_from_this()](Result<NodeId> result) {
                    if (!result.ok()) return self->bad(ProbeStep::kHandshake, result.failure().detail);
                    self->good(ProbeStep::kHandshake,
                               "Both agreed on protocol " + std::to_string(self->agreement_.protocol) + ".");
                    self->echo();
                  });
}

void Probe::echo() {
  const auto& capabilities = document_.document.content.capabilities;
  if (std::find(capabilities.begin(), capabilities.end(), "echo") == capabilities.end()) {
    good(ProbeStep::kEcho, "It is too old to answer an echo, so that is not tried.");
    return end();
  }
  const std::string sent = base64url_encode(random_array<16>());
  std::string body;
  JsonWriter out(body);
  out.begin_object();
  out.member("echo", sent);
  out.end_object();
  post(ProbeStep::kEcho, call("/echo", std::move(body)),
       [self = shared_from_this(), sent](const PeerAnswer& answer) { self->echoed(answer, sent); });
}

void Probe::echoed(const PeerAnswer& answer, const std::string& sent) {
  if (Json::parse(answer.body, kAnswerJson)->string("echo") != sent)
    return bad(ProbeStep::kEcho, domain_ + " answered something else than it was sent.");
  good(ProbeStep::kEcho, "A signed request was answered with a signed echo.");
  whole_ ? ask_back() : end();
}

void Probe::ask_back() {
  PeerCall request = call("/reach", "{}");
  request.timeout = std::chrono::milliseconds(60'000);
  post(ProbeStep::kBack, std::move(request),
       [self = shared_from_this()](const PeerAnswer& answer) { self->told(answer); });
}

void Probe::told(const PeerAnswer& answer) {
  const auto theirs = findings_from_json(answer.body);
  const ProbeFinding& last = theirs.back();
  if (last.ok) {
    good(ProbeStep::kBack, domain_ + " reaches this node as well.");
    return end();
  }
  findings_.push_back({.step = ProbeStep::kBack,
                       .ok = false,
                       .message = domain_ + " does not get through to this node. It says: " + last.message,
                       .theirs = last.step,
                       .status = 0});
  end();
}

}  // namespace mychat::server
