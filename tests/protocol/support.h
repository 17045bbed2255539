// What the tests of the protocol share.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "protocol/fields.h"
#include "protocol/json.h"

namespace mychat::test {

// The status that the call throws, MYCHAT_OK when it does not.
template <class F>
mychat_status status_of(F&& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.domain(), MYCHAT_DOMAIN_PROTOCOL);
    return error.status();
  }
  return MYCHAT_OK;
}

// "username:string_too_short" for each field that the call rejects, sorted; none when it accepts.
template <class F>
std::vector<std::string> rejected(F&& call) {
  std::vector<std::string> list;
  try {
    call();
  } catch (const ValidationError& error) {
    for (const FieldError& field : error.errors()) {
      std::string where;
      for (std::size_t i = 1; i < field.loc.size(); ++i) where += (i > 1 ? "." : "") + field.loc[i];
      list.push_back(where + ":" + field.type);
      EXPECT_FALSE(field.msg.empty());
    }
  }
  std::sort(list.begin(), list.end());
  return list;
}

using List = std::vector<std::string>;

// Base64 of that many zero bytes.
inline std::string zeros64(std::size_t bytes) {
  std::string text((bytes + 2) / 3 * 4, 'A');
  if (bytes % 3 != 0) text.replace(text.size() - (3 - bytes % 3), 3 - bytes % 3, 3 - bytes % 3, '=');
  return text;
}

inline std::string repeat(std::string_view what, std::size_t times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) text += what;
  return text;
}

inline const std::string kId = "7f3c2a10-0000-4000-8000-0123456789ab";
inline const std::string kFingerprint = repeat("0A1F-", 15) + "0A1F";
inline const std::string kPem = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----";
inline const std::string kPemJson = "-----BEGIN PUBLIC KEY-----\\nAAAA\\n-----END PUBLIC KEY-----";

}  // namespace mychat::test
