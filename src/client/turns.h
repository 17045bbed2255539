// Requests about the same user, carried out one after another in the order of the calls.
#pragma once

#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <utility>

namespace mychat {

class Turns {
 public:
  // A place in the row, until it is destroyed. Not beyond its Turns.
  class Turn {
   public:
    Turn(Turns& turns, std::list<std::string>::iterator place) : turns_(turns), place_(place) {}
    ~Turn() { turns_.leave(place_); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    // Blocks until no earlier turn about the user is left. False when stopped before.
    bool wait(std::stop_token stop) { return turns_.wait(place_, std::move(stop)); }

   private:
    Turns& turns_;
    std::list<std::string>::iterator place_;
  };

  std::shared_ptr<Turn> take(std::string handle);

 private:
  void leave(std::list<std::string>::iterator place) noexcept;
  bool wait(std::list<std::string>::iterator place, std::stop_token stop);

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::list<std::string> row_;
};

}  // namespace mychat
