// The array form of a full binary tree (RFC 9420 appendix C): leaf i is node 2 i, and the number of leaves is
// a power of two.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>

#include "e2ee/mls/types.h"

namespace mychat::mls {

using NodeIndex = std::uint32_t;

// Bounds what the size in a message or a record makes us allocate.
inline constexpr std::uint32_t kMaxLeaves = std::uint32_t{1} << 17;

constexpr NodeIndex node_of(LeafIndex leaf) { return leaf * 2; }
constexpr bool is_leaf(NodeIndex node) { return (node & 1U) == 0; }
constexpr LeafIndex leaf_of(NodeIndex node) { return node / 2; }
// 0 for leaves.
constexpr unsigned level(NodeIndex node) { return static_cast<unsigned>(std::countr_one(node)); }
constexpr std::uint32_t node_count(std::uint32_t leaves) { return leaves == 0 ? 0 : 2 * leaves - 1; }
constexpr NodeIndex root_of(std::uint32_t leaves) { return leaves - 1; }

// Of parents only.
constexpr NodeIndex left_of(NodeIndex node) { return node ^ (1U << (level(node) - 1)); }
constexpr NodeIndex right_of(NodeIndex node) { return node ^ (3U << (level(node) - 1)); }
// Of all but the root.
constexpr NodeIndex parent_of(NodeIndex node) {
  const unsigned at = level(node);
  return (node | (1U << at)) & ~(1U << (at + 1));
}
constexpr NodeIndex sibling_of(NodeIndex node) {
  const NodeIndex parent = parent_of(node);
  return node < parent ? right_of(parent) : left_of(parent);
}

// The leaves below a node: [first, last].
constexpr LeafIndex first_leaf(NodeIndex node) { return (node + 1 - (1U << level(node))) / 2; }
constexpr LeafIndex last_leaf(NodeIndex node) { return (node - 1 + (1U << level(node))) / 2; }
constexpr bool is_below(LeafIndex leaf, NodeIndex node) {
  return leaf >= first_leaf(node) && leaf <= last_leaf(node);
}

}  // namespace mychat::mls
