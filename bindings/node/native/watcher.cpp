#include "watcher.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>

namespace mychat_js {

struct Watcher::Handle {
  uv_poll_t* poll;
  int fd;  // A descriptor of our own, so that the client may close its own first.
  Watcher* owner;
  napi_async_cleanup_hook_handle hook;

  uv_handle_t* base() { return reinterpret_cast<uv_handle_t*>(poll); }

  void close() {
    owner = nullptr;
    if (uv_is_closing(base()) == 0) uv_close(base(), closed);
  }

  static void closed(uv_handle_t* base) {
    auto* const self = static_cast<Handle*>(uv_handle_get_data(base));
    ::close(self->fd);
    std::free(self->poll);
    napi_remove_async_cleanup_hook(self->hook);  // An environment that ends waits for this.
    delete self;
  }
};

void Watcher::define(Napi::Env env, Napi::Object exports) {
  exports.Set("Watcher",
              DefineClass(env, "Watcher",
                          {InstanceMethod<&Watcher::close>("close"), InstanceMethod<&Watcher::ref>("ref"),
                           InstanceMethod<&Watcher::unref>("unref"), InstanceMethod<&Watcher::pause>("pause"),
                           InstanceMethod<&Watcher::resume>("resume")}));
}

Watcher::Watcher(const Napi::CallbackInfo& info) : ObjectWrap(info), context_(info.Env(), "mychat events") {
  const Napi::Env env = info.Env();
  if (info.Length() != 2 || !info[0].IsNumber() || !info[1].IsFunction())
    throw Napi::TypeError::New(env, "Watcher: a descriptor and a function are wanted");
  uv_loop_t* loop = nullptr;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) throw Napi::Error::New(env, "Watcher: no event loop");
  const int fd = ::fcntl(info[0].As<Napi::Number>().Int32Value(), F_DUPFD_CLOEXEC, 0);
  if (fd < 0) throw Napi::Error::New(env, "Watcher: the descriptor cannot be used");
  // The size is asked for, not compiled in: the running libuv may be newer than the headers.
  auto* const poll = static_cast<uv_poll_t*>(std::malloc(uv_handle_size(UV_POLL)));
  if (poll == nullptr || uv_poll_init(loop, poll, fd) != 0) {
    std::free(poll);
    ::close(fd);
    throw Napi::Error::New(env, "Watcher: the descriptor cannot be watched");
  }
  handle_ = new Handle{poll, fd, this, nullptr};
  uv_handle_set_data(handle_->base(), handle_);
  callback_ = Napi::Persistent(info[1].As<Napi::Function>());
  napi_add_async_cleanup_hook(env, environment_ends, handle_, &handle_->hook);
  uv_poll_start(poll, UV_READABLE, readable);
  uv_unref(handle_->base());
  Ref();
}

void Watcher::close(const Napi::CallbackInfo&) {
  if (handle_ == nullptr) return;
  handle_->close();
  handle_ = nullptr;
  callback_.Reset();
  Unref();
}

void Watcher::ref(const Napi::CallbackInfo&) {
  if (handle_ != nullptr) uv_ref(handle_->base());
}

void Watcher::unref(const Napi::CallbackInfo&) {
  if (handle_ != nullptr) uv_unref(handle_->base());
}

void Watcher::pause(const Napi::CallbackInfo&) {
  if (handle_ != nullptr) uv_poll_stop(handle_->poll);
}

void Watcher::resume(const Napi::CallbackInfo&) {
  if (handle_ != nullptr) uv_poll_start(handle_->poll, UV_READABLE, readable);
}

void Watcher::call() {
  const Napi::Env env = Env();
  const Napi::HandleScope scope(env);
  try {
    callback_.MakeCallback(Value(), std::initializer_list<napi_value>{}, context_);
  } catch (const Napi::Error& error) {
    napi_fatal_exception(env, error.Value());  // As any exception in a callback of the loop.
  }
}

void Watcher::readable(uv_poll_t* poll, int, int) {
  const auto* const handle = static_cast<Handle*>(uv_handle_get_data(reinterpret_cast<uv_handle_t*>(poll)));
  if (handle->owner != nullptr) handle->owner->call();
}

void Watcher::environment_ends(napi_async_cleanup_hook_handle, void* data) {
  auto* const handle = static_cast<Handle*>(data);
  if (handle->owner != nullptr) handle->owner->handle_ = nullptr;
  handle->close();
}

}  // namespace mychat_js
