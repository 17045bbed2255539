#include "app/runtime/logging.h"

#include <spdlog/async.h>
#include <spdlog/sinks/ansicolor_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <chrono>

#include "base/clock.h"
#include "base/encoding.h"

namespace mychat::server {

namespace {

constexpr std::size_t kQueuedLines = 2048;

spdlog::level::level_enum to_spdlog(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::kTrace:
      return spdlog::level::trace;
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

std::string_view level_name(spdlog::level::level_enum level) noexcept {
  switch (level) {
    case spdlog::level::trace:
      return "trace";
    case spdlog::level::debug:
      return "debug";
    case spdlog::level::info:
      return "info";
    case spdlog::level::warn:
      return "warning";
    default:
      return "error";
  }
}

spdlog::level::level_enum parse_level(std::string_view name) noexcept {
  if (name == "debug") return spdlog::level::debug;
  if (name == "warning") return spdlog::level::warn;
  if (name == "error") return spdlog::level::err;
  return spdlog::level::info;
}

// The payload is the line but for its time and level.
class LineFormatter : public spdlog::formatter {
 public:
  explicit LineFormatter(bool json) : json_(json) {}

  void format(const spdlog::details::log_msg& msg, spdlog::memory_buf_t& out) override {
    const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(msg.time.time_since_epoch());
    const std::string time = format_time(since.count());
    const std::string_view level = level_name(msg.level);
    const auto append = [&out](std::string_view text) { out.append(text.data(), text.data() + text.size()); };
    if (json_) {
      append("{\"time\":\"");
      append(time);
      append("\",\"level\":\"");
      append(level);
      append("\",");
      append({msg.payload.data(), msg.payload.size()});
      append("}\n");
    } else {
      append(time);
      append(" ");
      append(level);
      append(" ");
      append({msg.payload.data(), msg.payload.size()});
      append("\n");
    }
  }

  std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<LineFormatter>(json_); }

 private:
  bool json_;
};

// One event is one line, whatever is in it.
std::string one_line(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  return out;
}

}  // namespace

void append_json_quoted(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  const bool utf8 = is_utf8(text);
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else if (byte >= 0x80 && !utf8) {
      out += "\\ufffd";
    } else {
      out += c;
    }
  }
  out += '"';
}

Logger::Logger(std::string_view format, std::string_view level, std::shared_ptr<spdlog::sinks::sink> sink)
    : json_(format == "json"),
      pool_(std::make_shared<spdlog::details::thread_pool>(kQueuedLines, 1)),
      log_(LogLevel::kTrace, [this](LogLevel line_level, std::string_view component,
                                    std::string_view message) { write(line_level, component, message); }) {
  if (!sink) sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  logger_ = std::make_shared<spdlog::async_logger>("mychat", std::move(sink), pool_,
                                                   spdlog::async_overflow_policy::overrun_oldest);
  logger_->set_formatter(std::make_unique<LineFormatter>(json_));
  logger_->flush_on(spdlog::level::warn);
  set_level(level);
}

Logger::~Logger() {
  logger_->flush();
  logger_.reset();
  pool_.reset();  // Joins its thread once the queue is written.
}

void Logger::set_level(std::string_view level) { logger_->set_level(parse_level(level)); }

bool Logger::enabled(LogLevel level) const noexcept { return logger_->should_log(to_spdlog(level)); }

void Logger::write(LogLevel level, std::string_view component, std::string_view message) {
  if (!enabled(level)) return;
  std::string line;
  if (json_) {
    line = "\"component\":";
    append_json_quoted(line, component);
    line += ",\"message\":";
    append_json_quoted(line, message);
  } else {
    line += '[';
    line += one_line(component);
    line += "] ";
    line += one_line(message);
  }
  logger_->log(to_spdlog(level), spdlog::string_view_t(line));
}

void Logger::access(const RequestRecord& record) {
  if (!enabled(LogLevel::kInfo)) return;
  const bool debug = enabled(LogLevel::kDebug);
  const double ms = static_cast<double>(record.duration_us) / 1000.0;
  std::string line;
  if (json_) {
    line = fmt::format(
        R"("component":"access","request":{},"method":"{}","route":"{}","status":{},"duration_ms":{:.3f},)"
        R"("bytes_in":{},"bytes_out":{})",
        record.id, record.method, record.route, record.status, ms, record.request_bytes,
        record.response_bytes);
    if (debug) {
      line += ",\"address\":";
      append_json_quoted(line, record.address);
    }
  } else {
    line = fmt::format("[access] {} {} {} {:.3f}ms in={} out={} request={}", record.method, record.route,
                       record.status, ms, record.request_bytes, record.response_bytes, record.id);
    if (debug) line += " address=" + one_line(record.address);
  }
  logger_->log(spdlog::level::info, spdlog::string_view_t(line));
}

}  // namespace mychat::server
