// Joining: GroupInfo and GroupSecrets that the fuzzer edited, sealed and signed by a member of the group; and
// the same from outside.
#include <cstddef>
#include <cstdint>

#include "mls_insider.h"

namespace {

using namespace mychat;
using namespace mychat::mls;
using namespace mychat::mls::fuzz;

struct SetUp {
  Client newcomer{"newcomer@example.org", kDefaultSuite, fixed_environment()};
  std::vector<const OwnKeyPackage*> packages;
  Bytes welcome, info, secrets, context;
  Bytes external_info;

  SetUp() {
    Group alice = *the_group()[0]->group;
    CommitOptions options;
    options.proposals = {newcomer.add()};
    PendingCommit pending = alice.commit(options);
    packages = {newcomer.packages[0].get()};
    const Welcome& message = *pending.welcome->as<Welcome>();
    welcome = encode(message);
    const Suite& suite = alice.suite();
    secrets = to_bytes(view(suite.decrypt_with_label(
        packages[0]->init_key, "Welcome", message.encrypted_group_info, message.secrets[0].secrets)));
    info = encode(pending.next->group_info(true, false));
    external_info = encode(alice.group_info(true, true));
  }
};

PskLookup known_psk() {
  return [](const PreSharedKeyId& id) -> std::optional<Secret> {
    if (id.psk_id.size() > 8) return std::nullopt;
    return Secret(32);
  };
}

// Who knows a leaf's key signs it again; the tree's hash and the signature are made to fit.
void make_fit(GroupInfo& info, std::uint8_t how) {
  auto& clients = the_group();
  const Suite& suite = Suite::get(kDefaultSuite);
  const auto signer_of = [&](const Bytes& key) -> const SigningKey* {
    for (const auto& client : clients) {
      if (client->signer.public_key() == key) return &client->signer;
    }
    return nullptr;
  };
  for (Extension& entry : info.extensions) {
    if (entry.type != extension::kRatchetTree || (how & 1U) == 0) continue;
    auto nodes = decode<NodeVector>(entry.data);
    for (std::size_t i = 0; i < nodes.size(); i += 2) {
      if (!nodes[i] || !nodes[i]->leaf || (how & 2U) == 0) continue;
      LeafNode leaf = *nodes[i]->leaf;
      if (const SigningKey* const signer = signer_of(leaf.signature_key)) {
        sign_leaf(leaf, suite, *signer, info.context.group_id, static_cast<LeafIndex>(i / 2));
        nodes[i]->leaf = std::make_shared<LeafNode>(std::move(leaf));
      }
    }
    entry.data = encode(nodes);
    RatchetTree tree = RatchetTree::from_nodes(suite, nodes);
    info.context.tree_hash = to_bytes(tree.hash());
    if (const LeafNode* const leaf = tree.leaf(info.signer)) {
      if (const SigningKey* const signer = signer_of(leaf->signature_key)) {
        Writer content;
        GroupInfo::each_signed(content, info);
        info.signature = suite.sign_with_label(*signer, "GroupInfoTBS", content.secret());
        return;
      }
    }
  }
  Writer content;
  GroupInfo::each_signed(content, info);
  info.signature = suite.sign_with_label(clients[0]->signer, "GroupInfoTBS", content.secret());
}

void use(Group group) {
  const Records records = group.save();
  Group again = Group::load(fixed_environment(), records);
  check(again.save() == records);
  group.protect(view("hello"));
  group.propose_update();
  const PendingCommit pending = group.commit();
  group.apply(PendingCommit(pending));
}

void join(Choices& choices) {
  static SetUp set_up;
  const Suite& suite = Suite::get(kDefaultSuite);
  const Environment env = fixed_environment();
  const std::uint8_t how = choices.octet();
  JoinOptions options;
  options.psks = known_psk();
  if (how % 4 == 0) {
    use(Group::join(env, decode<Welcome>(edited(set_up.welcome, choices)), set_up.packages, options));
    return;
  }
  if (how % 4 == 1) {
    auto info = decode<GroupInfo>(edited(set_up.external_info, choices));
    make_fit(info, static_cast<std::uint8_t>(how >> 2U));
    const auto& client = set_up.newcomer;
    ExternalJoinOptions external;
    external.psks = known_psk();
    if ((how & 32U) != 0) external.replaces = choices.octet() % 8;
    PendingCommit pending = Group::join_external(env, info, client.signer, client.leaf, external);
    use(std::move(*pending.next));
    return;
  }
  const Bytes plain = edited(set_up.secrets, choices, 3);
  GroupSecrets secrets;
  try {
    secrets = decode<GroupSecrets>(plain);
  } catch (const Error&) {
  }
  auto info = decode<GroupInfo>(edited(set_up.info, choices));
  const auto fit = static_cast<std::uint8_t>(how >> 2U);
  std::vector<PskInput> psks;
  for (const PreSharedKeyId& id : secrets.psks) {
    const auto secret = known_psk()(id);
    psks.push_back({id, secret ? *secret : Secret()});
  }
  const Secret psk = psk_secret(suite, psks);
  make_fit(info, fit);
  if ((fit & 4U) != 0) {
    const auto epoch =
        EpochSecrets::derive(suite, epoch_secret(suite, secrets.joiner_secret, psk, encode(info.context)));
    info.confirmation_tag = suite.mac(epoch.confirmation_key, info.context.confirmed_transcript_hash);
    make_fit(info, fit);
  }
  const Secret key = welcome_secret(suite, secrets.joiner_secret, psk);
  Welcome welcome;
  welcome.suite = suite.id();
  welcome.encrypted_group_info =
      suite.seal(suite.expand_with_label(key, "key", {}, suite.key_size()),
                 suite.expand_with_label(key, "nonce", {}, Suite::nonce_size()), {}, encode(info));
  const KeyPackage& package = set_up.packages[0]->key_package;
  welcome.secrets.push_back(
      {suite.key_package_ref(package),
       suite.encrypt_with_label(package.init_key, "Welcome", welcome.encrypted_group_info, plain)});
  use(Group::join(env, welcome, set_up.packages, options));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Choices choices({data, size});
  return guard([&] {
    random_state() = 11;
    join(choices);
  });
}
