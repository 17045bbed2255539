#include "log_sink.h"

#include <map>
#include <mutex>
#include <string>

namespace mychat_js {
namespace {

struct Line {
  mychat_log_level level;
  std::string component;
  std::string message;
};

struct Owners {
  std::mutex mutex;
  std::map<const void*, std::shared_ptr<LogSink>> sinks;
};

// Never destroyed: clients of a process that exits may log to the last.
Owners& owners() {
  static Owners* const all = new Owners;
  return *all;
}

constexpr std::size_t kMostWaiting = 10000;  // Lines beyond are left out: a log must not eat the memory.

}  // namespace

LogSink::LogSink(const Napi::Function& log)
    : function_(Napi::ThreadSafeFunction::New(log.Env(), log, "mychat log", kMostWaiting, 1,
                                              [gate = gate_](Napi::Env) {
                                                const std::lock_guard lock(gate->mutex);
                                                gate->closed = true;
                                              })) {
  function_.Unref(log.Env());
}

LogSink::~LogSink() {
  const std::lock_guard lock(gate_->mutex);
  if (!gate_->closed) function_.Release();
}

void LogSink::line(mychat_log_level level, const char* component, const char* message, void* context) {
  const auto& sink = *static_cast<LogSink*>(context);
  auto made = std::make_unique<Line>(Line{level, component, message});
  const std::lock_guard lock(sink.gate_->mutex);
  if (sink.gate_->closed) return;
  const napi_status status =
      sink.function_.NonBlockingCall(made.get(), [](Napi::Env env, Napi::Function log, Line* given) {
        const std::unique_ptr<Line> line(given);
        if (env == nullptr) return;
        log.Call({Napi::Number::New(env, line->level), Napi::String::New(env, line->component),
                  Napi::String::New(env, line->message)});
      });
  if (status == napi_ok) static_cast<void>(made.release());
  if (status == napi_closing)
    sink.gate_->closed = true;  // The environment ends and has our share in the function.
}

void LogSink::attach(mychat_client_options* options, const Napi::Function& log) {
  auto sink = std::make_shared<LogSink>(log);
  options->log = line;
  options->log_context = sink.get();
  const std::lock_guard lock(owners().mutex);
  owners().sinks[options] = std::move(sink);
}

void LogSink::follow(const mychat_client_options* options, const mychat_client* client) {
  const std::lock_guard lock(owners().mutex);
  const auto found = owners().sinks.find(options);
  if (found == owners().sinks.end()) return;
  const std::shared_ptr<LogSink> sink = found->second;
  owners().sinks[client] = sink;
}

void LogSink::forget(const void* owner) {
  std::shared_ptr<LogSink> last;  // Released outside of the lock.
  const std::lock_guard lock(owners().mutex);
  const auto found = owners().sinks.find(owner);
  if (found == owners().sinks.end()) return;
  last = std::move(found->second);
  owners().sinks.erase(found);
}

}  // namespace mychat_js
