#include "base/clock.h"

#include <gtest/gtest.h>

namespace mychat {
namespace {

TEST(Time, FormatsAndParses) {
  EXPECT_EQ(format_time(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_time(1763358099123), "2025-11-17T05:41:39.123Z");
  EXPECT_EQ(parse_time("2025-11-17T05:41:39.123Z"), 1763358099123);
  EXPECT_EQ(parse_time("2025-11-17T05:41:39.123456"), 1763358099123);
  EXPECT_EQ(parse_time("2025-11-17T07:41:39+02:00"), 1763358099000);
  EXPECT_EQ(parse_time("2025-11-17 05:41:39Z"), 1763358099000);
}

TEST(Time, RefusesWhatIsNotATime) {
  for (const char* bad : {"", "2025", "2025-13-01T00:00:00Z", "2025-02-30T00:00:00Z", "2025-01-01T24:00:00Z",
                          "2025-01-01T00:00:00.Z", "2025-01-01T00:00:00Zx", "1969-12-31T23:59:59Z",
                          "2025-01-01T00:00:00+99:00", "2025-01-01T00:00", "9999-12-31T23:59:59.1234567890Z"})
    EXPECT_FALSE(parse_time(bad)) << bad;
}

}  // namespace
}  // namespace mychat
