// A group as records, and back.
//
// group                 the epoch's context and secrets, own keys
// waiting               proposals that wait for a commit, keys of own Updates among them
// node/N                node N of the ratchet tree
// past/E                what messages of the earlier epoch E need, beside the tree of the epoch after it
// epoch/E/node/N        a secret of the secret tree of epoch E
// epoch/E/leaf/L        the two ratchets of a leaf
//
// A message sent or received changes a few records of the last two kinds; a commit, some of the others.
#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <string>

#include "crypto/hash.h"
#include "e2ee/mls/group.h"
#include "e2ee/mls/validate.h"

namespace mychat::mls {

namespace {

constexpr std::uint16_t kFormat = 1;
constexpr std::string_view kNode = "node/";
constexpr std::string_view kPast = "past/";
constexpr std::string_view kEpoch = "epoch/";

[[noreturn]] void throw_damaged(const char* message) {
  throw Error(MYCHAT_E_STORE_CORRUPT, MYCHAT_DOMAIN_E2EE, message);
}

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
struct WaitingEntry {
  Bytes reference;
  Proposal proposal;
  Sender sender;
  template <class A, class S>
  static void each(A& archive, S& self) {
    archive(self.reference, self.proposal, self.sender);
  }
};
struct UpdateEntry {
  Bytes encryption_key;
  Secret private_key, signature_key;
  template <class A, class S>
  static void each(A& archive, S& self) {
    archive(self.encryption_key, self.private_key, self.signature_key);
  }
};
struct WaitingRecord {
  std::vector<WaitingEntry> proposals;
  std::vector<UpdateEntry> updates;
  template <class A, class S>
  static void each(A& archive, S& self) {
    archive(self.proposals, self.updates);
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
  std::vector<LeafEntry> changed;  // Leaves as they were, where the next epoch has others.
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
struct GroupRecord {
  std::uint16_t format = kFormat;
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
  std::vector<Epoch> past;  // The latest first.
  template <class A, class S>
  static void each(A& archive, S& self) {
    archive(self.format);
    if (self.format != kFormat) {
      throw Error(MYCHAT_E_STORE_TOO_NEW, MYCHAT_DOMAIN_E2EE, "The group was stored by another version.");
    }
    archive(self.context, self.secrets, self.interim_transcript_hash, self.follows, self.confirmation_tag,
            self.self, self.keys, self.signer, self.removed, self.reinit, self.resumption, self.leaves,
            self.past);
  }
};

RatchetEntry to_entry(const Ratchet& ratchet) {
  RatchetEntry out{ratchet.secret, ratchet.generation, {}};
  for (const auto& [generation, key] : ratchet.kept) out.kept.push_back({generation, key});
  return out;
}

// What is computed with secrets relies on their sizes.
void require_size(const Suite& suite, std::initializer_list<const Secret*> secrets) {
  for (const Secret* const secret : secrets) {
    if (secret->size() != suite.hash_size())
      throw_damaged("A secret of the group is not as long as its hash.");
  }
}

Ratchet from_entry(const Suite& suite, RatchetEntry entry) {
  require_size(suite, {&entry.secret});
  Ratchet out{std::move(entry.secret), entry.generation, {}};
  for (KeptEntry& kept : entry.kept) {
    if (kept.key.key.size() != suite.key_size() || kept.key.nonce.size() != Suite::nonce_size()) {
      throw_damaged("A key that the group kept is none of its cipher suite.");
    }
    out.kept.insert_or_assign(kept.generation, std::move(kept.key));
  }
  return out;
}

std::string node_id(NodeIndex node) { return std::string(kNode) + std::to_string(node); }
std::string past_id(Epoch epoch) { return std::string(kPast) + std::to_string(epoch); }
std::string epoch_prefix(Epoch epoch) {
  std::string out(kEpoch);
  out.append(std::to_string(epoch)).append("/");
  return out;
}

template <class Number>
Number number(std::string_view text) {
  Number value{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size()) throw_damaged("A record has no such id.");
  return value;
}

template <class T>
T read(const Secret& content) {
  try {
    return decode<T>(content);
  } catch (const Error& error) {
    if (error.status() == MYCHAT_E_STORE_TOO_NEW) throw;
    throw_damaged("A record of the group cannot be read.");
  }
}

template <class T>
T read(const Records& records, std::string_view id) {
  const auto at = records.find(id);
  if (at == records.end()) throw_damaged("A record of the group is missing.");
  return read<T>(at->second);
}

// Calls visit(rest of the id, content) for each record whose id begins so.
template <class Visit>
void each_below(const Records& records, std::string_view prefix, Visit&& visit) {
  for (auto at = records.lower_bound(prefix); at != records.end() && at->first.starts_with(prefix); ++at) {
    visit(std::string_view(at->first).substr(prefix.size()), at->second);
  }
}

SecretTree load_ratchets(const Suite& suite, std::uint32_t leaves, Epoch epoch, const Records& records) {
  SecretTree::Nodes nodes;
  SecretTree::Ratchets ratchets;
  const std::string prefix = epoch_prefix(epoch);
  each_below(records, prefix + "node/", [&](std::string_view id, const Secret& content) {
    const auto node = number<NodeIndex>(id);
    if (node >= node_count(leaves)) throw_damaged("A secret of the group is none of its tree.");
    require_size(suite, {&content});
    nodes.emplace(node, content);
  });
  each_below(records, prefix + "leaf/", [&](std::string_view id, const Secret& content) {
    const auto leaf = number<LeafIndex>(id);
    if (leaf >= leaves) throw_damaged("A ratchet of the group is none of its tree.");
    auto record = read<RatchetRecord>(content);
    ratchets.emplace(leaf, std::pair(from_entry(suite, std::move(record.handshake)),
                                     from_entry(suite, std::move(record.application))));
  });
  return SecretTree::restore(suite, leaves, std::move(nodes), std::move(ratchets));
}

RatchetTree load_tree(const Suite& suite, std::uint32_t leaves, const Records& records) {
  NodeVector nodes;
  if (leaves == 0 || leaves > kMaxLeaves) throw_damaged("The group's tree has an impossible size.");
  each_below(records, kNode, [&](std::string_view id, const Secret& content) {
    const auto node = number<NodeIndex>(id);
    if (node >= node_count(leaves)) throw_damaged("A node lies outside of the group's tree.");
    if (node >= nodes.size()) nodes.resize(node + 1U);
    nodes[node] = read<Node>(content);
  });
  try {
    RatchetTree tree = RatchetTree::from_nodes(suite, nodes);
    check_parents(tree);
    if (tree.leaves() == leaves) return tree;
  } catch (const Error& error) {
    if (error.status() != MYCHAT_E_MALFORMED) throw;
  }
  throw_damaged("The group's tree is not whole.");
}

}  // namespace

struct Group::Saved {
  RatchetTree tree;
  Sha256Digest group{}, waiting{};
  std::set<Epoch> past;
  std::map<Epoch, std::set<std::string>> secrets;  // Ids of what is stored of each epoch.
};

class GroupStorage {
 public:
  explicit GroupStorage(Group& group) : group_(group) {}

  std::vector<RecordChange> changes() {
    const bool first = group_.saved_ == nullptr;
    auto saved =
        first ? std::make_shared<Group::Saved>(Group::Saved{RatchetTree(*group_.suite_), {}, {}, {}, {}})
              : std::make_shared<Group::Saved>(*group_.saved_);
    write_tree(*saved);
    write_if_changed("group", encode_secret(group_record()), saved->group);
    write_if_changed("waiting", encode_secret(waiting_record()), saved->waiting);
    write_past(*saved);
    write_epochs(*saved);
    group_.saved_ = std::move(saved);
    group_.ratchets_.forget_changes();
    for (Group::PastEpoch& past : group_.past_) past.ratchets.forget_changes();
    return std::move(out_);
  }

  static Group load(const Environment& environment, const Records& records);

 private:
  void put(std::string id, Secret content) { out_.push_back({std::move(id), std::move(content)}); }
  void erase(std::string id) { out_.push_back({std::move(id), std::nullopt}); }

  void write_if_changed(const char* id, Secret content, Sha256Digest& before) {
    const Sha256Digest now = sha256(content);
    if (now == before) return;
    before = now;
    put(id, std::move(content));
  }

  void write_tree(Group::Saved& saved) {
    const RatchetTree& tree = group_.tree_;
    for (const NodeIndex node : tree.changed_since(saved.tree)) {
      if (tree.is_blank(node)) {
        if (!saved.tree.is_blank(node)) erase(node_id(node));
      } else {
        put(node_id(node), encode_secret(tree.node(node)));
      }
    }
    saved.tree = tree;
  }

  void write_past(Group::Saved& saved) {
    std::set<Epoch> now;
    const RatchetTree* later = &group_.tree_;
    for (const Group::PastEpoch& past : group_.past_) {
      now.insert(past.epoch);
      if (!saved.past.contains(past.epoch))
        put(past_id(past.epoch), encode_secret(past_record(past, *later)));
      later = &past.tree;
    }
    for (const Epoch epoch : saved.past) {
      if (!now.contains(epoch)) erase(past_id(epoch));
    }
    saved.past = std::move(now);
  }

  void write_epochs(Group::Saved& saved) {
    std::set<Epoch> live{group_.epoch()};
    write_epoch(group_.ratchets_, group_.epoch(), saved);
    for (const Group::PastEpoch& past : group_.past_) {
      live.insert(past.epoch);
      write_epoch(past.ratchets, past.epoch, saved);
    }
    std::erase_if(saved.secrets, [&](const auto& entry) {
      if (live.contains(entry.first)) return false;
      for (const std::string& id : entry.second) erase(id);
      return true;
    });
  }

  void write_epoch(const SecretTree& tree, Epoch epoch, Group::Saved& saved) {
    SecretTree::Changes changes = tree.changes();
    const std::string prefix = epoch_prefix(epoch);
    const auto unique = [](auto& list) {
      std::sort(list.begin(), list.end());
      list.erase(std::unique(list.begin(), list.end()), list.end());
    };
    unique(changes.nodes);
    unique(changes.ratchets);
    auto& known = saved.secrets[epoch];
    for (const NodeIndex node : changes.nodes) {
      std::string id = prefix + "node/" + std::to_string(node);
      const auto at = tree.nodes().find(node);
      if (at != tree.nodes().end()) {
        known.insert(id);
        put(std::move(id), at->second);
      } else if (known.erase(id) != 0) {
        erase(std::move(id));
      }
    }
    for (const LeafIndex leaf : changes.ratchets) {
      std::string id = prefix + "leaf/" + std::to_string(leaf);
      const auto& [handshake, application] = tree.ratchets().at(leaf);
      known.insert(id);
      put(std::move(id), encode_secret(RatchetRecord{to_entry(handshake), to_entry(application)}));
    }
  }

  GroupRecord group_record() const {
    GroupRecord out;
    out.context = group_.context_bytes_;
    out.secrets = group_.secrets_;
    out.interim_transcript_hash = group_.interim_transcript_hash_;
    out.follows = group_.follows_;
    out.confirmation_tag = group_.confirmation_tag_;
    out.self = group_.self_;
    for (const auto& [node, key] : group_.keys_) out.keys.push_back({node, key});
    out.signer = group_.signer_.to_bytes();
    out.removed = group_.removed_ ? 1 : 0;
    out.reinit = group_.reinit_;
    for (const auto& [epoch, secret] : group_.resumption_) out.resumption.push_back({epoch, secret});
    out.leaves = group_.tree_.leaves();
    for (const Group::PastEpoch& past : group_.past_) out.past.push_back(past.epoch);
    return out;
  }

  WaitingRecord waiting_record() const {
    WaitingRecord out;
    for (const WaitingProposal& item : group_.waiting_) {
      out.proposals.push_back({item.reference, item.proposal, item.sender});
    }
    for (const auto& update : group_.updates_) {
      out.updates.push_back({update.encryption_key, update.private_key, update.signature_key});
    }
    return out;
  }

  static PastRecord past_record(const Group::PastEpoch& past, const RatchetTree& later) {
    PastRecord out{past.context, past.sender_data, past.tree.leaves(), {}};
    for (const NodeIndex node : past.tree.changed_since(later)) {
      if (is_leaf(node)) out.changed.push_back({leaf_of(node), past.tree.shared_leaf(leaf_of(node))});
    }
    return out;
  }

  static void load_past(Group& group, const std::vector<Epoch>& epochs, const Records& records) {
    const RatchetTree* later = &group.tree_;
    for (const Epoch epoch : epochs) {
      auto record = read<PastRecord>(records, past_id(epoch));
      std::vector<std::shared_ptr<const LeafNode>> leaves;
      if (record.leaves > kMaxLeaves || !std::has_single_bit(record.leaves)) {
        throw_damaged("An earlier tree of the group has an impossible size.");
      }
      require_size(*group.suite_, {&record.sender_data});
      leaves.resize(record.leaves);
      for (LeafIndex leaf = 0; leaf < record.leaves; ++leaf) leaves[leaf] = later->shared_leaf(leaf);
      for (LeafEntry& entry : record.changed) {
        if (entry.index < record.leaves) leaves[entry.index] = std::move(entry.leaf);
      }
      group.past_.push_back({std::move(record.context), epoch, RatchetTree::of_leaves(*group.suite_, leaves),
                             std::move(record.sender_data),
                             load_ratchets(*group.suite_, record.leaves, epoch, records)});
      later = &group.past_.back().tree;
    }
  }

  Group& group_;
  std::vector<RecordChange> out_;
};

Group GroupStorage::load(const Environment& environment, const Records& records) {
  auto record = read<GroupRecord>(records, "group");
  const auto context = read<GroupContext>(to_secret(record.context));
  if (!Suite::is_known(context.suite)) throw_damaged("The group has no known cipher suite.");
  const Suite* const suite = &Suite::get(context.suite);
  SigningKey signer = [&] {
    try {
      return SigningKey::from_bytes(suite->signature(), record.signer);
    } catch (const Error&) {
      throw_damaged("The group's signature key is none.");
    }
  }();
  Group group(environment, *suite, std::move(signer));
  group.context_ = context;
  group.context_bytes_ = std::move(record.context);
  group.tree_ = load_tree(*suite, record.leaves, records);
  if (!std::ranges::equal(group.tree_.hash(), context.tree_hash)) {
    throw_damaged("The group's tree is not the one of its epoch.");
  }
  if (group.tree_.leaf(record.self) == nullptr) throw_damaged("The group's own leaf is blank.");
  const EpochSecrets& secrets = group.secrets_ = std::move(record.secrets);
  require_size(*suite, {&secrets.sender_data, &secrets.exporter, &secrets.external, &secrets.confirmation_key,
                        &secrets.membership_key, &secrets.resumption_psk, &secrets.epoch_authenticator,
                        &secrets.init});
  group.interim_transcript_hash_ = std::move(record.interim_transcript_hash);
  group.follows_ = std::move(record.follows);
  group.confirmation_tag_ = std::move(record.confirmation_tag);
  group.self_ = record.self;
  for (KeyEntry& entry : record.keys) group.keys_.insert_or_assign(entry.node, std::move(entry.key));
  group.removed_ = record.removed != 0;
  group.reinit_ = std::move(record.reinit);
  for (ResumptionEntry& entry : record.resumption) {
    group.resumption_.insert_or_assign(entry.epoch, std::move(entry.secret));
  }
  auto waiting = read<WaitingRecord>(records, "waiting");
  for (WaitingEntry& entry : waiting.proposals) {
    group.waiting_.push_back({std::move(entry.reference), std::move(entry.proposal), entry.sender});
  }
  for (UpdateEntry& entry : waiting.updates) {
    group.updates_.push_back(
        {std::move(entry.encryption_key), std::move(entry.private_key), std::move(entry.signature_key)});
  }
  group.ratchets_ = load_ratchets(*suite, record.leaves, context.epoch, records);
  load_past(group, record.past, records);
  group.note_saved(records);
  return group;
}

// What is stored already is not written again, and can be erased when its epoch goes.
void Group::note_saved(const Records& records) {
  Saved saved{tree_, {}, {}, {}, {}};
  saved.group = sha256(records.find("group")->second);
  saved.waiting = sha256(records.find("waiting")->second);
  for (const PastEpoch& past : past_) saved.past.insert(past.epoch);
  each_below(records, kEpoch, [&](std::string_view id, const Secret&) {
    std::string whole(kEpoch);
    saved.secrets[number<Epoch>(id.substr(0, id.find('/')))].insert(whole.append(id));
  });
  saved_ = std::make_shared<Saved>(std::move(saved));
}

Records Group::save() {
  saved_.reset();
  ratchets_.mark_all_changed();
  for (PastEpoch& past : past_) past.ratchets.mark_all_changed();
  Records out;
  for (RecordChange& change : GroupStorage(*this).changes()) {
    out.emplace(std::move(change.id), std::move(change.content).value());  // Nothing was there to be erased.
  }
  return out;
}

std::vector<RecordChange> Group::take_changes() { return GroupStorage(*this).changes(); }

Group Group::load(const Environment& environment, const Records& records) {
  return GroupStorage::load(environment, records);
}

void apply_changes(Records& records, std::vector<RecordChange> changes) {
  for (RecordChange& change : changes) {
    if (change.content) {
      records.insert_or_assign(std::move(change.id), std::move(*change.content));
    } else {
      records.erase(change.id);
    }
  }
}

}  // namespace mychat::mls
