#include "model.h"

#include <algorithm>

#include "base/error.h"

namespace mychat::mls::testing {

namespace {

// As they are stored; what the model needs of them.
struct StoredGroup {
  std::uint16_t format = 0;
  Bytes context;
  EpochSecrets secrets;
};
struct StoredRatchet {
  struct Kept {
    std::uint32_t generation = 0;
    MessageKey key;
    template <class A, class S>
    static void each(A& archive, S& self) {
      archive(self.generation, self.key);
    }
  };
  Secret secret;
  std::uint32_t generation = 0;
  std::vector<Kept> kept;
  template <class A, class S>
  static void each(A& archive, S& self) {
    archive(self.secret, self.generation, self.kept);
  }
};

template <class T>
std::string text_of(const T& bytes) {
  return {bytes.begin(), bytes.end()};
}

bool holds(const std::vector<Bytes>& list, const Bytes& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

GroupInfo info_of(const Group& group) { return decode<GroupInfo>(encode(group.group_info(true, true))); }

}  // namespace

World::World(Dice& dice, UsedKeys& used, Counts& counts, std::size_t most_members)
    : dice_(dice),
      used_(used),
      counts_(counts),
      outsider_(SigningKey::generate(SignatureAlgorithm::kEd25519)) {
  const std::size_t kind = dice.below(100);
  const std::size_t size = kind < 40   ? dice.between(1, 6)
                           : kind < 75 ? dice.between(4, 20)
                           : kind < 92 ? dice.between(20, 60)
                                       : dice.between(60, 200);
  target_ = std::min(size, most_members);
  most_live_ = dice.chance(70) ? dice.between(2, 10) : dice.between(2, 40);
  if (dice.chance(10)) most_live_ = 200;
  loss_ = dice.chance(50) ? dice.below(5) : dice.below(60);
  std::vector<SuiteId> others{2, 3, 3, 3, 4, 5, 7};
  if (Suite::find(kHybridSuite) != nullptr) others.insert(others.end(), 3, kHybridSuite);
  suite_ = &Suite::get(dice.chance(92) || target_ > 30 ? kDefaultSuite : others[dice.below(others.size())]);
  outsider_ = SigningKey::generate(suite_->signature());
  env_ = environment();
  env_.clock = &clock_;
  env_.random = [&dice](MutableBytes out) { dice.fill(out); };
  env_.past_epochs = dice.below(5);
  env_.resumption_epochs = dice.below(3) * 4;
  if (dice.chance(25))
    env_.ratchet = {static_cast<std::uint32_t>(dice.between(3, 12)),
                    static_cast<std::uint32_t>(dice.between(1, 10))};
  for (std::size_t i = 0; i < target_ + 3; ++i) {
    members_.push_back(
        std::make_unique<Member>("member-" + std::to_string(i) + "@example.org", *suite_, env_));
  }
  ++counts_.groups;
  counts_.largest = std::max<std::uint64_t>(counts_.largest, target_);
  found();
}

std::string World::description() const {
  return "group of " + std::to_string(target_) + ", suite " + std::to_string(suite_->id()) + ", epoch " +
         std::to_string(head_) + ", " + std::to_string(env_.past_epochs) + " earlier ones kept, ratchets " +
         std::to_string(env_.ratchet.most_ahead) + "/" + std::to_string(env_.ratchet.most_kept) + ", loss " +
         std::to_string(loss_);
}

void World::expect(bool holds, const std::string& what) const {
  if (!holds) throw Failure(what + " (" + description() + ")");
}

std::vector<Member*> World::where(State state, bool head_only) {
  std::vector<Member*> out;
  for (const auto& member : members_) {
    if (member->state == state && (!head_only || member->group->epoch() == head_))
      out.push_back(member.get());
  }
  return out;
}

Member* World::some_live() {
  auto list = where(State::kMember);
  return list.empty() ? nullptr : dice_.any(list);
}

Member* World::some_at_head() {
  auto list = where(State::kMember, true);
  return list.empty() ? nullptr : dice_.any(list);
}

std::set<std::string> World::keys_in(const Group& group) const {
  std::set<std::string> out;
  group.tree().each_member([&](LeafIndex, const LeafNode& leaf) { out.insert(text_of(leaf.signature_key)); });
  return out;
}

PskLookup World::lookup(bool lacking) const {
  return [this, lacking](const PreSharedKeyId& id) -> std::optional<Secret> {
    if (id.type == PskType::kExternal) {
      if (lacking) return std::nullopt;
      return to_secret(view(suite_->hash(id.psk_id)));
    }
    const auto at = truth_.find(id.psk_epoch);
    if (id.psk_group_id != id_ || at == truth_.end()) return std::nullopt;
    return at->second.resumption;
  };
}

// --- Beginnings ---

void World::found() {
  Member& first = *members_[0];
  GroupOptions options;
  if (dice_.chance(60)) {
    options.extensions.push_back(
        {extension::kExternalSenders, encode(std::vector<ExternalSender>{{outsider_.public_key(), {}}})});
  }
  enter(first, Group::create(first.env, *suite_, first.signer, first.leaf, options));
  id_ = first.group->id();
  while (true) {
    std::size_t there = first.group->tree().members();
    if (there >= target_) break;
    commit_many(first, dice_.chance(70) ? target_ - there : dice_.between(1, target_ - there));
    order();
    catch_up(first);
  }
}

void World::enter(Member& member, Group group) {
  member.group.emplace(std::move(group));
  member.records.clear();
  member.state = State::kMember;
  member.joined = member.group->epoch();
  member.heard.clear();
  member.welcome.reset();
  member.asleep = false;
  check_truth(member);
}

void World::check_truth(Member& member) {
  Group& group = *member.group;
  const auto [at, first] = truth_.try_emplace(group.epoch());
  Truth& truth = at->second;
  Truth now{group.epoch_authenticator(),
            group.export_secret("model", view("context"), 40),
            {},
            group.context().tree_hash,
            {},
            group.tree().members()};
  const auto resumption = group.resumption_psk(group.epoch());
  expect(resumption.has_value(), "no resumption secret of the present epoch");
  now.resumption = *resumption;
  RatchetTree tree = group.tree();
  expect(std::ranges::equal(tree.hash(), now.tree_hash), "the tree is not the one of the context");
  if (tree.leaves() <= 16 || dice_.chance(3)) {
    // Hashes that were kept are those that computing anew gives; the tree is one that a joiner believes.
    RatchetTree again = RatchetTree::from_nodes(*suite_, tree.nodes());
    expect(std::ranges::equal(again.hash(), now.tree_hash), "a kept hash of the tree is wrong");
    expect(again.parent_hashes_hold(), "a parent hash of the tree does not hold");
    expect(again.leaves() == tree.leaves() && again.members() == tree.members(), "the tree has another size");
  }
  if (first) {
    truth = std::move(now);
    return;
  }
  expect(truth.authenticator == now.authenticator, member.name + " has another epoch authenticator");
  expect(truth.exported == now.exported, member.name + " exports another secret");
  expect(truth.resumption == now.resumption, member.name + " has another resumption secret");
  expect(truth.tree_hash == now.tree_hash && truth.members == now.members, member.name + " has another tree");
}

// --- What goes out ---

ByteView World::sender_data(Member& member) {
  Secret& known = sender_data_[text_of(member.group->epoch_authenticator())];
  if (known.empty()) {
    store(member);
    Reader reader(member.records.at("group"));
    StoredGroup stored;
    reader(stored.format, stored.context, stored.secrets);
    known = stored.secrets.sender_data;
  }
  return known;
}

// The key that the next message is to be sealed with, of what is stored.
std::optional<MessageKey> World::upcoming(Member& member, RatchetKind kind) {
  if (member.group->tree().leaves() > 16 && !dice_.chance(10)) return std::nullopt;
  store(member);
  const std::string prefix = "epoch/" + std::to_string(member.group->epoch()) + "/";
  const LeafIndex self = member.group->own_leaf();
  const std::uint32_t leaves = member.group->tree().leaves();
  SecretTree::Nodes nodes;
  for (NodeIndex node = node_of(self);; node = parent_of(node)) {
    const auto at = member.records.find(prefix + "node/" + std::to_string(node));
    if (at != member.records.end()) nodes.emplace(node, at->second);
    if (node == root_of(leaves)) break;
  }
  SecretTree::Ratchets ratchets;
  if (const auto at = member.records.find(prefix + "leaf/" + std::to_string(self));
      at != member.records.end()) {
    StoredRatchet handshake;
    StoredRatchet application;
    Reader reader(at->second);
    reader(handshake, application);
    ratchets.emplace(self, std::pair(Ratchet{handshake.secret, handshake.generation, {}},
                                     Ratchet{application.secret, application.generation, {}}));
    // What was started has nothing above it that it could be computed from.
    expect(nodes.empty(), "a secret that gives used keys is still stored");
  }
  return SecretTree::restore(*suite_, leaves, std::move(nodes), std::move(ratchets)).next(self, kind).key;
}

void World::note_key(Member& member, const Message& message, const std::optional<MessageKey>& key,
                     Wire& wire) {
  const auto* const sealed = message.as<PrivateMessage>();
  wire.sealed = sealed != nullptr;
  wire.bytes = encode(message);
  wire.epoch = member.group->epoch();
  wire.sender = &member;
  wire.leaf = member.group->own_leaf();
  if (sealed == nullptr) return;
  const SenderData data = open_sender_data(*sealed, *suite_, sender_data(member));
  expect(data.leaf == wire.leaf && sealed->epoch == wire.epoch, "a message has another sender");
  wire.generation = data.generation;
  Writer place;
  place(member.group->epoch_authenticator(), data.leaf, ratchet_of(sealed->content_type), data.generation);
  expect(used_.places.insert(text_of(suite_->hash(place.secret()))).second, "a generation was used twice");
  ++counts_.keys;
  if (!key) return;
  open_private(*sealed, *suite_, data, *key);  // Throws when it is not the key.
  expect(used_.keys.insert(text_of(suite_->hash(encode(*key)))).second, "a key was used twice");
}

void World::broadcast(const WirePtr& wire, std::size_t loss) {
  recent_.push_back(wire);
  if (recent_.size() > 40) recent_.erase(recent_.begin());
  for (const auto& member : members_) {
    if (!member->group || member.get() == wire->sender || dice_.chance(loss)) continue;
    if (member->inbox.size() > 25) {
      const auto old = std::find_if(member->inbox.begin(), member->inbox.end(),
                                    [](const WirePtr& entry) { return entry->kind != Wire::Kind::kCommit; });
      if (old != member->inbox.end()) member->inbox.erase(old);
    }
    member->inbox.push_back(wire);
    if (dice_.chance(4)) member->inbox.push_back(wire);
  }
}

void World::say(Member& member) {
  Wire wire;
  wire.text = "message " + std::to_string(counts_.applications++);
  const auto key = upcoming(member, RatchetKind::kApplication);
  const Message message{member.group->protect(view(wire.text), to_bytes(view("aad")), dice_.below(3) * 20)};
  count();
  note_key(member, message, key, wire);
  const std::size_t live = where(State::kMember).size();
  broadcast(std::make_shared<Wire>(std::move(wire)), live > 12 ? std::max(loss_, 100 - 1000 / live) : loss_);
}

Proposal World::add_of(Member& client) {
  client.packages.push_back(
      std::make_unique<OwnKeyPackage>(make_key_package(*suite_, client.signer, client.leaf, client.env)));
  return {Add{client.packages.back()->key_package}};
}

Proposal World::psk_proposal(Member& member) {
  PreSharedKeyId id;
  id.psk_nonce = env_.random_bytes(suite_->hash_size());
  if (dice_.chance(50)) {
    id.psk_id = to_bytes(view("psk " + std::to_string(dice_.below(5))));
  } else {
    id.type = PskType::kResumption;
    id.psk_group_id = id_;
    id.psk_epoch = member.group->epoch() - dice_.below(std::min<std::size_t>(member.group->epoch() + 1, 8));
    if (!truth_.contains(id.psk_epoch)) id.psk_epoch = member.group->epoch();
  }
  return {Psk{id}};
}

std::vector<Proposal> World::some_proposals(Member& member) {
  std::vector<Proposal> out;
  const Group& group = *member.group;
  const auto there = keys_in(group);
  const std::size_t members = there.size();
  if (dice_.chance(35) && members < target_ + 2) {
    auto& client = *dice_.any(members_);
    if (!there.contains(text_of(client.signer.public_key()))) out.push_back(add_of(client));
  }
  if (dice_.chance(members > target_ ? 50 : 15) && members > 1) {
    const auto leaf = static_cast<LeafIndex>(dice_.below(group.tree().leaves()));
    if (leaf != group.own_leaf() && group.tree().leaf(leaf) != nullptr) {
      out.push_back({Remove{leaf}});
      const auto back = std::find_if(members_.begin(), members_.end(), [&](const auto& candidate) {
        return candidate->signer.public_key() == group.tree().leaf(leaf)->signature_key;
      });
      if (dice_.chance(30) && back != members_.end()) out.push_back(add_of(**back));
    }
  }
  if (dice_.chance(15)) out.push_back(psk_proposal(member));
  if (dice_.chance(8)) {
    Extensions extensions{{0xf001, env_.random_bytes(3)}};
    if (const Bytes* const senders =
            find_extension(group.context().extensions, extension::kExternalSenders)) {
      extensions.push_back({extension::kExternalSenders, *senders});
    }
    if (dice_.chance(50)) {
      extensions.push_back(
          {extension::kRequiredCapabilities, encode(RequiredCapabilities{{0xf001}, {10}, {1}})});
    }
    out.push_back({GroupContextExtensions{std::move(extensions)}});
  }
  return out;
}

void World::propose(Member& member) {
  Group& group = *member.group;
  const bool open = dice_.chance(40);
  const RatchetKind kind = RatchetKind::kHandshake;
  Wire wire;
  wire.kind = Wire::Kind::kProposal;
  const auto key = upcoming(member, kind);
  std::optional<Message> message;
  const std::size_t what = dice_.below(10);
  if (what < 4) {
    std::optional<LeafOptions> leaf;
    if (dice_.chance(30)) leaf = member.leaf;
    message = group.propose_update(leaf, {}, {}, open);
  } else if (what == 4) {
    message = group.propose({SelfRemove{}}, {}, open);
  } else {
    auto some = some_proposals(member);
    if (some.empty()) return;
    message = group.propose(std::move(some[0]), to_bytes(view("aad")), open);
  }
  count();
  ++counts_.proposals;
  note_key(member, *message, key, wire);
  wire.reference = group.waiting_proposals().back().reference;
  const auto shared = std::make_shared<Wire>(std::move(wire));
  if (group.epoch() == head_) proposals_.push_back(shared);
  broadcast(shared, loss_);
}

// Of an external sender, and of who wants to join.
void World::propose_from_outside() {
  Member* const at = some_at_head();
  if (at == nullptr) return;
  const Group& group = *at->group;
  AuthenticatedContent message;
  message.content.group_id = id_;
  message.content.epoch = head_;
  auto& client = *dice_.any(members_);
  const bool there = keys_in(group).contains(text_of(client.signer.public_key()));
  if (dice_.chance(50)) {
    if (find_extension(group.context().extensions, extension::kExternalSenders) == nullptr) return;
    message.content.sender = {SenderType::kExternal, 0};
    const auto leaf = static_cast<LeafIndex>(dice_.below(group.tree().leaves()));
    if (dice_.chance(50) && !there) {
      message.content.body = add_of(client);
    } else if (group.tree().leaf(leaf) != nullptr && dice_.chance(20)) {
      message.content.body = Proposal{Remove{leaf}};
    } else {
      message.content.body = psk_proposal(*at);
    }
    sign_content(message, *suite_, outsider_, {});
  } else {
    if (there) return;
    message.content.sender = {SenderType::kNewMemberProposal, 0};
    message.content.body = add_of(client);
    sign_content(message, *suite_, client.signer, {});
  }
  Wire wire;
  wire.kind = Wire::Kind::kProposal;
  wire.epoch = head_;
  wire.bytes = encode(Message{to_public(message, *suite_, {}, {})});
  wire.reference = suite_->proposal_ref(message);
  const auto shared = std::make_shared<Wire>(std::move(wire));
  proposals_.push_back(shared);
  broadcast(shared, loss_);
}

void World::submit(Member& member, PendingCommit pending, Wire wire, bool external) {
  wire.kind = Wire::Kind::kCommit;
  for (const WaitingProposal& item : pending.summary.proposals) {
    if (!item.reference.empty()) wire.references.push_back(item.reference);
    const auto* const psk = item.proposal.as<Psk>();
    if (psk != nullptr && psk->id.type == PskType::kExternal) wire.external_psk = true;
  }
  Candidate candidate;
  candidate.member = &member;
  candidate.wire = std::make_shared<Wire>(std::move(wire));
  if (pending.welcome) {
    candidate.welcome = std::make_shared<Bytes>(encode(*pending.welcome));
    for (const LeafIndex leaf : pending.summary.added) {
      candidate.added.push_back(pending.next->tree().leaf(leaf)->signature_key);
    }
  }
  candidate.reinit = pending.next->reinit().has_value();
  // The delivery service takes only what is of the present epoch.
  if (candidate.wire->epoch == head_) candidates_.push_back(candidate);
  member.pending.emplace(std::move(pending));
  member.pending_wire = candidate.wire;
  member.pending_external = external;
  count();
}

void World::commit(Member& member) {
  CommitOptions options;
  options.public_message = dice_.chance(40);
  options.path = dice_.chance(60);
  options.include_waiting = dice_.chance(85);
  options.authenticated_data = to_bytes(view("aad"));
  options.psks = lookup(false);
  if (dice_.chance(60)) options.proposals = some_proposals(member);
  if (dice_.chance(5)) {
    options.leaf = member.leaf;
    options.leaf->extensions.push_back({extension::kApplicationId, env_.random_bytes(4)});
  }
  // Of a group that ends nothing else can be tried; so seldom.
  if (members_.size() < 12 && options.proposals.empty() && dice_.chance(1)) {
    const SuiteId other = Suite::find(kHybridSuite) != nullptr && dice_.chance(50) ? kHybridSuite : 3;
    const SuiteId suite = suite_->id() == 1                                   ? other
                          : suite_->id() == 3 || suite_->id() == kHybridSuite ? 1
                                                                              : suite_->id();
    options.proposals.push_back({ReInit{env_.random_bytes(20), kMls10, suite, {}}});
    options.include_waiting = false;
  }
  Wire wire;
  const auto key = options.public_message ? std::nullopt : upcoming(member, RatchetKind::kHandshake);
  PendingCommit pending = member.group->commit(options);
  note_key(member, pending.commit, key, wire);
  submit(member, std::move(pending), std::move(wire), false);
}

void World::commit_many(Member& member, std::size_t added) {
  CommitOptions options;
  const auto there = keys_in(*member.group);
  for (const auto& client : members_) {
    if (options.proposals.size() < added && !there.contains(text_of(client->signer.public_key()))) {
      options.proposals.push_back(add_of(*client));
    }
  }
  Wire wire;
  PendingCommit pending = member.group->commit(options);
  note_key(member, pending.commit, {}, wire);
  submit(member, std::move(pending), std::move(wire), false);
}

// The delivery service takes one of those that compete.
void World::order() {
  if (candidates_.empty()) return;
  const Candidate winner = candidates_[dice_.below(candidates_.size())];
  for (const Candidate& candidate : candidates_) {
    if (candidate.wire == winner.wire) continue;
    Member& loser = *candidate.member;
    if (loser.pending_external && loser.pending_wire == candidate.wire) loser.pending.reset();
  }
  losers_ = std::move(candidates_);
  std::erase_if(losers_, [&](const Candidate& candidate) { return candidate.wire == winner.wire; });
  candidates_.clear();
  log_.push_back({winner.wire, std::move(proposals_)});
  proposals_.clear();
  ++head_;
  ++counts_.commits;
  ended_ = winner.reinit;
  broadcast(winner.wire, loss_ / 4);
  winner.member->inbox.push_back(winner.wire);
  for (const auto& client : members_) {
    if (!holds(winner.added, client->signer.public_key())) continue;
    client->welcome = winner.welcome;
    const bool out = client->state == State::kOutside || client->state == State::kInvited;
    if (out) client->state = State::kInvited;
    client->asleep = where(State::kMember).size() + 1 >= most_live_ || dice_.chance(5);
  }
}

// --- What comes in ---

World::Want World::predict(const Member& member, const Wire& wire, bool lacking) const {
  const auto no = [](mychat_status status, int detail = 0) { return Want{false, status, detail}; };
  const auto rule = [&](mychat_status status, Rule broken) { return no(status, static_cast<int>(broken)); };
  const Epoch epoch = member.group->epoch();
  const bool handshake = wire.kind != Wire::Kind::kApplication;
  if (wire.epoch > epoch) return rule(MYCHAT_E_STALE, Rule::kMessageLaterEpoch);
  const bool readable = wire.epoch >= member.joined &&
                        (handshake ? wire.epoch == epoch : epoch - wire.epoch <= env_.past_epochs);
  if (!readable) return rule(MYCHAT_E_STALE, Rule::kMessageEpoch);
  if (handshake && member.group->was_removed()) return no(MYCHAT_E_INVALID_STATE);
  if (handshake && !member.group->is_active()) return rule(MYCHAT_E_INVALID_STATE, Rule::kCommitReInit);
  // An own commit from outside takes the place of this membership, should it come here.
  if (wire.sender == &member && !wire.external) {
    return handshake ? rule(MYCHAT_E_MALFORMED, Rule::kMessageOwn) : no(MYCHAT_E_REPLAY);
  }
  if (wire.sealed) {
    const auto kind = handshake ? RatchetKind::kHandshake : RatchetKind::kApplication;
    const auto at = member.heard.find({wire.epoch, wire.leaf, kind});
    const Heard heard = at == member.heard.end() ? Heard{} : at->second;
    if (wire.generation < heard.next && !heard.kept.contains(wire.generation)) return no(MYCHAT_E_REPLAY);
    if (wire.generation >= heard.next && wire.generation - heard.next > env_.ratchet.most_ahead) {
      return no(MYCHAT_E_TOO_LARGE);
    }
  }
  if (wire.kind != Wire::Kind::kCommit) return {};
  for (const Bytes& reference : wire.references) {
    const auto& waiting = member.group->waiting_proposals();
    const bool known = std::any_of(waiting.begin(), waiting.end(),
                                   [&](const auto& item) { return item.reference == reference; });
    if (!known) return rule(MYCHAT_E_NOT_FOUND, Rule::kListUnknownReference);
  }
  if (lacking && wire.external_psk) return rule(MYCHAT_E_NOT_FOUND, Rule::kProposalPskUnknown);
  return {};
}

void World::note_heard(Member& member, const Wire& wire) {
  if (!wire.sealed || wire.kind == Wire::Kind::kCommit) return;
  const auto kind =
      wire.kind == Wire::Kind::kApplication ? RatchetKind::kApplication : RatchetKind::kHandshake;
  Heard& heard = member.heard[{wire.epoch, wire.leaf, kind}];
  if (wire.generation < heard.next) {
    heard.kept.erase(wire.generation);
    return;
  }
  for (std::uint32_t passed = heard.next; passed < wire.generation; ++passed) heard.kept.insert(passed);
  heard.next = wire.generation + 1;
  while (heard.kept.size() > env_.ratchet.most_kept) heard.kept.erase(heard.kept.begin());
}

// A failure leaves everything as it was.
template <class Work>
std::optional<Error> World::attempt(Member& member, Work&& work) {
  std::optional<Group> before;
  if (dice_.chance(member.group->tree().leaves() > 16 ? 4 : 30)) before = member.group;
  count();
  try {
    work();
    ++counts_.processed;
    return std::nullopt;
  } catch (const Error& error) {
    ++counts_.refused;
    if (before) {
      Group after = *member.group;
      expect(before->save() == after.save(), std::string("state changed with: ") + error.what());
    }
    return error;
  }
}

void World::accept_own(Member& member) {
  PendingCommit pending = std::move(*member.pending);
  member.pending.reset();
  count();
  if (member.pending_external) {
    ++counts_.external_joins;
    enter(member, std::move(*pending.next));
    return;
  }
  member.group->apply(std::move(pending));
  check_truth(member);
}

void World::take(Member& member, const Wire& wire, const Received& received) {
  note_heard(member, wire);
  if (const auto* const application = std::get_if<ReceivedApplication>(&received)) {
    expect(text_of(application->data) == wire.text && application->sender == wire.leaf &&
               application->epoch == wire.epoch,
           "a message was received as another one");
  } else if (const auto* const proposal = std::get_if<ReceivedProposal>(&received)) {
    expect(proposal->proposal.reference == wire.reference, "a proposal has another reference");
  } else if (const auto* const commit = std::get_if<ReceivedCommit>(&received)) {
    std::erase_if(member.heard, [&](const auto& entry) {
      return std::get<0>(entry.first) + env_.past_epochs < member.group->epoch();
    });
    expect(commit->summary.removes_us == member.group->was_removed(), "a removal was not told");
    if (member.group->was_removed()) {
      member.state = State::kRemoved;
      return;
    }
    check_truth(member);
    if (member.pending && !member.pending_external && dice_.chance(20)) {
      const auto late = attempt(member, [&] { member.group->apply(PendingCommit(*member.pending)); });
      expect(late && late->status() == MYCHAT_E_INVALID_STATE, "a commit that lost was applied");
    }
    if (!member.pending_external) member.pending.reset();
  }
}

// Whether the message is done with.
bool World::receive(Member& member, const WirePtr& wire) {
  if (wire->kind == Wire::Kind::kCommit && member.pending && member.pending_wire == wire) {
    accept_own(member);
    return true;
  }
  if (!member.group) return true;
  if (member.state == State::kForked) return receive_forked(member, *wire);
  const bool lacking = dice_.chance(4);
  const Want want = predict(member, *wire, lacking);
  const auto message = decode<Message>(wire->bytes);
  ProcessOptions options;
  options.psks = lookup(lacking);
  const bool refused = wire->kind == Wire::Kind::kCommit && dice_.chance(2);
  if (refused) options.accept = [](const CommitSummary&) { return false; };
  std::optional<Received> received;
  const auto error = attempt(member, [&] { received = member.group->process(message, options); });
  const auto what = [&] {
    return member.name + " in epoch " + std::to_string(member.group->epoch()) + " got a message of kind " +
           std::to_string(static_cast<int>(wire->kind)) + " and epoch " + std::to_string(wire->epoch) + ": ";
  };
  if (want.success && refused) {
    expect(error && error->status() == MYCHAT_E_POLICY, what() + "a refused commit was taken");
    return false;
  }
  if (want.success) {
    if (error) expect(false, what() + error->what());
    take(member, *wire, *received);
    return true;
  }
  expect(error.has_value(), what() + "taken instead of " + std::to_string(want.status));
  expect(error->status() == want.status && error->detail() == want.detail,
         what() + error->what() + " instead of status " + std::to_string(want.status) + " detail " +
             std::to_string(want.detail));
  if (want.detail == static_cast<int>(Rule::kMessageLaterEpoch)) {
    if (dice_.chance(25)) catch_up(member);
    return dice_.chance(30);
  }
  if (want.detail == static_cast<int>(Rule::kProposalPskUnknown)) return false;
  const bool current = wire->kind == Wire::Kind::kCommit && member.state == State::kMember &&
                       wire->epoch == member.group->epoch() && member.group->is_active();
  if (current && want.detail == static_cast<int>(Rule::kListUnknownReference)) {
    fetch_proposals(member, wire);
    return false;
  }
  // The own commit that it lost, or one whose key it keeps no longer: no way on but from outside.
  if (current) member.state = State::kStuck;
  return true;
}

void World::fetch_proposals(Member& member, const WirePtr& commit) {
  for (const WirePtr& proposal : log_.at(commit->epoch).proposals) {
    if (!holds(commit->references, proposal->reference)) continue;
    const auto& waiting = member.group->waiting_proposals();
    if (std::any_of(waiting.begin(), waiting.end(),
                    [&](const auto& item) { return item.reference == proposal->reference; }))
      continue;
    receive(member, proposal);
  }
  if (predict(member, *commit, false).detail == static_cast<int>(Rule::kListUnknownReference)) {
    member.state = State::kStuck;  // Lost for good.
  }
}

// Who took another commit reads nothing of the others, and is told why.
bool World::receive_forked(Member& member, const Wire& wire) {
  const auto message = decode<Message>(wire.bytes);
  std::optional<Received> received;
  ProcessOptions options;
  options.psks = lookup(false);
  const auto error = attempt(member, [&] { received = member.group->process(message, options); });
  // What comes from outside is signed for every branch.
  if (wire.sender == nullptr) return true;
  if (wire.epoch < member.forked) {
    if (received) {
      const auto* const application = std::get_if<ReceivedApplication>(&*received);
      expect(application != nullptr && text_of(application->data) == wire.text, "a fork goes back");
    }
    return true;
  }
  expect(error.has_value(), member.name + " reads messages of another branch");
  const int detail = error->detail();
  const auto is = [&](Rule rule) { return detail == static_cast<int>(rule); };
  if (wire.epoch > member.group->epoch()) {
    expect(is(Rule::kMessageLaterEpoch), std::string("later epoch of a fork: ") + error->what());
  } else if (member.group->was_removed()) {
    return true;
  } else if (wire.epoch == member.group->epoch() && member.group->is_active()) {
    // Of a joiner from outside there is no membership tag.
    expect(wire.sealed ? is(Rule::kMessageDecrypt)
                       : is(Rule::kMessageMembershipTag) ||
                             (wire.kind == Wire::Kind::kCommit && is(Rule::kMessageSignature)),
           std::string("present epoch of a fork: ") + error->what());
  }
  Member* const at = some_at_head();
  if (at == nullptr) return true;
  const Relation relation = member.group->compare(info_of(*at->group));
  const Epoch own = member.group->epoch();
  expect(relation == (head_ > own   ? Relation::kBehind
                      : head_ < own ? Relation::kAhead
                                    : Relation::kForked),
         "a fork is not told");
  return true;
}

void World::deliver() {
  std::vector<Member*> waiting;
  for (const auto& member : members_) {
    if (!member->inbox.empty()) waiting.push_back(member.get());
  }
  if (waiting.empty()) return;
  Member& member = *dice_.any(waiting);
  for (std::size_t i = dice_.between(1, 5); i-- > 0 && !member.inbox.empty();) {
    const std::size_t at = dice_.chance(75) ? 0 : dice_.below(member.inbox.size());
    const WirePtr wire = member.inbox[at];
    const bool done = receive(member, wire);
    if (!done) break;
    if (!dice_.chance(5)) member.inbox.erase(member.inbox.begin() + static_cast<std::ptrdiff_t>(at));
  }
}

// The delivery service still has everything.
void World::catch_up(Member& member) {
  while (member.state == State::kMember && member.group->epoch() < head_) {
    receive(member, log_.at(member.group->epoch()).commit);
  }
}

// A message with an octet changed, or cut off.
void World::damage() {
  Member* const member = some_live();
  const WirePtr wire = some_wire();
  if (member == nullptr || wire == nullptr) return;
  Bytes bytes = wire->bytes;
  if (dice_.chance(80)) {
    dice_.any(bytes) ^= static_cast<std::uint8_t>(1U << dice_.below(8));
  } else {
    bytes.resize(dice_.below(bytes.size()));
  }
  ProcessOptions options;
  options.psks = lookup(false);
  const auto error = attempt(*member, [&] { member->group->process(decode<Message>(bytes), options); });
  expect(error.has_value(), "a damaged message was taken");
}

WirePtr World::some_wire() { return recent_.empty() ? nullptr : dice_.any(recent_); }

void World::receive_foreign(const WirePtr& wire) {
  Member* const member = some_live();
  if (member == nullptr) return;
  const auto error = attempt(*member, [&] { member->group->process(decode<Message>(wire->bytes)); });
  expect(error && error->detail() == static_cast<int>(Rule::kMessageGroup), "a message of another group");
}

// --- Members come, go and are stored ---

void World::store(Member& member) {
  count();
  apply_changes(member.records, member.group->take_changes());
  if (member.group->tree().leaves() <= 16 ? !dice_.chance(25) : !dice_.chance(2)) return;
  Group copy = *member.group;
  const Records whole = copy.save();
  if (whole == member.records) return;
  std::string what = "what is stored is not what there is:";
  for (const auto& [id, content] : whole) {
    const auto at = member.records.find(id);
    if (at == member.records.end()) what += " " + id + " is missing";
    if (at != member.records.end() && at->second != content) what += " " + id + " is another";
  }
  for (const auto& entry : member.records) {
    if (!whole.contains(entry.first)) what += " " + entry.first + " is too much";
  }
  expect(false, what);
}

void World::load(Member& member) {
  if (dice_.chance(20)) {
    member.records = member.group->save();
  } else {
    store(member);
  }
  ++counts_.loads;
  count();
  member.group.emplace(Group::load(member.env, member.records));
  if (!member.pending || member.pending_external) return;
  if (dice_.chance(25)) {
    member.pending.reset();  // It died before that was stored.
    return;
  }
  const Records pending = member.pending->next->save();
  if (dice_.chance(50)) {
    member.pending->next = std::make_shared<Group>(Group::load(member.env, pending));
  }
}

void World::join(Member& member) {
  std::vector<const OwnKeyPackage*> own;
  for (const auto& package : member.packages) own.push_back(package.get());
  count();
  ++counts_.joins;
  const auto message = decode<Message>(*member.welcome);
  std::size_t used = 0;
  Group group =
      Group::join(member.env, *message.as<Welcome>(), own, {nullptr, lookup(false), nullptr}, &used);
  member.packages.erase(member.packages.begin() + static_cast<std::ptrdiff_t>(used));
  if (member.pending_external) member.pending.reset();
  enter(member, std::move(group));
}

void World::join_external() {
  Member* const at = some_at_head();
  if (at == nullptr) return;
  auto lost = where(State::kForked);
  for (const State state : {State::kStuck, State::kOutside, State::kRemoved}) {
    const auto more = where(state);
    lost.insert(lost.end(), more.begin(), more.end());
  }
  if (lost.empty()) return;
  Member& member = *dice_.any(lost);
  const GroupInfo info = info_of(*at->group);
  ExternalJoinOptions options;
  at->group->tree().each_member([&](LeafIndex index, const LeafNode& leaf) {
    if (leaf.signature_key == member.signer.public_key()) options.replaces = index;
  });
  const bool outside = member.state == State::kOutside || member.state == State::kRemoved;
  if (outside && at->group->tree().members() >= target_ + 2) return;
  options.psks = lookup(false);
  if (dice_.chance(20)) options.psk_ids.push_back(psk_proposal(*at).as<Psk>()->id);
  Wire wire;
  PendingCommit pending = Group::join_external(member.env, info, member.signer, member.leaf, options);
  wire.bytes = encode(pending.commit);
  wire.epoch = head_;
  wire.sender = &member;
  wire.external = true;
  submit(member, std::move(pending), std::move(wire), true);
}

// A member takes a commit that the delivery service did not.
void World::fork() {
  if (losers_.empty()) return;
  const Candidate& loser = dice_.any(losers_);
  std::vector<Member*> there;
  for (Member* const member : where(State::kMember)) {
    if (member->group->epoch() == loser.wire->epoch && member->group->is_active()) there.push_back(member);
  }
  if (there.size() < 2) return;  // Somebody shall stay.
  Member& member = *dice_.any(there);
  if (member.pending && member.pending_wire == loser.wire) {
    if (member.pending_external) return;
    member.group->apply(std::move(*member.pending));
    member.pending.reset();
  } else {
    const Want want = predict(member, *loser.wire, false);
    ProcessOptions options;
    options.psks = lookup(false);
    const auto error =
        attempt(member, [&] { member.group->process(decode<Message>(loser.wire->bytes), options); });
    expect(want.success == !error.has_value(),
           "a commit that lost: " + std::string(error ? error->what() : "taken"));
    if (error) return;
    if (!member.pending_external) member.pending.reset();
  }
  ++counts_.forks;
  member.state = State::kForked;
  member.forked = loser.wire->epoch + 1;
}

// A group beside this one, for its first members only.
void World::branch() {
  Member* const from = some_live();
  if (from == nullptr || !from->group->is_active()) return;
  std::vector<Member*> others;
  for (Member* const other : where(State::kMember)) {
    if (other != from && other->group->epoch() == from->group->epoch() && others.size() < 3)
      others.push_back(other);
  }
  std::vector<OwnKeyPackage> packages;
  std::vector<KeyPackage> published;
  for (Member* const other : others) {
    packages.push_back(make_key_package(*suite_, other->signer, other->leaf, other->env));
    published.push_back(packages.back().key_package);
  }
  const PendingCommit pending =
      Group::branch(from->env, *from->group, from->signer, from->leaf, {}, published);
  count();
  for (std::size_t i = 0; i < others.size(); ++i) {
    const Group joined = Group::join(others[i]->env, *pending.welcome->as<Welcome>(), {&packages[i]},
                                     {nullptr, {}, &*others[i]->group});
    count();
    expect(joined.epoch_authenticator() == pending.next->epoch_authenticator(), "a branch does not agree");
  }
}

// After a ReInit: the same members in the group that follows.
void World::reinitialise() {
  std::vector<Member*> there;
  for (Member* const member : where(State::kMember)) {
    for (int i = 0; i < 4 && member->state == State::kMember && member->group->epoch() < head_; ++i)
      catch_up(*member);
    if (member->state == State::kMember && member->group->reinit()) there.push_back(member);
  }
  if (there.empty()) {
    over_ = true;
    return;
  }
  const Suite& before = *suite_;
  suite_ = &Suite::get(there[0]->group->reinit()->suite);
  std::vector<OwnKeyPackage> packages;
  std::vector<KeyPackage> published;
  for (std::size_t i = 1; i < there.size(); ++i) {
    packages.push_back(make_key_package(*suite_, there[i]->signer, there[i]->leaf, env_));
    published.push_back(packages.back().key_package);
  }
  expect(before.signature() == suite_->signature(), "the model changes to a suite of other signatures");
  PendingCommit pending =
      Group::reinitialise(env_, *there[0]->group, there[0]->signer, there[0]->leaf, published);
  log_ = {{}};
  truth_.clear();
  candidates_.clear();
  losers_.clear();
  recent_.clear();
  proposals_.clear();
  head_ = pending.next->epoch();
  id_ = pending.next->id();
  ended_ = false;
  for (std::size_t i = 1; i < there.size(); ++i) {
    const Group before_it = *there[i]->group;
    enter(*there[i],
          Group::join(env_, *pending.welcome->as<Welcome>(), {&packages[i - 1]}, {nullptr, {}, &before_it}));
    count();
  }
  enter(*there[0], std::move(*pending.next));
  for (const auto& member : members_) {
    member->inbox.clear();
    member->pending.reset();
    member->welcome.reset();
    member->packages.clear();
    if (std::find(there.begin(), there.end(), member.get()) != there.end()) continue;
    member->state = State::kOutside;
    member->group.reset();
  }
}

void World::step() {
  if (ended_) return reinitialise();
  if (where(State::kMember).empty()) {
    over_ = true;
    return;
  }
  const std::size_t what = dice_.below(1000);
  Member& member = *some_live();
  const bool busy = where(State::kMember).size() > 40;
  if (what < (busy ? 800U : 500U)) return deliver();
  if (what < 620) return say(member);
  if (what < 690) return propose(member);
  if (what < 710) return propose_from_outside();
  if (what < 800) return commit(member);
  if (what < 860) return order();
  if (what < 900) return load(member);
  if (what < 930) return catch_up(member);
  if (what < 955) {
    auto invited = where(State::kInvited);
    for (Member* const stale : where(State::kRemoved)) {
      if (stale->welcome) invited.push_back(stale);
    }
    for (const State lost : {State::kForked, State::kStuck}) {
      for (Member* const entry : where(lost)) {
        if (entry->welcome) invited.push_back(entry);
      }
    }
    std::erase_if(invited, [&](const Member* entry) { return entry->asleep && !dice_.chance(1); });
    if (!invited.empty()) join(*dice_.any(invited));
    return;
  }
  if (what < 975) return join_external();
  if (what < 983) return fork();
  if (what < 995) return damage();
  if (what < 997) return branch();
  store(member);
}

}  // namespace mychat::mls::testing
