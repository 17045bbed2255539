#include "protocol/json.h"

#include "support.h"

namespace mychat {
namespace {

using test::repeat;
using test::status_of;

mychat_status parse_status(std::string_view text, const JsonOptions& options = {}) {
  return status_of([&] { Json::parse(text, options); });
}

std::string message_of(std::string_view text) {
  try {
    Json::parse(text);
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

TEST(Json, ReadsEveryKindOfValue) {
  const Json json = Json::parse(
      " {\"s\":\"x\\u00e9\\ud83d\\ude00\\n\\/\", \"i\":-42, \"d\":1.5e3, \"t\":true, \"f\":false, \"n\":null,"
      "\t\"a\":[1,[],{}],\r\n\"\":{\"\":0}} ");
  EXPECT_EQ(json->string("s"), "x\xC3\xA9\xF0\x9F\x98\x80\n/");
  EXPECT_EQ(json->integer("i"), -42);
  EXPECT_EQ(json->at("d").as_double(), 1500.0);
  EXPECT_TRUE(json->boolean("t"));
  EXPECT_FALSE(json->boolean("f"));
  EXPECT_TRUE(json->at("n").is_null());
  EXPECT_EQ(json->array("a").size(), 3u);
  EXPECT_EQ(json->object("").integer(""), 0);
  EXPECT_EQ(json->size(), 8u);
}

TEST(Json, AcceptsAScalarAsTheWholeDocument) {
  EXPECT_EQ(Json::parse("7").root().as_int(), 7);
  EXPECT_EQ(Json::parse("\"x\"").root().as_string(), "x");
  EXPECT_TRUE(Json::parse("null").root().is_null());
}

TEST(Json, RefusesWhatIsNotJson) {
  for (const std::string_view text : {"",
                                      " ",
                                      "{",
                                      "}",
                                      "[1",
                                      "[1,]",
                                      "[,1]",
                                      "{\"a\"}",
                                      "{\"a\":}",
                                      "{\"a\":1,}",
                                      "{a:1}",
                                      "{'a':1}",
                                      "{1:1}",
                                      "nul",
                                      "True",
                                      "NaN",
                                      "Infinity",
                                      "-",
                                      "+1",
                                      "01",
                                      "-01",
                                      "1.",
                                      ".5",
                                      "1e",
                                      "1e+",
                                      "0x10",
                                      "1 2",
                                      "{}x",
                                      "[] []",
                                      "\"",
                                      "\"a",
                                      "\"\\\"",
                                      "\"\\x\"",
                                      "\"\\u12\"",
                                      "\"\\u12g4\"",
                                      "\xEF\xBB\xBF{}",
                                      "/**/1",
                                      "1,",
                                      "\"a\tb\"",
                                      "\"a\nb\"",
                                      "\"12345678\x01\"",
                                      "[1]]",
                                      "{\"a\" 1}",
                                      "tru",
                                      "\"\\"})
    EXPECT_EQ(parse_status(text), MYCHAT_E_MALFORMED) << text;
  EXPECT_EQ(parse_status(std::string_view("1\0", 2)), MYCHAT_E_MALFORMED);
  EXPECT_EQ(parse_status(std::string_view("\"a\0b\"", 5)), MYCHAT_E_MALFORMED);
  EXPECT_EQ(parse_status(std::string_view()), MYCHAT_E_MALFORMED);
}

TEST(Json, RefusesTheEscapedNulAndLoneSurrogates) {
  for (const std::string_view text :
       {"\"\\u0000\"", "\"ab\\u0000cd\"", "{\"\\u0000\":1}", "\"\\ud800\"", "\"\\ud800x\"", "\"\\ud800\\n\"",
        "\"\\ud800\\ud800\"", "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"\\udbff\\ue000\"", "\"\\ud83d\\ude0\""})
    EXPECT_EQ(parse_status(text), MYCHAT_E_MALFORMED) << text;
  EXPECT_EQ(Json::parse("\"\\uD800\\uDC00\"").root().as_string(), "\xF0\x90\x80\x80");
  EXPECT_EQ(Json::parse("\"\\udbff\\udfff\"").root().as_string(), "\xF4\x8F\xBF\xBF");
}

TEST(Json, RefusesIllFormedUtf8WhereverItStands) {
  for (const std::string_view bad :
       {"\x80", "\xC0\x80", "\xC3", "\xED\xA0\x80", "\xF5\x80\x80\x80", "\xFF"}) {
    for (std::size_t before = 0; before < 18; ++before) {
      EXPECT_EQ(parse_status('"' + std::string(before, 'x') + std::string(bad) + "\""), MYCHAT_E_MALFORMED);
      EXPECT_EQ(parse_status("{\"" + std::string(before, 'x') + std::string(bad) + "\":1}"),
                MYCHAT_E_MALFORMED);
    }
  }
  EXPECT_EQ(Json::parse("\"12345\xE2\x82\xAC 678\"").root().as_string(), "12345\xE2\x82\xAC 678");
}

TEST(Json, SeesSpecialBytesAtEveryPositionOfAWord) {
  for (std::size_t before = 0; before < 24; ++before) {
    const std::string text(before, 'x');
    EXPECT_EQ(Json::parse('"' + text + "\\\"" + text + '"').root().as_string(), text + '"' + text);
    EXPECT_EQ(parse_status('"' + text + "\x1F" + text + '"'), MYCHAT_E_MALFORMED);
    EXPECT_EQ(parse_status('"' + text + "\"" + text + "x\""), MYCHAT_E_MALFORMED);
    EXPECT_EQ(Json::parse('"' + text + "\x7F \"").root().as_string(), text + "\x7F ");
  }
}

TEST(Json, RefusesANameUsedTwiceAtAnyDepthAndSize) {
  EXPECT_EQ(parse_status("{\"a\":1,\"a\":1}"), MYCHAT_E_MALFORMED);
  EXPECT_EQ(parse_status("{\"a\":1,\"\\u0061\":1}"), MYCHAT_E_MALFORMED);
  EXPECT_EQ(parse_status("{\"\":1,\"\":1}"), MYCHAT_E_MALFORMED);
  EXPECT_EQ(message_of("{\"a\":[0,{\"b\":{\"c\":1,\"c\":2}}]}"),
            "In the JSON, a[1].b uses a member name twice.");
  EXPECT_EQ(parse_status("{\"a\":1,\"A\":1}"), MYCHAT_OK);
  EXPECT_EQ(parse_status("[{\"a\":1},{\"a\":1}]"), MYCHAT_OK);
  std::string many = "{";
  for (int i = 0; i < 200; ++i) many += "\"n" + std::to_string(i) + "\":0,";
  EXPECT_EQ(parse_status(many + "\"last\":0}"), MYCHAT_OK);
  EXPECT_EQ(parse_status(many + "\"n100\":0}"), MYCHAT_E_MALFORMED);
}

TEST(Json, BoundsLengthDepthAndNodes) {
  const JsonOptions options{.max_bytes = 20, .max_depth = 3, .max_nodes = 4};
  EXPECT_EQ(parse_status('"' + std::string(18, 'x') + '"', options), MYCHAT_OK);
  EXPECT_EQ(parse_status('"' + std::string(19, 'x') + '"', options), MYCHAT_E_TOO_LARGE);
  EXPECT_EQ(parse_status("[[[1]]]", options), MYCHAT_OK);
  EXPECT_EQ(parse_status("[[[[]]]]", options), MYCHAT_E_TOO_LARGE);
  EXPECT_EQ(parse_status("{\"a\":{\"b\":{}}}", options), MYCHAT_OK);
  EXPECT_EQ(parse_status("[[[{}]]]", options), MYCHAT_E_TOO_LARGE);
  EXPECT_EQ(parse_status("[1,2,3]", options), MYCHAT_OK);
  EXPECT_EQ(parse_status("[1,2,3,4]", options), MYCHAT_E_TOO_LARGE);
}

TEST(Json, RefusesDeepNestingByDefaultAndHoweverTheOptionsAreSet) {
  EXPECT_EQ(parse_status(repeat("[", 32) + repeat("]", 32)), MYCHAT_OK);
  EXPECT_EQ(parse_status(repeat("[", 33) + repeat("]", 33)), MYCHAT_E_TOO_LARGE);
  EXPECT_EQ(parse_status(repeat("[", 1'000'000)), MYCHAT_E_TOO_LARGE);
  const JsonOptions deep{.max_depth = 1'000'000, .max_nodes = 10'000'000};
  EXPECT_EQ(parse_status(repeat("[", 512) + repeat("]", 512), deep), MYCHAT_OK);
  EXPECT_EQ(parse_status(repeat("[", 513) + repeat("]", 513), deep), MYCHAT_E_TOO_LARGE);
}

TEST(Json, GivesIntegersExactlyOrNotAtAll) {
  EXPECT_EQ(Json::parse("9007199254740991").root().as_int(), 9007199254740991);
  EXPECT_EQ(Json::parse("-9007199254740991").root().as_int(), -9007199254740991);
  EXPECT_EQ(Json::parse("1e3").root().as_int(), 1000);
  EXPECT_EQ(Json::parse("-0").root().as_int(), 0);
  for (const std::string_view text : {"9007199254740992", "9007199254740993", "-9007199254740992", "1e300",
                                      "1e999", "-1e999", "18446744073709551616", "1.5", "1e-1"})
    EXPECT_FALSE(Json::parse(text).root().int_or_none()) << text;
  EXPECT_EQ(status_of([] { Json::parse("1e999").root().as_double(); }), MYCHAT_E_MALFORMED);
  EXPECT_EQ(parse_status(repeat("1", 40)), MYCHAT_OK);
  EXPECT_EQ(parse_status(repeat("1", 41)), MYCHAT_E_TOO_LARGE);
  EXPECT_EQ(status_of([] { Json::parse("5").root().as_int(0, 4); }), MYCHAT_E_MALFORMED);
}

TEST(Json, NamesThePlaceOfAnError) {
  const Json json = Json::parse("{\"items\":[{},{\"data\":{\"id\":7}}]}");
  JsonView id;
  for (const JsonView item : json->array("items"))
    if (item.find("data")) id = item.object("data").at("id");
  EXPECT_EQ(id.path(), "items[1].data.id");
  try {
    id.as_string();
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "In the JSON, items[1].data.id is not a string.");
    EXPECT_EQ(error.status(), MYCHAT_E_MALFORMED);
  }
  try {
    json->string("none");
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "In the JSON, the document lacks the member \"none\".");
  }
}

TEST(Json, TellsAbsentFromNullFromWrongType) {
  const Json json = Json::parse("{\"n\":null,\"s\":\"x\",\"i\":1,\"o\":{},\"a\":[]}");
  EXPECT_FALSE(json->optional_string("none"));
  EXPECT_FALSE(json->optional_string("n"));
  EXPECT_EQ(json->optional_string("s"), "x");
  EXPECT_EQ(json->optional_int("i"), 1);
  EXPECT_FALSE(json->optional_object("n"));
  EXPECT_TRUE(json->optional_object("o"));
  EXPECT_TRUE(json->optional_array("a"));
  for (const char* name : {"i", "o", "a"})
    EXPECT_EQ(status_of([&] { json->optional_string(name); }), MYCHAT_E_MALFORMED);
  EXPECT_EQ(status_of([&] { json->optional_bool("s"); }), MYCHAT_E_MALFORMED);
  EXPECT_EQ(status_of([&] { json->optional_array("o"); }), MYCHAT_E_MALFORMED);
  EXPECT_EQ(status_of([&] { json->at("s").at("x"); }), MYCHAT_E_MALFORMED);
  EXPECT_FALSE(json->at("s").find("x"));
  EXPECT_EQ(JsonView().size(), 0u);
  EXPECT_FALSE(JsonView().find("x"));
  EXPECT_FALSE(json->find("S"));
  EXPECT_FALSE(json->find("ss"));
}

TEST(Json, ReadsTextThatIsNotTerminated) {
  const std::string text = "[1234]5";
  EXPECT_EQ(Json::parse(std::string_view(text).substr(0, 6)).root().begin().operator*().as_int(), 1234);
  std::vector<char> exact{'4', '2'};
  EXPECT_EQ(Json::parse({exact.data(), exact.size()}).root().as_int(), 42);
}

TEST(Json, SurvivesMoves) {
  Json a = Json::parse("{\"password\":\"correct horse\"}");
  Json b = std::move(a);
  EXPECT_EQ(b->string("password"), "correct horse");
  EXPECT_FALSE(a->find("password"));
  a = Json::parse("[1]");
  b = std::move(a);
  EXPECT_EQ(b.root().size(), 1u);
}

}  // namespace
}  // namespace mychat
