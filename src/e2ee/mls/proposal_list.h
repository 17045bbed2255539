// The proposals of a commit: whether they may stand together (RFC 9420 section 12.2) and what they make of
// the tree and the context (section 12.3). Used by who commits, by who receives, and by joiners from outside.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "e2ee/mls/group.h"
#include "e2ee/mls/validate.h"

namespace mychat::mls {

struct ProposalContext {
  const Environment& environment;
  const Suite& suite;
  const GroupContext& context;
  const RatchetTree& tree;
  LifetimeCheck lifetime = LifetimeCheck::kReceived;
  // The first commit of a group that replaces another, or branches off it.
  std::optional<PskUsage> founding;
};

// What an external sender may propose (section 12.1.8).
void check_external_sender(const Proposal& proposal);

// Section 12.1, and who may propose it: what can be said of one proposal by itself.
void check_proposal(const Proposal& proposal, const Sender& sender, const ProposalContext& in);

class ProposalList {
 public:
  // `committer`: kMember, or kNewMemberCommit. A reference that is empty: by value.
  ProposalList(const ProposalContext& in, const std::vector<WaitingProposal>& items, Sender committer);

  // Section 12.2 whole.
  void check() const;
  bool needs_path() const noexcept;
  // The tree, with an empty place for who joins from outside, and the extensions afterwards.
  struct Result {
    RatchetTree tree;
    Extensions extensions;
    std::vector<LeafIndex> added;
    std::vector<const KeyPackage*> packages;  // Of `added`.
    std::set<LeafIndex> updated, removed;
    std::vector<const PreSharedKeyId*> psks;
    const ExternalInit* external_init = nullptr;
    const ReInit* reinit = nullptr;
  };
  Result apply() const;

  // What of the proposals that wait one member's commit may hold together: of several that are about one leaf
  // or one client the Remove, else the last; nothing that only others may commit.
  static std::vector<WaitingProposal> choose(const std::vector<WaitingProposal>& waiting, LeafIndex committer,
                                             const RatchetTree& tree);

 private:
  void check_each() const;
  void check_together() const;
  void check_leaves_once() const;
  void check_adds() const;
  void check_external() const;
  void check_supported() const;
  template <class T>
  std::size_t count() const noexcept;

  ProposalContext in_;
  const std::vector<WaitingProposal>& items_;
  Sender committer_;
};

// The leaf that a proposal changes or removes; nothing when it is about none.
std::optional<LeafIndex> changed_leaf(const Proposal& proposal, const Sender& sender) noexcept;

}  // namespace mychat::mls
