#include "federation/address_rules.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace mychat::federation {
namespace {

using enum AddressKind;

AddressKind kind_of(const std::string& text) {
  const auto address = IpAddress::parse(text);
  if (!address) ADD_FAILURE() << text << " is no address";
  return address ? classify(*address) : kReserved;
}

TEST(AddressRules, FirstAndLastOfEveryRangeAndItsNeighboursAreWhatTheRegistriesSay) {
  const std::vector<std::pair<std::string, AddressKind>> cases{
      {"0.0.0.0", kUnspecified},
      {"0.255.255.255", kUnspecified},
      {"1.0.0.0", kPublic},
      {"9.255.255.255", kPublic},
      {"10.0.0.0", kPrivate},
      {"10.255.255.255", kPrivate},
      {"11.0.0.0", kPublic},
      {"100.63.255.255", kPublic},
      {"100.64.0.0", kSharedNat},
      {"100.127.255.255", kSharedNat},
      {"100.128.0.0", kPublic},
      {"126.255.255.255", kPublic},
      {"127.0.0.1", kLoopback},
      {"127.255.255.255", kLoopback},
      {"128.0.0.0", kPublic},
      {"169.253.255.255", kPublic},
      {"169.254.169.254", kLinkLocal},
      {"169.255.0.0", kPublic},
      {"172.15.255.255", kPublic},
      {"172.16.0.0", kPrivate},
      {"172.31.255.255", kPrivate},
      {"172.32.0.0", kPublic},
      {"192.0.0.8", kReserved},
      {"192.0.2.1", kReserved},
      {"192.88.99.1", kReserved},
      {"192.167.255.255", kPublic},
      {"192.168.0.0", kPrivate},
      {"192.168.255.255", kPrivate},
      {"192.169.0.0", kPublic},
      {"198.17.255.255", kPublic},
      {"198.18.0.0", kReserved},
      {"198.19.255.255", kReserved},
      {"198.20.0.0", kPublic},
      {"198.51.100.7", kReserved},
      {"203.0.113.7", kReserved},
      {"223.255.255.255", kPublic},
      {"224.0.0.1", kMulticast},
      {"239.255.255.255", kMulticast},
      {"240.0.0.0", kReserved},
      {"255.255.255.254", kReserved},
      {"255.255.255.255", kMulticast},
      {"::", kUnspecified},
      {"::1", kLoopback},
      {"::2", kUnspecified},
      {"fe80::1", kLinkLocal},
      {"febf:ffff::1", kLinkLocal},
      {"fec0::1", kPrivate},
      {"fc00::1", kPrivate},
      {"fdff:ffff::1", kPrivate},
      {"ff02::1", kMulticast},
      {"2001::1", kReserved},
      {"2001:1ff:ffff::1", kReserved},
      {"2001:200::1", kPublic},
      {"2001:db8::1", kReserved},
      {"2001:db9::1", kPublic},
      {"3fff:fff::1", kReserved},
      {"3fff:1000::1", kPublic},
      {"2606:4700::1111", kPublic},
      {"4000::1", kReserved},
      {"5f00::1", kReserved},
      {"100::1", kReserved},
      {"64:ff9b:1::1", kReserved},
      {"1fff::1", kReserved},
      {"2620:4f:8000::1", kReserved},
  };
  for (const auto& [text, kind] : cases) {
    EXPECT_STREQ(address_kind_name(kind_of(text)), address_kind_name(kind)) << text;
  }
}

TEST(AddressRules, AnAddressThatStandsForAnIpv4OneIsWhatThatOneIs) {
  for (const char* form : {"::ffff:", "64:ff9b::", "::"}) {
    EXPECT_EQ(kind_of(std::string(form) + "127.0.0.1"), kLoopback) << form;
    EXPECT_EQ(kind_of(std::string(form) + "10.1.2.3"), kPrivate) << form;
    EXPECT_EQ(kind_of(std::string(form) + "169.254.169.254"), kLinkLocal) << form;
    EXPECT_EQ(kind_of(std::string(form) + "224.0.0.1"), kMulticast) << form;
  }
  EXPECT_EQ(kind_of("::ffff:8.8.8.8"), kPublic);
  EXPECT_EQ(kind_of("64:ff9b::8.8.8.8"), kPublic);
  EXPECT_EQ(kind_of("::8.8.8.8"), kReserved);          // IPv4-compatible: nobody is reached by it.
  EXPECT_EQ(kind_of("2002:7f00:1::1"), kLoopback);     // 6to4 of 127.0.0.1
  EXPECT_EQ(kind_of("2002:a9fe:a9fe::"), kLinkLocal);  // 6to4 of 169.254.169.254
  EXPECT_EQ(kind_of("2002:808:808::1"), kPublic);
}

TEST(AddressRules, OnlyStrictTextIsAnAddress) {
  EXPECT_TRUE(IpAddress::parse("[2606:4700::1111]"));
  EXPECT_EQ(IpAddress::parse("::ffff:1.2.3.4"), IpAddress::parse("1.2.3.4"));
  for (const char* text :
       {"", "[]", "127.1", "0x7f.0.0.1", "2130706433", "127.0.0.01", "0177.0.0.1", "fe80::1%eth0",
        "1.2.3.4.5", "256.1.1.1", " 1.2.3.4", "1.2.3.4 ", "example.org", "::ffff:1.2.3", ":::"}) {
    EXPECT_FALSE(IpAddress::parse(text)) << text;
  }
  EXPECT_FALSE(IpAddress::parse(std::string("1.2.3.4\0x", 9)));
  EXPECT_FALSE(IpAddress::parse(std::string(5000, '1')));
}

TEST(AddressRules, OnlyTheSwitchForDevelopmentAllowsMoreThanPublicAddresses) {
  const AddressRules rules;
  const AddressRules development{.allow_non_public = true};
  EXPECT_TRUE(rules.allows(*IpAddress::parse("8.8.8.8")));
  for (const char* text :
       {"127.0.0.1", "::1", "10.0.0.1", "::ffff:192.168.1.1", "0.0.0.0", "fe80::1", "255.255.255.255"}) {
    EXPECT_FALSE(rules.allows(*IpAddress::parse(text))) << text;
    EXPECT_TRUE(development.allows(*IpAddress::parse(text))) << text;
  }
}

}  // namespace
}  // namespace mychat::federation
