#include "federation/hint.h"

#include <gtest/gtest.h>

#include <string>

#include "support/expect_error.h"

namespace mychat::federation {
namespace {

std::vector<Hint> read(const std::string& json) { return hints_from_json(Json::parse(json, kHintsJson)); }

TEST(Hint, SurvivesItsWay) {
  const std::vector<Hint> hints{TypingHint{"alice@a.example", "bob@b.example", true},
                                TypingHint{"alice@a.example", "bob@b.example", false},
                                PresenceHint{"alice@a.example", HintedPresence::kOnline, 1'800'000'000'123},
                                PresenceHint{"alice@a.example", HintedPresence::kAway, 1'800'000'000'000},
                                PresenceHint{"alice@a.example", HintedPresence::kOffline, 0},
                                PresenceQuestion{"bob@b.example", "alice@a.example"}};
  EXPECT_EQ(read(hints_json(hints)), hints);
  EXPECT_TRUE(read(hints_json({})).empty());
}

TEST(Hint, ThatIsMalformedOrUnknownIsLeftOutAndTheOthersAreNot) {
  const auto hints = read(
      R"({"hints":[5,{"type":"typing"},{"type":"typing","data":{}},{"type":"of the future","data":{}},)"
      R"({"type":"typing","data":{"sender_handle":"no handle","recipient_handle":"bob@b.example","is_typing":true}},)"
      R"({"type":"typing","data":{"sender_handle":"alice@a.example","recipient_handle":"bob@b.example","is_typing":1}},)"
      R"({"type":"presence","data":{"handle":"alice@a.example","status":"invisible","last_seen":"2027-01-15T08:00:00Z"}},)"
      R"({"type":"presence","data":{"handle":"alice@a.example","status":"away","last_seen":"yesterday"}},)"
      R"({"type":"presence_question","data":{"handle":"bob@b.example"}},)"
      R"({"type":"presence","data":{"handle":"Alice@A.example","status":"away","last_seen":"2027-01-15T08:00:00Z"}}]})");
  ASSERT_EQ(hints.size(), 1U);
  EXPECT_EQ(std::get<PresenceHint>(hints[0]).handle, "alice@a.example");
}

TEST(Hint, ListsThatAreNoneOrTooLongAreRefused) {
  for (const char* bad : {"{}", "[]", "{\"hints\":{}}", "{\"hints\":null}"})
    EXPECT_THROW(read(bad), Error) << bad;
  const std::vector<Hint> many(kHintsMax + 1, TypingHint{"alice@a.example", "bob@b.example", true});
  EXPECT_THROW(read(hints_json(many)), Error);
  EXPECT_EQ(read(hints_json({many.begin(), many.end() - 1})).size(), kHintsMax);
}

}  // namespace
}  // namespace mychat::federation
