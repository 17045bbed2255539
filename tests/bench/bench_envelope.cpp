// Sealing and opening a message of 1 KB beside the least that OpenSSL needs for the same cryptography:
// AES-256-GCM and RSA-OAEP with contexts that are kept. And the opening of a history on one and on two
// threads.
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

#include "bench/report.h"
#include "e2ee/envelope_v1.h"
#include "e2ee/open_many.h"
#include "support/test_keys.h"

namespace {

using namespace mychat;

constexpr std::size_t kMessage = 1024;
constexpr int kRounds = 15;
constexpr int kSealsOfRound = 2000;
constexpr int kOpensOfRound = 60;
constexpr std::size_t kHistory = 1000;
constexpr int kHistoryRounds = 5;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "bench_envelope: %s failed\n", what);
  ERR_print_errors_fp(stderr);
  std::exit(1);
}

EVP_PKEY_CTX* oaep(EVP_PKEY* key, bool encrypt) {
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new(key, nullptr);
  require(context != nullptr, "EVP_PKEY_CTX_new");
  require((encrypt ? EVP_PKEY_encrypt_init(context) : EVP_PKEY_decrypt_init(context)) == 1, "init");
  require(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1, "padding");
  require(EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256()) == 1, "oaep digest");
  require(EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) == 1, "mgf1 digest");
  return context;
}

// The floor: no base64, no allocation, no checks of what comes in.
class Bare {
 public:
  Bare() {
    const Secret der = test::bob_key().to_pkcs8_der();
    const unsigned char* at = der.data();
    key_ = d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(der.size()));
    require(key_ != nullptr, "key");
    encrypt_ = oaep(key_, true);
    decrypt_ = oaep(key_, false);
    cipher_ = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
    gcm_ = EVP_CIPHER_CTX_new();
    require(cipher_ != nullptr && gcm_ != nullptr, "cipher");
  }
  ~Bare() {
    EVP_CIPHER_CTX_free(gcm_);
    EVP_CIPHER_free(cipher_);
    EVP_PKEY_CTX_free(encrypt_);
    EVP_PKEY_CTX_free(decrypt_);
    EVP_PKEY_free(key_);
  }
  Bare(const Bare&) = delete;
  Bare& operator=(const Bare&) = delete;

  void seal(const Bytes& plaintext) {
    unsigned char content_key[32];
    require(RAND_priv_bytes(content_key, sizeof content_key) == 1, "random");
    require(RAND_bytes(iv_, sizeof iv_) == 1, "random");
    int size = 0;
    require(EVP_EncryptInit_ex2(gcm_, cipher_, content_key, iv_, nullptr) == 1, "gcm");
    require(
        EVP_EncryptUpdate(gcm_, content_, &size, plaintext.data(), static_cast<int>(plaintext.size())) == 1,
        "gcm");
    require(EVP_EncryptFinal_ex(gcm_, content_ + size, &size) == 1, "gcm");
    require(EVP_CIPHER_CTX_ctrl(gcm_, EVP_CTRL_AEAD_GET_TAG, 16, tag_) == 1, "tag");
    std::size_t wrapped = sizeof wrapped_;
    require(EVP_PKEY_encrypt(encrypt_, wrapped_, &wrapped, content_key, sizeof content_key) == 1, "oaep");
  }
  void open(std::size_t size) {
    unsigned char content_key[512];
    std::size_t key_size = sizeof content_key;
    require(EVP_PKEY_decrypt(decrypt_, content_key, &key_size, wrapped_, sizeof wrapped_) == 1, "oaep");
    int out = 0;
    require(EVP_DecryptInit_ex2(gcm_, cipher_, content_key, iv_, nullptr) == 1, "gcm");
    require(EVP_DecryptUpdate(gcm_, plaintext_, &out, content_, static_cast<int>(size)) == 1, "gcm");
    require(EVP_CIPHER_CTX_ctrl(gcm_, EVP_CTRL_AEAD_SET_TAG, 16, tag_) == 1, "tag");
    require(EVP_DecryptFinal_ex(gcm_, plaintext_ + out, &out) == 1, "gcm");
  }

 private:
  EVP_PKEY* key_ = nullptr;
  EVP_PKEY_CTX* encrypt_ = nullptr;
  EVP_PKEY_CTX* decrypt_ = nullptr;
  EVP_CIPHER* cipher_ = nullptr;
  EVP_CIPHER_CTX* gcm_ = nullptr;
  unsigned char iv_[12], tag_[16], content_[kMessage], plaintext_[kMessage], wrapped_[512];
};

template <class F>
double rate(int times, F&& work) {
  return times / bench::seconds([&] {
           for (int i = 0; i < times; ++i) work();
         });
}

void bench_single() {
  Bare bare;
  const Bytes plaintext(kMessage, 'x');
  const RsaPublicKey& recipient = test::bob_key().public_key();
  EnvelopeFields fields = seal_envelope(plaintext, recipient, {});
  std::vector<double> seal, bare_seal, open, bare_open;
  for (int round = 0; round < kRounds; ++round) {
    bare_seal.push_back(rate(kSealsOfRound, [&] { bare.seal(plaintext); }));
    seal.push_back(rate(kSealsOfRound, [&] { fields = seal_envelope(plaintext, recipient, {}); }));
    bare_open.push_back(rate(kOpensOfRound, [&] { bare.open(kMessage); }));
    open.push_back(rate(kOpensOfRound, [&] { open_envelope(fields, test::bob_key()); }));
  }
  bench::print_samples("envelope_seal_1k", "1/s", seal, bare_seal);
  bench::print_samples("envelope_open_1k", "1/s", open, bare_open);
}

// Processor time of the whole process, and how often a thread of it waited: for a lock, say. Both say how
// work spreads over threads also where other programs keep the cores busy: without waits, and for the same
// processor time, two threads on two cores of their own take half as long.
struct Effort {
  double cpu_seconds = 0;
  long waits = 0;
};

Effort effort_so_far() {
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return {seconds(use.ru_utime) + seconds(use.ru_stime), use.ru_nvcsw};
}

template <class F>
auto measured(Effort& sum, F&& work) {
  const Effort before = effort_so_far();
  const auto result = work();
  const Effort after = effort_so_far();
  sum.cpu_seconds += after.cpu_seconds - before.cpu_seconds;
  sum.waits += after.waits - before.waits;
  return result;
}

// As often as there are messages in the history, shared out to threads with contexts of their own: what the
// machine's cores give at best.
double bare_history(unsigned threads) {
  std::vector<std::unique_ptr<Bare>> contexts;
  const Bytes plaintext(kMessage, 'x');
  for (unsigned i = 0; i < threads; ++i) {
    contexts.push_back(std::make_unique<Bare>());
    contexts.back()->seal(plaintext);
  }
  return static_cast<double>(kHistory) / bench::seconds([&] {
           std::vector<std::jthread> others;
           for (unsigned i = 0; i < threads; ++i)
             others.emplace_back([&, i] {
               for (std::size_t n = i; n < kHistory; n += threads) contexts[i]->open(kMessage);
             });
         });
}

// The floor of two threads is one thread; the aim is 1.8 of it on two cores. Beside it the same of bare
// OpenSSL, which says what the cores were worth during the run.
void bench_history() {
  const Bytes plaintext(kMessage, 'x');
  std::vector<EnvelopeFields> history;
  for (std::size_t i = 0; i < kHistory; ++i) {
    history.push_back(seal_envelope(plaintext, test::bob_key().public_key(), {}));
  }
  std::vector<OpenJob> jobs;
  for (const EnvelopeFields& fields : history) jobs.push_back({.fields = &fields});
  const auto open_all = [&](unsigned threads) {
    return rate(1,
                [&] {
                  for (const OpenResult& result : open_many(jobs, test::bob_key(), threads)) {
                    require(result.plaintext.has_value(), "open_many");
                  }
                }) *
           static_cast<double>(kHistory);
  };
  std::vector<double> one, two, bare_one, bare_two;
  Effort effort_one, effort_two;
  for (int round = 0; round < kHistoryRounds; ++round) {
    one.push_back(measured(effort_one, [&] { return open_all(1); }));
    two.push_back(measured(effort_two, [&] { return open_all(2); }));
    bare_one.push_back(bare_history(1));
    bare_two.push_back(bare_history(2));
  }
  bench::print_samples("envelope_open_history_1_thread", "1/s", one, bare_one);
  char more[128];
  std::snprintf(more, sizeof more, "\"cpu_ratio\":%.4g,\"waits_per_message\":%.3g",
                effort_two.cpu_seconds / effort_one.cpu_seconds,
                static_cast<double>(effort_two.waits) / static_cast<double>(kHistory * kHistoryRounds));
  bench::print("envelope_open_history_2_threads", "1/s", bench::median(two), bench::p95(two), two.size(),
               bench::median(one), bench::median(two) / bench::median(one), more);
  bench::print_samples("envelope_bare_history_2_threads", "1/s", bare_two, bare_one);
}

}  // namespace

int main() {
  bench_single();
  bench_history();
}
