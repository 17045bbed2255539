// Which answers of the node may be out of date. Whoever asks takes a mark before; what changed here since
// then may be newer than the answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace mychat {

class Freshness {
 public:
  using Mark = std::uint64_t;
  static constexpr std::size_t kMost = 4096;  // Remembered; beyond, every older answer counts as out of date.

  Mark mark() const noexcept { return last_; }
  void changed(std::string_view handle) {
    if (changes_.size() >= kMost) {
      changes_.clear();
      cleared_at_ = last_;
    }
    const auto found = changes_.try_emplace(std::string(handle)).first;
    found->second = ++last_;
  }
  bool changed_since(std::string_view handle, Mark mark) const {
    const auto found = changes_.find(handle);
    return mark < cleared_at_ || (found != changes_.end() && found->second > mark);
  }

 private:
  std::map<std::string, Mark, std::less<>> changes_;
  Mark last_ = 0;
  Mark cleared_at_ = 0;
};

}  // namespace mychat
