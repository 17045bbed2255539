// Reading of Wycheproof test vectors, and the count of what was run.
#pragma once

#include <cjson/cJSON.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <sstream>
#include <string>

#include "base/encoding.h"

namespace mychat::test {

// A group and a test case of it.
class Case {
 public:
  Case(const cJSON* group, const cJSON* test) : group_(group), test_(test) {}

  std::string group_text(const char* name) const { return text_of(group_, name); }
  double group_number(const char* name) const { return number_of(group_, name); }
  const cJSON* group_object(const char* name) const { return cJSON_GetObjectItemCaseSensitive(group_, name); }
  std::string text(const char* name) const { return text_of(test_, name); }
  std::size_t number(const char* name) const { return static_cast<std::size_t>(number_of(test_, name)); }
  Bytes bytes(const char* name) const { return from_hex(text(name)); }
  bool valid() const { return text("result") == "valid"; }
  bool acceptable() const { return text("result") == "acceptable"; }
  bool has_flag(const std::string& flag) const {
    const cJSON* item = nullptr;
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(test_, "flags")) {
      if (flag == item->valuestring) return true;
    }
    return false;
  }
  std::string name() const {
    const cJSON* comment = cJSON_GetObjectItemCaseSensitive(test_, "comment");  // Not every file has it.
    return "tcId " + std::to_string(number("tcId")) +
           (cJSON_IsString(comment) ? std::string(" (") + comment->valuestring + ")" : "");
  }

  static Bytes from_hex(const std::string& hex) {
    const auto bytes = hex_decode(hex);
    if (!bytes) throw std::runtime_error("not hex in a vector file: " + hex);
    return *bytes;
  }
  static std::string text_of(const cJSON* object, const char* name) {
    const cJSON* item = cJSON_GetObjectItemCaseSensitive(object, name);
    if (!cJSON_IsString(item)) throw std::runtime_error(std::string("no text in a vector file: ") + name);
    return item->valuestring;
  }

 private:
  static double number_of(const cJSON* object, const char* name) {
    const cJSON* item = cJSON_GetObjectItemCaseSensitive(object, name);
    if (!cJSON_IsNumber(item)) throw std::runtime_error(std::string("no number in a vector file: ") + name);
    return item->valuedouble;
  }
  const cJSON* group_;
  const cJSON* test_;
};

// Runs `check` over every case of a file. It returns why a case does not apply, or an empty text when it was
// checked. The vectors' own count guards against a file that is read in part.
inline void run_wycheproof(const std::string& file, const std::function<std::string(const Case&)>& check) {
  const char* directory = std::getenv("MYCHAT_VECTORS_DIR");
  if (directory == nullptr) GTEST_SKIP() << "MYCHAT_VECTORS_DIR is not set: " << file << " was not run.";
  const std::string path = std::string(directory) + "/wycheproof/" + file;
  std::ifstream stream(path);
  if (!stream) GTEST_SKIP() << "There is no " << path << ": it was not run.";
  std::stringstream content;
  content << stream.rdbuf();
  const std::unique_ptr<cJSON, void (*)(cJSON*)> root(cJSON_Parse(content.str().c_str()), cJSON_Delete);
  ASSERT_NE(root, nullptr) << path << " is not JSON.";

  std::size_t checked = 0, total = 0;
  std::map<std::string, std::size_t> skipped;
  const cJSON* group = nullptr;
  cJSON_ArrayForEach(group, cJSON_GetObjectItemCaseSensitive(root.get(), "testGroups")) {
    const cJSON* test = nullptr;
    cJSON_ArrayForEach(test, cJSON_GetObjectItemCaseSensitive(group, "tests")) {
      const Case current(group, test);
      SCOPED_TRACE(file + " " + current.name());
      ++total;
      const std::string reason = check(current);
      if (reason.empty()) {
        ++checked;
      } else {
        ++skipped[reason];
      }
    }
  }
  const cJSON* expected = cJSON_GetObjectItemCaseSensitive(root.get(), "numberOfTests");
  ASSERT_TRUE(cJSON_IsNumber(expected));
  EXPECT_EQ(total, static_cast<std::size_t>(expected->valuedouble));
  EXPECT_GT(checked, 0u);
  std::printf("%s: %zu of %zu cases checked\n", file.c_str(), checked, total);
  for (const auto& [reason, count] : skipped)
    std::printf("  not applicable: %zu, %s\n", count, reason.c_str());
}

}  // namespace mychat::test
