#include <algorithm>
#include <iostream>

#include "app/commands/command.h"
#include "protocol/json_writer.h"

namespace mychat::server {

namespace {

void write_problems(JsonWriter& json, const char* name, const std::vector<ConfigProblem>& problems) {
  json.key(name);
  json.begin_array();
  for (const ConfigProblem& problem : problems) {
    json.begin_object();
    json.member("where", problem.where);
    json.member("message", problem.message);
    json.end_object();
  }
  json.end_array();
}

void print_json(const LoadedConfig& loaded) {
  std::string out;
  JsonWriter json(out, JsonLayout::kPretty);
  json.begin_object();
  json.key("settings");
  json.begin_array();
  for (const ShownSetting& setting : show_config(loaded)) {
    json.begin_object();
    json.member("name", setting.name);
    json.member("value", setting.value);
    json.member("origin", setting.origin);
    json.member("unused", setting.unused);
    json.end_object();
  }
  json.end_array();
  write_problems(json, "warnings", loaded.warnings);
  write_problems(json, "errors", loaded.errors);
  json.end_object();
  std::cout << out << "\n";
}

}  // namespace

int config_command(const CommonOptions& common) {
  const LoadedConfig loaded = load_config(common.inputs);
  if (common.json) {
    print_json(loaded);
    return loaded.ok() ? kExitOk : kExitUsage;
  }
  std::size_t width = 0;
  const auto settings = show_config(loaded);
  for (const ShownSetting& setting : settings) width = std::max(width, setting.name.size());
  for (const ShownSetting& setting : settings) {
    if (setting.unused) continue;
    std::cout << setting.name << std::string(width - setting.name.size(), ' ') << " = " << setting.value
              << "    # " << setting.origin << "\n";
  }
  for (const ConfigProblem& warning : loaded.warnings)
    std::cerr << "warning: " << warning.where << ": " << warning.message << "\n";
  for (const ConfigProblem& error : loaded.errors)
    std::cerr << "error: " << error.where << ": " << error.message << "\n";
  return loaded.ok() ? kExitOk : kExitUsage;
}

}  // namespace mychat::server
