#include "app/config/config.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "app/config/dotenv.h"
#include "app/config/settings.h"
#include "app/config/toml_file.h"

extern "C" char** environ;

namespace mychat::server {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMaxFile = 256 * 1024;

class Loader {
 public:
  explicit Loader(const ConfigInputs& inputs) : inputs_(inputs) {}

  LoadedConfig load() {
    working_dir_ = inputs_.working_dir.empty() ? fs::current_path() : fs::path(inputs_.working_dir);
    const fs::path base = base_dir();
    read_toml(base);
    read_env_file(base);
    for (const auto& [name, value] : inputs_.environment)
      if (const Setting* setting = find_setting(name))
        apply(*setting, {value, {}}, "environment variable " + name);
    for (const auto& [name, value] : inputs_.flags)
      if (const Setting* setting = find_setting(name))
        apply(*setting, {value, {}}, "flag " + flag_name(name));
    report_unused();
    resolve_paths(base);
    check_required();
    return std::move(out_);
  }

 private:
  static std::string flag_name(std::string_view name) {
    std::string out = "--";
    for (const char c : name)
      out += c == '_' ? '-' : (c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c);
    return out;
  }

  void error(std::string where, std::string message) {
    out_.errors.push_back({std::move(where), std::move(message)});
  }
  void warn(std::string where, std::string message) {
    out_.warnings.push_back({std::move(where), std::move(message)});
  }

  // The configuration files live in the data directory, when one is named before any file is read.
  fs::path base_dir() const {
    if (const auto flag = inputs_.flags.find("DATA_DIR");
        flag != inputs_.flags.end() && !flag->second.empty())
      return working_dir_ / flag->second;
    const auto variable = inputs_.environment.find("DATA_DIR");
    if (variable != inputs_.environment.end() && !variable->second.empty())
      return working_dir_ / variable->second;
    return working_dir_;
  }

  // The text of a file; nothing when it is absent or an error was noted.
  std::optional<std::string> read_file(const fs::path& path, bool required) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
      if (required || errno != ENOENT)
        error(path.string(), std::string("cannot be read: ") + std::strerror(errno));
      return std::nullopt;
    }
    if (!S_ISREG(status.st_mode) || static_cast<std::size_t>(status.st_size) > kMaxFile) {
      error(path.string(), "is not a regular file of at most 256 KiB");
      return std::nullopt;
    }
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    if (!file) {
      error(path.string(), "cannot be read; check that the node's user may read it");
      return std::nullopt;
    }
    return std::move(text).str();
  }

  void read_toml(const fs::path& base) {
    const bool named = !inputs_.toml_file.empty();
    const fs::path path = named ? working_dir_ / inputs_.toml_file : base / "mychat.toml";
    const auto text = read_file(path, named);
    if (!text) return;
    out_.toml_file = path.string();
    const TomlFile file = parse_toml(*text);
    for (const auto& problem : file.problems) error(place(path, problem.line), problem.message);
    for (const auto& entry : file.entries) take(path, entry.line, entry.name, entry.value);
  }

  void read_env_file(const fs::path& base) {
    const bool named = !inputs_.env_file.empty();
    const fs::path path = named ? working_dir_ / inputs_.env_file : base / ".env";
    const auto text = read_file(path, named);
    if (!text) return;
    out_.env_file = path.string();
    const DotenvFile file = parse_dotenv(*text);
    for (const auto& problem : file.problems) error(place(path, problem.line), problem.message);
    std::map<std::string, int> seen;
    for (const auto& entry : file.entries) {
      const auto [first, fresh] = seen.emplace(entry.name, entry.line);
      if (!fresh)
        warn(place(path, entry.line), entry.name + " was set before at line " +
                                          std::to_string(first->second) + "; the last one counts");
      take(path, entry.line, entry.name, {entry.value, {}});
    }
  }

  static std::string place(const fs::path& path, int line) {
    return path.string() + ":" + std::to_string(line);
  }

  void take(const fs::path& path, int line, const std::string& name, const RawValue& value) {
    if (const Setting* setting = find_setting(name)) return apply(*setting, value, place(path, line));
    warn(place(path, line), name + " is not a setting of this node and is ignored; check its spelling");
  }

  // A value that a stronger source replaces is not checked: only what counts can be wrong.
  void apply(const Setting& setting, const RawValue& value, const std::string& where) {
    const std::string name(setting.name);
    std::string problem = setting.set(out_.config, value);
    pending_.erase(name);
    if (!problem.empty()) pending_[name] = {where, name + " " + problem};
    out_.origin[name] = where;
  }

  void report_unused() {
    for (const Setting& setting : settings()) {
      const auto origin = out_.origin.find(std::string(setting.name));
      if (setting.kind == SettingKind::kUnused && origin != out_.origin.end())
        warn(origin->second, std::string(setting.name) +
                                 " is not used: this node stores in SQLite and needs neither "
                                 "PostgreSQL nor Redis");
    }
  }

  void resolve_paths(const fs::path& base) {
    Config& config = out_.config;
    fs::path data = config.data_dir.empty() ? base : fs::path(config.data_dir);
    if (data.is_relative()) data = working_dir_ / data;
    config.data_dir = data.lexically_normal().string();
    if (config.data_dir.size() > 1 && config.data_dir.back() == '/') config.data_dir.pop_back();
    if (config.db_path.empty()) config.db_path = "mychat.db";
    for (const Setting& setting : settings()) {
      if (setting.kind != SettingKind::kPath) continue;
      std::string& path = config.*setting.path;
      if (path.empty() || fs::path(path).is_absolute()) continue;
      const bool flag = inputs_.flags.contains(std::string(setting.name));
      path = ((flag ? working_dir_ : fs::path(config.data_dir)) / path).lexically_normal().string();
    }
  }

  void check_required() {
    for (auto& [name, problem] : pending_) out_.errors.push_back(problem);
    const Config& config = out_.config;
    if (!out_.origin.contains("DOMAIN"))
      error("DOMAIN", "is not set; set it to the node's host name, such as DOMAIN=chat.example.org");
    if (!out_.origin.contains("SECRET_KEY")) error("SECRET_KEY", weak_secret_reason(""));
    if (config.tls_cert.empty() != config.tls_key.empty())
      error(config.tls_cert.empty() ? "TLS_CERT" : "TLS_KEY",
            "is not set, but the other is; TLS needs both TLS_CERT and TLS_KEY");
  }

  const ConfigInputs& inputs_;
  fs::path working_dir_;
  LoadedConfig out_;
  std::map<std::string, ConfigProblem> pending_;
};

}  // namespace

LoadedConfig load_config(const ConfigInputs& inputs) { return Loader(inputs).load(); }

std::vector<ShownSetting> show_config(const LoadedConfig& loaded) {
  std::vector<ShownSetting> out;
  for (const Setting& setting : settings()) {
    ShownSetting shown;
    shown.name = setting.name;
    shown.help = setting.help;
    shown.unused = setting.kind == SettingKind::kUnused;
    const auto origin = loaded.origin.find(shown.name);
    shown.origin = origin == loaded.origin.end() ? "default" : origin->second;
    if (setting.kind == SettingKind::kSecret)
      shown.value = setting.show(loaded.config).empty() ? "(not set)" : "(set, hidden)";
    else
      shown.value = setting.show(loaded.config);
    out.push_back(std::move(shown));
  }
  return out;
}

std::map<std::string, std::string> process_environment() {
  std::map<std::string, std::string> out;
  for (char** entry = environ; entry && *entry; ++entry) {
    const std::string_view pair(*entry);
    const std::size_t equals = pair.find('=');
    if (equals != std::string_view::npos) out.emplace(pair.substr(0, equals), pair.substr(equals + 1));
  }
  return out;
}

}  // namespace mychat::server
