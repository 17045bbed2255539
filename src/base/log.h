// One log sink a process part: the host's hook in the SDK, the logger in the node. Nothing that passes here
// may hold plaintext, keys, tokens or passwords.
#pragma once

#include <functional>
#include <mutex>
#include <string_view>

namespace mychat {

enum class LogLevel { kTrace = 0, kDebug = 1, kInfo = 2, kWarning = 3, kError = 4 };

class Log {
 public:
  using Sink = std::function<void(LogLevel, std::string_view component, std::string_view message)>;

  Log() = default;
  Log(LogLevel least, Sink sink) : least_(least), sink_(std::move(sink)) {}

  bool enabled(LogLevel level) const noexcept { return sink_ && level >= least_; }
  // What the sink throws, for want of memory, is dropped with the line.
  void write(LogLevel level, std::string_view component, std::string_view message) const noexcept {
    if (!enabled(level)) return;
    try {
      const std::lock_guard lock(mutex_);
      sink_(level, component, message);
    } catch (...) {
      return;
    }
  }

 private:
  LogLevel least_ = LogLevel::kError;
  Sink sink_;
  mutable std::mutex mutex_;
};

}  // namespace mychat
