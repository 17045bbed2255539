#include "peering/peering.h"

#include <utility>

namespace mychat::server {

Peering::Peering(Services& services, PeeringOptions options, std::string own_domain, const Log& log,
                 const Clock& clock)
    : federation_(services.federation()),
      http_(std::move(options.http), federation_, clock),
      gate_(federation_, std::move(own_domain), clock, options.nonces),
      handshakes_(federation_, http_, gate_, log, clock),
      courier_(services, http_, options.courier, log, clock) {
  handshakes_.on_established = [this](const std::string& domain) { courier_.established(domain); };
}

Peering::~Peering() { stop(); }

void Peering::prepare() {
  federation_.issue_identity();
  federation_.load_rules();
  federation_.report_audit();
}

void Peering::start() { courier_.start(); }

void Peering::stop() { courier_.stop(); }

}  // namespace mychat::server
