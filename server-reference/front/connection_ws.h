// The part of a connection that only a WebSocket has.
#pragma once

#include <cstdint>
#include <memory>

#include "front/connection.h"

namespace mychat::server {

struct Connection::WebSocket {
  std::shared_ptr<WsPeer> peer;
  WsFrameReader reader;
  WsReaderLimits limits;
  std::int64_t last_heard = 0;
  std::int64_t next_ping = 0;
  std::size_t unacknowledged = 0;  // What the system had in its send buffer at the last look.
  std::uint16_t peer_code = 0;     // Of the peer's close frame; 0: none came.
  bool closed_first = false;       // Our close frame was queued before the peer's came.
};

}  // namespace mychat::server
