#include "protocol/handle.h"

#include "support.h"

namespace mychat {
namespace {

using test::repeat;

TEST(Names, UsernamesHaveThreeToFiftyCharacters) {
  EXPECT_FALSE(parse_username("ab"));
  EXPECT_EQ(parse_username("abc"), "abc");
  EXPECT_EQ(parse_username("A_9"), "a_9");
  EXPECT_TRUE(parse_username(std::string(50, 'a')));
  EXPECT_FALSE(parse_username(std::string(51, 'a')));
  for (const std::string_view bad : {"", "a-b", "a.b", "a b", "abc ", "ab\xC3\xA9", "a@b", "abc\n"})
    EXPECT_FALSE(parse_username(bad)) << bad;
  EXPECT_FALSE(parse_username(std::string_view("ab\0c", 4)));
}

TEST(Names, DomainsFollowHostNameRules) {
  EXPECT_EQ(parse_domain("Chat.Example.ORG"), "chat.example.org");
  for (const std::string_view good :
       {"localhost", "a", "x-y.z", "1a.2b", "127.0.0.1", "localhost:8000", "a.b:1", "a.b:65535",
        "10.0.0.1:80", "xn--bcher-kva.example", "0.0.0.0"})
    EXPECT_EQ(parse_domain(good), good);
  for (const std::string_view bad :
       {"",         ".",         "a.",  ".a",      "a..b",  "-a",    "a-",  "a.-b",        "a_b",
        "a b",      "a:",        "a:0", "a:65536", "a:080", "a:1:2", ":80", "1.2.3",       "256.1.1.1",
        "1.2.3.04", "1.2.3.4.5", "a.1", "7",       "[::1]", "a/b",   "a@b", "\xC3\xA9.org"})
    EXPECT_FALSE(parse_domain(bad)) << bad;
  EXPECT_TRUE(parse_domain(std::string(63, 'a')));
  EXPECT_FALSE(parse_domain(std::string(64, 'a')));
  const std::string long_host = repeat(std::string(62, 'a') + ".", 4);  // 252 bytes
  EXPECT_TRUE(parse_domain(long_host + "b"));
  EXPECT_FALSE(parse_domain(long_host + "bc"));
}

TEST(Names, HandlesJoinBoth) {
  const auto handle = Handle::parse("Alice_1@Chat.Example.org:8443");
  ASSERT_TRUE(handle);
  EXPECT_EQ(handle->username, "alice_1");
  EXPECT_EQ(handle->domain, "chat.example.org:8443");
  EXPECT_EQ(handle->to_string(), "alice_1@chat.example.org:8443");
  EXPECT_EQ(normalize_handle(handle->to_string()), handle->to_string());
  for (const std::string_view bad : {"", "@", "alice", "alice@", "@a.org", "al@a.org", "a@b@c.org",
                                     "alice@a..org", " alice@a.org", "alice@a.org "})
    EXPECT_FALSE(normalize_handle(bad)) << bad;
}

TEST(Names, HandlesHaveAtMost306Characters) {
  const std::string name(50, 'a');
  const std::string host = repeat(std::string(62, 'a') + ".", 4) + "b";  // 253 bytes
  EXPECT_TRUE(normalize_handle(name + "@" + host));
  EXPECT_EQ((name + "@" + host + ":1").size(), 306u);
  EXPECT_TRUE(normalize_handle(name + "@" + host + ":1"));
  EXPECT_FALSE(normalize_handle(name + "@" + host + ":12"));
}

}  // namespace
}  // namespace mychat
