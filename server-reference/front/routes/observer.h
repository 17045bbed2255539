// What the routes report about requests: to the access log and the metrics. Called on network and worker
// threads.
#pragma once

#include <cstdint>
#include <string_view>

namespace mychat::server {

struct RequestRecord {
  std::string_view method;
  std::string_view
      route;  // The template ("/api/users/{handle}"), never the path; "unmatched" when none fits.
  int status = 0;
  std::int64_t duration_us = 0;
  std::size_t request_bytes = 0, response_bytes = 0;
  std::string_view address;  // Of the client; logged at debug only.
  std::uint64_t id = 0;
};

class Observer {
 public:
  virtual ~Observer() = default;
  virtual void request_done(const RequestRecord& record) = 0;
  virtual void websocket_opened() = 0;
  virtual void websocket_closed(std::uint16_t code) = 0;
  virtual void websocket_paused() = 0;  // A sender was held back by back-pressure.
};

}  // namespace mychat::server
