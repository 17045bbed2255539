#include "federation/structured_fields.h"

#include <gtest/gtest.h>

#include <string>

#include "support/expect_error.h"

namespace mychat::federation::sf {
namespace {

Dictionary parsed(const std::string& text) { return parse_dictionary(text, "X"); }

TEST(StructuredFields, WhatIsReadIsWrittenInTheOneForm) {
  for (const auto& [text, written] : std::vector<std::pair<std::string, std::string>>{
           {"", ""},
           {"a", "a"},
           {"a=?1", "a"},
           {"a=?0;b", "a=?0;b"},
           {"a=1,b=-2", "a=1, b=-2"},
           {"  a=999999999999999 \t,\t b=tok/en:*", "a=999999999999999, b=tok/en:*"},
           {R"(a="q\"\\")", R"(a="q\"\\")"},
           {"a=:aGk=:", "a=:aGk=:"},
           {"a=::", "a=::"},
           {R"(s=("@method"   "x";req;key="k" );created=1;tag="t")",
            R"(s=("@method" "x";req;key="k");created=1;tag="t")"},
           {"a=();x", "a=();x"},
           {"a;  b=2;c", "a;b=2;c"},
           {"*k_-.1=1", "*k_-.1=1"}}) {
    EXPECT_EQ(serialize(parsed(text)), written) << text;
    EXPECT_EQ(parsed(serialize(parsed(text))), parsed(text)) << text;
  }
}

TEST(StructuredFields, WhatIsNotOneIsRefused) {
  for (const char* text : {"A=1",
                           "=1",
                           "a=",
                           "a=1,",
                           "a=1,,b=2",
                           "a=1 b=2",
                           "a=1.5",
                           "a=1000000000000000",
                           "a=-",
                           "a=--1",
                           "a=\"",
                           "a=\"x",
                           "a=\"\\x\"",
                           "a=\"\x7f\"",
                           "a=\"\t\"",
                           "a=\"\xc3\xa9\"",
                           "a=:",
                           "a=:aGk:",
                           "a=:a:",
                           "a=?2",
                           "a=?",
                           "a=@1",
                           "a=%\"x\"",
                           "a=(",
                           "a=(1",
                           "a=(1,2)",
                           "a=(\"a\"\"b\")",
                           "a=((1))",
                           "a;B=1",
                           "a;=1",
                           "a=1;b=",
                           "1a=1",
                           "a=1\r\nb=2"}) {
    EXPECT_ERROR(parsed(text), MYCHAT_E_MALFORMED, "X") << text;
  }
}

TEST(StructuredFields, ANameIsThereOnce) {
  EXPECT_ERROR(parsed("a=1, b=2, a=3"), MYCHAT_E_MALFORMED, "twice");
  EXPECT_ERROR(parsed("a=1;x=1;x=2"), MYCHAT_E_MALFORMED, "twice");
}

TEST(StructuredFields, AreBounded) {
  const auto many = [](int count, const std::string& between) {
    std::string text;
    for (int i = 0; i < count; ++i) text += (i == 0 ? "" : between) + "k" + std::to_string(i);
    return text;
  };
  EXPECT_EQ(parsed(many(16, ",")).size(), 16U);
  EXPECT_ERROR(parsed(many(17, ",")), MYCHAT_E_MALFORMED, "members");
  EXPECT_NO_THROW(parsed("a;" + many(16, ";")));
  EXPECT_ERROR(parsed("a;" + many(17, ";")), MYCHAT_E_MALFORMED, "parameters");
  EXPECT_NO_THROW(parsed("a=(" + many(32, " ") + ")"));
  EXPECT_ERROR(parsed("a=(" + many(33, " ") + ")"), MYCHAT_E_MALFORMED, "list");
  EXPECT_NO_THROW(parsed(std::string(64, 'a')));
  EXPECT_ERROR(parsed(std::string(65, 'a')), MYCHAT_E_MALFORMED, "too long");
  EXPECT_ERROR(parsed("a=\"" + std::string(8192, 'x') + "\""), MYCHAT_E_TOO_LARGE, "X");
}

TEST(StructuredFields, TextThatCannotBeWrittenIsRefused) {
  EXPECT_ERROR(serialize(Item{std::string("a\nb"), {}}), MYCHAT_E_INVALID_ARGUMENT, "ASCII");
  EXPECT_ERROR(serialize(Item{std::string("\xc3\xa9"), {}}), MYCHAT_E_INVALID_ARGUMENT, "ASCII");
  for (const char* bad : {"", "1a", "a b", "a\""}) {
    EXPECT_ERROR(serialize(Item{Token{bad}, {}}), MYCHAT_E_INVALID_ARGUMENT, "token") << bad;
  }
}

}  // namespace
}  // namespace mychat::federation::sf
