// TreeKEM: new keys for all nodes above a leaf, and their secrets sealed to everybody else (RFC 9420 sections
// 7.4 to 7.6).
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "e2ee/mls/environment.h"
#include "e2ee/mls/tree.h"

namespace mychat::mls {

// The private keys that a member has, of its leaf and of nodes above it.
using PrivateKeys = std::map<NodeIndex, Secret>;

// A path as its sender has it.
struct NewPath {
  std::vector<RatchetTree::PathStep> steps;
  std::vector<Secret> secrets;  // Of each step.
  Secret commit_secret;
  PrivateKeys keys;

  // The secret of the lowest node of the path that has `leaf` below it; null when there is none.
  const Secret* secret_for(LeafIndex leaf) const noexcept;
};

// Puts new keys into the tree above `self`, and `leaf` with its parent hash, signed, in its place.
// `leaf.encryption_key` is replaced.
NewPath make_path(RatchetTree& tree, LeafIndex self, LeafNode leaf, const SigningKey& signer,
                  const Bytes& group_id, const Environment& environment);
// The path as it is sent: each secret sealed to the members that do not know it otherwise. `tree` is the tree
// after make_path(), `added` are the leaves that are new with this commit.
UpdatePath seal_path(const RatchetTree& tree, LeafIndex self, const NewPath& path, ByteView group_context,
                     const std::set<LeafIndex>& added, const Environment& environment);

// Puts a path that was received into the tree; Rule::kCommitPath… when it does not fit.
void apply_path(RatchetTree& tree, LeafIndex sender, const UpdatePath& path,
                const std::set<LeafIndex>& added);
// Opens what the path holds for `self`, after apply_path(): the commit secret, and the new keys into `keys`.
Secret open_path(const RatchetTree& tree, LeafIndex self, LeafIndex sender, const UpdatePath& path,
                 ByteView group_context, const std::set<LeafIndex>& added, PrivateKeys& keys);
// The keys from the lowest common node of the two leaves upwards, of the path secret that a Welcome gave;
// false when they are not those of the tree. Gives the commit secret.
std::optional<Secret> implant_path_secret(const RatchetTree& tree, LeafIndex self, LeafIndex sender,
                                          Secret path_secret, PrivateKeys& keys);

// What a leaf signs (section 7.2). The last two count for leaves that are not of KeyPackages.
Bytes leaf_to_sign(const LeafNode& leaf, const Bytes& group_id, LeafIndex index);
void sign_leaf(LeafNode& leaf, const Suite& suite, const SigningKey& signer, const Bytes& group_id,
               LeafIndex index);

}  // namespace mychat::mls
