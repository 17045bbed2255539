// Accounts, sessions and tokens over HTTP.
#include <gtest/gtest.h>

#include "server/api_fixture.h"

namespace mychat::server::test {
namespace {

std::string login_body(const Account& account, std::string_view password = {}) {
  return R"({"username":")" + account.username + R"(","password":")" +
         std::string(password.empty() ? account.password : password) + R"(","device_name":"phone"})";
}

// In order but for its size.
constexpr std::string_view kRsa2048 =
    "-----BEGIN PUBLIC KEY-----\\n"
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAvPM0WyxKDWsQVtQWaVmQ\\n"
    "TRhuxiGfHHEMd6pn9V/xlRJaxqcVdcwrf+8sRRBT5OBjfhmUwO48cHd47cEMoeTI\\n"
    "M310MSQnBVPpcPEFKK2kXoOlNMytROJJ5vxcHkyvmbNNHXJSbH3PslQwaEpbANpk\\n"
    "lJMYO7qoqOwQ8f2dDIE2ssyIu/JVD2cV+gSuB8Ubf6+XGt+PtuQVF+gIe5Zkt9X0\\n"
    "AjDBMJivNsyT2wKmqgjj2CsTdfROKykyrrhr5bck6CA7YaxEiiQ7lofoJp8tFbA5\\n"
    "33MBl54TGjZ8Co4AErfIsa93OZGrUp73538rBia7fEEP5UsXMXbF91x8ZMwHnIxL\\n"
    "kwIDAQAB\\n"
    "-----END PUBLIC KEY-----\\n";

TEST(ApiAuth, RegisterLoginMeAndLogout) {
  TestNode node;
  const Answer made = node.call("POST", "/api/auth/register", registration("alice"));
  ASSERT_EQ(made.status, 201) << made.text;
  const Json json = made.json();
  EXPECT_EQ(json->string("token_type"), "bearer");
  EXPECT_EQ(json->string("full_handle"), "alice@node.test");
  EXPECT_EQ(json->string("public_key_fingerprint"), public_key_fingerprint(0));
  const std::string first(json->string("access_token"));

  for (const char* path : {"/api/auth/me", "/api/users/me"}) {
    const Answer me = node.call("GET", path, {}, first);
    ASSERT_EQ(me.status, 200) << me.text;
    EXPECT_EQ(me.json()->string("username"), "alice");
    EXPECT_EQ(me.json()->string("domain"), "node.test");
    EXPECT_EQ(me.json()->string("public_key"), public_key_pem(0));
    EXPECT_TRUE(me.json()->boolean("is_local"));
  }
  Account alice{"alice", "alice@node.test", "correct horse alice", first, {}};
  const Answer in = node.call("POST", "/api/auth/login", login_body(alice));
  ASSERT_EQ(in.status, 200) << in.text;
  const std::string second(in.json()->string("access_token"));
  EXPECT_NE(first, second);

  const Answer out = node.call("POST", "/api/auth/logout", {}, first);
  EXPECT_EQ(out.status, 200);
  EXPECT_FALSE(out.json()->string("message").empty());
  EXPECT_EQ(node.call("GET", "/api/auth/me", {}, first).status, 401);
  EXPECT_EQ(node.call("GET", "/api/auth/me", {}, second).status, 200);
}

TEST(ApiAuth, RegistrationNamesEveryInvalidField) {
  TestNode node;
  const Answer answer =
      node.call("POST", "/api/auth/register", R"({"username":"a!","password":"short","public_key":"x"})");
  ASSERT_EQ(answer.status, 422) << answer.text;
  std::vector<std::string> places;
  const Json json = answer.json();
  for (const JsonView entry : json->array("detail")) {
    std::string place;
    for (const JsonView part : entry.array("loc")) place += "/" + std::string(part.as_string());
    places.push_back(place);
    EXPECT_FALSE(entry.string("msg").empty());
    EXPECT_FALSE(entry.string("type").empty());
  }
  for (const char* field :
       {"/body/username", "/body/password", "/body/public_key", "/body/public_key_fingerprint"})
    EXPECT_NE(std::find(places.begin(), places.end(), field), places.end()) << field << " in " << answer.text;
}

TEST(ApiAuth, ATakenNameIs400AndAForeignFingerprintIs422) {
  TestNode node;
  node.add("alice");
  EXPECT_EQ(node.call("POST", "/api/auth/register", registration("alice")).status, 400);
  EXPECT_EQ(node.call("POST", "/api/auth/register", registration("Alice")).status, 400);
  std::string body = registration("bob");
  const std::string right = public_key_fingerprint(0), other = public_key_fingerprint(1);
  body.replace(body.find(right), right.size(), other);
  const Answer foreign = node.call("POST", "/api/auth/register", body);
  EXPECT_EQ(invalid_places(foreign), "body/public_key_fingerprint") << foreign.text;
  body = registration("bob");
  const std::size_t key = body.find("-----BEGIN"), end = body.find('"', key);
  body.replace(key, end - key, kRsa2048);
  const Answer small = node.call("POST", "/api/auth/register", body);
  EXPECT_EQ(invalid_places(small), "body/public_key") << small.text;
}

TEST(ApiAuth, BrokenJsonIs422AndAnEndlessBodyIs413) {
  TestNode node;
  const Answer broken = node.call("POST", "/api/auth/login", "{\"username\":");
  EXPECT_EQ(broken.status, 422);
  EXPECT_TRUE(broken.json()->find("detail").is_array());
  EXPECT_EQ(node.call("POST", "/api/auth/login", {}).status, 422);
  EXPECT_EQ(node.call("POST", "/api/auth/login", std::string(100'000, ' ')).status, 413);
}

TEST(ApiAuth, ClosedRegistrationTakesNobodyWithoutAValidInvite) {
  TestNode node([](Config& config, NodeOptions&) { config.registration_open = false; });
  EXPECT_EQ(node.call("POST", "/api/auth/register", registration("alice")).status, 403);
  EXPECT_EQ(
      node.call("POST", "/api/auth/register", registration("alice", R"(,"invite":"made-up-invite")")).status,
      403);
}

TEST(ApiAuth, AFullNodeIs403) {
  TestNode node([](Config& config, NodeOptions&) { config.max_users = 1; });
  node.add("alice");
  EXPECT_EQ(node.call("POST", "/api/auth/register", registration("bob")).status, 403);
}

TEST(ApiAuth, WrongPasswordAndUnknownUserAreTheSame401) {
  TestNode node;
  const Account alice = node.add("alice");
  const Answer wrong = node.call("POST", "/api/auth/login", login_body(alice, "not the password"));
  const Answer unknown =
      node.call("POST", "/api/auth/login", R"({"username":"nobody","password":"not the password"})");
  EXPECT_EQ(wrong.status, 401);
  EXPECT_EQ(unknown.status, 401);
  EXPECT_EQ(wrong.text, unknown.text);
  EXPECT_EQ(wrong.headers.at("www-authenticate"), "Bearer");
}

TEST(ApiAuth, AMissingHeaderIs403AndABadTokenIs401BothAskingForBearer) {
  TestNode node;
  node.add("alice");
  const Answer missing = node.call("GET", "/api/auth/me");
  EXPECT_EQ(missing.status, 403);
  EXPECT_EQ(missing.headers.at("www-authenticate"), "Bearer");
  for (const char* header :
       {"Authorization: Bearer nonsense\r\n", "Authorization: Basic abc\r\n", "Authorization: Bearer\r\n",
        "Authorization: Bearer eyJhbGciOiJub25lIn0.eyJ1c2VyX2lkIjoiMSJ9.\r\n"}) {
    const Answer bad = node.call("GET", "/api/auth/me", {}, {}, header);
    EXPECT_EQ(bad.status, 401) << header;
    EXPECT_EQ(bad.headers.at("www-authenticate"), "Bearer");
    EXPECT_FALSE(bad.detail().empty());
  }
}

TEST(ApiAuth, SessionsAreListedRevokedOneByOneAndAllAtOnce) {
  TestNode node;
  const Account alice = node.add("alice");
  std::vector<std::string> tokens;
  for (int i = 0; i < 3; ++i)
    tokens.emplace_back(
        node.call("POST", "/api/auth/login", login_body(alice)).json()->string("access_token"));
  const Answer list = node.call("GET", "/api/auth/sessions", {}, tokens[0]);
  ASSERT_EQ(list.status, 200) << list.text;
  const Json sessions = list.json();
  ASSERT_EQ(sessions->size(), 4u);
  std::string other;
  int current = 0;
  for (const JsonView session : *sessions.operator->()) {
    if (session.boolean("current"))
      ++current;
    else if (session.optional_string("device_name") == "phone")
      other = session.string("id");
  }
  EXPECT_EQ(current, 1);
  ASSERT_FALSE(other.empty());
  EXPECT_EQ(node.call("DELETE", "/api/auth/sessions/" + other, {}, tokens[0]).status, 200);
  EXPECT_EQ(node.call("DELETE", "/api/auth/sessions/" + other, {}, tokens[0]).status, 404);
  EXPECT_EQ(node.call("DELETE", "/api/auth/sessions/not-a-uuid", {}, tokens[0]).status, 404);
  const Answer rest = node.call("DELETE", "/api/auth/sessions", {}, tokens[0]);
  ASSERT_EQ(rest.status, 200) << rest.text;
  EXPECT_EQ(rest.json()->integer("revoked"), 2);
  EXPECT_EQ(node.call("GET", "/api/auth/me", {}, alice.token).status, 401);
  EXPECT_EQ(node.call("GET", "/api/auth/me", {}, tokens[0]).status, 200);
}

TEST(ApiAuth, APasswordChangeEndsTheOtherSessions) {
  TestNode node;
  const Account alice = node.add("alice");
  const std::string other(
      node.call("POST", "/api/auth/login", login_body(alice)).json()->string("access_token"));
  EXPECT_EQ(node.call("PUT", "/api/auth/password",
                      R"({"current_password":"wrong one","new_password":"long enough"})", alice.token)
                .status,
            401);
  EXPECT_EQ(node.call("PUT", "/api/auth/password",
                      R"({"current_password":"correct horse alice","new_password":"short"})", alice.token)
                .status,
            422);
  const Answer done =
      node.call("PUT", "/api/auth/password",
                R"({"current_password":"correct horse alice","new_password":"battery staple"})", alice.token);
  ASSERT_EQ(done.status, 200) << done.text;
  EXPECT_EQ(node.call("GET", "/api/auth/me", {}, other).status, 401);
  EXPECT_EQ(node.call("GET", "/api/auth/me", {}, alice.token).status, 200);
  EXPECT_EQ(node.call("POST", "/api/auth/login", login_body(alice)).status, 401);
  EXPECT_EQ(node.call("POST", "/api/auth/login", login_body(alice, "battery staple")).status, 200);
}

TEST(ApiAuth, AnAccountIsDeletedOnlyWithItsPasswordAndThenIsGone) {
  TestNode node;
  const Account alice = node.add("alice"), bob = node.add("bob", 1);
  EXPECT_EQ(node.call("DELETE", "/api/users/me", R"({"password":"wrong one"})", alice.token).status, 401);
  const Answer done =
      node.call("DELETE", "/api/users/me", R"({"password":"correct horse alice"})", alice.token);
  ASSERT_EQ(done.status, 200) << done.text;
  EXPECT_EQ(node.call("GET", "/api/auth/me", {}, alice.token).status, 401);
  EXPECT_EQ(node.call("GET", "/api/keys/alice@node.test").status, 404);
  EXPECT_EQ(node.call("POST", "/api/auth/login", login_body(alice)).status, 401);
  EXPECT_EQ(node.call("POST", "/api/auth/register", registration("alice")).status, 400);
}

TEST(ApiAuth, LoginsAreLimitedByAddressWithRetryAfter) {
  TestNode node([](Config& config, NodeOptions&) { config.login_attempts_per_minute = 5; });
  const Account alice = node.add("alice");
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(node.call("POST", "/api/auth/login", login_body(alice, "wrong one")).status, 401);
  const Answer limited = node.call("POST", "/api/auth/login", login_body(alice));
  EXPECT_EQ(limited.status, 429);
  EXPECT_GT(std::stoi(limited.headers.at("retry-after")), 0);
}

TEST(ApiAuth, LimitsCountTheAddressThatATrustedProxyReports) {
  TestNode node([](Config& config, NodeOptions&) {
    config.login_attempts_per_minute = 2;
    config.trusted_proxies = {"127.0.0.1"};
  });
  const Account alice = node.add("alice"), bob = node.add("bob", 1);
  const std::string_view one = "X-Forwarded-For: 203.0.113.1\r\n",
                         two = "X-Forwarded-For: 6.6.6.6, 203.0.113.2\r\n";
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(node.call("POST", "/api/auth/login", login_body(alice, "wrong one"), {}, one).status, 401);
  EXPECT_EQ(node.call("POST", "/api/auth/login", login_body(bob), {}, one).status, 429);
  EXPECT_EQ(node.call("POST", "/api/auth/login", login_body(bob), {}, two).status, 200);
}

TEST(ApiAuth, RegistrationsAreLimitedByAddress) {
  TestNode node([](Config& config, NodeOptions&) { config.registrations_per_hour = 2; });
  node.add("alice");
  node.add("bob");
  const Answer limited = node.call("POST", "/api/auth/register", registration("carol"));
  EXPECT_EQ(limited.status, 429);
  EXPECT_GT(std::stoi(limited.headers.at("retry-after")), 0);
}

}  // namespace
}  // namespace mychat::server::test
