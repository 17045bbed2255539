// Watches the event descriptor of a client with libuv: no thread, and nothing is read from the descriptor.
#pragma once

#include <napi.h>
#include <uv.h>

namespace mychat_js {

// new Watcher(fd, callback): calls back while the descriptor is readable. close() ends it; ref() and unref()
// say whether it keeps the process alive (at first it does not); pause() and resume() whether it looks. It is
// not collected before close().
class Watcher : public Napi::ObjectWrap<Watcher> {
 public:
  static void define(Napi::Env env, Napi::Object exports);
  explicit Watcher(const Napi::CallbackInfo& info);

 private:
  struct Handle;  // What libuv needs until it has closed the descriptor, which may be after the object.

  void close(const Napi::CallbackInfo& info);
  void ref(const Napi::CallbackInfo& info);
  void unref(const Napi::CallbackInfo& info);
  void pause(const Napi::CallbackInfo& info);
  void resume(const Napi::CallbackInfo& info);
  void call();
  static void readable(uv_poll_t* poll, int status, int events);
  static void environment_ends(napi_async_cleanup_hook_handle hook, void* data);

  Napi::FunctionReference callback_;
  Napi::AsyncContext context_;
  Handle* handle_ = nullptr;  // NULL once closed.
};

}  // namespace mychat_js
