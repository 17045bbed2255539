// Our wrappers beside minimal loops over OpenSSL with cached contexts, block by block. Calls OpenSSL itself
// because it has to, to measure it. Throughputs: the ratio is ours over OpenSSL's, 1 being no cost at all.
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <thread>
#include <vector>

#include "crypto/aead.h"
#include "crypto/hpke.h"
#include "crypto/kem.h"
#include "crypto/mac.h"
#include "crypto/random.h"
#include "crypto/rsa.h"
#include "crypto/rsa_keygen.h"
#include "tests/bench/report.h"

namespace {

using namespace mychat;

void require(bool good) {
  if (good) return;
  std::fputs("an operation failed\n", stderr);
  std::exit(1);
}

// Operations a second of both, measured in turns.
void compare(const char* name, int blocks, int operations, const std::function<void()>& ours,
             const std::function<void()>& bare) {
  const auto rate = [&](const std::function<void()>& work) {
    return operations / bench::seconds([&] {
             for (int i = 0; i < operations; ++i) work();
           });
  };
  std::vector<double> our_rates, bare_rates;
  rate(ours), rate(bare);  // Fetches and fills caches.
  for (int block = 0; block < blocks; ++block) {
    our_rates.push_back(rate(ours));
    bare_rates.push_back(rate(bare));
  }
  bench::print_samples(name, "1/s", our_rates, bare_rates);
}

EVP_PKEY_CTX* oaep_context(EVP_PKEY* key, int (*init)(EVP_PKEY_CTX*)) {
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr);
  require(context != nullptr && init(context) == 1 &&
          EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
          EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256()) == 1 &&
          EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) == 1);
  return context;
}

void bench_rsa() {
  const RsaPrivateKey key = generate_rsa_4096();
  const Secret der = key.to_pkcs8_der();
  const unsigned char* next = der.data();
  EVP_PKEY* bare = d2i_AutoPrivateKey(nullptr, &next, static_cast<long>(der.size()));
  require(bare != nullptr);
  EVP_PKEY_CTX* encryption = oaep_context(bare, EVP_PKEY_encrypt_init);
  EVP_PKEY_CTX* decryption = oaep_context(bare, EVP_PKEY_decrypt_init);
  const Secret message = random_secret(32);
  const Bytes wrapped = key.public_key().encrypt_oaep(message);
  std::array<std::uint8_t, kRsaBytes> out;

  compare(
      "rsa_oaep_encrypt", 20, 500,
      [&] { require(key.public_key().encrypt_oaep(message).size() == kRsaBytes); },
      [&] {
        std::size_t size = out.size();
        require(EVP_PKEY_encrypt(encryption, out.data(), &size, message.data(), message.size()) == 1);
      });
  compare(
      "rsa_oaep_decrypt", 20, 10, [&] { require(key.decrypt_oaep(wrapped) == message); },
      [&] {
        std::size_t size = out.size();
        require(EVP_PKEY_decrypt(decryption, out.data(), &size, wrapped.data(), wrapped.size()) == 1);
      });

  // One thread beside all cores, with one key: the ratio is the speed-up.
  const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
  std::vector<double> together, alone;
  constexpr int kEach = 25;
  const auto work = [&] {
    for (int i = 0; i < kEach; ++i) require(key.decrypt_oaep(wrapped) == message);
  };
  for (int block = 0; block < 8; ++block) {
    together.push_back(cores * kEach / bench::seconds([&] {
                         std::vector<std::thread> threads;
                         for (unsigned i = 0; i < cores; ++i) threads.emplace_back(work);
                         for (std::thread& thread : threads) thread.join();
                       }));
    alone.push_back(kEach / bench::seconds(work));
  }
  bench::print_samples("rsa_oaep_decrypt_all_cores", "1/s", together, alone);
  EVP_PKEY_CTX_free(encryption);
  EVP_PKEY_CTX_free(decryption);
  EVP_PKEY_free(bare);
}

void bench_aead() {
  const Secret key = random_secret(kAeadKeySize);
  const auto nonce = random_array<kAeadNonceSize>();
  const Bytes plaintext(1024, 'p');
  Bytes out(plaintext.size() + kAeadTagSize);
  Aead aead(AeadAlgorithm::kAes256Gcm);
  EVP_CIPHER* cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  require(EVP_EncryptInit_ex2(context, cipher, nullptr, nullptr, nullptr) == 1);
  // A fresh key a message, as envelopes have.
  compare(
      "aes256gcm_seal_1k_fresh_key", 20, 20000,
      [&] {
        aead.set_key(key);
        aead.seal_into(nonce, plaintext, {}, out);
      },
      [&] {
        int size = 0;
        require(EVP_EncryptInit_ex2(context, nullptr, key.data(), nonce.data(), nullptr) == 1);
        require(EVP_EncryptUpdate(context, out.data(), &size, plaintext.data(), 1024) == 1);
        require(EVP_EncryptFinal_ex(context, out.data() + 1024, &size) == 1);
        require(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, out.data() + 1024) == 1);
      });
  EVP_CIPHER_CTX_free(context);
  EVP_CIPHER_free(cipher);
}

void bench_mac() {
  const Secret key = random_secret(32);
  const Bytes data(256, 'd');
  const HmacSha256 mac(key);
  compare(
      "hmac_sha256_256_bytes", 20, 20000, [&] { require(mac.compute(data).size() == 32); },
      [&] {
        std::array<std::uint8_t, 32> tag;
        std::size_t size = 0;
        require(EVP_Q_mac(nullptr, "HMAC", nullptr, "SHA2-256", nullptr, key.data(), key.size(), data.data(),
                          data.size(), tag.data(), tag.size(), &size) != nullptr);
      });
}

// X25519 by a key of its own, and ML-KEM-768, with what OpenSSL offers for each.
struct BareXWing {
  EVP_PKEY* x25519_peer;
  Bytes ml_kem_public, x25519_public;
  std::array<std::uint8_t, 1088> ciphertext{};
  std::array<std::uint8_t, 32> secret{};

  void agree(EVP_PKEY* own) {
    EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_pkey(nullptr, own, nullptr);
    std::size_t size = secret.size();
    require(EVP_PKEY_derive_init(context) == 1 && EVP_PKEY_derive_set_peer_ex(context, x25519_peer, 0) == 1 &&
            EVP_PKEY_derive(context, secret.data(), &size) == 1);
    EVP_PKEY_CTX_free(context);
  }
  void encapsulate() {
    EVP_PKEY* key = EVP_PKEY_new_raw_public_key_ex(nullptr, "ML-KEM-768", nullptr, ml_kem_public.data(),
                                                   ml_kem_public.size());
    EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr);
    std::size_t size = ciphertext.size(), secret_size = secret.size();
    require(EVP_PKEY_encapsulate_init(context, nullptr) == 1 &&
            EVP_PKEY_encapsulate(context, ciphertext.data(), &size, secret.data(), &secret_size) == 1);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(key);
    EVP_PKEY* own = EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519");
    agree(own);
    EVP_PKEY_free(own);
  }
  void decapsulate(ByteView seed, ByteView x25519_key) {
    EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_name(nullptr, "ML-KEM-768", nullptr);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string("seed", const_cast<std::uint8_t*>(seed.data()), seed.size()),
        OSSL_PARAM_construct_end()};
    EVP_PKEY* key = nullptr;
    require(EVP_PKEY_fromdata_init(context) == 1 &&
            EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, params) == 1);
    EVP_PKEY_CTX_free(context);
    context = EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr);
    std::size_t size = secret.size();
    require(EVP_PKEY_decapsulate_init(context, nullptr) == 1 &&
            EVP_PKEY_decapsulate(context, secret.data(), &size, ciphertext.data(), ciphertext.size()) == 1);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(key);
    EVP_PKEY* own =
        EVP_PKEY_new_raw_private_key_ex(nullptr, "X25519", nullptr, x25519_key.data(), x25519_key.size());
    agree(own);
    EVP_PKEY_free(own);
  }
};

void bench_x_wing() {
  if (!is_kem_supported(KemAlgorithm::kXWing)) {
    std::fputs("x_wing: OpenSSL has no ML-KEM\n", stderr);
    return;
  }
  const HpkeKeyPair pair = hpke_generate_key_pair(KemAlgorithm::kXWing);
  const HpkeKeyPair curve = hpke_generate_key_pair(KemAlgorithm::kX25519);
  const auto encapsulate = [](KemAlgorithm kem, ByteView key) {
    return detail::encapsulate(kem, key, hpke_ephemerals(kem, random_secret_bytes, 1).front());
  };
  const Bytes output = encapsulate(KemAlgorithm::kXWing, pair.public_key).kem_output;
  const Bytes curve_output = encapsulate(KemAlgorithm::kX25519, curve.public_key).kem_output;
  const Secret seed = random_secret(64), x25519_key = random_secret(32);
  BareXWing bare;
  bare.ml_kem_public = to_bytes(ByteView(pair.public_key).first(1184));
  bare.x25519_peer =
      EVP_PKEY_new_raw_public_key_ex(nullptr, "X25519", nullptr, pair.public_key.data() + 1184, 32);
  require(bare.x25519_peer != nullptr);
  const auto ours_out = [&] { encapsulate(KemAlgorithm::kXWing, pair.public_key); };
  const auto ours_in = [&] { detail::decapsulate(KemAlgorithm::kXWing, pair.private_key, output); };
  compare("x_wing_encapsulate", 20, 500, ours_out, [&] { bare.encapsulate(); });
  compare("x_wing_decapsulate", 20, 500, ours_in, [&] { bare.decapsulate(seed, x25519_key); });
  compare("x_wing_encapsulate_beside_x25519", 20, 500, ours_out,
          [&] { encapsulate(KemAlgorithm::kX25519, curve.public_key); });
  compare("x_wing_decapsulate_beside_x25519", 20, 500, ours_in,
          [&] { detail::decapsulate(KemAlgorithm::kX25519, curve.private_key, curve_output); });
  EVP_PKEY_free(bare.x25519_peer);
}

}  // namespace

int main() {
  bench_rsa();
  bench_aead();
  bench_mac();
  bench_x_wing();
}
