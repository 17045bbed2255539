// What MLS wants checked before anything is believed (RFC 9420), one entry a rule, so that an error says
// which one was broken and the table in docs/mls.md can name the test that breaks it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace mychat::mls {

// The value is the error's `detail` and is never reused.
enum class Rule : int {
  // Leaves, section 7.3.
  kLeafSignature = 101,
  kLeafCredential = 102,
  kLeafRequiredCapabilities = 103,
  kLeafCredentialSupport = 104,
  kLeafLifetime = 105,
  kLeafExtensionSupport = 106,
  kLeafSource = 107,
  kLeafKeysUnique = 108,
  kLeafGroupExtensions = 109,
  kLeafVersionSuite = 110,
  kLeafKeyForm = 111,
  kLeafExtensionTwice = 112,
  // KeyPackages, section 10.1.
  kKeyPackageSuite = 201,
  kKeyPackageSignature = 202,
  kKeyPackageInitKey = 203,
  kKeyPackageKeyForm = 204,
  kKeyPackageExtensionTwice = 205,
  kKeyPackageExtensionSupport = 206,
  // Trees, sections 7.9 and 12.4.3.1.
  kTreeHash = 301,
  kTreeParentHash = 302,
  kTreeUnmerged = 303,
  kTreeKeysUnique = 304,
  kTreeForm = 305,
  kTreeKeyForm = 306,
  // Messages, section 6.
  kMessageGroup = 401,
  kMessageEpoch = 402,
  kMessageSender = 403,
  kMessageSignature = 404,
  kMessageMembershipTag = 405,
  kMessagePadding = 406,
  kMessagePublicApplication = 407,
  kMessageSenderContent = 408,
  kMessageDecrypt = 409,
  kMessageOwn = 410,
  kMessageWireFormat = 411,
  kMessageLaterEpoch = 412,
  // Lists of proposals, section 12.2. A proposal that is invalid by itself breaks its own rule.
  kListOwnUpdate = 502,
  kListOwnRemove = 503,
  kListSameLeafTwice = 504,
  kListSameClientAdded = 505,
  kListAddExisting = 506,
  kListPskTwice = 507,
  kListContextExtensionsTwice = 508,
  kListReInitAlone = 509,
  kListExternalInit = 510,
  kListUnknownReference = 511,
  kListUpdateByValue = 512,
  kListUnsupported = 513,
  kListExternalCount = 514,
  kListExternalRemove = 515,
  kListExternalKinds = 516,
  kListExternalReference = 517,
  // Single proposals, section 12.1.
  kProposalRemoveBlank = 601,
  kProposalPskNonce = 602,
  kProposalPskUsage = 603,
  kProposalPskUnknown = 604,
  kProposalReInitVersion = 605,
  kProposalContextExtensions = 606,
  kProposalExternalSender = 607,
  kProposalUpdateSender = 608,
  kProposalNewMember = 609,
  kProposalUpdateKey = 610,
  kProposalSelfRemove = 611,
  kContextExtensionTwice = 612,
  kContextExtensionForm = 613,
  kContextExternalSender = 614,
  // Commits, section 12.4.
  kCommitPathRequired = 701,
  kCommitPathLength = 702,
  kCommitPathCiphertexts = 703,
  kCommitPathParentHash = 704,
  kCommitPathKeys = 705,
  kCommitPathOpen = 706,
  kCommitPathLeafKey = 707,
  kCommitConfirmation = 708,
  kCommitReInit = 709,
  kCommitExternalInit = 710,
  // Welcomes and GroupInfo, sections 12.4.3.1 and 12.4.3.2.
  kWelcomeNotForUs = 801,
  kWelcomeSuite = 802,
  kWelcomeDecrypt = 803,
  kWelcomeSignature = 804,
  kWelcomeSigner = 805,
  kWelcomeNoTree = 806,
  kWelcomeOwnLeaf = 807,
  kWelcomeConfirmation = 808,
  kWelcomePathSecret = 809,
  kWelcomePsk = 810,
  kWelcomeResumption = 811,
  kWelcomeVersion = 812,
  kGroupInfoExternalPub = 813,
  kGroupInfoExtensionTwice = 814,
};

struct RuleEntry {
  Rule rule;
  std::string_view section;  // Of RFC 9420.
  mychat_status status;
  std::string_view text;  // As the error says it.
};
const std::vector<RuleEntry>& rules();

// Throws the rule's status in the E2EE domain with the rule as `detail`.
[[noreturn]] void violate(Rule rule);
inline void require(bool holds, Rule rule) {
  if (!holds) violate(rule);
}

}  // namespace mychat::mls
