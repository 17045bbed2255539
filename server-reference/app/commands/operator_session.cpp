#include "app/commands/operator_session.h"

#include <iostream>

#include "app/runtime/node.h"
#include "base/error.h"
#include "crypto/random.h"

namespace mychat::server {

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
