// The TOML file: keys are setting names in lower case; a table's name is put before its keys, so that
// `[tls] cert = "x"` is `tls_cert = "x"`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/config/settings.h"

namespace mychat::server {

struct TomlEntry {
  std::string name;  // In upper case: TLS_CERT.
  RawValue value;
  int line = 0;
};

struct TomlFile {
  std::vector<TomlEntry> entries;
  struct Problem {
    int line = 0;
    std::string message;
  };
  std::vector<Problem> problems;
};

TomlFile parse_toml(std::string_view text);

}  // namespace mychat::server
