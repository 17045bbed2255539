// EXPECT_RULE(work, rule): `work` throws the error of just that rule. What was seen so is remembered: at the
// end rules_test.cpp wants to have seen every rule.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <utility>

#include "e2ee/mls/rules.h"

namespace mychat::mls::testing {

inline std::set<Rule>& broken_rules() {
  static std::set<Rule> seen;
  return seen;
}

template <class F>
::testing::AssertionResult breaks(F&& work, Rule rule) {
  const auto& table = rules();
  const auto entry =
      std::find_if(table.begin(), table.end(), [&](const RuleEntry& it) { return it.rule == rule; });
  if (entry == table.end()) return ::testing::AssertionFailure() << "the rule is not in the table";
  try {
    std::forward<F>(work)();
  } catch (const Error& error) {
    if (error.domain() != MYCHAT_DOMAIN_E2EE || error.detail() != static_cast<int>(rule) ||
        error.status() != entry->status) {
      return ::testing::AssertionFailure()
             << "rule " << error.detail() << ", status " << error.status() << " instead of rule "
             << static_cast<int>(rule) << ", status " << entry->status << ": " << error.what();
    }
    broken_rules().insert(rule);
    return ::testing::AssertionSuccess();
  } catch (const std::exception& error) {
    return ::testing::AssertionFailure() << "another exception: " << error.what();
  }
  return ::testing::AssertionFailure() << "nothing was thrown";
}

}  // namespace mychat::mls::testing

#define EXPECT_RULE(work, rule) \
  EXPECT_TRUE(::mychat::mls::testing::breaks([&] { static_cast<void>(work); }, rule))
