#include "app/commands/operator_session.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iostream>

#include "app/runtime/node.h"
#include "base/error.h"
#include "crypto/random.h"

namespace mychat::server {

namespace {

// The environment is anybody's to set: only what can be an account's name is shown.
bool is_account_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

}  // namespace

OperatorSession::OperatorSession(const Config& config) {
  NodeConfig node = services_config(config);
  node.housekeeping = false;
  StorageOptions storage;
  storage.path = config.db_path;
  storage.hold = false;
  storage.migrate = false;
  services_ = std::make_unique<Services>(std::move(node), std::move(storage), log_);
}

OperatorSession::~OperatorSession() { services_->stop(); }

std::string operator_name() {
  std::array<char, 4096> buffer{};
  struct passwd entry {};
  struct passwd* found = nullptr;
  std::string name =
      ::getpwuid_r(::getuid(), &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr
          ? std::string(entry.pw_name)
          : "uid " + std::to_string(::getuid());
  const char* const behind = std::getenv("SUDO_USER");
  if (behind != nullptr && name != behind && is_account_name(behind))
    name = std::string(behind) + " as " + name;
  return name;
}

Secret read_password() {
  Secret password;
  char c = 0;
  while (std::cin.get(c) && c != '\n') {
    if (password.size() >= 4096) throw_argument("The password is longer than 4096 bytes.");
    password.push_back(static_cast<std::uint8_t>(c));
  }
  if (!password.empty() && password.back() == '\r') password.pop_back();
  if (password.empty()) throw_argument("Standard input held no password.");
  return password;
}

std::string random_password() {
  // Without characters that look alike.
  constexpr std::string_view kAlphabet = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789-_+=.:,@";
  std::string out;
  for (int i = 0; i < 24; ++i) out += kAlphabet[random_below(kAlphabet.size())];
  return out;
}

}  // namespace mychat::server
