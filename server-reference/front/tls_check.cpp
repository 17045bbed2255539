#include "front/tls_check.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <ctime>

#include "base/error.h"
#include "front/transport.h"

namespace mychat::server {

namespace {

std::int64_t unix_seconds(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1)
    throw Error(MYCHAT_E_TLS, MYCHAT_DOMAIN_NETWORK, "The certificate's dates cannot be read.");
  return static_cast<std::int64_t>(::timegm(&parts));
}

}  // namespace

CertificateFacts inspect_certificate(const TlsConfig& config, const std::string& host) {
  TlsContext context(config);
  X509* certificate = SSL_CTX_get0_certificate(context.native());
  if (!certificate)
    throw Error(MYCHAT_E_TLS, MYCHAT_DOMAIN_NETWORK, "The certificate file holds no certificate.");
  CertificateFacts facts;
  facts.not_before = unix_seconds(X509_get0_notBefore(certificate));
  facts.not_after = unix_seconds(X509_get0_notAfter(certificate));
  facts.matches_host = X509_check_host(certificate, host.data(), host.size(), 0, nullptr) == 1;
  return facts;
}

}  // namespace mychat::server
