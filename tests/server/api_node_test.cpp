// What the node says of itself, how it refuses, and what it writes about its users.
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "base/clock.h"
#include "server/api_fixture.h"

namespace mychat::server::test {
namespace {

TEST(ApiNode, InfoAndRootAreThoseOfV1WithOurCapabilities) {
  TestNode node;
  node.add("alice");
  const Answer answer = node.call("GET", "/api/node/info");
  ASSERT_EQ(answer.status, 200) << answer.text;
  const Json info = answer.json();
  EXPECT_EQ(info->string("domain"), "node.test");
  EXPECT_FALSE(info->string("version").empty());
  EXPECT_TRUE(info->boolean("registration_open"));
  EXPECT_FALSE(info->boolean("federation_enabled"));
  EXPECT_EQ(info->integer("max_users"), 500);
  EXPECT_EQ(info->integer("federated_nodes"), 0);
  EXPECT_GE(info->integer("uptime_seconds"), 0);
  std::vector<std::string> capabilities;
  for (const JsonView item : info->array("capabilities")) capabilities.emplace_back(item.as_string());
  for (const char* name :
       {"client_message_id", "signature", "sender_key", "mailbox", "ws_send", "receipts", "presence_away",
        "sessions", "signing_keys", "key_rotation", "invites", "account_delete"})
    EXPECT_NE(std::find(capabilities.begin(), capabilities.end(), name), capabilities.end()) << name;
  EXPECT_EQ(info->object("limits").integer("ws_window"), 512);

  const Json root = node.call("GET", "/").json();
  EXPECT_EQ(root->string("domain"), "node.test");
  EXPECT_EQ(root->string("name"), "MyChat");
}

TEST(ApiNode, HealthAndReady) {
  TestNode node;
  EXPECT_EQ(node.call("GET", "/health").text, R"({"status":"healthy"})");
  EXPECT_EQ(node.call("GET", "/ready").status, 200);
  EXPECT_EQ(node.call("HEAD", "/health").status, 200);
}

TEST(ApiNode, WhatIsNotOfferedYetIs501WithADetail) {
  TestNode node;
  const Account alice = node.add("alice");
  const std::string id = fresh_id();
  const std::vector<std::pair<std::string, std::string>> calls{
      {"GET", "/api/groups"},
      {"POST", "/api/groups"},
      {"GET", "/api/groups/" + id},
      {"POST", "/api/groups/" + id + "/messages"},
      {"POST", "/api/attachments"},
      {"GET", "/api/attachments/" + id + "/download"},
      {"GET", "/api/node/donations"},
      {"GET", "/api/admin/health"},
      {"GET", "/api/admin/users?page=1"},
      {"GET", "/api/admin/legal/requests"},
      {"POST", "/api/admin/legal/requests/" + id + "/fulfill"}};
  for (const auto& [method, path] : calls) {
    const Answer answer = node.call(method, path, method == "POST" ? "{}" : "", alice.token);
    EXPECT_EQ(answer.status, 501) << path;
    EXPECT_NE(answer.detail().find("not available"), std::string::npos) << path;
  }
}

TEST(ApiNode, UnknownAddressesAre404AndOtherMethods405WithAllow) {
  TestNode node;
  const Answer absent = node.call("GET", "/api/nothing");
  EXPECT_EQ(absent.status, 404);
  EXPECT_FALSE(absent.detail().empty());
  const Answer method = node.call("DELETE", "/api/auth/login");
  EXPECT_EQ(method.status, 405);
  EXPECT_EQ(method.headers.at("allow"), "POST");
  EXPECT_FALSE(method.detail().empty());
  EXPECT_EQ(node.call("PATCH", "/api/users/me").headers.at("allow").find("PUT") != std::string::npos, true);
  EXPECT_EQ(node.call("GET", "/ws").status, 426);
}

TEST(ApiNode, AnswersCarryTheSecurityHeaders) {
  TestNode node;
  for (const char* path : {"/api/node/info", "/api/nothing", "/api/auth/me"}) {
    const Answer answer = node.call("GET", path);
    EXPECT_EQ(answer.headers.at("x-content-type-options"), "nosniff") << path;
    EXPECT_EQ(answer.headers.at("cache-control"), "no-store") << path;
    EXPECT_EQ(answer.headers.at("content-type"), "application/json") << path;
    EXPECT_FALSE(answer.headers.at("x-request-id").empty()) << path;
  }
}

TEST(ApiNode, CorsIsForTheConfiguredOriginsOnly) {
  TestNode node([](Config& config, NodeOptions&) { config.cors_origins = {"https://web.example.org"}; });
  const std::string_view ours = "Origin: https://web.example.org\r\n",
                         other = "Origin: https://evil.example.org\r\n";
  const Answer allowed = node.call("GET", "/api/auth/me", {}, {}, ours);
  EXPECT_EQ(allowed.status, 403);  // Errors are readable for the page, too.
  EXPECT_EQ(allowed.headers.at("access-control-allow-origin"), "https://web.example.org");
  EXPECT_EQ(allowed.headers.at("vary"), "Origin");
  EXPECT_FALSE(
      node.call("GET", "/api/node/info", {}, {}, other).headers.contains("access-control-allow-origin"));
  const std::string preflight =
      "Access-Control-Request-Method: PUT\r\nAccess-Control-Request-Headers: authorization\r\n";
  const Answer yes = node.call("OPTIONS", "/api/users/me", {}, {}, std::string(ours) + preflight);
  EXPECT_EQ(yes.status, 204);
  EXPECT_NE(yes.headers.at("access-control-allow-methods").find("PUT"), std::string::npos);
  EXPECT_NE(yes.headers.at("access-control-allow-headers").find("Authorization"), std::string::npos);
  const Answer no = node.call("OPTIONS", "/api/users/me", {}, {}, std::string(other) + preflight);
  EXPECT_EQ(no.status, 403);
  EXPECT_FALSE(no.headers.contains("access-control-allow-origin"));
}

TEST(ApiNode, RequestsWithoutASessionAreLimitedByAddressButProbesAndSessionsAreNot) {
  TestNode node([](Config& config, NodeOptions&) { config.requests_per_minute = 5; });
  const Account alice = node.add("alice");
  Answer last;
  for (int i = 0; i < 6; ++i) last = node.call("GET", "/api/node/info");
  EXPECT_EQ(last.status, 429);
  EXPECT_GT(std::stoi(last.headers.at("retry-after")), 0);
  EXPECT_EQ(node.call("GET", "/health").status, 200);
  EXPECT_EQ(node.call("GET", "/api/auth/me", {}, alice.token).status, 200);
  EXPECT_EQ(TestClient(node.port()).upgrade("/ws"), 429);
}

TEST(ApiNode, DrainingAnswersHeldCallsAndReportsNotReady) {
  TestNode node;
  const Account alice = node.add("alice");
  TestClient held(node.port());
  held.send("GET /api/mailbox?wait=30 HTTP/1.1\r\nHost: node.test\r\nAuthorization: Bearer " + alice.token +
            "\r\n\r\n");
  // The call is under way once another one of the same user sees it... which nothing shows: a later request
  // on another connection is answered after it was read in any case.
  node.call("GET", "/health");
  bool clean = false;
  std::thread drain([&] { clean = node.node().drain(std::chrono::milliseconds(8000)); });
  const auto answer = held.response();
  drain.join();
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->status == 503 || answer->status == 200) << answer->status;
  EXPECT_TRUE(clean);
}

TEST(ApiNode, MetricsAreOffUnlessAskedForAndCountByRouteTemplate) {
  TestNode quiet;
  EXPECT_EQ(quiet.node().metrics_port(), 0);
  EXPECT_EQ(quiet.call("GET", "/metrics").status, 404);

  TestNode node([](Config& config, NodeOptions&) { config.metrics_listen = "127.0.0.1:0"; });
  const Account alice = node.add("alice"), bob = node.add("bob", 1);
  WsClient socket(node, bob);
  socket.subscribe();
  node.send(alice, bob);
  socket.items(1);
  node.call("GET", "/api/users/alice@node.test", {}, bob.token);
  TestClient client(node.node().metrics_port());
  const Response response = client.request("GET", "/metrics");
  ASSERT_EQ(response.status, 200);
  const std::string& text = response.body;
  for (const char* expected :
       {"mychat_http_requests_total{method=\"POST\",route=\"/api/auth/register\",status=\"201\"} 2",
        "mychat_http_requests_total{method=\"GET\",route=\"/api/users/{handle}\",status=\"200\"} 1",
        "mychat_http_request_seconds_bucket{route=\"/api/messages\",le=\"+Inf\"} 1", "mychat_websockets 1",
        "mychat_websockets_opened_total 1", "mychat_ready 1", "mychat_database_bytes",
        "mychat_commit_groups_total", "mychat_cut_slow_readers_total 0"})
    EXPECT_NE(text.find(expected), std::string::npos) << expected << "\n" << text.substr(0, 3000);
  EXPECT_EQ(text.find("alice"), std::string::npos) << "no handle in a label";
  EXPECT_EQ(TestClient(node.node().metrics_port()).request("GET", "/api/node/info").status, 404);
}

TEST(ApiNode, TheLogHoldsTemplatesAndNoHandlesTokensPasswordsOrContents) {
  for (const char* format : {"text", "json"}) {
    TestNode node([&](Config& config, NodeOptions&) { config.log_format = format; });
    const Account alice = node.add("alice_the_user"), bob = node.add("bob_the_user", 1);
    node.befriend(alice, bob);
    WsClient socket(node, bob);
    socket.subscribe();
    node.send(alice, bob, "the very secret content");
    socket.items(1);
    node.call("GET", "/api/keys/alice_the_user@node.test");
    node.call("GET", "/api/nothing/alice_the_user");
    node.call("POST", "/api/auth/login", R"({"username":"alice_the_user","password":"a wrong password"})");
    const std::string log = node.log();
    EXPECT_NE(log.find("/api/keys/{handle}"), std::string::npos) << log;
    EXPECT_NE(log.find("unmatched"), std::string::npos) << log;
    for (const std::string& secret :
         {std::string("alice_the_user"), std::string("bob_the_user"), alice.token, bob.token, alice.password,
          std::string("wrong password"), std::string("127.0.0.1"), std::string("dGhlIHZlcnkgc2VjcmV0")})
      EXPECT_EQ(log.find(secret), std::string::npos) << secret;
    if (std::string_view(format) == "json") {
      std::istringstream lines(log);
      std::string line;
      int count = 0;
      while (std::getline(lines, line)) {
        const Json json = Json::parse(line);
        EXPECT_TRUE(parse_time(json->string("time")));
        EXPECT_FALSE(json->string("component").empty());
        ++count;
      }
      EXPECT_GT(count, 5);
    }
  }
}

}  // namespace
}  // namespace mychat::server::test
