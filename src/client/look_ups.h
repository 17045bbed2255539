// Questions to the node for the keys of users, under way while other things are done: a user's node that is
// slow or silent must not hold up what is for others.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "client/freshness.h"
#include "transport/http_client.h"

namespace mychat {

class Core;

class LookUps {
 public:
  struct Answer {
    std::string handle;
    Freshness::Mark asked_at = 0;  // Of the core's `announced`.
    HttpResult result;
  };

  // `answered` is called on the HTTP client's thread when there is something to take.
  LookUps(Core& core, std::function<void()> answered);
  ~LookUps() { close(); }
  LookUps(const LookUps&) = delete;
  LookUps& operator=(const LookUps&) = delete;

  // Asks for them, now or when others were answered; once, until the answer is taken. Not with the core's
  // mutex held.
  void want(const std::string& handle);
  bool wants(const std::string& handle) const;
  std::size_t wanted() const;
  std::vector<Answer> take();
  void close();  // What comes later is dropped.

 private:
  struct Shared;
  void ask_waiting();

  Core& core_;
  std::shared_ptr<Shared> shared_;  // With the callbacks.
};

}  // namespace mychat
