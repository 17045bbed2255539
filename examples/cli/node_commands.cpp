// The node, the connection, the policy, the store.
#include <chrono>
#include <cmath>

#include "commands.h"
#include "files.h"
#include "session.h"
#include "text.h"
#include "views.h"

namespace cli {
namespace {

using std::chrono::milliseconds;

milliseconds to_ms(double seconds) {
  return milliseconds(static_cast<std::int64_t>(std::ceil(seconds * 1000)));
}

int store_key_for_one_question(std::uint8_t* out_key) {
  for (int i = 0; i < MYCHAT_STORE_KEY_SIZE; ++i) out_key[i] = static_cast<std::uint8_t>(i);
  return 0;
}

// A client that only asks the node something: it keeps nothing, so its key protects nothing.
Owned<mychat_client> passing_client(const Globals& globals, const TemporaryFolder& folder) {
  std::string pins;
  for (const std::string& pin : globals.pins) pins += (pins.empty() ? "" : ";") + pin;
  const std::string path = folder.path() + "/store";
  mychat_client_options options = MYCHAT_CLIENT_OPTIONS_INIT;
  options.store_path = path.c_str();
  options.store_key = [](std::uint8_t* key, void*) -> std::int32_t {
    return store_key_for_one_question(key);
  };
  options.node_url = globals.node.c_str();
  options.ca_file = globals.ca.empty() ? nullptr : globals.ca.c_str();
  options.tls_pins = pins.empty() ? nullptr : pins.c_str();
  if (globals.allow_plaintext) options.flags |= MYCHAT_CLIENT_ALLOW_PLAINTEXT;
  return fetch<mychat_client>(mychat_client_create, &options);
}

void print_node(const Globals& globals, const mychat_node_info& info) {
  if (globals.json) {
    print_result(node_json(info));
    return;
  }
  print_result("domain:        " + safe_line(info.domain));
  print_result("version:       " + safe_line(info.version));
  print_result(std::string("registration:  ") + (info.registration_open != 0 ? "open" : "closed"));
  print_result(std::string("federation:    ") + (info.federation_enabled != 0 ? "on" : "off"));
  print_result(std::string("protocol:      ") +
               (info.extended != 0 ? "v1 with mailbox: " + safe_line(info.capabilities) : "plain v1"));
  print_result("users:         " + std::to_string(info.current_users) + " of " +
               std::to_string(info.max_users));
  print_result("up for:        " + std::to_string(info.uptime_seconds) + " s");
  print_result("message size:  at most " + std::to_string(info.max_message_size) + " bytes");
}

}  // namespace

int node_info_command(const Globals& globals) {
  if (globals.node.empty()) {
    Session session(globals, Store::kMustExist);
    const auto event = session.request(mychat_client_node_info);
    print_node(globals, *event->data.completion->node_info);
    return kOk;
  }
  const TemporaryFolder folder;
  const auto client = passing_client(globals, folder);
  mychat_request_id id = 0;
  call(mychat_client_node_info, client.get(), &id);
  const auto event = fetch<mychat_event>(mychat_client_await, client.get(), id, -1);
  print_node(globals, *event->data.completion->node_info);
  return kOk;
}

int status_command(const Globals& globals, double timeout) {
  Session session(globals, Store::kMustExist);
  const auto account = session.account();
  const auto conversations = fetch<mychat_conversation_list>(mychat_client_conversations, session.client());
  std::int64_t unread = 0;
  for (std::size_t i = 0; i < conversations->count; ++i) unread += conversations->items[i]->unread;
  std::optional<ApiError> obstacle;
  try {
    session.go_online(to_ms(timeout));
  } catch (const ApiError& error) {
    obstacle = error;
  }
  if (globals.json) {
    print_result(JsonObject()
                     .text_or_null("handle", account->handle)
                     .text("store", session.store_path())
                     .text_or_null("node_url", account->node_url)
                     .boolean("online", !obstacle)
                     .text_or_null("reason", obstacle ? obstacle->what() : "")
                     .number("unread", unread)
                     .number("conversations", static_cast<std::int64_t>(conversations->count))
                     .str());
  } else {
    print_result(std::string("handle:      ") + safe_line(account->handle));
    print_result("store:       " + safe_line(session.store_path()));
    print_result(std::string("node:        ") + safe_line(account->node_url) +
                 (obstacle ? " (not connected: " + safe_line(obstacle->what()) + ")" : " (connected)"));
    print_result("unread:      " + std::to_string(unread));
  }
  if (obstacle) return exit_code(obstacle->status());
  return session.key_is_replaced() ? kKeys : kOk;
}

int sync_command(const Globals& globals, double timeout) {
  Session session(globals, Store::kMustExist);
  session.go_online(to_ms(timeout));
  std::int64_t received = 0;
  std::int64_t sent = 0;
  // Over when nothing has come for a second.
  auto quiet_since = std::chrono::steady_clock::now();
  const auto deadline = quiet_since + to_ms(timeout);
  while (std::chrono::steady_clock::now() < deadline &&
         std::chrono::steady_clock::now() - quiet_since < std::chrono::seconds(1)) {
    session.run_until(milliseconds(1000), [&](const mychat_event& event) {
      quiet_since = std::chrono::steady_clock::now();
      if (event.type == MYCHAT_EVENT_MESSAGE && event.data.message->direction == MYCHAT_DIRECTION_IN)
        ++received;
      if (event.type == MYCHAT_EVENT_MESSAGE_STATUS &&
          event.data.message->direction == MYCHAT_DIRECTION_OUT &&
          event.data.message->status == MYCHAT_MESSAGE_PENDING)
        ++sent;
      return true;
    });
  }
  print_result(globals.json
                   ? JsonObject().number("waiting_to_be_shown", received).number("accepted", sent).str()
                   : std::to_string(sent) + " sent, " + std::to_string(received) +
                         " received and waiting (mychat listen, mychat history)");
  return session.key_is_replaced() ? kKeys : kOk;  // Nothing was sent.
}

int policy_command(const Globals& globals, const PolicyOptions& options) {
  Session session(globals, Store::kMustExist);
  std::uint32_t flags = 0;
  call(mychat_client_policy, session.client(), &flags);
  const std::uint32_t before = flags;
  const auto set = [&flags](const std::string& value, std::uint32_t flag, const char* flag_when) {
    if (value.empty()) return;
    flags = value == flag_when ? flags | flag : flags & ~flag;
  };
  set(options.require_signatures, MYCHAT_POLICY_REQUIRE_SIGNATURES, "on");
  set(options.read_receipts, MYCHAT_POLICY_NO_READ_RECEIPTS, "off");
  set(options.typing, MYCHAT_POLICY_NO_TYPING, "off");
  set(options.sender_copy, MYCHAT_POLICY_NO_SENDER_COPY, "off");
  if (flags != before) call(mychat_client_set_policy, session.client(), flags);
  const bool signatures = (flags & MYCHAT_POLICY_REQUIRE_SIGNATURES) != 0;
  const bool receipts = (flags & MYCHAT_POLICY_NO_READ_RECEIPTS) == 0;
  const bool typing = (flags & MYCHAT_POLICY_NO_TYPING) == 0;
  const bool copy = (flags & MYCHAT_POLICY_NO_SENDER_COPY) == 0;
  if (globals.json) {
    print_result(JsonObject()
                     .boolean("require_signatures", signatures)
                     .boolean("read_receipts", receipts)
                     .boolean("typing", typing)
                     .boolean("sender_copy", copy)
                     .str());
    return kOk;
  }
  const auto line = [](const char* name, bool on) { print_result(std::string(name) + (on ? "on" : "off")); };
  line("require-signatures  ", signatures);
  line("read-receipts       ", receipts);
  line("typing              ", typing);
  line("sender-copy         ", copy);
  return kOk;
}

int check_command(const Globals& globals) {
  Session session(globals, Store::kMustExist);
  const auto report = fetch<mychat_store_report>(mychat_client_check_store, session.client());
  JsonArray problems;
  for (std::size_t i = 0; i < report->problem_count; ++i) problems.text(report->problems[i]);
  if (globals.json) {
    print_result(JsonObject()
                     .boolean("healthy", report->healthy != 0)
                     .number("values_checked", report->values_checked)
                     .raw("problems", problems.str())
                     .str());
  } else {
    print_result((report->healthy != 0 ? "Healthy: " : "DAMAGED: ") + std::to_string(report->values_checked) +
                 " values checked");
    for (std::size_t i = 0; i < report->problem_count; ++i) print_result(safe_line(report->problems[i]));
  }
  return report->healthy != 0 ? kOk : kStore;
}

int copy_store_command(const Globals& globals, const std::string& file) {
  Session session(globals, Store::kMustExist);
  call(mychat_client_backup_store, session.client(), file.c_str());
  print_result(globals.json ? JsonObject().text("file", file).str()
                            : "Copied the store to " + safe_line(file) + "; the same passphrase opens it.");
  return kOk;
}

}  // namespace cli
