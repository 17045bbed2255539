// Paths: those of the vectors are processed by every member, and so are new ones.
#include <algorithm>
#include <map>
#include <string>

#include "e2ee/mls/treekem.h"
#include "e2ee/mls/validate.h"
#include "vectors.h"

namespace mychat::mls::vectors {

namespace {

// What a member has for itself.
struct Member {
  PrivateKeys keys;
  Secret signature_key;
};

class TreeKem {
 public:
  explicit TreeKem(JsonView in)
      : suite_(suite_of(in)),
        tree_(RatchetTree::from_nodes(
            suite_, decode_exactly<NodeVector>(bytes(in, "ratchet_tree"), "ratchet_tree"))) {
    context_.suite = suite_.id();
    context_.group_id = bytes(in, "group_id");
    context_.epoch = static_cast<Epoch>(in.integer("epoch"));
    context_.confirmed_transcript_hash = bytes(in, "confirmed_transcript_hash");
    within("ratchet_tree", [&] { check_public_tree(); });
    for (const JsonView entry : in.array("leaves_private")) {
      within(entry.path(), [&] { add_member(entry); });
    }
  }

  LeafIndex sender_of(JsonView in) const {
    const LeafIndex sender = number(in, "sender");
    expect(tree_.leaf(sender) != nullptr, "the sender is no member");
    return sender;
  }

  void check_path(JsonView in) {
    const LeafIndex sender = sender_of(in);
    const auto path = decode_exactly<UpdatePath>(bytes(in, "update_path"), "update_path");
    RatchetTree after = merge(path, sender);
    expect_equal(after.hash(), bytes(in, "tree_hash_after"), "tree_hash_after");
    const Bytes context = context_of(after);
    const JsonView array = in.array("path_secrets");
    const std::vector<JsonView> secrets(array.begin(), array.end());
    for (LeafIndex leaf = 0; leaf < secrets.size(); ++leaf) {
      const bool receives = leaf != sender && tree_.leaf(leaf) != nullptr;
      expect(receives == !secrets[leaf].is_null(), "path_secrets has an entry too many or too few");
    }
    const Bytes commit_secret = bytes(in, "commit_secret");
    each_receiver(sender, [&](LeafIndex leaf, const Member& member) {
      expect(leaf < secrets.size(), "path_secrets has no entry");
      expect_equal(path_secret(after, sender, path, context, leaf, member), bytes_of(secrets[leaf]),
                   "path_secret");
      PrivateKeys keys = member.keys;
      expect_equal(open_path(after, leaf, sender, path, context, {}, keys), commit_secret, "commit_secret");
      check_keys(after, keys);
    });
  }

  // A path that is made here from the tree as it was before.
  void check_new_path(LeafIndex sender) {
    const auto own = members_.find(sender);
    expect(own != members_.end(), "the sender has no private state");
    const SigningKey signer = SigningKey::from_bytes(suite_.signature(), own->second.signature_key);
    expect_equal(signer.public_key(), tree_.leaf(sender)->signature_key, "the public key of signature_priv");
    RatchetTree after = tree_;
    const NewPath made =
        make_path(after, sender, *tree_.leaf(sender), signer, context_.group_id, environment());
    check_keys(after, made.keys);
    const Bytes context = context_of(after);
    const UpdatePath path = decode_exactly<UpdatePath>(
        encode(seal_path(after, sender, made, context, {}, environment())), "a new UpdatePath");
    RatchetTree merged = merge(path, sender);
    expect_equal(merged.hash(), after.hash(), "the tree with the new path");
    each_receiver(sender, [&](LeafIndex leaf, const Member& member) {
      const Secret* const known = made.secret_for(leaf);
      expect(known != nullptr, "the sender has no path secret for the leaf");
      expect_equal(path_secret(merged, sender, path, context, leaf, member), *known, "path_secret");
      PrivateKeys keys = member.keys;
      expect_equal(open_path(merged, leaf, sender, path, context, {}, keys), made.commit_secret,
                   "commit_secret");
      check_keys(merged, keys);
    });
  }

 private:
  // Not as in a Welcome: leaves of these trees do not always list the suite that they are of.
  void check_public_tree() {
    for (NodeIndex node = 1; node < node_count(tree_.leaves()); node += 2) {
      if (tree_.parent(node) == nullptr) continue;
      for (const LeafIndex leaf : tree_.parent(node)->unmerged_leaves) {
        expect(is_below(leaf, node) && tree_.leaf(leaf) != nullptr, "an unmerged leaf is not below its node");
      }
    }
    expect(tree_.parent_hashes_hold(), "the parent hashes do not hold");
    tree_.each_member([&](LeafIndex index, const LeafNode& leaf) {
      expect(verify_leaf_signature(leaf, suite_, context_.group_id, index),
             "the signature of leaf " + std::to_string(index) + " does not verify");
    });
  }
  void check_key(const RatchetTree& tree, NodeIndex node, ByteView key) const {
    expect(!tree.is_blank(node), "node " + std::to_string(node) + " is blank");
    expect_equal(hpke_public_key(suite_.hpke().kem, key), tree.key_of(node),
                 "the public key of node " + std::to_string(node));
  }
  // Of the nodes that a member has keys of and that are not blank now.
  void check_keys(const RatchetTree& tree, const PrivateKeys& keys) const {
    for (const auto& [node, key] : keys) {
      if (!tree.is_blank(node)) check_key(tree, node, key);
    }
  }

  void add_member(JsonView in) {
    Member member;
    const LeafIndex leaf = number(in, "index");
    expect(tree_.leaf(leaf) != nullptr, "the leaf is blank");
    expect(!members_.contains(leaf), "the leaf is there twice");
    member.signature_key = secret(in, "signature_priv");
    member.keys.emplace(node_of(leaf), secret(in, "encryption_priv"));
    for (const JsonView entry : in.array("path_secrets")) {
      const NodeIndex node = number(entry, "node");
      expect(!is_leaf(node) && node < node_count(tree_.leaves()) && is_below(leaf, node),
             "a node is not above the leaf");
      const Secret node_secret = suite_.derive_secret(bytes(entry, "path_secret"), "node");
      member.keys.emplace(node, hpke_derive_key_pair(suite_.hpke().kem, node_secret).private_key);
    }
    for (const auto& [node, key] : member.keys) check_key(tree_, node, key);
    members_.emplace(leaf, std::move(member));
  }

  RatchetTree merge(const UpdatePath& path, LeafIndex sender) const {
    RatchetTree after = tree_;
    apply_path(after, sender, path, {});
    expect(after.parent_hashes_hold(), "the parent hashes do not hold with the path");
    expect(verify_leaf_signature(path.leaf, suite_, context_.group_id, sender),
           "the signature of the path's leaf does not verify");
    return after;
  }

  Bytes context_of(RatchetTree& after) const {
    GroupContext context = context_;
    context.tree_hash = to_bytes(after.hash());
    return encode(context);
  }

  // The secret that is sealed to the member, which the engine uses at once and does not give away.
  Secret path_secret(const RatchetTree& after, LeafIndex sender, const UpdatePath& path, ByteView context,
                     LeafIndex leaf, const Member& member) const {
    const auto steps = after.filtered_direct_path(sender);
    for (std::size_t i = 0; i < steps.size(); ++i) {
      if (!is_below(leaf, steps[i].node)) continue;
      const auto nodes = after.resolution(steps[i].copath);
      for (std::size_t j = 0; j < nodes.size(); ++j) {
        const auto key = member.keys.find(nodes[j]);
        if (key == member.keys.end()) continue;
        return suite_.decrypt_with_label(key->second, "UpdatePathNode", context,
                                         path.nodes.at(i).encrypted_path_secrets.at(j));
      }
    }
    fail("the path holds nothing for the leaf");
  }

  template <class Visit>
  void each_receiver(LeafIndex sender, Visit&& visit) const {
    tree_.each_member([&](LeafIndex leaf, const LeafNode&) {
      if (leaf == sender) return;
      within("leaf " + std::to_string(leaf), [&] {
        const auto member = members_.find(leaf);
        expect(member != members_.end(), "the member has no private state");
        visit(leaf, member->second);
      });
    });
  }

  const Suite& suite_;
  RatchetTree tree_;
  GroupContext context_;
  std::map<LeafIndex, Member> members_;
};

}  // namespace

void check_treekem(JsonView vector) {
  TreeKem all(vector);
  for (const JsonView path : vector.array("update_paths")) {
    within(path.path(), [&] {
      all.check_path(path);
      within("a new path", [&] { all.check_new_path(all.sender_of(path)); });
    });
  }
}

}  // namespace mychat::mls::vectors
