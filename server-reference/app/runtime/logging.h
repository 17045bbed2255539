// The node's log: one line an event on standard error, as text or JSON, written by a thread of its own. When
// the reader of the log is slower than the node, the oldest lines are lost rather than the node held up.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/log.h"
#include "front/routes/observer.h"

namespace spdlog {
class logger;
namespace details {
class thread_pool;
}
namespace sinks {
class sink;
}
}  // namespace spdlog

namespace mychat::server {

class Logger {
 public:
  // `format`: "text" or "json"; `level`: "debug", "info", "warning" or "error". `sink`: standard error when
  // empty.
  Logger(std::string_view format, std::string_view level,
         std::shared_ptr<spdlog::sinks::sink> sink = nullptr);
  ~Logger();  // Writes what is queued.
  Logger(const Logger&) = delete;
  Logger& operator=(const Logger&) = delete;

  void set_level(std::string_view level);
  bool enabled(LogLevel level) const noexcept;
  void write(LogLevel level, std::string_view component, std::string_view message);
  void access(const RequestRecord& record);
  // For the parts that take the library's log. Its level is this logger's, also after set_level().
  const Log& log() const noexcept { return log_; }

 private:
  bool json_;
  std::shared_ptr<spdlog::details::thread_pool> pool_;
  std::shared_ptr<spdlog::logger> logger_;
  Log log_;
};

// `text` as a JSON string, in quotes; bytes that are not UTF-8 become U+FFFD.
void append_json_quoted(std::string& out, std::string_view text);

}  // namespace mychat::server
