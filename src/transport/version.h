#pragma once

namespace mychat {

// Of the libraries that run; never null.
struct TransportVersions {
  const char* curl;        // "7.88.1"
  const char* curl_tls;    // The TLS library that libcurl itself uses: "OpenSSL/3.0.16".
  const char* curl_zlib;   // "1.2.13"
  const char* websockets;  // "4.1.6", perhaps followed by "-" and a revision.
};
TransportVersions transport_versions() noexcept;

}  // namespace mychat
