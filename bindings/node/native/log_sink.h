// The log of a client, carried from whatever thread it comes to the thread of JavaScript.
#pragma once

#include <napi.h>

#include <memory>
#include <mutex>

#include "mychat/mychat.h"

namespace mychat_js {

class LogSink {
 public:
  explicit LogSink(const Napi::Function& log);
  ~LogSink();
  LogSink(const LogSink&) = delete;
  LogSink& operator=(const LogSink&) = delete;

  // A sink lives as long as the options that it was attached to, and the client that was made of them.
  static void attach(mychat_client_options* options, const Napi::Function& log);
  static void follow(const mychat_client_options* options, const mychat_client* client);
  static void forget(const void* owner);

 private:
  static void line(mychat_log_level level, const char* component, const char* message, void* context);

  // Whether the environment has taken the function away already. Shared with its finaliser, which may come
  // before or after the sink ends; the mutex keeps other threads out of a function that goes.
  struct Gate {
    std::mutex mutex;
    bool closed = false;
  };

  std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
  Napi::ThreadSafeFunction function_;
};

}  // namespace mychat_js
