#include "crypto/rsa.h"

#include <openssl/core_names.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "crypto/hash.h"
#include "crypto/pem.h"
#include "crypto/rsa_numbers.h"
#include "crypto/rsa_pool.h"

namespace mychat {

using detail::check;
using detail::Pkey;
using detail::require_memory;
using detail::required;
using detail::throw_bad_key;

namespace {

constexpr int kPssSaltSize = 32;

// What fails in these two lacks memory: OpenSSL, where it fetches the hash by its name, may call it invalid
// then.
void set_oaep(EVP_PKEY_CTX* context) {
  require_memory(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1);
  require_memory(EVP_PKEY_CTX_set_rsa_oaep_md(context, detail::sha256_algorithm()) == 1);
  require_memory(EVP_PKEY_CTX_set_rsa_mgf1_md(context, detail::sha256_algorithm()) == 1);
}

void set_pss(EVP_PKEY_CTX* context) {
  require_memory(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1);
  require_memory(EVP_PKEY_CTX_set_signature_md(context, detail::sha256_algorithm()) == 1);
  require_memory(EVP_PKEY_CTX_set_rsa_mgf1_md(context, detail::sha256_algorithm()) == 1);
  require_memory(EVP_PKEY_CTX_set_rsa_pss_saltlen(context, kPssSaltSize) == 1);
}

void set_up_encryption(EVP_PKEY_CTX* context) {
  check(EVP_PKEY_encrypt_init(context), "RSA encryption could not be set up.");
  set_oaep(context);
}
void set_up_decryption(EVP_PKEY_CTX* context) {
  check(EVP_PKEY_decrypt_init(context), "RSA decryption could not be set up.");
  set_oaep(context);
}
void set_up_signing(EVP_PKEY_CTX* context) {
  check(EVP_PKEY_sign_init(context), "RSA signing could not be set up.");
  set_pss(context);
}
void set_up_verification(EVP_PKEY_CTX* context) {
  check(EVP_PKEY_verify_init(context), "RSA verification could not be set up.");
  set_pss(context);
}

detail::Bignum number_of(const EVP_PKEY* key, const char* name) {
  // Into a number that is in wiped memory from the start.
  BIGNUM* number = required(BN_secure_new(), "A number could not be allocated.");
  detail::Bignum owned(number);
  if (EVP_PKEY_get_bn_param(key, name, &number) == 1) return owned;
  // OpenSSL says nothing of it when it was memory that lacked: then there is none here either, or the second
  // try succeeds.
  clear_crypto_errors();
  static_cast<void>(Secret(kRsaBits / 8));
  if (EVP_PKEY_get_bn_param(key, name, &number) != 1) throw_bad_key("The RSA key lacks a number.");
  return owned;
}

// What OpenSSL's decoders lack memory for they may call malformed: a key is that only if it is so twice.
template <class Decode>
auto decoded(Decode decode) {
  auto out = decode();
  if (!out) {
    clear_crypto_errors();
    out = decode();
  }
  return out;
}

void check_encoded_size(std::size_t size) {
  if (size > kRsaMaxEncodedKey) {
    throw Error(MYCHAT_E_TOO_LARGE, MYCHAT_DOMAIN_CRYPTO, "The encoded RSA key is too long.");
  }
}

// DER.
constexpr std::uint8_t kInteger = 0x02, kOctetString = 0x04, kSequence = 0x30;
// SEQUENCE { OBJECT IDENTIFIER rsaEncryption (1.2.840.113549.1.1.1), NULL }
constexpr std::uint8_t kRsaEncryption[] = {0x30, 0x0D, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86,
                                           0xF7, 0x0D, 0x01, 0x01, 0x01, 0x05, 0x00};

void append(Secret& out, std::uint8_t tag, ByteView content) {
  out.push_back(tag);
  const std::size_t size = content.size();  // Below 64 KiB, as all keys of ours are.
  if (size >= 0x100) {
    out.push_back(0x82);
    out.push_back(static_cast<std::uint8_t>(size >> 8));
  } else if (size >= 0x80) {
    out.push_back(0x81);
  }
  out.push_back(static_cast<std::uint8_t>(size));
  out.insert(out.end(), content.begin(), content.end());
}

// An unsigned number without leading zeros: one is put before a set top bit, which would mean a negative
// number.
void append_integer(Secret& out, ByteView number) {
  Secret content;
  if (number.empty() || (number.front() & 0x80) != 0) content.push_back(0);
  content.insert(content.end(), number.begin(), number.end());
  append(out, kInteger, content);
}

[[noreturn]] void throw_not_decrypted() {
  clear_crypto_errors();
  throw Error(MYCHAT_E_DECRYPT, MYCHAT_DOMAIN_CRYPTO,
              "The wrapped key cannot be decrypted: it was made for another key or altered.");
}

}  // namespace

struct RsaPublicKey::State {
  State(const BIGNUM* number_n, const BIGNUM* number_e)
      : key(detail::make_public_pkey(number_n, number_e)), n(detail::bytes_of<Bytes>(number_n)) {}

  Pkey key;
  Bytes n;
  detail::RsaContextPool encryption{key.get(), set_up_encryption};
  detail::RsaContextPool verification{key.get(), set_up_verification};
};

struct RsaPrivateKey::State {
  explicit State(detail::RsaNumbers all)
      : numbers(std::move(all)),
        key(detail::make_private_pkey(numbers)),
        public_key(std::make_shared<RsaPublicKey::State>(numbers.n.get(), numbers.e.get())) {}

  detail::RsaNumbers numbers;  // Kept because OpenSSL hands them out through buffers that it does not wipe.
  Pkey key;
  RsaPublicKey public_key;
  detail::RsaContextPool decryption{key.get(), set_up_decryption};
  detail::RsaContextPool signing{key.get(), set_up_signing};
};

RsaPublicKey RsaPublicKey::from_components(const RsaPublicComponents& components) {
  const detail::Bignum n = detail::number_from(components.n, "n");
  const detail::Bignum e = detail::number_from(components.e, "e");
  detail::check_public_numbers(n.get(), e.get());
  return RsaPublicKey(std::make_shared<State>(n.get(), e.get()));
}

RsaPublicKey RsaPublicKey::from_spki_der(ByteView der) {
  check_encoded_size(der.size());
  const unsigned char* next = nullptr;
  const auto read = [&] {
    next = detail::data_of(der);
    return Pkey(d2i_PUBKEY_ex(nullptr, &next, static_cast<long>(der.size()), nullptr, nullptr));
  };
  Pkey key = decoded(read);
  // Where memory lacks for one kind of key, OpenSSL may take it for another.
  if (key && EVP_PKEY_is_a(key.get(), "RSA") != 1) {
    clear_crypto_errors();
    key = decoded(read);
  }
  if (!key || next != der.data() + der.size()) throw_bad_key("The bytes are not a SubjectPublicKeyInfo.");
  if (EVP_PKEY_is_a(key.get(), "RSA") != 1) throw_bad_key("The public key is not an RSA key.");
  const detail::Bignum n = number_of(key.get(), OSSL_PKEY_PARAM_RSA_N);
  const detail::Bignum e = number_of(key.get(), OSSL_PKEY_PARAM_RSA_E);
  detail::check_public_numbers(n.get(), e.get());
  return RsaPublicKey(std::make_shared<State>(n.get(), e.get()));
}

RsaPublicKey RsaPublicKey::from_spki_pem(std::string_view pem) {
  return from_spki_der(detail::pem_decode(pem, "PUBLIC KEY", kRsaMaxEncodedKey));
}

RsaPublicComponents RsaPublicKey::components() const { return {state_->n, {0x01, 0x00, 0x01}}; }

Bytes RsaPublicKey::to_spki_der() const {
  unsigned char* encoded = nullptr;
  const int size = i2d_PUBKEY(state_->key.get(), &encoded);
  if (size <= 0) throw_crypto("The public key could not be encoded.");
  const auto free_it = [](unsigned char* memory) { OPENSSL_free(memory); };
  const std::unique_ptr<unsigned char, decltype(free_it)> owned(encoded, free_it);
  return Bytes(encoded, encoded + size);
}

std::string RsaPublicKey::to_spki_pem() const {
  return std::string(text(detail::pem_encode(to_spki_der(), "PUBLIC KEY")));
}

Bytes RsaPublicKey::encrypt_oaep(ByteView plaintext) const {
  if (plaintext.size() > kOaepMaxPlaintext) throw_argument("RSA-OAEP takes at most 446 bytes.");
  const auto context = state_->encryption.borrow();
  Bytes out(kRsaBytes);
  std::size_t size = out.size();
  check(EVP_PKEY_encrypt(context.get(), out.data(), &size, detail::data_of(plaintext), plaintext.size()),
        "RSA encryption failed.");
  out.resize(size);
  return out;
}

bool RsaPublicKey::verify_pss(ByteView message, ByteView signature) const {
  if (signature.size() != kRsaBytes) return false;
  const Sha256Digest digest = sha256(message);
  const auto context = state_->verification.borrow();
  const bool good =
      EVP_PKEY_verify(context.get(), signature.data(), signature.size(), digest.data(), digest.size()) == 1;
  if (!good) clear_crypto_errors();
  return good;
}

bool RsaPublicKey::operator==(const RsaPublicKey& other) const noexcept {
  return state_->n == other.state_->n;
}

RsaPrivateKey RsaPrivateKey::from_components(const RsaPrivateComponents& components, RsaCheck level) {
  detail::RsaNumbers numbers;
  numbers.n = detail::number_from(components.n, "n");
  numbers.e = detail::number_from(components.e, "e");
  numbers.d = detail::number_from(components.d, "d");
  numbers.p = detail::number_from(components.p, "p");
  numbers.q = detail::number_from(components.q, "q");
  numbers.dp = detail::number_from(components.dp, "dp");
  numbers.dq = detail::number_from(components.dq, "dq");
  numbers.qi = detail::number_from(components.qi, "qi");
  detail::check_private_numbers(numbers);
  if (level == RsaCheck::kFull && !(detail::is_prime(numbers.p.get()) && detail::is_prime(numbers.q.get()))) {
    throw_bad_key("A factor of the RSA key is not a prime.");
  }
  return RsaPrivateKey(std::make_shared<State>(std::move(numbers)));
}

RsaPrivateKey RsaPrivateKey::from_pkcs8_der(ByteView der, RsaCheck level) {
  check_encoded_size(der.size());
  using Info = detail::Owned<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free>;
  const unsigned char* next = nullptr;
  const Info info = decoded([&] {
    next = detail::data_of(der);
    return Info(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &next, static_cast<long>(der.size())));
  });
  if (!info || next != der.data() + der.size()) throw_bad_key("The bytes are not a PKCS #8 private key.");
  const Pkey key = decoded([&] { return Pkey(EVP_PKCS82PKEY_ex(info.get(), nullptr, nullptr)); });
  if (!key) throw_bad_key("The PKCS #8 private key cannot be read.");
  if (EVP_PKEY_is_a(key.get(), "RSA") != 1) throw_bad_key("The private key is not an RSA key.");
  const auto secret = [&](const char* name) {
    return detail::bytes_of<Secret>(number_of(key.get(), name).get());
  };
  const auto open = [&](const char* name) {
    return detail::bytes_of<Bytes>(number_of(key.get(), name).get());
  };
  return from_components({open(OSSL_PKEY_PARAM_RSA_N), open(OSSL_PKEY_PARAM_RSA_E),
                          secret(OSSL_PKEY_PARAM_RSA_D), secret(OSSL_PKEY_PARAM_RSA_FACTOR1),
                          secret(OSSL_PKEY_PARAM_RSA_FACTOR2), secret(OSSL_PKEY_PARAM_RSA_EXPONENT1),
                          secret(OSSL_PKEY_PARAM_RSA_EXPONENT2), secret(OSSL_PKEY_PARAM_RSA_COEFFICIENT1)},
                         level);
}

RsaPrivateKey RsaPrivateKey::from_pkcs8_pem(std::string_view pem, RsaCheck level) {
  return from_pkcs8_der(detail::pem_decode(pem, "PRIVATE KEY", kRsaMaxEncodedKey), level);
}

RsaPrivateComponents RsaPrivateKey::components() const { return detail::components_of(state_->numbers); }

// Written here, since OpenSSL's encoder leaves the primes behind in memory that it frees.
Secret RsaPrivateKey::to_pkcs8_der() const {
  const RsaPrivateComponents numbers = components();
  Secret fields;
  append_integer(fields, {});  // The version, 0.
  for (const ByteView number : {view(numbers.n), view(numbers.e), view(numbers.d), view(numbers.p),
                                view(numbers.q), view(numbers.dp), view(numbers.dq), view(numbers.qi)}) {
    append_integer(fields, number);
  }
  Secret key;
  append(key, kSequence, fields);
  Secret info;
  append_integer(info, {});
  info.insert(info.end(), std::begin(kRsaEncryption), std::end(kRsaEncryption));
  append(info, kOctetString, key);
  Secret out;
  append(out, kSequence, info);
  return out;
}

Secret RsaPrivateKey::to_pkcs8_pem() const { return detail::pem_encode(to_pkcs8_der(), "PRIVATE KEY"); }

const RsaPublicKey& RsaPrivateKey::public_key() const noexcept { return state_->public_key; }

Secret RsaPrivateKey::decrypt_oaep(ByteView ciphertext) const {
  if (ciphertext.size() != kRsaBytes) throw_not_decrypted();
  const auto context = state_->decryption.borrow();
  Secret out(kRsaBytes);
  std::size_t size = out.size();
  if (EVP_PKEY_decrypt(context.get(), out.data(), &size, ciphertext.data(), ciphertext.size()) != 1) {
    throw_not_decrypted();
  }
  out.resize(size);
  return out;
}

Bytes RsaPrivateKey::sign_pss(ByteView message) const {
  const Sha256Digest digest = sha256(message);
  const auto context = state_->signing.borrow();
  Bytes out(kRsaBytes);
  std::size_t size = out.size();
  check(EVP_PKEY_sign(context.get(), out.data(), &size, digest.data(), digest.size()), "RSA signing failed.");
  out.resize(size);
  return out;
}

// The modulus names the key: every private key here was checked against it.
bool RsaPrivateKey::operator==(const RsaPrivateKey& other) const noexcept {
  return state_->public_key == other.state_->public_key;
}

}  // namespace mychat
