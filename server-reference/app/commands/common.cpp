#include <iostream>

#include "app/commands/command.h"
#include "base/error.h"
#include "services/result.h"

namespace mychat::server {

std::optional<LoadedConfig> load_or_explain(const CommonOptions& common, bool quiet_warnings) {
  LoadedConfig loaded = load_config(common.inputs);
  if (!quiet_warnings)
    for (const ConfigProblem& warning : loaded.warnings)
      std::cerr << "warning: " << warning.where << ": " << warning.message << "\n";
  for (const ConfigProblem& error : loaded.errors)
    std::cerr << "error: " << error.where << ": " << error.message << "\n";
  if (loaded.ok()) return loaded;
  const bool bare = !loaded.origin.contains("DOMAIN") && !loaded.origin.contains("SECRET_KEY");
  if (bare && loaded.env_file.empty() && loaded.toml_file.empty())
    std::cerr << "No configuration file was found in " << loaded.config.data_dir
              << "; make one with: mychat-server init --data-dir DIR --domain NAME\n";
  return std::nullopt;
}

int explain_failure(const std::exception& error) {
  if (const auto* refused = dynamic_cast<const Refused*>(&error)) {
    std::cerr << "error: " << refused->failure().detail << "\n";
    return kExitFailure;
  }
  std::cerr << "error: " << error.what() << "\n";
  if (const auto* known = dynamic_cast<const Error*>(&error); known && known->status() == MYCHAT_E_STORE_HELD)
    std::cerr << "A node runs on this data directory; stop it for this command.\n";
  return kExitFailure;
}

}  // namespace mychat::server
