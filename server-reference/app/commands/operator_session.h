// The services for one command of the operator, beside a running node or without one.
#pragma once

#include <memory>
#include <string>

#include "app/commands/command.h"
#include "base/bytes.h"
#include "base/log.h"
#include "services/services.h"

namespace mychat::server {

class OperatorSession {
 public:
  explicit OperatorSession(const Config& config);
  ~OperatorSession();
  Admin& admin() noexcept { return services_->admin(); }
  Services& services() noexcept { return *services_; }

 private:
  Log log_;
  std::unique_ptr<Services> services_;
};

// Who runs the command, for the audit: the account of the machine, and who became it with sudo.
std::string operator_name();

// One line of standard input without its line end. Throws Error when it is empty.
Secret read_password();
std::string random_password();  // 24 characters, 142 bits.

}  // namespace mychat::server
