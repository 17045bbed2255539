// MLS groups of 2 to 5,000 members, suite 1, beside the operations of public keys that the protocol cannot
// avoid: what OpenSSL needs for them on one processor is the floor of each line.
//
// "flat": nobody has sent a path yet, so every commit is sealed to each member. "mixed": everybody has.
#include <openssl/evp.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <random>
#include <thread>

#include "bench/report.h"
#include "e2ee/mls/group.h"

namespace {

using namespace mychat;
using namespace mychat::mls;

const AcceptEveryone kEveryone;

void require_ok(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "bench_mls: %s failed\n", what);
  std::exit(1);
}

// Bare OpenSSL, contexts made anew as everybody has to.
class Floor {
 public:
  Floor()
      : signer_(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")),
        peer_(EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519")) {
    require_ok(signer_ != nullptr && peer_ != nullptr, "keygen");
    sign();
  }
  ~Floor() {
    EVP_PKEY_free(signer_);
    EVP_PKEY_free(peer_);
  }
  Floor(const Floor&) = delete;
  Floor& operator=(const Floor&) = delete;

  void sign() {
    EVP_MD_CTX* const context = EVP_MD_CTX_new();
    std::size_t size = sizeof signature_;
    require_ok(EVP_DigestSignInit(context, nullptr, nullptr, nullptr, signer_) == 1 &&
                   EVP_DigestSign(context, signature_, &size, message_, sizeof message_) == 1,
               "sign");
    EVP_MD_CTX_free(context);
  }
  void verify() {
    EVP_MD_CTX* const context = EVP_MD_CTX_new();
    require_ok(EVP_DigestVerifyInit(context, nullptr, nullptr, nullptr, signer_) == 1 &&
                   EVP_DigestVerify(context, signature_, sizeof signature_, message_, sizeof message_) == 1,
               "verify");
    EVP_MD_CTX_free(context);
  }
  static EVP_PKEY* generate() {
    EVP_PKEY* const key = EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519");
    require_ok(key != nullptr, "keygen");
    return key;
  }
  void agree(EVP_PKEY* own) {
    EVP_PKEY_CTX* const context = EVP_PKEY_CTX_new(own, nullptr);
    unsigned char secret[32];
    std::size_t size = sizeof secret;
    require_ok(EVP_PKEY_derive_init(context) == 1 && EVP_PKEY_derive_set_peer(context, peer_) == 1 &&
                   EVP_PKEY_derive(context, secret, &size) == 1,
               "derive");
    EVP_PKEY_CTX_free(context);
  }

  // Microseconds of one of each, from a short run now: the machine may be slower than a minute ago.
  struct Costs {
    double sign = 0, verify = 0, generate = 0, agree = 0;
  };
  Costs measure() {
    constexpr int kTimes = 60;
    Costs out;
    const auto one = [](auto&& work) {
      return bench::seconds([&] {
               for (int i = 0; i < kTimes; ++i) work();
             }) *
             1e6 / kTimes;
    };
    EVP_PKEY* const own = generate();
    out.sign = one([&] { sign(); });
    out.verify = one([&] { verify(); });
    out.generate = one([&] { EVP_PKEY_free(generate()); });
    out.agree = one([&] { agree(own); });
    EVP_PKEY_free(own);
    return out;
  }

 private:
  EVP_PKEY* signer_;
  EVP_PKEY* peer_;
  unsigned char message_[1200] = {};
  unsigned char signature_[64] = {};
};

// How many of which operations something cannot avoid.
struct Needs {
  double sign = 0, verify = 0, generate = 0, seal = 0, open = 0;
  double cost(const Floor::Costs& costs) const {
    return sign * costs.sign + verify * costs.verify + (generate + seal) * costs.generate +
           (seal + open) * costs.agree;
  }
};

std::string label(const char* what, std::size_t members, const char* shape) {
  return "mls_" + std::string(what) + (members == 0 ? "" : "_" + std::to_string(members)) + shape;
}

Floor& bare() {
  static Floor floor;
  return floor;
}

// Times `work` and the floor in turn.
template <class Work>
void measure(const std::string& name, int rounds, const Needs& needs, Work&& work) {
  std::vector<double> ours, floors;
  for (int i = 0; i < rounds; ++i) {
    const Floor::Costs costs = bare().measure();
    floors.push_back(needs.cost(costs));
    ours.push_back(work());
  }
  bench::print_samples(name, "us", ours, floors);
}

template <class Work>
double micros(Work&& work) {
  return bench::seconds(work) * 1e6;
}

Environment environment() {
  Environment out;
  out.authentication = &kEveryone;
  return out;
}

struct Person {
  explicit Person(const std::string& name) : signer(SigningKey::generate(SignatureAlgorithm::kEd25519)) {
    leaf.credential.identity = to_bytes(view(name));
    package = make_key_package(Suite::get(kDefaultSuite), signer, leaf, environment());
  }
  SigningKey signer;
  LeafOptions leaf;
  OwnKeyPackage package;
};

// A group of which we are two members; of the others there is a leaf and, where it is "mixed", a path.
class Scene {
 public:
  Scene(std::size_t members, bool mixed)
      : suite_(Suite::get(kDefaultSuite)), tree_(suite_), alice_("alice"), bob_("bob") {
    const Bytes group_id = to_bytes(view("bench"));
    std::vector<Person> others;
    for (std::size_t i = 0; i + 2 < members; ++i) others.emplace_back("member-" + std::to_string(i));
    if (others.empty()) {
      alice_group.emplace(Group::create(environment(), suite_, alice_.signer, alice_.leaf));
      CommitOptions options;
      options.proposals = {{Add{bob_.package.key_package}}};
      PendingCommit pending = alice_group->commit(options);
      const Message welcome = *pending.welcome;
      alice_group->apply(std::move(pending));
      bob_group.emplace(Group::join(environment(), *welcome.as<Welcome>(), {&bob_.package}));
      return;
    }
    for (const Person& person : others) tree_.add(person.package.key_package.leaf);
    if (mixed) mix(others, group_id);
    tree_.add(alice_.package.key_package.leaf);
    tree_.add(bob_.package.key_package.leaf);
    welcome(others[0], group_id);
    if (!mixed) return;
    exchange(*alice_group, *bob_group);
    exchange(*bob_group, *alice_group);
  }

  static void exchange(Group& from, Group& to) {
    PendingCommit pending = from.commit();
    to.process(pending.commit);
    from.apply(std::move(pending));
  }

  std::optional<Group> alice_group, bob_group;

 private:
  void mix(const std::vector<Person>& others, const Bytes& group_id) {
    std::vector<LeafIndex> order(others.size());
    std::iota(order.begin(), order.end(), 0U);
    std::shuffle(order.begin(), order.end(), std::mt19937(1));
    for (const LeafIndex leaf : order) {
      make_path(tree_, leaf, *tree_.leaf(leaf), others[leaf].signer, group_id, environment());
    }
  }

  // As somebody who is not here would welcome the two.
  void welcome(const Person& signer, const Bytes& group_id) {
    GroupInfo info;
    info.context.suite = suite_.id();
    info.context.group_id = group_id;
    info.context.epoch = 7;
    info.context.tree_hash = to_bytes(tree_.hash());
    info.context.confirmed_transcript_hash = Bytes(suite_.hash_size(), 1);
    info.extensions.push_back({extension::kRatchetTree, encode(tree_.nodes())});
    GroupSecrets secrets;
    secrets.joiner_secret = Secret(suite_.hash_size(), 2);
    const Secret none(suite_.hash_size());
    const EpochSecrets epoch =
        EpochSecrets::derive(suite_, epoch_secret(suite_, secrets.joiner_secret, none, encode(info.context)));
    info.confirmation_tag = suite_.mac(epoch.confirmation_key, info.context.confirmed_transcript_hash);
    Writer content;
    GroupInfo::each_signed(content, info);
    info.signature = suite_.sign_with_label(signer.signer, "GroupInfoTBS", content.secret());
    Welcome out;
    out.suite = suite_.id();
    const Secret welcome = welcome_secret(suite_, secrets.joiner_secret, none);
    out.encrypted_group_info =
        suite_.seal(suite_.expand_with_label(welcome, "key", {}, suite_.key_size()),
                    suite_.expand_with_label(welcome, "nonce", {}, Suite::nonce_size()), {}, encode(info));
    for (const Person* person : {&alice_, &bob_}) {
      const KeyPackage& package = person->package.key_package;
      out.secrets.push_back({suite_.key_package_ref(package),
                             suite_.encrypt_with_label(package.init_key, "Welcome", out.encrypted_group_info,
                                                       encode_secret(secrets))});
    }
    alice_group.emplace(Group::join(environment(), out, {&alice_.package}));
    bob_group.emplace(Group::join(environment(), out, {&bob_.package}));
  }

  const Suite& suite_;
  RatchetTree tree_;
  Person alice_, bob_;
};

std::size_t receivers(const Group& group) {
  std::size_t count = 0;
  for (const auto& step : group.tree().filtered_direct_path(group.own_leaf())) {
    count += group.tree().resolution(step.copath).size();
  }
  return count;
}

// The nodes that `to` derives keys for when `from` sends a path.
double shared_path(const Group& from, const Group& to) {
  double count = 0;
  for (const auto& step : from.tree().filtered_direct_path(from.own_leaf())) {
    count += is_below(to.own_leaf(), step.node) ? 1 : 0;
  }
  return count;
}

void bench_messages(Scene& scene, std::size_t members, const char* shape) {
  const Bytes data(1024, 'x');
  std::vector<double> protect, unprotect, sign, verify;
  constexpr int kTimes = 20;
  for (int round = 0; round < 25; ++round) {
    const Floor::Costs costs = bare().measure();
    sign.push_back(costs.sign);
    verify.push_back(costs.verify);
    std::vector<Message> sent;
    protect.push_back(micros([&] {
                        for (int i = 0; i < kTimes; ++i) sent.push_back({scene.alice_group->protect(data)});
                      }) /
                      kTimes);
    unprotect.push_back(micros([&] {
                          for (const Message& message : sent) scene.bob_group->process(message);
                        }) /
                        kTimes);
  }
  bench::print_samples(label("protect_1k", members, shape), "us", protect, sign);
  bench::print_samples(label("unprotect_1k", members, shape), "us", unprotect, verify);

  scene.bob_group->take_changes();
  scene.bob_group->process({scene.alice_group->protect(data)});
  std::size_t written = 0;
  for (const RecordChange& change : scene.bob_group->take_changes()) {
    written += change.id.size() + (change.content ? change.content->size() : 0);
  }
  std::size_t state = 0;
  Group copy = *scene.bob_group;
  for (const auto& [id, content] : copy.save()) state += id.size() + content.size();
  const auto size = [&](const char* what, std::size_t bytes) {
    bench::print(label(what, members, shape), "bytes", static_cast<double>(bytes), static_cast<double>(bytes),
                 1);
  };
  size("written_a_message", written);
  size("state", state);
  size("tree", encode(scene.alice_group->tree().nodes()).size());
}

void bench_commits(Scene& scene, std::size_t members, const char* shape, int rounds) {
  Group& alice = *scene.alice_group;
  Group& bob = *scene.bob_group;
  const double path = static_cast<double>(alice.tree().filtered_direct_path(alice.own_leaf()).size());
  const double seals = static_cast<double>(receivers(alice));
  const double shared = shared_path(alice, bob);
  // Leaf, commit; and with a Welcome the GroupInfo.
  const Needs commit{2, 0, path + 1, seals, 0};
  const Needs process{0, 2, shared, 0, 1};
  std::vector<double> process_times, process_floors;
  std::size_t commit_size = 0, welcome_size = 0;
  measure(label("update_commit", members, shape), rounds, commit, [&] {
    PendingCommit pending;
    const double time = micros([&] { pending = alice.commit(); });
    commit_size = encode(pending.commit).size();
    return time;
  });
  const Person newcomer("newcomer");
  CommitOptions add;
  add.proposals = {{Add{newcomer.package.key_package}}};
  Needs add_needs = commit;
  add_needs.sign += 1;
  add_needs.verify += 2;
  add_needs.seal += 1;
  PendingCommit added;
  measure(label("add_commit", members, shape), rounds, add_needs,
          [&] { return micros([&] { added = alice.commit(add); }); });
  welcome_size = encode(*added.welcome).size();
  // Who delivers the tree by itself writes, hashes and encrypts none of it here.
  CommitOptions add_alone = add;
  add_alone.tree_in_welcome = false;
  measure(label("add_commit_no_tree", members, shape), rounds, add_needs,
          [&] { return micros([&] { alice.commit(add_alone); }); });
  Needs process_add = process;
  process_add.verify += 2;
  measure(label("process_add", members, shape), rounds, process_add, [&] {
    Group copy = bob;
    return micros([&] { copy.process(added.commit); });
  });
  measure(label("join", members, shape), std::max(3, rounds / 3),
          {0, static_cast<double>(members) + 2, shared, 0, 1}, [&] {
            return micros(
                [&] { Group::join(environment(), *added.welcome->as<Welcome>(), {&newcomer.package}); });
          });
  if (members > 2) {
    CommitOptions remove;
    remove.proposals = {{Remove{0}}};
    measure(label("remove_commit", members, shape), rounds, commit,
            [&] { return micros([&] { alice.commit(remove); }); });
  }
  measure(label("process_update", members, shape), rounds, process, [&] {
    PendingCommit pending = alice.commit();
    Group copy = bob;
    return micros([&] { copy.process(pending.commit); });
  });
  const auto size = [&](const char* what, std::size_t bytes) {
    bench::print(label(what, members, shape), "bytes", static_cast<double>(bytes), static_cast<double>(bytes),
                 1);
  };
  size("commit", commit_size);
  size("welcome", welcome_size);
  bench::print_samples(label("copy", members, shape), "us", [&] {
    std::vector<double> times;
    for (int i = 0; i < 20; ++i) times.push_back(micros([&] { const Group copy = alice; }));
    return times;
  }());
}

void bench_bulk(std::size_t members, int rounds) {
  std::vector<Person> people;
  for (std::size_t i = 0; i < members; ++i) people.emplace_back("member-" + std::to_string(i));
  Group group = Group::create(environment(), Suite::get(kDefaultSuite), people[0].signer, people[0].leaf);
  CommitOptions options;
  for (std::size_t i = 1; i < members; ++i) options.proposals.push_back({Add{people[i].package.key_package}});
  const double added = static_cast<double>(members - 1);
  measure(label("bulk_add", members, ""), rounds, {3, 2 * added, 1, added, 0},
          [&] { return micros([&] { group.commit(options); }); });
}

}  // namespace

// Optional: the sizes of groups to measure.
int main(int argc, char** argv) {
  std::vector<std::size_t> sizes;
  for (int i = 1; i < argc; ++i) sizes.push_back(std::strtoul(argv[i], nullptr, 10));
  if (sizes.empty()) sizes = {2, 10, 100, 1000, 5000};
  const Suite& suite = Suite::get(kDefaultSuite);
  Person person("someone");
  measure("mls_key_package", 30, {2, 0, 2, 0, 0}, [&] {
    return micros([&] { make_key_package(suite, person.signer, person.leaf, environment()); });
  });
  measure("mls_create", 30, {1, 0, 1, 0, 0},
          [&] { return micros([&] { Group::create(environment(), suite, person.signer, person.leaf); }); });
  for (const std::size_t members : sizes) {
    if (members < 2) return 2;
    const int rounds = members >= 1000 ? 7 : 25;
    bench_bulk(members, members >= 1000 ? 2 : 10);
    for (const bool mixed : {false, true}) {
      if (mixed && members == 2) continue;
      Scene scene(members, mixed);
      const char* const shape = mixed ? "_mixed" : "_flat";
      bench_commits(scene, members, shape, rounds);
      bench_messages(scene, members, shape);
    }
  }
}
