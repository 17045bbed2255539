#include "app/config/settings.h"

#include <arpa/inet.h>

#include <charconv>

#include "app/config/values.h"
#include "front/routes/client_address.h"

namespace mychat::server {

namespace {

Setting text_setting(std::string_view name, std::string Config::*member, std::string_view help) {
  return {name, help, SettingKind::kPlain,
          [member](Config& config, const RawValue& raw) {
            config.*member = raw.text;
            return raw.list ? std::string("must be one text, not a list") : std::string();
          },
          [member](const Config& config) { return config.*member; }};
}

Setting checked_text(std::string_view name, std::string Config::*member, std::string_view help,
                     std::function<std::string(const std::string&)> check) {
  Setting setting = text_setting(name, member, help);
  setting.set = [member, check = std::move(check)](Config& config, const RawValue& raw) {
    if (raw.list) return std::string("must be one text, not a list");
    config.*member = raw.text;
    return check(raw.text);
  };
  return setting;
}

Setting path_setting(std::string_view name, std::string Config::*member, std::string_view help) {
  Setting setting = text_setting(name, member, help);
  setting.kind = SettingKind::kPath;
  setting.path = member;
  return setting;
}

Setting number_setting(std::string_view name, std::int64_t Config::*member, std::int64_t least,
                       std::int64_t most, std::string_view help) {
  return {name, help, SettingKind::kPlain,
          [=](Config& config, const RawValue& raw) -> std::string {
            const auto value = parse_integer(raw.text);
            if (raw.list || !value || *value < least || *value > most)
              return "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most);
            config.*member = *value;
            return {};
          },
          [member](const Config& config) { return std::to_string(config.*member); }};
}

Setting bool_setting(std::string_view name, bool Config::*member, std::string_view help) {
  return {name, help, SettingKind::kPlain,
          [member](Config& config, const RawValue& raw) -> std::string {
            const auto value = parse_bool(raw.text);
            if (raw.list || !value) return "must be true or false";
            config.*member = *value;
            return {};
          },
          [member](const Config& config) { return std::string(config.*member ? "true" : "false"); }};
}

Setting list_setting(std::string_view name, std::vector<std::string> Config::*member, std::string_view help,
                     std::function<std::string(const std::string&)> check_item) {
  return {name, help, SettingKind::kPlain,
          [member, check_item = std::move(check_item)](Config& config, const RawValue& raw) -> std::string {
            auto list = raw.list ? raw.list : parse_list(raw.text);
            if (!list) return "must be a JSON array of texts (NAME=[\"a\", \"b\"]) or a comma list";
            for (const std::string& item : *list)
              if (std::string problem = check_item(item); !problem.empty()) return problem;
            config.*member = std::move(*list);
            return {};
          },
          [member](const Config& config) {
            std::string text;
            for (const std::string& item : config.*member) text += (text.empty() ? "" : ",") + item;
            return text;
          }};
}

Setting unused_setting(std::string_view name) {
  return {name, "v1: accepted, not used (storage is SQLite, the bus is in process)", SettingKind::kUnused,
          [](Config&, const RawValue&) { return std::string(); },
          [](const Config&) { return std::string(); }};
}

Setting secret_setting() {
  return {"SECRET_KEY", "signs session tokens; at least 32 random characters", SettingKind::kSecret,
          [](Config& config, const RawValue& raw) {
            if (raw.list) return std::string("must be one text, not a list");
            config.secret_key = to_secret(raw.text);
            return weak_secret_reason(raw.text);
          },
          [](const Config& config) { return std::string(config.secret_key.empty() ? "" : "set"); }};
}

std::string check_domain(const std::string& text) {
  if (is_node_domain(text)) return {};
  return "must be the node's host name in lower case, such as chat.example.org (localhost:8000 in "
         "development)";
}

std::string check_address(const std::string& text) {
  unsigned char bytes[16];
  if (inet_pton(AF_INET, text.c_str(), bytes) == 1 || inet_pton(AF_INET6, text.c_str(), bytes) == 1)
    return {};
  return "must be an IP address, such as 127.0.0.1, 0.0.0.0 or ::";
}

std::string check_metrics(const std::string& text) {
  if (text.empty() || parse_listen_address(text)) return {};
  return "must be an IP address and a port, such as 127.0.0.1:9464, or empty for none";
}

std::string check_origin(const std::string& text) {
  if (text == "*") return "does not take '*': name each origin, such as https://chat.example.org";
  const bool scheme = text.starts_with("https://") || text.starts_with("http://");
  const std::string_view rest = scheme ? std::string_view(text).substr(text.find("//") + 2) : "";
  if (!rest.empty() && rest.find_first_of("/?# ") == std::string_view::npos) return {};
  return "must hold origins without a path, such as https://chat.example.org";
}

std::string check_proxy(const std::string& text) {
  if (Network::parse(text)) return {};
  return "must hold IP addresses or networks, such as 127.0.0.1 or 10.0.0.0/8";
}

std::string check_email(const std::string& text) {
  const std::size_t at = text.find('@');
  if (text.empty() || (at != 0 && at != std::string::npos && at + 1 < text.size() && text.size() <= 254))
    return {};
  return "must be an e-mail address";
}

std::function<std::string(const std::string&)> one_of(std::vector<std::string> choices) {
  return [choices = std::move(choices)](const std::string& text) -> std::string {
    std::string all;
    for (const std::string& choice : choices) {
      if (choice == text) return {};
      all += (all.empty() ? "" : ", ") + choice;
    }
    return "must be one of: " + all;
  };
}

std::string check_api_url(const std::string& text) {
  const bool is_url = text.empty() || text.starts_with("https://") || text.starts_with("http://");
  return is_url && !text.ends_with('/') ? "" : "must be an https address without a slash at its end";
}

void add_v1(std::vector<Setting>& out) {
  out.push_back(checked_text("DOMAIN", &Config::domain, "the node's host name: the part after @ in handles",
                             check_domain));
  out.push_back(secret_setting());
  out.push_back(number_setting("MAX_USERS", &Config::max_users, 1, 10'000'000, "accounts the node takes"));
  out.push_back(checked_text("ADMIN_EMAIL", &Config::admin_email, "who runs this node", check_email));
  out.push_back(number_setting("SESSION_TIMEOUT_HOURS", &Config::session_timeout_hours, 1, 87'600,
                               "life of a session token"));
  out.push_back(number_setting("MAX_MESSAGE_SIZE", &Config::max_message_size, 1024, 12'000'000,
                               "bytes of one message's encrypted content"));
  out.push_back(number_setting("MAX_FILE_SIZE", &Config::max_file_size, 1024, std::int64_t{4} << 30,
                               "bytes of one attachment (attachments are not served yet)"));
  out.push_back(
      bool_setting("FEDERATION_ENABLED", &Config::federation_enabled, "exchange messages with other nodes"));
  out.push_back(bool_setting("REGISTRATION_OPEN", &Config::registration_open,
                             "anyone may register; otherwise only with an invite"));
  out.push_back(list_setting("CORS_ORIGINS", &Config::cors_origins,
                             "origins of web clients on other hosts: JSON array or comma list",
                             check_origin));
  out.push_back(number_setting("WS_HEARTBEAT_INTERVAL", &Config::ws_heartbeat_interval, 5, 3600,
                               "seconds between WebSocket pings"));
  for (const char* name :
       {"DB_HOST", "DB_PORT", "DB_NAME", "DB_USER", "DB_PASS", "REDIS_HOST", "REDIS_PORT", "REDIS_DB"})
    out.push_back(unused_setting(name));
}

void add_federation(std::vector<Setting>& out) {
  out.push_back(checked_text("FEDERATION_API_URL", &Config::federation_api_url,
                             "where other nodes reach this one; default https://DOMAIN/api/federation",
                             check_api_url));
  out.push_back(checked_text("FEDERATION_MODE", &Config::federation_mode,
                             "which nodes: open, allow-list or approval (of each by the operator)",
                             one_of({"open", "allow-list", "approval"})));
  out.push_back(
      checked_text("FEDERATION_V1", &Config::federation_v1,
                   "nodes of protocol 1, which cannot sign: refuse, or verified-tls (shown as unsigned)",
                   one_of({"refuse", "verified-tls"})));
  out.push_back(
      path_setting("FEDERATION_CA_FILE", &Config::federation_ca_file,
                   "PEM authorities that other nodes' certificates must come from; empty: the system's"));
  out.push_back(number_setting("FEDERATION_MAX_ITEMS", &Config::federation_max_items, 1, 256,
                               "how many items other nodes are asked to send in one transaction at most"));
  out.push_back(number_setting("FEDERATION_PEER_REQUESTS_PER_MINUTE",
                               &Config::federation_peer_requests_per_minute, 0, 10'000'000,
                               "requests of one other node; 0: no limit"));
  out.push_back(bool_setting("FEDERATION_PRESENCE", &Config::federation_presence,
                             "tell other nodes who is online of those their users have talked with"));
  out.push_back(number_setting("FEDERATION_KEY_DAYS", &Config::federation_key_days, 0, 3650,
                               "days after which the node's key is changed by itself; 0: by command only"));
  out.push_back(bool_setting("FEDERATION_SHARE_PEERS", &Config::federation_share_peers,
                             "tell nodes that ask which nodes this one speaks with"));
  out.push_back(bool_setting("FEDERATION_LEARN_PEERS", &Config::federation_learn_peers,
                             "ask nodes which nodes they speak with, and greet those"));
  out.push_back(bool_setting("FEDERATION_ALLOW_PRIVATE", &Config::federation_allow_private,
                             "development only: nodes at loopback and private addresses"));
  out.push_back(bool_setting("FEDERATION_PLAIN_HTTP", &Config::federation_plain_http,
                             "development only: nodes are reached over http"));
}

void add_ours(std::vector<Setting>& out) {
  out.push_back(
      checked_text("LISTEN_ADDRESS", &Config::listen_address, "IP address to listen on", check_address));
  out.push_back(number_setting("LISTEN_PORT", &Config::listen_port, 0, 65535, "TCP port; 0: any free one"));
  out.push_back(path_setting("DATA_DIR", &Config::data_dir, "where the node keeps its data"));
  out.push_back(path_setting("DB_PATH", &Config::db_path, "the database; default DATA_DIR/mychat.db"));
  out.push_back(path_setting("TLS_CERT", &Config::tls_cert, "PEM certificate with its chain; empty: no TLS"));
  out.push_back(path_setting("TLS_KEY", &Config::tls_key, "PEM private key of TLS_CERT"));
  out.push_back(checked_text("LOG_FORMAT", &Config::log_format, "text or json", one_of({"text", "json"})));
  out.push_back(checked_text("LOG_LEVEL", &Config::log_level, "debug, info, warning or error",
                             one_of({"debug", "info", "warning", "error"})));
  out.push_back(checked_text("METRICS_LISTEN", &Config::metrics_listen,
                             "address and port of Prometheus metrics; empty: off", check_metrics));
  out.push_back(list_setting("TRUSTED_PROXIES", &Config::trusted_proxies,
                             "reverse proxies whose X-Forwarded-For is believed", check_proxy));
  out.push_back(number_setting("THREADS", &Config::threads, 0, 256, "network threads; 0: one a core"));
  out.push_back(
      number_setting("MAX_CONNECTIONS", &Config::max_connections, 10, 1'000'000, "open connections"));
  out.push_back(number_setting("MAX_CONNECTIONS_PER_ADDRESS", &Config::max_connections_per_address, 0,
                               1'000'000, "open connections of one address; 0: no limit (behind a proxy)"));
  out.push_back(bool_setting("WS_COMPRESSION", &Config::ws_compression,
                             "compress WebSocket messages for clients that offer it (permessage-deflate)"));
  out.push_back(number_setting("MAILBOX_RETENTION_DAYS", &Config::mailbox_retention_days, 1, 3650,
                               "days that acknowledged mailbox items are kept"));
  out.push_back(number_setting("LOGIN_ATTEMPTS_PER_MINUTE", &Config::login_attempts_per_minute, 1, 10'000,
                               "log-ins a minute, for an address and for an account"));
  out.push_back(number_setting("REGISTRATIONS_PER_HOUR", &Config::registrations_per_hour, 1, 1'000'000,
                               "new accounts an hour from one address"));
  out.push_back(number_setting("REQUESTS_PER_MINUTE", &Config::requests_per_minute, 60, 10'000'000,
                               "requests without a session a minute from one address"));
  out.push_back(number_setting("DRAIN_DELAY_SECONDS", &Config::drain_delay_seconds, 0, 600,
                               "how long a stop goes on serving while /ready says 503"));
  out.push_back(number_setting("DRAIN_TIMEOUT_SECONDS", &Config::drain_timeout_seconds, 1, 600,
                               "how long a stop waits for requests under way"));
  out.push_back(number_setting("START_CHECK_SECONDS", &Config::start_check_seconds, 0, 3600,
                               "how long a start may look for damage in the database; 0: it does not"));
}

}  // namespace

const std::vector<Setting>& settings() {
  static const std::vector<Setting> all = [] {
    std::vector<Setting> out;
    add_v1(out);
    add_federation(out);
    add_ours(out);
    return out;
  }();
  return all;
}

const Setting* find_setting(std::string_view name) {
  for (const Setting& setting : settings())
    if (setting.name == name) return &setting;
  return nullptr;
}

bool is_node_domain(std::string_view domain) {
  const std::size_t colon = domain.find(':');
  if (colon != std::string_view::npos) {
    const auto port = parse_integer(std::string(domain.substr(colon + 1)));
    if (!port || *port < 1 || *port > 65535) return false;
    domain = domain.substr(0, colon);
  }
  if (domain.empty() || domain.size() > 253) return false;
  std::size_t label = 0;
  for (std::size_t i = 0; i <= domain.size(); ++i) {
    if (i == domain.size() || domain[i] == '.') {
      if (label == 0 || label > 63 || domain[i - 1] == '-' || domain[i - label] == '-') return false;
      label = 0;
      continue;
    }
    const char c = domain[i];
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')) return false;
    ++label;
  }
  return true;
}

std::optional<ListenAddress> parse_listen_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string host(text.substr(0, colon));
  const auto port = parse_integer(std::string(text.substr(colon + 1)));
  if (!port || *port < 0 || *port > 65535) return std::nullopt;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  if (!check_address(host).empty()) return std::nullopt;
  return ListenAddress{std::move(host), static_cast<std::uint16_t>(*port)};
}

}  // namespace mychat::server
