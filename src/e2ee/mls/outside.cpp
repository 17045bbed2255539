#include "e2ee/mls/outside.h"

#include "e2ee/mls/framing.h"
#include "e2ee/mls/proposal_list.h"

namespace mychat::mls {

namespace {

Message frame(const Suite& suite, const GroupName& group, Sender sender, const SigningKey& signer,
              Proposal proposal, const Bytes& authenticated_data) {
  AuthenticatedContent out;
  out.wire_format = WireFormat::kPublicMessage;
  out.content.group_id = group.group_id;
  out.content.epoch = group.epoch;
  out.content.sender = sender;
  out.content.authenticated_data = authenticated_data;
  out.content.body = std::move(proposal);
  sign_content(out, suite, signer, {});
  return {to_public(out, suite, {}, {})};
}

}  // namespace

Message propose_external(const Suite& suite, const GroupName& group, std::uint32_t sender,
                         const SigningKey& signer, Proposal proposal, const Bytes& authenticated_data) {
  check_external_sender(proposal);
  return frame(suite, group, {SenderType::kExternal, sender}, signer, std::move(proposal),
               authenticated_data);
}

Message propose_join(const Suite& suite, const GroupName& group, const SigningKey& signer,
                     const KeyPackage& package, const Bytes& authenticated_data) {
  if (package.suite != suite.id() || signer.public_key() != package.leaf.signature_key) {
    throw_argument("The key package is not of this suite and key.");
  }
  return frame(suite, group, {SenderType::kNewMemberProposal, 0}, signer, {Add{package}}, authenticated_data);
}

}  // namespace mychat::mls
