#include "e2ee/mls/validate.h"

#include <algorithm>
#include <atomic>
#include <string_view>

#include "e2ee/mls/parallel.h"
#include "e2ee/mls/treekem.h"

namespace mychat::mls {

namespace {

void check_lifetime(const LeafNode& leaf, LifetimeCheck check, const Environment& environment) {
  if (leaf.source != LeafSource::kKeyPackage) return;
  const auto [from, to] = leaf.lifetime;
  require(from <= to && to - from <= environment.longest_lifetime, Rule::kLeafLifetime);
  if (check == LifetimeCheck::kNot) return;
  if (check == LifetimeCheck::kReceived && !environment.check_received_lifetimes) return;
  const auto now = static_cast<std::uint64_t>(std::max<std::int64_t>(environment.clock->now_ms() / 1000, 0));
  const std::uint64_t skew = check == LifetimeCheck::kReceived ? environment.clock_skew : 0;
  require(now + skew >= from && now <= to + std::min(skew, ~std::uint64_t{0} - to), Rule::kLeafLifetime);
}

// Sorted, for a whole tree of a stranger: no choice of keys makes that slow.
void require_unique(std::vector<std::string_view> keys, Rule rule) {
  std::sort(keys.begin(), keys.end());
  require(std::adjacent_find(keys.begin(), keys.end()) == keys.end(), rule);
}

void check_encryption_keys(const RatchetTree& tree) {
  std::vector<std::string_view> keys;
  keys.reserve(node_count(tree.leaves()));
  for (NodeIndex node = 0; node < node_count(tree.leaves()); ++node) {
    if (!tree.is_blank(node)) keys.push_back(text(tree.key_of(node)));
  }
  require_unique(std::move(keys), Rule::kTreeKeysUnique);
}

void check_signature_keys(const RatchetTree& tree) {
  std::vector<std::string_view> keys;
  keys.reserve(tree.members());
  tree.each_member([&](LeafIndex, const LeafNode& leaf) { keys.push_back(text(leaf.signature_key)); });
  require_unique(std::move(keys), Rule::kLeafKeysUnique);
}

void check_tree_leaves(const RatchetTree& tree, const GroupContext& context, const Environment& environment) {
  const LeafNeeds needs = LeafNeeds::of(context.suite, context.extensions);
  std::vector<std::pair<LeafIndex, const LeafNode*>> leaves;
  tree.each_member([&](LeafIndex index, const LeafNode& leaf) { leaves.emplace_back(index, &leaf); });
  std::atomic<bool> all_signed = true;
  for_each_parallel(leaves.size(), [&](std::size_t i) {
    const auto [index, leaf] = leaves[i];
    check_leaf(*leaf, leaf->source, needs, tree.suite(), LifetimeCheck::kNot, environment);
    check_leaf_credential(*leaf, context.group_id, environment);
    if (all_signed && !verify_leaf_signature(*leaf, tree.suite(), context.group_id, index))
      all_signed = false;
  });
  require(all_signed, Rule::kLeafSignature);
}

}  // namespace

bool is_default_extension(ExtensionType type) noexcept {
  return type >= extension::kApplicationId && type <= extension::kExternalSenders;
}

bool is_default_proposal(std::uint16_t type) noexcept {
  return type >= static_cast<std::uint16_t>(ProposalType::kAdd) &&
         type <= static_cast<std::uint16_t>(ProposalType::kGroupContextExtensions);
}

bool supports(const std::vector<std::uint16_t>& list, std::uint16_t value) noexcept {
  return std::find(list.begin(), list.end(), value) != list.end();
}

bool names_twice(const Extensions& extensions) {
  std::set<ExtensionType> seen;
  return std::any_of(extensions.begin(), extensions.end(),
                     [&](const Extension& entry) { return !seen.insert(entry.type).second; });
}

LeafNeeds LeafNeeds::of(SuiteId suite, const Extensions& context_extensions) {
  LeafNeeds needs;
  needs.suite = suite;
  for (const Extension& entry : context_extensions) {
    if (entry.type == extension::kRequiredCapabilities)
      needs.required = decode<RequiredCapabilities>(entry.data);
    if (!is_default_extension(entry.type)) needs.extensions.push_back(entry.type);
  }
  return needs;
}

void check_leaf(const LeafNode& leaf, LeafSource expected, const LeafNeeds& needs, const Suite& suite,
                LifetimeCheck lifetime, const Environment& environment) {
  const Capabilities& can = leaf.capabilities;
  require(leaf.source == expected, Rule::kLeafSource);
  require(is_hpke_public_key(suite.hpke().kem, leaf.encryption_key) &&
              is_signature_key(suite.signature(), leaf.signature_key),
          Rule::kLeafKeyForm);
  require(supports(can.versions, kMls10) && supports(can.suites, needs.suite), Rule::kLeafVersionSuite);
  require(supports(can.credentials, static_cast<std::uint16_t>(leaf.credential.type)),
          Rule::kLeafCredentialSupport);
  require(!names_twice(leaf.extensions), Rule::kLeafExtensionTwice);
  for (const Extension& own : leaf.extensions) {
    require(is_default_extension(own.type) || supports(can.extensions, own.type),
            Rule::kLeafExtensionSupport);
  }
  for (const ExtensionType type : needs.required.extensions) {
    require(is_default_extension(type) || supports(can.extensions, type), Rule::kLeafRequiredCapabilities);
  }
  for (const std::uint16_t type : needs.required.proposals) {
    require(is_default_proposal(type) || supports(can.proposals, type), Rule::kLeafRequiredCapabilities);
  }
  for (const std::uint16_t type : needs.required.credentials) {
    require(supports(can.credentials, type), Rule::kLeafRequiredCapabilities);
  }
  for (const ExtensionType type : needs.extensions) {
    require(supports(can.extensions, type), Rule::kLeafGroupExtensions);
  }
  check_lifetime(leaf, lifetime, environment);
}

void check_leaf_credential(const LeafNode& leaf, const Bytes& group_id, const Environment& environment) {
  require(environment.authentication->accepts(leaf.credential, leaf.signature_key, group_id),
          Rule::kLeafCredential);
}

bool verify_leaf_signature(const LeafNode& leaf, const Suite& suite, const Bytes& group_id, LeafIndex index) {
  return suite.verify_with_label(leaf.signature_key, "LeafNodeTBS", leaf_to_sign(leaf, group_id, index),
                                 leaf.signature);
}

void check_key_package(const KeyPackage& package, const LeafNeeds& needs, const Suite& suite,
                       LifetimeCheck lifetime, const Bytes& group_id, const Environment& environment) {
  require(package.version == kMls10 && package.suite == suite.id(), Rule::kKeyPackageSuite);
  require(is_hpke_public_key(suite.hpke().kem, package.init_key), Rule::kKeyPackageKeyForm);
  require(package.init_key != package.leaf.encryption_key, Rule::kKeyPackageInitKey);
  require(!names_twice(package.extensions), Rule::kKeyPackageExtensionTwice);
  for (const Extension& entry : package.extensions) {
    require(is_default_extension(entry.type) || supports(package.leaf.capabilities.extensions, entry.type),
            Rule::kKeyPackageExtensionSupport);
  }
  check_leaf(package.leaf, LeafSource::kKeyPackage, needs, suite, lifetime, environment);
  check_leaf_credential(package.leaf, group_id, environment);
  require(verify_leaf_signature(package.leaf, suite, group_id, 0), Rule::kLeafSignature);
  Writer content;
  KeyPackage::each_signed(content, package);
  require(suite.verify_with_label(package.leaf.signature_key, "KeyPackageTBS", content.secret(),
                                  package.signature),
          Rule::kKeyPackageSignature);
}

void check_changed_leaves(const RatchetTree& tree, const std::set<LeafIndex>& changed) {
  require(tree.credentials_are_supported(), Rule::kLeafCredentialSupport);
  for (const LeafIndex index : changed) {
    const LeafNode* const leaf = tree.leaf(index);
    if (leaf == nullptr) continue;
    require(!tree.has_signature_key_beside(index, leaf->signature_key) &&
                !tree.has_encryption_key_beside(node_of(index), leaf->encryption_key),
            Rule::kLeafKeysUnique);
  }
}

void check_path_keys(const RatchetTree& tree, LeafIndex sender, const UpdatePath& path) {
  std::set<std::string_view> fresh{text(path.leaf.encryption_key)};
  // Who joins from outside is in its place already.
  require(!tree.has_encryption_key_beside(node_of(sender), path.leaf.encryption_key), Rule::kCommitPathKeys);
  for (const UpdatePathNode& node : path.nodes) {
    require(fresh.insert(text(node.encryption_key)).second, Rule::kCommitPathKeys);
    require(!tree.has_encryption_key(node.encryption_key), Rule::kCommitPathKeys);
  }
}

void check_parents(const RatchetTree& tree) {
  for (NodeIndex node = 1; node < node_count(tree.leaves()); node += 2) {
    const ParentNode* const parent = tree.parent(node);
    if (parent == nullptr) continue;
    require(is_hpke_public_key(tree.suite().hpke().kem, parent->encryption_key), Rule::kTreeKeyForm);
    for (const LeafIndex leaf : parent->unmerged_leaves) {
      require(is_below(leaf, node) && tree.leaf(leaf) != nullptr, Rule::kTreeUnmerged);
      for (NodeIndex below = parent_of(node_of(leaf)); below != node; below = parent_of(below)) {
        const ParentNode* const between = tree.parent(below);
        require(between == nullptr || std::binary_search(between->unmerged_leaves.begin(),
                                                         between->unmerged_leaves.end(), leaf),
                Rule::kTreeUnmerged);
      }
    }
  }
}

void check_tree(RatchetTree& tree, const GroupContext& context, const Environment& environment) {
  require(std::ranges::equal(tree.hash(), context.tree_hash), Rule::kTreeHash);
  check_parents(tree);
  require(tree.parent_hashes_hold(), Rule::kTreeParentHash);
  check_encryption_keys(tree);
  check_tree_leaves(tree, context, environment);
  check_signature_keys(tree);
  require(tree.credentials_are_supported(), Rule::kLeafCredentialSupport);
}

void check_context_form(const Extensions& extensions, const Suite& suite, const Bytes& group_id,
                        const Environment& environment) {
  require(!names_twice(extensions), Rule::kContextExtensionTwice);
  std::vector<ExternalSender> senders;
  try {
    if (const Bytes* const required = find_extension(extensions, extension::kRequiredCapabilities)) {
      static_cast<void>(decode<RequiredCapabilities>(*required));
    }
    if (const Bytes* const list = find_extension(extensions, extension::kExternalSenders)) {
      senders = decode<std::vector<ExternalSender>>(*list);
    }
  } catch (const Error& error) {
    if (error.status() != MYCHAT_E_MALFORMED) throw;
    violate(Rule::kContextExtensionForm);
  }
  for (const ExternalSender& sender : senders) {
    require(is_signature_key(suite.signature(), sender.signature_key) &&
                environment.authentication->accepts(sender.credential, sender.signature_key, group_id),
            Rule::kContextExternalSender);
  }
}

void check_context_support(const Extensions& extensions, const RatchetTree& tree) {
  const LeafNeeds needs = LeafNeeds::of(tree.suite().id(), extensions);
  tree.each_member([&](LeafIndex, const LeafNode& leaf) {
    const Capabilities& can = leaf.capabilities;
    const auto all = [](const std::vector<std::uint16_t>& wanted, const std::vector<std::uint16_t>& there,
                        bool (*is_default)(std::uint16_t)) {
      return std::all_of(wanted.begin(), wanted.end(), [&](std::uint16_t type) {
        return (is_default != nullptr && is_default(type)) || supports(there, type);
      });
    };
    const auto plain_extension = [](std::uint16_t type) { return is_default_extension(type); };
    const auto plain_proposal = [](std::uint16_t type) { return is_default_proposal(type); };
    require(all(needs.extensions, can.extensions, nullptr) &&
                all(needs.required.extensions, can.extensions, plain_extension) &&
                all(needs.required.proposals, can.proposals, plain_proposal) &&
                all(needs.required.credentials, can.credentials, nullptr),
            Rule::kProposalContextExtensions);
  });
}

}  // namespace mychat::mls
