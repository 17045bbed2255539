#include "support/tls.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <cstdio>
#include <stdexcept>

namespace mychat::test {
namespace {

struct Free {
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const noexcept { X509_free(certificate); }
  void operator()(X509_EXTENSION* extension) const noexcept { X509_EXTENSION_free(extension); }
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

void require(bool condition) {
  if (!condition) throw std::runtime_error("OpenSSL failed to make a test certificate");
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string pem_of(X509* certificate) {
  const Owned<BIO> bio(BIO_new(BIO_s_mem()));
  require(PEM_write_bio_X509(bio.get(), certificate) == 1);
  return text_of(bio.get());
}

std::string pem_of(EVP_PKEY* key) {
  const Owned<BIO> bio(BIO_new(BIO_s_mem()));
  require(PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return text_of(bio.get());
}

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Owned<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  require(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1);
}

void set_name(X509_NAME* name, const std::string& text) {
  require(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                     reinterpret_cast<const unsigned char*>(text.c_str()), -1, -1, 0) == 1);
}

Owned<X509> blank(EVP_PKEY* key, const std::string& subject, long from, long to) {
  Owned<X509> certificate(X509_new());
  require(certificate != nullptr && X509_set_version(certificate.get(), X509_VERSION_3) == 1);
  std::array<unsigned char, 8> serial{};
  require(RAND_bytes(serial.data(), static_cast<int>(serial.size())) == 1);
  std::uint64_t number = 0;
  for (const unsigned char byte : serial) number = (number << 8) | byte;
  require(ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), number >> 1) == 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), from);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), to);
  set_name(X509_get_subject_name(certificate.get()), subject);
  require(X509_set_pubkey(certificate.get(), key) == 1);
  return certificate;
}

std::string alternative_names(const CertificateSpec& spec) {
  std::string out;
  for (const std::string& name : spec.dns_names) out += (out.empty() ? "DNS:" : ",DNS:") + name;
  for (const std::string& address : spec.ip_addresses) out += (out.empty() ? "IP:" : ",IP:") + address;
  return out;
}

KeyAndCertificate make_leaf(const CertificateSpec& spec, X509* issuer, EVP_PKEY* issuer_key) {
  const Owned<EVP_PKEY> key(EVP_EC_gen("P-256"));
  require(key != nullptr);
  Owned<X509> leaf = blank(key.get(), "MyChat test node", spec.not_before_seconds, spec.not_after_seconds);
  X509* const signer = issuer != nullptr ? issuer : leaf.get();
  require(X509_set_issuer_name(leaf.get(), X509_get_subject_name(signer)) == 1);
  add_extension(leaf.get(), signer, NID_basic_constraints, "critical,CA:FALSE");
  const std::string names = alternative_names(spec);
  if (!names.empty()) add_extension(leaf.get(), signer, NID_subject_alt_name, names);
  require(X509_sign(leaf.get(), issuer_key != nullptr ? issuer_key : key.get(), EVP_sha256()) > 0);
  return {pem_of(key.get()), pem_of(leaf.get())};
}

}  // namespace

struct CertificateAuthority::Impl {
  Owned<EVP_PKEY> key;
  Owned<X509> certificate;
};

CertificateAuthority::CertificateAuthority(const std::string& name) : impl_(std::make_unique<Impl>()) {
  impl_->key.reset(EVP_EC_gen("P-256"));
  require(impl_->key != nullptr);
  impl_->certificate = blank(impl_->key.get(), name, -7 * 24 * 3600L, 7 * 24 * 3600L);
  X509* const certificate = impl_->certificate.get();
  require(X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) == 1);
  add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign");
  require(X509_sign(certificate, impl_->key.get(), EVP_sha256()) > 0);
}

CertificateAuthority::~CertificateAuthority() = default;

std::string CertificateAuthority::certificate_pem() const { return pem_of(impl_->certificate.get()); }

KeyAndCertificate CertificateAuthority::issue(const CertificateSpec& spec) const {
  return make_leaf(spec, impl_->certificate.get(), impl_->key.get());
}

KeyAndCertificate self_signed(const CertificateSpec& spec) { return make_leaf(spec, nullptr, nullptr); }

std::string subject_hash(const std::string& certificate_pem) {
  const Owned<BIO> bio(BIO_new_mem_buf(certificate_pem.data(), static_cast<int>(certificate_pem.size())));
  const Owned<X509> certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  require(certificate != nullptr);
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%08lx", X509_subject_name_hash(certificate.get()));
  return text.data();
}

std::string KeyAndCertificate::spki_pin() const {
  const Owned<BIO> bio(BIO_new_mem_buf(certificate_pem.data(), static_cast<int>(certificate_pem.size())));
  const Owned<X509> certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  require(certificate != nullptr);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  unsigned char* der = nullptr;
  const int length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate.get()), &der);
  require(length > 0 && EVP_Digest(der, static_cast<std::size_t>(length), digest.data(), &size, EVP_sha256(),
                                   nullptr) == 1);
  OPENSSL_free(der);
  std::array<unsigned char, 64> text{};
  EVP_EncodeBlock(text.data(), digest.data(), static_cast<int>(size));
  return "sha256//" + std::string(reinterpret_cast<const char*>(text.data()));
}

}  // namespace mychat::test
