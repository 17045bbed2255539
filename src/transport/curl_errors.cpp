#include "transport/curl_errors.h"

#include <curl/curl.h>

#include <algorithm>

#include "transport/tls.h"

namespace mychat {
namespace {

constexpr long kVerifyOk = 0;           // X509_V_OK
constexpr long kVerifyUnspecified = 1;  // X509_V_ERR_UNSPECIFIED

Error make(mychat_status status, const CurlFailure& failure, const std::string& message, bool retryable) {
  return Error(status, MYCHAT_DOMAIN_NETWORK, message, failure.code, retryable);
}

Error timeout_error(const CurlFailure& failure) {
  const std::string& host = failure.host;
  if (!failure.connected) {
    const auto waited = std::min(failure.connect_timeout, failure.timeout);
    return make(MYCHAT_E_TIMEOUT, failure,
                "No connection to " + host + " within " + std::to_string(waited.count()) + " ms.", true);
  }
  // curl's clock and ours may differ by a little; a transfer that was merely slow ends well before its
  // time-out.
  if (failure.elapsed + std::chrono::milliseconds(20) < failure.timeout) {
    return make(MYCHAT_E_TIMEOUT, failure, "The transfer from " + host + " was too slow.", true);
  }
  return make(MYCHAT_E_TIMEOUT, failure,
              host + " did not answer completely within " + std::to_string(failure.timeout.count()) + " ms.",
              true);
}

Error certificate_error(const CurlFailure& failure) {
  const std::string start = "The certificate of " + failure.host + " was refused: ";
  // curl checks the name itself, after the chain, and leaves its initial "unspecified" where that fails.
  if (failure.verify_result == kVerifyOk || failure.verify_result == kVerifyUnspecified) {
    return make(MYCHAT_E_TLS, failure, start + "it is for another name.", false);
  }
  return make(MYCHAT_E_TLS, failure, start + verify_error_text(failure.verify_result) + ".", false);
}

}  // namespace

Error error_of(const CurlFailure& failure) {
  const std::string& host = failure.host;
  switch (failure.code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return make(MYCHAT_E_DNS, failure, "The host name " + host + " does not resolve.", true);
    case CURLE_COULDNT_RESOLVE_PROXY:
      return make(MYCHAT_E_DNS, failure, "The proxy's host name does not resolve.", true);
    case CURLE_OPERATION_TIMEDOUT:
      return timeout_error(failure);
    case CURLE_PEER_FAILED_VERIFICATION:
      return certificate_error(failure);
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
      return make(MYCHAT_E_TLS, failure, "The public key of " + host + " is not the pinned one.", false);
    case CURLE_SSL_CONNECT_ERROR:
      // Also what a connection that broke during the handshake looks like, so a retry may help.
      return make(MYCHAT_E_TLS, failure, "The TLS handshake with " + host + " failed.", true);
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_USE_SSL_FAILED:
      return make(MYCHAT_E_TLS, failure, "TLS with " + host + " could not be set up.", false);
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_HTTP2:
    case CURLE_BAD_CONTENT_ENCODING:
      return make(MYCHAT_E_PROTOCOL, failure, host + " answered something that is not HTTP/1.1.", false);
    case CURLE_FILESIZE_EXCEEDED:
      return make(MYCHAT_E_TOO_LARGE, failure, "The answer of " + host + " is larger than accepted.", false);
    case CURLE_OUT_OF_MEMORY:
      return make(MYCHAT_E_OUT_OF_MEMORY, failure, "Memory ran out during the request.", true);
    case CURLE_COULDNT_CONNECT:
      return make(MYCHAT_E_NETWORK, failure, "No connection to " + host + ".", true);
    case CURLE_GOT_NOTHING:
      return make(MYCHAT_E_NETWORK, failure, host + " closed the connection without an answer.", true);
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
      return make(MYCHAT_E_NETWORK, failure, "The connection to " + host + " broke.", true);
    default:
      return make(MYCHAT_E_NETWORK, failure, "The request to " + host + " failed.", true);
  }
}

}  // namespace mychat
