#include "app/commands/doctor.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <iostream>

#include "app/commands/command.h"
#include "base/clock.h"
#include "base/error.h"
#include "front/tls_check.h"
#include "protocol/json_writer.h"
#include "storage/storage.h"

namespace mychat::server {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kDay = 86'400;

class Doctor {
 public:
  explicit Doctor(const LoadedConfig& loaded) : loaded_(loaded), config_(loaded.config) {}

  std::vector<Finding> examine() {
    check_config();
    check_secrets();
    check_data_dir();
    check_database();
    check_clock();
    check_certificate();
    check_port();
    check_limits();
    check_proxy();
    check_federation();
    return std::move(findings_);
  }

 private:
  void ok(const char* check, std::string message) {
    findings_.push_back({Severity::kOk, check, std::move(message), {}});
  }
  void add(Severity severity, const char* check, std::string message, std::string remedy) {
    findings_.push_back({severity, check, std::move(message), std::move(remedy)});
  }

  void check_config() {
    for (const ConfigProblem& problem : loaded_.errors)
      add(Severity::kError, "config", problem.where + ": " + problem.message,
          "Correct it there; the node does not start.");
    for (const ConfigProblem& problem : loaded_.warnings)
      add(Severity::kWarning, "config", problem.where + ": " + problem.message, "Correct or remove it.");
    if (loaded_.ok()) ok("config", "The configuration is valid.");
  }

  void check_secrets() {
    bool sound = true;
    for (const std::string& path : {loaded_.env_file, loaded_.toml_file, config_.tls_key, config_.db_path}) {
      struct stat status {};
      if (path.empty() || ::stat(path.c_str(), &status) != 0) continue;
      const bool others = (status.st_mode & 0007) != 0;
      // A TLS key is often shared with a group on purpose.
      if (!others && (path == config_.tls_key || (status.st_mode & 0070) == 0)) continue;
      sound = false;
      add(Severity::kWarning, "secrets", path + " is readable for others.", "chmod 600 " + path);
    }
    if (sound) ok("secrets", "Nobody else can read the secrets.");
  }

  void check_data_dir() {
    const std::string dir = fs::path(config_.db_path).parent_path().string();
    if (::access(dir.c_str(), W_OK | X_OK) != 0) {
      add(Severity::kError, "disk",
          dir + " is not a folder that this user can write: " + std::strerror(errno) + ".",
          "Make it and give it to the node's user (mychat-server init, chown), or run doctor as that user.");
      return;
    }
    struct statvfs space {};
    if (::statvfs(dir.c_str(), &space) != 0) return;
    const std::uint64_t free = static_cast<std::uint64_t>(space.f_bavail) * space.f_frsize;
    const std::string text = std::to_string(free / (1024 * 1024)) + " MiB are free in " + dir + ".";
    if (free < std::uint64_t{64} << 20)
      add(Severity::kError, "disk", text,
          "Free space: the node stops taking messages when the disk is full.");
    else if (free < std::uint64_t{1} << 30)
      add(Severity::kWarning, "disk", text, "Free space, or lower MAILBOX_RETENTION_DAYS.");
    else
      ok("disk", text);
  }

  void check_database() {
    if (!fs::exists(config_.db_path)) {
      add(Severity::kHint, "database", "There is no database yet at " + config_.db_path + ".",
          "The node makes it when it starts; check DATA_DIR and DB_PATH when there should be one.");
      return;
    }
    try {
      const std::vector<std::string> problems = Storage::check(config_.db_path);
      for (const std::string& problem : problems)
        add(Severity::kError, "database", problem,
            "Stop the node and restore a backup: mychat-server restore PATH");
      if (problems.empty()) ok("database", "The database is sound.");
      if (problems.empty() && !Storage::plan(config_.db_path).empty())
        add(Severity::kHint, "database", "The database has an older schema.",
            "Back up, then run: mychat-server migrate (starting the node does it too).");
    } catch (const std::exception& error) {
      add(Severity::kError, "database", error.what(),
          "Check DB_PATH; restore a backup when the file is damaged.");
    }
  }

  void check_clock() {
    const std::int64_t now = Clock::system().now_ms() / 1000;
    struct timex state {};
    if (now < 1'735'689'600) {  // 2025
      add(Severity::kError, "clock", "The clock says " + format_time(now * 1000) + ".",
          "Set it (timedatectl set-ntp true): tokens and certificates depend on it.");
    } else if (::adjtimex(&state) == TIME_ERROR) {
      add(Severity::kHint, "clock", "The kernel does not know of a time source.",
          "Run a time service (timedatectl set-ntp true), unless the host of this machine keeps its clock.");
    } else {
      ok("clock", "The clock is kept by a time source.");
    }
  }

  void check_certificate() {
    if (config_.tls_cert.empty() || config_.tls_key.empty()) return;
    try {
      const std::string host = config_.domain.substr(0, config_.domain.find(':'));
      const CertificateFacts facts = inspect_certificate({config_.tls_cert, config_.tls_key}, host);
      const std::int64_t now = Clock::system().now_ms() / 1000;
      const std::string until = "The certificate is valid until " + format_time(facts.not_after * 1000) + ".";
      const std::string renew = "Renew it, then send the node SIGHUP.";
      if (now < facts.not_before)
        add(Severity::kError, "certificate",
            "The certificate is valid from " + format_time(facts.not_before * 1000) + ".",
            "Check the clock and the certificate.");
      else if (now >= facts.not_after)
        add(Severity::kError, "certificate", "The certificate has expired.", renew);
      else if (facts.not_after - now < 14 * kDay)
        add(Severity::kWarning, "certificate", until, renew);
      else
        ok("certificate", until + " Its key belongs to it.");
      if (!facts.matches_host)
        add(Severity::kWarning, "certificate", "The certificate is not for " + host + ".",
            "Get one whose names include DOMAIN.");
    } catch (const std::exception& error) {
      add(Severity::kError, "certificate", error.what(),
          "Check TLS_CERT and TLS_KEY: PEM files that belong together, readable for the node's user.");
    }
  }

  void check_port() {
    const bool v6 = config_.listen_address.find(':') != std::string::npos;
    sockaddr_storage address{};
    socklen_t size = 0;
    const auto port = htons(static_cast<std::uint16_t>(config_.listen_port));
    if (v6) {
      auto* in6 = reinterpret_cast<sockaddr_in6*>(&address);
      in6->sin6_family = AF_INET6;
      in6->sin6_port = port;
      ::inet_pton(AF_INET6, config_.listen_address.c_str(), &in6->sin6_addr);
      size = sizeof *in6;
    } else {
      auto* in4 = reinterpret_cast<sockaddr_in*>(&address);
      in4->sin_family = AF_INET;
      in4->sin_port = port;
      ::inet_pton(AF_INET, config_.listen_address.c_str(), &in4->sin_addr);
      size = sizeof *in4;
    }
    const int fd = ::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const bool bound = fd >= 0 && ::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0;
    const int code = errno;
    if (fd >= 0) ::close(fd);
    const std::string where = config_.listen_address + " port " + std::to_string(config_.listen_port);
    if (bound)
      ok("port", where + " is free.");
    else if (code == EADDRINUSE)
      add(Severity::kHint, "port", where + " is in use.",
          "Right when the node runs; else choose another LISTEN_PORT.");
    else if (code == EACCES)
      add(Severity::kError, "port", where + " may not be used by this user.",
          "Use a port above 1023 behind a reverse proxy, or give the service CAP_NET_BIND_SERVICE.");
    else
      add(Severity::kError, "port", where + " cannot be used: " + std::strerror(code) + ".",
          "Check LISTEN_ADDRESS: it must be an address of this machine.");
  }

  void check_limits() {
    struct rlimit limit {};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    if (limit.rlim_max < static_cast<rlim_t>(config_.max_connections) + 64)
      add(Severity::kWarning, "limits",
          "At most " + std::to_string(limit.rlim_max) +
              " files may be open, less than MAX_CONNECTIONS needs.",
          "Raise LimitNOFILE in the service's unit, or lower MAX_CONNECTIONS.");
    else
      ok("limits", "Enough files may be open.");
  }

  void check_proxy() {
    const bool loopback = config_.listen_address == "127.0.0.1" || config_.listen_address == "::1";
    const bool tls = !config_.tls_cert.empty();
    if (!loopback && !tls)
      add(Severity::kWarning, "proxy", "The node listens on " + config_.listen_address + " without TLS.",
          "Set TLS_CERT and TLS_KEY, or listen on 127.0.0.1 behind a reverse proxy that speaks TLS.");
    if (loopback && config_.trusted_proxies.empty())
      add(Severity::kHint, "proxy", "Behind a reverse proxy, all clients have the proxy's address.",
          "Set TRUSTED_PROXIES=127.0.0.1 and let the proxy send X-Forwarded-For, so that limits count each "
          "client.");
  }

  void check_federation() {
    if (!config_.federation_enabled) return;
    bool sound = true;
    const auto found = [&](Severity severity, std::string message, std::string remedy) {
      sound = false;
      add(severity, "federation", std::move(message), std::move(remedy));
    };
    if (config_.federation_plain_http)
      found(Severity::kWarning, "Other nodes are reached over http (FEDERATION_PLAIN_HTTP).",
            "Remove it: anybody between can be any node.");
    if (config_.federation_allow_private)
      found(Severity::kWarning, "Nodes at private addresses are asked (FEDERATION_ALLOW_PRIVATE).",
            "Remove it: others can make this node ask what only this network should reach.");
    const std::string& authorities = config_.federation_ca_file;
    if (!authorities.empty() && ::access(authorities.c_str(), R_OK) != 0)
      found(Severity::kError, authorities + " (FEDERATION_CA_FILE) cannot be read.",
            "Check the path, and that the node's user may read it.");
    if (sound) ok("federation", "For the way to another node: mychat-server doctor DOMAIN.");
  }

  const LoadedConfig& loaded_;
  const Config& config_;
  std::vector<Finding> findings_;
};

const char* name_of(Severity severity) {
  switch (severity) {
    case Severity::kOk:
      return "ok";
    case Severity::kHint:
      return "hint";
    case Severity::kWarning:
      return "warning";
    case Severity::kError:
      return "error";
  }
  return "error";
}

}  // namespace

std::vector<Finding> examine(const LoadedConfig& loaded) { return Doctor(loaded).examine(); }

int report_findings(const std::vector<Finding>& findings, bool as_json) {
  bool bad = false;
  std::string out;
  JsonWriter json(out, JsonLayout::kPretty);
  json.begin_array();
  for (const Finding& finding : findings) {
    bad = bad || finding.severity == Severity::kError;
    json.begin_object();
    json.member("severity", name_of(finding.severity));
    json.member("check", finding.check);
    json.member("message", finding.message);
    json.member("remedy", finding.remedy);
    json.end_object();
    if (as_json) continue;
    std::cout << name_of(finding.severity) << ": " << finding.check << ": " << finding.message << "\n";
    if (!finding.remedy.empty()) std::cout << "    " << finding.remedy << "\n";
  }
  json.end_array();
  if (as_json) std::cout << out << "\n";
  return bad ? kExitFindings : kExitOk;
}

int doctor_command(const CommonOptions& common, const std::string& domain) {
  if (domain.empty()) return report_findings(examine(load_config(common.inputs)), common.json);
  const auto loaded = load_or_explain(common, true);
  if (!loaded) return kExitUsage;
  return guarded([&] { return report_findings(examine_peer(loaded->config, domain), common.json); });
}

}  // namespace mychat::server
