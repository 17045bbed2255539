#include "e2ee/mls/group.h"

#include <algorithm>

#include "e2ee/mls/proposal_list.h"
#include "e2ee/mls/validate.h"

namespace mychat::mls {

Group Group::create(const Environment& environment, const Suite& suite, const SigningKey& signer,
                    const LeafOptions& leaf, const GroupOptions& options) {
  Group group(environment, suite, signer);
  HpkeKeyPair own = environment.key_pair(suite);
  group.context_.suite = suite.id();
  group.context_.group_id =
      options.group_id.empty() ? environment.random_bytes(suite.hash_size()) : options.group_id;
  group.context_.extensions = options.extensions;
  check_context_form(options.extensions, suite, group.id(), environment);
  const LeafNode node = make_leaf(suite, signer, leaf, std::move(own.public_key), environment);
  check_leaf(node, LeafSource::kKeyPackage, LeafNeeds::of(suite.id(), options.extensions), suite,
             LifetimeCheck::kSent, environment);
  check_leaf_credential(node, group.id(), environment);
  group.self_ = group.tree_.add(node);
  group.keys_.emplace(node_of(group.self_), std::move(own.private_key));
  group.context_.tree_hash = to_bytes(group.tree_.hash());
  group.context_bytes_ = encode(group.context_);
  group.begin_epoch(environment.random_secret(suite.hash_size()));
  return group;
}

void Group::begin_epoch(ByteView epoch_secret) {
  secrets_ = EpochSecrets::derive(*suite_, epoch_secret);
  ratchets_ = SecretTree(*suite_, tree_.leaves(), secrets_.take_encryption());
  confirmation_tag_ = suite_->mac(secrets_.confirmation_key, context_.confirmed_transcript_hash);
  interim_transcript_hash_ =
      interim_transcript_hash(*suite_, context_.confirmed_transcript_hash, confirmation_tag_);
  remember_resumption();
}

void Group::remember_resumption() {
  resumption_.insert_or_assign(epoch(), secrets_.resumption_psk);
  while (resumption_.size() > environment_.resumption_epochs + 1) resumption_.erase(resumption_.begin());
}

void Group::require_active() const {
  if (removed_) {
    throw Error(MYCHAT_E_INVALID_STATE, MYCHAT_DOMAIN_E2EE, "This member was removed from the group.");
  }
  require(!reinit_, Rule::kCommitReInit);
}

Secret Group::export_secret(std::string_view label, ByteView context, std::size_t size) const {
  return secrets_.export_secret(*suite_, label, context, size);
}

std::optional<Secret> Group::resumption_psk(Epoch epoch) const {
  const auto at = resumption_.find(epoch);
  if (at == resumption_.end()) return std::nullopt;
  return at->second;
}

GroupInfo Group::group_info(bool with_tree, bool with_external_pub) const {
  if (removed_) require_active();
  GroupInfo info;
  info.context = context_;
  if (with_tree) info.extensions.push_back({extension::kRatchetTree, encode(tree_.nodes())});
  if (with_external_pub) {
    info.extensions.push_back(
        {extension::kExternalPub, encode(secrets_.external_key_pair(*suite_).public_key)});
  }
  info.confirmation_tag = confirmation_tag_;
  info.signer = self_;
  Writer content;
  GroupInfo::each_signed(content, info);
  info.signature = suite_->sign_with_label(signer_, "GroupInfoTBS", content.secret());
  return info;
}

Relation Group::compare(const GroupInfo& info) const {
  require(info.context.group_id == id(), Rule::kMessageGroup);
  if (info.context.epoch != epoch()) {
    return info.context.epoch > epoch() ? Relation::kBehind : Relation::kAhead;
  }
  return equal_constant_time(info.confirmation_tag, confirmation_tag_) ? Relation::kSame : Relation::kForked;
}

FramedContent Group::own_content(const Bytes& authenticated_data) const {
  FramedContent content;
  content.group_id = id();
  content.epoch = epoch();
  content.sender = {SenderType::kMember, self_};
  content.authenticated_data = authenticated_data;
  return content;
}

AuthenticatedContent Group::frame(FramedContent content, WireFormat format) const {
  AuthenticatedContent out{format, std::move(content), {}};
  sign_content(out, *suite_, signer_, context_bytes_);
  return out;
}

Message Group::to_message(const AuthenticatedContent& content) {
  if (content.wire_format == WireFormat::kPublicMessage) {
    return {to_public(content, *suite_, secrets_.membership_key, context_bytes_)};
  }
  SecretTree::Found key = ratchets_.next(self_, RatchetKind::kHandshake);
  Message out{seal_private(content, *suite_, secrets_.sender_data, key, 0, environment_)};
  ratchets_.accept(std::move(key), environment_.ratchet);
  return out;
}

Message Group::send_proposal(Proposal proposal, const Bytes& authenticated_data, bool public_message) {
  require_active();
  if (waiting_.size() >= environment_.most_proposals) {
    throw Error(MYCHAT_E_BUSY, MYCHAT_DOMAIN_E2EE, "Too many proposals wait for a commit.");
  }
  const Sender sender{SenderType::kMember, self_};
  check_proposal(proposal, sender, {environment_, *suite_, context_, tree_, LifetimeCheck::kSent, {}});
  FramedContent content = own_content(authenticated_data);
  content.body = proposal;
  const AuthenticatedContent framed =
      frame(std::move(content), public_message ? WireFormat::kPublicMessage : WireFormat::kPrivateMessage);
  Message out = to_message(framed);
  waiting_.push_back({suite_->proposal_ref(framed), std::move(proposal), sender});
  return out;
}

Message Group::propose(Proposal proposal, const Bytes& authenticated_data, bool public_message) {
  if (proposal.as<Update>() != nullptr || proposal.as<ExternalInit>() != nullptr) {
    throw_argument("Updates are made by propose_update(), and an ExternalInit by joining from outside.");
  }
  require_suite_of(proposal);
  return send_proposal(std::move(proposal), authenticated_data, public_message);
}

Message Group::propose_update(const std::optional<LeafOptions>& leaf, const std::optional<SigningKey>& signer,
                              const Bytes& authenticated_data, bool public_message) {
  require_active();
  HpkeKeyPair own = environment_.key_pair(*suite_);
  const SigningKey& new_signer = signer ? *signer : signer_;
  LeafNode node = leaf ? make_leaf(*suite_, new_signer, *leaf, {}, environment_) : *tree_.leaf(self_);
  node.encryption_key = own.public_key;
  node.signature_key = new_signer.public_key();
  node.source = LeafSource::kUpdate;
  node.lifetime = {};
  node.parent_hash.clear();
  sign_leaf(node, *suite_, new_signer, id(), self_);
  PendingUpdate keys{std::move(own.public_key), std::move(own.private_key), new_signer.to_bytes()};
  updates_.reserve(updates_.size() + 1);
  Message out = send_proposal({Update{std::move(node)}}, authenticated_data, public_message);
  updates_.push_back(std::move(keys));
  return out;
}

void Group::drop_waiting_proposals() {
  waiting_.clear();
  updates_.clear();
}

PrivateMessage Group::protect(ByteView data, const Bytes& authenticated_data, std::size_t padding) {
  require_active();
  FramedContent content = own_content(authenticated_data);
  content.body = to_secret(data);
  const AuthenticatedContent signed_content = frame(std::move(content), WireFormat::kPrivateMessage);
  SecretTree::Found key = ratchets_.next(self_, RatchetKind::kApplication);
  PrivateMessage out =
      seal_private(signed_content, *suite_, secrets_.sender_data, key, padding, environment_);
  ratchets_.accept(std::move(key), environment_.ratchet);
  return out;
}

std::list<Group::PastEpoch> Group::place_for_past() const {
  std::list<PastEpoch> place;
  place.push_back({{}, context_.epoch, RatchetTree(*suite_), {}, {}});
  return place;
}

void Group::enter(Group&& next, std::list<PastEpoch>&& place) noexcept {
  PastEpoch& last = place.front();
  last.context = std::move(context_bytes_);
  last.tree = std::move(tree_);
  last.sender_data = std::move(secrets_.sender_data);
  last.ratchets = std::move(ratchets_);
  next.past_ = std::move(past_);
  next.past_.splice(next.past_.begin(), place);
  while (next.past_.size() > environment_.past_epochs) next.past_.pop_back();
  next.saved_ = std::move(saved_);
  *this = std::move(next);
}

void Group::apply(PendingCommit&& pending) {
  if (!pending.next) throw_argument("This commit was applied already.");
  const bool follows = pending.next->id() == id() && pending.next->epoch() == epoch() + 1 &&
                       pending.next->follows_ == interim_transcript_hash_;
  if (!follows || !is_active()) {
    throw Error(MYCHAT_E_INVALID_STATE, MYCHAT_DOMAIN_E2EE,
                "The commit is not one of the group's present epoch.");
  }
  // The value may be shared with copies of the PendingCommit, and it may have been saved, or loaded, by
  // itself.
  if (pending.next.use_count() != 1) pending.next = std::make_shared<Group>(*pending.next);
  pending.next->ratchets_.mark_all_changed();
  enter(std::move(*pending.next), place_for_past());
  pending.next.reset();
}

}  // namespace mychat::mls
