// Proposals of those who are in no group: of external senders whom a group names, and of those who ask to be
// added (RFC 9420, section 12.1.8). They know nothing of the group but its id and epoch.
#pragma once

#include "e2ee/mls/suite.h"
#include "e2ee/mls/types.h"

namespace mychat::mls {

struct GroupName {
  Bytes group_id;
  Epoch epoch = 0;
};

// `sender`: the place in the group's extension external_senders. Rule::kProposalExternalSender for a proposal
// that none may make.
Message propose_external(const Suite& suite, const GroupName& group, std::uint32_t sender,
                         const SigningKey& signer, Proposal proposal, const Bytes& authenticated_data = {});
// An Add of oneself; `signer`: the key of the KeyPackage's leaf.
Message propose_join(const Suite& suite, const GroupName& group, const SigningKey& signer,
                     const KeyPackage& package, const Bytes& authenticated_data = {});

}  // namespace mychat::mls
