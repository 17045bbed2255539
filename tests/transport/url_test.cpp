#include "transport/url.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace mychat {
namespace {

mychat_status refusal(const std::string& text) {
  try {
    parse_node_url(text);
  } catch (const Error& error) {
    return error.status();
  }
  return MYCHAT_OK;
}

TEST(Url, TakesANodesAddressApart) {
  const Url url = parse_node_url("HTTPS://Node.Example:8443/");
  EXPECT_EQ(url.scheme, "https");
  EXPECT_EQ(url.host, "node.example");
  EXPECT_EQ(url.port, 8443);
  EXPECT_EQ(url.target, "/");
  EXPECT_EQ(url.to_string(), "https://node.example:8443/");
  EXPECT_EQ(parse_node_url("https://node.example").port, 443);
  EXPECT_EQ(parse_node_url("http://localhost").port, 80);
  EXPECT_EQ(parse_node_url("https://node.example:443").to_string(), "https://node.example/");
}

TEST(Url, DerivesTheWebSocketAddress) {
  EXPECT_EQ(websocket_url(parse_node_url("https://node.example")).to_string(), "wss://node.example/ws");
  EXPECT_EQ(websocket_url(parse_node_url("http://127.0.0.1:8000")).to_string(), "ws://127.0.0.1:8000/ws");
  EXPECT_EQ(websocket_url(parse_node_url("https://[2001:DB8::1]:9")).to_string(), "wss://[2001:db8::1]:9/ws");
}

TEST(Url, KeepsPathAndQueryOfOtherAddresses) {
  const Url url = parse_url("https://a.example/federation/v1?x=%20y");
  EXPECT_EQ(url.target, "/federation/v1?x=%20y");
  EXPECT_EQ(parse_url("https://a.example?x=1").target, "/?x=1");
  EXPECT_EQ(url.with_target("/api/users/a@b").to_string(), "https://a.example/api/users/a@b");
  EXPECT_THROW(url.with_target("api"), Error);
  EXPECT_THROW(url.with_target("/a b"), Error);
  EXPECT_THROW(url.with_target("/a\r\nX: y"), Error);
}

TEST(Url, RefusesWhatIsNotANodesAddress) {
  const std::string long_label(64, 'a');
  for (const std::string text : {"",
                                 "node.example",
                                 "ftp://node.example",
                                 "wss://node.example",
                                 "https://",
                                 "https:///",
                                 "https://:443",
                                 "https://user@node.example",
                                 "https://user:pw@node.example",
                                 "https://node.example/path",
                                 "https://node.example#x",
                                 "https://node.example?x",
                                 "https://node.example:0",
                                 "https://node.example:65536",
                                 "https://node.example:",
                                 "https://node.example:+1",
                                 "https://node.example:80x",
                                 "https://node..example",
                                 "https://node.example.",
                                 "https://-a.example",
                                 "https://a-.example",
                                 "https://nod e.example",
                                 "https://node.example\n",
                                 "https://n\xc3\xb6"
                                 "de.example",
                                 "https://[::1",
                                 "https://[::1]x",
                                 "https://[node]",
                                 "https://::1",
                                 "https://127.1",
                                 "https://0x7f.1",
                                 "https://0x7f000001",
                                 "https://2130706433",
                                 "https://1.2.3.4.5",
                                 "https://256.1.1.1",
                                 "https://a%41.example",
                                 "https://a\\b.example"}) {
    EXPECT_EQ(refusal(text), MYCHAT_E_INVALID_ARGUMENT) << text;
  }
  EXPECT_EQ(refusal("https://" + long_label + ".example"), MYCHAT_E_INVALID_ARGUMENT);
  EXPECT_EQ(refusal("https://" + long_label.substr(1) + ".example"), MYCHAT_OK);
  EXPECT_EQ(refusal("https://a.example" + std::string(kMaxUrlBytes, '/')), MYCHAT_E_INVALID_ARGUMENT);
  std::string long_name;
  while (long_name.size() <= 253) long_name += "abcdefgh.";
  EXPECT_EQ(refusal("https://" + long_name + "example"), MYCHAT_E_INVALID_ARGUMENT);
}

TEST(Url, KnowsWhatNeverLeavesThisMachine) {
  for (const std::string host :
       {"localhost", "LOCALHOST", "127.0.0.1", "127.255.0.3", "[::1]", "[0:0:0:0:0:0:0:1]"}) {
    EXPECT_TRUE(parse_url("http://" + host).is_loopback()) << host;
  }
  for (const std::string host :
       {"localhost.example", "notlocalhost", "a.localhost", "128.0.0.1", "126.255.255.255", "0.0.0.0",
        "[::2]", "[::]", "[::ffff:127.0.0.1]", "127.0.0.1.example", "10.0.0.1"}) {
    EXPECT_FALSE(parse_url("http://" + host).is_loopback()) << host;
  }
}

TEST(Url, RefusesPlaintextToOtherMachinesUnlessAskedFor) {
  const auto status_of = [](const std::string& text, bool allow) {
    try {
      require_confidential(parse_url(text), allow);
      return MYCHAT_OK;
    } catch (const Error& error) {
      return static_cast<decltype(MYCHAT_OK)>(error.status());
    }
  };
  EXPECT_EQ(status_of("http://node.example", false), MYCHAT_E_PLAINTEXT_REFUSED);
  EXPECT_EQ(status_of("ws://node.example", false), MYCHAT_E_PLAINTEXT_REFUSED);
  EXPECT_EQ(status_of("http://node.example", true), MYCHAT_OK);
  EXPECT_EQ(status_of("http://127.0.0.1:8000", false), MYCHAT_OK);
  EXPECT_EQ(status_of("https://node.example", false), MYCHAT_OK);
}

}  // namespace
}  // namespace mychat
