// Words for tests of the event queue.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>

#include <cstdint>
#include <string>
#include <utility>

#include "client/event_queue.h"

namespace mychat {

using Wait = EventQueue::Wait;

inline Event typing(const std::string& peer) {
  Event event;
  event.type = MYCHAT_EVENT_TYPING;
  event.data = Typing{peer, true};
  return event;
}
inline Event connection(mychat_connection_state state) {
  Event event;
  event.type = MYCHAT_EVENT_CONNECTION;
  event.data = ConnectionChange{state, std::nullopt, 0};
  return event;
}

inline bool readable(const EventQueue& queue) {
  pollfd fd{queue.fd(), POLLIN, 0};
  return ::poll(&fd, 1, 0) == 1 && (fd.revents & POLLIN) != 0;
}

inline mychat_request_id begin(EventQueue& queue, mychat_operation operation = MYCHAT_OPERATION_LOOKUP) {
  return queue.begin_request(operation, nullptr);
}
inline void grow(EventQueue& queue, std::uint64_t last) { queue.journal_grew(last, queue.make_place()); }

// What comes next without waiting, as one word: "typing alice", "journal 5", "completion 3", "nothing".
inline std::string next(EventQueue& queue) {
  EventQueue::Taken taken;
  switch (queue.take(0, taken)) {
    case Wait::kTimeout:
      return "nothing";
    case Wait::kWoken:
      return "woken";
    case Wait::kClosed:
      return "closed";
    case Wait::kReady:
      break;
  }
  if (taken.journal_seq != 0) return "journal " + std::to_string(taken.journal_seq);
  if (const auto* event = std::get_if<Typing>(&taken.event->data)) return "typing " + event->peer;
  if (const auto* event = std::get_if<Completion>(&taken.event->data))
    return "completion " + std::to_string(event->request);
  return "connection";
}

}  // namespace mychat
