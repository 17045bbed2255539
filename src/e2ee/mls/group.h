// A group as one of its members has it (RFC 9420). A value: what is made of it, a commit above all, leaves it
// as it is until apply() is called; what comes from others is taken whole or not at all. Independent of
// network and storage: whoever uses it carries messages, orders commits, and stores what save() and
// take_changes() give.
//
// One thread at a time; copies share what they have in common and may be used by different threads. A copy
// must not send messages of the same epoch as the original: both would use the same keys.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <variant>
#include <vector>

#include "e2ee/mls/environment.h"
#include "e2ee/mls/framing.h"
#include "e2ee/mls/key_package.h"
#include "e2ee/mls/key_schedule.h"
#include "e2ee/mls/rules.h"
#include "e2ee/mls/secret_tree.h"
#include "e2ee/mls/tree.h"
#include "e2ee/mls/treekem.h"

namespace mychat::mls {

class Group;
struct GroupTestAccess;  // Of tests, in which members break the rules.

// The secret of a pre-shared key, by its id; nothing when it is not known. For external keys, and for
// resumption keys of other groups.
using PskLookup = std::function<std::optional<Secret>(const PreSharedKeyId&)>;

struct GroupOptions {
  Bytes group_id;         // Empty: random, as long as the hash.
  Extensions extensions;  // Of the context.
};

struct WaitingProposal {
  Bytes reference;
  Proposal proposal;
  Sender sender;
};

struct CommitOptions {
  std::vector<Proposal> proposals;  // By value.
  bool include_waiting = true;      // Those that came, or were made, in this epoch; by reference.
  bool path = true;                 // Also where the proposals do not demand new keys.
  bool tree_in_welcome = true;
  bool public_message = false;
  Bytes authenticated_data;
  // Of this member from now on; nothing: as before. The signer too when it changes.
  std::optional<LeafOptions> leaf;
  std::optional<SigningKey> signer;
  PskLookup psks;
};

// What a commit did, before or after it counts.
struct CommitSummary {
  Epoch epoch = 0;  // The new one.
  Sender committer;
  LeafIndex committer_leaf = 0;  // Its place in the new epoch.
  std::vector<WaitingProposal> proposals;
  std::vector<LeafIndex> added;
  bool removes_us = false;
  bool has_path = false;
};

// A commit that was made and does not count yet, with the group as it will be.
struct PendingCommit {
  Message commit;
  std::optional<Message> welcome;  // One for all who are added.
  CommitSummary summary;
  std::shared_ptr<Group> next;
};

struct ReceivedApplication {
  LeafIndex sender = 0;
  Epoch epoch = 0;
  Credential credential;  // The sender's, in that epoch.
  Bytes authenticated_data;
  Secret data;
};
struct ReceivedProposal {
  WaitingProposal proposal;
  Bytes authenticated_data;
};
struct ReceivedCommit {
  CommitSummary summary;
  Bytes authenticated_data;
};
using Received = std::variant<ReceivedApplication, ReceivedProposal, ReceivedCommit>;

struct ProcessOptions {
  PskLookup psks;
  // Asked before a commit counts; false: MYCHAT_E_POLICY, and the group is as before.
  std::function<bool(const CommitSummary&)> accept;
};

// A group that ended with a ReInit, and what is to replace it.
struct Successor {
  ReInit proposal;
  Secret resumption_psk;
  Bytes group_id;
  Epoch epoch = 0;
};

struct JoinOptions {
  const NodeVector* tree = nullptr;  // Where the GroupInfo does not hold it.
  PskLookup psks;
  // The group that this one replaces (ReInit) or branches off; needed for Welcomes that say so.
  const Group* predecessor = nullptr;
};

struct ExternalJoinOptions {
  const NodeVector* tree = nullptr;
  std::optional<LeafIndex> replaces;  // An own leaf from before, removed by the same commit.
  std::vector<PreSharedKeyId> psk_ids;
  PskLookup psks;
  Bytes authenticated_data;
};

// How one member's state of a group is to another's. Of two that took different commits in one epoch neither
// can read what the other sends from then on.
enum class Relation { kSame, kBehind, kAhead, kForked };

// Ids of records and their contents; nothing: to be deleted. Both opaque; contents are secret.
struct RecordChange {
  std::string id;
  std::optional<Secret> content;
};
using Records = std::map<std::string, Secret, std::less<>>;
void apply_changes(Records& records, std::vector<RecordChange> changes);

class Group {
 public:
  // A group of one. What the environment points to outlives the group.
  static Group create(const Environment& environment, const Suite& suite, const SigningKey& signer,
                      const LeafOptions& leaf, const GroupOptions& options = {});
  // Section 12.4.3.1. `packages` are those that the Welcome may be for; `used` says which it was.
  static Group join(const Environment& environment, const Welcome& welcome,
                    const std::vector<const OwnKeyPackage*>& packages, const JoinOptions& options = {},
                    std::size_t* used = nullptr);
  // Section 12.4.3.2: a commit from outside, and the group as it will be.
  static PendingCommit join_external(const Environment& environment, const GroupInfo& info,
                                     const SigningKey& signer, const LeafOptions& leaf,
                                     const ExternalJoinOptions& options = {});
  // Sections 11.2 and 11.3: the first commit of the group that replaces `before`, or branches off it.
  static PendingCommit reinitialise(const Environment& environment, const Group& before,
                                    const SigningKey& signer, const LeafOptions& leaf,
                                    const std::vector<KeyPackage>& members);
  static PendingCommit branch(const Environment& environment, const Group& before, const SigningKey& signer,
                              const LeafOptions& leaf, const GroupOptions& options,
                              const std::vector<KeyPackage>& members);

  const Suite& suite() const noexcept { return *suite_; }
  const GroupContext& context() const noexcept { return context_; }
  const Bytes& id() const noexcept { return context_.group_id; }
  Epoch epoch() const noexcept { return context_.epoch; }
  const RatchetTree& tree() const noexcept { return tree_; }
  LeafIndex own_leaf() const noexcept { return self_; }
  const SigningKey& signer() const noexcept { return signer_; }
  const Secret& epoch_authenticator() const noexcept { return secrets_.epoch_authenticator; }
  const std::vector<WaitingProposal>& waiting_proposals() const noexcept { return waiting_; }
  // Not after this member was removed, nor after a ReInit.
  bool is_active() const noexcept { return !removed_ && !reinit_; }
  bool was_removed() const noexcept { return removed_; }
  const std::optional<ReInit>& reinit() const noexcept { return reinit_; }

  // Section 8.5. 1 to 255 hashes.
  Secret export_secret(std::string_view label, ByteView context, std::size_t size) const;
  // Of this epoch, or of an earlier one that is still kept.
  std::optional<Secret> resumption_psk(Epoch epoch) const;
  GroupInfo group_info(bool with_tree, bool with_external_pub) const;
  // Where this member stands beside whom the GroupInfo is from. Its signature is not verified:
  // join_external(), which is the way back for who is behind or forked, does that.
  // Rule::kMessageGroup for another group's.
  Relation compare(const GroupInfo& info) const;

  // Whether the leaf of every member names it: then the group may go on in it, by a ReInit.
  bool every_member_supports(SuiteId suite) const;

  // Proposals as messages; they wait in this group too, for whoever commits next. MYCHAT_E_UNSUPPORTED for a
  // ReInit, here or in a commit's own proposals, to a cipher suite that a member does not support.
  Message propose(Proposal proposal, const Bytes& authenticated_data = {}, bool public_message = false);
  // An Update of the own leaf; `signer` when the signature key changes.
  Message propose_update(const std::optional<LeafOptions>& leaf = {},
                         const std::optional<SigningKey>& signer = {}, const Bytes& authenticated_data = {},
                         bool public_message = false);
  void drop_waiting_proposals();

  // A commit, ready to be sent. Nothing but the own ratchet of handshakes moves (unless it is public).
  PendingCommit commit(const CommitOptions& options = {});
  // When the delivery service has ordered it as the next. MYCHAT_E_INVALID_STATE when it is not of this
  // epoch.
  void apply(PendingCommit&& pending);

  PrivateMessage protect(ByteView data, const Bytes& authenticated_data = {}, std::size_t padding = 0);
  // A message of others: application data, a proposal (which then waits), or a commit (which then counts).
  // When it throws, the group is as it was.
  Received process(const Message& message, const ProcessOptions& options = {});

  // Everything, and what changed since the last call of either, as records. What was erased in memory is
  // erased there too.
  Records save();
  std::vector<RecordChange> take_changes();
  static Group load(const Environment& environment, const Records& records);

 private:
  friend class GroupStorage;
  friend class CommitWork;
  friend struct GroupTestAccess;

  // What messages of an earlier epoch need.
  struct PastEpoch {
    Bytes context;
    Epoch epoch = 0;
    RatchetTree tree;
    Secret sender_data;
    SecretTree ratchets;
  };
  struct PendingUpdate {
    Bytes encryption_key;  // Public.
    Secret private_key;
    Secret signature_key;  // Private.
  };

  Group(const Environment& environment, const Suite& suite, SigningKey signer)
      : environment_(environment), suite_(&suite), tree_(suite), signer_(std::move(signer)) {}

  // What others sent, was checked and does not count yet, with what letting it count needs of memory.
  struct StagedProposal {
    ReceivedProposal received;
    WaitingProposal waits;
  };
  struct StagedCommit {
    ReceivedCommit received;
    std::shared_ptr<Group> next;  // Null when this member is removed.
    std::list<PastEpoch> place;   // For the present epoch.
  };
  using Staged = std::variant<StagedProposal, StagedCommit>;

  void require_active() const;
  void require_epoch(Epoch of_message) const;
  AuthenticatedContent frame(FramedContent content, WireFormat format) const;
  Message to_message(const AuthenticatedContent& content);
  FramedContent own_content(const Bytes& authenticated_data) const;
  Message send_proposal(Proposal proposal, const Bytes& authenticated_data, bool public_message);
  std::optional<Secret> find_psk(const PreSharedKeyId& id, const PskLookup& lookup) const;
  void require_suite_of(const Proposal& proposal) const;
  std::vector<WaitingProposal> usable_proposals(const PskLookup& psks) const;
  PendingCommit make_commit(const CommitOptions& options, std::optional<PskUsage> founding);
  static PendingCommit found(Group group, const Group& before, PskUsage usage,
                             const std::vector<KeyPackage>& members);
  Received process_private(const PrivateMessage& message, const ProcessOptions& options);
  Received process_public(const PublicMessage& message, const ProcessOptions& options);
  ReceivedApplication open_application(const PrivateMessage& message);
  Staged stage(const AuthenticatedContent& message, const ProcessOptions& options);
  ReceivedProposal stage_proposal(const AuthenticatedContent& message) const;
  StagedCommit stage_commit(const AuthenticatedContent& message, const ProcessOptions& options) const;
  // Where a commit leads, whatever its confirmation tag is and the application thinks of it.
  StagedCommit follow(const AuthenticatedContent& message, const ProcessOptions& options) const;
  std::vector<WaitingProposal> resolve(const Commit& commit, const Sender& sender) const;
  Received take(Staged&& staged) noexcept;
  // The key that a message of this sender must be signed with.
  Bytes sender_key(const AuthenticatedContent& message) const;
  Bytes external_sender_key(std::uint32_t index) const;
  void verify_sender(const AuthenticatedContent& message) const;
  void check_welcomed(const Group& before, PskUsage usage, const PreSharedKeyId& id) const;
  std::list<PastEpoch> place_for_past() const;
  void enter(Group&& next, std::list<PastEpoch>&& place) noexcept;
  void note_saved(const Records& records);
  void begin_epoch(ByteView epoch_secret);
  void remember_resumption();

  Environment environment_;
  const Suite* suite_;
  GroupContext context_;
  Bytes context_bytes_;  // As it is signed and hashed.
  RatchetTree tree_;
  EpochSecrets secrets_;
  SecretTree ratchets_;
  Bytes interim_transcript_hash_;
  Bytes follows_;  // The interim transcript hash of the epoch before.
  Bytes confirmation_tag_;
  LeafIndex self_ = 0;
  PrivateKeys keys_;
  SigningKey signer_;
  bool removed_ = false;
  std::optional<ReInit> reinit_;
  std::vector<WaitingProposal> waiting_;
  std::vector<PendingUpdate> updates_;
  std::list<PastEpoch> past_;  // The latest first.
  std::map<Epoch, Secret> resumption_;

  // What the last save() or take_changes() gave.
  struct Saved;
  std::shared_ptr<const Saved> saved_;
};

}  // namespace mychat::mls
