#include "e2ee/mls/proposal_list.h"

#include <algorithm>
#include <unordered_set>

#include "e2ee/mls/parallel.h"

namespace mychat::mls {

namespace {

bool supports_self_remove(const LeafNode& leaf) {
  return supports(leaf.capabilities.proposals, static_cast<std::uint16_t>(ProposalType::kSelfRemove));
}

bool from_member(const Sender& sender) { return sender.type == SenderType::kMember; }

void check_update(const Update& update, const Sender& sender, const ProposalContext& in) {
  require(from_member(sender), Rule::kProposalUpdateSender);
  const LeafNode* const before = in.tree.leaf(sender.index);
  require(before != nullptr, Rule::kProposalUpdateSender);
  const LeafNode& leaf = update.leaf;
  check_leaf(leaf, LeafSource::kUpdate, LeafNeeds::of(in.suite.id(), in.context.extensions), in.suite,
             in.lifetime, in.environment);
  check_leaf_credential(leaf, in.context.group_id, in.environment);
  require(in.environment.authentication->is_successor(before->credential, leaf.credential),
          Rule::kLeafCredential);
  require(verify_leaf_signature(leaf, in.suite, in.context.group_id, sender.index), Rule::kLeafSignature);
  require(leaf.encryption_key != before->encryption_key, Rule::kProposalUpdateKey);
}

void check_psk(const PreSharedKeyId& id, const ProposalContext& in) {
  require(id.psk_nonce.size() == in.suite.hash_size(), Rule::kProposalPskNonce);
  require(id.type == PskType::kExternal || id.usage == in.founding.value_or(PskUsage::kApplication),
          Rule::kProposalPskUsage);
}

// Every member must be able to process them.
bool may_hold_self_removes(const std::vector<WaitingProposal>& waiting, const RatchetTree& tree) {
  const bool any = std::any_of(waiting.begin(), waiting.end(), [](const WaitingProposal& item) {
    return item.proposal.as<SelfRemove>() != nullptr;
  });
  bool all = true;
  if (any) tree.each_member([&](LeafIndex, const LeafNode& leaf) { all &= supports_self_remove(leaf); });
  return all;
}

}  // namespace

void check_external_sender(const Proposal& proposal) {
  const ProposalType type = proposal.type();
  require(type != ProposalType::kUpdate && type != ProposalType::kExternalInit &&
              type != ProposalType::kSelfRemove,
          Rule::kProposalExternalSender);
}

std::optional<LeafIndex> changed_leaf(const Proposal& proposal, const Sender& sender) noexcept {
  if (const auto* const remove = proposal.as<Remove>()) return remove->removed;
  const bool own = proposal.as<Update>() != nullptr || proposal.as<SelfRemove>() != nullptr;
  if (own && from_member(sender)) return sender.index;
  return std::nullopt;
}

void check_proposal(const Proposal& proposal, const Sender& sender, const ProposalContext& in) {
  if (sender.type == SenderType::kExternal) check_external_sender(proposal);
  if (sender.type == SenderType::kNewMemberProposal) {
    require(proposal.as<Add>() != nullptr, Rule::kProposalNewMember);
  }
  if (const auto* const add = proposal.as<Add>()) {
    check_key_package(add->key_package, LeafNeeds::of(in.suite.id(), in.context.extensions), in.suite,
                      in.lifetime, in.context.group_id, in.environment);
  } else if (const auto* const update = proposal.as<Update>()) {
    check_update(*update, sender, in);
  } else if (const auto* const remove = proposal.as<Remove>()) {
    require(in.tree.leaf(remove->removed) != nullptr, Rule::kProposalRemoveBlank);
  } else if (const auto* const psk = proposal.as<Psk>()) {
    check_psk(psk->id, in);
  } else if (const auto* const reinit = proposal.as<ReInit>()) {
    require(reinit->version >= in.context.version, Rule::kProposalReInitVersion);
    require(!names_twice(reinit->extensions), Rule::kContextExtensionTwice);
  } else if (const auto* const context = proposal.as<GroupContextExtensions>()) {
    // Whether every member supports them can be said when it is known who is one.
    check_context_form(context->extensions, in.suite, in.context.group_id, in.environment);
  } else if (proposal.as<SelfRemove>() != nullptr) {
    require(from_member(sender) && in.tree.leaf(sender.index) != nullptr, Rule::kProposalSelfRemove);
  }
}

ProposalList::ProposalList(const ProposalContext& in, const std::vector<WaitingProposal>& items,
                           Sender committer)
    : in_(in), items_(items), committer_(committer) {}

template <class T>
std::size_t ProposalList::count() const noexcept {
  return static_cast<std::size_t>(
      std::count_if(items_.begin(), items_.end(),
                    [](const WaitingProposal& item) { return item.proposal.template as<T>() != nullptr; }));
}

void ProposalList::check() const {
  if (committer_.type == SenderType::kNewMemberCommit) {
    check_external();
  } else {
    require(count<ExternalInit>() == 0, Rule::kListExternalInit);
  }
  check_together();
  check_supported();
  check_each();
}

// Signatures take most of the time, those of Adds above all.
void ProposalList::check_each() const {
  // New extensions of the context count for all other proposals (section 12.3).
  GroupContext context = in_.context;
  for (const WaitingProposal& item : items_) {
    const auto* const change = item.proposal.as<GroupContextExtensions>();
    if (change == nullptr) continue;
    check_proposal(item.proposal, item.sender, in_);
    context.extensions = change->extensions;
  }
  const ProposalContext in{in_.environment, in_.suite, context, in_.tree, in_.lifetime, in_.founding};
  for_each_parallel(items_.size(),
                    [&](std::size_t i) { check_proposal(items_[i].proposal, items_[i].sender, in); });
}

void ProposalList::check_leaves_once() const {
  std::set<LeafIndex> changed;
  for (const WaitingProposal& item : items_) {
    const auto leaf = changed_leaf(item.proposal, item.sender);
    if (!leaf) continue;
    // By value they would be of the committer itself.
    require(item.proposal.as<Update>() == nullptr || !item.reference.empty(), Rule::kListUpdateByValue);
    require(item.proposal.as<SelfRemove>() == nullptr || !item.reference.empty(), Rule::kProposalSelfRemove);
    if (from_member(committer_) && *leaf == committer_.index) {
      violate(item.proposal.as<Update>() != nullptr ? Rule::kListOwnUpdate : Rule::kListOwnRemove);
    }
    require(changed.insert(*leaf).second, Rule::kListSameLeafTwice);
  }
}

void ProposalList::check_adds() const {
  std::unordered_set<std::string_view> clients;
  std::vector<const Bytes*> keys;
  std::set<LeafIndex> removed;
  for (const WaitingProposal& item : items_) {
    if (const auto* const add = item.proposal.as<Add>()) {
      const Bytes& key = add->key_package.leaf.signature_key;
      require(clients.insert(text(key)).second, Rule::kListSameClientAdded);
      keys.push_back(&key);
    } else if (item.proposal.as<Update>() == nullptr) {
      if (const auto leaf = changed_leaf(item.proposal, item.sender)) removed.insert(*leaf);
    }
  }
  for (const Bytes* const key : keys) {
    require(!in_.tree.has_member_with(*key, [&](LeafIndex index) { return !removed.contains(index); }),
            Rule::kListAddExisting);
  }
}

void ProposalList::check_together() const {
  check_leaves_once();
  check_adds();
  std::set<std::string> psks;
  for (const WaitingProposal& item : items_) {
    const auto* const psk = item.proposal.as<Psk>();
    if (psk != nullptr) require(psks.emplace(text(encode(psk->id))).second, Rule::kListPskTwice);
  }
  require(count<GroupContextExtensions>() <= 1, Rule::kListContextExtensionsTwice);
  require(count<ReInit>() == 0 || items_.size() == 1, Rule::kListReInitAlone);
}

void ProposalList::check_external() const {
  require(count<ExternalInit>() == 1, Rule::kListExternalCount);
  require(count<Remove>() <= 1, Rule::kListExternalRemove);
  for (const WaitingProposal& item : items_) {
    require(item.reference.empty(), Rule::kListExternalReference);
    const ProposalType type = item.proposal.type();
    require(
        type == ProposalType::kExternalInit || type == ProposalType::kRemove || type == ProposalType::kPsk,
        Rule::kListExternalKinds);
  }
}

void ProposalList::check_supported() const {
  if (count<SelfRemove>() == 0) return;
  // Who leaves with this commit need not process it.
  std::set<LeafIndex> removed;
  for (const WaitingProposal& item : items_) {
    if (item.proposal.as<Update>() != nullptr) continue;
    if (const auto leaf = changed_leaf(item.proposal, item.sender)) removed.insert(*leaf);
  }
  in_.tree.each_member([&](LeafIndex index, const LeafNode& leaf) {
    require(removed.contains(index) || supports_self_remove(leaf), Rule::kListUnsupported);
  });
}

// Section 17.4, the column "Path Required".
bool ProposalList::needs_path() const noexcept {
  return items_.empty() || std::any_of(items_.begin(), items_.end(), [](const WaitingProposal& item) {
           const ProposalType type = item.proposal.type();
           return type != ProposalType::kAdd && type != ProposalType::kPsk && type != ProposalType::kReInit;
         });
}

ProposalList::Result ProposalList::apply() const {
  Result out{in_.tree, in_.context.extensions, {}, {}, {}, {}, {}, nullptr, nullptr};
  // Extensions, updates, removals, additions, whatever their order in the list.
  for (const WaitingProposal& item : items_) {
    const Proposal& proposal = item.proposal;
    if (const auto* const context = proposal.as<GroupContextExtensions>()) {
      out.extensions = context->extensions;
    } else if (const auto* const update = proposal.as<Update>()) {
      out.tree.update(item.sender.index, update->leaf);
      out.updated.insert(item.sender.index);
    } else if (const auto* const psk = proposal.as<Psk>()) {
      out.psks.push_back(&psk->id);
    } else if (const auto* const external = proposal.as<ExternalInit>()) {
      out.external_init = external;
    } else if (const auto* const reinit = proposal.as<ReInit>()) {
      out.reinit = reinit;
    }
  }
  for (const WaitingProposal& item : items_) {
    if (item.proposal.as<Update>() != nullptr) continue;
    if (const auto leaf = changed_leaf(item.proposal, item.sender)) {
      out.tree.remove(*leaf);
      out.removed.insert(*leaf);
    }
  }
  for (const WaitingProposal& item : items_) {
    if (const auto* const add = item.proposal.as<Add>()) {
      out.added.push_back(out.tree.add(add->key_package.leaf));
      out.packages.push_back(&add->key_package);
    }
  }
  return out;
}

std::vector<WaitingProposal> ProposalList::choose(const std::vector<WaitingProposal>& waiting,
                                                  LeafIndex committer, const RatchetTree& tree) {
  std::map<LeafIndex, const WaitingProposal*> leaves;
  std::set<std::string> once;  // Clients that are added, pre-shared keys.
  const WaitingProposal* extensions = nullptr;
  const WaitingProposal* reinit = nullptr;
  std::vector<const WaitingProposal*> others;
  const bool self_removes = may_hold_self_removes(waiting, tree);
  for (const WaitingProposal& item : waiting) {
    const Proposal& proposal = item.proposal;
    if (proposal.as<SelfRemove>() != nullptr && !self_removes) continue;
    if (const auto leaf = changed_leaf(proposal, item.sender)) {
      if (*leaf == committer) continue;
      const WaitingProposal*& chosen = leaves[*leaf];
      if (chosen == nullptr || chosen->proposal.as<Update>() != nullptr) chosen = &item;
    } else if (proposal.as<GroupContextExtensions>() != nullptr) {
      extensions = &item;
    } else if (proposal.as<ReInit>() != nullptr) {
      reinit = &item;
    } else if (const auto* const add = proposal.as<Add>()) {
      if (once.emplace(text(add->key_package.leaf.signature_key)).second) others.push_back(&item);
    } else if (const auto* const psk = proposal.as<Psk>()) {
      if (once.emplace(text(encode(psk->id))).second) others.push_back(&item);
    }
  }
  const auto stays = [&](LeafIndex index) {
    const auto at = leaves.find(index);
    return at == leaves.end() || at->second->proposal.as<Update>() != nullptr;
  };
  std::vector<WaitingProposal> out;
  out.reserve(leaves.size() + others.size() + 1);
  for (const auto& [leaf, item] : leaves) out.push_back(*item);
  for (const WaitingProposal* const item : others) {
    const auto* const add = item->proposal.as<Add>();
    if (add == nullptr || !tree.has_member_with(add->key_package.leaf.signature_key, stays))
      out.push_back(*item);
  }
  if (extensions != nullptr) out.push_back(*extensions);
  if (out.empty() && reinit != nullptr) out.push_back(*reinit);
  return out;
}

}  // namespace mychat::mls
