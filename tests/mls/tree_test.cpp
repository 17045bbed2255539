// The ratchet tree by itself: what it looks up is what a look at every node would find.
#include "e2ee/mls/tree.h"

#include <gtest/gtest.h>

#include <random>

#include "base/error.h"

namespace mychat::mls {
namespace {

constexpr auto kBasic = static_cast<std::uint16_t>(CredentialType::kBasic);
constexpr auto kX509 = static_cast<std::uint16_t>(CredentialType::kX509);

class Trees : public ::testing::Test {
 protected:
  // Few enough keys that they come again.
  Bytes key() { return Bytes(32, static_cast<std::uint8_t>(random_() % 200)); }
  LeafNode leaf() {
    LeafNode out;
    out.encryption_key = key();
    out.signature_key = key();
    out.credential.type = random_() % 4 == 0 ? CredentialType::kX509 : CredentialType::kBasic;
    if (random_() % 3 != 0) out.capabilities.credentials.push_back(kX509);
    if (random_() % 50 != 0) out.capabilities.credentials.push_back(kBasic);
    // Twice counts once.
    if (random_() % 3 == 0) out.capabilities.credentials.push_back(kBasic);
    return out;
  }

  void change(RatchetTree& tree) {
    const auto index = static_cast<LeafIndex>(random_() % std::max(tree.leaves(), 1U));
    const NodeIndex node = tree.leaves() < 2 ? 1 : 2 * (index % (tree.leaves() - 1)) + 1;
    switch (random_() % 8) {
      case 0:
        if (tree.leaf(index) != nullptr && tree.members() > 1) tree.remove(index);
        break;
      case 1:
        if (tree.leaf(index) != nullptr) tree.update(index, leaf());
        break;
      case 2:
      case 3:
      case 4:
        if (tree.leaves() > 1) tree.set_parent(node, {key(), {}, {}});
        break;
      case 5:
        if (tree.leaf(index) != nullptr) tree.set_leaf(index, leaf());
        break;
      default:
        if (tree.members() < 60) tree.add(leaf());
    }
  }

  static bool has_beside(const RatchetTree& tree, NodeIndex beside, const Bytes& key) {
    for (NodeIndex node = 0; node < node_count(tree.leaves()); ++node) {
      if (node != beside && !tree.is_blank(node) && tree.key_of(node) == key) return true;
    }
    return false;
  }
  static bool has_member_beside(const RatchetTree& tree, LeafIndex beside, const Bytes& key) {
    bool found = false;
    tree.each_member([&](LeafIndex index, const LeafNode& member) {
      found |= index != beside && member.signature_key == key;
    });
    return found;
  }
  static bool supported(const RatchetTree& tree) {
    bool all = true;
    tree.each_member([&](LeafIndex, const LeafNode& one) {
      tree.each_member([&](LeafIndex, const LeafNode& other) {
        const auto& can = other.capabilities.credentials;
        all &=
            std::find(can.begin(), can.end(), static_cast<std::uint16_t>(one.credential.type)) != can.end();
      });
    });
    return all;
  }

  void expect_right(const RatchetTree& tree) {
    const Bytes wanted = key();
    const NodeIndex node = node_of(static_cast<LeafIndex>(random_() % (tree.leaves() + 1)));
    EXPECT_EQ(tree.has_encryption_key(wanted), has_beside(tree, node_count(tree.leaves()), wanted));
    EXPECT_EQ(tree.has_encryption_key_beside(node, wanted), has_beside(tree, node, wanted));
    EXPECT_EQ(tree.has_signature_key_beside(leaf_of(node), wanted),
              has_member_beside(tree, leaf_of(node), wanted));
    const bool can = supported(tree);
    EXPECT_EQ(tree.credentials_are_supported(), can);
    ++(can ? all_supported_ : some_not_);
  }

  const Suite& suite_ = Suite::get(kDefaultSuite);
  std::mt19937 random_{9};
  int all_supported_ = 0, some_not_ = 0;
};

TEST_F(Trees, FindKeysAsALookAtEveryNodeWould) {
  RatchetTree tree(suite_);
  tree.add(leaf());
  int travelled = 0;
  for (int i = 0; i < 6000; ++i) {
    const RatchetTree before = tree;
    change(tree);
    expect_right(tree);
    expect_right(before);
    // Parents stand anywhere here, also where none could be in a tree that travels.
    const NodeVector nodes = tree.nodes();
    if (i % 10 == 0 && nodes.back()->leaf) {
      tree = RatchetTree::from_nodes(suite_, nodes);
      ++travelled;
    }
    if (i % 1000 == 999) {
      // Small for a while, so that all may support each other's credentials.
      while (tree.members() > 2) {
        LeafIndex last = tree.leaves();
        while (tree.leaf(--last) == nullptr) {
        }
        tree.remove(last);
        expect_right(tree);
      }
    }
  }
  EXPECT_GT(all_supported_, 10);
  EXPECT_GT(some_not_, 10);
  EXPECT_GT(travelled, 10);
}

template <class Call>
void expect_refused(Call&& call) {
  try {
    call();
    FAIL() << "It was done.";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), MYCHAT_E_INVALID_ARGUMENT) << error.what();
  }
}

TEST_F(Trees, RefuseLeavesThatAreNotThere) {
  RatchetTree tree(suite_);
  for (int i = 0; i < 3; ++i) tree.add(leaf());
  const Bytes before = to_bytes(tree.hash());
  for (const LeafIndex outside : {LeafIndex{4}, LeafIndex{5}, LeafIndex{1000}, ~LeafIndex{0}}) {
    expect_refused([&] { tree.filtered_direct_path(outside); });
    expect_refused([&] { tree.blank_direct_path(outside); });
    expect_refused([&] { tree.remove(outside); });
    expect_refused([&] { tree.set_leaf(outside, leaf()); });
    expect_refused([&] { tree.update(outside, leaf()); });
  }
  expect_refused([&] { tree.remove(3); });
  expect_refused([&] { tree.set_parent(7, {}); });
  expect_refused([&] { tree.set_parent(2, {}); });
  EXPECT_EQ(tree.members(), 3U);
  EXPECT_EQ(to_bytes(tree.hash()), before);
}

}  // namespace
}  // namespace mychat::mls
