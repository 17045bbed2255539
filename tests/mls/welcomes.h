// Welcomes and GroupInfos as a malicious inviter makes them.
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "forge.h"

namespace mychat::mls::testing {

// A Welcome, opened with the key of whom it is for, so that a malicious inviter may change what it holds.
struct OpenWelcome {
  Welcome welcome;
  GroupSecrets secrets;
  GroupInfo info;
};

class WelcomeRules : public ::testing::Test {
 protected:
  WelcomeRules() { invite({}); }

  // The newcomer into a group of four, of which one place was blank.
  void invite(CommitOptions options) {
    if (clients.size() == 5) deliver(clients, *clients[0], clients[0]->group->commit(openly({{Remove{3}}})));
    options.proposals.insert(options.proposals.begin(), newcomer.add());
    PendingCommit pending = clients[0]->group->commit(options);
    open = unseal(*pending.welcome, options.psks);
    deliver(clients, *clients[0], std::move(pending));
  }
  OpenWelcome unseal(const Message& message, const PskLookup& psks = {}) {
    OpenWelcome out;
    out.welcome = *message.as<Welcome>();
    const OwnKeyPackage& own = *newcomer.packages.back();
    out.secrets = decode<GroupSecrets>(suite.decrypt_with_label(
        own.init_key, "Welcome", out.welcome.encrypted_group_info, out.welcome.secrets.at(0).secrets));
    const auto [key, nonce] = info_key(out.secrets, psks);
    out.info = decode<GroupInfo>(suite.open(key, nonce, {}, out.welcome.encrypted_group_info));
    return out;
  }
  std::pair<Secret, Secret> info_key(const GroupSecrets& secrets, const PskLookup& psks = {}) {
    std::vector<PskInput> inputs;
    for (const PreSharedKeyId& id : secrets.psks) {
      const auto known = psks ? psks(id) : std::optional<Secret>();
      inputs.push_back({id, known ? *known : Secret()});
    }
    const Secret secret = welcome_secret(suite, secrets.joiner_secret, psk_secret(suite, inputs));
    return {suite.expand_with_label(secret, "key", {}, suite.key_size()),
            suite.expand_with_label(secret, "nonce", {}, Suite::nonce_size())};
  }
  Message reseal(const OpenWelcome& from, const PskLookup& psks = {}, bool sign = true) {
    OpenWelcome it = from;
    if (sign) sign_info(it.info, *clients[0]);
    const auto [key, nonce] = info_key(it.secrets, psks);
    it.welcome.encrypted_group_info = suite.seal(key, nonce, {}, encode(it.info));
    it.welcome.secrets[0].secrets =
        suite.encrypt_with_label(newcomer.packages.back()->key_package.init_key, "Welcome",
                                 it.welcome.encrypted_group_info, encode(it.secrets));
    return {it.welcome};
  }
  void refuse(const Message& welcome, Rule rule, const JoinOptions& options = {}) {
    EXPECT_RULE(newcomer.join(Client::travel(welcome), options), rule);
    EXPECT_FALSE(newcomer.group.has_value());
  }
  template <class Change>
  void refuse_info(Change&& change, Rule rule) {
    OpenWelcome changed = open;
    change(changed.info);
    refuse(reseal(changed), rule);
    // The same for who would join by it from outside.
    if (find_extension(changed.info.extensions, extension::kExternalPub) == nullptr) return;
    sign_info(changed.info, *clients[0]);
    Client outsider("outsider@example.org");
    EXPECT_RULE(Group::join_external(outsider.env, changed.info, outsider.signer, outsider.leaf), rule);
  }
  // Another tree, whose hash the GroupInfo names.
  template <class Change>
  void refuse_tree(Change&& change, Rule rule) {
    refuse_info(
        [&](GroupInfo& info) {
          NodeVector nodes = clients[0]->group->tree().nodes();
          change(nodes);
          info.context.tree_hash = to_bytes(RatchetTree::from_nodes(suite, nodes).hash());
          put_tree(info, encode(nodes));
        },
        rule);
  }
  static void put_tree(GroupInfo& info, Bytes data) {
    for (Extension& entry : info.extensions) {
      if (entry.type == extension::kRatchetTree) entry.data = std::move(data);
    }
  }
  template <class Change>
  static void change_parent(NodeVector& nodes, NodeIndex node, Change&& change) {
    ParentNode parent = *nodes.at(node)->parent;
    change(parent);
    nodes[node]->parent = std::make_shared<ParentNode>(std::move(parent));
  }
  template <class Change>
  static void change_leaf(NodeVector& nodes, LeafIndex leaf, Change&& change) {
    LeafNode changed = *nodes.at(node_of(leaf))->leaf;
    change(changed);
    nodes[node_of(leaf)]->leaf = std::make_shared<LeafNode>(std::move(changed));
  }

  Client newcomer{"newcomer@example.org"};
  const Suite& suite = *newcomer.suite;
  Clients clients = make_room(5);
  OpenWelcome open;
};

}  // namespace mychat::mls::testing
