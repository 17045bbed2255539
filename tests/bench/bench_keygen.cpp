// RSA-4096 key generation beside OpenSSL's own on one thread, turn by turn. The one program outside
// src/crypto that calls OpenSSL: it has to, to measure it.
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <cstdlib>
#include <vector>

#include "crypto/rsa_keygen.h"
#include "tests/bench/report.h"

int main(int argc, char** argv) {
  using namespace mychat;
  const int runs = argc > 1 ? std::atoi(argv[1]) : 40;
  std::vector<double> ours, floor;
  for (int run = 0; run < runs; ++run) {
    floor.push_back(1000 * bench::seconds([] { EVP_PKEY_free(EVP_RSA_gen(4096)); }));
    ours.push_back(1000 * bench::seconds([] { (void)generate_rsa_4096(); }));
  }
  bench::print_samples("keygen_rsa4096", "ms", ours, floor);
  bench::print("keygen_rsa4096_p95", "ms", bench::median(ours), bench::p95(ours), ours.size(),
               bench::p95(floor), bench::p95(ours) / bench::p95(floor));
}
