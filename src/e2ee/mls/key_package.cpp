#include "e2ee/mls/key_package.h"

#include <algorithm>

#include "e2ee/mls/treekem.h"
#include "e2ee/mls/validate.h"

namespace mychat::mls {

namespace {

std::uint16_t some_grease(const Environment& environment) {
  const std::uint8_t high = environment.random_bytes(1)[0] % 15;  // 0x0A … 0xEA.
  const auto octet = static_cast<std::uint16_t>(high * 16 + 10);
  return static_cast<std::uint16_t>(octet << 8U | octet);
}

}  // namespace

Capabilities own_capabilities(const LeafOptions& options, const Environment& environment) {
  Capabilities out;
  out.versions = {kMls10};
  out.suites = Suite::supported();
  // What RFC 9420 defines itself must not be named (section 7.2).
  const auto name = [](std::vector<std::uint16_t>& list, std::uint16_t type, bool is_default) {
    if (!is_default && !supports(list, type)) list.push_back(type);
  };
  for (const std::uint16_t type : options.more_extensions)
    name(out.extensions, type, is_default_extension(type));
  for (const Extension& own : options.extensions)
    name(out.extensions, own.type, is_default_extension(own.type));
  for (const std::uint16_t type : options.more_proposals)
    name(out.proposals, type, is_default_proposal(type));
  if (options.self_remove) name(out.proposals, static_cast<std::uint16_t>(ProposalType::kSelfRemove), false);
  if (options.last_resort) name(out.extensions, extension::kLastResortKeyPackage, false);
  out.credentials = {static_cast<std::uint16_t>(CredentialType::kBasic),
                     static_cast<std::uint16_t>(CredentialType::kX509)};
  out.suites.push_back(some_grease(environment));
  out.extensions.push_back(some_grease(environment));
  out.proposals.push_back(some_grease(environment));
  out.credentials.push_back(some_grease(environment));
  return out;
}

LeafNode make_leaf(const Suite& suite, const SigningKey& signer, const LeafOptions& options,
                   Bytes encryption_key, const Environment& environment) {
  LeafNode leaf;
  leaf.encryption_key = std::move(encryption_key);
  leaf.signature_key = signer.public_key();
  leaf.credential = options.credential;
  leaf.capabilities = own_capabilities(options, environment);
  leaf.source = LeafSource::kKeyPackage;
  const auto now = static_cast<std::uint64_t>(std::max<std::int64_t>(environment.clock->now_ms() / 1000, 0));
  leaf.lifetime.not_before = now - std::min<std::uint64_t>(now, 3600);
  leaf.lifetime.not_after = now + options.lifetime;
  leaf.extensions = options.extensions;
  sign_leaf(leaf, suite, signer, {}, 0);
  return leaf;
}

bool OwnKeyPackage::is_last_resort() const noexcept {
  return find_extension(key_package.extensions, extension::kLastResortKeyPackage) != nullptr;
}

OwnKeyPackage make_key_package(const Suite& suite, const SigningKey& signer, const LeafOptions& options,
                               const Environment& environment) {
  HpkeKeyPair init = environment.key_pair(suite);
  HpkeKeyPair leaf = environment.key_pair(suite);
  OwnKeyPackage out;
  KeyPackage& package = out.key_package;
  package.suite = suite.id();
  package.init_key = std::move(init.public_key);
  package.leaf = make_leaf(suite, signer, options, std::move(leaf.public_key), environment);
  if (options.last_resort) package.extensions.push_back({extension::kLastResortKeyPackage, {}});
  Writer content;
  KeyPackage::each_signed(content, package);
  package.signature = suite.sign_with_label(signer, "KeyPackageTBS", content.secret());
  out.init_key = std::move(init.private_key);
  out.encryption_key = std::move(leaf.private_key);
  out.signature_key = signer.to_bytes();
  return out;
}

}  // namespace mychat::mls
