#include <filesystem>
#include <iostream>

#include "app/commands/command.h"
#include "base/error.h"
#include "protocol/json_writer.h"
#include "storage/backup.h"
#include "storage/storage.h"

namespace mychat::server {

namespace fs = std::filesystem;

namespace {

std::string absolute_path(const CommonOptions& common, const std::string& path) {
  const fs::path base =
      common.inputs.working_dir.empty() ? fs::current_path() : fs::path(common.inputs.working_dir);
  return (base / path).lexically_normal().string();
}

void print_path(const CommonOptions& common, const char* name, const std::string& path,
                const std::string& sentence) {
  if (!common.json) {
    std::cout << sentence << "\n";
    return;
  }
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.member(name, path);
  json.end_object();
  std::cout << out << "\n";
}

}  // namespace

int backup_command(const CommonOptions& common, const std::string& path) {
  const auto loaded = load_or_explain(common, true);
  if (!loaded) return kExitUsage;
  return guarded([&] {
    const std::string target = absolute_path(common, path);
    if (!fs::exists(loaded->config.db_path))
      throw Error(MYCHAT_E_IO, MYCHAT_DOMAIN_SYSTEM, "There is no database " + loaded->config.db_path + ".");
    backup_database(loaded->config.db_path, target);
    print_path(common, "backup", target,
               "Backed up to " + target + ", and checked. It does not hold .env: keep that too.");
    return kExitOk;
  });
}

int restore_command(const CommonOptions& common, const std::string& path, bool end_sessions) {
  const auto loaded = load_or_explain(common, true);
  if (!loaded) return kExitUsage;
  return guarded([&] {
    const std::string kept =
        Storage::restore(absolute_path(common, path), loaded->config.db_path, end_sessions);
    print_path(common, "previous", kept,
               "Restored " + loaded->config.db_path +
                   (kept.empty() ? "." : "; the database before it is kept as " + kept + "."));
    return kExitOk;
  });
}

int migrate_command(const CommonOptions& common, bool dry_run) {
  const auto loaded = load_or_explain(common, true);
  if (!loaded) return kExitUsage;
  return guarded([&] {
    const std::vector<MigrationStep> steps = Storage::plan(loaded->config.db_path);
    if (!dry_run && !steps.empty()) {
      StorageOptions options;
      options.path = loaded->config.db_path;
      Storage storage(options);
      storage.stop();
    }
    std::string out;
    JsonWriter json(out, JsonLayout::kPretty);
    json.begin_object();
    json.member("version", Storage::current_version());
    json.member("applied", !dry_run);
    json.key("steps");
    json.begin_array();
    for (const MigrationStep& step : steps) {
      json.begin_object();
      json.member("version", step.version);
      json.member("name", step.name);
      if (dry_run) json.member("sql", step.sql);
      json.end_object();
    }
    json.end_array();
    json.end_object();
    if (common.json) {
      std::cout << out << "\n";
      return kExitOk;
    }
    if (steps.empty())
      std::cout << "Nothing to do: the schema is at version " << Storage::current_version() << ".\n";
    for (const MigrationStep& step : steps) {
      std::cout << (dry_run ? "would run " : "ran ") << step.version << " " << step.name << "\n";
      if (dry_run) std::cout << step.sql << "\n";
    }
    return kExitOk;
  });
}

}  // namespace mychat::server
