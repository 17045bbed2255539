// A libwebsockets context made safe for living in somebody else's process.
//
// libwebsockets 4.1 sets SIGPIPE's disposition and OpenSSL's per-connection index anew, without a lock, each
// time that a context is made with TLS. So contexts are made and destroyed one at a time, the host's
// disposition is put back, and TLS is initialised once; later contexts get TLS through their vhost alone.
#pragma once

#include <libwebsockets.h>

#include <memory>

namespace mychat {

class LwsContext {
 public:
  // `protocols` must outlive the context. `tls` may be null. Throws MYCHAT_E_OUT_OF_MEMORY or
  // MYCHAT_E_INTERNAL.
  LwsContext(const lws_protocols* protocols, void* user, SSL_CTX* tls, unsigned timeout_seconds);
  ~LwsContext();
  LwsContext(const LwsContext&) = delete;
  LwsContext& operator=(const LwsContext&) = delete;

  lws_context* get() const noexcept { return context_; }
  lws_vhost* vhost() const noexcept { return vhost_; }

 private:
  lws_context* context_ = nullptr;
  lws_vhost* vhost_ = nullptr;
};

}  // namespace mychat
