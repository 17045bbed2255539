// Messages of others.
#include <algorithm>

#include "e2ee/mls/commit_work.h"
#include "e2ee/mls/group.h"

namespace mychat::mls {

Received Group::process(const Message& message, const ProcessOptions& options) {
  if (const auto* const sealed = message.as<PrivateMessage>()) return process_private(*sealed, options);
  if (const auto* const open = message.as<PublicMessage>()) return process_public(*open, options);
  throw_argument("Groups process PublicMessages and PrivateMessages only.");
}

void Group::require_epoch(Epoch of_message) const {
  require(of_message <= epoch(), Rule::kMessageLaterEpoch);
  require(of_message == epoch(), Rule::kMessageEpoch);
}

Received Group::process_private(const PrivateMessage& message, const ProcessOptions& options) {
  require(message.group_id == id(), Rule::kMessageGroup);
  if (message.content_type == ContentType::kApplication) return open_application(message);
  require_epoch(message.epoch);
  require_active();
  const SenderData sender = open_sender_data(message, *suite_, secrets_.sender_data);
  require(tree_.leaf(sender.leaf) != nullptr, Rule::kMessageSender);
  require(sender.leaf != self_, Rule::kMessageOwn);
  SecretTree::Found key =
      ratchets_.find(sender.leaf, RatchetKind::kHandshake, sender.generation, environment_.ratchet);
  const AuthenticatedContent content = open_private(message, *suite_, sender, key.key);
  verify_sender(content);
  Staged staged = stage(content, options);
  ratchets_.accept(std::move(key), environment_.ratchet);
  return take(std::move(staged));
}

ReceivedApplication Group::open_application(const PrivateMessage& message) {
  const auto past = std::find_if(past_.begin(), past_.end(), [&](const PastEpoch& candidate) {
    return candidate.epoch == message.epoch;
  });
  const bool now = message.epoch == epoch();
  if (past == past_.end()) require_epoch(message.epoch);
  const RatchetTree& tree = now ? tree_ : past->tree;
  SecretTree& ratchets = now ? ratchets_ : past->ratchets;
  const SenderData sender =
      open_sender_data(message, *suite_, now ? secrets_.sender_data : past->sender_data);
  const LeafNode* const leaf = tree.leaf(sender.leaf);
  require(leaf != nullptr, Rule::kMessageSender);
  SecretTree::Found key =
      ratchets.find(sender.leaf, RatchetKind::kApplication, sender.generation, environment_.ratchet);
  AuthenticatedContent content = open_private(message, *suite_, sender, key.key);
  require(verify_content(content, *suite_, leaf->signature_key, now ? context_bytes_ : past->context),
          Rule::kMessageSignature);
  ratchets.accept(std::move(key), environment_.ratchet);
  return {sender.leaf, message.epoch, leaf->credential, message.authenticated_data,
          std::move(std::get<Secret>(content.content.body))};
}

Received Group::process_public(const PublicMessage& message, const ProcessOptions& options) {
  const FramedContent& content = message.content;
  require(content.group_id == id(), Rule::kMessageGroup);
  require_epoch(content.epoch);
  require(content.type() != ContentType::kApplication, Rule::kMessagePublicApplication);
  require_active();
  const AuthenticatedContent authenticated = from_public(message);
  if (content.sender.type == SenderType::kMember) {
    require(environment_.public_handshakes, Rule::kMessageWireFormat);
    require(
        equal_constant_time(membership_tag(authenticated, *suite_, secrets_.membership_key, context_bytes_),
                            message.membership_tag),
        Rule::kMessageMembershipTag);
    require(content.sender.index != self_, Rule::kMessageOwn);
  }
  verify_sender(authenticated);
  return take(stage(authenticated, options));
}

Bytes Group::external_sender_key(std::uint32_t index) const {
  const Bytes* const list = find_extension(context_.extensions, extension::kExternalSenders);
  if (list == nullptr) violate(Rule::kMessageSender);
  const auto senders = decode<std::vector<ExternalSender>>(*list);
  require(index < senders.size(), Rule::kMessageSender);
  return senders[index].signature_key;
}

Bytes Group::sender_key(const AuthenticatedContent& message) const {
  const FramedContent& content = message.content;
  const auto* const proposal = std::get_if<Proposal>(&content.body);
  const auto* const commit = std::get_if<Commit>(&content.body);
  switch (content.sender.type) {
    case SenderType::kMember: {
      const LeafNode* const leaf = tree_.leaf(content.sender.index);
      require(leaf != nullptr, Rule::kMessageSender);
      return leaf->signature_key;
    }
    case SenderType::kExternal:
      require(proposal != nullptr, Rule::kMessageSenderContent);
      return external_sender_key(content.sender.index);
    case SenderType::kNewMemberProposal:
      require(proposal != nullptr, Rule::kMessageSenderContent);
      require(proposal->as<Add>() != nullptr, Rule::kProposalNewMember);
      return proposal->as<Add>()->key_package.leaf.signature_key;
    case SenderType::kNewMemberCommit:
      require(commit != nullptr, Rule::kMessageSenderContent);
      require(commit->path.has_value(), Rule::kCommitPathRequired);
      return commit->path->leaf.signature_key;
  }
  violate(Rule::kMessageSender);
}

void Group::verify_sender(const AuthenticatedContent& message) const {
  require(verify_content(message, *suite_, sender_key(message), context_bytes_), Rule::kMessageSignature);
}

Group::Staged Group::stage(const AuthenticatedContent& message, const ProcessOptions& options) {
  if (message.content.type() != ContentType::kProposal) return stage_commit(message, options);
  waiting_.reserve(waiting_.size() + 1);
  ReceivedProposal received = stage_proposal(message);
  WaitingProposal waits = received.proposal;
  return StagedProposal{std::move(received), std::move(waits)};
}

ReceivedProposal Group::stage_proposal(const AuthenticatedContent& message) const {
  const auto& proposal = std::get<Proposal>(message.content.body);
  const Sender& sender = message.content.sender;
  check_proposal(proposal, sender, {environment_, *suite_, context_, tree_, LifetimeCheck::kReceived, {}});
  require(proposal.as<ExternalInit>() == nullptr, Rule::kListExternalInit);
  if (waiting_.size() >= environment_.most_proposals) {
    throw Error(MYCHAT_E_BUSY, MYCHAT_DOMAIN_E2EE, "Too many proposals wait for a commit.");
  }
  return {{suite_->proposal_ref(message), proposal, sender}, message.content.authenticated_data};
}

std::vector<WaitingProposal> Group::resolve(const Commit& commit, const Sender& sender) const {
  std::map<ByteView, const WaitingProposal*,
           decltype([](ByteView a, ByteView b) { return std::ranges::lexicographical_compare(a, b); })>
      waiting;
  for (const WaitingProposal& item : waiting_) waiting.emplace(item.reference, &item);
  std::vector<WaitingProposal> out;
  for (const ProposalOrRef& entry : commit.proposals) {
    if (const auto* const proposal = std::get_if<Proposal>(&entry.body)) {
      out.push_back({{}, *proposal, sender});
      continue;
    }
    require(sender.type == SenderType::kMember, Rule::kListExternalReference);
    const auto at = waiting.find(std::get<ProposalRef>(entry.body).hash);
    require(at != waiting.end(), Rule::kListUnknownReference);
    out.push_back(*at->second);
  }
  return out;
}

Group::StagedCommit Group::stage_commit(const AuthenticatedContent& message,
                                        const ProcessOptions& options) const {
  StagedCommit out = follow(message, options);
  if (out.next) {
    require(equal_constant_time(out.next->confirmation_tag_, message.auth.confirmation_tag),
            Rule::kCommitConfirmation);
    out.place = place_for_past();
  }
  if (options.accept && !options.accept(out.received.summary)) {
    throw Error(MYCHAT_E_POLICY, MYCHAT_DOMAIN_E2EE, "The application does not accept this commit.");
  }
  return out;
}

Group::StagedCommit Group::follow(const AuthenticatedContent& message, const ProcessOptions& options) const {
  const auto& commit = std::get<Commit>(message.content.body);
  const Sender& sender = message.content.sender;
  const bool external = sender.type == SenderType::kNewMemberCommit;
  CommitWork work(*this, resolve(commit, sender), sender, {LifetimeCheck::kReceived, {}, options.psks});
  require(commit.path.has_value() || !work.needs_path(), Rule::kCommitPathRequired);

  StagedCommit out;
  out.received.authenticated_data = message.content.authenticated_data;
  CommitSummary& summary = out.received.summary;
  LeafIndex committer = sender.index;
  if (external) {
    work.check_replaced(commit.path->leaf);
    committer = work.add_external(commit.path->leaf);
  }
  summary = work.summary(sender, committer, commit.path.has_value(), self_);
  CommitWork::Own own{self_, keys_, signer_};
  if (!summary.removes_us) work.take_own_update(own);
  Secret commit_secret(suite_->hash_size());
  if (commit.path) {
    work.check_path_leaf(*commit.path, committer, external ? nullptr : tree_.leaf(committer));
    check_path_keys(work.tree(), committer, *commit.path);
    apply_path(work.tree(), committer, *commit.path, work.added());
  }
  work.check_tree(commit.path ? std::optional(committer) : std::nullopt);
  std::erase_if(own.keys, [&](const auto& entry) { return work.tree().is_blank(entry.first); });
  if (!summary.removes_us) {
    if (commit.path) {
      commit_secret =
          open_path(work.tree(), self_, committer, *commit.path, work.path_context(), work.added(), own.keys);
    }
    const Secret init = external ? work.external_init_secret() : secrets_.init;
    out.next = work.finish(message, init, commit_secret, std::move(own)).next;
  }
  return out;
}

Received Group::take(Staged&& staged) noexcept {
  if (auto* const proposal = std::get_if<StagedProposal>(&staged)) {
    const bool known = std::any_of(waiting_.begin(), waiting_.end(), [&](const WaitingProposal& item) {
      return item.reference == proposal->waits.reference;
    });
    if (!known) waiting_.push_back(std::move(proposal->waits));
    return std::move(proposal->received);
  }
  auto& commit = std::get<StagedCommit>(staged);
  if (commit.next) {
    enter(std::move(*commit.next), std::move(commit.place));
  } else {
    removed_ = true;
    waiting_.clear();
    updates_.clear();
  }
  return std::move(commit.received);
}

}  // namespace mychat::mls
