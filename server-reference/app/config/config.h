// The node's configuration and where each value came from.
//
// flags > environment > `.env` file > TOML file > defaults. The names are v1's (DOMAIN, SECRET_KEY, ...) and
// ours beside them; a flag is the name in lower case with dashes (--listen-port), a TOML key the name in
// lower case (listen_port). Relative paths are taken from the data directory.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace mychat::server {

struct Config {
  // v1
  std::string domain;
  std::int64_t max_users = 500;
  Secret secret_key;
  std::string admin_email;
  std::int64_t session_timeout_hours = 168;
  std::int64_t max_message_size = 10'485'760;
  std::int64_t max_file_size = 52'428'800;
  bool federation_enabled =
      false;  // v1's default is true; as with the next, a node does it only when it is told to.
  bool registration_open = false;  // v1's default is true; here a node opens only when it is told to.
  std::vector<std::string> cors_origins;
  std::int64_t ws_heartbeat_interval = 30;

  // ours, federation
  std::string federation_api_url;        // Empty: https://DOMAIN/api/federation.
  std::string federation_mode = "open";  // "open", "allow-list" or "approval"
  std::string federation_v1 = "refuse";  // Nodes that cannot sign: "refuse" or "verified-tls".
  std::string federation_ca_file;        // Authorities for other nodes; empty: the system's.
  std::int64_t federation_peer_requests_per_minute = 12'000;  // Of one node; 0: no limit.
  bool federation_presence = true;          // Tell nodes who is online of those their users have talked with.
  std::int64_t federation_key_days = 0;     // Age at which the node's key is changed; 0: by command only.
  std::int64_t federation_max_items = 256;  // Asked for in one transaction.
  bool federation_share_peers = false;      // Tell nodes which nodes this one speaks with.
  bool federation_learn_peers = false;      // Ask them, and greet those.
  bool federation_allow_private = false;    // For development: nodes at addresses that are not public.
  bool federation_plain_http = false;       // For development: nodes are reached over http.

  // ours
  std::string listen_address = "127.0.0.1";
  std::int64_t listen_port = 8000;
  std::string data_dir;  // Absolute after loading.
  std::string db_path;   // Absolute after loading; DATA_DIR/mychat.db unless set.
  std::string tls_cert, tls_key;
  std::string log_format = "text";  // "text" or "json"
  std::string log_level = "info";   // "debug", "info", "warning" or "error"
  std::string metrics_listen;       // "ADDRESS:PORT"; empty: off.
  std::vector<std::string> trusted_proxies;
  std::int64_t threads = 0;  // 0: one a core.
  std::int64_t max_connections = 20'000;
  std::int64_t max_connections_per_address = 0;
  std::int64_t mailbox_retention_days = 30;
  std::int64_t login_attempts_per_minute = 5;
  std::int64_t registrations_per_hour = 10;
  std::int64_t requests_per_minute = 1200;
  bool ws_compression = false;
  std::int64_t drain_delay_seconds = 0;
  std::int64_t drain_timeout_seconds = 20;
  std::int64_t start_check_seconds = 10;
};

// Where a value was set: "flag --listen-port", "environment variable DOMAIN", "/etc/mychat/.env:3".
struct ConfigProblem {
  std::string where;
  std::string message;  // What is wrong and what to do; no secret value.
};

struct LoadedConfig {
  Config config;
  std::map<std::string, std::string> origin;  // Setting name → where it was set; absent: default.
  std::vector<ConfigProblem> warnings, errors;
  std::string env_file, toml_file;  // Those that were read; empty: none.
  bool ok() const noexcept { return errors.empty(); }
};

struct ConfigInputs {
  std::map<std::string, std::string> flags;        // Setting name → value.
  std::map<std::string, std::string> environment;  // All of it; names that are no setting are not looked at.
  std::string env_file;                            // --env-file; must exist when given.
  std::string toml_file;                           // --config; must exist when given.
  std::string working_dir;                         // For relative flags; the process's when empty.
};

// Reads every source, checks every value. Never throws for what an operator can get wrong: that is in
// `errors`.
LoadedConfig load_config(const ConfigInputs& inputs);

// One setting as `config` shows it.
struct ShownSetting {
  std::string name, value, origin, help;  // Secrets are masked.
  bool unused = false;
};
std::vector<ShownSetting> show_config(const LoadedConfig& loaded);

// The process's environment.
std::map<std::string, std::string> process_environment();

// Why a SECRET_KEY is too weak to sign sessions with; empty when it is strong enough.
std::string weak_secret_reason(std::string_view secret);

}  // namespace mychat::server
