#include "base/encoding.h"
#include "protocol/auth.h"
#include "protocol/error_body.h"
#include "protocol/message.h"
#include "protocol/node_info.h"
#include "protocol/user.h"
#include "support.h"

namespace mychat::wire {
namespace {

using test::status_of;

template <class T>
T parse(const std::string& json) {
  return T::from_json(Json::parse(json));
}
template <class T>
void expect_round_trip(const T& value) {
  EXPECT_EQ(parse<T>(to_json_text(value)), value) << to_json_text(value);
}

TEST(Answers, EveryAnswerReadsBackAsItWasWritten) {
  expect_round_trip(AuthResponse{to_secret("tok.en"), "id", "a@b", "fp"});
  expect_round_trip(Session{"id", "phone", 1000, 2000, true});
  expect_round_trip(Session{"id", std::nullopt, 1000, std::nullopt, false});
  expect_round_trip(MessageAnswer{"Done"});
  expect_round_trip(RevokedAnswer{3});
  expect_round_trip(ReadAnswer{2});
  expect_round_trip(UserMe{"id", "a", "b", "a@b", "pem", "fp", "https://x", "hi\n", false, 5, 6});
  expect_round_trip(UserMe{"id", "a", "b", "a@b", "pem", "fp", {}, {}, true, 0, {}});
  expect_round_trip(UserPublic{"a@b", "pem", "fp", "u", "s", 1, "k", "c", 2});
  expect_round_trip(UserPublic{"a@b", "pem", "fp", {}, {}, {}, {}, {}, {}});
  expect_round_trip(KeyResponse{"a@b", "pem", "fp", true, "k", "c", 253402300799999});
  expect_round_trip(Contact{"id", "a@b", "Al", "fp", "u", 1, 2});
  expect_round_trip(Contact{"id", "a@b", {}, "", {}, {}, 2});
  NodeInfo info{"b", "1", true, true, 500, 7, 1, 99, {"mailbox"}, {}};
  info.limits.ws_window = 7;
  expect_round_trip(info);
  MessageOut m;
  m.id = "1";
  m.sender_handle = "a@b";
  m.created_at = 1'769'860'800'123;
  expect_round_trip(m);
  m.recipient_handle = "c@d";
  m.encrypted_content = "AAAA";
  m.encrypted_key = m.iv = m.algorithm = m.sender_encrypted_key = m.sender_key_hash = "AAAA";
  m.signature = m.sent_at = "x";
  m.delivered_at = m.read_at = 5;
  m.status = DeliveryStatus::kFailed;
  expect_round_trip(m);
  expect_round_trip(ConversationPage{{m, m}, true, "cursor"});
  expect_round_trip(ConversationPage{});
}

TEST(Answers, AMessageIsNotLostForASignatureThatIsNone) {
  const auto signature = [](const std::string& json) {
    return MessageOut::from_json(Json::parse(R"({"id":"1","sender_handle":"a@b","encrypted_content":"AAAA",)"
                                             R"("created_at":"2026-01-31T12:00:00.123Z","signature":)" +
                                             json + "}"))
        .signature;
  };
  EXPECT_EQ(signature("null"), std::nullopt);
  EXPECT_EQ(signature("\"AAAA\""), "AAAA");
  for (const char* json : {"5", "true", "{}", "[\"AAAA\"]"}) {
    ASSERT_TRUE(signature(json).has_value()) << json;
    EXPECT_EQ(base64_decode(*signature(json)), std::nullopt) << json;
  }
}

TEST(Answers, AuthResponseHasTheV1Shape) {
  EXPECT_EQ(
      to_json_text(AuthResponse{to_secret("t"), "i", "a@b", "f"}),
      R"({"access_token":"t","token_type":"bearer","user_id":"i","full_handle":"a@b","public_key_fingerprint":"f"})");
}

TEST(Answers, AMessageOfAV1NodeThatLostItsKeysIsRead) {
  const auto m = parse<MessageOut>(
      R"({"id":"7f3c","sender_handle":"a@b","encrypted_content":"AAAA","encrypted_key":null,"created_at":)"
      R"("2026-01-31T12:00:00.123456","status":"odd","delivered_at":"never","surprise":{"x":[]}})");
  EXPECT_FALSE(m.encrypted_key);
  EXPECT_FALSE(m.iv);
  EXPECT_FALSE(m.algorithm);
  EXPECT_FALSE(m.delivered_at);
  EXPECT_EQ(m.content_type, "text");
  EXPECT_EQ(m.status, DeliveryStatus::kPending);
  EXPECT_EQ(
      m.created_at,
      parse<MessageOut>(R"({"id":1,"sender_handle":"a@b","created_at":"2026-01-31T13:00:00.123+01:00"})")
          .created_at);
  expect_round_trip(m);
}

TEST(Answers, AMessageWithoutIdentityIsRefused) {
  for (const char* json :
       {R"({"sender_handle":"a@b","created_at":"2026-01-31T12:00:00Z"})",
        R"({"id":"x","created_at":"2026-01-31T12:00:00Z"})", R"({"id":"x","sender_handle":"a@b"})",
        R"({"id":"x","sender_handle":"a@b","created_at":"noon"})",
        R"({"id":"x","sender_handle":"a@b","created_at":"2026-01-31T12:00:00Z","iv":7})", "[]"})
    EXPECT_EQ(status_of([&] { parse<MessageOut>(json); }), MYCHAT_E_MALFORMED) << json;
}

TEST(Answers, APlainV1NodeHasNoCapabilitiesAndTheDefaultLimits) {
  const auto info = parse<NodeInfo>(R"({"domain":"b.org","version":"1.0","federation_enabled":true,
    "registration_open":false,"max_users":500,"current_users":-1,"uptime_seconds":12.5,"limits":{"max_page":0}})");
  EXPECT_FALSE(info.can(capability::kMailbox));
  EXPECT_EQ(info.limits, NodeLimits{});
  EXPECT_EQ(info.max_users, 500);
  EXPECT_EQ(info.current_users, 0);
  EXPECT_TRUE(parse<NodeInfo>(R"({"domain":"b","capabilities":["mailbox",7]})").can(capability::kMailbox));
}

TEST(Answers, ListsOfSessionsAndContactsMustBeLists) {
  EXPECT_EQ(sessions_from_json(Json::parse("[]")).size(), 0u);
  EXPECT_EQ(contacts_from_json(Json::parse(R"([{"id":3,"contact_handle":"a@b"}])")).at(0).id, "3");
  EXPECT_EQ(status_of([] { contacts_from_json(Json::parse("{}")); }), MYCHAT_E_MALFORMED);
  EXPECT_EQ(status_of([] { sessions_from_json(Json::parse("[{}]")); }), MYCHAT_E_MALFORMED);
}

TEST(Answers, ATokenHasABound) {
  const auto with_token = [](std::size_t n) {
    return status_of([&] {
      parse<AuthResponse>("{\"access_token\":\"" + std::string(n, 't') +
                          R"(","user_id":"i","full_handle":"a@b"})");
    });
  };
  EXPECT_EQ(with_token(0), MYCHAT_E_MALFORMED);
  EXPECT_EQ(with_token(4096), MYCHAT_OK);
  EXPECT_EQ(with_token(4097), MYCHAT_E_MALFORMED);
}

TEST(ErrorBody, ReadsTextAndLists) {
  EXPECT_EQ(ErrorBody::parse(R"({"detail":"User not found"})").sentence(), "User not found.");
  EXPECT_EQ(ErrorBody::parse(R"({"detail":[{"loc":["body","ids",3],"msg":"bad","type":"x"}]})").sentence(),
            "3: bad.");
  EXPECT_EQ(ErrorBody::parse(R"({"error":"user_not_found","message":"Nobody!"})").sentence(), "Nobody!");
  for (const char* text :
       {"", "<html>", "{}", "[]", R"({"detail":7})", R"({"detail":null})", R"({"detail":[7]})"})
    EXPECT_EQ(ErrorBody::parse(text).sentence(), "") << text;
  expect_round_trip(ErrorBody{"x", {}});
  expect_round_trip(ErrorBody{"", {{{"body", "ids", "3"}, "m", "t"}}});
}

TEST(ErrorBody, ItsSentenceIsOneBoundedPrintableLine) {
  EXPECT_EQ((ErrorBody{"  a\r\n\t b\x1B[31m \x7F ", {}}).sentence(), "a b [31m.");
  const std::string sentence = ErrorBody{test::repeat("\xE2\x82\xAC", 500), {}}.sentence();
  EXPECT_LE(sentence.size(), 200u);
  EXPECT_GT(sentence.size(), 190u);
  EXPECT_EQ(status_of([&] { Json::parse('"' + sentence + '"'); }), MYCHAT_OK);
  for (std::size_t n = 195; n < 205; ++n)
    EXPECT_LE((ErrorBody{std::string(n, 'x'), {}}).sentence().size(), 200u);
}

}  // namespace
}  // namespace mychat::wire
