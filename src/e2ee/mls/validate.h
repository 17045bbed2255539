// Checks of leaves, KeyPackages and trees that do not need a group's secrets (RFC 9420 sections 7.3, 10.1 and
// 12.4.3.1). Each throws the rule that is broken.
#pragma once

#include <optional>
#include <set>
#include <vector>

#include "e2ee/mls/environment.h"
#include "e2ee/mls/rules.h"
#include "e2ee/mls/tree.h"
#include "e2ee/mls/types.h"

namespace mychat::mls {

// Whether a leaf's lifetime is looked at: what is sent must be within it, what is received should, and leaves
// that are in a tree already may have outlived it.
enum class LifetimeCheck { kSent, kReceived, kNot };

// What a group asks of every leaf.
struct LeafNeeds {
  SuiteId suite = 0;
  RequiredCapabilities required;
  std::vector<ExtensionType> extensions;  // Of the group's context, without those of RFC 9420 itself.

  static LeafNeeds of(SuiteId suite, const Extensions& context_extensions);
};

bool is_default_extension(ExtensionType type) noexcept;
bool is_default_proposal(std::uint16_t type) noexcept;
// Section 13.4 forbids that.
bool names_twice(const Extensions& extensions);
bool supports(const std::vector<std::uint16_t>& list, std::uint16_t value) noexcept;

// All of section 7.3 that is about one leaf, but for its keys being unique and for its signature, which
// verify_leaf_signature() checks, so that those of a whole tree can be verified on all processors.
void check_leaf(const LeafNode& leaf, LeafSource expected, const LeafNeeds& needs, const Suite& suite,
                LifetimeCheck lifetime, const Environment& environment);
void check_leaf_credential(const LeafNode& leaf, const Bytes& group_id, const Environment& environment);
[[nodiscard]] bool verify_leaf_signature(const LeafNode& leaf, const Suite& suite, const Bytes& group_id,
                                         LeafIndex index);

// Section 10.1, the leaf and its signature included. `group_id` for the authentication service.
void check_key_package(const KeyPackage& package, const LeafNeeds& needs, const Suite& suite,
                       LifetimeCheck lifetime, const Bytes& group_id, const Environment& environment);

// What must hold between the leaves that `changed` names and all others: signature and encryption keys that
// are unique, and types of credentials that everybody supports. The rest of the tree held before. The keys of
// parents above them are random, or check_path_keys() looked at them.
void check_changed_leaves(const RatchetTree& tree, const std::set<LeafIndex>& changed);
// Section 12.4.2: no key of a path that was received stands twice in it, or in the tree before it is put
// there, with the other proposals applied.
void check_path_keys(const RatchetTree& tree, LeafIndex sender, const UpdatePath& path);

// Parents by themselves: the form of their keys, and unmerged leaves that are where they must be.
void check_parents(const RatchetTree& tree);
// A tree that came with a Welcome or a GroupInfo, whole.
void check_tree(RatchetTree& tree, const GroupContext& context, const Environment& environment);

// Extensions that a group's context has or is to have: each once, those that are known in their form, and
// external senders that are accepted.
void check_context_form(const Extensions& extensions, const Suite& suite, const Bytes& group_id,
                        const Environment& environment);
// Section 12.1.7: whether every member supports them. They have their form.
void check_context_support(const Extensions& extensions, const RatchetTree& tree);

}  // namespace mychat::mls
