#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <thread>

#include "app/commands/command.h"
#include "app/runtime/logging.h"
#include "app/runtime/node.h"
#include "app/runtime/process.h"
#include "base/encoding.h"
#include "base/error.h"
#include "crypto/random.h"
#include "mychat/version.h"

namespace mychat::server {

namespace fs = std::filesystem;

namespace {

// The folder of the database must take files: SQLite writes its log beside it.
void require_writable(const Config& config) {
  std::error_code failed;
  const std::string dir = fs::path(config.db_path).parent_path().string();
  if (!fs::is_directory(dir, failed))
    throw Error(MYCHAT_E_IO, MYCHAT_DOMAIN_SYSTEM,
                "The folder " + dir +
                    " of the database does not exist; make it, or run: mychat-server init --data-dir " + dir +
                    " --domain " + config.domain);
  if (::access(dir.c_str(), W_OK | X_OK) != 0)
    throw Error(MYCHAT_E_IO, MYCHAT_DOMAIN_SYSTEM,
                "The folder " + dir +
                    " is not writable for this user: give it to the node's user (chown) or choose "
                    "another DATA_DIR.",
                errno);
  for (const std::string& path : {config.tls_cert, config.tls_key})
    if (!path.empty() && ::access(path.c_str(), R_OK) != 0)
      throw Error(MYCHAT_E_IO, MYCHAT_DOMAIN_SYSTEM,
                  "The file " + path +
                      " is not readable for this user: check TLS_CERT, TLS_KEY and their permissions.",
                  errno);
  // Else it would be found out when the first other node is asked.
  const std::string& authorities = config.federation_ca_file;
  if (config.federation_enabled && !authorities.empty() && ::access(authorities.c_str(), R_OK) != 0)
    throw Error(MYCHAT_E_IO, MYCHAT_DOMAIN_SYSTEM,
                "The file " + authorities +
                    " is not readable for this user: check FEDERATION_CA_FILE and its permissions.",
                errno);
}

std::string url_of(const Config& config, std::uint16_t port) {
  std::string host = config.listen_address;
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  return (config.tls_cert.empty() ? "http://" : "https://") + host + ":" + std::to_string(port);
}

// Of use to whoever started the node with port 0.
void announce(const Config& config, const Node& node, const RunOptions& options) {
  if (options.print_port) std::cout << "PORT=" << node.port() << std::endl;
  if (options.ready_file.empty()) return;
  std::string text = "PORT=" + std::to_string(node.port()) + "\nURL=" + url_of(config, node.port()) + "\n";
  if (node.metrics_port() != 0) text += "METRICS_PORT=" + std::to_string(node.metrics_port()) + "\n";
  text += "PID=" + std::to_string(::getpid()) + "\n";
  write_file_atomically(options.ready_file, text, 0644);
}

void reload(const CommonOptions& common, Node& node, Logger& logger) {
  notify_service_manager("RELOADING=1");
  try {
    node.reload_certificate();
    const LoadedConfig loaded = load_config(common.inputs);
    if (loaded.ok()) {
      logger.set_level(loaded.config.log_level);
      logger.write(LogLevel::kInfo, "node", "Reloaded the certificate and the log level.");
    } else {
      logger.write(LogLevel::kWarning, "node",
                   "The configuration has errors; the log level stays. See: mychat-server config");
    }
  } catch (const std::exception& error) {
    logger.write(LogLevel::kError, "node", std::string("The certificate was not reloaded: ") + error.what());
  }
  notify_service_manager("READY=1");
}

// Whoever sends clients here is told by /ready, and has this long to send them elsewhere. Another signal ends
// it.
void linger(Node& node, const Config& config, Logger& logger) {
  if (config.drain_delay_seconds == 0) return;
  node.announce_stop();
  logger.write(LogLevel::kInfo, "node",
               "Going to stop in " + std::to_string(config.drain_delay_seconds) + " s; /ready says so.");
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(config.drain_delay_seconds);
  while (true) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0) return;
    const auto number = wait_signal(left);
    if (number && *number != SIGHUP) return;
  }
}

// A second signal ends the wait at once; what was committed is safe in any case.
bool drain(Node& node, const Config& config, Logger& logger) {
  std::atomic<bool> done{false};
  bool clean = false;
  std::thread drainer([&] {
    clean = node.drain(std::chrono::seconds(config.drain_timeout_seconds));
    done = true;
  });
  while (!done) {
    const auto number = wait_signal(std::chrono::milliseconds(50));
    if (number && *number != SIGHUP) {
      logger.write(LogLevel::kWarning, "node", "Stopping at once.");
      ::_exit(kExitCut);
    }
  }
  drainer.join();
  return clean;
}

std::atomic<bool> input_ended{false};

int serve(const CommonOptions& common, Config config, const RunOptions& options, bool announce_url) {
  block_signals();
  bound_malloc();
  const std::uint64_t files = raise_file_limit();
  require_writable(config);
  Logger logger(config.log_format, config.log_level);
  // Files of the database, the log, the metrics and of each thread.
  constexpr std::uint64_t kOtherFiles = 64;
  if (files < static_cast<std::uint64_t>(config.max_connections) + kOtherFiles) {
    config.max_connections =
        static_cast<std::int64_t>(files > 2 * kOtherFiles ? files - kOtherFiles : kOtherFiles);
    logger.write(LogLevel::kWarning, "node",
                 "At most " + std::to_string(files) +
                     " files may be open (LimitNOFILE): MAX_CONNECTIONS is lowered to " +
                     std::to_string(config.max_connections) + ".");
  }
  if (options.lifeline) stop_when_input_ends(input_ended);
  Node node(config, logger);
  try {
    node.start();
  } catch (const Error& error) {
    if (error.status() != MYCHAT_E_STORE_CORRUPT) throw;
    explain_failure(error);
    std::cerr << "The node does not run on it. Keep the file, and restore a backup: mychat-server restore "
                 "PATH. What\n"
                 "can still be read of it, the sqlite3 program's .recover may bring into a new file.\n";
    return kExitFindings;
  }
  logger.write(LogLevel::kInfo, "node",
               std::string("mychat-server " MYCHAT_VERSION_STRING " for ") + config.domain + " listens on " +
                   url_of(config, node.port()) + (config.registration_open ? ", registration is open" : ""));
  announce(config, node, options);
  if (announce_url) std::cout << "URL=" << url_of(config, node.port()) << std::endl;
  notify_service_manager("READY=1");
  while (true) {
    const auto number = wait_signal(std::chrono::seconds(3600));
    if (!number) continue;
    if (*number == SIGHUP) {
      reload(common, node, logger);
      continue;
    }
    break;
  }
  notify_service_manager("STOPPING=1");
  linger(node, config, logger);
  logger.write(LogLevel::kInfo, "node", "Stopping: finishing what is under way.");
  const bool clean = drain(node, config, logger);
  node.stop();
  logger.write(LogLevel::kInfo, "node", clean ? "Stopped." : "Stopped; some connections had to be cut.");
  return clean ? kExitOk : kExitCut;
}

// A folder that is erased at the end.
class ThrowAwayDir {
 public:
  ThrowAwayDir() {
    std::string pattern = (fs::temp_directory_path() / "mychat-dev-XXXXXX").string();
    if (!::mkdtemp(pattern.data()))
      throw Error(MYCHAT_E_IO, MYCHAT_DOMAIN_SYSTEM,
                  "Cannot make a folder in " + fs::temp_directory_path().string(), errno);
    path_ = pattern;
  }
  ~ThrowAwayDir() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

}  // namespace

int run_command(const CommonOptions& common, const RunOptions& options) {
  const auto loaded = load_or_explain(common);
  if (!loaded) return kExitUsage;
  return guarded([&] { return serve(common, loaded->config, options, false); });
}

// Loopback only, open, with a secret of its own: a node to try things on.
int dev_command(CommonOptions common, const RunOptions& options) {
  return guarded([&] {
    std::optional<ThrowAwayDir> temporary;
    auto& flags = common.inputs.flags;
    common.inputs.environment.clear();
    if (!flags.contains("DATA_DIR")) flags["DATA_DIR"] = temporary.emplace().path();
    std::error_code failed;
    fs::create_directories(flags["DATA_DIR"], failed);
    flags["LISTEN_ADDRESS"] = "127.0.0.1";
    flags["REGISTRATION_OPEN"] = "true";
    flags.try_emplace("LISTEN_PORT", "8000");
    flags.try_emplace("MAX_USERS", "1000000");
    flags.try_emplace("REGISTRATIONS_PER_HOUR", "100000");
    flags.try_emplace("LOGIN_ATTEMPTS_PER_MINUTE", "10000");
    flags.try_emplace("REQUESTS_PER_MINUTE", "1000000");
    const fs::path env = fs::path(flags["DATA_DIR"]) / ".env";
    if (!fs::exists(env)) {
      // Kept in the folder, so that sessions survive a restart on the same one.
      const std::string domain = flags.contains("DOMAIN") ? flags["DOMAIN"] : "localhost";
      write_file_atomically(
          env.string(),
          "DOMAIN=" + domain + "\nSECRET_KEY=" + base64url_encode(view(random_secret(48))) + "\n", 0600);
    }
    const auto loaded = load_or_explain(common);
    if (!loaded) return static_cast<int>(kExitUsage);
    const int code = serve(common, loaded->config, options, true);
    if (input_ended) fs::remove_all(flags["DATA_DIR"], failed);
    return code;
  });
}

}  // namespace mychat::server
