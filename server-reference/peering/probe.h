// Walks the way to another node step by step and says how far it gets, for `mychat-server doctor DOMAIN` and
// for nodes that ask whether this one can reach them.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "federation/continuity.h"
#include "federation/handshake.h"
#include "peering/peer_http.h"
#include "services/federation.h"

namespace mychat::server {

enum class ProbeStep {
  kConnect,     // An address, and a connection to it.
  kTls,         // Its certificate.
  kDocument,    // /.well-known/mychat-node
  kClock,       // The difference of the clocks.
  kContinuity,  // What it shows follows from what was seen before.
  kHandshake,
  kEcho,  // A signed request, and its signed answer.
  kBack,  // The other node reaches this one in the same way.
};
std::string_view probe_step_name(ProbeStep step) noexcept;
std::optional<ProbeStep> probe_step_of(std::string_view name) noexcept;

// `status` of a node that has no document of protocol 2.
inline constexpr int kProtocol1Status = 501;

struct ProbeFinding {
  ProbeStep step = ProbeStep::kConnect;
  bool ok = true;
  std::string message;
  // Of kBack: the step of the other node's own walk that failed; nothing when that is not known.
  std::optional<ProbeStep> theirs;
  int status = 0;  // Of a refusal: what the other node answered, 0 when it did not.
};

// {"steps": [{"step", "ok", "message"}]}: what a node answers that was asked to reach another.
std::string findings_json(const std::vector<ProbeFinding>& findings);
std::vector<ProbeFinding> findings_from_json(std::string_view json);  // Throws MYCHAT_E_MALFORMED.

class Probe : public std::enable_shared_from_this<Probe> {
 public:
  // Every step up to the first that nothing goes on from: the last one is good when all went well. A
  // difference of the clocks is found fault with, but ends nothing. On any thread, once.
  using Done = std::function<void(std::vector<ProbeFinding>)>;

  // `whole`: with a handshake, and the other node is asked to reach this one. Else what needs no handshake:
  // both sides have had one.
  static void run(PeerHttp& http, Federation& federation, const std::string& domain, bool whole, Done done,
                  const Clock& clock = Clock::system());

 private:
  Probe(PeerHttp& http, Federation& federation, std::string domain, bool whole, Done done,
        const Clock& clock);
  void of_protocol_1(const Error& error);
  void fetched(std::variant<FetchedDocument, Error> result);
  void greet();
  void confirm(const PeerAnswer& welcome);
  void keep();
  void echo();
  void echoed(const PeerAnswer& answer, const std::string& sent);
  void ask_back();
  void told(const PeerAnswer& answer);

  PeerCall call(const char* path, std::string body) const;
  // Runs `next` with a good answer; anything else ends the walk at that step.
  void post(ProbeStep step, PeerCall call, std::function<void(const PeerAnswer&)> next);
  void good(ProbeStep step, std::string message);
  void bad(ProbeStep step, std::string message, int status = 0);
  void end();

  PeerHttp& http_;
  Federation& federation_;
  const std::string domain_;
  const bool whole_;
  Done done_;
  const Clock& clock_;
  std::vector<ProbeFinding> findings_;
  FetchedDocument document_;
  std::int64_t clock_ahead_ms_ = 0;
  std::optional<federation::HandshakeInitiator> handshake_;
  federation::Agreement agreement_;
};

}  // namespace mychat::server
