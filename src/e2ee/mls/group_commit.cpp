// Commits that this member makes, and groups that begin with one.
#include <algorithm>
#include <string>

#include "e2ee/mls/commit_work.h"
#include "e2ee/mls/group.h"

namespace mychat::mls {

namespace {

Commit commit_of(const std::vector<WaitingProposal>& items) {
  Commit out;
  for (const WaitingProposal& item : items) {
    ProposalOrRef& entry = out.proposals.emplace_back();
    if (item.reference.empty()) {
      entry.body = item.proposal;
    } else {
      entry.body = ProposalRef{item.reference};
    }
  }
  return out;
}

// Those that are given count whole; of those that wait, what can stand beside them.
std::vector<WaitingProposal> items_of(const CommitOptions& options,
                                      const std::vector<WaitingProposal>& waiting, LeafIndex self,
                                      const RatchetTree& tree) {
  std::vector<WaitingProposal> given;
  given.reserve(options.proposals.size());
  for (const Proposal& proposal : options.proposals)
    given.push_back({{}, proposal, {SenderType::kMember, self}});
  if (waiting.empty()) return given;
  std::vector<WaitingProposal> all = waiting;
  all.insert(all.end(), given.begin(), given.end());
  std::vector<WaitingProposal> chosen = ProposalList::choose(all, self, tree);
  const auto by_value = std::count_if(chosen.begin(), chosen.end(),
                                      [](const WaitingProposal& item) { return item.reference.empty(); });
  return static_cast<std::size_t>(by_value) == given.size() ? chosen : given;
}

// Keys of nodes that are still there.
PrivateKeys remaining(PrivateKeys keys, const RatchetTree& tree) {
  std::erase_if(keys, [&](const auto& entry) { return tree.is_blank(entry.first); });
  return keys;
}

}  // namespace

std::optional<Secret> Group::find_psk(const PreSharedKeyId& id, const PskLookup& lookup) const {
  std::optional<Secret> secret;
  if (id.type == PskType::kResumption && id.psk_group_id == this->id()) secret = resumption_psk(id.psk_epoch);
  if (!secret && lookup) secret = lookup(id);
  return secret;
}

bool Group::every_member_supports(SuiteId suite) const {
  bool all = true;
  tree_.each_member(
      [&](LeafIndex, const LeafNode& leaf) { all = all && supports(leaf.capabilities.suites, suite); });
  return all;
}

// The RFC lets a ReInit name any suite; who does not have it would be left behind.
void Group::require_suite_of(const Proposal& proposal) const {
  const auto* const reinit = proposal.as<ReInit>();
  if (reinit == nullptr || every_member_supports(reinit->suite)) return;
  throw Error(MYCHAT_E_UNSUPPORTED, MYCHAT_DOMAIN_E2EE,
              "Not every member supports the cipher suite " + std::to_string(reinit->suite) + ".");
}

// Section 12.2: who commits leaves out what would make the commit invalid. What waits was valid when it came;
// by now its lifetime may be over, say.
std::vector<WaitingProposal> Group::usable_proposals(const PskLookup& psks) const {
  std::vector<WaitingProposal> out;
  for (const WaitingProposal& item : waiting_) {
    const auto* const reinit = item.proposal.as<ReInit>();
    if (reinit != nullptr && !every_member_supports(reinit->suite)) continue;
    try {
      check_proposal(item.proposal, item.sender,
                     {environment_, *suite_, context_, tree_, LifetimeCheck::kSent, {}});
      const auto* const psk = item.proposal.as<Psk>();
      require(psk == nullptr || find_psk(psk->id, psks), Rule::kProposalPskUnknown);
      const auto* const context = item.proposal.as<GroupContextExtensions>();
      if (context != nullptr) check_context_support(context->extensions, tree_);
      out.push_back(item);
    } catch (const Error& error) {
      if (error.domain() != MYCHAT_DOMAIN_E2EE || error.detail() == 0) throw;  // No rule of MLS.
    }
  }
  return out;
}

PendingCommit Group::commit(const CommitOptions& options) { return make_commit(options, std::nullopt); }

PendingCommit Group::make_commit(const CommitOptions& options, std::optional<PskUsage> founding) {
  require_active();
  for (const Proposal& proposal : options.proposals) require_suite_of(proposal);
  const Sender sender{SenderType::kMember, self_};
  std::vector<WaitingProposal> waiting;
  if (options.include_waiting) waiting = usable_proposals(options.psks);
  CommitWork work(*this, items_of(options, waiting, self_, tree_), sender,
                  {LifetimeCheck::kSent, founding, options.psks});
  Commit body = commit_of(work.items());
  const SigningKey signer = options.signer.value_or(signer_);
  Secret commit_secret(suite_->hash_size());
  std::optional<NewPath> path;
  PrivateKeys keys;
  if (options.path || options.leaf || options.signer || work.needs_path()) {
    LeafNode leaf =
        options.leaf ? make_leaf(*suite_, signer, *options.leaf, {}, environment_) : *tree_.leaf(self_);
    leaf.signature_key = signer.public_key();
    path = make_path(work.tree(), self_, std::move(leaf), signer, id(), environment_);
    work.check_tree(self_);
    body.path = seal_path(work.tree(), self_, *path, work.path_context(), work.added(), environment_);
    if (options.leaf || options.signer) work.check_path_leaf(*body.path, self_, tree_.leaf(self_));
    commit_secret = path->commit_secret;
    keys = path->keys;
  } else {
    work.check_tree(std::nullopt);
    keys = remaining(keys_, work.tree());
  }
  FramedContent content = own_content(options.authenticated_data);
  content.body = std::move(body);
  AuthenticatedContent framed = frame(
      std::move(content), options.public_message ? WireFormat::kPublicMessage : WireFormat::kPrivateMessage);
  const auto finished = work.finish(framed, secrets_.init, commit_secret, {self_, std::move(keys), signer});
  framed.auth.confirmation_tag = finished.next->confirmation_tag_;
  PendingCommit out;
  if (!work.result().packages.empty()) {
    out.welcome = work.welcome(finished, path ? &*path : nullptr, options.tree_in_welcome);
  }
  out.summary = work.summary(sender, self_, path.has_value(), self_);
  out.next = finished.next;
  out.commit = to_message(framed);
  return out;
}

PendingCommit Group::found(Group group, const Group& before, PskUsage usage,
                           const std::vector<KeyPackage>& members) {
  const std::optional<Secret> resumption = before.resumption_psk(before.epoch());
  PreSharedKeyId id;
  id.type = PskType::kResumption;
  id.usage = usage;
  id.psk_group_id = before.id();
  id.psk_epoch = before.epoch();
  id.psk_nonce = group.environment_.random_bytes(group.suite_->hash_size());
  CommitOptions options;
  for (const KeyPackage& member : members) options.proposals.push_back({Add{member}});
  options.proposals.push_back({Psk{id}});
  // Asked for this one alone: the group is new, and nothing waits in it.
  options.psks = [&](const PreSharedKeyId&) { return std::optional<Secret>(resumption); };
  return group.make_commit(options, usage);
}

PendingCommit Group::reinitialise(const Environment& environment, const Group& before,
                                  const SigningKey& signer, const LeafOptions& leaf,
                                  const std::vector<KeyPackage>& members) {
  if (!before.reinit_ || before.removed_) {
    throw Error(MYCHAT_E_INVALID_STATE, MYCHAT_DOMAIN_E2EE, "The group did not end with a ReInit.");
  }
  const ReInit& reinit = *before.reinit_;
  if (reinit.version != kMls10) {
    throw Error(MYCHAT_E_UNSUPPORTED, MYCHAT_DOMAIN_E2EE,
                "The group goes on in a version that is unknown here.");
  }
  const Suite& suite = Suite::get(reinit.suite);
  return found(create(environment, suite, signer, leaf, {reinit.group_id, reinit.extensions}), before,
               PskUsage::kReInit, members);
}

PendingCommit Group::branch(const Environment& environment, const Group& before, const SigningKey& signer,
                            const LeafOptions& leaf, const GroupOptions& options,
                            const std::vector<KeyPackage>& members) {
  before.require_active();
  Group group = create(environment, before.suite(), signer, leaf, options);
  return found(std::move(group), before, PskUsage::kBranch, members);
}

}  // namespace mychat::mls
