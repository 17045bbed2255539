// Registration, login, sessions, passwords.
#include "backup_file.h"
#include "text.h"
#include "views.h"

namespace cli {
namespace {

void print_account(const Globals& globals, const mychat_account& account) {
  if (globals.json) {
    print_result(account_json(account));
    return;
  }
  const auto or_dash = [](const char* text) { return *text != '\0' ? safe_line(text) : std::string("-"); };
  print_result("handle:       " + or_dash(account.handle));
  print_result("node:         " + or_dash(account.node_url));
  print_result(std::string("session:      ") + (account.logged_in != 0 ? "logged in" : "logged out"));
  print_result("fingerprint:  " + or_dash(account.fingerprint));
  print_result(std::string("signing key:  ") + (account.signs_messages != 0 ? "yes" : "no"));
  print_result("key backup:   " +
               (account.backup_at != 0 ? local_time(account.backup_at) : std::string("NEVER")));
}

void require_node(const Session& session) {
  if (*session.account()->node_url == '\0' && session.globals().node.empty())
    throw UsageError("Which node? Give its address with --node URL.");
}

// Registers or logs in; nothing is left behind of a first attempt that failed before there was anything to
// keep.
template <class Enter>
void enter(Session& session, Enter enter_account) {
  try {
    require_node(session);
    enter_account();
  } catch (...) {
    session.discard_if_empty();
    throw;
  }
}

}  // namespace

int register_command(const Globals& globals, const RegisterOptions& options) {
  // All that can be wrong on this side is found before an account exists.
  const BackupPlan plan = plan_backup(globals, options.backup);
  const SecretText password = account_password(globals, Ask::kTwice);
  Session session(globals, Store::kMayCreate);
  mychat_register_options request = MYCHAT_REGISTER_OPTIONS_INIT;
  request.username = options.username.c_str();
  request.password = password.c_str();
  request.email = options.email.empty() ? nullptr : options.email.c_str();
  request.invite = options.invite.empty() ? nullptr : options.invite.c_str();
  request.device_name = options.device.empty() ? nullptr : options.device.c_str();
  enter(session, [&] { session.request(mychat_client_register, &request); });
  std::string file;
  if (plan.wanted) {
    try {
      file = save_backup(session, plan);
    } catch (const ApiError&) {
      print_warning(globals, "The account exists, but its key backup failed: run 'mychat backup' now.");
      throw;
    }
  }
  const auto account = session.account();
  if (globals.json) {
    print_result(
        JsonObject().raw("account", account_json(*account)).text_or_null("backup", file.c_str()).str());
  } else {
    print_result(std::string("Registered ") + safe_line(account->handle));
    print_result(std::string("fingerprint:  ") + account->fingerprint);
    if (!file.empty()) print_result("Key backup saved and proven: " + safe_line(file));
  }
  if (!plan.wanted)
    print_warning(globals,
                  "There is no key backup: if this store is lost, all messages are. Run 'mychat backup'.");
  return kOk;
}

int login_command(const Globals& globals, const LoginOptions& options) {
  const SecretText password = account_password(globals, Ask::kOnce);
  Session session(globals, Store::kMayCreate);
  enter(session, [&] {
    std::string username = options.username.empty() ? session.account()->handle : options.username;
    if (username.empty()) throw UsageError("Which user? mychat login USERNAME");
    username = username.substr(0, username.find('@'));
    mychat_login_options request = MYCHAT_LOGIN_OPTIONS_INIT;
    request.username = username.c_str();
    request.password = password.c_str();
    request.device_name = options.device.empty() ? nullptr : options.device.c_str();
    session.request(mychat_client_login, &request);
  });
  const auto account = session.account();
  if (globals.json) {
    print_result(account_json(*account));
  } else {
    print_result(std::string("Logged in as ") + safe_line(account->handle));
  }
  if (account->has_identity == 0)
    print_warning(globals,
                  "There is no private key here: messages stay unreadable until 'mychat restore FILE'.");
  return kOk;
}

int logout_command(const Globals& globals) {
  Session session(globals, Store::kMustExist);
  session.require_login();
  session.request(mychat_client_logout);
  print_result(globals.json ? account_json(*session.account()) : "Logged out. Keys and history stay here.");
  return kOk;
}

int whoami_command(const Globals& globals) {
  Session session(globals, Store::kMustExist);
  print_account(globals, *session.account());
  return kOk;
}

int passwd_command(const Globals& globals) {
  Session session(globals, Store::kMustExist);
  session.require_login();
  const SecretText current = account_password(globals, Ask::kOnce);
  const SecretText next = new_account_password(globals);
  session.request(mychat_client_change_password, current.c_str(), next.c_str());
  print_result(globals.json
                   ? JsonObject().boolean("changed", true).str()
                   : "Password changed; all other sessions ended. Backups keep their own passwords.");
  return kOk;
}

int passphrase_command(const Globals& globals) {
  Session session(globals, Store::kMustExist);
  const SecretText next = new_store_passphrase(globals);
  call(mychat_client_change_passphrase, session.client(), next.c_str());
  print_result(globals.json ? JsonObject().boolean("changed", true).str()
                            : "Passphrase of the store changed.");
  return kOk;
}

int delete_account_command(const Globals& globals, bool sure) {
  Session session(globals, Store::kMustExist);
  session.require_login();
  const std::string handle = session.account()->handle;
  if (!sure) {
    if (!can_ask()) throw UsageError("Deleting an account needs --yes.");
    if (ask_line("This erases " + safe_line(handle) + " at its node for good. Type the handle to go on: ") !=
        handle)
      throw UsageError("That is not the handle; nothing was deleted.");
  }
  const SecretText password = account_password(globals, Ask::kOnce);
  session.request(mychat_client_delete_account, password.c_str());
  print_result(globals.json ? JsonObject().text("deleted", handle).text("store", session.store_path()).str()
                            : "Deleted " + safe_line(handle) + ". Keys and history are still in " +
                                  session.store_path() + "; delete that file to be rid of them.");
  return kOk;
}

int sessions_command(const Globals& globals) {
  Session session(globals, Store::kMustExist);
  session.require_login();
  const auto event = session.request(mychat_client_sessions);
  const mychat_session_list& list = *event->data.completion->sessions;
  JsonArray items;
  for (std::size_t i = 0; i < list.count; ++i) {
    const mychat_session& item = *list.items[i];
    items.raw(JsonObject()
                  .text("id", item.id)
                  .text_or_null("device_name", item.device_name)
                  .boolean("current", item.current != 0)
                  .number("created_at", item.created_at)
                  .number("last_used", item.last_used)
                  .str());
    if (!globals.json)
      print_result(safe_line(item.id) + "  since " + local_time(item.created_at) + "  used " +
                   local_time(item.last_used) + "  " + safe_line(item.device_name) +
                   (item.current != 0 ? "  (this one)" : ""));
  }
  if (globals.json) print_result(JsonObject().raw("sessions", items.str()).str());
  return kOk;
}

int revoke_command(const Globals& globals, const std::optional<std::string>& id) {
  Session session(globals, Store::kMustExist);
  session.require_login();
  session.request(mychat_client_revoke_session, id ? id->c_str() : nullptr);
  print_result(globals.json ? JsonObject().text("revoked", id.value_or("others")).str()
               : id         ? "Session ended."
                            : "All other sessions ended.");
  return kOk;
}

}  // namespace cli
