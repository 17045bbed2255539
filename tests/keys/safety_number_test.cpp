#include "keys/safety_number.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <string>

#include "support/expect_error.h"
#include "support/test_keys.h"

namespace mychat {
namespace {

const SafetyParty& alice() {
  static const SafetyParty party{"alice@example.org", test::alice_key().public_key()};
  return party;
}
const SafetyParty& bob() {
  static const SafetyParty party{"bob@example.net", test::bob_key().public_key()};
  return party;
}

TEST(SafetyNumber, IsTheSameOnBothSides) {
  const std::string number = safety_number(alice(), bob());
  EXPECT_EQ(number, safety_number(bob(), alice()));
  EXPECT_EQ(std::count_if(number.begin(), number.end(), [](unsigned char c) { return std::isdigit(c); }), 60);
  ASSERT_EQ(number.size(), 71U);
  for (std::size_t i = 5; i < number.size(); i += 6) EXPECT_EQ(number[i], ' ');
}

// From an independent computation of docs/safety-number.md; these must never change, or two versions would
// disagree.
TEST(SafetyNumber, AndCodeAreWhatTheDocumentDefines) {
  EXPECT_EQ(safety_number(alice(), bob()),
            "36367 04996 54012 08196 14268 50229 61104 72651 16882 83438 38513 61411");
  EXPECT_EQ(safety_qr_payload(alice(), bob()),
            "mychat:verify:1:emSt8oc36pBxnL3wsah6Xv__N1O3nJHXF_T0FT6tBJjns7cIFo6A_RCrs0KW6YY9TMDBkchLT-k0yS_"
            "Om8_dGPIJYtNtwDlqSikmnwYaKHQzgRFvX3mKUq20KXlR2cxcA-F-f4DXG9W6lx1RiOEAu2agp09PiuoKglJ49Z_nJJ4");
}

TEST(SafetyNumber, ChangesWithEveryKeyAndHandle) {
  const std::string number = safety_number(alice(), bob());
  EXPECT_NE(number, safety_number({alice().handle, bob().key}, bob()));
  EXPECT_NE(number, safety_number({"alicia@example.org", alice().key}, bob()));
  EXPECT_NE(number, safety_number({bob().handle, alice().key}, {alice().handle, bob().key}));
}

TEST(SafetyNumber, NeedsTwoPeople) {
  EXPECT_ERROR(safety_number(alice(), alice()), MYCHAT_E_INVALID_ARGUMENT, "two");
  EXPECT_ERROR(safety_number({"", alice().key}, bob()), MYCHAT_E_INVALID_ARGUMENT, "two");
  EXPECT_ERROR(safety_qr_payload(alice(), alice()), MYCHAT_E_INVALID_ARGUMENT, "two");
}

TEST(SafetyCode, OfTheOtherSideMatches) {
  EXPECT_EQ(compare_scanned(safety_qr_payload(bob(), alice()), alice(), bob()), ScanResult::kMatch);
  EXPECT_EQ(compare_scanned(safety_qr_payload(alice(), bob()), bob(), alice()), ScanResult::kMatch);
}

TEST(SafetyCode, ShowsAChangedKeyOnEitherSide) {
  const SafetyParty replaced_alice{alice().handle, bob().key};
  const SafetyParty replaced_bob{bob().handle, alice().key};
  const std::string shown_by_bob = safety_qr_payload(bob(), alice());
  EXPECT_EQ(compare_scanned(shown_by_bob, replaced_alice, bob()), ScanResult::kMismatch);
  EXPECT_EQ(compare_scanned(shown_by_bob, alice(), replaced_bob), ScanResult::kMismatch);
  EXPECT_EQ(compare_scanned(safety_qr_payload(bob(), replaced_alice), alice(), bob()), ScanResult::kMismatch);
  EXPECT_EQ(compare_scanned(safety_qr_payload(replaced_bob, alice()), alice(), bob()), ScanResult::kMismatch);
}

TEST(SafetyCode, OfOtherPeopleIsSaidToBe) {
  const SafetyParty carol{"carol@example.org", bob().key};
  EXPECT_EQ(compare_scanned(safety_qr_payload(carol, alice()), alice(), bob()), ScanResult::kOtherPeople);
  EXPECT_EQ(compare_scanned(safety_qr_payload(bob(), carol), alice(), bob()), ScanResult::kOtherPeople);
  // One's own code, seen in a mirror so to speak, proves nothing.
  EXPECT_EQ(compare_scanned(safety_qr_payload(alice(), bob()), alice(), bob()), ScanResult::kOtherPeople);
}

TEST(SafetyCode, OfALaterVersionIsSaidToBe) {
  EXPECT_EQ(compare_scanned("mychat:verify:2:whatever it is", alice(), bob()), ScanResult::kNewerVersion);
  EXPECT_EQ(compare_scanned("mychat:verify:117:", alice(), bob()), ScanResult::kNewerVersion);
}

TEST(SafetyCode, ThatIsNoneIsRefused) {
  const std::string good = safety_qr_payload(bob(), alice());
  for (const std::string& wrong :
       {std::string(), std::string("https://example.org/"), std::string("mychat:verify:"),
        std::string("mychat:verify:1"), std::string("mychat:verify:0:x"), std::string("mychat:verify:01:x"),
        std::string("mychat:verify:-1:x"), std::string("mychat:verify:x:x"), std::string("mychat:verify::x"),
        std::string("mychat:verify:1:"), std::string("mychat:verify:1234567890:x"),
        good.substr(0, good.size() - 1), good + "A", good + "=", "MYCHAT" + good.substr(6),
        "mychat:verify:1:" + std::string(5000, 'A')}) {
    EXPECT_ERROR(compare_scanned(wrong, alice(), bob()), MYCHAT_E_MALFORMED, "code") << wrong;
  }
}

}  // namespace
}  // namespace mychat
