// Commits that break a rule of RFC 9420 section 12.4.
#include "forge.h"

namespace mychat::mls::testing {
namespace {

class CommitRules : public ::testing::Test {
 protected:
  Client& victim() { return *clients[0]; }
  Client& mallory() { return *clients[1]; }
  // An otherwise good commit of mallory whose path is changed before it is signed.
  template <class Change>
  void refuse_path(Change&& change, Rule rule) {
    Commit commit = body_of(mallory().group->commit(openly()));
    change(*commit.path);
    EXPECT_REFUSED(victim(), forge(mallory(), commit), rule);
  }
  void sign(LeafNode& leaf) { sign_leaf(leaf, *mallory().suite, mallory().signer, victim().group->id(), 1); }

  Clients clients = make_room(5);
};

TEST_F(CommitRules, CommitPathRequired) {
  EXPECT_REFUSED(victim(), forge(mallory(), Commit{}), Rule::kCommitPathRequired);
  EXPECT_REFUSED(victim(), forge_list(mallory(), {{Remove{2}}}), Rule::kCommitPathRequired);
  EXPECT_REFUSED(victim(), forge_list(mallory(), {{GroupContextExtensions{}}}), Rule::kCommitPathRequired);
  const Bytes update =
      std::get<ReceivedProposal>(victim().receive(clients[2]->group->propose_update())).proposal.reference;
  EXPECT_REFUSED(victim(), forge_references(mallory(), {update}), Rule::kCommitPathRequired);
  Client outsider("outsider@example.org");
  Commit commit = external_commit(outsider, *victim().group);
  commit.path.reset();
  EXPECT_REFUSED(victim(), forge_external(outsider, commit, *victim().group), Rule::kCommitPathRequired);
}

TEST_F(CommitRules, CommitPathLength) {
  refuse_path([](UpdatePath& path) { path.nodes.pop_back(); }, Rule::kCommitPathLength);
  refuse_path([](UpdatePath& path) { path.nodes.clear(); }, Rule::kCommitPathLength);
  const Bytes fresh = environment().key_pair(*victim().suite).public_key;
  refuse_path([&](UpdatePath& path) { path.nodes.push_back({fresh, {}}); }, Rule::kCommitPathLength);
}

TEST_F(CommitRules, CommitPathCiphertexts) {
  refuse_path([](UpdatePath& path) { path.nodes[1].encrypted_path_secrets.pop_back(); },
              Rule::kCommitPathCiphertexts);
  refuse_path([](UpdatePath& path) { path.nodes[0].encrypted_path_secrets.push_back({}); },
              Rule::kCommitPathCiphertexts);
  // One for somebody who is added by the same commit, and gets it with the Welcome.
  Client newcomer("newcomer@example.org");
  Commit commit = body_of(mallory().group->commit(openly({newcomer.add()})));
  commit.path->nodes.back().encrypted_path_secrets.push_back({});
  EXPECT_REFUSED(victim(), forge(mallory(), commit), Rule::kCommitPathCiphertexts);
}

TEST_F(CommitRules, CommitPathParentHash) {
  refuse_path(
      [&](UpdatePath& path) {
        path.leaf.parent_hash[0] ^= 1;
        sign(path.leaf);
      },
      Rule::kCommitPathParentHash);
  refuse_path(
      [&](UpdatePath& path) {
        path.leaf.parent_hash.clear();
        sign(path.leaf);
      },
      Rule::kCommitPathParentHash);
  const Bytes fresh = environment().key_pair(*victim().suite).public_key;
  refuse_path([&](UpdatePath& path) { path.nodes[1].encryption_key = fresh; }, Rule::kCommitPathParentHash);
}

TEST_F(CommitRules, CommitPathKeys) {
  deliver(clients, mallory(), mallory().group->commit());
  const RatchetTree& tree = victim().group->tree();
  const Bytes own = tree.leaf(1)->encryption_key;
  refuse_path(
      [&](UpdatePath& path) {
        path.leaf.encryption_key = own;
        sign(path.leaf);
      },
      Rule::kCommitPathKeys);
  // Of another leaf, of the leaf itself, of a node above it that the path replaces, of one that it does not,
  // and twice in the path.
  const std::vector<Bytes> keys{tree.leaf(3)->encryption_key, own, tree.key_of(1), tree.key_of(3)};
  for (const Bytes& key : keys) {
    refuse_path([&](UpdatePath& path) { path.nodes[0].encryption_key = key; }, Rule::kCommitPathKeys);
    refuse_path([&](UpdatePath& path) { path.nodes[2].encryption_key = key; }, Rule::kCommitPathKeys);
  }
  refuse_path([](UpdatePath& path) { path.nodes[1].encryption_key = path.nodes[0].encryption_key; },
              Rule::kCommitPathKeys);
  refuse_path([](UpdatePath& path) { path.nodes[1].encryption_key = path.leaf.encryption_key; },
              Rule::kCommitPathKeys);
  refuse_path([](UpdatePath& path) { path.nodes[1].encryption_key.pop_back(); }, Rule::kCommitPathKeys);
}

TEST_F(CommitRules, CommitPathKeysOfWhoComesBackFromOutside) {
  Client& back = *clients[4];
  ExternalJoinOptions options;
  options.replaces = 4;
  Commit commit = external_commit(back, *victim().group, options);
  commit.path->leaf.encryption_key = victim().group->tree().leaf(4)->encryption_key;
  sign_leaf(commit.path->leaf, *back.suite, back.signer, victim().group->id(), 4);
  EXPECT_REFUSED(victim(), forge_external(back, commit, *victim().group), Rule::kCommitPathKeys);
}

TEST_F(CommitRules, CommitPathOpen) {
  refuse_path([](UpdatePath& path) { path.nodes[0].encrypted_path_secrets[0].ciphertext[0] ^= 1; },
              Rule::kCommitPathOpen);
  refuse_path([](UpdatePath& path) { path.nodes[0].encrypted_path_secrets[0].kem_output.clear(); },
              Rule::kCommitPathOpen);
  // A point whose shared secret is all zero.
  refuse_path(
      [](UpdatePath& path) {
        Bytes& output = path.nodes[0].encrypted_path_secrets[0].kem_output;
        output = Bytes(output.size());
      },
      Rule::kCommitPathOpen);
}

TEST_F(CommitRules, CommitPathLeafKey) {
  const PendingCommit pending = mallory().group->commit(openly());
  GroupContext context = pending.next->context();
  context.confirmed_transcript_hash = mallory().group->context().confirmed_transcript_hash;
  Commit commit = body_of(pending);
  for (const std::size_t size : {32U, 0U, 31U}) {
    commit.path->nodes[0].encrypted_path_secrets[0] = mallory().suite->encrypt_with_label(
        victim().group->tree().leaf(0)->encryption_key, "UpdatePathNode", encode(context), Bytes(size, 3));
    EXPECT_REFUSED(victim(), forge(mallory(), commit), Rule::kCommitPathLeafKey);
  }
}

TEST_F(CommitRules, CommitConfirmation) {
  const PendingCommit pending = mallory().group->commit(openly());
  const PublicMessage good = *pending.commit.as<PublicMessage>();
  // Neither another tag nor none; nor other words than those that it was made for.
  Bytes tag = good.auth.confirmation_tag;
  tag[9] ^= 1;
  EXPECT_REFUSED(victim(), forge(mallory(), body_of(pending), tag), Rule::kCommitConfirmation);
  EXPECT_REFUSED(victim(), forge(mallory(), body_of(pending), {}), Rule::kCommitConfirmation);
  FramedContent content = good.content;
  content.authenticated_data = {1};
  EXPECT_REFUSED(victim(),
                 Message{sign_public(content, mallory(), *mallory().group, good.auth.confirmation_tag)},
                 Rule::kCommitConfirmation);
  EXPECT_NO_THROW(victim().receive(pending.commit));
}

TEST_F(CommitRules, CommitReInit) {
  Message words = mallory().say("before");
  deliver(clients, mallory(), mallory().group->commit(openly({{ReInit{{1}, 1, 1, {}}}})));
  ASSERT_FALSE(victim().group->is_active());
  const Proposal remove{Remove{2}};
  EXPECT_REFUSED(victim(), forge(mallory(), remove), Rule::kCommitReInit);
  EXPECT_REFUSED(victim(), forge(mallory(), Commit{}), Rule::kCommitReInit);
  FramedContent content = content_with(*mallory().group, remove);
  AuthenticatedContent framed{WireFormat::kPrivateMessage, content, {}};
  sign_content(framed, *mallory().suite, mallory().signer, GroupTestAccess::context(*mallory().group));
  EXPECT_REFUSED(victim(), GroupTestAccess::seal(*mallory().group, framed), Rule::kCommitReInit);
  const Records before = victim().group->save();
  EXPECT_RULE(victim().group->protect(view("after")), Rule::kCommitReInit);
  EXPECT_RULE(victim().group->propose(remove), Rule::kCommitReInit);
  EXPECT_RULE(victim().group->propose_update(), Rule::kCommitReInit);
  EXPECT_RULE(victim().group->commit(), Rule::kCommitReInit);
  EXPECT_TRUE(victim().group->save() == before);
  EXPECT_EQ(victim().read(words), "before");
}

TEST_F(CommitRules, CommitExternalInit) {
  Client outsider("outsider@example.org");
  const Commit good = external_commit(outsider, *victim().group);
  const std::size_t size =
      std::get<ExternalInit>(std::get<Proposal>(good.proposals[0].body).body).kem_output.size();
  for (const Bytes& output : {Bytes{}, Bytes(size - 1, 9), Bytes(size)}) {
    Commit commit = external_commit(outsider, *victim().group);
    commit.proposals[0] = {Proposal{ExternalInit{output}}};
    EXPECT_REFUSED(victim(), forge_external(outsider, commit, *victim().group), Rule::kCommitExternalInit);
  }
}

}  // namespace
}  // namespace mychat::mls::testing
