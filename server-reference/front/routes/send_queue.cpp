#include "front/routes/send_queue.h"

#include <utility>

#include "protocol/json_writer.h"

namespace mychat::server {

std::uint64_t SendQueue::reserve(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  places_.push_back({bytes, std::nullopt});
  bytes_ += bytes;
  return first_ + places_.size() - 1;
}

void SendQueue::complete(std::uint64_t place, wire::SentResult result) {
  const std::lock_guard lock(mutex_);
  places_.at(place - first_).result = std::move(result);
}

std::string SendQueue::take_frame() {
  const std::lock_guard lock(mutex_);
  std::string out;
  if (places_.empty() || !places_.front().result) return out;
  JsonWriter json(out);
  json.begin_object();
  json.member("type", "sent");
  json.key("results");
  json.begin_array();
  while (!places_.empty() && places_.front().result) {
    json.value(*places_.front().result);
    bytes_ -= places_.front().bytes;
    finished_.bytes += places_.front().bytes;
    places_.pop_front();
    ++first_;
    ++finished_.sends;
  }
  json.end_array();
  json.end_object();
  return out;
}

SendQueue::Load SendQueue::load() const {
  const std::lock_guard lock(mutex_);
  return {places_.size(), bytes_};
}

SendQueue::Load SendQueue::take_finished() {
  const std::lock_guard lock(mutex_);
  return std::exchange(finished_, {});
}

}  // namespace mychat::server
