// The query parameters of the routes that page through something.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "front/http_types.h"

namespace mychat::server {

// Each throws ValidationError that names every parameter that is wrong.

// GET /api/messages/conversation/{handle}
struct ConversationQuery {
  int limit = 0;
  std::optional<std::string> before;  // A time.
  static ConversationQuery from(const HttpRequest& request);
};

// GET /api/mailbox
struct MailboxQuery {
  std::int64_t after = 0;
  int limit = 0;
  std::int64_t wait = 0;  // Seconds.
  static MailboxQuery from(const HttpRequest& request);
};

}  // namespace mychat::server
