// The arithmetic of trees, what proposals do to one, and what is checked of one that is received.
#include <bit>
#include <string>

#include "e2ee/mls/tree_math.h"
#include "e2ee/mls/validate.h"
#include "vectors.h"

namespace mychat::mls::vectors {

namespace {

// One list of the case, of all nodes; `exists` says of which nodes there is such a neighbour.
template <class Exists, class Neighbour>
void check_neighbours(JsonView list, std::uint32_t nodes, Exists exists, Neighbour neighbour) {
  NodeIndex node = 0;
  for (const JsonView value : list) {
    within(list.path() + " of " + std::to_string(node), [&] {
      expect(node < nodes, "there is no such node");
      expect(value.is_null() != exists(node), "it exists and should not, or the reverse");
      if (!value.is_null()) {
        const NodeIndex got = neighbour(node);
        expect(got == value.as_int(), "it is " + std::to_string(got));
      }
    });
    ++node;
  }
  expect(node == nodes, "a list is not as long as there are nodes");
}

RatchetTree read_tree(const Suite& suite, ByteView encoded, std::string_view what) {
  const auto nodes = decode_exactly<NodeVector>(encoded, what);
  RatchetTree tree = RatchetTree::from_nodes(suite, nodes);
  expect_equal(encode(tree.nodes()), encoded, std::string(what) + " as a tree");
  return tree;
}

}  // namespace

void check_tree_math(JsonView vector) {
  const std::uint32_t leaves = number(vector, "n_leaves");
  expect(std::has_single_bit(leaves) && leaves <= kMaxLeaves, "n_leaves is no power of two");
  const std::uint32_t nodes = node_count(leaves);
  const NodeIndex root = root_of(leaves);
  expect(nodes == number(vector, "n_nodes"), "n_nodes is " + std::to_string(nodes));
  expect(root == number(vector, "root"), "root is " + std::to_string(root));
  const auto is_parent = [](NodeIndex node) { return !is_leaf(node); };
  const auto is_below_root = [&](NodeIndex node) { return node != root; };
  check_neighbours(vector.array("left"), nodes, is_parent, left_of);
  check_neighbours(vector.array("right"), nodes, is_parent, right_of);
  check_neighbours(vector.array("parent"), nodes, is_below_root, parent_of);
  check_neighbours(vector.array("sibling"), nodes, is_below_root, sibling_of);
}

void check_tree_operations(JsonView vector) {
  const Suite& suite = suite_of(vector);
  RatchetTree tree = read_tree(suite, bytes(vector, "tree_before"), "tree_before");
  expect_equal(tree.hash(), bytes(vector, "tree_hash_before"), "tree_hash_before");
  const auto proposal = decode_exactly<Proposal>(bytes(vector, "proposal"), "proposal");
  if (const auto* const add = proposal.as<Add>()) {
    tree.add(add->key_package.leaf);
  } else if (const auto* const update = proposal.as<Update>()) {
    const LeafIndex sender = number(vector, "proposal_sender");
    expect(tree.leaf(sender) != nullptr, "the sender is no member");
    tree.update(sender, update->leaf);
  } else if (const auto* const remove = proposal.as<Remove>()) {
    expect(tree.leaf(remove->removed) != nullptr, "the leaf that is removed is blank");
    tree.remove(remove->removed);
  } else {
    fail("the proposal changes no leaf");
  }
  const Bytes after = bytes(vector, "tree_after");
  expect_equal(encode(tree.nodes()), after, "tree_after");
  expect_equal(tree.hash(), bytes(vector, "tree_hash_after"), "tree_hash_after");
  // Hashes that were kept from before must be those of a tree that never had another form.
  RatchetTree fresh = read_tree(suite, after, "tree_after");
  expect_equal(fresh.hash(), tree.hash(), "the hash of tree_after");
  expect(fresh.members() == tree.members(), "the number of members");
}

void check_tree_validation(JsonView vector) {
  const Suite& suite = suite_of(vector);
  RatchetTree tree = read_tree(suite, bytes(vector, "tree"), "tree");
  const std::uint32_t nodes = node_count(tree.leaves());
  NodeIndex node = 0;
  for (const JsonView wanted : vector.array("tree_hashes")) {
    expect(node < nodes, "tree_hashes is longer than the tree");
    expect_equal(tree.hash_of(node), bytes_of(wanted), "the hash of node " + std::to_string(node));
    ++node;
  }
  expect(node == nodes, "tree_hashes is shorter than the tree");
  node = 0;
  for (const JsonView wanted : vector.array("resolutions")) {
    expect(node < nodes, "resolutions is longer than the tree");
    std::vector<NodeIndex> resolution;
    for (const JsonView entry : wanted) resolution.push_back(static_cast<NodeIndex>(entry.as_int()));
    expect(tree.resolution(node) == resolution, "the resolution of node " + std::to_string(node));
    expect(tree.resolves_to_nothing(node) == resolution.empty(),
           "whether node " + std::to_string(node) + " resolves to nothing");
    ++node;
  }
  expect(node == nodes, "resolutions is shorter than the tree");

  expect(tree.parent_hashes_hold(), "the parent hashes do not hold");
  GroupContext context;
  context.suite = suite.id();
  context.group_id = bytes(vector, "group_id");
  tree.each_member([&](LeafIndex index, const LeafNode& leaf) {
    expect(verify_leaf_signature(leaf, suite, context.group_id, index),
           "the signature of leaf " + std::to_string(index) + " does not verify");
  });
  // All of it once more as it is done for a tree that comes with a Welcome.
  context.tree_hash = to_bytes(tree.hash());
  check_tree(tree, context, environment());
}

}  // namespace mychat::mls::vectors
