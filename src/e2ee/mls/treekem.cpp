#include "e2ee/mls/treekem.h"

#include <algorithm>
#include <utility>

#include "e2ee/mls/parallel.h"
#include "e2ee/mls/rules.h"

namespace mychat::mls {

namespace {

using PathStep = RatchetTree::PathStep;

constexpr std::string_view kPathLabel = "UpdatePathNode";

HpkeKeyPair key_pair_of(const Suite& suite, ByteView path_secret) {
  return hpke_derive_key_pair(suite.hpke().kem, suite.derive_secret(path_secret, "node"));
}

// To whom the secret of a step is sealed.
std::vector<NodeIndex> receivers(const RatchetTree& tree, NodeIndex copath,
                                 const std::set<LeafIndex>& added) {
  std::vector<NodeIndex> nodes = tree.resolution(copath);
  if (!added.empty()) {
    std::erase_if(nodes, [&](NodeIndex node) { return is_leaf(node) && added.contains(leaf_of(node)); });
  }
  return nodes;
}

// Parent hashes from the top down; gives the leaf's.
Bytes set_path_keys(RatchetTree& tree, const std::vector<PathStep>& steps, std::vector<Bytes> keys) {
  Bytes above;
  for (std::size_t i = steps.size(); i-- > 0;) {
    tree.set_parent(steps[i].node, {std::move(keys[i]), std::move(above), {}});
    above = tree.parent_hash(steps[i].node, steps[i].copath);
  }
  return above;
}

}  // namespace

const Secret* NewPath::secret_for(LeafIndex leaf) const noexcept {
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (is_below(leaf, steps[i].node)) return &secrets[i];
  }
  return nullptr;
}

Bytes leaf_to_sign(const LeafNode& leaf, const Bytes& group_id, LeafIndex index) {
  Writer writer;
  LeafNode::each_signed(writer, leaf);
  if (leaf.source != LeafSource::kKeyPackage) writer(group_id, index);
  return writer.bytes();
}

void sign_leaf(LeafNode& leaf, const Suite& suite, const SigningKey& signer, const Bytes& group_id,
               LeafIndex index) {
  leaf.signature = suite.sign_with_label(signer, "LeafNodeTBS", leaf_to_sign(leaf, group_id, index));
}

NewPath make_path(RatchetTree& tree, LeafIndex self, LeafNode leaf, const SigningKey& signer,
                  const Bytes& group_id, const Environment& environment) {
  const Suite& suite = tree.suite();
  NewPath path;
  tree.blank_direct_path(self);
  path.steps = tree.filtered_direct_path(self);
  Secret secret = environment.random_secret(suite.hash_size());
  std::vector<Bytes> public_keys;
  for (const PathStep& step : path.steps) {
    HpkeKeyPair pair = key_pair_of(suite, secret);
    path.keys.emplace(step.node, std::move(pair.private_key));
    public_keys.push_back(std::move(pair.public_key));
    path.secrets.push_back(secret);
    secret = suite.derive_secret(secret, "path");
  }
  path.commit_secret = std::move(secret);
  HpkeKeyPair own = environment.key_pair(suite);
  path.keys.emplace(node_of(self), std::move(own.private_key));
  leaf.encryption_key = std::move(own.public_key);
  leaf.source = LeafSource::kCommit;
  leaf.lifetime = {};
  leaf.parent_hash = set_path_keys(tree, path.steps, std::move(public_keys));
  sign_leaf(leaf, suite, signer, group_id, self);
  tree.set_leaf(self, std::move(leaf));
  return path;
}

UpdatePath seal_path(const RatchetTree& tree, LeafIndex self, const NewPath& path, ByteView group_context,
                     const std::set<LeafIndex>& added, const Environment& environment) {
  struct Job {
    NodeIndex receiver;
    const Secret* secret;
    HpkeCiphertext* out;
  };
  UpdatePath out;
  out.leaf = *tree.leaf(self);
  out.nodes.resize(path.steps.size());
  std::vector<Job> jobs;
  for (std::size_t i = 0; i < path.steps.size(); ++i) {
    UpdatePathNode& node = out.nodes[i];
    node.encryption_key = tree.key_of(path.steps[i].node);
    const auto nodes = receivers(tree, path.steps[i].copath, added);
    node.encrypted_path_secrets.resize(nodes.size());
    for (std::size_t j = 0; j < nodes.size(); ++j) {
      jobs.push_back({nodes[j], &path.secrets[i], &node.encrypted_path_secrets[j]});
    }
  }
  const Suite& suite = tree.suite();
  const HpkeInfo info = suite.encryption_info(kPathLabel, group_context);
  const std::vector<Secret> ephemerals = environment.ephemerals(suite, jobs.size());
  for_each_parallel(jobs.size(), [&](std::size_t i) {
    const Job& job = jobs[i];
    *job.out = suite.encrypt(tree.key_of(job.receiver), info, *job.secret, ephemerals[i]);
  });
  return out;
}

void apply_path(RatchetTree& tree, LeafIndex sender, const UpdatePath& path,
                const std::set<LeafIndex>& added) {
  tree.blank_direct_path(sender);
  const auto steps = tree.filtered_direct_path(sender);
  require(steps.size() == path.nodes.size(), Rule::kCommitPathLength);
  std::vector<Bytes> keys;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    require(receivers(tree, steps[i].copath, added).size() == path.nodes[i].encrypted_path_secrets.size(),
            Rule::kCommitPathCiphertexts);
    require(is_hpke_public_key(tree.suite().hpke().kem, path.nodes[i].encryption_key), Rule::kCommitPathKeys);
    keys.push_back(path.nodes[i].encryption_key);
  }
  require(set_path_keys(tree, steps, std::move(keys)) == path.leaf.parent_hash, Rule::kCommitPathParentHash);
  tree.set_leaf(sender, path.leaf);
}

std::optional<Secret> implant_path_secret(const RatchetTree& tree, LeafIndex self, LeafIndex sender,
                                          Secret path_secret, PrivateKeys& keys) {
  const Suite& suite = tree.suite();
  if (path_secret.size() != suite.hash_size()) return std::nullopt;
  bool any = false;
  for (const PathStep& step : tree.filtered_direct_path(sender)) {
    if (!is_below(self, step.node)) continue;
    const ParentNode* const node = tree.parent(step.node);
    if (node == nullptr) return std::nullopt;
    HpkeKeyPair pair = key_pair_of(suite, path_secret);
    if (pair.public_key != node->encryption_key) return std::nullopt;
    keys.insert_or_assign(step.node, std::move(pair.private_key));
    path_secret = suite.derive_secret(path_secret, "path");
    any = true;
  }
  if (!any) return std::nullopt;
  return path_secret;
}

Secret open_path(const RatchetTree& tree, LeafIndex self, LeafIndex sender, const UpdatePath& path,
                 ByteView group_context, const std::set<LeafIndex>& added, PrivateKeys& keys) {
  const auto steps = tree.filtered_direct_path(sender);
  const auto step = std::find_if(steps.begin(), steps.end(),
                                 [&](const PathStep& candidate) { return is_below(self, candidate.node); });
  require(step != steps.end(), Rule::kCommitPathOpen);
  const auto nodes = receivers(tree, step->copath, added);
  const auto own = std::find_if(nodes.begin(), nodes.end(),
                                [&](NodeIndex node) { return is_below(self, node) && keys.contains(node); });
  require(own != nodes.end(), Rule::kCommitPathOpen);
  const UpdatePathNode& sealed = path.nodes[static_cast<std::size_t>(step - steps.begin())];
  Secret secret;
  try {
    secret = tree.suite().decrypt_with_label(
        keys.at(*own), kPathLabel, group_context,
        sealed.encrypted_path_secrets[static_cast<std::size_t>(own - nodes.begin())]);
  } catch (const Error&) {
    violate(Rule::kCommitPathOpen);
  }
  std::optional<Secret> commit_secret = implant_path_secret(tree, self, sender, std::move(secret), keys);
  require(commit_secret.has_value(), Rule::kCommitPathLeafKey);
  return std::move(*commit_secret);
}

}  // namespace mychat::mls
