// A model of groups whose members and delivery service do what they do in life: messages come late, twice, in
// another order or never; commits compete and one wins; members are stored, loaded, forked, removed and come
// back. What each step must give is predicted by the model; Failure says where a group did something else.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <unordered_set>
#include <vector>

#include "clients.h"

namespace mychat::mls::testing {

struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(engine_() % bound); }
  std::size_t between(std::size_t from, std::size_t to) { return from + below(to - from + 1); }
  bool chance(std::size_t percent) { return below(100) < percent; }
  template <class List>
  auto& any(List& list) {
    return list[below(list.size())];
  }
  void fill(MutableBytes out) {
    for (auto& octet : out) octet = static_cast<std::uint8_t>(engine_());
  }

 private:
  std::mt19937_64 engine_;
};

struct Member;

// A message on its way, with what the model knows of it.
struct Wire {
  enum class Kind { kApplication, kProposal, kCommit };
  Kind kind = Kind::kApplication;
  Bytes bytes;
  Epoch epoch = 0;
  const Member* sender = nullptr;  // Null: from outside of the group.
  LeafIndex leaf = 0;
  bool sealed = false;  // A PrivateMessage, of this generation.
  std::uint32_t generation = 0;
  std::string text;
  Bytes reference;                // Of a proposal.
  std::vector<Bytes> references;  // Of a commit.
  bool external_psk = false;
  bool external = false;  // A commit from outside.
};
using WirePtr = std::shared_ptr<const Wire>;

// What a receiver's ratchet of one sender and kind should be.
struct Heard {
  std::uint32_t next = 0;
  std::set<std::uint32_t> kept;
};

enum class State { kOutside, kInvited, kMember, kRemoved, kForked, kStuck };

struct Member {
  Member(std::string called, const Suite& suite, Environment in)
      : name(std::move(called)), env(std::move(in)), signer(SigningKey::generate(suite.signature())) {
    leaf.credential.identity = to_bytes(view(name));
    leaf.more_extensions = {0xf001};
    leaf.self_remove = true;
  }
  std::string name;
  Environment env;
  SigningKey signer;
  LeafOptions leaf;
  std::vector<std::unique_ptr<OwnKeyPackage>> packages;
  State state = State::kOutside;
  bool asleep = false;  // Invited, and in no hurry to join.
  std::optional<Group> group;
  Records records;
  Epoch joined = 0;  // The first epoch of this membership.
  Epoch forked = 0;  // kForked: the first epoch that only this branch has.
  std::shared_ptr<const Bytes> welcome;
  std::optional<PendingCommit> pending;
  WirePtr pending_wire;
  bool pending_external = false;
  std::vector<WirePtr> inbox;
  std::map<std::tuple<Epoch, LeafIndex, RatchetKind>, Heard> heard;
};

// Keys of messages that were ever sent, of all groups.
struct UsedKeys {
  std::unordered_set<std::string> places;  // Epoch authenticator, leaf, kind, generation.
  std::unordered_set<std::string> keys;    // Key and nonce before the reuse guard.
};

struct Counts {
  std::uint64_t operations = 0, commits = 0, proposals = 0, applications = 0, processed = 0, refused = 0,
                joins = 0, external_joins = 0, forks = 0, loads = 0, keys = 0, groups = 0, largest = 0;
};

class World {
 public:
  World(Dice& dice, UsedKeys& used, Counts& counts, std::size_t most_members);

  void step();
  // No way on: everybody was removed or is lost.
  bool is_over() const { return over_; }
  // A message of another group.
  void receive_foreign(const WirePtr& wire);
  WirePtr some_wire();
  std::string description() const;

 private:
  struct Truth {
    Secret authenticator, exported, resumption;
    Bytes tree_hash, tree_bytes;
    std::uint32_t members = 0;
  };
  struct Ordered {
    WirePtr commit;
    std::vector<WirePtr> proposals;
  };
  struct Candidate {
    Member* member = nullptr;
    WirePtr wire;
    std::shared_ptr<const Bytes> welcome;
    std::vector<Bytes> added;  // Signature keys of those whom the welcome is for.
    bool reinit = false;
  };
  struct Want {
    bool success = true;
    mychat_status status = MYCHAT_OK;
    int detail = 0;
  };

  void expect(bool holds, const std::string& what) const;
  void count() { ++counts_.operations; }
  std::vector<Member*> where(State state, bool head_only = false);
  Member* some_live();
  Member* some_at_head();
  std::set<std::string> keys_in(const Group& group) const;
  PskLookup lookup(bool lacking) const;

  void found();
  void enter(Member& member, Group group);
  void check_truth(Member& member);

  // What goes out.
  std::optional<MessageKey> upcoming(Member& member, RatchetKind kind);
  void note_key(Member& member, const Message& message, const std::optional<MessageKey>& key, Wire& wire);
  ByteView sender_data(Member& member);
  void say(Member& member);
  void propose(Member& member);
  void propose_from_outside();
  void commit(Member& member);
  void commit_many(Member& member, std::size_t added);
  void submit(Member& member, PendingCommit pending, Wire wire, bool external);
  Proposal add_of(Member& client);
  std::vector<Proposal> some_proposals(Member& member);
  Proposal psk_proposal(Member& member);
  void broadcast(const WirePtr& wire, std::size_t loss);
  void order();

  // What comes in.
  Want predict(const Member& member, const Wire& wire, bool lacking) const;
  void note_heard(Member& member, const Wire& wire);
  template <class Work>
  std::optional<Error> attempt(Member& member, Work&& work);
  bool receive(Member& member, const WirePtr& wire);
  bool receive_forked(Member& member, const Wire& wire);
  void accept_own(Member& member);
  void take(Member& member, const Wire& wire, const Received& received);
  void fetch_proposals(Member& member, const WirePtr& commit);
  void deliver();
  void catch_up(Member& member);
  void damage();

  void store(Member& member);
  void load(Member& member);
  void join(Member& member);
  void join_external();
  void fork();
  void branch();
  void reinitialise();

  Dice& dice_;
  UsedKeys& used_;
  Counts& counts_;
  FixedClock clock_;
  Environment env_;
  const Suite* suite_ = nullptr;
  SigningKey outsider_;
  std::size_t target_ = 1, most_live_ = 0, loss_ = 0;
  Bytes id_;
  Epoch head_ = 0;
  bool over_ = false, ended_ = false;
  std::vector<std::unique_ptr<Member>> members_;
  std::vector<Ordered> log_;  // By the epoch that the commit ends.
  std::map<Epoch, Truth> truth_;
  std::vector<Candidate> candidates_, losers_;
  std::vector<WirePtr> recent_, proposals_;    // proposals_: of the head's epoch.
  std::map<std::string, Secret> sender_data_;  // By epoch authenticator.
};

}  // namespace mychat::mls::testing
