// Passwords and passphrases: never from the command line, which everybody on the machine can read.
#pragma once

#include <string>

#include "globals.h"

namespace cli {

// Text that wipes itself.
class SecretText {
 public:
  SecretText() = default;
  explicit SecretText(std::string text) : text_(std::move(text)) {}
  ~SecretText() { wipe(); }
  SecretText(SecretText&& other) noexcept : text_(other.text_) { other.wipe(); }
  SecretText& operator=(SecretText&& other) noexcept {
    if (this != &other) {
      wipe();
      text_ = other.text_;
      other.wipe();
    }
    return *this;
  }
  const char* c_str() const noexcept { return text_.c_str(); }
  const std::string& str() const noexcept { return text_; }

 private:
  void wipe() noexcept;
  std::string text_;
};

enum class Ask { kOnce, kTwice };  // Twice: a new secret, which nobody could correct later.

// Each from its file, standard input (account only), environment, or a prompt without echo, in this order.
SecretText store_passphrase(const Globals& globals, Ask ask);
SecretText new_store_passphrase(const Globals& globals);
SecretText account_password(const Globals& globals, Ask ask);
SecretText new_account_password(const Globals& globals);
SecretText backup_password(const Globals& globals, Ask ask);
SecretText new_backup_password(const Globals& globals);

bool can_ask();                                     // Whether somebody sits at a terminal.
std::string ask_line(const std::string& question);  // An ordinary answer; "" at the end of input.
bool ask_yes(const std::string& question);

}  // namespace cli
