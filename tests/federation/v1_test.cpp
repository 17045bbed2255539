#include "federation/v1.h"

#include <gtest/gtest.h>

#include <string>

#include "base/encoding.h"
#include "support/expect_error.h"

namespace mychat::federation {
namespace {

constexpr std::size_t kMost = 1000;

std::string document(const std::string& domain, const std::string& api, const std::string& more = {}) {
  return R"({"version":"1.0","domain":")" + domain + R"(","federation_api":")" + api +
         R"(","public_key":"x","capabilities":[],"max_message_size":4096,"statistics":{})" + more + "}";
}

TEST(V1, ADocumentIsTakenFromItsOwnDomainOnly) {
  const V1Node node =
      read_v1_well_known(200, document("a.example", "https://a.example/api/federation/"), "a.example");
  EXPECT_EQ(node.api_url, "https://a.example/api/federation");
  EXPECT_EQ(node.max_message_size, 4096);
  EXPECT_EQ(read_v1_well_known(200, document("a.example", "https://f.a.example"), "a.example").api_url,
            "https://f.a.example");
  const auto read = [](const std::string& text, int status = 200) {
    return read_v1_well_known(status, text, "a.example");
  };
  EXPECT_ERROR(read(document("a.example", "https://a.example/f"), 404), MYCHAT_E_NODE, "404");
  EXPECT_ERROR(read(document("b.example", "https://a.example/f")), MYCHAT_E_KEY_MISMATCH, "another domain");
  for (const char* elsewhere :
       {"http://a.example/f", "https://b.example/f", "https://a.example.b.example/f",
        "https://user@a.example/f", "https://a.example/f?x=1", "ftp://a.example/f", ""})
    EXPECT_ERROR(read(document("a.example", elsewhere)), MYCHAT_E_MALFORMED, "federation address");
  EXPECT_ERROR(read(document("a.example", "https://a.example/f", R"(,"federation":{"payload":""})")),
               MYCHAT_E_SIGNATURE, "must be signed");
  for (const char* broken : {"", "[]", "{}", "null", R"({"domain":"a.example"})"})
    EXPECT_ANY_THROW(read(broken)) << broken;
}

MessageItem letter() {
  MessageItem item;
  item.sender_handle = "bob@a.example";
  item.created_at = 1'800'000'000'000;
  item.message.id = "0190f0a0-0000-7000-8000-000000000001";
  item.message.recipient_handle = "alice@b.example";
  item.message.encrypted_content = "AAAA";
  item.message.encrypted_key = base64_encode(Bytes(512, 1));
  item.message.iv = base64_encode(Bytes(12, 2));
  return item;
}

TEST(V1, AMessageIsReadAsItWasWrittenWithoutWhatVouchesForIt) {
  MessageItem item = letter();
  const std::string plain = v1_message_json(item);
  EXPECT_EQ(v1_message_from_json(Json::parse(plain), kMost), item);
  item.message.signature = base64_encode(Bytes(96, 3));
  item.message.sent_at = "2027-01-15T08:00:00.000Z";
  item.message.sender_encrypted_key = item.message.encrypted_key;
  item.message.sender_key_hash = base64_encode(Bytes(32, 4));
  EXPECT_EQ(v1_message_json(item), plain);
  std::string dressed = plain;
  dressed.insert(1,
                 R"("signature":")" + *item.message.signature + R"(","sent_at":"2027-01-15T08:00:00.000Z",)");
  EXPECT_EQ(v1_message_from_json(Json::parse(dressed), kMost), letter());
}

TEST(V1, AMessageThatIsNoneIsRefused) {
  MessageItem large = letter();
  large.message.encrypted_content = base64_encode(Bytes(kMost + 1, 0));
  EXPECT_ERROR(v1_message_from_json(Json::parse(v1_message_json(large)), kMost), MYCHAT_E_TOO_LARGE,
               "larger");
  for (const char* member : {"message_id", "sender_handle", "recipient_handle", "encrypted_content",
                             "encrypted_key", "iv", "created_at"}) {
    std::string text = v1_message_json(letter());
    text.replace(text.find(member), 1, "x");
    EXPECT_ERROR(v1_message_from_json(Json::parse(text), kMost), MYCHAT_E_REJECTED, member);
  }
}

TEST(V1, ReceiptsAreOfOneMessageEach) {
  ReceiptItem item;
  item.recipient_handle = "bob@a.example";
  item.message_ids = {"0190f0a0-0000-7000-8000-000000000001", "0190f0a0-0000-7000-8000-000000000002"};
  item.status = wire::DeliveryStatus::kRead;
  item.timestamp = 1'800'000'000'000;
  for (std::size_t i = 0; i < 2; ++i) {
    const ReceiptItem read = v1_receipt_from_json(Json::parse(v1_receipt_json(item, i)));
    EXPECT_EQ(read.message_ids, std::vector<std::string>{item.message_ids[i]});
    EXPECT_EQ(read.recipient_handle, item.recipient_handle);
    EXPECT_EQ(read.status, item.status);
    EXPECT_EQ(read.timestamp, item.timestamp);
  }
  std::string lost = v1_receipt_json(item, 0);
  lost.replace(lost.find("\"read\""), 6, "\"lost\"");
  EXPECT_ERROR(v1_receipt_from_json(Json::parse(lost)), MYCHAT_E_REJECTED, "status");
}

// RFC 4231, test case 2.
TEST(V1, TheSignatureThatProvesNothingIsAnHmac) {
  EXPECT_EQ(v1_signature("Jefe", "what do ya want for nothing?"),
            base64_encode(*hex_decode("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")));
}

}  // namespace
}  // namespace mychat::federation
