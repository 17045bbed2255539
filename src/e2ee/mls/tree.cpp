#include "e2ee/mls/tree.h"

#include <algorithm>
#include <atomic>
#include <bit>

#include "base/error.h"

namespace mychat::mls {

RatchetTree RatchetTree::from_nodes(const Suite& suite, const NodeVector& nodes) {
  if (nodes.empty() || !nodes.back()) throw_malformed("A ratchet tree ends with a node that is not blank.");
  if (nodes.size() % 2 == 0 || !nodes.back()->leaf) throw_malformed("A ratchet tree ends with a leaf.");
  if (nodes.size() > node_count(kMaxLeaves)) throw_malformed("A ratchet tree has too many leaves.");
  RatchetTree tree(suite);
  tree.resize(std::bit_ceil(static_cast<std::uint32_t>(nodes.size() / 2 + 1)));
  for (NodeIndex i = 0; i < nodes.size(); ++i) {
    const auto& node = nodes[i];
    if (!node) continue;
    if (is_leaf(i) != (node->leaf != nullptr)) {
      throw_malformed("A ratchet tree has a leaf and a parent in each other's places.");
    }
    if (node->leaf) {
      ++tree.members_;
      tree.count_credentials(*node->leaf, true);
    } else {
      const auto& unmerged = node->parent->unmerged_leaves;
      if (!std::is_sorted(unmerged.begin(), unmerged.end(), std::less_equal<>())) {
        throw_malformed("A parent's unmerged leaves are not in ascending order.");
      }
    }
    tree.edit(i).node = *node;
    tree.index_keys(i);
  }
  tree.compact_keys();
  return tree;
}

RatchetTree RatchetTree::of_leaves(const Suite& suite,
                                   const std::vector<std::shared_ptr<const LeafNode>>& leaves) {
  RatchetTree tree(suite);
  tree.resize(static_cast<std::uint32_t>(leaves.size()));
  for (LeafIndex i = 0; i < leaves.size(); ++i) {
    if (!leaves[i]) continue;
    tree.edit(node_of(i)).node.leaf = leaves[i];
    ++tree.members_;
  }
  return tree;
}

NodeVector RatchetTree::nodes() const {
  NodeVector out;
  NodeIndex size = node_count(leaves_);
  while (size != 0 && is_blank(size - 1)) --size;
  out.reserve(size);
  for (NodeIndex i = 0; i < size; ++i) {
    out.push_back(is_blank(i) ? std::nullopt : std::optional(place(i)->node));
  }
  return out;
}

const RatchetTree::Place* RatchetTree::place(NodeIndex node) const noexcept {
  return node < node_count(leaves_) ? &(*chunks_[node / kChunk])[node % kChunk] : nullptr;
}

RatchetTree::Place& RatchetTree::edit(NodeIndex node) {
  auto& chunk = chunks_.at(node / kChunk);
  // Shared with a copy of this tree: that copy keeps it as it is.
  if (chunk.use_count() != 1) chunk = std::make_shared<Chunk>(*chunk);
#ifndef __SANITIZE_THREAD__  // Which knows no fences.
  // What another thread read in the copy that it has just dropped comes before what is written here.
  std::atomic_thread_fence(std::memory_order_acquire);
#endif
  return (*chunk)[node % kChunk];
}

// A node whose hash is not computed has none above it that is.
void RatchetTree::touch(NodeIndex node) {
  for (;;) {
    if (place(node)->hash.size != 0) edit(node).hash.size = 0;
    if (node == root()) return;
    node = parent_of(node);
    if (place(node)->hash.size == 0) return;
  }
}

void RatchetTree::resize(std::uint32_t leaves) {
  if (leaves > kMaxLeaves) {
    throw Error(MYCHAT_E_TOO_LARGE, MYCHAT_DOMAIN_E2EE, "A group has at most 131072 members.");
  }
  const std::size_t chunks = (std::size_t{node_count(leaves)} + kChunk - 1) / kChunk;
  const NodeIndex before = node_count(leaves_);
  leaves_ = leaves;
  while (chunks_.size() < chunks) chunks_.push_back(std::make_shared<Chunk>());
  chunks_.resize(chunks);
  // What lies beyond the end within the last chunk must be blank should the tree grow again.
  for (NodeIndex i = node_count(leaves); i < before && i / kChunk < chunks; ++i) edit(i) = {};
}

const LeafNode* RatchetTree::leaf(LeafIndex index) const noexcept {
  return index < leaves_ ? place(node_of(index))->node.leaf.get() : nullptr;
}

std::shared_ptr<const LeafNode> RatchetTree::shared_leaf(LeafIndex index) const noexcept {
  return index < leaves_ ? place(node_of(index))->node.leaf : nullptr;
}

const ParentNode* RatchetTree::parent(NodeIndex node) const noexcept {
  const Place* const at = place(node);
  return at == nullptr ? nullptr : at->node.parent.get();
}

void RatchetTree::require_inside(LeafIndex index) const {
  if (index >= leaves_) throw_argument("The leaf lies outside of the ratchet tree.");
}

bool RatchetTree::is_blank(NodeIndex node) const noexcept {
  const Place* const at = place(node);
  return at == nullptr || (!at->node.leaf && !at->node.parent);
}

const Bytes& RatchetTree::key_of(NodeIndex node) const {
  const Node& at = place(node)->node;
  return at.leaf ? at.leaf->encryption_key : at.parent->encryption_key;
}

bool RatchetTree::has_encryption_key(const Bytes& key) const {
  return has_encryption_key_beside(node_count(leaves_), key);
}

bool RatchetTree::has_encryption_key_beside(NodeIndex node, const Bytes& key) const {
  return encryption_keys_.any(
      key, [&](NodeIndex other) { return other != node && !is_blank(other) && key_of(other) == key; });
}

bool RatchetTree::has_signature_key_beside(LeafIndex index, const Bytes& key) const {
  return has_member_with(key, [&](LeafIndex other) { return other != index; });
}

void RatchetTree::index_keys(NodeIndex node) {
  encryption_keys_.add(key_of(node), node);
  if (const LeafNode* const member = place(node)->node.leaf.get())
    signature_keys_.add(member->signature_key, node);
}

void RatchetTree::compact_keys() {
  encryption_keys_.compact([&](std::uint64_t hash, NodeIndex node) {
    return !is_blank(node) && KeyIndex::hash_of(key_of(node)) == hash;
  });
  signature_keys_.compact([&](std::uint64_t hash, NodeIndex node) {
    const LeafNode* const member = leaf(leaf_of(node));
    return member != nullptr && KeyIndex::hash_of(member->signature_key) == hash;
  });
}

void RatchetTree::count_credentials(const LeafNode& leaf, bool comes) noexcept {
  for (CredentialCount& count : credentials_) {
    const auto& supported = leaf.capabilities.credentials;
    const bool has = leaf.credential.type == count.type;
    const bool can = std::find(supported.begin(), supported.end(), static_cast<std::uint16_t>(count.type)) !=
                     supported.end();
    count.used += comes ? has : -static_cast<std::uint32_t>(has);
    count.supported += comes ? can : -static_cast<std::uint32_t>(can);
  }
}

bool RatchetTree::credentials_are_supported() const noexcept {
  return std::all_of(credentials_.begin(), credentials_.end(), [&](const CredentialCount& count) {
    return count.used == 0 || count.supported == members_;
  });
}

void RatchetTree::collect(NodeIndex node, std::vector<NodeIndex>& out) const {
  if (is_leaf(node)) {
    if (!is_blank(node)) out.push_back(node);
    return;
  }
  if (const ParentNode* const at = parent(node)) {
    out.push_back(node);
    for (const LeafIndex unmerged : at->unmerged_leaves) out.push_back(node_of(unmerged));
    return;
  }
  collect(left_of(node), out);
  collect(right_of(node), out);
}

std::vector<NodeIndex> RatchetTree::resolution(NodeIndex node) const {
  std::vector<NodeIndex> out;
  collect(node, out);
  return out;
}

bool RatchetTree::resolves_to_nothing(NodeIndex node) const {
  if (!is_blank(node)) return false;
  return is_leaf(node) || (resolves_to_nothing(left_of(node)) && resolves_to_nothing(right_of(node)));
}

std::vector<RatchetTree::PathStep> RatchetTree::filtered_direct_path(LeafIndex leaf) const {
  require_inside(leaf);
  std::vector<PathStep> out;
  for (NodeIndex node = node_of(leaf); node != root(); node = parent_of(node)) {
    const NodeIndex copath = sibling_of(node);
    if (!resolves_to_nothing(copath)) out.push_back({parent_of(node), copath});
  }
  return out;
}

LeafIndex RatchetTree::add(LeafNode leaf) {
  while (first_blank_ < leaves_ && !is_blank(node_of(first_blank_))) ++first_blank_;
  const LeafIndex index = first_blank_;
  if (index == leaves_) resize(leaves_ == 0 ? 1 : leaves_ * 2);
  set_leaf(index, std::move(leaf));
  for (NodeIndex node = node_of(index); node != root();) {
    node = parent_of(node);
    const ParentNode* const at = parent(node);
    if (at == nullptr) continue;
    auto changed = std::make_shared<ParentNode>(*at);
    auto& unmerged = changed->unmerged_leaves;
    unmerged.insert(std::upper_bound(unmerged.begin(), unmerged.end(), index), index);
    edit(node).node.parent = std::move(changed);
  }
  return index;
}

void RatchetTree::update(LeafIndex index, LeafNode leaf) {
  set_leaf(index, std::move(leaf));
  blank_direct_path(index);
}

void RatchetTree::remove(LeafIndex index) {
  const LeafNode* const member = leaf(index);
  if (member == nullptr) throw_argument("There is no such member to remove.");
  count_credentials(*member, false);
  blank(node_of(index));
  --members_;
  blank_direct_path(index);
  first_blank_ = std::min(first_blank_, index);
  // Section 7.7: the right half goes when nobody is left in it.
  std::uint32_t leaves = leaves_;
  LeafIndex end = leaves_;
  while (end != 0 && is_blank(node_of(end - 1))) --end;
  while (leaves > 1 && end <= leaves / 2) leaves /= 2;
  if (end == 0) leaves = 0;
  if (leaves != leaves_) resize(leaves);
}

void RatchetTree::set_leaf(LeafIndex index, LeafNode leaf) {
  require_inside(index);
  auto placed = std::make_shared<const LeafNode>(std::move(leaf));
  touch(node_of(index));
  Place& place = edit(node_of(index));
  if (place.node.leaf) {
    count_credentials(*place.node.leaf, false);
  } else {
    ++members_;
  }
  count_credentials(*placed, true);
  place.node.leaf = std::move(placed);
  index_keys(node_of(index));
  if (encryption_keys_.is_due()) compact_keys();
}

void RatchetTree::set_parent(NodeIndex node, ParentNode parent) {
  if (is_leaf(node) || node >= node_count(leaves_))
    throw_argument("There is no such parent in the ratchet tree.");
  touch(node);
  edit(node).node.parent = std::make_shared<ParentNode>(std::move(parent));
  index_keys(node);
}

void RatchetTree::blank(NodeIndex node) {
  if (is_blank(node)) return;
  touch(node);
  edit(node).node = {};
}

void RatchetTree::blank_direct_path(LeafIndex index) {
  require_inside(index);
  for (NodeIndex node = node_of(index); node != root();) {
    node = parent_of(node);
    blank(node);
  }
}

std::vector<NodeIndex> RatchetTree::changed_since(const RatchetTree& before) const {
  std::vector<NodeIndex> out;
  const NodeIndex end = std::max(node_count(leaves_), node_count(before.leaves_));
  for (NodeIndex i = 0; i < end;) {
    const std::size_t chunk = i / kChunk;
    if (chunk < chunks_.size() && chunk < before.chunks_.size() && chunks_[chunk] == before.chunks_[chunk] &&
        (i | (kChunk - 1)) < std::min(node_count(leaves_), node_count(before.leaves_))) {
      i = (i | (kChunk - 1)) + 1;
      continue;
    }
    const Place* const now = place(i);
    const Place* const then = before.place(i);
    const Node none;
    const Node& a = now == nullptr ? none : now->node;
    const Node& b = then == nullptr ? none : then->node;
    if (a.leaf != b.leaf || a.parent != b.parent) out.push_back(i);
    ++i;
  }
  return out;
}

}  // namespace mychat::mls
