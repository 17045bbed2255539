#include "api.h"

#include <cstdio>

namespace cli {

ApiError::ApiError(mychat_status status, mychat_error_domain domain, const std::string& message, int detail,
                   bool retryable)
    : std::runtime_error(message) {
  error_.status = status;
  error_.domain = domain;
  error_.detail = detail;
  error_.retryable = retryable ? 1 : 0;
  std::snprintf(error_.message, sizeof error_.message, "%s", message.c_str());
}

ExitCode exit_code(mychat_status status) {
  switch (status) {
    case MYCHAT_OK:
      return kOk;
    case MYCHAT_E_INVALID_ARGUMENT:
      return kUsage;
    case MYCHAT_E_NOT_FOUND:
      return kNotFound;
    case MYCHAT_E_UNAUTHORIZED:
    case MYCHAT_E_FORBIDDEN:
    case MYCHAT_E_REGISTRATION_CLOSED:
    case MYCHAT_E_WRONG_PASSWORD:
      return kAuth;
    case MYCHAT_E_TIMEOUT:
    case MYCHAT_E_NETWORK:
    case MYCHAT_E_DNS:
    case MYCHAT_E_TLS:
    case MYCHAT_E_PLAINTEXT_REFUSED:
    case MYCHAT_E_PROTOCOL:
    case MYCHAT_E_RATE_LIMITED:
    case MYCHAT_E_NODE:
      return kNetwork;
    case MYCHAT_E_CRYPTO:
    case MYCHAT_E_DECRYPT:
    case MYCHAT_E_KEY_MISMATCH:
    case MYCHAT_E_SIGNATURE:
    case MYCHAT_E_KEY_CHANGED:
    case MYCHAT_E_NO_KEY_MATERIAL:
    case MYCHAT_E_POLICY:
    case MYCHAT_E_NO_IDENTITY:
    case MYCHAT_E_STALE:
    case MYCHAT_E_REPLAY:
    case MYCHAT_E_DOWNGRADE:
      return kKeys;
    case MYCHAT_E_STORE:
    case MYCHAT_E_STORE_HELD:
    case MYCHAT_E_STORE_KEY:
    case MYCHAT_E_STORE_CORRUPT:
    case MYCHAT_E_STORE_TOO_NEW:
    case MYCHAT_E_IO:
      return kStore;
    default:
      return kGeneral;
  }
}

const char* domain_name(mychat_error_domain domain) {
  switch (domain) {
    case MYCHAT_DOMAIN_API:
      return "api";
    case MYCHAT_DOMAIN_CRYPTO:
      return "crypto";
    case MYCHAT_DOMAIN_KEYS:
      return "keys";
    case MYCHAT_DOMAIN_E2EE:
      return "e2ee";
    case MYCHAT_DOMAIN_STORE:
      return "store";
    case MYCHAT_DOMAIN_SYSTEM:
      return "system";
    case MYCHAT_DOMAIN_NETWORK:
      return "network";
    case MYCHAT_DOMAIN_NODE:
      return "node";
    case MYCHAT_DOMAIN_PROTOCOL:
      return "protocol";
    case MYCHAT_DOMAIN_FEDERATION:
      return "federation";
    default:
      return "none";
  }
}

}  // namespace cli
