#include "secrets.h"

#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <iostream>

#include "api.h"
#include "files.h"

namespace cli {
namespace {

constexpr std::size_t kMaxSecretFile = 64 * 1024;

void wipe_string(std::string& text) noexcept {
  if (!text.empty()) ::explicit_bzero(text.data(), text.size());
}

// Byte by byte: what follows the line on standard input belongs to somebody else (the text of a message).
std::string read_line_from_input() {
  std::string line;
  char next = 0;
  while (::read(STDIN_FILENO, &next, 1) == 1 && next != '\n' && line.size() < kMaxSecretFile) line += next;
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return line;
}

volatile std::sig_atomic_t g_signal = 0;
void note_signal(int number) { g_signal = number; }

// Echo off until destroyed. A signal that would end the program ends the reading first, so that no terminal
// stays without echo, and then the program.
class QuietTerminal {
 public:
  QuietTerminal() {
    g_signal = 0;
    struct sigaction note {};
    note.sa_handler = note_signal;  // Without SA_RESTART: read() returns.
    for (std::size_t i = 0; i < kSignals.size(); ++i) ::sigaction(kSignals[i], &note, &before_[i]);
    if (::tcgetattr(STDIN_FILENO, &saved_) != 0) return;
    termios quiet = saved_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    quiet.c_lflag |= ECHONL;
    changed_ = ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) == 0;
  }
  ~QuietTerminal() {
    if (changed_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &saved_);
    for (std::size_t i = 0; i < kSignals.size(); ++i) ::sigaction(kSignals[i], &before_[i], nullptr);
    if (g_signal != 0) ::raise(g_signal);
  }
  QuietTerminal(const QuietTerminal&) = delete;
  QuietTerminal& operator=(const QuietTerminal&) = delete;

 private:
  static constexpr std::array<int, 4> kSignals{SIGINT, SIGTERM, SIGHUP, SIGQUIT};
  std::array<struct sigaction, 4> before_{};
  termios saved_{};
  bool changed_ = false;
};

SecretText prompt(const std::string& question) {
  std::cerr << question << ": " << std::flush;
  const QuietTerminal quiet;
  return SecretText(read_line_from_input());
}

SecretText first_line_of(const std::string& path) {
  std::vector<std::uint8_t> bytes = read_file(path, kMaxSecretFile);
  std::string line;
  for (const std::uint8_t byte : bytes) {
    if (byte == '\n') break;
    line += static_cast<char>(byte);
  }
  if (!bytes.empty()) ::explicit_bzero(bytes.data(), bytes.size());
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return SecretText(std::move(line));
}

struct Source {
  const std::string& file;
  bool standard_input;
  const char* variable;
  const char* option;
  const char* question;
};

SecretText read_secret(const Source& source, Ask ask) {
  SecretText secret;
  if (!source.file.empty()) {
    secret = first_line_of(source.file);
  } else if (source.standard_input) {
    secret = SecretText(read_line_from_input());
  } else if (const char* value = std::getenv(source.variable); value != nullptr) {
    secret = SecretText(value);
  } else if (can_ask()) {
    secret = prompt(source.question);
    if (ask == Ask::kTwice && prompt(std::string(source.question) + " again").str() != secret.str())
      throw UsageError("The two entries differ; nothing was done.");
  } else {
    throw UsageError(std::string("There is no terminal to ask for: ") + source.question + ". Use " +
                     source.option + " or the environment variable " + source.variable + ".");
  }
  if (secret.str().empty()) throw UsageError(std::string("Empty: ") + source.question + ".");
  return secret;
}

}  // namespace

void SecretText::wipe() noexcept {
  wipe_string(text_);
  text_.clear();
}

SecretText store_passphrase(const Globals& globals, Ask ask) {
  return read_secret(
      {globals.passphrase_file, false, "MYCHAT_PASSPHRASE", "--passphrase-file",
       ask == Ask::kTwice ? "New passphrase for the local store" : "Passphrase of the local store"},
      ask);
}

SecretText new_store_passphrase(const Globals& globals) {
  return read_secret({globals.new_passphrase_file, false, "MYCHAT_NEW_PASSPHRASE", "--new-passphrase-file",
                      "New passphrase for the local store"},
                     Ask::kTwice);
}

SecretText account_password(const Globals& globals, Ask ask) {
  return read_secret(
      {globals.password_file, globals.password_stdin, "MYCHAT_PASSWORD", "--password-file, --password-stdin",
       ask == Ask::kTwice ? "New password for the account" : "Password of the account"},
      ask);
}

SecretText new_account_password(const Globals& globals) {
  return read_secret({globals.new_password_file, globals.password_stdin, "MYCHAT_NEW_PASSWORD",
                      "--new-password-file, --password-stdin", "New password for the account"},
                     Ask::kTwice);
}

SecretText backup_password(const Globals& globals, Ask ask) {
  return read_secret({globals.backup_password_file, false, "MYCHAT_BACKUP_PASSWORD", "--backup-password-file",
                      ask == Ask::kTwice ? "New password for the key backup" : "Password of the key backup"},
                     ask);
}

SecretText new_backup_password(const Globals& globals) {
  return read_secret({globals.new_backup_password_file, false, "MYCHAT_NEW_BACKUP_PASSWORD",
                      "--new-backup-password-file", "New password for the key backup"},
                     Ask::kTwice);
}

bool can_ask() { return ::isatty(STDIN_FILENO) != 0 && ::isatty(STDERR_FILENO) != 0; }

std::string ask_line(const std::string& question) {
  std::cerr << question << std::flush;
  return read_line_from_input();
}

bool ask_yes(const std::string& question) {
  const std::string answer = ask_line(question + " [y/N] ");
  return answer == "y" || answer == "Y" || answer == "yes";
}

}  // namespace cli
