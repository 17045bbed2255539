// Nodes for these tests: a key, a document, a time.
#pragma once

#include <cstdint>
#include <string>

#include "crypto/sign.h"
#include "federation/node_document.h"

namespace mychat::federation::test {

inline constexpr std::int64_t kNow = 1'800'000'000'000;  // 2027-01-15T08:00:00Z
inline constexpr std::int64_t kDay = std::int64_t{24} * 3600 * 1000;

struct Node {
  std::string domain;
  Ed25519PrivateKey key = Ed25519PrivateKey::generate();

  NodeDocument document(std::int64_t sequence = 1) const {
    NodeDocument result;
    result.domain = domain;
    result.api_url = "https://" + domain + "/federation";
    result.sequence = sequence;
    result.issued_at = kNow;
    result.valid_until = kNow + kDocumentLifeMs;
    result.capabilities = {"messages", "receipts"};
    result.key = key.public_key();
    return result;
  }
  VerifiedDocument verified(std::int64_t sequence = 1) const {
    return verify_document(document(sequence).sign(key), domain, kNow);
  }
};

}  // namespace mychat::federation::test
