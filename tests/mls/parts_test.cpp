// Parts of the engine by themselves, at edges that a group does not bring them to.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>

#include "e2ee/mls/parallel.h"
#include "forge.h"
#include "support/expect_error.h"

namespace mychat::mls::testing {
namespace {

const Suite& suite() { return Suite::get(kDefaultSuite); }

std::shared_ptr<const LeafNode> some_leaf() {
  auto leaf = std::make_shared<LeafNode>();
  leaf->encryption_key = {1, 2, 3};
  return leaf;
}
std::optional<Node> leaf_node(LeafSource source = LeafSource::kUpdate) {
  LeafNode leaf = *some_leaf();
  leaf.source = source;
  return Node{std::make_shared<const LeafNode>(leaf), nullptr};
}
std::optional<Node> parent_node(std::vector<LeafIndex> unmerged = {}) {
  ParentNode parent;
  parent.encryption_key = {4, 5, 6};
  parent.unmerged_leaves = std::move(unmerged);
  return Node{nullptr, std::make_shared<const ParentNode>(parent)};
}

TEST(Tree, HasTheFormOfATree) {
  const auto read = [&](const NodeVector& nodes) { return RatchetTree::from_nodes(suite(), nodes); };
  EXPECT_EQ(read({leaf_node(), parent_node(), leaf_node()}).members(), 2U);
  EXPECT_ERROR(read({}), MYCHAT_E_MALFORMED, "not blank");
  EXPECT_ERROR(read({leaf_node(), std::nullopt, std::nullopt}), MYCHAT_E_MALFORMED, "not blank");
  EXPECT_ERROR(read({leaf_node(), parent_node()}), MYCHAT_E_MALFORMED, "ends with a leaf");
  EXPECT_ERROR(read({leaf_node(), std::nullopt, parent_node()}), MYCHAT_E_MALFORMED, "ends with a leaf");
  EXPECT_ERROR(read({parent_node(), std::nullopt, leaf_node()}), MYCHAT_E_MALFORMED, "places");
  EXPECT_ERROR(read({leaf_node(), leaf_node(), leaf_node()}), MYCHAT_E_MALFORMED, "places");
  for (const std::vector<LeafIndex>& unmerged : {std::vector<LeafIndex>{1, 0}, std::vector<LeafIndex>{1, 1}})
    EXPECT_ERROR(read({leaf_node(), parent_node(unmerged), leaf_node()}), MYCHAT_E_MALFORMED, "ascending");
  NodeVector many(node_count(kMaxLeaves) + 2);
  many.back() = leaf_node();
  EXPECT_ERROR(read(many), MYCHAT_E_MALFORMED, "too many leaves");
}

TEST(Tree, HoldsSoManyMembersAndNoMore) {
  const std::vector<std::shared_ptr<const LeafNode>> all(kMaxLeaves, some_leaf());
  RatchetTree tree = RatchetTree::of_leaves(suite(), all);
  EXPECT_EQ(tree.members(), kMaxLeaves);
  EXPECT_ERROR(tree.add(*some_leaf()), MYCHAT_E_TOO_LARGE, "131072 members");
  EXPECT_EQ(tree.members(), kMaxLeaves);
  EXPECT_EQ(tree.leaves(), kMaxLeaves);
  tree.remove(3);
  EXPECT_EQ(tree.add(*some_leaf()), 3U);
}

TEST(Tree, GoesDownToNothingAndGrowsAgain) {
  RatchetTree tree(suite());
  EXPECT_TRUE(tree.nodes().empty());
  EXPECT_EQ(tree.add(*some_leaf()), 0U);
  tree.remove(0);
  EXPECT_EQ(tree.leaves(), 0U);
  EXPECT_EQ(tree.members(), 0U);
  EXPECT_TRUE(tree.nodes().empty());
  EXPECT_EQ(tree.add(*some_leaf()), 0U);
  EXPECT_EQ(tree.add(*some_leaf()), 1U);
  EXPECT_EQ(tree.nodes().size(), 3U);
}

TEST(Tree, HasNothingOutsideOfIt) {
  const RatchetTree tree = RatchetTree::from_nodes(suite(), {leaf_node(), parent_node(), leaf_node()});
  EXPECT_NE(tree.parent(1), nullptr);
  EXPECT_EQ(tree.parent(3), nullptr);
  EXPECT_EQ(tree.leaf(2), nullptr);
  EXPECT_EQ(tree.shared_leaf(2), nullptr);
  EXPECT_TRUE(tree.is_blank(4));
}

// Many more nodes before than now: those that went are named, and the others are not.
TEST(Tree, SaysWhatChangedSinceItWasLarger) {
  RatchetTree before = RatchetTree::of_leaves(suite(), std::vector(64, some_leaf()));
  RatchetTree tree = before;
  std::set<NodeIndex> gone;
  for (LeafIndex leaf = 63; leaf >= 2; --leaf) {
    tree.remove(leaf);
    gone.insert(node_of(leaf));
  }
  EXPECT_EQ(tree.leaves(), 2U);
  const auto smaller = tree.changed_since(before);
  EXPECT_EQ(std::set(smaller.begin(), smaller.end()), gone);
  const auto larger = before.changed_since(tree);
  EXPECT_EQ(std::set(larger.begin(), larger.end()), gone);
  EXPECT_TRUE(tree.changed_since(tree).empty());
}

// Whom a parent says to be unmerged is in the resolution of its child, or the parent stands on no chain.
TEST(Tree, UnmergedLeavesAreThere) {
  const auto leaf = leaf_node(LeafSource::kCommit);
  for (const LeafIndex unmerged : {0U, 1U}) {
    NodeVector nodes{leaf, std::nullopt, leaf, parent_node({unmerged}), leaf, std::nullopt, leaf};
    nodes[node_of(unmerged)].reset();
    EXPECT_FALSE(RatchetTree::from_nodes(suite(), nodes).parent_hashes_hold());
  }
}

TEST(Paths, ASecretIsForWhoIsBelow) {
  const RatchetTree tree =
      RatchetTree::from_nodes(suite(), {leaf_node(), parent_node(), leaf_node(), std::nullopt, leaf_node()});
  NewPath path;
  EXPECT_EQ(path.secret_for(0), nullptr);
  path.steps = {{1, 2}};
  path.secrets = {Secret(32)};
  EXPECT_EQ(path.secret_for(1), &path.secrets[0]);
  EXPECT_EQ(path.secret_for(2), nullptr);
  PrivateKeys keys;
  EXPECT_FALSE(implant_path_secret(tree, 2, 0, Secret(32), keys)) << "a parent that is blank";
  EXPECT_FALSE(implant_path_secret(tree, 1, 0, Secret(32), keys)) << "a parent of another key";
  EXPECT_FALSE(implant_path_secret(tree, 1, 0, Secret(31), keys)) << "a secret that is too short";
  const RatchetTree alone = RatchetTree::from_nodes(suite(), {leaf_node()});
  EXPECT_FALSE(implant_path_secret(alone, 0, 0, Secret(32), keys)) << "nothing above";
  EXPECT_TRUE(keys.empty());
}

TEST(SecretTrees, KeepNoMoreThanTheirLimits) {
  const RatchetLimits limits{5, 2};
  SecretTree tree(suite(), 2, Secret(32, 1));
  const auto read = [&](std::uint32_t generation) {
    auto found = tree.find(1, RatchetKind::kApplication, generation, limits);
    const Secret key = found.key.key;
    tree.accept(std::move(found), limits);
    return key;
  };
  EXPECT_ERROR(read(6), MYCHAT_E_TOO_LARGE, "too far ahead");
  EXPECT_TRUE(tree.ratchets().empty()) << "what is refused starts nothing";
  const Secret third = SecretTree(tree).find(1, RatchetKind::kApplication, 3, limits).key.key;
  read(5);
  EXPECT_EQ(tree.ratchets().at(1).second.kept.size(), 2U);
  for (const std::uint32_t gone : {0U, 1U, 2U}) EXPECT_ERROR(read(gone), MYCHAT_E_REPLAY, "kept no longer");
  EXPECT_EQ(read(3), third);
  EXPECT_ERROR(read(3), MYCHAT_E_REPLAY, "used before");
  EXPECT_EQ(read(4).size(), suite().key_size());
  EXPECT_TRUE(tree.ratchets().at(1).second.kept.empty());
}

TEST(SecretTrees, EndWithTheLastGeneration) {
  SecretTree::Ratchets ratchets;
  ratchets[0].first = {Secret(32, 1), 0xfffffffeU, {}};
  ratchets[0].second = {Secret(32, 2), 0, {}};
  SecretTree tree = SecretTree::restore(suite(), 2, {}, ratchets);
  tree.accept(tree.next(0, RatchetKind::kHandshake), {});
  EXPECT_ERROR(tree.next(0, RatchetKind::kHandshake), MYCHAT_E_TOO_LARGE, "too far ahead");
  EXPECT_NO_THROW(tree.next(0, RatchetKind::kApplication));
}

TEST(SecretTrees, HaveNothingForALeafWhoseSecretsAreGoneOrThatIsNone) {
  const SecretTree gone = SecretTree::restore(suite(), 4, {}, {});
  for (const LeafIndex leaf : {0U, 3U})
    EXPECT_ERROR(gone.find(leaf, RatchetKind::kApplication, 0, {}), MYCHAT_E_REPLAY, "");
  const SecretTree whole(suite(), 4, Secret(32, 1));
  EXPECT_NO_THROW(whole.find(3, RatchetKind::kApplication, 0, {}));
  EXPECT_ERROR(whole.find(4, RatchetKind::kApplication, 0, {}), MYCHAT_E_MALFORMED, "no leaf");
}

TEST(KeySchedule, TakesSoManyPreSharedKeysAsItCanCount) {
  const std::vector<PskInput> one(1);
  EXPECT_NE(psk_secret(suite(), one), psk_secret(suite(), {}));
  EXPECT_ERROR(psk_secret(suite(), std::vector<PskInput>(0x10000)), MYCHAT_E_TOO_LARGE, "65535");
}

TEST(Rules, OneThatHasNoTextIsAnErrorAllTheSame) {
  try {
    violate(static_cast<Rule>(9999));
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), MYCHAT_E_MALFORMED);
    EXPECT_EQ(error.domain(), MYCHAT_DOMAIN_E2EE);
    EXPECT_EQ(error.detail(), 9999);
    EXPECT_STREQ(error.what(), "A rule of MLS is broken.");
  }
}

TEST(Suites, AreThoseOfTheRfc) {
  for (const SuiteId id : Suite::supported()) EXPECT_EQ(Suite::get(id).id(), id);
  EXPECT_ERROR(Suite::get(0), MYCHAT_E_UNSUPPORTED, "0");
  EXPECT_EQ(Suite::find(0xffff), nullptr);
}

// Whichever thread fails first, the caller hears of the first piece of work that did; all of it was tried.
TEST(Parallel, SaysTheFirstFailureOfAll) {
  for (int round = 0; round < 3; ++round) {
    std::atomic<bool> later_failed = false;
    std::atomic<int> tried = 0;
    const auto work = [&](std::size_t i) {
      ++tried;
      if (i == 0) {
        // Where there is one processor, the later ones have their turn afterwards.
        for (int wait = 0; wait < 200 && !later_failed; ++wait)
          std::this_thread::sleep_for(std::chrono::milliseconds(1));
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
        throw std::runtime_error("0");
      }
      if (i % 2 == 0) return;
      later_failed = true;
      throw std::runtime_error(std::to_string(i));
    };
    try {
      for_each_parallel(40, work);
      ADD_FAILURE() << "no failure";
    } catch (const std::runtime_error& failure) {
      EXPECT_STREQ(failure.what(), "0");
    }
    EXPECT_EQ(tried, 40);
  }
}

}  // namespace
}  // namespace mychat::mls::testing
