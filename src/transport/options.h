// What HTTP and WebSocket connections have in common: whom to trust, how long to wait, who we say we are.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

struct sockaddr;

namespace mychat {

class Log;

// Why an address must not be connected to, as the end of a sentence ("is loopback"); empty: it may.
using AddressFilter = std::function<std::string(const sockaddr* address)>;

struct TransportOptions {
  // Certificate authorities, PEM. Where either is set they replace the system's, otherwise the system's are
  // used.
  std::string ca_file;
  std::string ca_pem;
  // Beside a valid certificate, the server's public key must be one of these: "sha256//" and the base64 of
  // the SHA-256 of its SubjectPublicKeyInfo (curl's notation). Empty: no pin.
  std::vector<std::string> pins;

  bool allow_plaintext = false;  // http and ws to other machines.
  // Asked about every address that an HTTP request is about to connect to, after the name was resolved. On
  // the client's thread; must not throw. Not asked of a proxy's.
  AddressFilter address_filter;
  bool proxy_from_environment = false;  // http_proxy, https_proxy, no_proxy: for HTTP only.

  std::chrono::milliseconds connect_timeout{10'000};  // Name, TCP and TLS together.
  std::chrono::milliseconds request_timeout{30'000};  // A whole HTTP request, unless it says otherwise.
  // An HTTP transfer slower than this many bytes a second for that long is given up. 0 turns it off.
  std::size_t low_speed_bytes = 16;
  std::chrono::seconds low_speed_time{20};

  std::string user_agent = "mychat/0.1.0";
  std::shared_ptr<const Log> log;  // May be null.
};

// Throws MYCHAT_E_INVALID_ARGUMENT (a pin that is none, a time that is not positive, bytes that cannot be in
// a header) or MYCHAT_E_IO (the CA file cannot be read).
void check_options(const TransportOptions& options);

}  // namespace mychat
