// The one place of this folder that touches OpenSSL: whom to trust, pins, and the words for what failed.
//
// libcurl and libwebsockets must be linked with the same OpenSSL as this library, as all of Debian's are.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "crypto/hash.h"
#include "transport/options.h"
#include "transport/url.h"

struct ssl_ctx_st;
struct ssl_st;

namespace mychat {

// "sha256//" and base64 of 32 bytes, or MYCHAT_E_INVALID_ARGUMENT.
Sha256Digest parse_pin(const std::string& pin);

// The PEM text of the options' own authorities, each certificate checked to parse; empty when the system's
// are meant.
std::string load_authorities(const TransportOptions& options);

// "certificate has expired": OpenSSL's words for an X509_V_ERR_ value.
std::string verify_error_text(long code);

// A TLS client context for one WebSocket connection. It sets the name to verify and to ask for (SNI) itself,
// because libwebsockets cuts the Host header at the first colon for that, which leaves nothing of an IPv6
// address; and it brings its own authorities, because libwebsockets adds those of ../share, wherever the host
// happens to run.
class TlsContext {
 public:
  TlsContext(const TransportOptions& options, const Url& url);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  ssl_ctx_st* native() const noexcept { return context_.get(); }

  // Called for each certificate of the chain during the handshake, with an X509_STORE_CTX: checks the pin at
  // the leaf. False refuses the certificate.
  bool accept_certificate(void* store_context, bool verified);

  bool handshake_begun() const noexcept { return begun_; }
  // The handshake is complete, and chain, name, time and pin were right.
  bool trusted() const noexcept { return done_ && leaf_accepted_; }
  // What was wrong, as the end of a sentence; empty when OpenSSL gave no reason.
  const std::string& failure() const noexcept { return failure_; }

 private:
  struct Free {
    void operator()(ssl_ctx_st* context) const noexcept;
  };
  static void on_info(const ssl_st* ssl, int where, int value);
  void bind_name(ssl_st* ssl);
  void trust(const TransportOptions& options);
  void trust_system();

  Url url_;
  std::vector<Sha256Digest> pins_;
  std::unique_ptr<ssl_ctx_st, Free> context_;
  bool begun_ = false;
  bool name_bound_ = false;
  bool leaf_accepted_ = false;
  bool done_ = false;
  std::string failure_;
};

}  // namespace mychat
