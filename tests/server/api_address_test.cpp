// Whose address counts: the peer's, or what trusted proxies report.
#include <gtest/gtest.h>

#include "front/routes/client_address.h"

namespace mychat::server {
namespace {

std::vector<Network> networks(std::initializer_list<const char*> texts) {
  std::vector<Network> out;
  for (const char* text : texts) out.push_back(*Network::parse(text));
  return out;
}

TEST(ClientAddress, ForwardedIsIgnoredFromAPeerThatIsNotTrusted) {
  EXPECT_EQ(client_address("203.0.113.9", {"1.2.3.4"}, networks({"127.0.0.1"})), "203.0.113.9");
  EXPECT_EQ(client_address("127.0.0.1", {"1.2.3.4"}, {}), "127.0.0.1");
}

TEST(ClientAddress, TheLastHopThatIsNoTrustedProxyIsTheClient) {
  const auto trusted = networks({"127.0.0.1", "10.0.0.0/8", "::1"});
  EXPECT_EQ(client_address("127.0.0.1", {"203.0.113.9"}, trusted), "203.0.113.9");
  // What the client wrote itself stands further left and is not believed.
  EXPECT_EQ(client_address("127.0.0.1", {"6.6.6.6, 203.0.113.9, 10.1.2.3"}, trusted), "203.0.113.9");
  EXPECT_EQ(client_address("127.0.0.1", {"6.6.6.6", "203.0.113.9"}, trusted), "203.0.113.9");
  EXPECT_EQ(client_address("::1", {"2001:db8::7"}, trusted), "2001:db8::7");
  EXPECT_EQ(client_address("127.0.0.1", {"10.0.0.5"}, trusted), "10.0.0.5");
}

TEST(ClientAddress, PortsBracketsAndMappedAddressesAreUnderstood) {
  const auto trusted = networks({"127.0.0.1"});
  EXPECT_EQ(client_address("::ffff:127.0.0.1", {"203.0.113.9:4711"}, trusted), "203.0.113.9");
  EXPECT_EQ(client_address("127.0.0.1", {"[2001:db8::7]:4711"}, trusted), "2001:db8::7");
}

TEST(ClientAddress, WhatIsNoAddressEndsTheWalk) {
  const auto trusted = networks({"127.0.0.1", "10.0.0.0/8"});
  EXPECT_EQ(client_address("127.0.0.1", {"203.0.113.9, unknown"}, trusted), "127.0.0.1");
  EXPECT_EQ(client_address("127.0.0.1", {"unknown, 10.0.0.1"}, trusted), "10.0.0.1");
  EXPECT_EQ(client_address("127.0.0.1", {""}, trusted), "127.0.0.1");
}

TEST(Network, ContainsByPrefix) {
  EXPECT_TRUE(Network::parse("192.168.4.0/22")->contains(*IpAddress::parse("192.168.7.255")));
  EXPECT_FALSE(Network::parse("192.168.4.0/22")->contains(*IpAddress::parse("192.168.8.0")));
  EXPECT_TRUE(Network::parse("2001:db8::/33")->contains(*IpAddress::parse("2001:db8:7fff::1")));
  EXPECT_FALSE(Network::parse("2001:db8::/33")->contains(*IpAddress::parse("2001:db8:8000::1")));
  EXPECT_TRUE(Network::parse("0.0.0.0/0")->contains(*IpAddress::parse("8.8.8.8")));
  EXPECT_FALSE(Network::parse("0.0.0.0/0")->contains(*IpAddress::parse("2001:db8::1")));
  for (const char* bad : {"", "10.0.0.0/33", "10.0.0.0/", "10.0.0/8", "::/129", "host", "10.0.0.0/-1"})
    EXPECT_FALSE(Network::parse(bad)) << bad;
}

TEST(IpAddress, LimitsCountASixtyFourOfIpv6AsOne) {}

}  // namespace
}  // namespace mychat::server
