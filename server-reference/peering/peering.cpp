#include "peering/peering.h"

#include <utility>

#include "peering/probe.h"

namespace mychat::server {
namespace {

// Each makes this node ask the other one twice.
constexpr RateLimit kReaches{6, 60'000};
constexpr int kReachingMax = 16;

}  // namespace

Peering::Peering(Services& services, PeeringOptions options, std::string own_domain, const Log& log,
                 const Clock& clock)
    : federation_(services.federation()),
      http_(std::move(options.http), federation_, clock),
      gate_(federation_, own_domain, clock, options.nonces, options.requests_per_minute),
      handshakes_(federation_, http_, gate_, log, clock),
      courier_(services, http_, options.courier, log, clock),
      v1_(services, http_, courier_, std::move(own_domain), options.max_message_size, log, clock),
      clock_(clock),
      reaches_(kReaches) {
  handshakes_.on_established = [this](const std::string& domain) { courier_.established(domain); };
}

Peering::~Peering() { stop(); }

void Peering::prepare() {
  federation_.issue_identity();
  federation_.load_rules();
  gate_.remember_before();
  federation_.report_audit();
}

void Peering::reach(const std::string& domain, Callback<std::string> done) {
  if (const int wait = reaches_.take(domain, clock_.monotonic_ms()); wait > 0)
    throw PeerRefused(429, "too_many", "Too many questions within a minute.", wait);
  if (++reaching_ > kReachingMax) {
    --reaching_;
    throw PeerRefused(503, "busy", "Too many nodes ask that at once.", 10);
  }
  Probe::run(
      http_, federation_, domain, false,
      [this, done = std::move(done)](const std::vector<ProbeFinding>& findings) {
        --reaching_;
        done(findings_json(findings));
      },
      clock_);
}

std::shared_ptr<void> Peering::begin_transaction(NodeId node) {
  const std::lock_guard lock(under_way_->mutex);
  if (!under_way_->nodes.insert(node).second) return nullptr;
  return {static_cast<void*>(under_way_.get()), [kept = under_way_, node](void*) {
            const std::lock_guard ending(kept->mutex);
            kept->nodes.erase(node);
          }};
}

PeeringStats Peering::stats() { return {federation_.totals(), courier_.stats(), gate_.stats()}; }

void Peering::start() { courier_.start(); }

void Peering::stop() { courier_.stop(); }

}  // namespace mychat::server
