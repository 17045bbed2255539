// What the codec refuses, with the error that says why.
#include <gtest/gtest.h>

#include "e2ee/mls/tree.h"
#include "e2ee/mls/types.h"
#include "support/expect_error.h"

namespace mychat::mls::testing {
namespace {

Bytes bytes_of(std::initializer_list<int> octets) {
  Bytes out;
  for (const int octet : octets) out.push_back(static_cast<std::uint8_t>(octet));
  return out;
}

TEST(Codec, SizesHaveOneFormEach) {
  for (const std::size_t size : {0U, 1U, 0x3fU, 0x40U, 0x3fffU, 0x4000U, 0x12345U}) {
    const Bytes value(size, 7);
    EXPECT_EQ(decode<Bytes>(encode(value)), value) << size;
  }
  EXPECT_ERROR(decode<Bytes>(bytes_of({0xc0})), MYCHAT_E_MALFORMED, "prefix");
  EXPECT_ERROR(decode<Bytes>(bytes_of({0x40, 1, 9})), MYCHAT_E_MALFORMED, "shortest");
  EXPECT_ERROR(decode<Bytes>(bytes_of({0x80, 0, 0, 1, 9})), MYCHAT_E_MALFORMED, "shortest");
  EXPECT_ERROR(decode<Bytes>(bytes_of({})), MYCHAT_E_MALFORMED, "end within");
  EXPECT_ERROR(decode<Bytes>(bytes_of({0x40})), MYCHAT_E_MALFORMED, "end within");
  EXPECT_ERROR(decode<Bytes>(bytes_of({2, 9})), MYCHAT_E_MALFORMED, "end within");
  EXPECT_ERROR(decode<Bytes>(bytes_of({1, 9, 9})), MYCHAT_E_MALFORMED, "after the end");
}

TEST(Codec, AVectorIsOfSixteenMebibytesAtMost) {
  Bytes most(kMaxVector);
  EXPECT_EQ(encode(most).size(), kMaxVector + 4);
  most.push_back(0);
  EXPECT_ERROR(encode(most), MYCHAT_E_TOO_LARGE, "16 MiB");
  // Said of bytes that are not there: the size alone is looked at.
  EXPECT_ERROR(decode<Bytes>(bytes_of({0x81, 0, 0, 1})), MYCHAT_E_TOO_LARGE, "16 MiB");
  EXPECT_ERROR(decode<Bytes>(bytes_of({0x81, 0, 0, 0})), MYCHAT_E_MALFORMED, "end within");
}

// An octet each on the wire, forty in memory.
TEST(Codec, ElementsThatWouldTakeMuchMoreMemoryThanTheirBytesAreRefused) {
  const std::size_t fits = kMemoryOfElements / sizeof(std::optional<Node>);
  const NodeVector blanks(2 * fits);
  EXPECT_ERROR(decode<NodeVector>(encode(blanks)), MYCHAT_E_TOO_LARGE, "too many elements");
  EXPECT_EQ(decode<NodeVector>(encode(NodeVector(fits))).size(), fits);
}

TEST(Codec, OptionalsAreThereOrNot) {
  EXPECT_FALSE(decode<std::optional<PathSecret>>(bytes_of({0})));
  EXPECT_TRUE(decode<std::optional<PathSecret>>(bytes_of({1, 0})));
  EXPECT_ERROR(decode<std::optional<PathSecret>>(bytes_of({2, 0})), MYCHAT_E_MALFORMED, "neither");
}

TEST(Codec, PreSharedKeysAreOfKnownTypesAndUsages) {
  PreSharedKeyId id;
  id.type = PskType::kResumption;
  for (const int usage : {1, 2, 3}) {
    id.usage = static_cast<PskUsage>(usage);
    EXPECT_EQ(decode<PreSharedKeyId>(encode(id)), id);
  }
  Bytes bytes = encode(id);
  for (const std::uint8_t usage : bytes_of({0, 4, 255})) {
    bytes[1] = usage;
    EXPECT_ERROR(decode<PreSharedKeyId>(bytes), MYCHAT_E_MALFORMED, "unknown usage");
  }
  for (const std::uint8_t type : bytes_of({0, 3})) {
    bytes[0] = type;
    EXPECT_ERROR(decode<PreSharedKeyId>(bytes), MYCHAT_E_MALFORMED, "unknown type");
  }
}

TEST(Codec, WhatIsOfAnUnknownKindIsRefused) {
  EXPECT_ERROR(decode<Credential>(bytes_of({0, 3, 0})), MYCHAT_E_MALFORMED, "credential");
  EXPECT_ERROR(decode<Node>(bytes_of({3})), MYCHAT_E_MALFORMED, "node of the tree");
  EXPECT_ERROR(decode<Proposal>(bytes_of({0, 8})), MYCHAT_E_MALFORMED, "proposal");
  EXPECT_ERROR(decode<ProposalOrRef>(bytes_of({3})), MYCHAT_E_MALFORMED, "neither a proposal");
  EXPECT_ERROR(decode<Sender>(bytes_of({5})), MYCHAT_E_MALFORMED, "sender");
  EXPECT_ERROR(decode<Message>(bytes_of({0, 2, 0, 1})), MYCHAT_E_MALFORMED, "another version");
  EXPECT_ERROR(decode<Message>(bytes_of({0, 1, 0, 6})), MYCHAT_E_MALFORMED, "wire format");
  for (const int type : {0, 4}) {
    // An empty group id, epoch 0, from member 0, nothing authenticated.
    Bytes content(1 + 8 + 1 + 4 + 1);
    content[9] = 1;
    content.push_back(static_cast<std::uint8_t>(type));
    EXPECT_ERROR(decode<FramedContent>(content), MYCHAT_E_MALFORMED, "content type");
    Bytes sealed(1 + 8);
    sealed.push_back(static_cast<std::uint8_t>(type));
    EXPECT_ERROR(decode<PrivateMessage>(sealed), MYCHAT_E_MALFORMED, "content type");
  }
}

// What is given to the engine as a struct cannot be written either.
TEST(Codec, WhatIsOfAnUnknownKindIsNotWritten) {
  LeafNode leaf;
  leaf.source = static_cast<LeafSource>(4);
  EXPECT_ERROR(encode(leaf), MYCHAT_E_MALFORMED, "source");
  Credential credential;
  credential.type = static_cast<CredentialType>(3);
  EXPECT_ERROR(encode(credential), MYCHAT_E_MALFORMED, "credential");
}

TEST(Grease, IsOfFifteenValues) {
  int count = 0;
  for (std::uint32_t value = 0; value <= 0xffff; ++value)
    count += is_grease(static_cast<std::uint16_t>(value));
  EXPECT_EQ(count, 15);
  for (const std::uint16_t value : std::vector<std::uint16_t>{0x0a0a, 0x1a1a, 0xeaea})
    EXPECT_TRUE(is_grease(value));
  for (const std::uint16_t value : std::vector<std::uint16_t>{0xfafa, 0x0a1a, 0x0a0b, 0x0b0a, 0})
    EXPECT_FALSE(is_grease(value));
}

}  // namespace
}  // namespace mychat::mls::testing
