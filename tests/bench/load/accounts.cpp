#include "bench/load/accounts.h"

#include <stdexcept>

#include "bench/load/ws_client.h"
#include "crypto/rsa.h"
#include "crypto/rsa_keygen.h"
#include "keys/fingerprint.h"

namespace mychat::bench {

Accounts::Accounts(const NodeProcess& node, std::size_t count) : domain_(node.domain()) {
  const RsaPrivateKey key = generate_rsa_4096();
  std::string pem;
  for (const char c : key.public_key().to_spki_pem()) {
    if (c == '\n')
      pem += "\\n";
    else
      pem += c;
  }
  const std::string fingerprint = key_fingerprint(key.public_key());
  for (std::size_t i = 0; i < count; ++i) {
    const HttpAnswer answer =
        post(node.port(), "/api/auth/register",
             R"({"username":"user)" + std::to_string(i) + R"(","password":"a password of the bench",)" +
                 R"("public_key":")" + pem + R"(","public_key_fingerprint":")" + fingerprint + "\"}");
    if (answer.status != 201) throw std::runtime_error("registration failed: " + answer.body);
    tokens_.push_back(text_member(answer.body, "access_token"));
  }
}

std::string Accounts::handle(std::size_t i) const { return "user" + std::to_string(i) + "@" + domain_; }

}  // namespace mychat::bench
