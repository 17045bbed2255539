#include "e2ee/mls/commit_work.h"

#include <algorithm>

#include "e2ee/mls/parallel.h"

namespace mychat::mls {

CommitWork::CommitWork(const Group& base, std::vector<WaitingProposal> items, Sender committer,
                       const Settings& settings)
    : base_(base),
      items_(std::move(items)),
      result_{RatchetTree(*base.suite_), {}, {}, {}, {}, {}, {}, nullptr, nullptr} {
  if (base.epoch() == ~Epoch{0}) {
    throw Error(MYCHAT_E_TOO_LARGE, MYCHAT_DOMAIN_E2EE, "The group has no epoch left.");
  }
  const ProposalContext in{base.environment_, *base.suite_,      base.context_,
                           base.tree_,        settings.lifetime, settings.founding};
  const ProposalList list(in, items_, committer);
  list.check();
  result_ = list.apply();
  needs_path_ = list.needs_path();
  look_up_psks(settings);
}

void CommitWork::look_up_psks(const Settings& settings) {
  for (const PreSharedKeyId* const id : result_.psks) {
    std::optional<Secret> secret = base_.find_psk(*id, settings.psks);
    require(secret.has_value(), Rule::kProposalPskUnknown);
    psks_.push_back({*id, std::move(*secret)});
  }
}

void CommitWork::check_replaced(const LeafNode& joiner) const {
  for (const LeafIndex leaf : result_.removed) {
    // As of an Update of that leaf (section 12.2).
    require(base_.tree_.leaf(leaf)->encryption_key != joiner.encryption_key, Rule::kCommitPathKeys);
    require(base_.environment_.authentication->is_successor(base_.tree_.leaf(leaf)->credential,
                                                            joiner.credential),
            Rule::kListExternalRemove);
  }
}

Secret CommitWork::external_init_secret() const {
  const Suite& suite = *base_.suite_;
  try {
    return hpke_export_from(suite.hpke(), base_.secrets_.external_key_pair(suite).private_key,
                            result_.external_init->kem_output, {}, view(kExternalInitLabel),
                            suite.hash_size());
  } catch (const Error&) {
    violate(Rule::kCommitExternalInit);
  }
}

void CommitWork::take_own_update(Own& own) const {
  if (!result_.updated.contains(own.leaf)) return;
  const Bytes& key = result_.tree.leaf(own.leaf)->encryption_key;
  const auto update = std::find_if(base_.updates_.begin(), base_.updates_.end(),
                                   [&](const auto& candidate) { return candidate.encryption_key == key; });
  require(update != base_.updates_.end(), Rule::kCommitPathOpen);
  own.keys.insert_or_assign(node_of(own.leaf), update->private_key);
  own.signer = SigningKey::from_bytes(base_.suite_->signature(), update->signature_key);
}

void CommitWork::check_path_leaf(const UpdatePath& path, LeafIndex sender, const LeafNode* before) const {
  const Environment& environment = base_.environment_;
  const Suite& suite = *base_.suite_;
  check_leaf(path.leaf, LeafSource::kCommit, LeafNeeds::of(suite.id(), result_.extensions), suite,
             LifetimeCheck::kNot, environment);
  check_leaf_credential(path.leaf, base_.id(), environment);
  require(verify_leaf_signature(path.leaf, suite, base_.id(), sender), Rule::kLeafSignature);
  if (before == nullptr) return;
  require(environment.authentication->is_successor(before->credential, path.leaf.credential),
          Rule::kLeafCredential);
  require(path.leaf.encryption_key != before->encryption_key, Rule::kCommitPathKeys);
}

void CommitWork::check_tree(std::optional<LeafIndex> path_of) {
  std::set<LeafIndex> leaves = result_.updated;
  leaves.insert(result_.added.begin(), result_.added.end());
  if (path_of) leaves.insert(*path_of);
  check_changed_leaves(result_.tree, leaves);
  const bool new_extensions = std::any_of(items_.begin(), items_.end(), [](const WaitingProposal& item) {
    return item.proposal.as<GroupContextExtensions>() != nullptr;
  });
  if (new_extensions) check_context_support(result_.extensions, result_.tree);
}

Bytes CommitWork::path_context() {
  GroupContext context = base_.context_;
  ++context.epoch;
  context.tree_hash = to_bytes(result_.tree.hash());
  context.extensions = result_.extensions;
  return encode(context);
}

CommitWork::Finished CommitWork::finish(const AuthenticatedContent& commit, ByteView init_secret,
                                        ByteView commit_secret, Own own) {
  const Suite& suite = *base_.suite_;
  auto next = std::shared_ptr<Group>(new Group(base_.environment_, suite, std::move(own.signer)));
  next->context_ = base_.context_;
  ++next->context_.epoch;
  next->context_.tree_hash = to_bytes(result_.tree.hash());
  next->context_.extensions = result_.extensions;
  next->context_.confirmed_transcript_hash =
      confirmed_transcript_hash(suite, base_.interim_transcript_hash_, commit);
  next->context_bytes_ = encode(next->context_);
  next->follows_ = base_.interim_transcript_hash_;
  next->tree_ = std::move(result_.tree);
  next->self_ = own.leaf;
  next->keys_ = std::move(own.keys);
  next->resumption_ = base_.resumption_;
  if (result_.reinit != nullptr) next->reinit_ = *result_.reinit;
  const Secret psk = psk_secret(suite, psks_);
  Finished out;
  out.joiner = joiner_secret(suite, init_secret, commit_secret, next->context_bytes_);
  next->begin_epoch(epoch_secret(suite, out.joiner, psk, next->context_bytes_));
  out.next = std::move(next);
  return out;
}

Message CommitWork::welcome(const Finished& finished, const NewPath* path, bool with_tree) const {
  const Suite& suite = *base_.suite_;
  Welcome out;
  out.suite = suite.id();
  const Secret secret = welcome_secret(suite, finished.joiner, psk_secret(suite, psks_));
  const Secret key = suite.expand_with_label(secret, "key", {}, suite.key_size());
  const Secret nonce = suite.expand_with_label(secret, "nonce", {}, Suite::nonce_size());
  out.encrypted_group_info = suite.seal(key, nonce, {}, encode(finished.next->group_info(with_tree, false)));
  const HpkeInfo info = suite.encryption_info("Welcome", out.encrypted_group_info);
  out.secrets.resize(result_.packages.size());
  const std::vector<Secret> ephemerals = base_.environment_.ephemerals(suite, out.secrets.size());
  for_each_parallel(out.secrets.size(), [&](std::size_t i) {
    GroupSecrets secrets;
    secrets.joiner_secret = finished.joiner;
    const Secret* const path_secret = path == nullptr ? nullptr : path->secret_for(result_.added[i]);
    if (path_secret != nullptr) secrets.path_secret = PathSecret{*path_secret};
    for (const PskInput& psk : psks_) secrets.psks.push_back(psk.id);
    const KeyPackage& package = *result_.packages[i];
    out.secrets[i].new_member = suite.key_package_ref(package);
    out.secrets[i].secrets = suite.encrypt(package.init_key, info, encode_secret(secrets), ephemerals[i]);
  });
  return {std::move(out)};
}

CommitSummary CommitWork::summary(const Sender& committer, LeafIndex committer_leaf, bool has_path,
                                  LeafIndex self) const {
  return {base_.epoch() + 1, committer, committer_leaf, items_, result_.added, removes(self), has_path};
}

}  // namespace mychat::mls
