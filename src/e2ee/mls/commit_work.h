// The step from one epoch to the next, in the parts that who commits and who receives have in common.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "e2ee/mls/group.h"
#include "e2ee/mls/proposal_list.h"

namespace mychat::mls {

class CommitWork {
 public:
  struct Settings {
    LifetimeCheck lifetime;
    std::optional<PskUsage> founding;
    const PskLookup& psks;
  };

  // What a member keeps to itself.
  struct Own {
    LeafIndex leaf = 0;
    PrivateKeys keys;
    SigningKey signer;
  };

  // Checks the list and applies it. `base` outlives this.
  CommitWork(const Group& base, std::vector<WaitingProposal> items, Sender committer,
             const Settings& settings);

  const std::vector<WaitingProposal>& items() const noexcept { return items_; }
  const ProposalList::Result& result() const noexcept { return result_; }
  RatchetTree& tree() noexcept { return result_.tree; }
  bool needs_path() const noexcept { return needs_path_; }
  bool removes(LeafIndex leaf) const { return result_.removed.contains(leaf); }
  std::set<LeafIndex> added() const { return {result_.added.begin(), result_.added.end()}; }
  // Of who commits from outside: a place for its leaf, which is not one of a KeyPackage.
  LeafIndex add_external(const LeafNode& leaf) { return result_.tree.add(leaf); }

  // Whom a joiner from outside removes must be the same client before.
  void check_replaced(const LeafNode& joiner) const;
  // The init_secret that a joiner from outside brings.
  Secret external_init_secret() const;
  // The keys of an own Update that this commit takes up.
  void take_own_update(Own& own) const;

  // The leaf of a path of another member, or of who joins from outside (`before` is null then).
  void check_path_leaf(const UpdatePath& path, LeafIndex sender, const LeafNode* before) const;
  // What must hold in the tree once all is in its place.
  void check_tree(std::optional<LeafIndex> path_of);

  // The context under which paths are sealed: that of the new epoch with the old transcript.
  Bytes path_context();

  // The group in the new epoch, which takes tree() over. `commit` is what is signed, without its confirmation
  // tag.
  struct Finished {
    std::shared_ptr<Group> next;
    Secret joiner;
  };
  Finished finish(const AuthenticatedContent& commit, ByteView init_secret, ByteView commit_secret, Own own);
  // The Welcome for all who are added. `path`: that of the committer, if there is one.
  Message welcome(const Finished& finished, const NewPath* path, bool with_tree) const;

  CommitSummary summary(const Sender& committer, LeafIndex committer_leaf, bool has_path,
                        LeafIndex self) const;

 private:
  void look_up_psks(const Settings& settings);

  const Group& base_;
  std::vector<WaitingProposal> items_;
  ProposalList::Result result_;
  bool needs_path_ = false;
  std::vector<PskInput> psks_;
};

}  // namespace mychat::mls
