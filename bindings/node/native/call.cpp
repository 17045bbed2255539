#include "call.h"

#include <cstring>

#include "log_sink.h"

namespace mychat_js {
namespace {

void wipe(char* data, std::size_t size) noexcept {
  volatile char* byte = data;
  while (size-- > 0) *byte++ = 0;
}

mychat_error invalid_argument(const char* message) {
  mychat_error error = MYCHAT_ERROR_INIT;
  error.status = MYCHAT_E_INVALID_ARGUMENT;
  error.domain = MYCHAT_DOMAIN_API;
  std::strncpy(error.message, message, sizeof error.message - 1);
  return error;
}

}  // namespace

thread_local Held* Held::top_ = nullptr;
thread_local std::shared_ptr<mychat_error> Failure::current_;
thread_local Job* Job::current_ = nullptr;

std::vector<std::shared_ptr<void>> Held::shares() {
  std::vector<std::shared_ptr<void>> all;
  for (const Held* held = top_; held != nullptr; held = held->below_)
    if (held->what_) all.push_back(held->what_);
  return all;
}

char* Text::room(std::size_t size) {
  size_ = size;
  std::shared_ptr<char> data(new char[size + 1], [size](char* bytes) {
    wipe(bytes, size);
    delete[] bytes;
  });
  data.get()[size] = '\0';
  what_ = data;
  return data.get();
}

const char* Text::read_bytes(const Napi::Value& value) {
  const Napi::Env env = value.Env();
  if (value.IsString()) {
    std::size_t size = 0;
    if (napi_get_value_string_utf8(env, value, nullptr, 0, &size) != napi_ok) throw Napi::Error::New(env);
    char* const data = room(size);
    if (napi_get_value_string_utf8(env, value, data, size + 1, &size) != napi_ok) throw Napi::Error::New(env);
    return data;
  }
  if (value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == napi_uint8_array) {
    const Napi::Uint8Array bytes = value.As<Napi::Uint8Array>();
    char* const data = room(bytes.ByteLength());
    if (size_ > 0) std::memcpy(data, bytes.Data(), size_);
    return data;
  }
  throw Napi::TypeError::New(env, "A string or a Uint8Array is wanted");
}

const char* Text::read(const Napi::Value& value, const char* operation) {
  if (value.IsNull() || value.IsUndefined()) return nullptr;
  const char* const data = read_bytes(value);
  if (std::memchr(data, '\0', size_) != nullptr)
    throw to_error(value.Env(), operation, invalid_argument("A text holds a NUL."));
  return data;
}

mychat_error* Failure::get() {
  current_ = std::make_shared<mychat_error>();
  mychat_error_init(current_.get());
  what_ = current_;
  return current_.get();
}

const mychat_error& Failure::current() { return *current_; }
std::shared_ptr<mychat_error> Failure::share() { return current_; }

Napi::Error to_error(Napi::Env env, const char* operation, const mychat_error& error) {
  Napi::Error made = Napi::Error::New(env, std::string(error.message));
  Napi::Object fields = made.Value();
  fields.Set("status", Napi::Number::New(env, error.status));
  fields.Set("domain", Napi::Number::New(env, error.domain));
  fields.Set("detail", Napi::Number::New(env, error.detail));
  fields.Set("retryable", Napi::Boolean::New(env, error.retryable != 0));
  fields.Set("operation", Napi::String::New(env, operation));
  return made;
}

Job::Job(const Napi::CallbackInfo& info, Work work)
    : AsyncWorker(info.Env(), "mychat"),
      work_(std::move(work)),
      shares_(Held::shares()),
      error_(Failure::share()),
      promise_(info.Env()) {
  for (std::size_t i = 0; i < info.Length(); ++i)
    if (info[i].IsObject() && !info[i].IsTypedArray())
      objects_.push_back(Napi::Persistent(info[i].As<Napi::Object>()));
}

void Job::begin(const Napi::CallbackInfo& info, Work work) { current_ = new Job(info, std::move(work)); }

Napi::Value Job::queue(const char* operation) {
  operation_ = operation;
  Queue();
  return promise_.Promise();
}

void Job::OnOK() {
  const Napi::Env env = Env();
  const Napi::HandleScope scope(env);
  if (status_ != MYCHAT_OK) {
    promise_.Reject(to_error(env, operation_, *error_).Value());
    return;
  }
  try {
    promise_.Resolve(convert_ ? convert_(env) : env.Undefined());
  } catch (const Napi::Error& error) {
    promise_.Reject(error.Value());
  }
}

void free_client(mychat_client* client) {
  mychat_client_free(client);
  LogSink::forget(client);
}

}  // namespace mychat_js
