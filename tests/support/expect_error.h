// EXPECT_ERROR(work, status, part): `work` throws a mychat::Error of that status whose message holds `part`.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "base/error.h"

namespace mychat::test {

template <class F>
::testing::AssertionResult fails_with(F&& work, mychat_status status, const std::string& part) {
  try {
    std::forward<F>(work)();
  } catch (const Error& error) {
    const std::string message = error.what();
    if (error.status() != status) {
      return ::testing::AssertionFailure()
             << "status " << error.status() << " instead of " << status << ": " << message;
    }
    if (message.find(part) == std::string::npos) {
      return ::testing::AssertionFailure() << "\"" << message << "\" does not say \"" << part << "\"";
    }
    return ::testing::AssertionSuccess();
  } catch (const std::exception& error) {
    return ::testing::AssertionFailure() << "another exception: " << error.what();
  }
  return ::testing::AssertionFailure() << "nothing was thrown";
}

}  // namespace mychat::test

#define EXPECT_ERROR(work, status, part) \
  EXPECT_TRUE(::mychat::test::fails_with([&] { static_cast<void>(work); }, status, part))
