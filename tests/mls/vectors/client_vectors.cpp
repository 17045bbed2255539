// A client that joins a group and follows it.
#include <map>
#include <optional>
#include <string>

#include "e2ee/mls/group.h"
#include "vectors.h"

namespace mychat::mls::vectors {

namespace {

OwnKeyPackage own_package(const Suite& suite, JsonView in) {
  const auto message = decode_exactly<Message>(bytes(in, "key_package"), "key_package");
  const auto* const package = message.as<KeyPackage>();
  expect(package != nullptr, "key_package is no KeyPackage");
  OwnKeyPackage own{*package, secret(in, "init_priv"), secret(in, "encryption_priv"),
                    secret(in, "signature_priv")};
  const KemAlgorithm kem = suite.hpke().kem;
  expect_equal(hpke_public_key(kem, own.init_key), package->init_key, "the public key of init_priv");
  expect_equal(hpke_public_key(kem, own.encryption_key), package->leaf.encryption_key,
               "the public key of encryption_priv");
  expect_equal(SigningKey::from_bytes(suite.signature(), own.signature_key).public_key(),
               package->leaf.signature_key, "the public key of signature_priv");
  return own;
}

PskLookup external_psks(JsonView in) {
  std::map<Bytes, Secret> known;
  for (const JsonView entry : in.array("external_psks")) {
    known.emplace(bytes(entry, "psk_id"), secret(entry, "psk"));
  }
  return [known = std::move(known)](const PreSharedKeyId& id) -> std::optional<Secret> {
    const auto at = known.find(id.psk_id);
    if (id.type != PskType::kExternal || at == known.end()) return std::nullopt;
    return at->second;
  };
}

Group join(const Suite& suite, JsonView in, const PskLookup& psks) {
  const OwnKeyPackage own = own_package(suite, in);
  const auto message = decode_exactly<Message>(bytes(in, "welcome"), "welcome");
  const auto* const welcome = message.as<Welcome>();
  expect(welcome != nullptr, "welcome is no Welcome");
  std::optional<NodeVector> tree;
  if (in.at("ratchet_tree").has_value()) {
    tree = decode_exactly<NodeVector>(bytes(in, "ratchet_tree"), "ratchet_tree");
  }
  JoinOptions options;
  options.tree = tree ? &*tree : nullptr;
  options.psks = psks;
  return Group::join(environment(), *welcome, {&own}, options);
}

void follow(Group& group, JsonView epoch, const PskLookup& psks) {
  ProcessOptions options;
  options.psks = psks;
  for (const JsonView proposal : epoch.array("proposals")) {
    within(proposal.path(), [&] {
      const Received received =
          group.process(decode_exactly<Message>(bytes_of(proposal), "the message"), options);
      expect(std::holds_alternative<ReceivedProposal>(received), "it is no proposal");
    });
  }
  const Epoch before = group.epoch();
  within("the commit", [&] {
    const Received received =
        group.process(decode_exactly<Message>(bytes(epoch, "commit"), "the message"), options);
    expect(std::holds_alternative<ReceivedCommit>(received), "it is no commit");
  });
  expect(group.epoch() == before + 1, "the epoch did not change");
  expect_equal(group.epoch_authenticator(), bytes(epoch, "epoch_authenticator"), "epoch_authenticator");
}

}  // namespace

void check_passive_client(JsonView vector) {
  const Suite& suite = suite_of(vector);
  const PskLookup psks = external_psks(vector);
  std::optional<Group> group;
  within("joining", [&] { group.emplace(join(suite, vector, psks)); });
  expect_equal(group->epoch_authenticator(), bytes(vector, "initial_epoch_authenticator"),
               "initial_epoch_authenticator");
  for (const JsonView epoch : vector.array("epochs")) {
    within(epoch.path(), [&] { follow(*group, epoch, psks); });
  }
}

}  // namespace mychat::mls::vectors
