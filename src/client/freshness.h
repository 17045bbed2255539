// Which answers of the node may be out of date. Whoever asks takes a mark before; what changed here since
// then may be newer than the answer.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace mychat {

class Freshness {
 public:
  using Mark = std::uint64_t;

  Mark mark() const noexcept { return last_; }
  void changed(std::string_view handle) {
    const auto found = changes_.try_emplace(std::string(handle)).first;
    found->second = ++last_;
  }
  bool changed_since(std::string_view handle, Mark mark) const {
    const auto found = changes_.find(handle);
    return found != changes_.end() && found->second > mark;
  }

 private:
  std::map<std::string, Mark, std::less<>> changes_;
  Mark last_ = 0;
};

}  // namespace mychat
