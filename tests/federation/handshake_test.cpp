#include "federation/handshake.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "nodes.h"
#include "support/expect_error.h"

namespace mychat::federation {
namespace {

using test::kNow;
using test::Node;

const Node kAlpha{.domain = "alpha.example"};
const Node kBeta{.domain = "beta.example"};

HandshakeSide side_of(const Node& node) {
  return {.domain = node.domain, .protocols = {2}, .capabilities = {"messages", "receipts"}, .limits = {}};
}

HandshakeInitiator initiator() { return {side_of(kAlpha), kAlpha.key, kBeta.domain, kNow}; }

HandshakeAnswer answer(const Statement& hello, HandshakeSide self = side_of(kBeta)) {
  return answer_hello(hello, kAlpha.document(), self, kBeta.key, 0, kNow);
}

std::string payload_text(const Statement& statement) { return std::string(text(view(statement.payload))); }

// A dishonest B answers with a welcome of its own words.
Statement reworded(const Statement& welcome, const Node& signer, const std::string& part,
                   const std::string& other) {
  std::string payload = payload_text(welcome);
  const std::size_t at = payload.find(part);
  EXPECT_NE(at, std::string::npos) << part;
  payload.replace(at, part.size(), other);
  return Statement::make(signer.key, purpose::kWelcome, payload);
}

TEST(Handshake, EndsWithTheSameAgreementOnBothSides) {
  HandshakeSide a = side_of(kAlpha);
  a.protocols = {2, 3, 5};
  a.capabilities = {"typing", "messages", "messages"};
  a.limits.max_transaction_items = 11;
  HandshakeSide b = side_of(kBeta);
  b.protocols = {4, 3, 2};
  b.capabilities = {"receipts", "messages", "typing"};
  b.limits.max_transaction_items = 22;
  const HandshakeInitiator begun(a, kAlpha.key, kBeta.domain, kNow);
  EXPECT_EQ(hello_origin(begun.hello(), kBeta.domain), kAlpha.domain);
  const HandshakeAnswer answered = answer(begun.hello(), b);
  const auto finished = begun.finish(answered.welcome, kBeta.document(), 2, kNow + 100);
  EXPECT_EQ(confirmed_welcome(finished.confirm), answered.pending.welcome_digest);
  const Agreement at_b = finish_handshake(answered.pending, finished.confirm, kNow + 200);
  EXPECT_EQ(finished.agreement.peer, kBeta.domain);
  EXPECT_EQ(at_b.peer, kAlpha.domain);
  EXPECT_EQ(finished.agreement.protocol, 3);
  EXPECT_EQ(at_b.protocol, 3);
  EXPECT_EQ(finished.agreement.capabilities, (std::vector<std::string>{"messages", "typing"}));
  EXPECT_EQ(at_b.capabilities, finished.agreement.capabilities);
  EXPECT_EQ(finished.agreement.limits.max_transaction_items, 22);
  EXPECT_EQ(at_b.limits.max_transaction_items, 11);
}

TEST(Handshake, MeasuresThePeersClock) {
  const HandshakeInitiator begun = initiator();
  const std::int64_t day = test::kDay;
  const auto answered =
      answer_hello(begun.hello(), kAlpha.document(), side_of(kBeta), kBeta.key, 0, kNow + day);
  EXPECT_EQ(begun.finish(answered.welcome, kBeta.document(), 0, kNow + 400).agreement.clock_ahead_ms,
            day - 200);
}

TEST(Handshake, NeedsBothKeys) {
  const HandshakeInitiator begun = initiator();
  const Node thief{.domain = kBeta.domain};
  const HandshakeAnswer by_thief =
      answer_hello(begun.hello(), kAlpha.document(), side_of(kBeta), thief.key, 0, kNow);
  EXPECT_ERROR(begun.finish(by_thief.welcome, kBeta.document(), 0, kNow), MYCHAT_E_SIGNATURE, "welcome");
  const HandshakeInitiator of_thief(side_of(kAlpha), thief.key, kBeta.domain, kNow);
  EXPECT_ERROR(answer(of_thief.hello()), MYCHAT_E_SIGNATURE, "hello");
  const HandshakeAnswer answered = answer(begun.hello());
  const auto finished = begun.finish(answered.welcome, kBeta.document(), 0, kNow);
  const Statement confirm = Statement::make(thief.key, purpose::kConfirm, payload_text(finished.confirm));
  EXPECT_ERROR(finish_handshake(answered.pending, confirm, kNow), MYCHAT_E_SIGNATURE, "confirm");
}

TEST(Handshake, RepeatedMessagesOfAnEarlierOneEndNothing) {
  const HandshakeInitiator first = initiator();
  const HandshakeAnswer first_answer = answer(first.hello());
  const auto first_end = first.finish(first_answer.welcome, kBeta.document(), 0, kNow);
  const HandshakeInitiator second = initiator();
  EXPECT_ERROR(second.finish(first_answer.welcome, kBeta.document(), 0, kNow), MYCHAT_E_KEY_MISMATCH,
               "another hello");
  // Who repeats A's hello gets a welcome, and cannot confirm it with A's old confirm.
  const HandshakeAnswer again = answer(first.hello());
  EXPECT_ERROR(finish_handshake(again.pending, first_end.confirm, kNow), MYCHAT_E_KEY_MISMATCH,
               "another welcome");
}

TEST(Handshake, StatementsOfOneKindAreNoneOfAnother) {
  const HandshakeInitiator begun = initiator();
  const HandshakeAnswer answered = answer(begun.hello());
  const Statement swapped = Statement::make(kBeta.key, purpose::kHello, payload_text(answered.welcome));
  EXPECT_ERROR(begun.finish(swapped, kBeta.document(), 0, kNow), MYCHAT_E_SIGNATURE, "welcome");
}

TEST(Handshake, ForAnotherNodeOrFromOneselfIsRefused) {
  const HandshakeInitiator begun = initiator();
  EXPECT_ERROR(hello_origin(begun.hello(), "gamma.example"), MYCHAT_E_KEY_MISMATCH, "beta.example");
  const Statement own = Statement::make(kBeta.key, purpose::kHello, [&] {
    std::string payload = payload_text(begun.hello());
    payload.replace(payload.find("alpha.example"), 13, "beta.example");
    return payload;
  }());
  EXPECT_ERROR(hello_origin(own, kBeta.domain), MYCHAT_E_KEY_MISMATCH, "this node");
  EXPECT_ERROR(HandshakeInitiator(side_of(kAlpha), kAlpha.key, kAlpha.domain, kNow),
               MYCHAT_E_INVALID_ARGUMENT, "itself");
  EXPECT_ERROR(HandshakeInitiator(side_of(kAlpha), kAlpha.key, "no domain", kNow), MYCHAT_E_INVALID_ARGUMENT,
               "domain");
}

TEST(Handshake, AWelcomeWithOtherPartiesIsRefused) {
  const HandshakeInitiator begun = initiator();
  const Statement welcome = answer(begun.hello()).welcome;
  EXPECT_ERROR(begun.finish(reworded(welcome, kBeta, "\"alpha.example\"", "\"gamma.example\""),
                            kBeta.document(), 0, kNow),
               MYCHAT_E_KEY_MISMATCH, "another hello");
  EXPECT_ERROR(begun.finish(reworded(welcome, kBeta, "\"beta.example\"", "\"gamma.example\""),
                            kBeta.document(), 0, kNow),
               MYCHAT_E_KEY_MISMATCH, "another hello");
}

TEST(Handshake, EndsWithTheNewestCommonProtocolOrNotAtAll) {
  HandshakeSide a = side_of(kAlpha);
  a.protocols = {2, 3};
  const HandshakeInitiator begun(a, kAlpha.key, kBeta.domain, kNow);
  HandshakeSide b = side_of(kBeta);
  b.protocols = {2, 3};
  const Statement welcome = answer(begun.hello(), b).welcome;
  const Statement older = reworded(welcome, kBeta, "\"protocol\":3", "\"protocol\":2");
  EXPECT_ERROR(begun.finish(older, kBeta.document(), 0, kNow), MYCHAT_E_DOWNGRADE, "not the newest");
  b.protocols = {4};
  EXPECT_ERROR(answer(begun.hello(), b), MYCHAT_E_UNSUPPORTED, "in common");
}

TEST(Handshake, DoesNotFallBelowWhatWasReachedBefore) {
  const HandshakeInitiator begun = initiator();
  const HandshakeAnswer answered = answer(begun.hello());
  EXPECT_ERROR(begun.finish(answered.welcome, kBeta.document(), 3, kNow), MYCHAT_E_DOWNGRADE,
               "protocol 3 before");
  EXPECT_ERROR(answer_hello(begun.hello(), kAlpha.document(), side_of(kBeta), kBeta.key, 3, kNow),
               MYCHAT_E_DOWNGRADE, "protocol 3 before");
}

TEST(Handshake, HasAMinute) {
  const HandshakeInitiator begun = initiator();
  const HandshakeAnswer answered = answer(begun.hello());
  const auto finished = begun.finish(answered.welcome, kBeta.document(), 0, kNow + kHandshakeLifeMs);
  EXPECT_ERROR(begun.finish(answered.welcome, kBeta.document(), 0, kNow + kHandshakeLifeMs + 1),
               MYCHAT_E_STALE, "too long");
  EXPECT_NO_THROW(finish_handshake(answered.pending, finished.confirm, kNow + kHandshakeLifeMs - 1));
  EXPECT_ERROR(finish_handshake(answered.pending, finished.confirm, kNow + kHandshakeLifeMs), MYCHAT_E_STALE,
               "too long");
}

TEST(Handshake, MalformedPayloadsAreRefused) {
  for (const char* payload : {"", "[]", "{}", R"({"origin":"alpha.example"})", "\xff"}) {
    const Statement statement = Statement::make(kAlpha.key, purpose::kHello, payload);
    EXPECT_ERROR(hello_origin(statement, kBeta.domain), MYCHAT_E_MALFORMED, "") << payload;
    EXPECT_ERROR(confirmed_welcome(statement), MYCHAT_E_MALFORMED, "") << payload;
  }
}

}  // namespace
}  // namespace mychat::federation
