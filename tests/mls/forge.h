// What a member makes who does not keep to the protocol: real bytes with real keys, and one thing wrong.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "clients.h"
#include "e2ee/mls/proposal_list.h"
#include "expect_rule.h"

namespace mychat::mls {

struct GroupTestAccess {
  static const EpochSecrets& secrets(const Group& group) { return group.secrets_; }
  static const Bytes& context(const Group& group) { return group.context_bytes_; }
  static SecretTree& ratchets(Group& group) { return group.ratchets_; }
  static FramedContent content(const Group& group) { return group.own_content({}); }
  static PendingCommit found(Group& group, const CommitOptions& options, PskUsage usage) {
    return group.make_commit(options, usage);
  }
  // The confirmation tag that a member expects of a commit; throws where it refuses it for something else.
  static Bytes expected_tag(const Group& member, const AuthenticatedContent& commit,
                            const ProcessOptions& options) {
    const auto staged = member.follow(commit, options);
    return staged.next ? staged.next->confirmation_tag_ : Bytes(member.suite().hash_size());
  }
  static Message seal(Group& group, const AuthenticatedContent& content) { return group.to_message(content); }
};

}  // namespace mychat::mls

namespace mychat::mls::testing {

using Clients = std::vector<std::unique_ptr<Client>>;

inline constexpr ExtensionType kOwnExtension = 0xf001;

// Like make_group(), with clients that `prepare` changed before and a context of its own.
inline Clients make_room(std::size_t members, const Extensions& extensions = {},
                         const std::function<void(Client&)>& prepare = {},
                         const Environment& env = environment()) {
  Clients out;
  for (std::size_t i = 0; i < members; ++i) {
    out.push_back(
        std::make_unique<Client>("member-" + std::to_string(i) + "@example.org", test_suite(), env));
    if (prepare) prepare(*out.back());
  }
  out[0]->create({{}, extensions});
  CommitOptions options;
  for (std::size_t i = 1; i < members; ++i) options.proposals.push_back(out[i]->add());
  PendingCommit pending = out[0]->group->commit(options);
  const Message welcome = *pending.welcome;
  out[0]->group->apply(std::move(pending));
  for (std::size_t i = 1; i < members; ++i) out[i]->join(welcome);
  return out;
}

// Refuses whom the list names, and every successor if told.
struct StrictService final : AuthenticationService {
  bool accepts(const Credential& credential, ByteView, ByteView) const override {
    return text(credential.identity) != refused;
  }
  bool is_successor(const Credential& before, const Credential& after) const override {
    return before == after;
  }
  std::string refused = "nobody may be this";
};

// Signed anew after a change.
inline void sign_package(const Client& client, KeyPackage& package, bool leaf_too = true) {
  if (leaf_too) sign_leaf(package.leaf, *client.suite, client.signer, {}, 0);
  Writer content;
  KeyPackage::each_signed(content, package);
  package.signature = client.suite->sign_with_label(client.signer, "KeyPackageTBS", content.secret());
}
template <class Change>
KeyPackage altered_package(Client& client, Change&& change) {
  KeyPackage package = client.publish();
  change(package);
  sign_package(client, package);
  return package;
}

inline void sign_info(GroupInfo& info, const Client& signer) {
  Writer content;
  GroupInfo::each_signed(content, info);
  info.signature = signer.suite->sign_with_label(signer.signer, "GroupInfoTBS", content.secret());
}

// Of a sender's own choice, signed with the key of `by`, who is a member or knows the group's `context`.
inline PublicMessage sign_public(const FramedContent& content, const Client& by, const Group& group,
                                 const Bytes& tag = Bytes(hash_bytes())) {
  AuthenticatedContent framed{WireFormat::kPublicMessage, content, {}};
  sign_content(framed, group.suite(), by.signer, GroupTestAccess::context(group));
  framed.auth.confirmation_tag = tag;
  return to_public(framed, group.suite(), GroupTestAccess::secrets(group).membership_key,
                   GroupTestAccess::context(group));
}
template <class Body>
FramedContent content_with(const Group& group, Body body) {
  FramedContent content = GroupTestAccess::content(group);
  content.body = std::move(body);
  return content;
}
inline Message forge(const Client& by, Proposal proposal) {
  return {sign_public(content_with(*by.group, std::move(proposal)), by, *by.group)};
}
inline Message forge(const Client& by, Commit commit, const Bytes& tag = Bytes(hash_bytes())) {
  return {sign_public(content_with(*by.group, std::move(commit)), by, *by.group, tag)};
}
// A commit of a member without a path, which no receiver comes far enough to miss.
inline Message forge_list(const Client& by, const std::vector<Proposal>& proposals) {
  Commit commit;
  for (const Proposal& proposal : proposals) commit.proposals.push_back({proposal});
  return forge(by, std::move(commit));
}
inline Message forge_references(const Client& by, const std::vector<Bytes>& references) {
  Commit commit;
  for (const Bytes& reference : references) commit.proposals.push_back({ProposalRef{reference}});
  return forge(by, std::move(commit));
}
// From outside of the group that `inside` is a member of.
template <class Body>
Message forge_outside(const Client& by, Sender sender, Body body, const Group& inside) {
  FramedContent content = content_with(inside, std::move(body));
  content.sender = sender;
  return {sign_public(content, by, inside)};
}

// A commit with a path, whatever its proposals are; `change` may change it before it is signed.
template <class Change>
Message forge_path(const Client& by, const std::vector<Proposal>& proposals, LeafNode leaf, Change&& change) {
  const Group& group = *by.group;
  const Sender sender{SenderType::kMember, group.own_leaf()};
  std::vector<WaitingProposal> items;
  Commit commit;
  for (const Proposal& proposal : proposals) {
    items.push_back({{}, proposal, sender});
    commit.proposals.push_back({proposal});
  }
  auto result =
      ProposalList({by.env, group.suite(), group.context(), group.tree(), {}, {}}, items, sender).apply();
  const NewPath path = make_path(result.tree, sender.index, std::move(leaf), by.signer, group.id(), by.env);
  GroupContext context = group.context();
  ++context.epoch;
  context.tree_hash = to_bytes(result.tree.hash());
  context.extensions = result.extensions;
  commit.path = seal_path(result.tree, sender.index, path, encode(context),
                          {result.added.begin(), result.added.end()}, by.env);
  change(*commit.path);
  return forge(by, std::move(commit));
}
inline Message forge_path(const Client& by, const std::vector<Proposal>& proposals) {
  return forge_path(by, proposals, *by.group->tree().leaf(by.group->own_leaf()), [](UpdatePath&) {});
}
template <class Change>
Message forge_path_leaf(const Client& by, Change&& change) {
  return forge_path(by, {}, *by.group->tree().leaf(by.group->own_leaf()), [&](UpdatePath& path) {
    change(path.leaf);
    sign_leaf(path.leaf, *by.suite, by.signer, by.group->id(), by.group->own_leaf());
  });
}

// A commit from outside as it should be, for changing.
inline Commit external_commit(const Client& outsider, const Group& inside,
                              const ExternalJoinOptions& options = {}) {
  const PendingCommit pending = Group::join_external(outsider.env, inside.group_info(true, true),
                                                     outsider.signer, outsider.leaf, options);
  return std::get<Commit>(pending.commit.as<PublicMessage>()->content.body);
}
inline Message forge_external(const Client& outsider, Commit commit, const Group& inside) {
  return forge_outside(outsider, {SenderType::kNewMemberCommit, 0}, std::move(commit), inside);
}

inline PreSharedKeyId external_psk(const std::string& id = "key", std::size_t nonce = hash_bytes()) {
  PreSharedKeyId out;
  out.psk_id = to_bytes(view(id));
  out.psk_nonce = Bytes(nonce, 7);
  return out;
}
inline Extension required_capabilities(const RequiredCapabilities& required) {
  return {extension::kRequiredCapabilities, encode(required)};
}
inline Extension external_senders(const std::vector<const Client*>& senders) {
  std::vector<ExternalSender> list;
  for (const Client* const sender : senders) {
    list.push_back({sender->signer.public_key(), sender->leaf.credential});
  }
  return {extension::kExternalSenders, encode(list)};
}

inline CommitOptions openly(std::vector<Proposal> proposals = {}) {
  CommitOptions options;
  options.proposals = std::move(proposals);
  options.public_message = true;
  return options;
}
inline Commit body_of(const PendingCommit& pending) {
  return std::get<Commit>(pending.commit.as<PublicMessage>()->content.body);
}

// Refused for that rule, and the group of `client` as it was.
inline void expect_refused(Client& client, const Message& message, Rule rule,
                           const ProcessOptions& options = {}) {
  const Records before = client.group->save();
  EXPECT_RULE(client.receive(message, options), rule);
  EXPECT_TRUE(client.group->save() == before) << "the group changed";
}

}  // namespace mychat::mls::testing

#define EXPECT_REFUSED(client, message, rule)                      \
  do {                                                             \
    SCOPED_TRACE(#rule);                                           \
    ::mychat::mls::testing::expect_refused(client, message, rule); \
  } while (false)
