#include "protocol/node_info.h"

#include <algorithm>

#include "protocol/answer.h"

namespace mychat::wire {
namespace {

// A limit that is absent or makes no sense stays at its default.
void read_limit(JsonView json, std::string_view name, std::int64_t& limit) {
  const auto value = json.find(name).int_or_none();
  if (value && *value > 0) limit = *value;
}

void read_count(JsonView json, std::string_view name, std::int64_t& count) {
  const auto value = json.find(name).int_or_none();
  if (value && *value >= 0) count = *value;
}

}  // namespace

bool NodeInfo::can(std::string_view what) const noexcept {
  return std::find(capabilities.begin(), capabilities.end(), what) != capabilities.end();
}

NodeInfo NodeInfo::from_json(JsonView json) {
  NodeInfo info;
  info.domain = text_of(json, "domain");
  info.version = optional_text_of(json, "version").value_or("");
  info.federation_enabled = json.optional_bool("federation_enabled").value_or(false);
  info.registration_open = json.optional_bool("registration_open").value_or(false);
  read_count(json, "max_users", info.max_users);
  read_count(json, "current_users", info.current_users);
  read_count(json, "federated_nodes", info.federated_nodes);
  read_count(json, "uptime_seconds", info.uptime_seconds);
  for (const JsonView name : json.optional_array("capabilities"))
    if (const auto text = name.string_or_none()) info.capabilities.emplace_back(*text);
  const JsonView limits = json.optional_object("limits");
  read_limit(limits, "max_message_size", info.limits.max_message_size);
  read_limit(limits, "max_page", info.limits.max_page);
  read_limit(limits, "mailbox_page", info.limits.mailbox_page);
  read_limit(limits, "mailbox_retention_days", info.limits.mailbox_retention_days);
  read_limit(limits, "ws_window", info.limits.ws_window);
  read_limit(limits, "ws_max_frame", info.limits.ws_max_frame);
  return info;
}

void NodeInfo::to_json(JsonWriter& out) const {
  out.begin_object();
  out.member("domain", domain);
  out.member("version", version);
  out.member("federation_enabled", federation_enabled);
  out.member("registration_open", registration_open);
  out.member("max_users", max_users);
  out.member("current_users", current_users);
  out.member("federated_nodes", federated_nodes);
  out.member("uptime_seconds", uptime_seconds);
  out.member("capabilities", capabilities);
  out.key("limits");
  out.begin_object();
  out.member("max_message_size", limits.max_message_size);
  out.member("max_page", limits.max_page);
  out.member("mailbox_page", limits.mailbox_page);
  out.member("mailbox_retention_days", limits.mailbox_retention_days);
  out.member("ws_window", limits.ws_window);
  out.member("ws_max_frame", limits.ws_max_frame);
  out.end_object();
  out.end_object();
}

}  // namespace mychat::wire
