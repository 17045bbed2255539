// The sends of one WebSocket that are under way, so that their results go out in the order of the sends.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>

#include "protocol/ws_frames.h"

namespace mychat::server {

class SendQueue {
 public:
  // Takes a place for a send of so many bytes.
  std::uint64_t reserve(std::size_t bytes);
  void complete(std::uint64_t place, wire::SentResult result);
  // A `sent` frame with the results that have none missing before them; empty when there is none.
  std::string take_frame();

  struct Load {
    std::size_t sends = 0, bytes = 0;
  };
  Load load() const;
  // Sends taken out of the queue by take_frame() since the last call.
  Load take_finished();

 private:
  struct Place {
    std::size_t bytes = 0;
    std::optional<wire::SentResult> result;
  };
  mutable std::mutex mutex_;
  std::deque<Place> places_;
  std::uint64_t first_ = 0;  // Number of places_.front().
  std::size_t bytes_ = 0;
  Load finished_;
};

}  // namespace mychat::server
