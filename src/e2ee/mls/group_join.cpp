// Joining: by a Welcome, and by a commit from outside.
#include <algorithm>

#include "e2ee/mls/commit_work.h"
#include "e2ee/mls/group.h"
#include "e2ee/mls/validate.h"

namespace mychat::mls {

namespace {

RatchetTree tree_of(const GroupInfo& info, const NodeVector* given, const Suite& suite) {
  try {
    if (const Bytes* const held = find_extension(info.extensions, extension::kRatchetTree)) {
      return RatchetTree::from_nodes(suite, decode<NodeVector>(*held));
    }
    require(given != nullptr, Rule::kWelcomeNoTree);
    return RatchetTree::from_nodes(suite, *given);
  } catch (const Error& error) {
    if (error.status() != MYCHAT_E_MALFORMED) throw;
    violate(Rule::kTreeForm);
  }
}

void verify_group_info(const GroupInfo& info, const RatchetTree& tree) {
  const LeafNode* const signer = tree.leaf(info.signer);
  require(signer != nullptr, Rule::kWelcomeSigner);
  Writer content;
  GroupInfo::each_signed(content, info);
  require(
      tree.suite().verify_with_label(signer->signature_key, "GroupInfoTBS", content.secret(), info.signature),
      Rule::kWelcomeSignature);
  require(!names_twice(info.extensions), Rule::kGroupInfoExtensionTwice);
}

struct Opened {
  const OwnKeyPackage* package = nullptr;
  std::size_t place = 0;
  GroupSecrets secrets;
};

Opened open_secrets(const Suite& suite, const Welcome& welcome,
                    const std::vector<const OwnKeyPackage*>& packages) {
  bool other_suite = false;
  for (std::size_t i = 0; i < packages.size(); ++i) {
    const OwnKeyPackage& package = *packages[i];
    const Suite* const own = Suite::find(package.key_package.suite);
    if (own == nullptr) continue;
    const Bytes reference = own->key_package_ref(package.key_package);
    const auto entry = std::find_if(welcome.secrets.begin(), welcome.secrets.end(),
                                    [&](const auto& candidate) { return candidate.new_member == reference; });
    if (entry == welcome.secrets.end()) continue;
    other_suite = own != &suite;
    if (other_suite) continue;
    Secret plain;
    try {
      plain =
          suite.decrypt_with_label(package.init_key, "Welcome", welcome.encrypted_group_info, entry->secrets);
    } catch (const Error&) {
      violate(Rule::kWelcomeDecrypt);
    }
    return {&package, i, decode<GroupSecrets>(plain)};
  }
  violate(other_suite ? Rule::kWelcomeSuite : Rule::kWelcomeNotForUs);
}

GroupInfo open_group_info(const Suite& suite, const Welcome& welcome, ByteView joiner, ByteView psk) {
  const Secret secret = welcome_secret(suite, joiner, psk);
  Secret plain;
  try {
    plain = suite.open(suite.expand_with_label(secret, "key", {}, suite.key_size()),
                       suite.expand_with_label(secret, "nonce", {}, Suite::nonce_size()), {},
                       welcome.encrypted_group_info);
  } catch (const Error&) {
    violate(Rule::kWelcomeDecrypt);
  }
  return decode<GroupInfo>(plain);
}

// The id of the key that ties the group to another one; null when there is none.
const PreSharedKeyId* check_psks(const std::vector<PreSharedKeyId>& psks, const Suite& suite) {
  const PreSharedKeyId* tie = nullptr;
  std::set<std::string> seen;
  for (const PreSharedKeyId& id : psks) {
    require(id.psk_nonce.size() == suite.hash_size(), Rule::kProposalPskNonce);
    require(seen.emplace(text(encode(id))).second, Rule::kWelcomePsk);
    if (id.type == PskType::kExternal || id.usage == PskUsage::kApplication) continue;
    require(tie == nullptr, Rule::kWelcomePsk);
    tie = &id;
  }
  return tie;
}

std::vector<PskInput> look_up(const std::vector<PreSharedKeyId>& psks, const JoinOptions& options) {
  std::vector<PskInput> out;
  for (const PreSharedKeyId& id : psks) {
    std::optional<Secret> secret;
    if (id.type == PskType::kResumption && options.predecessor != nullptr &&
        options.predecessor->id() == id.psk_group_id) {
      secret = options.predecessor->resumption_psk(id.psk_epoch);
    }
    if (!secret && options.psks) secret = options.psks(id);
    require(secret.has_value(), Rule::kProposalPskUnknown);
    out.push_back({id, std::move(*secret)});
  }
  return out;
}

}  // namespace

Group Group::join(const Environment& environment, const Welcome& welcome,
                  const std::vector<const OwnKeyPackage*>& packages, const JoinOptions& options,
                  std::size_t* used) {
  const Suite& suite = Suite::get(welcome.suite);
  Opened opened = open_secrets(suite, welcome, packages);
  const OwnKeyPackage& package = *opened.package;
  const PreSharedKeyId* const tie = check_psks(opened.secrets.psks, suite);
  const Secret psk = psk_secret(suite, look_up(opened.secrets.psks, options));
  const GroupInfo info = open_group_info(suite, welcome, opened.secrets.joiner_secret, psk);
  require(info.context.version == kMls10 && info.context.suite == welcome.suite, Rule::kWelcomeVersion);

  Group group(environment, suite, SigningKey::from_bytes(suite.signature(), package.signature_key));
  group.tree_ = tree_of(info, options.tree, suite);
  verify_group_info(info, group.tree_);
  check_context_form(info.context.extensions, suite, info.context.group_id, environment);
  check_tree(group.tree_, info.context, environment);
  group.context_ = info.context;
  group.context_bytes_ = encode(group.context_);

  std::optional<LeafIndex> self;
  group.tree_.each_member([&](LeafIndex index, const LeafNode& leaf) {
    if (leaf == package.key_package.leaf) self = index;
  });
  require(self.has_value(), Rule::kWelcomeOwnLeaf);
  group.self_ = *self;
  group.keys_.emplace(node_of(group.self_), package.encryption_key);
  if (opened.secrets.path_secret) {
    require(implant_path_secret(group.tree_, group.self_, info.signer,
                                std::move(opened.secrets.path_secret->secret), group.keys_)
                .has_value(),
            Rule::kWelcomePathSecret);
  }
  if (tie != nullptr) {
    require(options.predecessor != nullptr, Rule::kWelcomeResumption);
    group.check_welcomed(*options.predecessor, tie->usage, *tie);
  }
  group.begin_epoch(epoch_secret(suite, opened.secrets.joiner_secret, psk, group.context_bytes_));
  require(equal_constant_time(group.confirmation_tag_, info.confirmation_tag), Rule::kWelcomeConfirmation);
  if (used != nullptr) *used = opened.place;
  return group;
}

// Sections 11.2 and 11.3: whether this group is what its Welcome says it is to the other.
void Group::check_welcomed(const Group& before, PskUsage usage, const PreSharedKeyId& id) const {
  require(id.psk_group_id == before.id() && context_.epoch == 1, Rule::kWelcomeResumption);
  // Whether each leaf of the one tree is the client of some leaf of the other, as the application sees it.
  const auto within = [&](const RatchetTree& some, const RatchetTree& all) {
    std::vector<const Credential*> known;
    all.each_member([&](LeafIndex, const LeafNode& leaf) { known.push_back(&leaf.credential); });
    some.each_member([&](LeafIndex, const LeafNode& leaf) {
      require(std::any_of(known.begin(), known.end(),
                          [&](const Credential* other) {
                            const bool later = &some == &tree_;
                            const Credential& then = later ? *other : leaf.credential;
                            const Credential& now = later ? leaf.credential : *other;
                            return then == now || environment_.authentication->is_successor(then, now);
                          }),
              Rule::kWelcomeResumption);
    });
  };
  if (usage == PskUsage::kReInit) {
    require(before.reinit_ && id.psk_epoch == before.epoch(), Rule::kWelcomeResumption);
    const ReInit& reinit = *before.reinit_;
    require(context_.group_id == reinit.group_id && context_.version == reinit.version &&
                context_.suite == reinit.suite && context_.extensions == reinit.extensions,
            Rule::kWelcomeResumption);
    within(before.tree_, tree_);
    return;
  }
  require(context_.version == before.context_.version && context_.suite == before.context_.suite,
          Rule::kWelcomeResumption);
  within(tree_, before.tree_);
}

PendingCommit Group::join_external(const Environment& environment, const GroupInfo& info,
                                   const SigningKey& signer, const LeafOptions& leaf,
                                   const ExternalJoinOptions& options) {
  require(info.context.version == kMls10, Rule::kWelcomeVersion);
  const Suite& suite = Suite::get(info.context.suite);
  // The group as somebody outside sees it: no secrets, no leaf of its own.
  Group outside(environment, suite, signer);
  outside.tree_ = tree_of(info, options.tree, suite);
  verify_group_info(info, outside.tree_);
  check_context_form(info.context.extensions, suite, info.context.group_id, environment);
  check_tree(outside.tree_, info.context, environment);
  outside.context_ = info.context;
  outside.context_bytes_ = encode(outside.context_);
  outside.interim_transcript_hash_ =
      interim_transcript_hash(suite, info.context.confirmed_transcript_hash, info.confirmation_tag);
  const Bytes* const external_pub = find_extension(info.extensions, extension::kExternalPub);
  if (external_pub == nullptr) violate(Rule::kGroupInfoExternalPub);

  HpkeExported init;
  try {
    init = hpke_export_to(suite.hpke(), decode<Bytes>(*external_pub), {}, view(kExternalInitLabel),
                          suite.hash_size(), environment.random);
  } catch (const Error& error) {
    if (error.status() != MYCHAT_E_MALFORMED) throw;
    violate(Rule::kGroupInfoExternalPub);
  }
  const Sender sender{SenderType::kNewMemberCommit, 0};
  std::vector<WaitingProposal> items{{{}, {ExternalInit{init.kem_output}}, sender}};
  if (options.replaces) items.push_back({{}, {Remove{*options.replaces}}, sender});
  for (const PreSharedKeyId& id : options.psk_ids) items.push_back({{}, {Psk{id}}, sender});

  CommitWork work(outside, items, sender, {LifetimeCheck::kSent, {}, options.psks});
  LeafNode own = make_leaf(suite, signer, leaf, {}, environment);
  work.check_replaced(own);
  const LeafIndex self = work.add_external(own);
  const NewPath path = make_path(work.tree(), self, std::move(own), signer, outside.id(), environment);
  work.check_tree(self);
  Commit body;
  for (const WaitingProposal& item : work.items()) body.proposals.emplace_back().body = item.proposal;
  body.path = seal_path(work.tree(), self, path, work.path_context(), {}, environment);
  work.check_path_leaf(*body.path, self, nullptr);

  AuthenticatedContent framed;
  framed.content.group_id = outside.id();
  framed.content.epoch = outside.epoch();
  framed.content.sender = sender;
  framed.content.authenticated_data = options.authenticated_data;
  framed.content.body = std::move(body);
  sign_content(framed, suite, signer, outside.context_bytes_);
  auto finished = work.finish(framed, init.secret, path.commit_secret, {self, path.keys, signer});
  framed.auth.confirmation_tag = finished.next->confirmation_tag_;
  PendingCommit out;
  out.summary = work.summary(sender, self, true, self);
  out.summary.removes_us = false;
  out.next = std::move(finished.next);
  out.commit = {to_public(framed, suite, {}, outside.context_bytes_)};
  return out;
}

}  // namespace mychat::mls
