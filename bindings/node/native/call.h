// What the generated Node-API layer calls: reading of arguments, errors, out parameters, and calls off the
// event loop.
#pragma once

#include <napi.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "mychat/mls.h"
#include "mychat/mychat.h"

namespace mychat_js {

// What the wrapper that is running on this thread holds for its call: wrappers keep these as locals, so that
// the live ones form a stack. A call that goes off the loop takes shares in them, and they outlive the
// wrapper.
class Held {
 public:
  Held() noexcept : below_(top_) { top_ = this; }
  ~Held() { top_ = below_; }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  static std::vector<std::shared_ptr<void>> shares();

 protected:
  std::shared_ptr<void> what_;

 private:
  Held* below_;
  static thread_local Held* top_;
};

// A text or bytes out of JavaScript: copied once, wiped when the call is over.
class Text : public Held {
 public:
  // NULL for null and undefined; throws for what is no string or Uint8Array, and for a NUL within.
  const char* read(const Napi::Value& value, const char* operation);
  const char* read_bytes(const Napi::Value& value);
  std::size_t size() const noexcept { return size_; }

 private:
  char* room(std::size_t size);
  std::size_t size_ = 0;
};

// The mychat_error of the call.
class Failure : public Held {
 public:
  mychat_error* get();
  static const mychat_error& current();
  static std::shared_ptr<mychat_error> share();

 private:
  static thread_local std::shared_ptr<mychat_error> current_;
};

// Error with status, domain, detail, retryable and operation, which src/errors.ts makes a MyChatError of.
Napi::Error to_error(Napi::Env env, const char* operation, const mychat_error& error);

// A copy; of nothing where there is nothing.
Napi::Value to_buffer(Napi::Env env, const std::uint8_t* data, std::size_t size);

// An out parameter of type T.
template <typename T>
class Out : public Held {
 public:
  using Release = void (*)(T);
  T* get() {
    cell_ = std::make_shared<T>();
    what_ = cell_;
    return cell_.get();
  }
  T* get(Release release) {
    cell_ = std::shared_ptr<T>(new T(), [release](T* cell) {
      if (*cell != nullptr) release(*cell);
      delete cell;
    });
    what_ = cell_;
    return cell_.get();
  }
  const std::shared_ptr<T>& cell() const noexcept { return cell_; }

 private:
  std::shared_ptr<T> cell_;
};

// Events on their way to JavaScript, in order; it frees those that do not get there.
class Batch {
 public:
  Batch() = default;
  ~Batch() {
    while (mychat_event* const event = take()) mychat_event_free(event);
  }
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;
  void add(mychat_event* event) { events_.push_back(event); }
  mychat_event* take() noexcept { return next_ < events_.size() ? events_[next_++] : nullptr; }
  std::size_t size() const noexcept { return events_.size(); }

 private:
  std::vector<mychat_event*> events_;
  std::size_t next_ = 0;
};

struct MessageId {
  char text[MYCHAT_MESSAGE_ID_SIZE];
};

// Records of a stored group, out of an array of {id, content}: copied once, wiped when the call is over.
class Records : public Held {
 public:
  const mychat_mls_record* const* read(const Napi::Value& value);
  std::size_t count() const noexcept { return count_; }

 private:
  std::size_t count_ = 0;
};

// A call on another thread, and the promise of its result. The wrapper begins it, and queue() is its last
// failure.
class Job {
 public:
  using Work = std::function<mychat_status()>;
  using Convert = std::function<Napi::Value(Napi::Env)>;

  static void begin(const Napi::CallbackInfo& info, Work work);  // On libuv's thread pool.
  static Job* current() noexcept { return current_; }            // Of the wrapper that is running.
  static void end() noexcept { current_ = nullptr; }
  Napi::Value queue(const char* operation);
  void convert_with(Convert convert) { convert_ = std::move(convert); }
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

 protected:
  Job(const Napi::CallbackInfo& info, Work work);
  virtual ~Job() = default;
  virtual void start() = 0;
  void run() { status_ = work_(); }                      // On the other thread.
  void fail(mychat_status status, const char* message);  // Instead of it.
  void settle();                                         // On that of JavaScript.
  Napi::Env environment() const noexcept { return env_; }

  static thread_local Job* current_;

 private:
  Napi::Env env_;
  Work work_;
  Convert convert_;
  std::vector<std::shared_ptr<void>> shares_;
  std::vector<Napi::ObjectReference> objects_;  // So that no client is collected under its call.
  std::shared_ptr<mychat_error> error_;
  Napi::Promise::Deferred promise_;
  const char* operation_ = "";
  mychat_status status_ = MYCHAT_OK;
};

// What came through an out parameter: now, or when the job is done.
template <typename T, typename Convert>
Napi::Value deliver(Napi::Env env, Napi::Value result, const Out<T>& out, Convert convert) {
  Job* const job = Job::current();
  if (job == nullptr) return convert(env, *out.cell());
  job->convert_with([cell = out.cell(), convert](Napi::Env to) { return convert(to, *cell); });
  return result;
}

void free_client(mychat_client* client);

}  // namespace mychat_js
