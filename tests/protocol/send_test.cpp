#include <map>

#include "protocol/message.h"
#include "support.h"

namespace mychat::wire {
namespace {

using test::kId;
using test::List;
using test::rejected;
using test::status_of;
using test::zeros64;

// A complete one-to-one message, from which the tests take members away or change them.
class Body {
 public:
  Body() {
    text("id", kId).text("recipient_handle", "bob@chat.org").text("encrypted_content", zeros64(48));
    text("encrypted_key", zeros64(512)).text("iv", zeros64(12)).text("content_type", "text");
    text("algorithm", std::string(limits::kAlgorithmEnvelopeV1));
  }
  Body& text(const std::string& name, const std::string& value) { return raw(name, '"' + value + '"'); }
  Body& raw(const std::string& name, const std::string& json) {
    members_[name] = json;
    return *this;
  }
  Body& without(const std::string& name) {
    members_.erase(name);
    return *this;
  }
  SendMessageRequest parse(std::size_t max_content = limits::kMaxMessageSize) const {
    std::string json = "{";
    for (const auto& [name, value] : members_)
      json += (json.size() > 1 ? ",\"" : "\"") + name + "\":" + value;
    return SendMessageRequest::from_json(Json::parse(json + "}"), max_content);
  }
  List rejects() const {
    return rejected([&] { parse(); });
  }

 private:
  std::map<std::string, std::string> members_;
};

Body signed_body() {
  Body body;
  body.text("signature", zeros64(96)).text("sent_at", "2026-01-31T12:00:00.000Z");
  return body.text("sender_encrypted_key", zeros64(512)).text("sender_key_hash", zeros64(32));
}

TEST(SendMessageRequest, ReadsAndPrintsAllMembers) {
  const auto m = signed_body().parse();
  EXPECT_EQ(m.id, kId);
  EXPECT_EQ(m.recipient_handle, "bob@chat.org");
  EXPECT_EQ(m.sent_at, "2026-01-31T12:00:00.000Z");
  EXPECT_EQ(m.sender_key_hash, zeros64(32));
  EXPECT_EQ(SendMessageRequest::from_json(Json::parse(to_json_text(m))), m);
}

TEST(SendMessageRequest, TakesWhatAV1ClientSends) {
  const auto m = Body().without("id").without("content_type").without("algorithm").parse();
  EXPECT_FALSE(m.id);
  EXPECT_EQ(m.content_type, "text");
  EXPECT_EQ(m.algorithm, limits::kAlgorithmEnvelopeV1);
  EXPECT_EQ(Body().raw("group_id", "null").raw("signature", "null").parse().group_id, std::nullopt);
}

TEST(SendMessageRequest, NormalisesIdsAndHandles) {
  const auto m = Body()
                     .text("id", "7F3C2A10-0000-4000-8000-0123456789AB")
                     .text("recipient_handle", "BOB@Chat.org")
                     .parse();
  EXPECT_EQ(m.id, kId);
  EXPECT_EQ(m.recipient_handle, "bob@chat.org");
}

TEST(SendMessageRequest, WantsExactlyOneAddressee) {
  EXPECT_EQ(Body().without("recipient_handle").rejects(), List{"recipient_handle:value_error"});
  EXPECT_EQ(Body().text("group_id", kId).rejects(), List{"recipient_handle:value_error"});
  EXPECT_EQ(Body().without("recipient_handle").without("encrypted_key").text("group_id", kId).rejects(),
            List{});
  EXPECT_EQ(Body().without("encrypted_key").rejects(), List{"encrypted_key:missing"});
  EXPECT_EQ(Body().without("iv").rejects(), List{"iv:missing"});
  EXPECT_EQ(Body().text("recipient_handle", "bob").rejects(),
            List{"recipient_handle:string_pattern_mismatch"});
}

TEST(SendMessageRequest, ChecksBinaryMembersByFormAndSize) {
  EXPECT_EQ(Body().text("iv", zeros64(11)).rejects(), List{"iv:string_too_short"});
  EXPECT_EQ(Body().text("iv", zeros64(13)).rejects(), List{"iv:string_too_long"});
  EXPECT_EQ(Body().text("encrypted_key", zeros64(1024)).rejects(), List{});
  EXPECT_EQ(Body().text("encrypted_key", zeros64(1025)).rejects(), List{"encrypted_key:string_too_long"});
  EXPECT_EQ(Body().text("encrypted_key", "").rejects(), List{"encrypted_key:string_too_short"});
  EXPECT_EQ(Body().text("encrypted_content", "").rejects(), List{"encrypted_content:string_too_short"});
  EXPECT_EQ(Body().text("encrypted_content", "AAA").rejects(), List{"encrypted_content:value_error"});
  EXPECT_EQ(Body().text("encrypted_content", "AA-_").rejects(), List{"encrypted_content:value_error"});
  EXPECT_EQ(Body().raw("encrypted_content", "7").rejects(), List{"encrypted_content:string_type"});
  for (const std::size_t size : {std::size_t{64}, std::size_t{95}})
    EXPECT_EQ(signed_body().text("signature", zeros64(size)).rejects(), List{"signature:string_too_short"});
  EXPECT_EQ(signed_body().text("signature", zeros64(97)).rejects(), List{"signature:string_too_long"});
  EXPECT_EQ(signed_body().text("sender_key_hash", zeros64(33)).rejects(),
            List{"sender_key_hash:string_too_long"});
  EXPECT_EQ(signed_body().text("sender_encrypted_key", zeros64(1025)).rejects(),
            List{"sender_encrypted_key:string_too_long"});
}

TEST(SendMessageRequest, KnowsItsLiterals) {
  EXPECT_EQ(Body().text("content_type", "video").rejects(), List{"content_type:literal_error"});
  EXPECT_EQ(Body().text("content_type", "file").rejects(), List{});
  EXPECT_EQ(Body().text("algorithm", "none").rejects(), List{"algorithm:literal_error"});
  EXPECT_EQ(Body().text("sent_at", "noon").rejects(), List{"sent_at:datetime_parsing"});
  EXPECT_EQ(Body().text("id", "7").rejects(), List{"id:uuid_parsing"});
}

TEST(SendMessageRequest, WantsAllThatASignatureCovers) {
  EXPECT_EQ(signed_body().without("id").rejects(), List{"id:missing"});
  EXPECT_EQ(signed_body().without("sent_at").rejects(), List{"sent_at:missing"});
  EXPECT_EQ(signed_body().without("sender_key_hash").rejects(), List{"sender_key_hash:missing"});
  EXPECT_EQ(signed_body().without("sender_key_hash").without("sender_encrypted_key").rejects(), List{});
}

TEST(SendMessageRequest, SaysTooLargeRatherThanInvalid) {
  EXPECT_EQ(status_of([] { Body().parse(48); }), MYCHAT_OK);
  EXPECT_EQ(status_of([] { Body().parse(47); }), MYCHAT_E_TOO_LARGE);
}

}  // namespace
}  // namespace mychat::wire
