// Trees in Welcomes and GroupInfos that break a rule of RFC 9420 sections 7.9, 12.4.3.1 or 12.4.3.3.
#include "welcomes.h"

namespace mychat::mls::testing {
namespace {

class TreeRules : public WelcomeRules {};

TEST_F(TreeRules, TreeHash) {
  refuse_info([](GroupInfo& info) { info.context.tree_hash[0] ^= 1; }, Rule::kTreeHash);
}

TEST_F(TreeRules, TreeParentHash) {
  refuse_tree(
      [](NodeVector& nodes) { change_parent(nodes, 3, [](ParentNode& at) { at.parent_hash = {1}; }); },
      Rule::kTreeParentHash);
  const Bytes fresh = environment().key_pair(suite).public_key;
  refuse_tree(
      [&](NodeVector& nodes) { change_parent(nodes, 1, [&](ParentNode& at) { at.encryption_key = fresh; }); },
      Rule::kTreeParentHash);
  // A leaf that is said to be unmerged although the path's hash counts on it.
  refuse_tree(
      [](NodeVector& nodes) { change_parent(nodes, 1, [](ParentNode& at) { at.unmerged_leaves = {1}; }); },
      Rule::kTreeParentHash);
}

TEST_F(TreeRules, TreeUnmerged) {
  const std::vector<std::pair<NodeIndex, std::vector<LeafIndex>>> wrong{
      {1, {2}}, {1, {7}}, {7, {6}}, {7, {1}}};
  for (const auto& [node, leaves] : wrong) {
    refuse_tree(
        [&, node = node, leaves = leaves](NodeVector& nodes) {
          change_parent(nodes, node, [&](ParentNode& at) { at.unmerged_leaves = leaves; });
        },
        Rule::kTreeUnmerged);
  }
}

TEST_F(TreeRules, TreeKeysUnique) {
  // Two who were added without a path, by a committer who liked them to have one key.
  clients.resize(1);
  clients[0]->create();
  Client other("other@example.org");
  CommitOptions options;
  options.path = false;
  options.proposals = {other.add()};
  invite(options);
  const Bytes key = newcomer.packages.back()->key_package.leaf.encryption_key;
  refuse_tree(
      [&](NodeVector& nodes) {
        change_leaf(nodes, 2, [&](LeafNode& leaf) {
          leaf.encryption_key = key;
          sign_leaf(leaf, suite, other.signer, {}, 0);
        });
      },
      Rule::kTreeKeysUnique);
}

TEST_F(TreeRules, TreeForm) {
  const NodeVector good = clients[0]->group->tree().nodes();
  const auto refuse_nodes = [&](NodeVector nodes) {
    refuse_info([&](GroupInfo& info) { put_tree(info, encode(nodes)); }, Rule::kTreeForm);
  };
  refuse_nodes({});
  NodeVector nodes = good;
  nodes.resize(nodes.size() + 2);
  refuse_nodes(nodes);
  nodes = good;
  nodes.pop_back();
  refuse_nodes(nodes);
  nodes = good;
  std::swap(nodes[0], nodes[1]);
  refuse_nodes(nodes);
  nodes = good;
  change_parent(nodes, 7, [](ParentNode& at) { at.unmerged_leaves = {2, 1}; });
  refuse_nodes(nodes);
  change_parent(nodes, 7, [](ParentNode& at) { at.unmerged_leaves = {1, 1}; });
  refuse_nodes(nodes);
  refuse_info([](GroupInfo& info) { put_tree(info, {1, 2, 3}); }, Rule::kTreeForm);
  Bytes trailing = encode(good);
  trailing.push_back(0);
  refuse_info([&](GroupInfo& info) { put_tree(info, trailing); }, Rule::kTreeForm);
  JoinOptions options;
  const NodeVector none;
  options.tree = &none;
  OpenWelcome without = open;
  without.info.extensions.clear();
  refuse(reseal(without), Rule::kTreeForm, options);
}

TEST_F(TreeRules, TreeKeyForm) {
  refuse_tree(
      [](NodeVector& nodes) {
        change_parent(nodes, 1, [](ParentNode& at) { at.encryption_key.pop_back(); });
      },
      Rule::kTreeKeyForm);
}

// What holds for leaves holds for those of a tree.
TEST_F(TreeRules, LeavesOfTrees) {
  clients.resize(1);
  clients[0]->create();
  Client other("other@example.org");
  CommitOptions options;
  options.path = false;
  options.proposals = {other.add()};
  invite(options);
  const auto refuse_leaf = [&](const std::function<void(LeafNode&)>& change, Rule rule, bool sign = true) {
    refuse_tree(
        [&](NodeVector& nodes) {
          change_leaf(nodes, 2, [&](LeafNode& leaf) {
            change(leaf);
            if (sign) sign_leaf(leaf, suite, other.signer, clients[0]->group->id(), 1);
          });
        },
        rule);
  };
  refuse_leaf([](LeafNode& leaf) { leaf.signature[0] ^= 1; }, Rule::kLeafSignature, false);
  refuse_leaf([](LeafNode& leaf) { leaf.lifetime = {0, ~std::uint64_t{0}}; }, Rule::kLeafLifetime);
  refuse_leaf([](LeafNode& leaf) { leaf.extensions = {{kOwnExtension, {}}}; }, Rule::kLeafExtensionSupport);
  refuse_leaf([](LeafNode& leaf) { leaf.capabilities.suites.clear(); }, Rule::kLeafVersionSuite);
  refuse_leaf([](LeafNode& leaf) { leaf.capabilities.credentials = {2}; }, Rule::kLeafCredentialSupport);
  refuse_leaf([](LeafNode& leaf) { leaf.encryption_key.clear(); }, Rule::kLeafKeyForm);
  StrictService service;
  service.refused = "other@example.org";
  newcomer.env.authentication = &service;
  refuse(reseal(open), Rule::kLeafCredential);
}

}  // namespace
}  // namespace mychat::mls::testing
