#include "base/encoding.h"

#include <gtest/gtest.h>

namespace mychat {
namespace {

TEST(Base64, RoundTripsEveryLength) {
  Bytes bytes;
  for (int i = 0; i < 70; ++i) {
    EXPECT_EQ(base64_decode(base64_encode(bytes)), bytes);
    EXPECT_EQ(base64url_decode(base64url_encode(bytes)), bytes);
    bytes.push_back(static_cast<std::uint8_t>(i * 37 + 5));
  }
}

TEST(Base64, MatchesRfc4648) {
  EXPECT_EQ(base64_encode(view("foobar")), "Zm9vYmFy");
  EXPECT_EQ(base64_encode(view("foob")), "Zm9vYg==");
  EXPECT_EQ(base64url_encode(view("\xfb\xff")), "-_8");
  EXPECT_EQ(text(view(base64_encode_secret(view("foob")))), "Zm9vYg==");
  EXPECT_EQ(text(view(base64url_encode_secret(view("\xfb\xff")))), "-_8");
}

TEST(Base64, RefusesWhatIsNotCanonical) {
  for (const char* bad : {"Zg=", "Zg", "Zg===", "Zh==", "Z===", "Zm 9v", "Zm9v\n", "Zm9*", "====", "=AAA"})
    EXPECT_FALSE(base64_decode(bad)) << bad;
  for (const char* bad : {"Zg==", "Z", "Zh", "+_8A"}) EXPECT_FALSE(base64url_decode(bad)) << bad;
}

TEST(Hex, RoundTripsAndRefuses) {
  EXPECT_EQ(hex_encode(Bytes{0, 0xab, 0xff}), "00abff");
  EXPECT_EQ(hex_encode_upper(Bytes{0, 0xab, 0xff}), "00ABFF");
  EXPECT_EQ(hex_decode("00aBfF"), (Bytes{0, 0xab, 0xff}));
  EXPECT_FALSE(hex_decode("0"));
  EXPECT_FALSE(hex_decode("0g"));
}

TEST(Utf8, KnowsWellFormedText) {
  EXPECT_TRUE(is_utf8("Grüße 👋🏽 — 你好"));
  EXPECT_EQ(utf8_length("é👋"), 2u);
  for (const char* bad : {"\x80", "\xc0\xaf", "\xc1\xbf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                          "\xf5\x80\x80\x80", "\xe2\x82", "\xff"})
    EXPECT_FALSE(is_utf8(bad));
  // Wherever the offence lies among plain characters.
  for (std::size_t at = 0; at <= 20; ++at) {
    EXPECT_FALSE(is_utf8(std::string(at, 'a') + "\xed\xa0\x80" + std::string(20 - at, 'a')));
    EXPECT_TRUE(is_utf8(std::string(at, 'a') + "\xed\x9f\xbf" + std::string(20 - at, 'a')));
    EXPECT_FALSE(is_utf8(std::string(at, 'a') + "\xe2\x82"));
  }
}

TEST(Uuid, ChecksTheForm) {
  EXPECT_TRUE(is_uuid("123e4567-e89b-12d3-a456-426614174000"));
  EXPECT_FALSE(is_uuid("123e4567e89b-12d3-a456-4266141740000"));
  EXPECT_FALSE(is_uuid("123e4567-e89b-12d3-a456-42661417400g"));
  EXPECT_FALSE(is_uuid(""));
}

TEST(ConstantTime, ComparesBytes) {
  EXPECT_TRUE(equal_constant_time(view("abc"), view("abc")));
  EXPECT_FALSE(equal_constant_time(view("abc"), view("abd")));
  EXPECT_FALSE(equal_constant_time(view("abc"), view("ab")));
}

}  // namespace
}  // namespace mychat
