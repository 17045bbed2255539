// What an operator wants to know of a certificate before clients complain.
#pragma once

#include <cstdint>
#include <string>

#include "front/front_server.h"

namespace mychat::server {

struct CertificateFacts {
  std::int64_t not_before = 0, not_after = 0;  // Unix seconds.
  bool matches_host = false;                   // One of its names is the node's host name.
};

// Loads certificate and key as the front does: throws Error (MYCHAT_E_TLS, MYCHAT_E_IO) when they do not load
// or do not belong together.
CertificateFacts inspect_certificate(const TlsConfig& config, const std::string& host);

}  // namespace mychat::server
