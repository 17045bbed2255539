// That no rule goes untested: every one was broken by some test, and docs/mls.md says by which.
#include <cstdio>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>

#include "clients.h"
#include "crypto/version.h"

namespace mychat::mls::testing {
namespace {

// At the end of the program, when all of it ran.
class EveryRuleWasBroken final : public ::testing::Environment {
 public:
  void SetUp() override {
    if (Suite::find(test_suite()) != nullptr) return;
    std::printf("SKIPPED: cipher suite %d is not tested, OpenSSL %s does not have what it needs.\n",
                test_suite(), openssl_version());
    GTEST_SKIP();
  }
  void TearDown() override {
    if (Suite::find(test_suite()) == nullptr) return;
    if (::testing::GTEST_FLAG(filter) != "*") return;
    for (const RuleEntry& entry : rules()) {
      EXPECT_TRUE(broken_rules().contains(entry.rule))
          << "no test breaks the rule " << static_cast<int>(entry.rule) << ": " << entry.text;
    }
  }
};
const auto* const kRegistered = ::testing::AddGlobalTestEnvironment(new EveryRuleWasBroken);

std::string contents(const std::string& name) {
  std::ifstream file(std::string(MYCHAT_TEST_SOURCE_DIR) + "/" + name);
  EXPECT_TRUE(file) << name;
  std::ostringstream out;
  out << file.rdbuf();
  return out.str();
}

TEST(Rules, HaveOneEntryEach) {
  std::set<Rule> seen;
  const std::set<Rule> before = broken_rules();
  for (const RuleEntry& entry : rules()) {
    EXPECT_TRUE(seen.insert(entry.rule).second) << static_cast<int>(entry.rule);
    EXPECT_FALSE(entry.text.empty());
    EXPECT_RULE(violate(entry.rule), entry.rule);
  }
  broken_rules() = before;  // That was no test of them.
  const std::string header = contents("src/e2ee/mls/rules.h");
  const std::regex value("k[A-Za-z]+ = [0-9]+,");
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(
                             std::distance(std::sregex_iterator(header.begin(), header.end(), value), {})));
}

// Rows: | number kName | section | what | file: Suite.Test |
TEST(Rules, AreInTheDocumentationWithATestThatExists) {
  const std::string page = contents("docs/mls.md");
  const std::string header = contents("src/e2ee/mls/rules.h");
  for (const RuleEntry& entry : rules()) {
    const std::string number = std::to_string(static_cast<int>(entry.rule));
    std::smatch name;
    ASSERT_TRUE(std::regex_search(header, name, std::regex("(k[A-Za-z]+) = " + number + ",")));
    std::smatch row;
    const std::regex form("\\| " + number + " `" + name[1].str() +
                          "` \\| ([^|]*) \\| ([^|]*) \\| `([a-z_]+\\.cpp)` ([A-Za-z]+)\\.([A-Za-z]+) \\|");
    if (!std::regex_search(page, row, form)) {
      ADD_FAILURE() << "docs/mls.md has no row for " << number << " " << name[1];
      continue;
    }
    EXPECT_EQ(row[1].str(), entry.section);
    EXPECT_EQ(row[2].str(), entry.text);
    const std::string test = contents("tests/mls/" + row[3].str());
    EXPECT_NE(test.find("(" + row[4].str() + ", " + row[5].str() + ")"), std::string::npos) << row[0];
    EXPECT_NE(test.find("Rule::" + name[1].str()), std::string::npos) << row[0];
  }
}

}  // namespace
}  // namespace mychat::mls::testing
