#include "protocol/json_writer.h"

#include <cmath>
#include <limits>

#include "protocol/json.h"
#include "support.h"

namespace mychat {
namespace {

template <class F>
std::string written(F&& write, JsonLayout layout = JsonLayout::kCompact) {
  std::string text;
  JsonWriter out(text, layout);
  write(out);
  return text;
}

template <class Writer>
void write_sample(Writer& out) {
  out.begin_object();
  out.member("kty", "RSA");
  out.member("ext", true);
  out.key("key_ops");
  out.begin_array();
  out.value("encrypt");
  out.value(1);
  out.end_array();
  out.key("empty");
  out.begin_object();
  out.end_object();
  out.key("none");
  out.begin_array();
  out.end_array();
  out.null_member("nothing");
  out.end_object();
}

TEST(JsonWriter, WritesCompactly) {
  EXPECT_EQ(written([](JsonWriter& out) { write_sample(out); }),
            R"({"kty":"RSA","ext":true,"key_ops":["encrypt",1],"empty":{},"none":[],"nothing":null})");
}

TEST(JsonWriter, IndentsAsBrowsersDo) {
  EXPECT_EQ(written([](JsonWriter& out) { write_sample(out); }, JsonLayout::kPretty),
            "{\n  \"kty\": \"RSA\",\n  \"ext\": true,\n  \"key_ops\": [\n    \"encrypt\",\n    1\n  ],\n"
            "  \"empty\": {},\n  \"none\": [],\n  \"nothing\": null\n}");
}

TEST(JsonWriter, WritesSecretsTheSameWay) {
  Secret secret;
  SecretJsonWriter out(secret);
  write_sample(out);
  EXPECT_EQ(text(view(secret)), written([](JsonWriter& plain) { write_sample(plain); }));
}

TEST(JsonWriter, EscapesWhatMustBeEscapedAndNothingElse) {
  EXPECT_EQ(written([](JsonWriter& out) { out.value("\"\\/\b\f\n\r\t\x01\x1f\x7f<>&'\xC3\xA9"); }),
            "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f<>&'\xC3\xA9\"");
}

TEST(JsonWriter, EveryTextReadsBack) {
  for (std::size_t before = 0; before < 20; ++before) {
    for (int c = 1; c < 0x80; ++c) {
      const std::string original =
          std::string(before, 'x') + static_cast<char>(c) + "\xF0\x9F\x98\x80 tail of it";
      const std::string json = written([&](JsonWriter& out) { out.value(original); });
      ASSERT_EQ(Json::parse(json).root().as_string(), original);
    }
  }
}

TEST(JsonWriter, WritesNumbersThatReadBack) {
  EXPECT_EQ(written([](JsonWriter& out) { out.value(std::numeric_limits<std::int64_t>::min()); }),
            "-9223372036854775808");
  EXPECT_EQ(written([](JsonWriter& out) { out.value(0); }), "0");
  EXPECT_EQ(written([](JsonWriter& out) { out.value(0.1); }), "0.1");
  EXPECT_EQ(written([](JsonWriter& out) { out.value(std::nan("")); }), "null");
  EXPECT_EQ(Json::parse(written([](JsonWriter& out) { out.value(1.0 / 3); })).root().as_double(), 1.0 / 3);
}

TEST(JsonWriter, TellsAbsentFromNull) {
  EXPECT_EQ(written([](JsonWriter& out) {
              const std::optional<std::string> none;
              out.begin_object();
              out.optional_member("left_out", none);
              out.member("a", none);
              out.time_member("b", std::optional<std::int64_t>());
              out.time_member("c", std::int64_t{0});
              out.key("d");
              out.raw("[1]");
              out.member("e", std::vector<std::string>{"x", "y"});
              out.end_object();
            }),
            R"({"a":null,"b":null,"c":"1970-01-01T00:00:00.000Z","d":[1],"e":["x","y"]})");
}

}  // namespace
}  // namespace mychat
