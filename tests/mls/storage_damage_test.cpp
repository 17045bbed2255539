// Stored groups of which one thing is wrong, in each record and each field where it can be seen: none is
// loaded.
#include <gtest/gtest.h>

#include <functional>

#include "forge.h"
#include "support/expect_error.h"

namespace mychat::mls::testing {
namespace {

// Format 1 of a group's records, as group_storage.cpp writes them.
struct KeyEntry {
  NodeIndex node = 0;
  Secret key;
  template <class A, class S>
  static void each(A& archive, S& self) {
    archive(self.node, self.key);
  }
};
struct ResumptionEntry {
  Epoch epoch = 0;
  Secret secret;
  template <class A, class S>
  static void each(A& archive, S& self) {
    archive(self.epoch, self.secret);
  }
};
struct GroupRecord {
  std::uint16_t format = 0;
  Bytes context;
  EpochSecrets secrets;
  Bytes interim_transcript_hash, follows, confirmation_tag;
  LeafIndex self = 0;
  std::vector<KeyEntry> keys;
  Secret signer;
  std::uint8_t removed = 0;
  std::optional<ReInit> reinit;
  std::vector<ResumptionEntry> resumption;
  std::uint32_t leaves = 0;
  std::vector<Epoch> past;
  template <class A, class S>
  static void each(A& archive, S& self) {
    archive(self.format, self.context, self.secrets, self.interim_transcript_hash, self.follows,
            self.confirmation_tag, self.self, self.keys, self.signer, self.removed, self.reinit,
            self.resumption, self.leaves, self.past);
  }
};
struct LeafEntry {
  LeafIndex index = 0;
  std::shared_ptr<const LeafNode> leaf;
  template <class A, class S>
  static void each(A& archive, S& self) {
    archive(self.index, self.leaf);
  }
};
struct PastRecord {
  Bytes context;
  Secret sender_data;
  std::uint32_t leaves = 0;
  std::vector<LeafEntry> changed;
  template <class A, class S>
  static void each(A& archive, S& self) {
    archive(self.context, self.sender_data, self.leaves, self.changed);
  }
};
struct KeptEntry {
  std::uint32_t generation = 0;
  MessageKey key;
  template <class A, class S>
  static void each(A& archive, S& self) {
    archive(self.generation, self.key);
  }
};
struct RatchetEntry {
  Secret secret;
  std::uint32_t generation = 0;
  std::vector<KeptEntry> kept;
  template <class A, class S>
  static void each(A& archive, S& self) {
    archive(self.secret, self.generation, self.kept);
  }
};
struct RatchetRecord {
  RatchetEntry handshake, application;
  template <class A, class S>
  static void each(A& archive, S& self) {
    archive(self.handshake, self.application);
  }
};

class StoredGroup : public ::testing::Test {
 protected:
  // Carol's, of five members: in epoch 2, with messages of epoch 1 and 2 overdue, and a proposal that waits.
  StoredGroup() {
    late = clients[0]->say("late");
    EXPECT_EQ(carol.read(clients[0]->say("in time")), "in time");
    deliver(clients, *clients[1], clients[1]->group->commit());
    carol.receive(clients[3]->group->propose({Remove{4}}));
    carol.group->propose_update();
    records = carol.group->save();
    EXPECT_EQ(records.count("past/1"), 1U);
    EXPECT_EQ(records.count(kRatchets), 1U);
  }

  void expect_damaged(const Records& damaged, const std::string& part,
                      mychat_status status = MYCHAT_E_STORE_CORRUPT) {
    EXPECT_ERROR(Group::load(carol.env, damaged), status, part);
  }
  void expect_damaged_with(const std::string& id, const Secret& content, const std::string& part) {
    Records damaged = records;
    damaged[id] = content;
    expect_damaged(damaged, part);
  }
  void expect_damaged_without(const std::string& id, const std::string& part) {
    Records damaged = records;
    ASSERT_EQ(damaged.erase(id), 1U);
    expect_damaged(damaged, part);
  }
  template <class T, class Change>
  Secret changed(const std::string& id, Change&& change) {
    auto record = decode<T>(records.at(id));
    EXPECT_EQ(encode_secret(record), records.at(id));
    change(record);
    return encode_secret(record);
  }
  template <class Change>
  void refuse_group(Change&& change, const std::string& part) {
    expect_damaged_with("group", changed<GroupRecord>("group", change), part);
  }
  template <class Change>
  void refuse_context(Change&& change, const std::string& part) {
    refuse_group(
        [&](GroupRecord& record) {
          auto context = decode<GroupContext>(record.context);
          change(context);
          record.context = encode(context);
        },
        part);
  }

  static constexpr const char* kRatchets = "epoch/1/leaf/0";
  Clients clients = make_room(5);
  Client& carol = *clients[2];
  Message late;
  Records records;
};

TEST_F(StoredGroup, IsLoadedAsItWas) {
  Group again = Group::load(carol.env, records);
  EXPECT_TRUE(again.take_changes().empty());
  EXPECT_EQ(again.save(), records);
  const Received received = again.process(late);
  EXPECT_EQ(text(std::get<ReceivedApplication>(received).data), "late");
}

TEST_F(StoredGroup, OfAnotherFormat) {
  Records other = records;
  other["group"] = changed<GroupRecord>("group", [](GroupRecord& record) { record.format = 2; });
  expect_damaged(other, "another version", MYCHAT_E_STORE_TOO_NEW);
}

TEST_F(StoredGroup, CutToAnyLengthOrLonger) {
  Secret trash(40, 0xff);
  trash[0] = 0, trash[1] = 1;  // Of the format that is known.
  for (const auto& [id, content] : records) {
    // A secret of the tree has one length, the others say theirs inside.
    for (std::size_t size = 0; size < content.size(); size += id == "group" ? 1 : 3) {
      Records damaged = records;
      damaged[id].resize(size);
      EXPECT_ERROR(Group::load(carol.env, damaged), MYCHAT_E_STORE_CORRUPT, "") << id << ' ' << size;
    }
    Records damaged = records;
    damaged[id].push_back(0);
    EXPECT_ERROR(Group::load(carol.env, damaged), MYCHAT_E_STORE_CORRUPT, "") << id;
    damaged[id] = trash;
    EXPECT_ERROR(Group::load(carol.env, damaged), MYCHAT_E_STORE_CORRUPT, "") << id;
  }
}

TEST_F(StoredGroup, WithoutARecord) {
  expect_damaged({}, "missing");
  expect_damaged_without("group", "missing");
  expect_damaged_without("waiting", "missing");
  expect_damaged_without("past/1", "missing");
  expect_damaged_without("node/0", "not the one of its epoch");
  expect_damaged_without("node/8", "not whole");
  Records alone{{"group", records.at("group")}};
  expect_damaged(alone, "not whole");
  for (const auto& [id, content] : records) {
    if (id.starts_with("node/")) alone.emplace(id, content);
  }
  expect_damaged(alone, "missing");
}

TEST_F(StoredGroup, TheContext) {
  refuse_group([](GroupRecord& it) { it.context = Bytes(9, 9); }, "cannot be read");
  refuse_context([](GroupContext& it) { it.suite = 0x0a0a; }, "cipher suite");
  refuse_context([](GroupContext& it) { it.tree_hash[0] ^= 1; }, "not the one of its epoch");
  refuse_context([](GroupContext& it) { it.tree_hash.pop_back(); }, "not the one of its epoch");
}

TEST_F(StoredGroup, SecretsOfTheEpoch) {
  for (Secret EpochSecrets::*const secret :
       {&EpochSecrets::sender_data, &EpochSecrets::exporter, &EpochSecrets::external,
        &EpochSecrets::confirmation_key, &EpochSecrets::membership_key, &EpochSecrets::resumption_psk,
        &EpochSecrets::epoch_authenticator, &EpochSecrets::init}) {
    refuse_group([&](GroupRecord& it) { (it.secrets.*secret).clear(); }, "not as long as its hash");
    refuse_group([&](GroupRecord& it) { (it.secrets.*secret).push_back(0); }, "not as long as its hash");
  }
}

TEST_F(StoredGroup, TheOwnPlaceAndKeys) {
  refuse_group([](GroupRecord& it) { it.self = 5; }, "own leaf");
  refuse_group([](GroupRecord& it) { it.self = ~LeafIndex{0}; }, "own leaf");
  refuse_group([](GroupRecord& it) { it.signer.pop_back(); }, "signature key");
  refuse_group([](GroupRecord& it) { it.signer.clear(); }, "signature key");
}

TEST_F(StoredGroup, TheSizeOfTheTree) {
  for (const std::uint32_t leaves : {0U, kMaxLeaves + 1, ~0U})
    refuse_group([&](GroupRecord& it) { it.leaves = leaves; }, "impossible size");
  refuse_group([](GroupRecord& it) { it.leaves = 4; }, "outside of the group's tree");
  refuse_group([](GroupRecord& it) { it.leaves = 16; }, "not whole");
}

TEST_F(StoredGroup, NodesOfTheTree) {
  const Secret leaf = records.at("node/0");
  const Secret parent = records.at("node/7");
  for (const char* id : {"node/", "node/x", "node/1x", "node/-1", "node/+1", "node/ 1", "node/4294967296"})
    expect_damaged_with(id, leaf, "no such id");
  expect_damaged_with("node/15", parent, "outside of the group's tree");
  expect_damaged_with("node/14", leaf, "not the one of its epoch");
  expect_damaged_with("node/7", leaf, "not whole");
  expect_damaged_with("node/0", parent, "not whole");
  const auto changed_parent = [&](const std::function<void(ParentNode&)>& change) {
    return changed<Node>("node/7", [&](Node& node) {
      ParentNode it = *node.parent;
      change(it);
      node.parent = std::make_shared<ParentNode>(it);
    });
  };
  expect_damaged_with("node/7", changed_parent([](auto& it) { it.unmerged_leaves = {3, 3}; }), "not whole");
  expect_damaged_with("node/7", changed_parent([](auto& it) { it.unmerged_leaves = {7}; }), "not whole");
  expect_damaged_with("node/7", changed_parent([](auto& it) { it.encryption_key.clear(); }), "not whole");
  expect_damaged_with("node/7", changed_parent([](auto& it) { it.parent_hash = {1}; }),
                      "not the one of its epoch");
}

TEST_F(StoredGroup, AnEarlierEpoch) {
  const auto refuse = [&](const std::function<void(PastRecord&)>& change, const std::string& part) {
    expect_damaged_with("past/1", changed<PastRecord>("past/1", change), part);
  };
  for (const std::uint32_t leaves : {0U, 3U, 2 * kMaxLeaves, ~0U})
    refuse([&](PastRecord& it) { it.leaves = leaves; }, "impossible size");
  refuse([](PastRecord& it) { it.leaves = 1; }, "none of its tree");
  refuse([](PastRecord& it) { it.sender_data.pop_back(); }, "not as long as its hash");
  refuse_group([](GroupRecord& it) { it.past.push_back(0); }, "missing");
  // Where the leaf would stand there is none: nothing depends on it.
  Records more = records;
  more["past/1"] = changed<PastRecord>("past/1", [](PastRecord& it) {
    it.changed.push_back({8, nullptr});
    it.changed.push_back({~LeafIndex{0}, nullptr});
  });
  EXPECT_NO_THROW(Group::load(carol.env, more).process(late));
}

TEST_F(StoredGroup, SecretsOfMessages) {
  const Secret secret(32, 1);
  expect_damaged_with("epoch/2/node/15", secret, "none of its tree");
  expect_damaged_with("epoch/2/node/x", secret, "no such id");
  expect_damaged_with("epoch/2/node/7", Secret(31), "not as long as its hash");
  expect_damaged_with("epoch/2/node/7", Secret(33), "not as long as its hash");
  expect_damaged_with("epoch/x/node/7", secret, "no such id");
  expect_damaged_with("epoch/1/leaf/8", records.at(kRatchets), "none of its tree");
  expect_damaged_with("epoch/1/leaf/0x", records.at(kRatchets), "no such id");
}

TEST_F(StoredGroup, Ratchets) {
  const auto refuse = [&](const std::function<void(RatchetRecord&)>& change, const std::string& part) {
    expect_damaged_with(kRatchets, changed<RatchetRecord>(kRatchets, change), part);
  };
  refuse([](RatchetRecord& it) { it.handshake.secret.clear(); }, "not as long as its hash");
  refuse([](RatchetRecord& it) { it.application.secret.pop_back(); }, "not as long as its hash");
  // Of the message that is overdue, whose nonce is changed in place when it comes.
  refuse([](RatchetRecord& it) { it.application.kept.at(0).key.nonce.clear(); }, "kept");
  refuse([](RatchetRecord& it) { it.application.kept.at(0).key.nonce.push_back(0); }, "kept");
  refuse([](RatchetRecord& it) { it.application.kept.at(0).key.key.clear(); }, "kept");
}

// What belongs to nothing goes with the next change.
TEST_F(StoredGroup, ASecretOfNoEpochThatLives) {
  Records more = records;
  for (const char* id : {"epoch/77/node/1", "epoch/77/x", "epoch/78"}) more[id] = Secret(32);
  Group again = Group::load(carol.env, more);
  apply_changes(more, again.take_changes());
  EXPECT_EQ(more, records);
}

// Removed and replaced at once no group is, but for one whose records say so.
TEST_F(StoredGroup, RemovedWithAReInitHasNoSuccessor) {
  Records both = records;
  both["group"] = changed<GroupRecord>("group", [](GroupRecord& it) {
    it.removed = 1;
    it.reinit = ReInit{{7}, kMls10, kDefaultSuite, {}};
  });
  const Group again = Group::load(carol.env, both);
  EXPECT_TRUE(again.was_removed());
  EXPECT_ERROR(Group::reinitialise(carol.env, again, carol.signer, carol.leaf, {}), MYCHAT_E_INVALID_STATE,
               "did not end with a ReInit");
}

TEST_F(StoredGroup, TheLastEpochHasNoSuccessor) {
  Records last = records;
  last["group"] = changed<GroupRecord>("group", [](GroupRecord& it) {
    auto context = decode<GroupContext>(it.context);
    context.epoch = ~Epoch{0};
    it.context = encode(context);
  });
  Group again = Group::load(carol.env, last);
  const Records before = again.save();
  EXPECT_ERROR(again.commit(), MYCHAT_E_TOO_LARGE, "no epoch left");
  EXPECT_EQ(again.save(), before);
}

}  // namespace
}  // namespace mychat::mls::testing
