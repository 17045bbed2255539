#include "e2ee/mls/secret_tree.h"

#include "base/error.h"

namespace mychat::mls {

namespace {

[[noreturn]] void throw_used() {
  throw Error(MYCHAT_E_REPLAY, MYCHAT_DOMAIN_E2EE,
              "The key of this message was used before or is kept no longer.");
}

const Ratchet& of_kind(const std::pair<Ratchet, Ratchet>& ratchets, RatchetKind kind) {
  return kind == RatchetKind::kHandshake ? ratchets.first : ratchets.second;
}

}  // namespace

SecretTree::SecretTree(const Suite& suite, std::uint32_t leaves, Secret encryption_secret)
    : suite_(&suite), leaves_(leaves) {
  nodes_.emplace(root_of(leaves), std::move(encryption_secret));
  changes_.nodes.push_back(root_of(leaves));
}

SecretTree SecretTree::restore(const Suite& suite, std::uint32_t leaves, Nodes nodes, Ratchets ratchets) {
  SecretTree out;
  out.suite_ = &suite;
  out.leaves_ = leaves;
  out.nodes_ = std::move(nodes);
  out.ratchets_ = std::move(ratchets);
  return out;
}

void SecretTree::mark_all_changed() {
  changes_ = {};
  for (const auto& entry : nodes_) changes_.nodes.push_back(entry.first);
  for (const auto& entry : ratchets_) changes_.ratchets.push_back(entry.first);
}

SecretTree::Found SecretTree::start(LeafIndex leaf) const {
  Found found;
  found.leaf = leaf;
  NodeIndex node = node_of(leaf);
  const NodeIndex root = root_of(leaves_);
  while (!nodes_.contains(node)) {
    // No secret above a leaf without ratchets: it was erased together with them.
    if (node == root) throw_used();
    node = parent_of(node);
  }
  Secret secret = nodes_.at(node);
  const std::size_t size = suite_->hash_size();
  while (node != node_of(leaf)) {
    const NodeIndex left = left_of(node);
    const NodeIndex right = right_of(node);
    const bool goes_left = is_below(leaf, left);
    found.grown.emplace_back(
        goes_left ? right : left,
        suite_->expand_with_label(secret, "tree", view(goes_left ? "right" : "left"), size));
    secret = suite_->expand_with_label(secret, "tree", view(goes_left ? "left" : "right"), size);
    node = goes_left ? left : right;
  }
  auto& [handshake, application] = found.started.emplace();
  handshake.secret = suite_->expand_with_label(secret, "handshake", {}, size);
  application.secret = suite_->expand_with_label(secret, "application", {}, size);
  return found;
}

void SecretTree::pass(Ratchet& ratchet, MessageKey* key) const {
  const std::uint32_t generation = ratchet.generation;
  key->key = suite_->derive_tree_secret(ratchet.secret, "key", generation, suite_->key_size());
  key->nonce = suite_->derive_tree_secret(ratchet.secret, "nonce", generation, Suite::nonce_size());
  ratchet.secret = suite_->derive_tree_secret(ratchet.secret, "secret", generation, suite_->hash_size());
  ++ratchet.generation;
}

SecretTree::Found SecretTree::find(LeafIndex leaf, RatchetKind kind, std::uint32_t generation,
                                   const RatchetLimits& limits) const {
  if (leaf >= leaves_) throw_malformed("The sender is no leaf of the tree.");
  const auto at = ratchets_.find(leaf);
  Found found;
  if (at == ratchets_.end()) found = start(leaf);
  const Ratchet& now = of_kind(at == ratchets_.end() ? *found.started : at->second, kind);
  found.leaf = leaf;
  found.kind = kind;
  found.generation = generation;
  if (generation < now.generation) {
    const auto kept = now.kept.find(generation);
    if (kept == now.kept.end()) throw_used();
    found.key = kept->second;
    return found;
  }
  // The last generation would have no successor.
  if (generation - now.generation > limits.most_ahead || generation == 0xffffffffU) {
    throw Error(MYCHAT_E_TOO_LARGE, MYCHAT_DOMAIN_E2EE,
                "The message is too far ahead of the last one of its sender.");
  }
  Ratchet& ahead = found.ahead.emplace();
  ahead.secret = now.secret;
  ahead.generation = now.generation;
  while (ahead.generation < generation) {
    const std::uint32_t passed = ahead.generation;
    pass(ahead, &ahead.kept[passed]);
  }
  pass(ahead, &found.key);
  return found;
}

SecretTree::Found SecretTree::next(LeafIndex leaf, RatchetKind kind) const {
  const auto at = ratchets_.find(leaf);
  const std::uint32_t generation = at == ratchets_.end() ? 0 : of_kind(at->second, kind).generation;
  return find(leaf, kind, generation, {});
}

void SecretTree::accept(Found&& found, const RatchetLimits& limits) {
  // What needs memory comes first: nothing changes when there is none.
  Nodes grown;
  Ratchets started;
  std::vector<NodeIndex> changed;
  if (found.started) {
    for (NodeIndex node = node_of(found.leaf);; node = parent_of(node)) {
      if (nodes_.contains(node)) changed.push_back(node);
      if (node == root_of(leaves_)) break;
    }
    for (auto& [node, secret] : found.grown) {
      grown.insert_or_assign(node, std::move(secret));
      changed.push_back(node);
    }
    started.insert_or_assign(found.leaf, std::move(*found.started));
  }
  changes_.nodes.reserve(changes_.nodes.size() + changed.size());
  changes_.ratchets.push_back(found.leaf);
  for (const NodeIndex node : changed) {
    nodes_.erase(node);
    changes_.nodes.push_back(node);
  }
  nodes_.merge(grown);
  ratchets_.merge(started);

  auto& ratchets = ratchets_.at(found.leaf);
  Ratchet& ratchet = found.kind == RatchetKind::kHandshake ? ratchets.first : ratchets.second;
  if (found.ahead) {
    ratchet.secret = std::move(found.ahead->secret);
    ratchet.generation = found.ahead->generation;
    ratchet.kept.merge(found.ahead->kept);
    while (ratchet.kept.size() > limits.most_kept) ratchet.kept.erase(ratchet.kept.begin());
  } else {
    ratchet.kept.erase(found.generation);
  }
}

}  // namespace mychat::mls
