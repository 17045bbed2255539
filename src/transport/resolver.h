// Host names to addresses without ever blocking the caller: getaddrinfo on a thread of its own.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/error.h"
#include "transport/url.h"

namespace mychat {

// One look-up. getaddrinfo cannot be interrupted: when the look-up is abandoned, its thread ends by itself
// later and its answer is dropped. (So the library must not be unloaded while a name server is silent.)
class NameLookup {
 public:
  // Starts it. `wake` is called once, on the look-up's thread, unless the look-up was abandoned before.
  // Addresses and localhost are answered at once, without a thread and without `wake`.
  NameLookup(const Url& url, std::function<void()> wake);
  ~NameLookup();  // Abandons it; returns at once.
  NameLookup(const NameLookup&) = delete;
  NameLookup& operator=(const NameLookup&) = delete;

  bool done() const;
  // Numeric addresses in the order to try, at most kMaxAddresses; throws MYCHAT_E_DNS. After done() only.
  std::vector<std::string> addresses() const;

  static constexpr std::size_t kMaxAddresses = 8;

 private:
  struct State;
  std::string host_;
  std::shared_ptr<State> state_;
};

}  // namespace mychat
