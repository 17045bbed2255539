#include "federation/node_document.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "nodes.h"
#include "protocol/json.h"
#include "support/expect_error.h"

namespace mychat::federation {
namespace {

using test::kDay;
using test::kNow;
using test::Node;

const Node& alpha() {
  static const Node node{.domain = "alpha.example"};
  return node;
}

std::string payload_text(const Statement& statement) { return std::string(text(view(statement.payload))); }

// What a malicious node could serve: anything, signed by its own key.
Statement forged(const Node& node, std::string payload, const std::string& part, const std::string& other) {
  const std::size_t at = payload.find(part);
  EXPECT_NE(at, std::string::npos) << part;
  payload.replace(at, part.size(), other);
  return Statement::make(node.key, purpose::kDocument, payload);
}

Statement forged(const std::string& part, const std::string& other) {
  return forged(alpha(), payload_text(alpha().document().sign(alpha().key)), part, other);
}

TEST(NodeDocument, SurvivesItsWay) {
  NodeDocument document = alpha().document(7);
  const Ed25519PrivateKey older = Ed25519PrivateKey::generate();
  const Ed25519PrivateKey old = Ed25519PrivateKey::generate();
  document.rotations = {NodeKeyRotation::make(alpha().domain, older, old, 3),
                        NodeKeyRotation::make(alpha().domain, old, alpha().key, 7)};
  document.next_key = Ed25519PrivateKey::generate().public_key();
  document.protocols = {2, 3};
  document.limits = {.max_message_size = 1, .max_transaction_items = 2, .max_transaction_bytes = 3};
  const std::string wire = to_json_text(document.sign(alpha().key));
  const Statement back = Statement::from_json(Json::parse(wire));
  EXPECT_EQ(verify_document(back, "alpha.example", kNow).content, document);
}

TEST(NodeDocument, KeyIdsAreShortAndOfOneKey) {
  const std::string id = node_key_id(alpha().key.public_key());
  EXPECT_EQ(id.size(), 22U);
  EXPECT_EQ(id, node_key_id(alpha().key.public_key()));
  EXPECT_NE(id, node_key_id(Ed25519PrivateKey::generate().public_key()));
}

TEST(NodeDocument, IsRefusedWhenAnyByteWasAltered) {
  const Statement good = alpha().document().sign(alpha().key);
  for (std::size_t at = 0; at < good.payload.size(); ++at) {
    Statement bad = good;
    bad.payload[at] ^= 1;
    EXPECT_THROW(verify_document(bad, "alpha.example", kNow), Error) << at;
  }
  for (std::size_t at = 0; at < good.signature.size(); ++at) {
    Statement bad = good;
    bad.signature[at] ^= 1;
    EXPECT_ERROR(verify_document(bad, "alpha.example", kNow), MYCHAT_E_SIGNATURE, "alpha.example");
  }
}

TEST(NodeDocument, OfAnotherDomainOrPurposeIsRefused) {
  const Statement good = alpha().document().sign(alpha().key);
  EXPECT_ERROR(verify_document(good, "beta.example", kNow), MYCHAT_E_KEY_MISMATCH, "beta.example");
  const Statement other = Statement::make(alpha().key, purpose::kHello, payload_text(good));
  EXPECT_ERROR(verify_document(other, "alpha.example", kNow), MYCHAT_E_SIGNATURE, "document");
}

TEST(NodeDocument, LivesFromItsIssueToItsEndAndNoLongerThanAWeek) {
  const Statement good = alpha().document().sign(alpha().key);
  EXPECT_NO_THROW(verify_document(good, "alpha.example", kNow - kClockSkewMs));
  EXPECT_ERROR(verify_document(good, "alpha.example", kNow - kClockSkewMs - 1), MYCHAT_E_STALE,
               "has not come yet");
  EXPECT_NO_THROW(verify_document(good, "alpha.example", kNow + 7 * kDay + kClockSkewMs - 1));
  EXPECT_ERROR(verify_document(good, "alpha.example", kNow + 7 * kDay + kClockSkewMs), MYCHAT_E_STALE,
               "valid until");
  NodeDocument long_lived = alpha().document();
  long_lived.valid_until += 1;
  EXPECT_ERROR(long_lived.sign(alpha().key), MYCHAT_E_INVALID_ARGUMENT, "7 days");
  EXPECT_ERROR(
      verify_document(forged("2027-01-22T08:00:00.000Z", "2027-01-22T08:00:00.001Z"), "alpha.example", kNow),
      MYCHAT_E_MALFORMED, "7 days");
}

TEST(NodeDocument, LeadsToNoHostButItsOwn) {
  const std::string own = "https://alpha.example/federation";
  for (const char* good :
       {"https://alpha.example", "https://chat.alpha.example/a/b", "https://alpha.example:8448/f"}) {
    EXPECT_NO_THROW(verify_document(forged(own, good), "alpha.example", kNow)) << good;
  }
  for (const char* bad :
       {"https://beta.example/federation", "http://alpha.example/federation", "https://alpha.example/f/",
        "https://alpha.example@beta.example/f", "https://xalpha.example/f", "https://alpha.example.evil/f",
        "https://alpha.example/f?x=1", "https://alpha.example/f#x", "https://alpha.example/a b",
        "ftp://alpha.example/f", "//alpha.example/f", "https:///f", "", "https://Alpha.example/f",
        "https://127.0.0.1/f", "https://[::1]/f"}) {
    EXPECT_ERROR(verify_document(forged(own, bad), "alpha.example", kNow), MYCHAT_E_MALFORMED, "address")
        << bad;
  }
  const Statement plain = forged(own, "http://alpha.example/federation");
  EXPECT_NO_THROW(verify_document(plain, "alpha.example", kNow, {.allow_http = true}));
}

TEST(NodeDocument, WithABrokenChainOfRotationsIsRefused) {
  const Ed25519PrivateKey a = Ed25519PrivateKey::generate();
  const Ed25519PrivateKey b = Ed25519PrivateKey::generate();
  const std::string& domain = alpha().domain;
  const auto to_own = [&](const Ed25519PrivateKey& from, std::int64_t sequence) {
    return NodeKeyRotation::make(domain, from, alpha().key, sequence);
  };
  NodeKeyRotation unsigned_by_old = to_own(a, 5);
  unsigned_by_old.signature_from = unsigned_by_old.signature_to;
  NodeKeyRotation unsigned_by_new = to_own(a, 5);
  unsigned_by_new.signature_to = unsigned_by_new.signature_from;
  const std::vector<std::vector<NodeKeyRotation>> chains{
      {NodeKeyRotation::make(domain, a, b, 2), to_own(a, 5)},      // The second does not follow the first.
      {NodeKeyRotation::make(domain, a, b, 2)},                    // Ends elsewhere.
      {NodeKeyRotation::make(domain, a, b, 5), to_own(b, 5)},      // Out of order.
      {to_own(a, 6)},                                              // Later than the document.
      {NodeKeyRotation::make("beta.example", a, alpha().key, 5)},  // Another domain's.
      {unsigned_by_old},
      {unsigned_by_new},
  };
  for (const auto& chain : chains) {
    NodeDocument document = alpha().document(5);
    document.rotations = chain;
    EXPECT_ERROR(document.sign(alpha().key), MYCHAT_E_INVALID_ARGUMENT, "rotations");
  }
  EXPECT_ERROR(NodeKeyRotation::make(domain, a, a, 1), MYCHAT_E_INVALID_ARGUMENT, "two different");
}

TEST(NodeDocument, WhoseFormIsWrongIsRefusedByTheNameOfTheMember) {
  struct Case {
    const char* part;
    const char* other;
    const char* named;
  };
  for (const Case& bad :
       {Case{R"("sequence":1)", R"("sequence":0)", "sequence"},
        Case{R"("sequence":1)", R"("sequence":1.5)", "sequence"},
        Case{R"("sequence":1)", R"("sequence":"1")", "sequence"},
        Case{R"("protocols":[2])", R"("protocols":[])", "protocols"},
        Case{R"("protocols":[2])", R"("protocols":[1,2,3,4,5,6,7,8,9])", "protocols"},
        Case{R"("messages")", R"("Mess ages")", "capabilities"},
        Case{R"("max_message_size":10485760)", R"("max_message_size":0)", "max_message_size"},
        Case{R"("key":")", R"("key":"A)", "key"},
        Case{R"("domain":"alpha.example")", R"("domain":"Alpha.example")", "domain"},
        Case{R"("issued_at":"2027)", R"("issued_at":"x2027)", "issued_at"},
        Case{R"("rotations":[])", R"("rotations":{})", "rotations"},
        Case{R"("rotations":[])", R"("rotation":[])", "rotations"}}) {
    EXPECT_ERROR(verify_document(forged(bad.part, bad.other), "alpha.example", kNow), MYCHAT_E_MALFORMED,
                 bad.named)
        << bad.other;
  }
}

TEST(NodeDocument, OfMegabytesIsRefusedUnread) {
  const std::string huge = base64_encode(Bytes(kStatementMax + 1));
  const std::string wire = R"({"payload":")" + huge + R"(","signature":"AA=="})";
  EXPECT_ERROR(Statement::from_json(Json::parse(wire)), MYCHAT_E_TOO_LARGE, "64 KiB");
  EXPECT_ERROR(Statement::from_json(Json::parse(R"({"payload":"AA==","signature":"AA=="})")),
               MYCHAT_E_MALFORMED, "signature");
  EXPECT_ERROR(Statement::from_json(Json::parse(R"({"payload":"A","signature":"AA=="})")), MYCHAT_E_MALFORMED,
               "payload");
}

TEST(NodeDocument, IsSignedByItsOwnKeyOnly) {
  EXPECT_ERROR(alpha().document().sign(Ed25519PrivateKey::generate()), MYCHAT_E_INVALID_ARGUMENT, "own key");
}

}  // namespace
}  // namespace mychat::federation
