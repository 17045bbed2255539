// The ratchet tree (RFC 9420 sections 4 and 7): who the members are, and the public keys of the nodes above
// them. A value whose copies share what they have in common; a change copies a few nodes' places.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "e2ee/mls/key_index.h"
#include "e2ee/mls/suite.h"
#include "e2ee/mls/tree_math.h"
#include "e2ee/mls/types.h"

namespace mychat::mls {

using NodeVector = std::vector<std::optional<Node>>;

class RatchetTree {
 public:
  explicit RatchetTree(const Suite& suite) noexcept : suite_(&suite) {}
  // A tree as it came from elsewhere. MYCHAT_E_MALFORMED when it is not the array form of a tree: a leaf
  // where a parent belongs, nothing at its end, unmerged leaves that are not ascending. Nothing else is
  // checked.
  static RatchetTree from_nodes(const Suite& suite, const NodeVector& nodes);
  // Leaves alone, as many as a power of two: for who the members of an earlier epoch were. Keys are not found
  // in it.
  static RatchetTree of_leaves(const Suite& suite,
                               const std::vector<std::shared_ptr<const LeafNode>>& leaves);
  NodeVector nodes() const;

  const Suite& suite() const noexcept { return *suite_; }
  // The width: a power of two, or 0.
  std::uint32_t leaves() const noexcept { return leaves_; }
  std::uint32_t members() const noexcept { return members_; }
  NodeIndex root() const noexcept { return root_of(leaves_); }

  // Null for what is blank or outside.
  const LeafNode* leaf(LeafIndex index) const noexcept;
  std::shared_ptr<const LeafNode> shared_leaf(LeafIndex index) const noexcept;
  const ParentNode* parent(NodeIndex node) const noexcept;
  bool is_blank(NodeIndex node) const noexcept;
  const Node& node(NodeIndex index) const { return place(index)->node; }  // Of a node inside.
  // The public key of a node that is not blank.
  const Bytes& key_of(NodeIndex node) const;
  // Whether a node has this encryption key, or one other than `node`; a member other than `index` this
  // signature key.
  bool has_encryption_key(const Bytes& key) const;
  bool has_encryption_key_beside(NodeIndex node, const Bytes& key) const;
  bool has_signature_key_beside(LeafIndex index, const Bytes& key) const;
  // A member with this signature key of whom `is_wanted(index)` holds.
  template <class Predicate>
  bool has_member_with(const Bytes& signature_key, Predicate&& is_wanted) const {
    return signature_keys_.any(signature_key, [&](NodeIndex node) {
      const LeafNode* const member = leaf(leaf_of(node));
      return member != nullptr && member->signature_key == signature_key && is_wanted(leaf_of(node));
    });
  }
  // Whether every member supports the types of credentials of all members.
  bool credentials_are_supported() const noexcept;
  // Calls visit(index, leaf) for each member in ascending order.
  template <class Visit>
  void each_member(Visit&& visit) const {
    for (LeafIndex i = 0; i < leaves_; ++i) {
      if (const LeafNode* const member = leaf(i)) visit(i, *member);
    }
  }

  // Section 4.1.1, in its order.
  std::vector<NodeIndex> resolution(NodeIndex node) const;
  bool resolves_to_nothing(NodeIndex node) const;
  // The nodes above a leaf, lowest first, whose child away from the leaf resolves to something; with that
  // child.
  struct PathStep {
    NodeIndex node, copath;
  };
  // MYCHAT_E_INVALID_ARGUMENT, here and below, for a leaf outside.
  std::vector<PathStep> filtered_direct_path(LeafIndex leaf) const;

  // Section 7.7. All change the tree as the proposals do.
  LeafIndex add(LeafNode leaf);
  void update(LeafIndex index, LeafNode leaf);
  void remove(LeafIndex index);

  // Without any change to other nodes, for paths.
  void set_leaf(LeafIndex index, LeafNode leaf);
  void set_parent(NodeIndex node, ParentNode parent);
  void blank_direct_path(LeafIndex index);

  // Section 7.8. Computes what changed since the last time.
  ByteView hash();
  ByteView hash_of(NodeIndex node);
  // Section 7.9: the parent hash that a child of `node` holds whose sibling is `sibling`.
  Bytes parent_hash(NodeIndex node, NodeIndex sibling);
  // Whether every parent stands on the chain of hashes of a leaf below it (section 7.9.2).
  bool parent_hashes_hold();

  // Places that differ between two trees, for storing: of each the node as it is in *this. Shared parts are
  // not looked at.
  std::vector<NodeIndex> changed_since(const RatchetTree& before) const;

 private:
  struct Hash {
    std::uint8_t size = 0;  // 0: not computed.
    std::array<std::uint8_t, 64> bytes{};
    ByteView view() const { return {bytes.data(), size}; }
  };
  struct Place {
    Node node;
    Hash hash;
  };
  // How many members have a credential of a type, and how many support it.
  struct CredentialCount {
    CredentialType type;
    std::uint32_t used = 0, supported = 0;
  };
  static constexpr NodeIndex kChunk = 16;
  using Chunk = std::array<Place, kChunk>;

  const Place* place(NodeIndex node) const noexcept;
  Place& edit(NodeIndex node);
  void require_inside(LeafIndex index) const;
  void touch(NodeIndex node);
  void resize(std::uint32_t leaves);
  void blank(NodeIndex node);
  void count_credentials(const LeafNode& leaf, bool comes) noexcept;
  void index_keys(NodeIndex node);
  void compact_keys();
  void collect(NodeIndex node, std::vector<NodeIndex>& out) const;
  Bytes hash_without(NodeIndex node, const std::vector<LeafIndex>& excluded);
  bool has_child_on_chain(NodeIndex node, NodeIndex child, NodeIndex sibling);

  const Suite* suite_;
  std::uint32_t leaves_ = 0;
  std::uint32_t members_ = 0;
  LeafIndex first_blank_ = 0;  // No leaf before it is blank.
  std::vector<std::shared_ptr<Chunk>> chunks_;
  KeyIndex encryption_keys_, signature_keys_;
  std::array<CredentialCount, 2> credentials_{{{CredentialType::kBasic}, {CredentialType::kX509}}};
};

}  // namespace mychat::mls
