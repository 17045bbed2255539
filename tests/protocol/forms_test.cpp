#include "base/encoding.h"
#include "protocol/fields.h"
#include "protocol/limits.h"
#include "support.h"

namespace mychat {
namespace {

using test::kFingerprint;
using test::List;
using test::rejected;
using test::repeat;

TEST(Forms, Base64SizeAgreesWithDecoding) {
  for (std::size_t n = 0; n < 100; ++n) {
    Bytes bytes(n);
    for (std::size_t i = 0; i < n; ++i) bytes[i] = static_cast<std::uint8_t>(i * 37 + 255 - n);
    const std::string text = base64_encode(view(bytes));
    EXPECT_EQ(base64_decoded_size(text), n);
    for (std::size_t i = 0; i < text.size(); ++i) {
      for (const char c :
           {'!', '-', '_', '=', ' ', '\n', '@', '[', '`', '{', ':', '.', '\x80', '\xC1', 'B'}) {
        std::string changed = text;
        changed[i] = c;
        const auto decoded = base64_decode(changed);
        const auto size = base64_decoded_size(changed);
        ASSERT_EQ(size.has_value(), decoded.has_value()) << changed;
        if (size) {
          ASSERT_EQ(*size, decoded->size());
        }
      }
    }
  }
  for (const std::string_view bad :
       {"A", "AA", "AAA", "A===", "====", "=", "AAAAA", "AB==", "AAB=", "AA==AAAA"})
    EXPECT_FALSE(base64_decoded_size(bad)) << bad;
}

TEST(Forms, Fingerprints) {
  EXPECT_TRUE(is_fingerprint(kFingerprint));
  EXPECT_FALSE(is_fingerprint(kFingerprint + "A"));
  EXPECT_FALSE(is_fingerprint(kFingerprint.substr(1)));
  EXPECT_FALSE(is_fingerprint(repeat("0a1f-", 15) + "0a1f"));
  EXPECT_FALSE(is_fingerprint(repeat("0A1F:", 15) + "0A1F"));
  EXPECT_FALSE(is_fingerprint(repeat("0A1G-", 15) + "0A1F"));
}

TEST(Forms, AvatarUrls) {
  for (const std::string_view good : {"https://a.org/x.png", "http://a", "HTTPS://A.org/?q=1#f"})
    EXPECT_TRUE(is_avatar_url(good)) << good;
  for (const std::string_view bad :
       {"", "https://", "http:///x", "https://?x", "ftp://a", "data:image/png;base64,AAAA",
        "javascript:alert(1)", "//a.org/x", "https://a.org/ x", "https://a.org/\"", "https://a.org/<",
        "https://a.org/\n", "https://\xC3\xA9"})
    EXPECT_FALSE(is_avatar_url(bad)) << bad;
  EXPECT_TRUE(is_avatar_url("https://" + std::string(2040, 'a')));
  EXPECT_FALSE(is_avatar_url("https://" + std::string(2041, 'a')));
}

TEST(Forms, EmailAddresses) {
  EXPECT_TRUE(is_email("a@b"));
  EXPECT_TRUE(is_email(std::string(242, 'a') + "@example.org"));
  EXPECT_FALSE(is_email(std::string(243, 'a') + "@example.org"));
  for (const std::string_view bad : {"", "a", "@b", "a@", "a@b@c", "a b@c", "a@b\n"})
    EXPECT_FALSE(is_email(bad));
}

TEST(Forms, PublicKeysArePemOrJwk) {
  EXPECT_TRUE(is_public_key_text(test::kPem));
  EXPECT_TRUE(is_public_key_text(test::kPem + "\n"));
  EXPECT_TRUE(is_public_key_text("{\"kty\":\"RSA\"}"));
  for (const std::string_view bad :
       {"", " ", "x", "-----BEGIN PUBLIC KEY-----", "{", "-----BEGIN PRIVATE KEY-----"})
    EXPECT_FALSE(is_public_key_text(bad));
  EXPECT_TRUE(is_public_key_text('{' + std::string(8190, 'a') + '}'));
  EXPECT_FALSE(is_public_key_text('{' + std::string(8191, 'a') + '}'));
}

TEST(QueryFields, BoundsAndDefaults) {
  QueryFields good;
  EXPECT_EQ(good.integer("limit", std::nullopt, 50, 1, 100), 50);
  EXPECT_EQ(good.integer("limit", "1", 50, 1, 100), 1);
  EXPECT_EQ(good.integer("limit", "100", 50, 1, 100), 100);
  EXPECT_EQ(good.time("before", "1970-01-01T00:00:01Z"), 1000);
  EXPECT_FALSE(good.time("before", std::nullopt));
  good.finish();
  EXPECT_EQ(rejected([] {
              QueryFields bad;
              bad.integer("a", "0", 50, 1, 100);
              bad.integer("b", "101", 50, 1, 100);
              bad.integer("c", "1x", 50, 1, 100);
              bad.integer("d", "", 50, 1, 100);
              bad.integer("e", "99999999999999999999", 50, 1, 100);
              bad.time("f", "yesterday");
              bad.finish();
            }),
            (List{"a:greater_than_equal", "b:less_than_equal", "c:int_parsing", "d:int_parsing",
                  "e:int_parsing", "f:datetime_parsing"}));
}

TEST(ValidationError, PrintsTheListThatV1ClientsKnow) {
  const ValidationError error({{{"body", "username"}, "Too short.", "string_too_short"},
                               {{"body", "message_ids", "3"}, "Must be a UUID.", "uuid_parsing"}});
  EXPECT_EQ(error.to_json_text(),
            R"({"detail":[{"loc":["body","username"],"msg":"Too short.","type":"string_too_short"},)"
            R"({"loc":["body","message_ids",3],"msg":"Must be a UUID.","type":"uuid_parsing"}]})");
  EXPECT_STREQ(error.what(), "The field \"username\" is not valid: Too short.");
  EXPECT_EQ(error.status(), MYCHAT_E_REJECTED);
}

}  // namespace
}  // namespace mychat
