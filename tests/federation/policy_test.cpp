#include "federation/policy.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "federation/peer_list.h"

namespace mychat::federation {
namespace {

TEST(FederationPolicy, PatternsMatchWholeLabels) {
  EXPECT_TRUE(matches_domain("example.org", "example.org"));
  EXPECT_FALSE(matches_domain("example.org", "chat.example.org"));
  EXPECT_FALSE(matches_domain("example.org", "badexample.org"));
  EXPECT_TRUE(matches_domain("*.example.org", "chat.example.org"));
  EXPECT_TRUE(matches_domain("*.example.org", "a.b.example.org"));
  EXPECT_FALSE(matches_domain("*.example.org", "example.org"));
  EXPECT_FALSE(matches_domain("*.example.org", "badexample.org"));
  EXPECT_TRUE(matches_domain("*", "anything.example"));
  EXPECT_TRUE(matches_domain("example.org", "example.org:8448"));
  EXPECT_TRUE(matches_domain("*.example.org", "a.example.org:8448"));
  EXPECT_TRUE(matches_domain("example.org:8448", "example.org:8448"));
  EXPECT_FALSE(matches_domain("example.org:8448", "example.org"));
  EXPECT_FALSE(matches_domain("example.org:8448", "example.org:8449"));
}

TEST(FederationPolicy, OnlyWholeNamesAndLeadingStarsArePatterns) {
  for (const char* good : {"*", "*.org", "*.example.org", "example.org", "example.org:8448", "127.0.0.1"})
    EXPECT_TRUE(is_domain_pattern(good)) << good;
  for (const char* bad :
       {"", "*.", "**", "*.*.org", "ex*mple.org", "example.*", "Example.org", ".org", "a b"})
    EXPECT_FALSE(is_domain_pattern(bad)) << bad;
}

TEST(FederationPolicy, BlockingIsStrongerThanEveryMode) {
  Policy policy{.allowed = {"friend.example", "*.friends.example"},
                .blocked = {"*.bad.example", "friend.example"}};
  for (const Mode mode : {Mode::kOpen, Mode::kAllowList, Mode::kApproval}) {
    policy.mode = mode;
    EXPECT_EQ(policy.judge("x.bad.example"), Verdict::kBlocked) << mode_name(mode);
    EXPECT_EQ(policy.judge("friend.example"), Verdict::kBlocked) << mode_name(mode);
    EXPECT_EQ(policy.judge("a.friends.example"), Verdict::kAllowed) << mode_name(mode);
  }
}

TEST(FederationPolicy, TheModeDecidesAboutStrangers) {
  EXPECT_EQ(Policy{.mode = Mode::kOpen}.judge("stranger.example"), Verdict::kAllowed);
  EXPECT_EQ(Policy{.mode = Mode::kAllowList}.judge("stranger.example"), Verdict::kNotListed);
  EXPECT_EQ(Policy{.mode = Mode::kApproval}.judge("stranger.example"), Verdict::kAwaitsApproval);
}

TEST(PeerList, IsWrittenAndRead) {
  const std::vector<std::string> domains{"a.example", "b.example:8443"};
  EXPECT_EQ(peer_list_from_json(peer_list_json(domains)), domains);
  EXPECT_TRUE(peer_list_from_json(R"({"peers":[]})").empty());
  for (const char* bad : {"", "{}", R"({"peers":{}})", R"({"peers":[1]})", R"({"peers":["a b"]})"})
    EXPECT_THROW(static_cast<void>(peer_list_from_json(bad)), Error) << bad;
  EXPECT_THROW(static_cast<void>(peer_list_from_json(
                   peer_list_json(std::vector<std::string>(kPeerListMax + 1, "a.example")))),
               Error);
}

}  // namespace
}  // namespace mychat::federation
