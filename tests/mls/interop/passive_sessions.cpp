#include "passive_sessions.h"

#include <algorithm>
#include <random>

#include "base/encoding.h"
#include "mls/clients.h"
#include "protocol/json_writer.h"

namespace mychat::mls::testing {
namespace {

constexpr std::size_t kMostMembers = 12;
// For how many epochs, the present one included, ts-mls keeps the resumption secret.
constexpr std::size_t kKnownEpochs = 4;

struct KnownPsk {
  Bytes id;
  Secret secret;
};

// One session. The reader is a member too, so that what is written is what this engine can read itself.
class Session {
 public:
  Session(SuiteId suite, std::uint64_t seed) : suite_(suite), random_(seed), reader_(client()) {
    for (int i = 0; i < 4; ++i) {
      psks_.push_back({to_bytes(view("psk-" + std::to_string(i))), reader_->env.random_secret(32)});
    }
  }

  void run(JsonWriter& out) {
    found();
    for (std::size_t round = below(5); round != 0; --round) step(nullptr);
    out.begin_object();
    welcome(out);
    out.key("epochs");
    out.begin_array();
    for (std::size_t round = 4 + below(8); round != 0; --round) step(&out);
    out.end_array();
    out.end_object();
  }

 private:
  using Clients = std::vector<std::unique_ptr<Client>>;

  std::size_t below(std::size_t bound) { return random_() % bound; }
  bool chance(std::size_t percent) { return below(100) < percent; }

  std::unique_ptr<Client> client() {
    auto out = std::make_unique<Client>("client-" + std::to_string(++names_) + "@example.org", suite_);
    out->leaf.more_extensions = {kTestExtension};
    return out;
  }

  PskLookup lookup() const {
    return [this](const PreSharedKeyId& id) -> std::optional<Secret> {
      const auto at = std::find_if(psks_.begin(), psks_.end(),
                                   [&](const KnownPsk& known) { return known.id == id.psk_id; });
      if (at == psks_.end()) return std::nullopt;
      return at->secret;
    };
  }

  Client& member() { return *members_[below(members_.size())]; }

  void found() {
    members_.push_back(client());
    members_[0]->create();
    const std::size_t others = below(6);
    if (others == 0) return;
    CommitOptions options;
    for (std::size_t i = 0; i < others; ++i) options.proposals.push_back(newcomer());
    options.path = chance(50);
    commit(*members_[0], options, nullptr);
  }

  Proposal newcomer() {
    newcomers_.push_back(client());
    return newcomers_.back()->add();
  }

  Proposal psk() {
    PreSharedKeyId id;
    id.psk_nonce = reader_->env.random_bytes(Suite::get(suite_).hash_size());
    const Group& group = *members_[0]->group;
    // Everybody knows the resumption secrets of the epochs since the last one joined.
    if (joined_at_ && newcomers_.empty() && chance(30)) {
      resuming_ = true;
      id.type = PskType::kResumption;
      id.psk_group_id = group.id();
      id.psk_epoch =
          group.epoch() - below(std::min<std::size_t>(group.epoch() - last_join_ + 1, kKnownEpochs));
      return {Psk{id}};
    }
    id.psk_id = psks_[below(psks_.size())].id;
    return {Psk{id}};
  }

  Proposal extensions() {
    // Never an empty list: ts-mls 1.6.4 takes that for no change (section 12.1.7 has it replace what was
    // there).
    return {GroupContextExtensions{{{kTestExtension, reader_->env.random_bytes(below(20))}}}};
  }

  // Somebody who may go: neither the reader nor the first, nor who is on the way out already.
  std::optional<LeafIndex> leaver(const Client& proposer) {
    if (members_.size() < 3) return std::nullopt;
    const Client& chosen = *members_[1 + below(members_.size() - 1)];
    if (&chosen == &proposer || leaving_.contains(&chosen)) return std::nullopt;
    leaving_.insert(&chosen);
    return chosen.group->own_leaf();
  }

  std::optional<Proposal> something(const Client& proposer) {
    const std::size_t kind = below(10);
    if (kind < 4) {
      if (resuming_ || members_.size() + newcomers_.size() >= kMostMembers) return std::nullopt;
      return newcomer();
    }
    if (kind < 6) {
      if (const auto leaf = leaver(proposer)) return Proposal{Remove{*leaf}};
      return std::nullopt;
    }
    if (kind < 9) return psk();
    if (has_extensions_) return std::nullopt;
    has_extensions_ = true;
    return extensions();
  }

  void everybody(const Client* but, const Message& message) {
    const ProcessOptions options{lookup(), {}};
    for (const auto& one : members_) {
      if (one.get() != but) one->receive(message, options);
    }
    if (joined_at_) reader_->receive(message, options);
  }

  void step(JsonWriter* out) {
    std::vector<Bytes> proposals;
    Client& committer = member();
    has_extensions_ = resuming_ = false;
    leaving_ = {&committer};
    std::set<const Client*> updating{&committer};
    for (std::size_t i = below(4); i != 0; --i) {
      Client& proposer = member();
      const bool open = chance(50);
      std::optional<Message> message;
      if (chance(40)) {
        if (leaving_.contains(&proposer) || !updating.insert(&proposer).second) continue;
        leaving_.insert(&proposer);
        message = proposer.group->propose_update({}, {}, {}, open);
      } else if (auto proposal = something(proposer)) {
        message = proposer.group->propose(std::move(*proposal), to_bytes(view("data")), open);
      }
      if (!message) continue;
      everybody(&proposer, *message);
      proposals.push_back(encode(*message));
    }
    CommitOptions options;
    for (std::size_t i = below(3); i != 0; --i) {
      if (auto proposal = something(committer)) options.proposals.push_back(std::move(*proposal));
    }
    options.path = chance(50);
    options.public_message = chance(50);
    const Message message = commit(committer, options, nullptr);
    if (out == nullptr) return;
    out->begin_object();
    out->key("proposals");
    out->begin_array();
    for (const Bytes& proposal : proposals) out->value(hex_encode(proposal));
    out->end_array();
    out->member("commit", hex_encode(encode(message)));
    out->member("epoch_authenticator", hex_encode(reader_->group->epoch_authenticator()));
    out->end_object();
  }

  Message commit(Client& committer, CommitOptions& options, std::optional<Message>* welcome) {
    options.psks = lookup();
    options.tree_in_welcome = tree_in_welcome_;
    PendingCommit pending = committer.group->commit(options);
    const Message message = pending.commit;
    const std::optional<Message> invitation = pending.welcome;
    everybody(&committer, message);
    committer.group->apply(std::move(pending));
    const NodeVector nodes = committer.group->tree().nodes();
    JoinOptions join;
    join.tree = &nodes;
    join.psks = lookup();
    for (auto& one : newcomers_) {
      one->join(*invitation, join);
      members_.push_back(std::move(one));
    }
    if (!newcomers_.empty()) last_join_ = committer.group->epoch();
    newcomers_.clear();
    std::erase_if(members_, [](const auto& one) { return !one->group->is_active(); });
    if (welcome != nullptr) *welcome = invitation;
    return message;
  }

  void write_keys(JsonWriter& out, const OwnKeyPackage& package) {
    out.member("cipher_suite", suite_);
    out.key("external_psks");
    out.begin_array();
    for (const KnownPsk& known : psks_) {
      out.begin_object();
      out.member("psk_id", hex_encode(known.id));
      out.member("psk", hex_encode(known.secret));
      out.end_object();
    }
    out.end_array();
    out.member("key_package", hex_encode(encode(Message{package.key_package})));
    out.member("signature_priv", hex_encode(package.signature_key));
    out.member("encryption_priv", hex_encode(package.encryption_key));
    out.member("init_priv", hex_encode(package.init_key));
  }

  void welcome(JsonWriter& out) {
    Client& committer = member();
    tree_in_welcome_ = chance(50);
    leaving_ = {&committer};
    has_extensions_ = resuming_ = false;
    CommitOptions options;
    options.proposals = {reader_->add()};
    if (chance(30)) options.proposals.push_back(newcomer());
    if (chance(40)) options.proposals.push_back(psk());
    options.path = chance(50);
    std::optional<Message> invitation;
    commit(committer, options, &invitation);
    const NodeVector nodes = committer.group->tree().nodes();
    JoinOptions join;
    join.tree = &nodes;
    join.psks = lookup();
    reader_->join(*invitation, join);
    joined_at_ = last_join_ = reader_->group->epoch();
    write_keys(out, *reader_->packages.front());
    out.member("welcome", hex_encode(encode(*invitation)));
    if (tree_in_welcome_) {
      out.null_member("ratchet_tree");
    } else {
      out.member("ratchet_tree", hex_encode(encode(nodes)));
    }
    out.member("initial_epoch_authenticator", hex_encode(reader_->group->epoch_authenticator()));
  }

  SuiteId suite_;
  std::mt19937_64 random_;
  std::size_t names_ = 0;
  std::unique_ptr<Client> reader_;
  std::vector<KnownPsk> psks_;
  Clients members_, newcomers_;
  std::set<const Client*> leaving_;
  bool has_extensions_ = false, resuming_ = false;
  Epoch last_join_ = 0;
  bool tree_in_welcome_ = true;
  std::optional<Epoch> joined_at_;
};

}  // namespace

std::string passive_sessions(SuiteId suite, std::uint64_t seed, std::uint64_t sessions) {
  std::string text;
  JsonWriter out(text);
  out.begin_array();
  for (std::uint64_t i = 0; i < sessions; ++i) Session(suite, seed * 1'000'003 + i).run(out);
  out.end_array();
  return text;
}

}  // namespace mychat::mls::testing
