#include "transport/lws_context.h"

#include <csignal>
#include <mutex>

#include "base/error.h"

namespace mychat {
namespace {

constexpr unsigned kDescriptors = 8;  // One connection, the wake-up pipe, and a little room.
constexpr unsigned kServiceBuffer = 16 * 1024;
constexpr unsigned short kMaxAnswerHeaderBytes = 8 * 1024;
constexpr lws_retry_bo_t kNoValidityCheck{};  // We ping on our own clock.

std::mutex& contexts_mutex() {
  static std::mutex mutex;
  return mutex;
}

class KeepSigpipe {
 public:
  KeepSigpipe() { sigaction(SIGPIPE, nullptr, &before_); }
  ~KeepSigpipe() { sigaction(SIGPIPE, &before_, nullptr); }
  KeepSigpipe(const KeepSigpipe&) = delete;
  KeepSigpipe& operator=(const KeepSigpipe&) = delete;

 private:
  struct sigaction before_ {};
};

int ignore(lws*, lws_callback_reasons, void*, void*, std::size_t) { return 0; }

// With contexts_mutex() held.
void initialise_once() {
  static bool initialised = false;
  if (initialised) return;
  lws_set_log_level(0, nullptr);
  static const lws_protocols kNone[] = {{"none", ignore, 0, 0, 0, nullptr, 0},
                                        {nullptr, nullptr, 0, 0, 0, nullptr, 0}};
  lws_context_creation_info info{};
  info.port = CONTEXT_PORT_NO_LISTEN;
  info.protocols = kNone;
  info.uid = static_cast<decltype(info.uid)>(-1);
  info.gid = static_cast<decltype(info.gid)>(-1);
  info.fd_limit_per_thread = kDescriptors;
  info.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | LWS_SERVER_OPTION_EXPLICIT_VHOSTS;
  lws_context* const context = lws_create_context(&info);
  if (context == nullptr) throw std::bad_alloc();
  lws_context_destroy(context);
  initialised = true;
}

}  // namespace

LwsContext::LwsContext(const lws_protocols* protocols, void* user, SSL_CTX* tls, unsigned timeout_seconds) {
  lws_context_creation_info info{};
  info.port = CONTEXT_PORT_NO_LISTEN;
  info.protocols = protocols;
  info.user = user;
  info.uid = static_cast<decltype(info.uid)>(-1);
  info.gid = static_cast<decltype(info.gid)>(-1);
  info.fd_limit_per_thread = kDescriptors;
  info.pt_serv_buf_size = kServiceBuffer;
  info.max_http_header_data = kMaxAnswerHeaderBytes;
  info.timeout_secs = timeout_seconds;
  info.connect_timeout_secs = timeout_seconds;
  info.retry_and_idle_policy = &kNoValidityCheck;
  info.vhost_name = "mychat";
  info.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS;

  const std::lock_guard lock(contexts_mutex());
  const KeepSigpipe keep;
  initialise_once();
  context_ = lws_create_context(&info);
  if (context_ == nullptr) throw std::bad_alloc();
  if (tls != nullptr) {
    info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    info.provided_client_ssl_ctx = tls;
  }
  vhost_ = lws_create_vhost(context_, &info);
  if (vhost_ == nullptr) {
    lws_context_destroy(context_);
    throw Error(MYCHAT_E_INTERNAL, MYCHAT_DOMAIN_NETWORK, "libwebsockets could not be set up.");
  }
}

LwsContext::~LwsContext() {
  const std::lock_guard lock(contexts_mutex());
  const KeepSigpipe keep;
  lws_context_destroy(context_);
}

}  // namespace mychat
