// mychat-server: the command line.
#include <CLI/CLI.hpp>
#include <iostream>

#include "app/commands/command.h"
#include "app/config/settings.h"
#include "mychat/version.h"

namespace {

using namespace mychat::server;

std::string flag_name(std::string_view setting) {
  std::string out = "--";
  for (const char c : setting)
    out += c == '_' ? '-' : (c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c);
  return out;
}

// Every setting as a flag, but for the secret: arguments are visible to everybody on the machine.
void add_setting_flags(CLI::App& app, CommonOptions& common) {
  for (const Setting& setting : settings()) {
    if (setting.kind == SettingKind::kSecret || setting.kind == SettingKind::kUnused) continue;
    std::string names = flag_name(setting.name);
    if (setting.name == "LISTEN_PORT") names += ",--port";
    app.add_option_function<std::string>(
           names,
           [&common, name = std::string(setting.name)](const std::string& value) {
             common.inputs.flags[name] = value;
           },
           std::string(setting.help))
        ->group("Settings");
  }
  app.add_option("--config", common.inputs.toml_file,
                 "TOML file (default: DATA_DIR/mychat.toml when it exists)");
  app.add_option("--env-file", common.inputs.env_file, ".env file (default: DATA_DIR/.env when it exists)");
  app.add_flag("--json", common.json, "Output as JSON");
}

class Cli {
 public:
  int run(int argc, char** argv) {
    app_.set_version_flag("--version", std::string("mychat-server " MYCHAT_VERSION_STRING));
    app_.require_subcommand(1);
    app_.fallthrough();
    add_setting_flags(app_, common_);
    common_.inputs.environment = process_environment();
    add_running();
    add_users();
    add_invites();
    add_federation();
    add_data();
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      // "A subcommand is required" also stands for one that there is not: that is named.
      const std::vector<std::string> unknown = app_.remaining(true);
      const bool misnamed = error.get_exit_code() == static_cast<int>(CLI::ExitCodes::RequiredError);
      const int code = misnamed && !unknown.empty()
                           ? app_.exit(CLI::ExtrasError(std::vector<std::string>{unknown.front()}))
                           : app_.exit(error);
      return code == 0 ? kExitOk : kExitUsage;
    }
    return action_();
  }

 private:
  CLI::App* command(CLI::App& parent, const char* name, const char* help, std::function<int()> action) {
    CLI::App* sub = parent.add_subcommand(name, help);
    sub->fallthrough();
    sub->callback([this, action = std::move(action)] { action_ = action; });
    return sub;
  }
  CLI::App* group(const char* name, const char* help) {
    CLI::App* sub = app_.add_subcommand(name, help);
    sub->require_subcommand(1);
    sub->fallthrough();
    return sub;
  }

  void add_run_options(CLI::App* sub) {
    sub->add_flag("--print-port", run_.print_port, "Print PORT=N once the node listens");
    sub->add_option("--ready-file", run_.ready_file, "Write PORT=N and URL=... there once the node listens");
  }

  void add_running() {
    command(app_, "init", "Make a data directory with a configuration and a fresh secret",
            [this] { return init_command(common_); });
    add_run_options(command(app_, "run", "Run the node", [this] { return run_command(common_, run_); }));
    CLI::App* dev =
        command(app_, "dev", "Run a node to try things on: loopback, open registration, throw-away data",
                [this] { return dev_command(common_, run_); });
    add_run_options(dev);
    dev->add_flag(
        "--lifeline", run_.lifeline,
        "Stop and erase the data directory when standard input ends, as it does when the program that "
        "started the node is gone, however it ended");
    command(app_, "config", "Print the configuration in effect and where it comes from; secrets are hidden",
            [this] { return config_command(common_); });
    command(
        app_, "doctor",
        "Check configuration, permissions, disk, database, clock, certificate and port; with a domain, the "
        "way to that node and back",
        [this] { return doctor_command(common_, name_); })
        ->add_option("domain", name_);
  }

  void add_users() {
    CLI::App* user = group("user", "Accounts");
    CLI::App* add = command(*user, "add", "Add an account, whatever REGISTRATION_OPEN says",
                            [this] { return user_add_command(common_, add_); });
    add->add_option("username", add_.username)->required();
    add->add_option("--public-key", add_.public_key_file, "PEM of the identity key that the client made")
        ->required();
    add->add_option("--email", add_.email);
    add->add_flag("--password-stdin", add_.password_stdin,
                  "Read the password from standard input (else one is made)");
    command(*user, "list", "List accounts", [this] {
      return user_list_command(common_, search_);
    })->add_option("--search", search_, "Part of the name");
    named(*user, "disable", "End an account's sessions and refuse its log-ins",
          [this] { return user_disable_command(common_, name_, true); });
    named(*user, "enable", "Undo disable", [this] { return user_disable_command(common_, name_, false); });
    named(*user, "reset-password", "Set a new password and end all sessions", [this] {
      return user_reset_password_command(common_, name_, add_.password_stdin);
    })->add_flag("--password-stdin", add_.password_stdin, "Read it from standard input (else one is made)");
    named(*user, "delete", "Erase an account for good", [this] {
      return user_delete_command(common_, name_, sure_);
    })->add_flag("--yes", sure_, "Yes, erase it");
  }

  CLI::App* named(CLI::App& parent, const char* name, const char* help, std::function<int()> action) {
    CLI::App* sub = command(parent, name, help, std::move(action));
    sub->add_option("username", name_)->required();
    return sub;
  }

  void add_invites() {
    CLI::App* invite = group("invite", "Invites: who may register while registration is closed");
    CLI::App* create = command(*invite, "create", "Make an invite and print it, once",
                               [this] { return invite_create_command(common_, uses_, days_); });
    create->add_option("--uses", uses_, "Registrations it is good for")->check(CLI::Range(1, 10'000));
    create->add_option("--days", days_, "Days it is good for")->check(CLI::Range(1, 3650));
    command(*invite, "list", "List invites", [this] { return invite_list_command(common_); });
    command(*invite, "revoke", "Take an invite back",
            [this] { return invite_revoke_command(common_, name_); })
        ->add_option("id", name_)
        ->required();
  }

  void add_federation() {
    CLI::App* federation = group("federation", "Other nodes, and this one's key");
    command(*federation, "list", "List the nodes that are known, and the rules",
            [this] { return federation_list_command(common_); });
    command(*federation, "show", "Show all that is known of one node; without a name, of this one", [this] {
      return federation_show_command(common_, name_);
    })->add_option("domain", name_);
    command(*federation, "audit", "Who changed what",
            [this] { return federation_audit_command(common_, count_); })
        ->add_option("--count", count_, "Entries")
        ->check(CLI::Range(1, 100'000));
    change(*federation, "allow", "Allow a domain or a pattern such as *.example.org",
           FederationChange::kAllow);
    change(*federation, "block", "Block a domain or a pattern; stronger than allow and approve",
           FederationChange::kBlock);
    CLI::App* approve =
        command(*federation, "approve", "Approve a node by name, also with the new key that it offers",
                [this] { return federation_approve_command(common_, name_, key_id_); });
    approve->add_option("domain", name_)->required();
    approve->add_option("--key", key_id_,
                        "Id of the key to trust: the known or the offered one (federation show)");
    change(*federation, "retry", "Try a node again at once", FederationChange::kRetry);
    change(*federation, "forget", "Remove a rule, and what is known of a node's identity",
           FederationChange::kForget)
        ->add_flag("--give-up", sure_, "Mark the messages that wait for it as failed");
    CLI::App* rotate =
        command(*federation, "rotate", "Announce a next key for this node, and use it later", [this] {
          return withdraw_ ? federation_withdraw_command(common_)
                           : federation_rotate_command(common_, hours_);
        });
    CLI::Option* hours =
        rotate->add_option("--hours", hours_, "Until it is used")->check(CLI::Range(0.0, 720.0));
    rotate->add_flag("--withdraw", withdraw_, "Take back the key that is announced")->excludes(hours);
    command(*federation, "new-key", "Another key at once: when the old one is stolen or does not open",
            [this] { return federation_new_key_command(common_, sure_); })
        ->add_flag("--yes", sure_, "Yes, although other nodes will ask their operators");
  }

  CLI::App* change(CLI::App& parent, const char* name, const char* help, FederationChange what) {
    CLI::App* sub = command(parent, name, help,
                            [this, what] { return federation_change_command(common_, what, name_, sure_); });
    sub->add_option("domain", name_)->required();
    return sub;
  }

  void add_data() {
    command(app_, "backup", "Copy the database to a new file, also while the node runs",
            [this] { return backup_command(common_, path_); })
        ->add_option("path", path_)
        ->required();
    CLI::App* restore = command(
        app_, "restore", "Put a verified backup in the place of the database; the node must be stopped",
        [this] { return restore_command(common_, path_, end_sessions_); });
    restore->add_option("path", path_)->required();
    restore->add_flag("--end-sessions", end_sessions_,
                      "Everybody logs in again; else sessions revoked after the backup live again");
    command(app_, "migrate", "Bring the database to this version's schema (run does it too)", [this] {
      return migrate_command(common_, dry_run_);
    })->add_flag("--dry-run", dry_run_, "Only print the steps");
  }

  CLI::App app_{"The MyChat reference node."};
  CommonOptions common_;
  RunOptions run_;
  UserAddOptions add_;
  std::string name_, path_, search_, key_id_;
  bool sure_ = false, dry_run_ = false, end_sessions_ = false, withdraw_ = false;
  int uses_ = 1, days_ = 7, count_ = 50;
  double hours_ = 24;
  std::function<int()> action_;
};

}  // namespace

int main(int argc, char** argv) { return Cli().run(argc, argv); }
