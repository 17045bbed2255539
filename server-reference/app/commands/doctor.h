// The checks of `mychat-server doctor`.
#pragma once

#include <string>
#include <vector>

#include "app/config/config.h"

namespace mychat::server {

enum class Severity { kOk, kHint, kWarning, kError };

struct Finding {
  Severity severity = Severity::kOk;
  std::string check;    // "config", "secrets", "disk", ...
  std::string message;  // What was found.
  std::string remedy;   // How to mend it; empty when nothing is wrong.
};

std::vector<Finding> examine(const LoadedConfig& loaded);
// The way to another node and back.
std::vector<Finding> examine_peer(const Config& config, const std::string& domain);

// Prints them and makes the exit code of them.
int report_findings(const std::vector<Finding>& findings, bool as_json);

}  // namespace mychat::server
