// Each struct of MLS: what is read and written again is the same bytes. The first byte chooses the struct;
// the second, whether the rest is the value or edits a valid one.
#include <cstddef>
#include <cstdint>

#include "mls_insider.h"

namespace {

using namespace mychat;
using namespace mychat::mls;
using namespace mychat::mls::fuzz;

template <class T>
void round_trip(const Bytes& bytes) {
  const T value = decode<T>(bytes);
  check(encode(value) == bytes);
  check(view(encode_secret(value)).size() == bytes.size());
}

struct Kind {
  void (*check)(const Bytes&);
  Bytes valid;
};

template <class T>
Kind kind(const T& valid) {
  return {&round_trip<T>, encode(valid)};
}

std::vector<Kind> kinds() {
  auto& clients = the_group();
  Group alice = *clients[0]->group;
  Client newcomer("newcomer@example.org", kDefaultSuite, fixed_environment());
  const Message sealed_proposal = alice.propose_update();
  const Message open_proposal = alice.propose(newcomer.add(), {}, true);
  CommitOptions options;
  options.public_message = true;
  options.include_waiting = false;
  PreSharedKeyId psk;
  psk.psk_id = {1, 2};
  psk.psk_nonce = Bytes(32);
  options.proposals = {newcomer.add(), {Remove{2}}, {Psk{psk}}, {GroupContextExtensions{{{0x0a0a, {1}}}}}};
  options.psks = [](const PreSharedKeyId&) { return Secret(32); };
  options.proposals.pop_back();
  const PendingCommit pending = alice.commit(options);
  const GroupInfo info = alice.group_info(true, true);
  const auto& body = pending.commit.as<PublicMessage>()->content.body;
  return {
      kind(pending.commit),
      kind(*pending.welcome),
      kind(sealed_proposal),
      kind(open_proposal),
      kind(Message{info}),
      kind(Message{newcomer.publish()}),
      kind(newcomer.publish()),
      kind(info),
      kind(*pending.welcome->as<Welcome>()),
      kind(alice.tree().nodes()),
      kind(GroupSecrets{Secret(32), PathSecret{Secret(32)}, {psk}}),
      kind(*alice.tree().leaf(1)),
      kind(std::get<Commit>(body)),
      kind(info.context),
      kind(*pending.commit.as<PublicMessage>()),
      kind(AuthenticatedContent{WireFormat::kPublicMessage, pending.commit.as<PublicMessage>()->content,
                                pending.commit.as<PublicMessage>()->auth}),
      kind(RequiredCapabilities{{1, 2}, {3}, {1}}),
      kind(std::vector<ExternalSender>{{newcomer.signer.public_key(), newcomer.leaf.credential}}),
      kind(Proposal{ReInit{Bytes(8), kMls10, 1, {{1, {2}}}}}),
      kind(*newcomer.packages.back()),
      kind(SenderData{1, 2, {3, 4, 5, 6}}),
      kind(*std::get<Commit>(body).path),
      kind(psk),
  };
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<Kind> all = kinds();
  Choices choices({data, size});
  const Kind& chosen = all[choices.octet() % all.size()];
  const bool raw = choices.octet() % 4 == 0;
  return guard([&] { chosen.check(raw ? to_bytes(choices.rest()) : edited(chosen.valid, choices)); });
}
