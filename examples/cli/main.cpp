// mychat: the command line.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdint>
#include <functional>
#include <limits>

#include "commands.h"
#include "session.h"

namespace {

using namespace cli;

constexpr const char* kFooter = R"(
Examples:
  mychat --node https://chat.example.org register alice --backup alice-keys.zip
  mychat contact add bob@chat.example.org
  mychat verify bob                       compare safety numbers, show a QR code
  mychat send bob "See you at six?"
  echo "from a script" | mychat send bob --wait delivered --timeout 30
  mychat listen                           print messages as they arrive
  mychat history bob --limit 20
  mychat restore alice-keys.zip && mychat --node https://chat.example.org login alice

Secrets are never arguments. Each is asked for at the terminal, or read from:
  passphrase of the local store   --passphrase-file        MYCHAT_PASSPHRASE
  password of the account         --password-file, --password-stdin (one a line)  MYCHAT_PASSWORD
  password of the key backup      --backup-password-file   MYCHAT_BACKUP_PASSWORD
  their new values                --new-passphrase-file, --new-password-file, --new-backup-password-file
                                  MYCHAT_NEW_PASSPHRASE, MYCHAT_NEW_PASSWORD, MYCHAT_NEW_BACKUP_PASSWORD
Of a file only the first line counts.

Environment: MYCHAT_PROFILE, MYCHAT_STORE, MYCHAT_NODE, MYCHAT_CA stand for the options of these names.

Output: results on standard output, notes, warnings and errors on standard error. With --json every command prints
one JSON object (listen: one a line), warnings are {"warning":"..."}, and an error is
{"error":{"status","domain","detail","retryable","message"}} on standard error. Times are Unix milliseconds.
What other people wrote is shown with control characters, escape sequences and direction marks spelled out (\x1B).

Who wrote a message: [verified] signed, and you compared safety numbers; [signed] signed by the key that the node first
gave; [unsigned] only the node vouches for the sender; [unknown key] signed and not altered, but by a key not known to be the
sender's (mychat explain ID says more); [FORGED?] the signature is wrong. In JSON "verification" is what the signature says
(verified, unverified, unsigned, invalid), and "sender_trust" whether you compared safety numbers.

Exit codes: 0 done, 1 other failure, 2 usage, 3 not found, 4 password or session refused, 5 network or time-out,
6 keys (changed, not verified, cannot decrypt), 7 local store or file.)";

constexpr const char* kMore =
    "\nOptions for all commands, examples, secrets, output and exit codes: mychat --help";

class Program {
 public:
  int run(int argc, char** argv) {
    app_.set_version_flag("--version", std::string("mychat ") + mychat_version_string());
    app_.require_subcommand(1);
    app_.fallthrough();
    app_.footer(kFooter);
    app_.get_formatter()->column_width(34);
    add_globals();
    add_account();
    add_keys();
    add_contacts();
    add_messages();
    add_rest();
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      if (error.get_exit_code() == 0) return app_.exit(error);
      for (int i = 1; i < argc; ++i) globals_.json = globals_.json || std::string(argv[i]) == "--json";
      return print_error(globals_, UsageError(what_is_wrong(error) + " (see: mychat --help)"));
    }
    try {
      return action_();
    } catch (const ApiError& error) {
      return print_error(globals_, error);
    } catch (const std::exception& error) {
      return print_error(globals_, ApiError(MYCHAT_E_INTERNAL, MYCHAT_DOMAIN_NONE, error.what()));
    }
  }

 private:
  // "A subcommand is required" also stands for one that there is not: that is named.
  std::string what_is_wrong(const CLI::ParseError& error) const {
    const std::vector<std::string> unknown = app_.remaining(true);
    if (error.get_exit_code() != static_cast<int>(CLI::ExitCodes::RequiredError) || unknown.empty())
      return error.what();
    return "There is no command '" + unknown.front() + "'";
  }

  CLI::App* command(CLI::App& parent, const char* name, const char* help, std::function<int()> action) {
    CLI::App* sub = parent.add_subcommand(name, help);
    sub->fallthrough();
    sub->footer(kMore);
    // The outermost command's callback runs last: what was named last must win.
    sub->callback([this, sub, action = std::move(action)] {
      if (sub->get_subcommands().empty()) action_ = action;
    });
    return sub;
  }
  CLI::App* group(const char* name, const char* help) {
    CLI::App* sub = app_.add_subcommand(name, help);
    sub->require_subcommand(1);
    sub->fallthrough();
    sub->footer(kMore);
    return sub;
  }

  void add_globals() {
    Globals& g = globals_;
    app_.add_option("--profile", g.profile, "Name of the local account: $XDG_DATA_HOME/mychat/NAME.mychat")
        ->envname("MYCHAT_PROFILE")
        ->capture_default_str();
    app_.add_option("--store", g.store, "File of the local store, instead of a profile")
        ->envname("MYCHAT_STORE");
    app_.add_option("--node", g.node,
                    "Address of the node, https://host[:port] (remembered after the first time)")
        ->envname("MYCHAT_NODE");
    app_.add_option("--ca", g.ca, "PEM file of the certificate authorities to trust")->envname("MYCHAT_CA");
    app_.add_option("--pin", g.pins, "sha256//BASE64 of the node's public key; may be repeated")
        ->allow_extra_args(false);
    app_.add_flag("--allow-plaintext", g.allow_plaintext, "Allow http:// to other machines than this one");
    app_.add_flag("--no-websocket", g.no_websocket, "Poll, even if the node offers a WebSocket");
    app_.add_flag("--json", g.json, "Print JSON");
    app_.add_flag("--quiet,-q", g.quiet, "No notes and no progress");
    app_.add_flag("--verbose,-v", g.verbose, "Log of the library on standard error; holds no secrets");
    const auto secret = [this](const char* name, std::string& file, const char* help) {
      app_.add_option(name, file, help)->group("Secrets");
    };
    secret("--passphrase-file", g.passphrase_file, "Passphrase of the local store");
    secret("--new-passphrase-file", g.new_passphrase_file, "For passphrase");
    secret("--password-file", g.password_file, "Password of the account");
    secret("--new-password-file", g.new_password_file, "For passwd");
    secret("--backup-password-file", g.backup_password_file, "Password of the key backup");
    secret("--new-backup-password-file", g.new_backup_password_file, "For backup passwd");
    app_.add_flag("--password-stdin", g.password_stdin, "Read the account's password from standard input")
        ->group("Secrets");
  }

  void add_backup_options(CLI::App* sub) {
    auto* file =
        sub->add_option("--backup", backup_.file, "Where the key backup goes: a new file, mode 0600");
    sub->add_flag("--no-backup", backup_.none, "Do without, and risk losing everything")->excludes(file);
    add_kind(sub);
  }
  void add_kind(CLI::App* sub) {
    sub->add_option("--kind", backup_.kind,
                    "full: readable by every v1 client; v1: the key only; sealed: Argon2id only")
        ->check(CLI::IsMember({"full", "v1", "sealed"}))
        ->capture_default_str();
  }

  void add_account() {
    CLI::App* reg = command(app_, "register",
                            "Make keys and an account at a node (--node), and save a key backup", [this] {
                              register_.backup = backup_;
                              return register_command(globals_, register_);
                            });
    reg->add_option("username", register_.username, "3 to 50 of a-z, 0-9 and _")->required();
    reg->add_option("--email", register_.email);
    reg->add_option("--invite", register_.invite, "Invite token, when registration is closed");
    reg->add_option("--device", register_.device, "Name of this session");
    add_backup_options(reg);
    CLI::App* login = command(app_, "login", "Log in", [this] { return login_command(globals_, login_); });
    login->add_option("username", login_.username, "May be left out when the store knows it");
    login->add_option("--device", login_.device, "Name of this session");
    command(app_, "logout", "End the session; keys and history stay",
            [this] { return logout_command(globals_); });
    command(app_, "whoami", "Show the account", [this] { return whoami_command(globals_); });
    command(app_, "passwd", "Change the account's password; ends all other sessions",
            [this] { return passwd_command(globals_); });
    command(app_, "passphrase", "Change the passphrase of the local store",
            [this] { return passphrase_command(globals_); });
    command(app_, "delete-account", "Erase the account at its node", [this] {
      return delete_account_command(globals_, sure_);
    })->add_flag("--yes", sure_, "Do not ask");
    CLI::App* sessions = command(app_, "sessions", "List the account's sessions",
                                 [this] { return sessions_command(globals_); });
    sessions->require_subcommand(0, 1);
    command(*sessions, "list", "The same", [this] { return sessions_command(globals_); });
    command(*sessions, "revoke", "End one", [this] { return revoke_command(globals_, id_); })
        ->add_option("id", id_)
        ->required();
    command(*sessions, "revoke-others", "End all but this one",
            [this] { return revoke_command(globals_, std::nullopt); });
  }

  void add_keys() {
    CLI::App* print = command(app_, "fingerprint", "Fingerprint of your key, or of somebody else's",
                              [this] { return fingerprint_command(globals_, fingerprint_); });
    print->add_option("handle", fingerprint_.handle);
    print->add_option("--key", fingerprint_.key_format, "Print your public key instead")
        ->check(CLI::IsMember({"pem", "jwk"}));
    CLI::App* verify =
        command(app_, "verify", "Compare safety numbers with somebody, and mark their key verified",
                [this] { return verify_command(globals_, verify_); });
    verify->add_option("handle", verify_.handle)->required();
    verify->add_option("--fingerprint", verify_.fingerprint,
                       "Their fingerprint, compared elsewhere: marks verified");
    verify->add_option("--scanned", verify_.scanned,
                       "Text of the QR code on their screen: marks verified on a match");
    verify->add_flag("--undo", verify_.undo, "Mark not verified");
    verify->add_flag("--qr", verify_.qr, "Show the QR code also outside a terminal");
    verify->add_flag("--no-qr", verify_.no_qr, "No QR code");
    CLI::App* backup = command(app_, "backup", "Save a key backup, and prove that it can be restored",
                               [this] { return backup_command(globals_, backup_); });
    backup->add_option("file", backup_.file, "A new file, mode 0600");
    add_kind(backup);
    backup->require_subcommand(0, 1);
    command(*backup, "verify", "Prove a backup and say what it would not bring back",
            [this] { return backup_verify_command(globals_, file_); })
        ->add_option("file", file_)
        ->required();
    CLI::App* passwd = command(*backup, "passwd", "Write the same backup under another password",
                               [this] { return backup_passwd_command(globals_, file_, new_file_); });
    passwd->add_option("file", file_)->required();
    passwd->add_option("new-file", new_file_)->required();
    command(app_, "restore", "Restore a key backup into this profile; then log in",
            [this] { return restore_command(globals_, file_); })
        ->add_option("file", file_)
        ->required();
    add_backup_options(command(app_, "rotate", "Make a new identity key and announce it to contacts",
                               [this] { return rotate_command(globals_, backup_); }));
  }

  void add_contacts() {
    CLI::App* contact = group("contact", "Contacts");
    CLI::App* add = command(*contact, "add", "Add a contact",
                            [this] { return contact_add_command(globals_, handle_, nickname_); });
    add->add_option("handle", handle_)->required();
    add->add_option("--nickname", nickname_);
    command(*contact, "remove", "Remove a contact; the history stays",
            [this] { return contact_remove_command(globals_, handle_); })
        ->add_option("handle", handle_)
        ->required();
    command(*contact, "list", "List contacts", [this] { return contact_list_command(globals_); });
    CLI::App* show = command(*contact, "show", "Show a contact",
                             [this] { return contact_show_command(globals_, handle_, refresh_); });
    show->add_option("handle", handle_)->required();
    show->add_flag("--refresh", refresh_, "Ask the node for profile and keys");
    CLI::App* accept = command(*contact, "accept", "Accept a contact's changed key",
                               [this] { return contact_accept_command(globals_, handle_, key_); });
    accept->add_option("handle", handle_)->required();
    accept->add_option("--fingerprint", key_, "The new one, as your contact confirmed it")->required();
  }

  void add_messages() {
    CLI::App* send =
        command(app_, "send", "Send a message. Without a connection it is queued, and the exit code is 0",
                [this] { return send_command(globals_, send_); });
    send->add_option("handle", send_.handle)->required();
    send->add_option("text", send_.words,
                     "The text, after -- if it begins with '-'; '-' or nothing: from standard input");
    send->add_option("--file", send_.file, "Send a file's bytes");
    send->add_flag("--image", send_.image, "The bytes are an image");
    send->add_option("--wait", send_.wait,
                     "Until when to wait. If delivered or read is not reached in time, the exit code is 5")
        ->check(CLI::IsMember({"none", "accepted", "delivered", "read"}))
        ->capture_default_str();
    send->add_option("--timeout", send_.timeout, "Seconds to wait")
        ->check(CLI::Range(0.0, 86'400.0))
        ->capture_default_str();
    CLI::App* listen =
        command(app_, "listen", "Print messages as they arrive, and those that nobody has seen yet",
                [this] { return listen_command(globals_, listen_); });
    auto* once = listen->add_flag("--once", listen_.once, "End after one received message");
    listen->add_option("--count", listen_.count, "End after so many")->excludes(once);
    listen
        ->add_option("--timeout", listen_.timeout,
                     "End after so many seconds; with --once or --count that is exit code 5")
        ->check(CLI::Range(0.0, 86'400.0 * 365));
    listen->add_flag("--status", listen_.status, "Also print how far your own messages have come");
    listen->add_flag("--mark-read", listen_.mark_read, "Tell the senders that you read them");
    CLI::App* history = command(app_, "history", "A page of a conversation, or the list of conversations",
                                [this] { return history_command(globals_, history_); });
    history->add_option("handle", history_.handle);
    history->add_option("--limit", history_.limit, "Messages a page")
        ->check(CLI::Range(1, 500))
        ->capture_default_str();
    history->add_option("--before", history_.before, "Where the previous page ended")
        ->check(CLI::Range(std::int64_t{1}, std::numeric_limits<std::int64_t>::max()));
    history->add_option("--search", history_.search,
                        "Only messages with this text; without a handle in all conversations");
    history->add_flag("--mark-read", history_.mark_read, "Tell the sender that you read them");
    history->add_flag("--sync", history_.sync, "Fetch what is new first");
    command(app_, "explain", "Why a message cannot be read or sent, and what repairs it",
            [this] { return explain_command(globals_, id_); })
        ->add_option("message-id", id_)
        ->required();
    command(app_, "retry", "Send a failed message again", [this] { return retry_command(globals_, id_); })
        ->add_option("message-id", id_)
        ->required();
    CLI::App* save = command(app_, "save", "Write a message's bytes to a new file",
                             [this] { return save_command(globals_, id_, file_); });
    save->add_option("message-id", id_)->required();
    save->add_option("file", file_)->required();
  }

  void add_rest() {
    CLI::App* policy = command(app_, "policy", "Show or change what is accepted and told",
                               [this] { return policy_command(globals_, policy_); });
    const auto flag = [policy](const char* name, std::string& value, const char* help) {
      policy->add_option(name, value, help)->check(CLI::IsMember({"on", "off"}));
    };
    flag("--require-signatures", policy_.require_signatures, "Refuse to read unsigned messages");
    flag("--read-receipts", policy_.read_receipts, "Tell senders what was read");
    flag("--typing", policy_.typing, "Send typing notices");
    flag("--sender-copy", policy_.sender_copy, "Let your other devices read what you send");
    command(app_, "node-info", "What the node (--node, or the account's) says of itself; needs no account",
            [this] { return node_info_command(globals_); });
    const auto timed = [this](CLI::App* sub) {
      sub->add_option("--timeout", timeout_, "Seconds to wait")
          ->check(CLI::Range(0.1, 86'400.0))
          ->capture_default_str();
    };
    timed(command(app_, "status", "Whether the account can reach its node",
                  [this] { return status_command(globals_, timeout_); }));
    timed(command(app_, "sync", "Send what waits, and fetch what is new",
                  [this] { return sync_command(globals_, timeout_); }));
    CLI::App* store = group("store", "The local store");
    command(*store, "check", "Check every value", [this] { return check_command(globals_); });
    command(*store, "copy", "Copy it to a new file, opened by the same passphrase",
            [this] { return copy_store_command(globals_, file_); })
        ->add_option("file", file_)
        ->required();
  }

  CLI::App app_{"MyChat: end-to-end-encrypted messages from the command line.", "mychat"};
  Globals globals_;
  BackupChoice backup_;
  RegisterOptions register_;
  LoginOptions login_;
  FingerprintOptions fingerprint_;
  VerifyOptions verify_;
  SendOptions send_;
  HistoryOptions history_;
  ListenOptions listen_;
  PolicyOptions policy_;
  std::string id_, file_, new_file_, handle_, nickname_, key_;
  bool sure_ = false, refresh_ = false;
  double timeout_ = 15;
  std::function<int()> action_;
};

}  // namespace

int main(int argc, char** argv) {
  // A reader that went away is an error of the write, not the end: nothing is acknowledged then.
  static_cast<void>(std::signal(SIGPIPE, SIG_IGN));  // It cannot fail for this signal.
  return Program().run(argc, argv);
}
