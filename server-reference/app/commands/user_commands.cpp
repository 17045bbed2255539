#include <fstream>
#include <iostream>
#include <sstream>

#include "app/commands/command.h"
#include "app/commands/operator_session.h"
#include "base/clock.h"
#include "base/error.h"
#include "keys/fingerprint.h"
#include "keys/public_key.h"
#include "protocol/json_writer.h"

namespace mychat::server {

namespace {

// Runs `work` with the services of the configured node.
template <class Work>
int with_admin(const CommonOptions& common, Work work) {
  const auto loaded = load_or_explain(common, true);
  if (!loaded) return kExitUsage;
  return guarded([&] {
    OperatorSession session(loaded->config);
    work(session.admin());
    return kExitOk;
  });
}

void print_result(const CommonOptions& common, const std::string& username, const char* what,
                  const std::optional<std::string>& password) {
  if (common.json) {
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.member("username", username);
    json.member("result", what);
    json.optional_member("password", password);
    json.end_object();
    std::cout << out << "\n";
    return;
  }
  std::cout << username << ": " << what << "\n";
  if (password) std::cout << "password: " << *password << "\n";
}

std::string read_key(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  std::string key = text.str();
  if (!file || key.empty() || key.size() > 16'384)
    throw Error(MYCHAT_E_IO, MYCHAT_DOMAIN_SYSTEM,
                "The public key " + path + " cannot be read or is too large.");
  while (!key.empty() && (key.back() == '\n' || key.back() == '\r')) key.pop_back();
  return key;
}

void write_user(JsonWriter& json, const UserView& user) {
  json.begin_object();
  json.member("id", user.id);
  json.member("username", user.username);
  json.member("handle", user.full_handle);
  json.member("fingerprint", user.public_key_fingerprint);
  json.member("email", user.email);
  json.time_member("created_at", user.created_at);
  json.time_member("last_seen", user.last_seen);
  json.member("disabled", user.disabled);
  json.member("admin", user.admin);
  json.end_object();
}

void print_user(const UserView& user) {
  std::cout << user.full_handle << "  created " << format_time(user.created_at) << "  last seen "
            << (user.last_seen ? format_time(*user.last_seen) : std::string("never"))
            << (user.disabled ? "  DISABLED" : "") << (user.admin ? "  admin" : "") << "\n";
}

}  // namespace

int user_add_command(const CommonOptions& common, const UserAddOptions& options) {
  return with_admin(common, [&](Admin& admin) {
    wire::RegisterRequest request;
    request.username = options.username;
    request.public_key = read_key(options.public_key_file);
    request.public_key_fingerprint = key_fingerprint(parse_public_key(request.public_key));
    if (!options.email.empty()) request.email = options.email;
    std::optional<std::string> made;
    if (options.password_stdin) {
      request.password = read_password();
    } else {
      made = random_password();
      request.password = to_secret(*made);
    }
    const UserView user = admin.add_user(std::move(request));
    print_result(common, user.username, "added", made);
  });
}

int user_list_command(const CommonOptions& common, const std::string& search) {
  return with_admin(common, [&](Admin& admin) {
    std::string out;
    JsonWriter json(out, JsonLayout::kPretty);
    if (common.json) json.begin_array();
    std::int64_t shown = 0;
    for (int page = 1;; ++page) {
      const UserPage users = admin.list_users(page, 100, search);
      for (const UserView& user : users.users) {
        if (common.json)
          write_user(json, user);
        else
          print_user(user);
      }
      shown += static_cast<std::int64_t>(users.users.size());
      if (users.users.empty() || shown >= users.total) break;
    }
    if (common.json) {
      json.end_array();
      std::cout << out << "\n";
    } else {
      std::cout << shown << " accounts\n";
    }
  });
}

int user_disable_command(const CommonOptions& common, const std::string& username, bool disabled) {
  return with_admin(common, [&](Admin& admin) {
    admin.set_disabled(username, disabled);
    print_result(common, username, disabled ? "disabled" : "enabled", std::nullopt);
  });
}

int user_reset_password_command(const CommonOptions& common, const std::string& username,
                                bool password_stdin) {
  return with_admin(common, [&](Admin& admin) {
    std::optional<std::string> made;
    Secret password;
    if (password_stdin) {
      password = read_password();
    } else {
      made = random_password();
      password = to_secret(*made);
    }
    admin.reset_password(username, std::move(password));
    print_result(common, username, "password reset; all sessions are ended", made);
  });
}

int user_delete_command(const CommonOptions& common, const std::string& username, bool sure) {
  if (!sure) {
    std::cerr << "error: this erases " << username
              << "'s account, mailbox and messages for good; add --yes\n";
    return kExitUsage;
  }
  return with_admin(common, [&](Admin& admin) {
    admin.delete_user(username);
    print_result(common, username, "deleted", std::nullopt);
  });
}

int invite_create_command(const CommonOptions& common, int uses, int days) {
  return with_admin(common, [&](Admin& admin) {
    const std::string token = admin.create_invite(uses, std::int64_t{days} * 24 * 3'600'000);
    if (common.json) {
      std::string out;
      JsonWriter json(out);
      json.begin_object();
      json.member("invite", token);
      json.member("uses", uses);
      json.member("days", days);
      json.end_object();
      std::cout << out << "\n";
    } else {
      std::cout << token << "\n";
      std::cerr << "Shown once. Good for " << uses << " registration(s) within " << days << " day(s).\n";
    }
  });
}

int invite_list_command(const CommonOptions& common) {
  return with_admin(common, [&](Admin& admin) {
    std::string out;
    JsonWriter json(out, JsonLayout::kPretty);
    if (common.json) json.begin_array();
    for (const InviteView& invite : admin.invites()) {
      if (!common.json) {
        std::cout << invite.id << "  " << invite.uses_left << " left  until "
                  << format_time(invite.expires_at) << "\n";
        continue;
      }
      json.begin_object();
      json.member("id", invite.id);
      json.member("uses_left", invite.uses_left);
      json.time_member("expires_at", invite.expires_at);
      json.time_member("created_at", invite.created_at);
      json.end_object();
    }
    if (!common.json) return;
    json.end_array();
    std::cout << out << "\n";
  });
}

int invite_revoke_command(const CommonOptions& common, const std::string& id) {
  return with_admin(common, [&](Admin& admin) {
    admin.revoke_invite(id);
    print_result(common, id, "revoked", std::nullopt);
  });
}

}  // namespace mychat::server
