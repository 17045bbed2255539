#include "e2ee/mls/rules.h"

#include <algorithm>

namespace mychat::mls {

const std::vector<RuleEntry>& rules() {
  using enum Rule;
  constexpr auto kBad = MYCHAT_E_MALFORMED;
  constexpr auto kForged = MYCHAT_E_SIGNATURE;
  constexpr auto kSealed = MYCHAT_E_DECRYPT;
  constexpr auto kRefused = MYCHAT_E_POLICY;
  static const std::vector<RuleEntry> table{
      {kLeafSignature, "7.3", kForged, "A leaf's signature does not verify."},
      {kLeafCredential, "7.3", kForged, "A leaf's credential is not accepted."},
      {kLeafRequiredCapabilities, "7.3", kRefused, "A leaf lacks a capability that the group requires."},
      {kLeafCredentialSupport, "7.3", kRefused,
       "A credential in the group is of a type that not every member supports."},
      {kLeafLifetime, "7.3", MYCHAT_E_STALE, "A leaf is out of its lifetime, or lives for too long."},
      {kLeafExtensionSupport, "7.3", kBad, "A leaf has an extension that its capabilities do not name."},
      {kLeafSource, "7.3", kBad, "A leaf came another way than it says."},
      {kLeafKeysUnique, "7.3", kBad, "Two leaves of a group have a key in common."},
      {kLeafGroupExtensions, "7.3", kRefused, "A leaf does not support an extension of the group's context."},
      {kLeafVersionSuite, "7.3", kRefused, "A leaf does not support the group's version or cipher suite."},
      {kLeafKeyForm, "7.3", kBad, "A leaf's public key is not a key of the cipher suite."},
      {kLeafExtensionTwice, "13.4", kBad, "A leaf has two extensions of one type."},
      {kKeyPackageSuite, "10.1", kRefused,
       "A KeyPackage is of another version or cipher suite than the group."},
      {kKeyPackageSignature, "10.1", kForged, "A KeyPackage's signature does not verify."},
      {kKeyPackageInitKey, "10.1", kBad, "A KeyPackage's init key is the encryption key of its leaf."},
      {kKeyPackageKeyForm, "10.1", kBad, "A KeyPackage's init key is not a key of the cipher suite."},
      {kKeyPackageExtensionTwice, "13.4", kBad, "A KeyPackage has two extensions of one type."},
      {kKeyPackageExtensionSupport, "10", kBad,
       "A KeyPackage has an extension that its leaf's capabilities do not name."},
      {kTreeHash, "12.4.3.1", kBad, "The ratchet tree is not the one that the GroupInfo names."},
      {kTreeParentHash, "7.9.2", kBad, "A parent of the ratchet tree stands on no leaf's chain of hashes."},
      {kTreeUnmerged, "12.4.3.1", kBad, "An unmerged leaf of a parent is not where it must be."},
      {kTreeKeysUnique, "12.4.3.1", kBad, "Two nodes of the ratchet tree have the same encryption key."},
      {kTreeForm, "12.4.3.3", kBad, "The ratchet tree is not in the form of a tree."},
      {kTreeKeyForm, "7.1", kBad, "A parent's public key is not a key of the cipher suite."},
      {kMessageGroup, "6", kBad, "The message is for another group."},
      {kMessageEpoch, "6", MYCHAT_E_STALE, "The message is of an epoch that is over."},
      {kMessageLaterEpoch, "6", MYCHAT_E_STALE,
       "The message is of a later epoch than this one: a commit before it did not come."},
      {kMessageSender, "6.1", kBad, "The sender of the message is nobody who may send."},
      {kMessageSignature, "6.1", kForged, "The signature of the message does not verify."},
      {kMessageMembershipTag, "6.2", kForged, "The membership tag of the message does not verify."},
      {kMessagePadding, "6.3.1", kBad, "The padding of the message is not zero."},
      {kMessagePublicApplication, "6.2", kBad, "Application data came in a PublicMessage."},
      {kMessageSenderContent, "6.1", kBad, "Such a sender may not send such content."},
      {kMessageDecrypt, "6.3", kSealed, "The message does not decrypt."},
      {kMessageOwn, "12.4.2", kBad, "The message is an own one that came back."},
      {kMessageWireFormat, "6", kRefused, "The group takes no handshake messages of this wire format."},
      {kListOwnUpdate, "12.2", kBad, "The list holds an Update of the committer."},
      {kListOwnRemove, "12.2", kBad, "The list removes the committer."},
      {kListSameLeafTwice, "12.2", kBad, "The list changes one leaf twice."},
      {kListSameClientAdded, "12.2", kBad, "The list adds one client twice."},
      {kListAddExisting, "12.2", kBad, "The list adds a client that is a member."},
      {kListPskTwice, "12.2", kBad, "The list names one pre-shared key twice."},
      {kListContextExtensionsTwice, "12.2", kBad, "The list sets the context's extensions twice."},
      {kListReInitAlone, "12.2", kBad, "The list has a ReInit beside other proposals."},
      {kListExternalInit, "12.2", kBad, "The list of a member's commit has an ExternalInit."},
      {kListUnknownReference, "12.4.2", MYCHAT_E_NOT_FOUND,
       "The commit refers to a proposal that did not come."},
      {kListUpdateByValue, "12.2", kBad, "A commit holds an Update itself."},
      {kListUnsupported, "12.2", kRefused, "Not every member supports a proposal of the list."},
      {kListExternalCount, "12.2", kBad, "An external commit has not just one ExternalInit."},
      {kListExternalRemove, "12.2", kBad, "An external commit removes another client than its sender."},
      {kListExternalKinds, "12.2", kBad, "An external commit has a proposal that it may not have."},
      {kListExternalReference, "12.2", kBad, "An external commit has proposals by reference."},
      {kProposalRemoveBlank, "12.1.3", kBad, "A Remove is of a leaf that is blank."},
      {kProposalPskNonce, "12.1.4", kBad, "The nonce of a pre-shared key is not as long as the hash."},
      {kProposalPskUsage, "12.1.4", kBad, "A pre-shared key is of a usage that has no place here."},
      {kProposalPskUnknown, "12.1.4", MYCHAT_E_NOT_FOUND, "The secret of a pre-shared key is not known."},
      {kProposalReInitVersion, "12.1.5", kBad, "A ReInit goes back to an older version."},
      {kProposalContextExtensions, "12.1.7", kRefused, "A member does not support the new extensions."},
      {kProposalExternalSender, "12.1.8", kBad, "An external sender proposes what he may not propose."},
      {kProposalUpdateSender, "12.1.2", kBad, "An Update comes from somebody who is no member."},
      {kProposalNewMember, "12.1.8", kBad, "A new member's proposal is not an Add of himself."},
      {kProposalUpdateKey, "12.1.2", kBad, "An Update keeps the encryption key of the leaf."},
      {kProposalSelfRemove, "draft-ietf-mls-extensions", kBad, "A SelfRemove stands where it may not."},
      {kContextExtensionTwice, "13.4", kBad, "A group's extensions hold two of one type."},
      {kContextExtensionForm, "11.1", kBad, "An extension of the group is not in the form of its type."},
      {kContextExternalSender, "12.1.8.1", kForged, "An external sender of the group is not accepted."},
      {kCommitPathRequired, "12.4", kBad, "The commit needs a path and has none."},
      {kCommitPathLength, "7.5", kBad, "The path is not as long as that of its sender."},
      {kCommitPathCiphertexts, "7.5", kBad, "A node of the path has not one ciphertext for each receiver."},
      {kCommitPathParentHash, "7.9", kBad, "The leaf of the path does not hold the hash of its parent."},
      {kCommitPathKeys, "12.4.2", kBad, "A key of the path is in the tree already, or is none."},
      {kCommitPathOpen, "7.6", kSealed, "The path's secret for this member does not decrypt."},
      {kCommitPathLeafKey, "7.5", kBad, "A secret of the path does not give the public key beside it."},
      {kCommitConfirmation, "12.4.2", kForged, "The confirmation tag of the commit does not verify."},
      {kCommitReInit, "11.2", MYCHAT_E_INVALID_STATE, "The group was replaced by a ReInit."},
      {kCommitExternalInit, "8.3", kBad, "The ExternalInit does not open."},
      {kWelcomeNotForUs, "12.4.3.1", MYCHAT_E_NOT_FOUND, "The Welcome is for none of these KeyPackages."},
      {kWelcomeSuite, "12.4.3.1", kBad, "The Welcome is of another cipher suite than the KeyPackage."},
      {kWelcomeDecrypt, "12.4.3.1", kSealed, "The Welcome does not decrypt."},
      {kWelcomeSignature, "12.4.3.1", kForged, "The signature of the GroupInfo does not verify."},
      {kWelcomeSigner, "12.4.3.1", kBad, "The signer of the GroupInfo is no member."},
      {kWelcomeNoTree, "12.4.3.1", MYCHAT_E_NOT_FOUND, "There is no ratchet tree for the GroupInfo."},
      {kWelcomeOwnLeaf, "12.4.3.1", kBad, "The ratchet tree does not hold the leaf of this KeyPackage."},
      {kWelcomeConfirmation, "12.4.3.1", kForged, "The confirmation tag of the GroupInfo does not verify."},
      {kWelcomePathSecret, "12.4.3.1", kBad, "The path secret of the Welcome does not fit the tree."},
      {kWelcomePsk, "12.4.3.1", kBad, "The pre-shared keys of the Welcome are not those of one usage."},
      {kWelcomeResumption, "11.3", kBad, "The group is not the successor that it says it is."},
      {kWelcomeVersion, "12.4.3.1", kBad, "The GroupInfo is of another version or suite than the Welcome."},
      {kGroupInfoExternalPub, "12.4.3.2", kBad, "The GroupInfo gives no key for joining from outside."},
      {kGroupInfoExtensionTwice, "13.4", kBad, "The GroupInfo has two extensions of one type."},
  };
  return table;
}

void violate(Rule rule) {
  const auto& table = rules();
  const auto at =
      std::find_if(table.begin(), table.end(), [&](const RuleEntry& entry) { return entry.rule == rule; });
  const RuleEntry entry =
      at == table.end() ? RuleEntry{rule, "", MYCHAT_E_MALFORMED, "A rule of MLS is broken."} : *at;
  throw Error(entry.status, MYCHAT_DOMAIN_E2EE, std::string(entry.text), static_cast<int>(rule));
}

}  // namespace mychat::mls
