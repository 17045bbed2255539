// Hashes of the ratchet tree (RFC 9420 sections 7.8 and 7.9).
#include <algorithm>

#include "e2ee/mls/tree.h"

namespace mychat::mls {

namespace {

enum class NodeType : std::uint8_t { kLeaf = 1, kParent = 2 };

void write_view(Writer& writer, ByteView bytes) {
  writer.varint(bytes.size());
  writer.raw(bytes);
}

Bytes leaf_hash(const Suite& suite, LeafIndex index, const std::shared_ptr<const LeafNode>& leaf) {
  Writer input;
  input(NodeType::kLeaf, index, leaf);
  return suite.hash(input.secret());
}

Bytes parent_node_hash(const Suite& suite, const std::shared_ptr<const ParentNode>& parent, ByteView left,
                       ByteView right) {
  Writer input;
  input(NodeType::kParent, parent);
  write_view(input, left);
  write_view(input, right);
  return suite.hash(input.secret());
}

}  // namespace

ByteView RatchetTree::hash() { return hash_of(root()); }

ByteView RatchetTree::hash_of(NodeIndex node) {
  if (const Hash& known = place(node)->hash; known.size != 0) return known.view();
  Bytes digest;
  if (is_leaf(node)) {
    digest = leaf_hash(*suite_, leaf_of(node), place(node)->node.leaf);
  } else {
    // By value: computing the right one may copy the chunk that the left one lies in.
    const Bytes left = to_bytes(hash_of(left_of(node)));
    digest = parent_node_hash(*suite_, place(node)->node.parent, left, hash_of(right_of(node)));
  }
  Hash& hash = edit(node).hash;
  std::copy(digest.begin(), digest.end(), hash.bytes.begin());
  hash.size = static_cast<std::uint8_t>(digest.size());
  return hash.view();
}

Bytes RatchetTree::hash_without(NodeIndex node, const std::vector<LeafIndex>& excluded) {
  const auto from = std::lower_bound(excluded.begin(), excluded.end(), first_leaf(node));
  if (from == excluded.end() || *from > last_leaf(node)) return to_bytes(hash_of(node));
  if (is_leaf(node)) return leaf_hash(*suite_, leaf_of(node), nullptr);
  std::shared_ptr<const ParentNode> rest = place(node)->node.parent;
  if (rest) {
    auto changed = std::make_shared<ParentNode>(*rest);
    std::erase_if(changed->unmerged_leaves,
                  [&](LeafIndex leaf) { return std::binary_search(excluded.begin(), excluded.end(), leaf); });
    rest = std::move(changed);
  }
  const Bytes left = hash_without(left_of(node), excluded);
  return parent_node_hash(*suite_, rest, left, hash_without(right_of(node), excluded));
}

Bytes RatchetTree::parent_hash(NodeIndex node, NodeIndex sibling) {
  const ParentNode& at = *parent(node);
  Writer input;
  input(at.encryption_key, at.parent_hash, hash_without(sibling, at.unmerged_leaves));
  return suite_->hash(input.secret());
}

// Section 7.9.2: some node of the child's resolution holds the parent hash, and the rest of that resolution
// is just the parent's unmerged leaves below the child.
bool RatchetTree::has_child_on_chain(NodeIndex node, NodeIndex child, NodeIndex sibling) {
  std::vector<NodeIndex> below = resolution(child);
  std::sort(below.begin(), below.end());
  std::size_t unmerged = 0;
  for (const LeafIndex leaf : parent(node)->unmerged_leaves) {
    if (!is_below(leaf, child)) continue;
    const auto at = std::lower_bound(below.begin(), below.end(), node_of(leaf));
    if (at == below.end() || *at != node_of(leaf)) return false;
    ++unmerged;
  }
  if (unmerged + 1 != below.size()) return false;
  const auto descendant_at = std::find_if(below.begin(), below.end(), [&](NodeIndex candidate) {
    const auto& leaves = parent(node)->unmerged_leaves;
    return !is_leaf(candidate) || !std::binary_search(leaves.begin(), leaves.end(), leaf_of(candidate));
  });
  const Node& descendant = place(*descendant_at)->node;
  if (descendant.leaf && descendant.leaf->source != LeafSource::kCommit) return false;
  const Bytes& held = descendant.leaf ? descendant.leaf->parent_hash : descendant.parent->parent_hash;
  return held == parent_hash(node, sibling);
}

bool RatchetTree::parent_hashes_hold() {
  for (NodeIndex node = 1; node < node_count(leaves_); node += 2) {
    if (parent(node) == nullptr) continue;
    const NodeIndex left = left_of(node);
    const NodeIndex right = right_of(node);
    if (!has_child_on_chain(node, left, right) && !has_child_on_chain(node, right, left)) return false;
  }
  return true;
}

}  // namespace mychat::mls
