// Certificates made while the test runs: an authority, and leaves that are right or wrong in one way each.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace mychat::test {

struct KeyAndCertificate {
  std::string key_pem;           // PKCS #8, EC P-256.
  std::string certificate_pem;   // The leaf alone.
  std::string spki_pin() const;  // "sha256//..." of its SubjectPublicKeyInfo.
};

struct CertificateSpec {
  std::vector<std::string> dns_names;     // Subject alternative names.
  std::vector<std::string> ip_addresses;  // "127.0.0.1", "::1"
  long not_before_seconds = -3600;        // From now.
  long not_after_seconds = 24 * 3600;
};

class CertificateAuthority {
 public:
  explicit CertificateAuthority(const std::string& name = "MyChat test CA");
  ~CertificateAuthority();
  CertificateAuthority(const CertificateAuthority&) = delete;
  CertificateAuthority& operator=(const CertificateAuthority&) = delete;

  std::string certificate_pem() const;
  KeyAndCertificate issue(const CertificateSpec& spec) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

KeyAndCertificate self_signed(const CertificateSpec& spec);

// The file name, before its ".0", under which OpenSSL looks for an authority in a directory.
std::string subject_hash(const std::string& certificate_pem);

struct TlsServerConfig {
  KeyAndCertificate identity;
  int max_version =
      0;  // TLS1_1_VERSION, ...; 0: the newest. TLS 1.1 and older also lower the security level.
};

}  // namespace mychat::test
