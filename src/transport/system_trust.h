// Where a machine keeps the certificate authorities that it trusts. An OpenSSL and a libcurl of the system
// know; those that are a part of this library know only the machine that they were built on, so they are
// told.
#pragma once

#include <string>

namespace mychat {

#ifdef MYCHAT_STATIC_DEPS
inline constexpr bool kSearchSystemTrust = true;
#else
inline constexpr bool kSearchSystemTrust = false;
#endif

struct SystemTrust {
  std::string file;  // PEM; may be empty.
  std::string
      directories;  // Of certificates by hash, as OpenSSL reads them, with colons between; may be empty.
};

// What SSL_CERT_FILE and SSL_CERT_DIR name (not in set-uid programs) and nothing beside it; else the first
// that exists of where Linux distributions, the BSDs and macOS keep them. `root` stands before every path
// that is searched. Throws MYCHAT_E_TLS when nothing is found, or what SSL_CERT_FILE names cannot be read.
SystemTrust find_system_trust(const std::string& root = {});

}  // namespace mychat
