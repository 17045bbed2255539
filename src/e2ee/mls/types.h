// The structs of MLS 1.0 that go over the wire (RFC 9420), named as there.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "e2ee/mls/codec.h"

namespace mychat::mls {

inline constexpr std::uint16_t kMls10 = 1;

using SuiteId = std::uint16_t;
using ExtensionType = std::uint16_t;
using LeafIndex = std::uint32_t;
using Epoch = std::uint64_t;

// Section 17.3; kLastResortKeyPackage is of the extensions draft.
namespace extension {
inline constexpr ExtensionType kApplicationId = 1;
inline constexpr ExtensionType kRatchetTree = 2;
inline constexpr ExtensionType kRequiredCapabilities = 3;
inline constexpr ExtensionType kExternalPub = 4;
inline constexpr ExtensionType kExternalSenders = 5;
inline constexpr ExtensionType kLastResortKeyPackage = 10;
}  // namespace extension

// Section 17.4; kSelfRemove is of the extensions draft.
enum class ProposalType : std::uint16_t {
  kAdd = 1,
  kUpdate = 2,
  kRemove = 3,
  kPsk = 4,
  kReInit = 5,
  kExternalInit = 6,
  kGroupContextExtensions = 7,
  kSelfRemove = 10,
};

// The values 0x0A0A, 0x1A1A … 0xEAEA that exist so that nobody forgets to ignore what he does not know
// (section 13.5).
constexpr bool is_grease(std::uint16_t value) {
  return (value & 0x0f0fU) == 0x0a0aU && (value >> 8U) == (value & 0xffU) && (value >> 8U) <= 0xeaU;
}

enum class CredentialType : std::uint16_t { kBasic = 1, kX509 = 2 };

// Section 5.3.
struct Credential {
  CredentialType type = CredentialType::kBasic;
  Bytes identity;                   // kBasic
  std::vector<Bytes> certificates;  // kX509: DER, the leaf's own first.

  template <class A, class S>
  static void each(A& archive, S& self) {
    archive(self.type);
    if (self.type == CredentialType::kBasic) {
      archive(self.identity);
    } else if (self.type == CredentialType::kX509) {
      archive(self.certificates);
    } else {
      throw_encoding("A credential is of an unknown type.");
    }
  }
  bool operator==(const Credential&) const = default;
};

struct Extension {
  ExtensionType type = 0;
  Bytes data;

  template <class A, class S>
  static void each(A& archive, S& self) {
    archive(self.type, self.data);
  }
  bool operator==(const Extension&) const = default;
};
using Extensions = std::vector<Extension>;

// The data of the first extension of that type; null when there is none.
const Bytes* find_extension(const Extensions& extensions, ExtensionType type) noexcept;

// Section 7.2.
struct Capabilities {
  std::vector<std::uint16_t> versions, suites, extensions, proposals, credentials;

  template <class A, class S>
  static void each(A& archive, S& self) {
    archive(self.versions, self.suites, self.extensions, self.proposals, self.credentials);
  }
  bool operator==(const Capabilities&) const = default;
};

struct Lifetime {
  std::uint64_t not_before = 0, not_after = 0;  // Unix seconds.

  template <class A, class S>
  static void each(A& archive, S& self) {
    archive(self.not_before, self.not_after);
  }
  bool operator==(const Lifetime&) const = default;
};

enum class LeafSource : std::uint8_t { kKeyPackage = 1, kUpdate = 2, kCommit = 3 };

struct LeafNode {
  Bytes encryption_key, signature_key;
  Credential credential;
  Capabilities capabilities;
  LeafSource source = LeafSource::kKeyPackage;
  Lifetime lifetime;  // kKeyPackage
  Bytes parent_hash;  // kCommit
  Extensions extensions;
  Bytes signature;

  template <class A, class S>
  static void each_signed(A& archive, S& self) {
    archive(self.encryption_key, self.signature_key, self.credential, self.capabilities, self.source);
    if (self.source == LeafSource::kKeyPackage) {
      archive(self.lifetime);
    } else if (self.source == LeafSource::kCommit) {
      archive(self.parent_hash);
    } else if (self.source != LeafSource::kUpdate) {
      throw_encoding("A leaf is of an unknown source.");
    }
    archive(self.extensions);
  }
  template <class A, class S>
  static void each(A& archive, S& self) {
    each_signed(archive, self);
    archive(self.signature);
  }
  bool operator==(const LeafNode&) const = default;
};

// Section 10.
struct KeyPackage {
  std::uint16_t version = kMls10;
  SuiteId suite = 0;
  Bytes init_key;
  LeafNode leaf;
  Extensions extensions;
  Bytes signature;

  template <class A, class S>
  static void each_signed(A& archive, S& self) {
    archive(self.version, self.suite, self.init_key, self.leaf, self.extensions);
  }
  template <class A, class S>
  static void each(A& archive, S& self) {
    each_signed(archive, self);
    archive(self.signature);
  }
};

// Section 7.1.
struct ParentNode {
  Bytes encryption_key, parent_hash;
  std::vector<LeafIndex> unmerged_leaves;  // Ascending.

  template <class A, class S>
  static void each(A& archive, S& self) {
    archive(self.encryption_key, self.parent_hash, self.unmerged_leaves);
  }
  bool operator==(const ParentNode&) const = default;
};

// A node of the ratchet_tree extension (section 12.4.3.3): one of the two is there.
struct Node {
  std::shared_ptr<const LeafNode> leaf;
  std::shared_ptr<const ParentNode> parent;

  template <class A, class S>
  static void each(A& archive, S& self) {
    std::uint8_t type = self.leaf ? 1 : 2;
    archive(type);
    if constexpr (A::kReading) {
      if (type == 1) {
        auto made = std::make_shared<LeafNode>();
        archive(*made);
        self.leaf = std::move(made);
      } else if (type == 2) {
        auto made = std::make_shared<ParentNode>();
        archive(*made);
        self.parent = std::move(made);
      } else {
        throw_encoding("A node of the tree is of an unknown type.");
      }
    } else if (self.leaf) {
      archive(*self.leaf);
    } else {
      archive(*self.parent);
    }
  }
};

// Section 8.1.
struct GroupContext {
  std::uint16_t version = kMls10;
  SuiteId suite = 0;
  Bytes group_id;
  Epoch epoch = 0;
  Bytes tree_hash, confirmed_transcript_hash;
  Extensions extensions;

  template <class A, class S>
  static void each(A& archive, S& self) {
    archive(self.version, self.suite, self.group_id, self.epoch, self.tree_hash,
            self.confirmed_transcript_hash, self.extensions);
  }
};

// Section 8.4.
enum class PskType : std::uint8_t { kExternal = 1, kResumption = 2 };
enum class PskUsage : std::uint8_t { kApplication = 1, kReInit = 2, kBranch = 3 };

struct PreSharedKeyId {
  PskType type = PskType::kExternal;
  Bytes psk_id;                             // kExternal
  PskUsage usage = PskUsage::kApplication;  // The others: kResumption
  Bytes psk_group_id;
  Epoch psk_epoch = 0;
  Bytes psk_nonce;

  template <class A, class S>
  static void each(A& archive, S& self) {
    archive(self.type);
    if (self.type == PskType::kExternal) {
      archive(self.psk_id);
    } else if (self.type == PskType::kResumption) {
      archive(self.usage, self.psk_group_id, self.psk_epoch);
      if (self.usage < PskUsage::kApplication || self.usage > PskUsage::kBranch) {
        throw_encoding("A pre-shared key is of an unknown usage.");
      }
    } else {
      throw_encoding("A pre-shared key is of an unknown type.");
    }
    archive(self.psk_nonce);
  }
  bool operator==(const PreSharedKeyId&) const = default;
};

// Section 12.1.
struct Add {
  KeyPackage key_package;
  template <class A, class S>
  static void each(A& archive, S& self) {
    archive(self.key_package);
  }
};
struct Update {
  LeafNode leaf;
  template <class A, class S>
  static void each(A& archive, S& self) {
    archive(self.leaf);
  }
};
struct Remove {
  LeafIndex removed = 0;
  template <class A, class S>
  static void each(A& archive, S& self) {
    archive(self.removed);
  }
};
struct Psk {
  PreSharedKeyId id;
  template <class A, class S>
  static void each(A& archive, S& self) {
    archive(self.id);
  }
};
struct ReInit {
  Bytes group_id;
  std::uint16_t version = kMls10;
  SuiteId suite = 0;
  Extensions extensions;
  template <class A, class S>
  static void each(A& archive, S& self) {
    archive(self.group_id, self.version, self.suite, self.extensions);
  }
};
struct ExternalInit {
  Bytes kem_output;
  template <class A, class S>
  static void each(A& archive, S& self) {
    archive(self.kem_output);
  }
};
struct GroupContextExtensions {
  Extensions extensions;
  template <class A, class S>
  static void each(A& archive, S& self) {
    archive(self.extensions);
  }
};
struct SelfRemove {
  template <class A, class S>
  static void each(A&, S&) {}
};

struct Proposal {
  // In the order of the variant; what is held says the type.
  std::variant<Add, Update, Remove, Psk, ReInit, ExternalInit, GroupContextExtensions, SelfRemove> body;

  ProposalType type() const noexcept {
    return body.index() == 7 ? ProposalType::kSelfRemove : static_cast<ProposalType>(body.index() + 1);
  }
  template <class T>
  const T* as() const noexcept {
    return std::get_if<T>(&body);
  }

  template <class A, class S>
  static void each(A& archive, S& self) {
    ProposalType type = self.type();
    archive(type);
    switch (type) {
      case ProposalType::kAdd:
        return archive.template alternative<Add>(self.body);
      case ProposalType::kUpdate:
        return archive.template alternative<Update>(self.body);
      case ProposalType::kRemove:
        return archive.template alternative<Remove>(self.body);
      case ProposalType::kPsk:
        return archive.template alternative<Psk>(self.body);
      case ProposalType::kReInit:
        return archive.template alternative<ReInit>(self.body);
      case ProposalType::kExternalInit:
        return archive.template alternative<ExternalInit>(self.body);
      case ProposalType::kGroupContextExtensions:
        return archive.template alternative<GroupContextExtensions>(self.body);
      case ProposalType::kSelfRemove:
        return archive.template alternative<SelfRemove>(self.body);
    }
    throw_encoding("A proposal is of an unknown type.");
  }
};

struct ProposalRef {
  Bytes hash;
  template <class A, class S>
  static void each(A& archive, S& self) {
    archive(self.hash);
  }
};

struct ProposalOrRef {
  std::variant<Proposal, ProposalRef> body;

  template <class A, class S>
  static void each(A& archive, S& self) {
    auto type = static_cast<std::uint8_t>(self.body.index() + 1);
    archive(type);
    if (type == 1) return archive.template alternative<Proposal>(self.body);
    if (type == 2) return archive.template alternative<ProposalRef>(self.body);
    throw_encoding("A commit holds what is neither a proposal nor a reference.");
  }
};

// Section 7.6.
struct HpkeCiphertext {
  Bytes kem_output, ciphertext;
  template <class A, class S>
  static void each(A& archive, S& self) {
    archive(self.kem_output, self.ciphertext);
  }
};
struct UpdatePathNode {
  Bytes encryption_key;
  std::vector<HpkeCiphertext> encrypted_path_secrets;
  template <class A, class S>
  static void each(A& archive, S& self) {
    archive(self.encryption_key, self.encrypted_path_secrets);
  }
};
struct UpdatePath {
  LeafNode leaf;
  std::vector<UpdatePathNode> nodes;
  template <class A, class S>
  static void each(A& archive, S& self) {
    archive(self.leaf, self.nodes);
  }
};

// Section 12.4.
struct Commit {
  std::vector<ProposalOrRef> proposals;
  std::optional<UpdatePath> path;
  template <class A, class S>
  static void each(A& archive, S& self) {
    archive(self.proposals, self.path);
  }
};

// Section 6.
enum class WireFormat : std::uint16_t {
  kPublicMessage = 1,
  kPrivateMessage = 2,
  kWelcome = 3,
  kGroupInfo = 4,
  kKeyPackage = 5,
};
enum class ContentType : std::uint8_t { kApplication = 1, kProposal = 2, kCommit = 3 };
enum class SenderType : std::uint8_t {
  kMember = 1,
  kExternal = 2,
  kNewMemberProposal = 3,
  kNewMemberCommit = 4
};

struct Sender {
  SenderType type = SenderType::kMember;
  std::uint32_t index = 0;  // kMember: the leaf; kExternal: the place in the list of external senders.

  template <class A, class S>
  static void each(A& archive, S& self) {
    archive(self.type);
    if (self.type == SenderType::kMember || self.type == SenderType::kExternal) {
      archive(self.index);
    } else if (self.type != SenderType::kNewMemberProposal && self.type != SenderType::kNewMemberCommit) {
      throw_encoding("A sender is of an unknown type.");
    }
  }
  bool operator==(const Sender&) const = default;
};

struct FramedContent {
  Bytes group_id;
  Epoch epoch = 0;
  Sender sender;
  Bytes authenticated_data;
  std::variant<Secret, Proposal, Commit> body;  // In the order of ContentType.

  ContentType type() const noexcept { return static_cast<ContentType>(body.index() + 1); }

  template <class A, class S>
  static void each_body(A& archive, S& self, ContentType type) {
    switch (type) {
      case ContentType::kApplication:
        return archive.template alternative<Secret>(self.body);
      case ContentType::kProposal:
        return archive.template alternative<Proposal>(self.body);
      case ContentType::kCommit:
        return archive.template alternative<Commit>(self.body);
    }
    throw_encoding("A message is of an unknown content type.");
  }
  template <class A, class S>
  static void each(A& archive, S& self) {
    archive(self.group_id, self.epoch, self.sender, self.authenticated_data);
    ContentType type = self.type();
    archive(type);
    each_body(archive, self, type);
  }
};

// Section 6.1. Whether there is a confirmation tag is said by the content's type.
struct AuthData {
  Bytes signature;
  Bytes confirmation_tag;

  template <class A, class S>
  static void each_of(A& archive, S& self, ContentType type) {
    archive(self.signature);
    if (type == ContentType::kCommit) archive(self.confirmation_tag);
  }
};

struct AuthenticatedContent {
  WireFormat wire_format = WireFormat::kPublicMessage;
  FramedContent content;
  AuthData auth;

  template <class A, class S>
  static void each(A& archive, S& self) {
    archive(self.wire_format, self.content);
    AuthData::each_of(archive, self.auth, self.content.type());
  }
};

struct PublicMessage {
  FramedContent content;
  AuthData auth;
  Bytes membership_tag;  // kMember

  template <class A, class S>
  static void each(A& archive, S& self) {
    archive(self.content);
    AuthData::each_of(archive, self.auth, self.content.type());
    if (self.content.sender.type == SenderType::kMember) archive(self.membership_tag);
  }
};

struct PrivateMessage {
  Bytes group_id;
  Epoch epoch = 0;
  ContentType content_type = ContentType::kApplication;
  Bytes authenticated_data, encrypted_sender_data, ciphertext;

  template <class A, class S>
  static void each(A& archive, S& self) {
    archive(self.group_id, self.epoch, self.content_type);
    if (self.content_type < ContentType::kApplication || self.content_type > ContentType::kCommit) {
      throw_encoding("A message is of an unknown content type.");
    }
    archive(self.authenticated_data, self.encrypted_sender_data, self.ciphertext);
  }
};

// Section 12.4.3.
struct GroupInfo {
  GroupContext context;
  Extensions extensions;
  Bytes confirmation_tag;
  LeafIndex signer = 0;
  Bytes signature;

  template <class A, class S>
  static void each_signed(A& archive, S& self) {
    archive(self.context, self.extensions, self.confirmation_tag, self.signer);
  }
  template <class A, class S>
  static void each(A& archive, S& self) {
    each_signed(archive, self);
    archive(self.signature);
  }
};

struct PathSecret {
  Secret secret;
  template <class A, class S>
  static void each(A& archive, S& self) {
    archive(self.secret);
  }
};
struct GroupSecrets {
  Secret joiner_secret;
  std::optional<PathSecret> path_secret;
  std::vector<PreSharedKeyId> psks;
  template <class A, class S>
  static void each(A& archive, S& self) {
    archive(self.joiner_secret, self.path_secret, self.psks);
  }
};
struct EncryptedGroupSecrets {
  Bytes new_member;  // KeyPackageRef
  HpkeCiphertext secrets;
  template <class A, class S>
  static void each(A& archive, S& self) {
    archive(self.new_member, self.secrets);
  }
};
struct Welcome {
  SuiteId suite = 0;
  std::vector<EncryptedGroupSecrets> secrets;
  Bytes encrypted_group_info;
  template <class A, class S>
  static void each(A& archive, S& self) {
    archive(self.suite, self.secrets, self.encrypted_group_info);
  }
};

// Everything that travels (section 6).
struct Message {
  std::variant<PublicMessage, PrivateMessage, Welcome, GroupInfo, KeyPackage>
      body;  // In the order of WireFormat.

  WireFormat format() const noexcept { return static_cast<WireFormat>(body.index() + 1); }
  template <class T>
  const T* as() const noexcept {
    return std::get_if<T>(&body);
  }

  template <class A, class S>
  static void each(A& archive, S& self) {
    std::uint16_t version = kMls10;
    WireFormat format = self.format();
    archive(version, format);
    if (version != kMls10) throw_encoding("A message is of another version than MLS 1.0.");
    switch (format) {
      case WireFormat::kPublicMessage:
        return archive.template alternative<PublicMessage>(self.body);
      case WireFormat::kPrivateMessage:
        return archive.template alternative<PrivateMessage>(self.body);
      case WireFormat::kWelcome:
        return archive.template alternative<Welcome>(self.body);
      case WireFormat::kGroupInfo:
        return archive.template alternative<GroupInfo>(self.body);
      case WireFormat::kKeyPackage:
        return archive.template alternative<KeyPackage>(self.body);
    }
    throw_encoding("A message is of an unknown wire format.");
  }
};

// Contents of extensions.
struct RequiredCapabilities {  // Section 11.1.
  std::vector<std::uint16_t> extensions, proposals, credentials;
  template <class A, class S>
  static void each(A& archive, S& self) {
    archive(self.extensions, self.proposals, self.credentials);
  }
};
struct ExternalSender {  // Section 12.1.8.1.
  Bytes signature_key;
  Credential credential;
  template <class A, class S>
  static void each(A& archive, S& self) {
    archive(self.signature_key, self.credential);
  }
};

}  // namespace mychat::mls
