#include "transport/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <string_view>

#include "base/encoding.h"
#include "base/error.h"
#include "transport/system_trust.h"

namespace mychat {
namespace {

constexpr std::string_view kPinPrefix = "sha256//";
constexpr std::size_t kMaxAuthorityBytes = 8 * 1024 * 1024;

struct FreeX509 {
  void operator()(X509* certificate) const noexcept { X509_free(certificate); }
};
struct FreeBio {
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
};
using Certificate = std::unique_ptr<X509, FreeX509>;

[[noreturn]] void throw_setup() {
  ERR_clear_error();
  throw Error(MYCHAT_E_TLS, MYCHAT_DOMAIN_NETWORK, "OpenSSL could not set up TLS.");
}

std::vector<Certificate> parse_certificates(const std::string& pem) {
  const std::unique_ptr<BIO, FreeBio> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (!bio) throw_setup();
  std::vector<Certificate> out;
  ERR_clear_error();
  while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    out.emplace_back(certificate);
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (!at_end || out.empty()) throw_argument("The certificate authorities are not PEM certificates.");
  return out;
}

std::string read_authority_file(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string out;
  if (file) {
    out.resize(kMaxAuthorityBytes + 1);
    file.read(out.data(), static_cast<std::streamsize>(out.size()));
    out.resize(static_cast<std::size_t>(file.gcount()));
  }
  if (file.bad() || !file.eof()) {
    if (out.size() > kMaxAuthorityBytes)
      throw_argument("The file of certificate authorities is larger than 8 MiB.");
    throw Error(MYCHAT_E_IO, MYCHAT_DOMAIN_SYSTEM, "The file of certificate authorities cannot be read.",
                errno);
  }
  return out;
}

Sha256Digest public_key_digest(X509* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  if (size <= 0) throw_setup();
  struct Release {
    unsigned char* memory;
    ~Release() { OPENSSL_free(memory); }
  } release{der};
  return sha256(ByteView(der, static_cast<std::size_t>(size)));
}

}  // namespace

Sha256Digest parse_pin(const std::string& pin) {
  Sha256Digest digest{};
  const auto bytes = pin.starts_with(kPinPrefix)
                         ? base64_decode(std::string_view(pin).substr(kPinPrefix.size()))
                         : std::nullopt;
  if (!bytes || bytes->size() != digest.size()) {
    throw_argument("A pin must be \"sha256//\" and the base64 of 32 bytes.");
  }
  std::copy(bytes->begin(), bytes->end(), digest.begin());
  return digest;
}

std::string load_authorities(const TransportOptions& options) {
  std::string pem;
  if (!options.ca_file.empty()) {
    pem = read_authority_file(options.ca_file);
    parse_certificates(pem);
  }
  if (!options.ca_pem.empty()) {
    if (options.ca_pem.size() > kMaxAuthorityBytes)
      throw_argument("The certificate authorities exceed 8 MiB.");
    parse_certificates(options.ca_pem);
    if (!pem.empty()) pem += '\n';
    pem += options.ca_pem;
  }
  return pem;
}

std::string verify_error_text(long code) { return X509_verify_cert_error_string(code); }

void TlsContext::Free::operator()(ssl_ctx_st* context) const noexcept { SSL_CTX_free(context); }

TlsContext::TlsContext(const TransportOptions& options, const Url& url) : url_(url) {
  for (const std::string& pin : options.pins) pins_.push_back(parse_pin(pin));
  context_.reset(SSL_CTX_new(TLS_client_method()));
  if (!context_) throw_setup();
  SSL_CTX* const context = context_.get();
  if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1) throw_setup();
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(context, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_app_data(context, this);
  SSL_CTX_set_info_callback(context, &TlsContext::on_info);
  trust(options);
}

TlsContext::~TlsContext() = default;

void TlsContext::trust(const TransportOptions& options) {
  const std::string pem = load_authorities(options);
  if (pem.empty() && kSearchSystemTrust) {
    trust_system();
    return;
  }
  if (pem.empty()) {
    if (SSL_CTX_set_default_verify_paths(context_.get()) != 1) throw_setup();
    return;
  }
  X509_STORE* const store = SSL_CTX_get_cert_store(context_.get());
  for (const Certificate& authority : parse_certificates(pem)) {
    if (X509_STORE_add_cert(store, authority.get()) != 1) throw_setup();
  }
}

void TlsContext::trust_system() {
  const SystemTrust system = find_system_trust();
  if ((!system.file.empty() && SSL_CTX_load_verify_file(context_.get(), system.file.c_str()) != 1) ||
      (!system.directories.empty() &&
       SSL_CTX_load_verify_dir(context_.get(), system.directories.c_str()) != 1)) {
    ERR_clear_error();
    throw Error(MYCHAT_E_TLS, MYCHAT_DOMAIN_NETWORK, "This system's certificate authorities cannot be read.");
  }
}

void TlsContext::bind_name(ssl_st* ssl) {
  X509_VERIFY_PARAM* const parameters = SSL_get0_param(ssl);
  X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (url_.is_ip_address()) {
    name_bound_ = X509_VERIFY_PARAM_set1_host(parameters, nullptr, 0) == 1 &&
                  X509_VERIFY_PARAM_set1_ip_asc(parameters, url_.host.c_str()) == 1 &&
                  SSL_set_tlsext_host_name(ssl, nullptr) == 1;
  } else {
    name_bound_ = X509_VERIFY_PARAM_set1_ip(parameters, nullptr, 0) == 1 &&
                  X509_VERIFY_PARAM_set1_host(parameters, url_.host.data(), url_.host.size()) == 1 &&
                  SSL_set_tlsext_host_name(ssl, url_.host.c_str()) == 1;
  }
}

void TlsContext::on_info(const ssl_st* ssl, int where, int value) {
  auto* const self = static_cast<TlsContext*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  if ((where & SSL_CB_HANDSHAKE_START) != 0 && !self->begun_) {
    self->begun_ = true;
    // Before the first byte is written; libwebsockets offers no other place after its own settings.
    self->bind_name(const_cast<ssl_st*>(ssl));
  }
  if ((where & SSL_CB_HANDSHAKE_DONE) != 0) self->done_ = true;
  if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT && !self->done_ && self->failure_.empty()) {
    self->failure_ = std::string("the server refused it (") + SSL_alert_desc_string_long(value) + ")";
  }
}

bool TlsContext::accept_certificate(void* store_context, bool verified) {
  auto* const store = static_cast<X509_STORE_CTX*>(store_context);
  if (!verified) {
    if (failure_.empty()) failure_ = verify_error_text(X509_STORE_CTX_get_error(store));
    return false;
  }
  if (X509_STORE_CTX_get_error_depth(store) != 0) return true;
  if (!name_bound_) {
    X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
    failure_ = "the server's name could not be checked";
    return false;
  }
  leaf_accepted_ = pins_.empty();
  if (!leaf_accepted_) {
    const Sha256Digest digest = public_key_digest(X509_STORE_CTX_get_current_cert(store));
    for (const Sha256Digest& pin : pins_) leaf_accepted_ = leaf_accepted_ || pin == digest;
  }
  if (!leaf_accepted_) {
    X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
    failure_ = "the server's public key is not the pinned one";
  }
  return leaf_accepted_;
}

}  // namespace mychat
