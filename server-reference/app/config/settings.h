// The table of settings: name, meaning, how a text becomes a value, how a value is shown.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/config/config.h"

namespace mychat::server {

// A value as a source holds it: text, or a list (TOML arrays).
struct RawValue {
  std::string text;
  std::optional<std::vector<std::string>> list;
};

enum class SettingKind { kPlain, kSecret, kPath, kUnused };

struct Setting {
  std::string_view name, help;
  SettingKind kind = SettingKind::kPlain;
  // Empty when the value was taken, else what is wrong and what to do.
  std::function<std::string(Config&, const RawValue&)> set;
  std::function<std::string(const Config&)> show;
  // Of a path setting.
  std::string Config::*path = nullptr;
};

const std::vector<Setting>& settings();
const Setting* find_setting(std::string_view name);  // By its exact name.

// DNS host name rules, lower case, with an optional ":port".
bool is_node_domain(std::string_view domain);
// "127.0.0.1:9464", "[::1]:9464"; nothing when it is not an IP address with a port.
struct ListenAddress {
  std::string address;
  std::uint16_t port = 0;
};
std::optional<ListenAddress> parse_listen_address(std::string_view text);

}  // namespace mychat::server
