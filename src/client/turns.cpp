#include "client/turns.h"

#include <algorithm>

namespace mychat {

std::shared_ptr<Turns::Turn> Turns::take(std::string handle) {
  std::list<std::string> node;
  node.push_back(std::move(handle));
  const auto place = node.begin();
  {
    const std::lock_guard lock(mutex_);
    row_.splice(row_.end(), node);
  }
  try {
    return std::make_shared<Turn>(*this, place);
  } catch (...) {
    leave(place);
    throw;
  }
}

void Turns::leave(std::list<std::string>::iterator place) noexcept {
  {
    const std::lock_guard lock(mutex_);
    row_.erase(place);
  }
  changed_.notify_all();
}

bool Turns::wait(std::list<std::string>::iterator place, std::stop_token stop) {
  std::unique_lock lock(mutex_);
  return changed_.wait(lock, std::move(stop),
                       [&] { return std::find(row_.begin(), place, *place) == place; });
}

}  // namespace mychat
