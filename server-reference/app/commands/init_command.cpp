#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iostream>

#include "app/commands/command.h"
#include "app/config/settings.h"
#include "app/runtime/process.h"
#include "base/encoding.h"
#include "base/error.h"
#include "crypto/random.h"
#include "protocol/json_writer.h"

namespace mychat::server {

namespace fs = std::filesystem;

namespace {

std::optional<std::string> domain_of(const CommonOptions& common) {
  if (const auto flag = common.inputs.flags.find("DOMAIN"); flag != common.inputs.flags.end())
    return flag->second;
  if (::isatty(STDIN_FILENO) != 1) return std::nullopt;
  std::cerr << "The node's host name (the part after @ in handles), such as chat.example.org: " << std::flush;
  std::string line;
  std::getline(std::cin, line);
  return line.empty() ? std::nullopt : std::optional<std::string>(line);
}

// In single quotes when the text needs them; a text with a single quote in double quotes.
std::string quoted(const std::string& value) {
  const bool plain = value.find_first_not_of(
                         "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                         "_-+=./:@,[]*") == std::string::npos;
  if (plain) return value;
  if (value.find('\'') == std::string::npos) return "'" + value + "'";
  std::string out = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\' || c == '$') out += '\\';
    out += c;
  }
  return out + "\"";
}

// A path given here is taken from the working directory; in the file it would be taken from the data
// directory.
std::string as_seen_from_anywhere(const std::string& name, const std::string& value) {
  if (value.empty() || find_setting(name)->kind != SettingKind::kPath) return value;
  return fs::absolute(value).lexically_normal().string();
}

std::string env_text(const CommonOptions& common, const std::string& domain) {
  std::string text =
      "# Configuration of a MyChat node; docs/operator-guide.md says what each setting means.\n"
      "# Keep this file secret: who knows SECRET_KEY can act as any user of this node.\n";
  text += "DOMAIN=" + quoted(domain) + "\n";
  text += "SECRET_KEY=" + base64url_encode(view(random_secret(48))) + "\n";
  for (const auto& [name, value] : common.inputs.flags)
    if (name != "DOMAIN" && name != "DATA_DIR")
      text += name + "=" + quoted(as_seen_from_anywhere(name, value)) + "\n";
  if (!common.inputs.flags.contains("REGISTRATION_OPEN"))
    text +=
        "# Only people with an invite may register (mychat-server invite create).\nREGISTRATION_OPEN=false\n";
  return text;
}

int init(const CommonOptions& common) {
  const auto domain = domain_of(common);
  if (!domain) {
    std::cerr << "error: --domain is missing: the node's host name, such as --domain chat.example.org\n";
    return kExitUsage;
  }
  CommonOptions checked = common;
  checked.inputs.flags["DOMAIN"] = *domain;
  checked.inputs.environment.clear();
  const auto given = common.inputs.flags.find("DATA_DIR");
  const fs::path dir = fs::absolute(given == common.inputs.flags.end() ? "." : given->second);
  const std::string env_path = (dir / ".env").string();
  if (fs::exists(env_path)) {
    std::cerr << "error: " << env_path << " exists already; nothing was changed\n";
    return kExitFailure;
  }
  for (const auto& [name, value] : checked.inputs.flags) {
    Config scratch;
    if (const std::string problem = find_setting(name)->set(scratch, {value, {}}); !problem.empty()) {
      std::cerr << "error: " << name << " " << problem << "\n";
      return kExitUsage;
    }
  }
  std::error_code failed;
  const bool fresh = fs::create_directories(dir, failed);
  if (failed)
    throw Error(MYCHAT_E_IO, MYCHAT_DOMAIN_SYSTEM, "Cannot make " + dir.string() + ": " + failed.message());
  if (fresh) ::chmod(dir.c_str(), 0700);
  write_file_atomically(env_path, env_text(common, *domain), 0600);
  if (common.json) {
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.member("data_dir", dir.lexically_normal().string());
    json.member("env_file", env_path);
    json.member("domain", *domain);
    json.end_object();
    std::cout << out << "\n";
  } else {
    std::cout << "Wrote " << env_path << " (readable by its owner only) with a fresh SECRET_KEY.\n"
              << "Start the node:    mychat-server run --data-dir " << dir.string() << "\n"
              << "Invite somebody:   mychat-server invite create --data-dir " << dir.string() << "\n";
  }
  return kExitOk;
}

}  // namespace

int init_command(const CommonOptions& common) {
  return guarded([&] { return init(common); });
}

}  // namespace mychat::server
