// Handshake messages that a member, an external sender or a new member signed, of proposals and commits that
// the fuzzer edited; then the receiver goes on. What fails changes nothing.
#include <cstddef>
#include <cstdint>

#include "e2ee/mls/proposal_list.h"
#include "mls/forge.h"
#include "mls_insider.h"

namespace {

using namespace mychat;
using namespace mychat::mls;
using namespace mychat::mls::fuzz;

struct SetUp {
  Client newcomer{"newcomer@example.org", kDefaultSuite, fixed_environment()};
  std::vector<Bytes> commits, proposals;
  Bytes external;

  SetUp() {
    Group bob = *the_group()[1]->group;
    PreSharedKeyId psk;
    psk.psk_id = {1, 2};
    psk.psk_nonce = Bytes(32, 7);
    const auto body = [&](std::vector<Proposal> list, bool path) {
      CommitOptions options;
      options.public_message = true;
      options.proposals = std::move(list);
      options.path = path;
      options.psks = [](const PreSharedKeyId&) { return Secret(32); };
      Group group = bob;
      commits.push_back(
          encode(std::get<Commit>(group.commit(options).commit.as<PublicMessage>()->content.body)));
    };
    body({}, true);
    body({newcomer.add(), {Remove{2}}, {Psk{psk}}}, true);
    body({newcomer.add(), {Psk{psk}}}, false);
    body({{GroupContextExtensions{
             {{extension::kRequiredCapabilities, encode(RequiredCapabilities{{}, {}, {1}})}}}}},
         true);
    body({{ReInit{Bytes(8), kMls10, 1, {}}}}, false);
    body({{Remove{0}}}, true);
    const auto add = [&](const Proposal& proposal) { proposals.push_back(encode(proposal)); };
    add(newcomer.add());
    add({Remove{2}});
    add({Psk{psk}});
    add({ReInit{Bytes(8), kMls10, 1, {}}});
    add({GroupContextExtensions{
        {{extension::kRequiredCapabilities, encode(RequiredCapabilities{{}, {}, {1}})}}}});
    add({SelfRemove{}});
    add({ExternalInit{Bytes(32, 1)}});
    const Message update = bob.propose_update({}, {}, {}, true);
    add(std::get<Proposal>(update.as<PublicMessage>()->content.body));
    const PendingCommit outside =
        Group::join_external(fixed_environment(), bob.group_info(true, true), newcomer.signer, newcomer.leaf);
    external = encode(*outside.commit.as<PublicMessage>());
  }
};

// The leaf is signed again, and the hash that it holds of its parent made to fit.
void make_fit(Commit& commit, const Client& committer, bool hash) {
  if (!commit.path) return;
  const Group& group = *committer.group;
  const LeafIndex self = group.own_leaf();
  if (hash) {
    RatchetTree tree = group.tree();
    tree.blank_direct_path(self);
    const auto steps = tree.filtered_direct_path(self);
    if (steps.size() == commit.path->nodes.size()) {
      Bytes above;
      for (std::size_t i = steps.size(); i-- > 0;) {
        tree.set_parent(steps[i].node, {commit.path->nodes[i].encryption_key, above, {}});
        above = tree.parent_hash(steps[i].node, steps[i].copath);
      }
      commit.path->leaf.parent_hash = above;
    }
  }
  sign_leaf(commit.path->leaf, group.suite(), committer.signer, group.id(), self);
}

// A path of its maker's over the tree that the proposals lead to, whatever they are; sealed under the context
// that everybody else works out.
void make_path_for(Commit& commit, const Client& committer, const Group& receiver) {
  const Group& group = *committer.group;
  const Sender sender{SenderType::kMember, group.own_leaf()};
  std::vector<WaitingProposal> items;
  for (const ProposalOrRef& entry : commit.proposals) {
    if (const auto* const proposal = std::get_if<Proposal>(&entry.body)) {
      items.push_back({{}, *proposal, sender});
      continue;
    }
    for (const WaitingProposal& item : receiver.waiting_proposals()) {
      if (item.reference == std::get<ProposalRef>(entry.body).hash) items.push_back(item);
    }
  }
  ProposalList::Result result = ProposalList({committer.env, group.suite(), group.context(), group.tree(),
                                              LifetimeCheck::kNot, std::nullopt},
                                             items, sender)
                                    .apply();
  if (result.tree.leaf(group.own_leaf()) == nullptr) return;
  LeafNode leaf = commit.path ? commit.path->leaf : *group.tree().leaf(group.own_leaf());
  const NewPath path =
      make_path(result.tree, group.own_leaf(), std::move(leaf), committer.signer, group.id(), committer.env);
  GroupContext context = group.context();
  ++context.epoch;
  context.tree_hash = to_bytes(result.tree.hash());
  context.extensions = result.extensions;
  commit.path = seal_path(result.tree, group.own_leaf(), path, encode(context),
                          {result.added.begin(), result.added.end()}, committer.env);
}

ProcessOptions options_for(std::uint8_t how) {
  ProcessOptions out;
  out.psks = [how](const PreSharedKeyId&) -> std::optional<Secret> {
    if ((how & 64U) != 0) return std::nullopt;
    return Secret(32);
  };
  return out;
}

void run(Choices& choices) {
  static SetUp set_up;
  static const Insider bob(*the_group()[1]);
  static const std::vector<Records> before = [] {
    std::vector<Records> out;
    for (const auto& client : the_group()) {
      Group copy = *client->group;
      out.push_back(copy.save());
    }
    return out;
  }();
  const std::size_t who = 2 + choices.octet() % 4;
  Group group = *the_group()[who]->group;
  Records known = before[who];
  for (int messages = 0; messages < 4 && !choices.done(); ++messages) {
    const std::uint8_t how = choices.octet();
    const WireFormat format = (how & 1U) != 0 ? WireFormat::kPublicMessage : WireFormat::kPrivateMessage;
    std::optional<Message> message;
    const auto make = [&] {
      FramedContent content = bob.content();
      switch ((how >> 1U) % 5) {
        case 0:
        case 1: {
          auto commit =
              decode<Commit>(edited(set_up.commits[choices.octet() % set_up.commits.size()], choices));
          for (const WaitingProposal& item : group.waiting_proposals()) {
            commit.proposals.emplace_back().body = ProposalRef{item.reference};
          }
          if ((how & 32U) != 0 && (how & 16U) != 0) {
            make_path_for(commit, *bob.name, group);
          } else {
            make_fit(commit, *bob.name, (how & 32U) != 0);
          }
          content.body = std::move(commit);
          break;
        }
        case 2: {
          auto proposal =
              decode<Proposal>(edited(set_up.proposals[choices.octet() % set_up.proposals.size()], choices));
          if (auto* const update = std::get_if<Update>(&proposal.body)) {
            sign_leaf(update->leaf, group.suite(), bob.name->signer, group.id(), bob.name->group->own_leaf());
          }
          content.body = std::move(proposal);
          break;
        }
        case 3: {
          content.sender = {SenderType::kNewMemberProposal, 0};
          auto proposal = decode<Proposal>(edited(set_up.proposals[0], choices));
          content.body = std::move(proposal);
          AuthenticatedContent signed_content{WireFormat::kPublicMessage, std::move(content), {}};
          sign_content(signed_content, group.suite(), set_up.newcomer.signer, {});
          message = Message{to_public(signed_content, group.suite(), {}, {})};
          return;
        }
        default: {
          auto outside = decode<PublicMessage>(edited(set_up.external, choices));
          AuthenticatedContent signed_content = from_public(outside);
          sign_content(signed_content, group.suite(), set_up.newcomer.signer, bob.context);
          message = Message{to_public(signed_content, group.suite(), {}, bob.context)};
          return;
        }
      }
      AuthenticatedContent signed_content = bob.sign(std::move(content), format);
      if (signed_content.content.type() == ContentType::kCommit) {
        // Whoever makes a commit knows all that the tag is made of.
        try {
          signed_content.auth.confirmation_tag =
              GroupTestAccess::expected_tag(group, signed_content, options_for(how));
        } catch (const Error& error) {
          if (error.status() == MYCHAT_E_INTERNAL) throw;
          signed_content.auth.confirmation_tag = Bytes(32);
        }
      }
      message = bob.wrap(signed_content);
    };
    make();
    bool taken = false;
    try {
      group.process(*message, options_for(how));
      taken = true;
    } catch (const Error& error) {
      if (error.status() == MYCHAT_E_INTERNAL) throw;
    }
    Group copy = group;
    Records now = copy.save();
    if (!taken) check(now == known);
    known = std::move(now);
  }
  if (!group.is_active()) return;
  // With all that waits: it commits, or says why not.
  CommitOptions options;
  options.psks = [](const PreSharedKeyId&) { return Secret(32); };
  const Records stored = known;
  PendingCommit pending = group.commit(options);
  const Records next = pending.next->save();
  Group loaded = Group::load(fixed_environment(), next);
  check(loaded.save() == next);
  group.apply(std::move(pending));
  group.protect(view("on"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Choices choices({data, size});
  return guard([&] {
    random_state() = 11;
    run(choices);
  });
}
