#include "federation/continuity.h"

#include <gtest/gtest.h>

#include "federation/pin_text.h"
#include "nodes.h"
#include "support/expect_error.h"

namespace mychat::federation {
namespace {

using test::kNow;
using test::Node;

const Node kAlpha{.domain = "alpha.example"};

VerifiedDocument rotated(const Node& node, const Ed25519PrivateKey& from, std::int64_t sequence) {
  NodeDocument document = node.document(sequence);
  document.rotations = {NodeKeyRotation::make(node.domain, from, node.key, sequence)};
  return verify_document(document.sign(node.key), node.domain, kNow);
}

TEST(Continuity, TheFirstDocumentIsTrustedAndLaterOnesFollowFromIt) {
  const VerifiedDocument first = kAlpha.verified(1);
  EXPECT_EQ(check_continuity(std::nullopt, first), Continuity::kFirst);
  const PinnedNode pinned = pin(std::nullopt, first);
  EXPECT_EQ(check_continuity(pinned, first), Continuity::kSame);
  EXPECT_EQ(check_continuity(pinned, kAlpha.verified(2)), Continuity::kRenewed);
}

TEST(Continuity, AnOlderDocumentIsRefused) {
  const PinnedNode pinned = pin(std::nullopt, kAlpha.verified(5));
  EXPECT_ERROR(check_continuity(pinned, kAlpha.verified(4)), MYCHAT_E_STALE, "5 was seen");
}

TEST(Continuity, TwoDocumentsWithOneNumberAreRefused) {
  const PinnedNode pinned = pin(std::nullopt, kAlpha.verified(5));
  NodeDocument other = kAlpha.document(5);
  other.capabilities.emplace_back("more");
  EXPECT_ERROR(check_continuity(pinned, verify_document(other.sign(kAlpha.key), kAlpha.domain, kNow)),
               MYCHAT_E_STALE, "two documents");
}

TEST(Continuity, AnotherKeyStopsTrafficUnlessThePinnedOneHandedOver) {
  const PinnedNode pinned = pin(std::nullopt, kAlpha.verified(5));
  const Node thief{.domain = kAlpha.domain};
  EXPECT_ERROR(check_continuity(pinned, thief.verified(6)), MYCHAT_E_KEY_CHANGED, "operator");
  EXPECT_ERROR(check_continuity(pinned, rotated(thief, thief.key.generate(), 6)), MYCHAT_E_KEY_CHANGED,
               "operator");
  const VerifiedDocument handed_over = rotated(thief, kAlpha.key, 6);
  EXPECT_EQ(check_continuity(pinned, handed_over), Continuity::kRotated);
  EXPECT_EQ(pin(pinned, handed_over).key, thief.key.public_key());
}

TEST(Continuity, ARetiredKeyIsNotTakenBack) {
  const Node newer{.domain = kAlpha.domain};
  const PinnedNode pinned = pin(std::nullopt, rotated(newer, kAlpha.key, 6));
  EXPECT_ERROR(check_continuity(pinned, kAlpha.verified(7)), MYCHAT_E_KEY_CHANGED, "another one");
}

TEST(Continuity, APeerThatMissedSeveralRotationsFollowsTheChain) {
  const Node second{.domain = kAlpha.domain};
  const Node third{.domain = kAlpha.domain};
  NodeDocument document = third.document(9);
  document.rotations = {NodeKeyRotation::make(kAlpha.domain, kAlpha.key, second.key, 6),
                        NodeKeyRotation::make(kAlpha.domain, second.key, third.key, 9)};
  const VerifiedDocument shown = verify_document(document.sign(third.key), kAlpha.domain, kNow);
  EXPECT_EQ(check_continuity(pin(std::nullopt, kAlpha.verified(5)), shown), Continuity::kRotated);
  EXPECT_EQ(check_continuity(pin(std::nullopt, rotated(second, kAlpha.key, 6)), shown), Continuity::kRotated);
}

TEST(Continuity, AnAnnouncedKeyIsTheOnlyOneThatTheKnownOneHandsOverTo) {
  const Node announced{.domain = kAlpha.domain};
  const Node thief{.domain = kAlpha.domain};
  NodeDocument document = kAlpha.document(5);
  document.next_key = announced.key.public_key();
  const PinnedNode pinned =
      pin(std::nullopt, verify_document(document.sign(kAlpha.key), kAlpha.domain, kNow));
  EXPECT_EQ(pinned.next_key, announced.key.public_key());
  EXPECT_EQ(pin_from_text(pin_text(pinned)), pinned);
  // Whoever stole the present key signs a rotation to their own.
  EXPECT_ERROR(check_continuity(pinned, rotated(thief, kAlpha.key, 6)), MYCHAT_E_KEY_CHANGED,
               "announced " + node_key_id(announced.key.public_key()));
  const VerifiedDocument as_announced = rotated(announced, kAlpha.key, 6);
  EXPECT_EQ(check_continuity(pinned, as_announced), Continuity::kRotated);
  EXPECT_FALSE(pin(pinned, as_announced).next_key);
  // Also when it went on from there meanwhile.
  const Node later{.domain = kAlpha.domain};
  NodeDocument further = later.document(9);
  further.rotations = {NodeKeyRotation::make(kAlpha.domain, kAlpha.key, announced.key, 6),
                       NodeKeyRotation::make(kAlpha.domain, announced.key, later.key, 9)};
  EXPECT_EQ(check_continuity(pinned, verify_document(further.sign(later.key), kAlpha.domain, kNow)),
            Continuity::kRotated);
}

TEST(Continuity, AnAnnouncedKeyIsTakenBackByANewerDocument) {
  const Node announced{.domain = kAlpha.domain};
  const Node other{.domain = kAlpha.domain};
  NodeDocument document = kAlpha.document(5);
  document.next_key = announced.key.public_key();
  const PinnedNode pinned =
      pin(std::nullopt, verify_document(document.sign(kAlpha.key), kAlpha.domain, kNow));
  EXPECT_ERROR(check_continuity(pinned, kAlpha.verified(4)), MYCHAT_E_STALE, "5 was seen");
  const VerifiedDocument withdrawn = kAlpha.verified(6);
  EXPECT_EQ(check_continuity(pinned, withdrawn), Continuity::kRenewed);
  const PinnedNode after = pin(pinned, withdrawn);
  EXPECT_FALSE(after.next_key);
  EXPECT_EQ(pin_from_text(pin_text(after)), after);
  EXPECT_EQ(check_continuity(after, rotated(other, kAlpha.key, 7)), Continuity::kRotated);
}

TEST(Continuity, ADowngradeIsRefused) {
  PinnedNode pinned = pin(std::nullopt, kAlpha.verified(5));
  EXPECT_EQ(pinned.protocol, 0);
  pinned.protocol = 3;
  EXPECT_ERROR(check_continuity(pinned, kAlpha.verified(6)), MYCHAT_E_DOWNGRADE, "protocol 3");
  pinned.protocol = 2;
  EXPECT_EQ(pin(pinned, kAlpha.verified(6)).protocol, 2);
  EXPECT_ERROR(refuse_v1_of_pinned(pinned), MYCHAT_E_DOWNGRADE, "protocol 1");
  EXPECT_NO_THROW(refuse_v1_of_pinned(std::nullopt));
}

TEST(Continuity, AnotherDomainsDocumentIsRefused) {
  const Node beta{.domain = "beta.example"};
  EXPECT_ERROR(check_continuity(pin(std::nullopt, kAlpha.verified(1)), beta.verified(2)),
               MYCHAT_E_KEY_MISMATCH, "beta.example");
}

}  // namespace
}  // namespace mychat::federation
