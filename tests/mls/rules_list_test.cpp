// Lists of proposals that break a rule of RFC 9420 section 12.2.
#include "forge.h"

namespace mychat::mls::testing {
namespace {

class ListRules : public ::testing::Test {
 protected:
  Client& victim() { return *clients[0]; }
  Client& mallory() { return *clients[1]; }
  void refuse(const std::vector<Proposal>& proposals, Rule rule) {
    EXPECT_REFUSED(victim(), forge_list(mallory(), proposals), rule);
    const Records before = victim().group->save();
    EXPECT_RULE(victim().group->commit(openly(proposals)), rule);
    EXPECT_TRUE(victim().group->save() == before);
  }
  // What the victim knows by reference.
  Bytes waits(const Message& message) {
    return std::get<ReceivedProposal>(victim().receive(message)).proposal.reference;
  }
  template <class Change>
  void refuse_external(Change&& change, Rule rule) {
    Commit commit = external_commit(outsider, *victim().group);
    change(commit);
    EXPECT_REFUSED(victim(), forge_external(outsider, commit, *victim().group), rule);
  }

  Clients clients = make_room(4);
  Client outsider{"outsider@example.org"};
};

TEST_F(ListRules, ListOwnUpdate) {
  const Bytes own = waits(mallory().group->propose_update());
  EXPECT_REFUSED(victim(), forge_references(mallory(), {own}), Rule::kListOwnUpdate);
}

TEST_F(ListRules, ListUpdateByValue) {
  const Message update = clients[2]->group->propose_update({}, {}, {}, true);
  const Proposal proposal = std::get<Proposal>(update.as<PublicMessage>()->content.body);
  refuse({proposal}, Rule::kListUpdateByValue);
}

TEST_F(ListRules, ListOwnRemove) {
  EXPECT_REFUSED(victim(), forge_list(mallory(), {{Remove{1}}}), Rule::kListOwnRemove);
  EXPECT_RULE(victim().group->commit(openly({{Remove{0}}})), Rule::kListOwnRemove);
  const Bytes asked = waits(clients[2]->group->propose({Remove{1}}));
  EXPECT_REFUSED(victim(), forge_references(mallory(), {asked}), Rule::kListOwnRemove);
}

TEST_F(ListRules, ListSameLeafTwice) {
  refuse({{Remove{2}}, {Remove{2}}}, Rule::kListSameLeafTwice);
  const Bytes update = waits(clients[2]->group->propose_update());
  const Bytes newer = waits(clients[2]->group->propose_update());
  const Bytes remove = waits(clients[3]->group->propose({Remove{2}}));
  EXPECT_REFUSED(victim(), forge_references(mallory(), {update, remove}), Rule::kListSameLeafTwice);
  EXPECT_REFUSED(victim(), forge_references(mallory(), {update, newer}), Rule::kListSameLeafTwice);
  EXPECT_REFUSED(victim(), forge_references(mallory(), {remove, remove}), Rule::kListSameLeafTwice);
}

TEST_F(ListRules, ListSameClientAdded) {
  refuse({outsider.add(), outsider.add()}, Rule::kListSameClientAdded);
}

TEST_F(ListRules, ListAddExisting) {
  refuse({clients[2]->add()}, Rule::kListAddExisting);
  // Unless the same commit removes it.
  EXPECT_NO_THROW(victim().group->commit(openly({{Remove{2}}, clients[2]->add()})));
}

TEST_F(ListRules, ListPskTwice) {
  refuse({{Psk{external_psk()}}, {Psk{external_psk()}}}, Rule::kListPskTwice);
}

TEST_F(ListRules, ListContextExtensionsTwice) {
  refuse({{GroupContextExtensions{}}, {GroupContextExtensions{}}}, Rule::kListContextExtensionsTwice);
}

TEST_F(ListRules, ListReInitAlone) {
  const Proposal reinit{ReInit{{1}, 1, 1, {}}};
  refuse({reinit, outsider.add()}, Rule::kListReInitAlone);
  refuse({reinit, reinit}, Rule::kListReInitAlone);
}

TEST_F(ListRules, ListExternalInit) {
  refuse({{ExternalInit{Bytes(32)}}}, Rule::kListExternalInit);
  EXPECT_REFUSED(victim(), forge(mallory(), Proposal{ExternalInit{Bytes(32)}}), Rule::kListExternalInit);
}

TEST_F(ListRules, ListUnknownReference) {
  EXPECT_REFUSED(victim(), forge_references(mallory(), {Bytes(32)}), Rule::kListUnknownReference);
  EXPECT_REFUSED(victim(), forge_references(mallory(), {Bytes{}}), Rule::kListUnknownReference);
  // Of the epoch before.
  const Bytes old = waits(clients[2]->group->propose({Remove{3}}));
  CommitOptions without = openly();
  without.include_waiting = false;
  deliver(clients, victim(), victim().group->commit(without));
  EXPECT_REFUSED(victim(), forge_references(mallory(), {old}), Rule::kListUnknownReference);
}

TEST_F(ListRules, ListUnsupported) {
  // Neither the victim nor the committer knows it; the one who leaves need not.
  for (const bool committers : {false, true}) {
    clients = make_room(3, {}, [&](Client& client) {
      const bool leaves = text(client.leaf.credential.identity).starts_with("member-2");
      client.leaf.self_remove = leaves != committers;
    });
    const Bytes leaves = waits(forge(*clients[2], Proposal{SelfRemove{}}));
    if (!committers) {
      EXPECT_REFUSED(victim(), forge_references(mallory(), {leaves}), Rule::kListUnsupported);
      // It is no obstacle for honest members.
      EXPECT_TRUE(victim().group->commit().summary.proposals.empty());
    } else {
      EXPECT_REFUSED(victim(), forge_references(mallory(), {leaves}), Rule::kCommitPathRequired);
    }
  }
}

TEST_F(ListRules, ListExternalCount) {
  refuse_external([](Commit& commit) { commit.proposals.clear(); }, Rule::kListExternalCount);
  refuse_external([](Commit& commit) { commit.proposals.push_back(commit.proposals[0]); },
                  Rule::kListExternalCount);
}

TEST_F(ListRules, ListExternalRemove) {
  refuse_external(
      [](Commit& commit) {
        commit.proposals.push_back({Proposal{Remove{2}}});
        commit.proposals.push_back({Proposal{Remove{3}}});
      },
      Rule::kListExternalRemove);
  // Somebody else than the joiner.
  const StrictService service;
  Environment env = environment();
  env.authentication = &service;
  clients = make_room(4, {}, {}, env);
  refuse_external([](Commit& commit) { commit.proposals.push_back({Proposal{Remove{2}}}); },
                  Rule::kListExternalRemove);
  Client strict("outsider@example.org", test_suite(), env);
  ExternalJoinOptions options;
  options.replaces = 2;
  EXPECT_RULE(external_commit(strict, *victim().group, options), Rule::kListExternalRemove);
}

TEST_F(ListRules, ListExternalKinds) {
  Client other("other@example.org");
  const std::vector<Proposal> kinds{other.add(),
                                    {Update{*clients[2]->group->tree().leaf(2)}},
                                    {ReInit{{1}, 1, 1, {}}},
                                    {GroupContextExtensions{}},
                                    {SelfRemove{}}};
  for (const Proposal& kind : kinds) {
    refuse_external([&](Commit& commit) { commit.proposals.push_back({kind}); }, Rule::kListExternalKinds);
  }
}

TEST_F(ListRules, ListExternalReference) {
  const Bytes known = waits(clients[2]->group->propose({Remove{3}}));
  refuse_external([&](Commit& commit) { commit.proposals.push_back({ProposalRef{known}}); },
                  Rule::kListExternalReference);
}

}  // namespace
}  // namespace mychat::mls::testing
