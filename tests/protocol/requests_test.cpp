#include <functional>

#include "protocol/auth.h"
#include "protocol/limits.h"
#include "protocol/mailbox.h"
#include "protocol/user.h"
#include "support.h"

namespace mychat::wire {
namespace {

using test::kFingerprint;
using test::kId;
using test::kPem;
using test::kPemJson;
using test::List;
using test::rejected;
using test::repeat;
using test::zeros64;

template <class T>
T parse(const std::string& json) {
  return T::from_json(Json::parse(json));
}

std::string registration(const std::string& more = "", const std::string& username = "alice",
                         const std::string& password = "password") {
  return R"({"username":")" + username + R"(","password":")" + password + R"(","public_key":")" + kPemJson +
         R"(","public_key_fingerprint":")" + kFingerprint + "\"" + more + "}";
}
List register_rejects(const std::string& json) {
  return rejected([&] { parse<RegisterRequest>(json); });
}

TEST(RegisterRequest, ReadsAllMembers) {
  const auto request = parse<RegisterRequest>(
      registration(R"(,"email":"a@b.org","invite":"xyz","device_name":"laptop","signing_key":")" +
                       zeros64(32) + R"(","signing_key_certificate":")" + zeros64(512) + R"(","unknown":[1])",
                   "Alice_9"));
  EXPECT_EQ(request.username, "alice_9");
  EXPECT_EQ(text(view(request.password)), "password");
  EXPECT_EQ(request.email, "a@b.org");
  EXPECT_EQ(request.public_key, kPem);
  EXPECT_EQ(request.invite, "xyz");
  EXPECT_EQ(request.device_name, "laptop");
  EXPECT_EQ(request.signing_key, zeros64(32));
  const Secret printed = to_secret_json_text(request);
  EXPECT_EQ(parse<RegisterRequest>(std::string(text(view(printed)))), request);
}

TEST(RegisterRequest, KeepsEveryLimitAtItsEdge) {
  EXPECT_EQ(register_rejects(registration("", "ab")), List{"username:string_too_short"});
  EXPECT_EQ(register_rejects(registration("", "abc")), List{});
  EXPECT_EQ(register_rejects(registration("", std::string(50, 'a'))), List{});
  EXPECT_EQ(register_rejects(registration("", std::string(51, 'a'))), List{"username:string_too_long"});
  EXPECT_EQ(register_rejects(registration("", "al-ice")), List{"username:string_pattern_mismatch"});
  EXPECT_EQ(register_rejects(registration("", "alice", "1234567")), List{"password:string_too_short"});
  EXPECT_EQ(register_rejects(registration("", "alice", "12345678")), List{});
  EXPECT_EQ(register_rejects(registration("", "alice", "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9")),
            List{});  // Bytes count.
  EXPECT_EQ(register_rejects(registration("", "alice", std::string(1024, 'x'))), List{});
  EXPECT_EQ(register_rejects(registration("", "alice", std::string(1025, 'x'))),
            List{"password:string_too_long"});
  EXPECT_EQ(register_rejects(registration(",\"device_name\":\"" + repeat("\xC3\xA9", 100) + "\"")), List{});
  EXPECT_EQ(register_rejects(registration(",\"device_name\":\"" + repeat("\xC3\xA9", 101) + "\"")),
            List{"device_name:string_too_long"});
  EXPECT_EQ(register_rejects(registration(R"(,"device_name":"a\nb")")), List{"device_name:value_error"});
  EXPECT_EQ(register_rejects(registration(",\"invite\":\"" + std::string(129, 'a') + "\"")),
            List{"invite:string_too_long"});
  EXPECT_EQ(register_rejects(registration(R"(,"email":"nobody")")), List{"email:value_error"});
  EXPECT_EQ(register_rejects(registration(R"(,"email":null,"invite":null,"device_name":null)")), List{});
}

TEST(RegisterRequest, ReportsEveryInvalidFieldAtOnceWithoutItsValue) {
  try {
    parse<RegisterRequest>(
        R"({"username":"x","password":"hunter2","email":7,"public_key_fingerprint":"no"})");
    FAIL();
  } catch (const ValidationError& error) {
    EXPECT_EQ(error.errors().size(), 5u);
    EXPECT_EQ(error.to_json_text().find("hunter2"), std::string::npos);
    EXPECT_EQ(error.errors()[0].loc, (List{"body", "username"}));
  }
  EXPECT_EQ(register_rejects("{}"), (List{"password:missing", "public_key:missing",
                                          "public_key_fingerprint:missing", "username:missing"}));
  for (const char* body : {"[]", "7", "\"x\"", "null"})
    EXPECT_EQ(register_rejects(body), List{":model_attributes_type"}) << body;
}

TEST(RegisterRequest, WantsASigningKeyAndItsCertificateTogether) {
  EXPECT_EQ(register_rejects(registration(",\"signing_key\":\"" + zeros64(32) + "\"")),
            List{"signing_key_certificate:value_error"});
  EXPECT_EQ(register_rejects(registration(",\"signing_key_certificate\":\"" + zeros64(512) + "\"")),
            List{"signing_key:value_error"});
  EXPECT_EQ(register_rejects(registration(",\"signing_key\":\"" + zeros64(31) +
                                          "\",\"signing_key_certificate\":\"" + zeros64(1025) + "\"")),
            (List{"signing_key:string_too_short", "signing_key_certificate:string_too_long"}));
}

TEST(LoginRequest, TakesAnyNameAndPasswordWithinBounds) {
  const auto request = parse<LoginRequest>(R"({"username":"No-Such User","password":"x"})");
  EXPECT_EQ(request.username, "no-such user");
  const Secret printed = to_secret_json_text(request);
  EXPECT_EQ(parse<LoginRequest>(std::string(text(view(printed)))), request);
  EXPECT_EQ(rejected([] { parse<LoginRequest>(R"({"username":"","password":""})"); }),
            (List{"password:string_too_short", "username:string_too_short"}));
}

TEST(PasswordRequests, KeepTheirLimits) {
  const auto change = parse<PasswordChange>(R"({"current_password":"x","new_password":"12345678"})");
  EXPECT_EQ(parse<PasswordChange>(std::string(text(view(to_secret_json_text(change))))), change);
  EXPECT_EQ(rejected([] { parse<PasswordChange>(R"({"current_password":"","new_password":"1234567"})"); }),
            (List{"current_password:string_too_short", "new_password:string_too_short"}));
  EXPECT_EQ(text(view(parse<DeleteAccount>(R"({"password":"x"})").password)), "x");
  EXPECT_EQ(rejected([] { parse<DeleteAccount>("{}"); }), List{"password:missing"});
}

TEST(ProfileUpdate, CountsCodePointsAndChecksTheAddress) {
  const auto with_status = [](std::size_t n) {
    return rejected(
        [&] { parse<ProfileUpdate>("{\"status_message\":\"" + repeat("\xF0\x9F\x98\x80", n) + "\"}"); });
  };
  EXPECT_EQ(with_status(280), List{});
  EXPECT_EQ(with_status(281), List{"status_message:string_too_long"});
  EXPECT_EQ(rejected([] { parse<ProfileUpdate>(R"({"status_message":"a\nb"})"); }), List{});
  EXPECT_EQ(rejected([] { parse<ProfileUpdate>(R"({"status_message":"a\u0007b"})"); }),
            List{"status_message:value_error"});
  EXPECT_EQ(rejected([] { parse<ProfileUpdate>(R"({"avatar_url":"javascript:x"})"); }),
            List{"avatar_url:value_error"});
  const auto update = parse<ProfileUpdate>(R"({"avatar_url":"","status_message":null})");
  EXPECT_EQ(update.avatar_url, "");
  EXPECT_FALSE(update.status_message);
  EXPECT_EQ(parse<ProfileUpdate>(to_json_text(update)), update);
}

TEST(ContactRequest, KeepsAHandleThatIsNoneForThe400) {
  EXPECT_EQ(parse<ContactRequest>(R"({"contact_handle":"Bob@Chat.org"})").contact_handle, "bob@chat.org");
  EXPECT_EQ(parse<ContactRequest>(R"({"contact_handle":"Bob"})").contact_handle, "Bob");
  const auto with_nickname = [](std::size_t n) {
    return rejected([&] {
      parse<ContactRequest>("{\"contact_handle\":\"bob@a.org\",\"nickname\":\"" + repeat("\xC3\xA9", n) +
                            "\"}");
    });
  };
  EXPECT_EQ(with_nickname(100), List{});
  EXPECT_EQ(with_nickname(101), List{"nickname:string_too_long"});
}

TEST(KeyUpdate, ChecksTheRotationWithin) {
  const std::string key =
      R"({"public_key":")" + kPemJson + R"(","public_key_fingerprint":")" + kFingerprint + "\"";
  const std::string rotation = R"(,"rotation":{"old_fingerprint":")" + kFingerprint +
                               R"(","new_fingerprint":")" + kFingerprint +
                               R"(","created_at":"2026-01-31T12:00:00.000Z","signature_old":")" +
                               zeros64(512) + R"(","signature_new":")" + zeros64(512) + "\"}";
  const auto update = parse<KeyUpdate>(key + rotation + "}");
  ASSERT_TRUE(update.rotation);
  EXPECT_EQ(update.rotation->created_at, "2026-01-31T12:00:00.000Z");
  EXPECT_EQ(parse<KeyUpdate>(to_json_text(update)), update);
  EXPECT_FALSE(parse<KeyUpdate>(key + ",\"rotation\":null}").rotation);
  EXPECT_EQ(rejected([&] { parse<KeyUpdate>(key + R"(,"rotation":{"created_at":"soon"}})"); }),
            (List{"rotation.created_at:datetime_parsing", "rotation.new_fingerprint:missing",
                  "rotation.old_fingerprint:missing", "rotation.signature_new:missing",
                  "rotation.signature_old:missing"}));
  EXPECT_EQ(rejected([&] { parse<KeyUpdate>(key + ",\"rotation\":1}"); }),
            List{"rotation:model_attributes_type"});
}

std::string id_list(std::size_t n) {
  std::string list = "{\"message_ids\":[";
  for (std::size_t i = 0; i < n; ++i) list += (i != 0 ? ",\"" : "\"") + kId + "\"";
  return list + "]}";
}

TEST(ReadRequest, TakesOneTo256Ids) {
  EXPECT_EQ(parse<ReadRequest>(id_list(1)).message_ids, List{kId});
  EXPECT_EQ(parse<ReadRequest>(id_list(256)).message_ids.size(), 256u);
  EXPECT_EQ(rejected([] { parse<ReadRequest>(id_list(0)); }), List{"message_ids:too_short"});
  EXPECT_EQ(rejected([] { parse<ReadRequest>(id_list(257)); }), List{"message_ids:too_long"});
  EXPECT_EQ(rejected([] { parse<ReadRequest>("{\"message_ids\":[\"" + kId + "\",\"x\",7]}"); }),
            (List{"message_ids.1:uuid_parsing", "message_ids.2:uuid_parsing"}));
  EXPECT_EQ(rejected([] { parse<ReadRequest>(R"({"message_ids":"x"})"); }), List{"message_ids:list_type"});
}

TEST(AckRequest, TakesASequenceNumber) {
  EXPECT_EQ(parse<AckRequest>("{\"seq\":0}").seq, 0);
  EXPECT_EQ(parse<AckRequest>("{\"seq\":9007199254740991}").seq, limits::kSeqMax);
  EXPECT_EQ(rejected([] { parse<AckRequest>("{\"seq\":9007199254740992}"); }), List{"seq:int_type"});
  EXPECT_EQ(rejected([] { parse<AckRequest>("{\"seq\":-1}"); }), List{"seq:greater_than_equal"});
  EXPECT_EQ(rejected([] { parse<AckRequest>("{\"seq\":\"1\"}"); }), List{"seq:int_type"});
  EXPECT_EQ(rejected([] { parse<AckRequest>("{}"); }), List{"seq:missing"});
}

}  // namespace
}  // namespace mychat::wire
