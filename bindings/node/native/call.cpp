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

Napi::Value to_buffer(Napi::Env env, const std::uint8_t* data, std::size_t size) {
  if (data == nullptr || size == 0) return Napi::Buffer<std::uint8_t>::New(env, 0);
  return Napi::Buffer<std::uint8_t>::Copy(env, data, size);
}

Job::Job(const Napi::CallbackInfo& info, Work work)
    : env_(info.Env()),
      work_(std::move(work)),
      shares_(Held::shares()),
      error_(Failure::share()),
      promise_(info.Env()) {
  for (std::size_t i = 0; i < info.Length(); ++i)
    if (info[i].IsObject() && !info[i].IsTypedArray())
      objects_.push_back(Napi::Persistent(info[i].As<Napi::Object>()));
}

namespace {

class PoolJob final : public Job, private Napi::AsyncWorker {
 public:
  PoolJob(const Napi::CallbackInfo& info, Work work)
      : Job(info, std::move(work)), AsyncWorker(info.Env(), "mychat") {}

 private:
  void start() override { Queue(); }
  void Execute() override { run(); }
  void OnOK() override { settle(); }
};

}  // namespace

void Job::begin(const Napi::CallbackInfo& info, Work work) { current_ = new PoolJob(info, std::move(work)); }

Napi::Value Job::queue(const char* operation) {
  operation_ = operation;
  const Napi::Promise promise = promise_.Promise();
  start();
  return promise;
}

void Job::fail(mychat_status status, const char* message) {
  status_ = status;
  error_->status = status;
  error_->domain = MYCHAT_DOMAIN_SYSTEM;
  std::strncpy(error_->message, message, sizeof error_->message - 1);
}

void Job::settle() {
  const Napi::HandleScope scope(env_);
  if (status_ != MYCHAT_OK) {
    promise_.Reject(to_error(env_, operation_, *error_).Value());
    return;
  }
  try {
    promise_.Resolve(convert_ ? convert_(env_) : env_.Undefined());
  } catch (const Napi::Error& error) {
    promise_.Reject(error.Value());
  }
}

namespace {

struct RecordRoom {
  std::vector<std::string> ids;
  std::vector<std::vector<std::uint8_t>> contents;
  std::vector<mychat_mls_record> items;
  std::vector<const mychat_mls_record*> list;
  ~RecordRoom() {
    for (std::vector<std::uint8_t>& content : contents)
      wipe(reinterpret_cast<char*>(content.data()), content.size());
  }
};

}  // namespace

const mychat_mls_record* const* Records::read(const Napi::Value& value) {
  const Napi::Env env = value.Env();
  if (!value.IsArray()) throw Napi::TypeError::New(env, "An array of records is wanted");
  const auto given = value.As<Napi::Array>();
  auto room = std::make_shared<RecordRoom>();
  what_ = room;
  count_ = given.Length();
  room->ids.reserve(count_);
  room->contents.reserve(count_);
  room->items.reserve(count_);
  for (std::uint32_t i = 0; i < count_; ++i) {
    const Napi::HandleScope scope(env);
    const Napi::Value item = given.Get(i);
    if (!item.IsObject()) throw Napi::TypeError::New(env, "A record is an object");
    const Napi::Value id = item.As<Napi::Object>().Get("id");
    const Napi::Value content = item.As<Napi::Object>().Get("content");
    if (!id.IsString() || !content.IsTypedArray() ||
        content.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array)
      throw Napi::TypeError::New(env, "A record has a string as its id, and a Uint8Array as its content");
    const auto bytes = content.As<Napi::Uint8Array>();
    room->ids.push_back(id.As<Napi::String>().Utf8Value());
    if (room->ids.back().find('\0') != std::string::npos)
      throw Napi::TypeError::New(env, "The id of a record holds a NUL.");
    room->contents.emplace_back(bytes.Data(), bytes.Data() + bytes.ByteLength());
    room->items.push_back({sizeof(mychat_mls_record), 0, room->ids.back().c_str(),
                           room->contents.back().data(), room->contents.back().size()});
  }
  room->list.reserve(count_);
  for (const mychat_mls_record& item : room->items) room->list.push_back(&item);
  return room->list.data();
}

void free_client(mychat_client* client) {
  mychat_client_free(client);
  LogSink::forget(client);
}

}  // namespace mychat_js
