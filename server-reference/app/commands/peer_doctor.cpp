// `mychat-server doctor DOMAIN`: from name to signed echo, both ways; what is found first is what to mend.
#include <netdb.h>
#include <sys/socket.h>

#include <future>
#include <memory>

#include "app/commands/doctor.h"
#include "app/commands/operator_session.h"
#include "app/runtime/node.h"
#include "base/error.h"
#include "peering/probe.h"
#include "protocol/handle.h"

namespace mychat::server {

namespace {

class PeerDoctor {
 public:
  PeerDoctor(const Config& config, const std::string& name)
      : config_(config), session_(config), name_(name), federation_(session_.services().federation()) {}

  std::vector<Finding> examine() {
    if (check_own() && check_rules() && check_name()) walk();
    return std::move(findings_);
  }

 private:
  bool ok(const char* check, std::string message) {
    findings_.push_back({Severity::kOk, check, std::move(message), {}});
    return true;
  }
  bool bad(const std::string& check, std::string message, std::string remedy) {
    findings_.push_back({Severity::kError, check, std::move(message), std::move(remedy)});
    return false;
  }

  bool check_own() {
    if (!config_.federation_enabled)
      return bad("own", "This node does not federate.", "Set FEDERATION_ENABLED=true and restart it.");
    federation_.load_rules();
    federation_.load_identity();
    if (!federation_.identity())
      return bad("own", "This node has no key yet.", "Start it: it makes one when it first federates.");
    return ok("own", "This node is " + config_.domain + ", with the key " +
                         federation::node_key_id(federation_.identity()->document.key) + ".");
  }

  bool check_rules() {
    const auto domain = parse_domain(name_);
    if (!domain) return bad("rules", "'" + name_ + "' is no domain.", "Give the part after @ of a handle.");
    domain_ = *domain;
    if (domain_ == config_.domain)
      return bad("rules", domain_ + " is this node.", "Give the domain of another one.");
    switch (federation_.judge(domain_)) {
      case federation::Verdict::kAllowed:
        return ok("rules", "This node may speak with " + domain_ + ".");
      case federation::Verdict::kBlocked:
        return bad("rules", "A rule of this node blocks " + domain_ + ".",
                   "See 'mychat-server federation list'; 'federation forget PATTERN' removes the rule.");
      case federation::Verdict::kNotListed:
        return bad("rules", domain_ + " is not on this node's list (FEDERATION_MODE=allow-list).",
                   "mychat-server federation allow " + domain_);
      case federation::Verdict::kAwaitsApproval:
        return bad("rules", domain_ + " is not approved (FEDERATION_MODE=approval).",
                   "mychat-server federation approve " + domain_);
    }
    return false;
  }

  bool check_name() {
    const std::string host = domain_.substr(0, domain_.find(':'));
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    const int code = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(list, &::freeaddrinfo);
    if (code != 0) {
      return bad(
          "dns", host + " does not resolve: " + ::gai_strerror(code) + ".",
          "Check the spelling and this machine's resolver; else its operator must publish an A or AAAA "
          "record.");
    }
    std::size_t usable = 0;
    std::size_t all = 0;
    std::string kind;
    const federation::AddressRules rules{config_.federation_allow_private};
    for (const addrinfo* one = list; one != nullptr; one = one->ai_next) {
      const auto ip = federation::IpAddress::from(one->ai_addr);
      ++all;
      if (ip && rules.allows(*ip)) ++usable;
      if (ip && !rules.allows(*ip)) kind = federation::address_kind_name(federation::classify(*ip));
    }
    if (usable == 0) {
      return bad(
          "dns", host + " has only addresses that are never asked (" + kind + ").",
          "Its operator must publish a public address; this machine's hosts file or resolver may also say "
          "something of its own.");
    }
    return ok("dns", host + " has " + std::to_string(all) + (all == 1 ? " address." : " addresses."));
  }

  void walk() {
    std::promise<std::vector<ProbeFinding>> promise;
    PeerHttp http(peer_http_options(config_), federation_);
    Probe::run(http, federation_, domain_, true,
               [&promise](std::vector<ProbeFinding> found) { promise.set_value(std::move(found)); });
    const auto found = promise.get_future().get();
    for (const ProbeFinding& one : found) {
      const std::string check(probe_step_name(one.step));
      if (one.ok) {
        ok(check.c_str(), one.message);
      } else if (one.step == ProbeStep::kClock && &one != &found.back()) {
        findings_.push_back({Severity::kWarning, check, one.message, remedy_of(one)});
      } else {
        bad(check, one.message, remedy_of(one));
      }
    }
    // It could not fetch this node's document, and does not say why to somebody unproven: this node tries
    // itself.
    if (!found.back().ok && found.back().step == ProbeStep::kHandshake && found.back().status == 502)
      look_at_self(http);
  }

  void look_at_self(PeerHttp& http) {
    std::promise<std::variant<FetchedDocument, Error>> promise;
    http.fetch_document(config_.domain, [&promise](auto result) { promise.set_value(std::move(result)); });
    const auto result = promise.get_future().get();
    if (const auto* error = std::get_if<Error>(&result)) {
      bad("self", std::string("This node does not reach itself under its own name either: ") + error->what(),
          "Is it running, and does the proxy pass /.well-known/mychat-node and /api/federation on to it? "
          "Behind "
          "a router, this may also fail from inside only.");
      return;
    }
    const auto& document = std::get<FetchedDocument>(result).document.content;
    if (document.key != federation_.identity()->document.key) {
      bad("self", config_.domain + " shows another key than this data directory holds.",
          "Another node answers under this name: check DNS, the proxy and DATA_DIR.");
      return;
    }
    ok("self", "From this machine, this node is reached under its own name.");
  }

  std::string remedy_of(const ProbeFinding& found) const {
    if (found.step == ProbeStep::kBack && found.theirs) return remedy_of_their_step(*found.theirs);
    switch (found.step) {
      case ProbeStep::kConnect:
        return "Is its node running, and does a firewall between let port 443 through?";
      case ProbeStep::kTls:
        return "Its operator must mend the certificate or TLS version; for an authority of your own, set "
               "FEDERATION_CA_FILE.";
      case ProbeStep::kDocument:
        if (found.status == kProtocol1Status) {
          return "Its operator should update it. FEDERATION_V1=verified-tls takes it as it is: read section "
                 "9 of "
                 "the operator guide first.";
        }
        return "https://" + domain_ +
               "/.well-known/mychat-node must answer 200 itself, without a redirect, with "
               "the node's document: its operator must look at the proxy and at FEDERATION_ENABLED.";
      case ProbeStep::kClock:
        return "See which of both clocks is wrong, and set it: timedatectl set-ntp true.";
      case ProbeStep::kContinuity:
        return "Ask its operator whether the key is theirs ('federation show' there, 'federation show " +
               domain_ + "' here); then: mychat-server federation approve " + domain_;
      case ProbeStep::kHandshake:
        return remedy_of_refusal(found.status);
      case ProbeStep::kEcho:
        return "A proxy may change requests or answers under /api/federation: they must pass as they are.";
      case ProbeStep::kBack:
        return "Its node may be busy; try again in a minute.";
    }
    return {};
  }

  std::string remedy_of_refusal(int status) const {
    switch (status) {
      case 403:
        return "Its operator does not let this node in, or must approve it ('federation approve " +
               config_.domain + "' there).";
      case 404:
        return "Its operator must switch federation on, or let the proxy pass /api/federation.";
      case 401:
        return "It does not take this node's signature: a proxy that changes the address or the body, or a "
               "wrong "
               "clock.";
      case 429:
        return "Too many handshakes: try again in a minute.";
      case 502:
        return "It cannot fetch https://" + config_.domain +
               "/.well-known/mychat-node: that must be reachable from outside, with a certificate that is "
               "valid.";
      default:
        return "See the log of its node.";
    }
  }

  std::string remedy_of_their_step(ProbeStep step) const {
    switch (step) {
      case ProbeStep::kConnect:
        return "Is this node reachable from outside under " + config_.domain +
               "? Check DNS, firewall and proxy.";
      case ProbeStep::kTls:
        return "Mend the certificate that " + config_.domain +
               " shows to the outside (whole chain, right name).";
      case ProbeStep::kClock:
        return "Set this node's clock: timedatectl set-ntp true.";
      case ProbeStep::kContinuity:
        return "Its operator must approve this node's key: 'federation approve " + config_.domain +
               "' there.";
      case ProbeStep::kDocument:
        return "The proxy must pass /.well-known/mychat-node on to this node, unchanged.";
      default:
        return "The proxy must pass /api/federation on to this node, unchanged, and this node must be "
               "running.";
    }
  }

  const Config& config_;
  OperatorSession session_;
  const std::string name_;
  Federation& federation_;
  std::string domain_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> examine_peer(const Config& config, const std::string& domain) {
  return PeerDoctor(config, domain).examine();
}

}  // namespace mychat::server
