// What the parts of the extension share. It wraps the public C ABI and knows nothing else of MyChat.
#pragma once

#include <pybind11/pybind11.h>

#include <concepts>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "mychat/mychat.h"

namespace mychat_python {

namespace py = pybind11;

// ---- The interpreter's lock

// Where the interpreter has begun to end, keeps a daemon thread here for good, as CPython does from 3.14 on.
void stay_at_the_end() noexcept;

// Somebody inside the library whom the end of the interpreter waits for: who may call Python, perhaps from a
// thread that is not Python's, or whose work the end of the process would pull the ground from under. Where a
// thread asks for the lock too late, CPython before 3.14 unwinds it, through frames of the library that
// nothing may pass. (client.cpp)
class Guest {
 public:
  Guest();
  ~Guest();
  Guest(const Guest&) = delete;
  Guest& operator=(const Guest&) = delete;
  // Not when the end has begun.
  bool welcome() const noexcept { return welcome_; }
  // Of this thread.
  static int count() noexcept { return here_; }
  static bool here() noexcept { return here_ != 0; }

 private:
  bool welcome_;
  static thread_local int here_;
};

// Lets other Python threads run. A daemon thread that asks for the lock back when the interpreter has ended
// is unwound by CPython (before 3.14) from within PyEval_RestoreThread, through frames that need not bear it:
// so it does not ask, and the end waits for who asked before. Where an interpreter ends without its exit
// functions it may be unwound all the same, so that this destructor must be allowed to throw; pybind11's own
// scope aborts there.
class Unlocked {
 public:
  Unlocked() : state_(PyEval_SaveThread()) {}
  ~Unlocked() noexcept(false) {
    std::optional<Guest> guest(std::in_place);
    if (!guest->welcome()) {
      guest.reset();
      stay_at_the_end();
    }
    PyEval_RestoreThread(state_);
  }
  Unlocked(const Unlocked&) = delete;
  Unlocked& operator=(const Unlocked&) = delete;

 private:
  PyThreadState* state_;
};

// A call that the end waits for. A daemon thread that comes when the end has begun goes no further than this.
class Visit {
 public:
  Visit() {
    guest_.emplace();
    if (guest_->welcome()) return;
    guest_.reset();
    const Unlocked stays;
  }

 private:
  std::optional<Guest> guest_;  // The thread that ends the interpreter has none, and may call until the last.
};

// ---- Errors (errors.cpp)

py::object make_error(const mychat_error& error, const char* operation, std::int64_t retry_after_ms = 0);
[[noreturn]] void raise(const mychat_error& error, const char* operation);
[[noreturn]] void raise_argument(const std::string& message, const char* operation = "");
[[noreturn]] void raise_closed(const char* message, const char* operation);

// ---- Arguments (arguments.cpp). Each names itself in its error.

// Borrowed UTF-8 of a str; no NUL may be in it, for C would end there.
class Text {
 public:
  enum class None { kRefused, kAllowed };
  Text(py::handle value, const char* name, None none = None::kRefused);
  const char* get() const noexcept { return text_; }

 private:
  const char* text_ = nullptr;
};
inline constexpr auto kAllowed = Text::None::kAllowed;

// A path: str or os.PathLike, as the file system has it.
class Path {
 public:
  Path(py::handle value, const char* name, Text::None none = Text::None::kRefused);
  const char* get() const noexcept { return bytes_ ? text_ : nullptr; }

 private:
  py::object bytes_;
  const char* text_ = nullptr;
};

// A copy of a secret given as str or bytes, wiped when it goes.
class Secret {
 public:
  Secret(py::handle value, const char* name, Text::None none = Text::None::kRefused);
  ~Secret();
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  const char* get() const noexcept { return given_ ? text_.c_str() : nullptr; }

 private:
  std::string text_;
  bool given_ = false;
};

// Borrowed bytes of anything with a buffer.
class Bytes {
 public:
  explicit Bytes(py::handle value, const char* name = nullptr);
  ~Bytes() { PyBuffer_Release(&view_); }
  Bytes(const Bytes&) = delete;
  Bytes& operator=(const Bytes&) = delete;
  const void* data() const noexcept { return view_.buf; }
  std::size_t size() const noexcept { return static_cast<std::size_t>(view_.len); }

 private:
  Py_buffer view_{};
};

std::int64_t whole(py::handle value, const char* name, std::int64_t least, std::int64_t most);
std::uint64_t natural(py::handle value, const char* name, std::uint64_t most);

// A number that T holds. As a parameter of a bound function it would be pybind11 that refuses another one,
// and shows every argument, secrets too.
template <std::integral T>
T number(py::handle value, const char* name) {
  using Limits = std::numeric_limits<T>;
  if constexpr (std::is_signed_v<T>)
    return static_cast<T>(whole(value, name, Limits::min(), Limits::max()));
  else
    return static_cast<T>(natural(value, name, Limits::max()));
}

// ---- Values (values.cpp): the library's structs as the classes of mychat._types

void bind_types(py::module_& types, py::module_& enums, py::object error_factory);

py::object enum_value(const char* name, std::int32_t value);
py::object to_python(const mychat_account& value);
py::object to_python(const mychat_session_list& value);
py::object to_python(const mychat_node_info& value);
py::object to_python(const mychat_store_report& value);
py::object to_python(const mychat_contact& value);
py::object to_python(const mychat_contact_list& value);
py::object to_python(const mychat_conversation_list& value);
py::object to_python(const mychat_message& value);
py::object to_python(const mychat_message_list& value);
py::object to_python(const mychat_explanation& value);
py::object to_python(const mychat_backup& value);
py::object to_python(const mychat_backup_report& value);
py::object to_python(const mychat_event& value);  // events.cpp
py::object text_to_python(const char* text);
py::object time_to_python(std::int64_t millis);

// Frees what the library handed over, also when an exception passes.
template <class T>
class Owned {
 public:
  explicit Owned(void (*free)(T*)) : free_(free) {}
  ~Owned() { free_(value_); }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  T** out() noexcept { return &value_; }
  T* get() const noexcept { return value_; }
  T* release() noexcept { return std::exchange(value_, nullptr); }

 private:
  T* value_ = nullptr;
  void (*free_)(T*);
};

// A handle of the library until it is closed; calls under way, also those of other threads, keep it
// meanwhile.
template <class T>
class Handle {
 public:
  Handle() = default;
  Handle(T* made, void (*free)(T*)) : held_(made, free) {}
  void set(T* made, void (*free)(T*)) { held_.reset(made, free); }
  void close() { held_.reset(); }
  bool closed() const noexcept { return held_ == nullptr; }
  std::shared_ptr<T> live(const char* what, const char* operation) const {
    if (held_ == nullptr) raise_closed(what, operation);
    return held_;
  }

 private:
  std::shared_ptr<T> held_;
};

// Calls what belongs to no client, without the interpreter's lock.
template <class Call>
void run(const char* operation, Call&& call) {
  const Visit visit;
  mychat_error error = MYCHAT_ERROR_INIT;
  mychat_status status = MYCHAT_OK;
  {
    Unlocked unlocked;
    status = call(&error);
  }
  if (status != MYCHAT_OK) raise(error, operation);
}

// ---- The client (client.cpp)

// One mychat_client. Python keeps it alive while one of its methods runs.
class Core {
 public:
  struct Log;

  Core() = default;
  ~Core();
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  void create(mychat_client_options& options, py::object log, py::object store_key);
  void close();
  int event_fd();
  void wakeup();
  // The next event; None when the time is over. Signals are handled while it waits.
  py::object poll(std::int32_t timeout_ms);
  // Up to `most` events, for as long as `budget_us`. Waits for none.
  py::list poll_batch(std::size_t most, std::int64_t budget_us);
  // The completion event; None when the time is over.
  py::object await(std::uint64_t request, std::int32_t timeout_ms);

  template <class Call>
  void local(const char* operation, Call&& call) {
    mychat_client* client = get(operation);
    run(operation, [&](mychat_error* error) { return call(client, error); });
  }
  template <class T, class Call>
  py::object fetch(const char* operation, void (*free)(T*), Call&& call) {
    Owned<T> result(free);
    local(operation,
          [&](mychat_client* client, mychat_error* error) { return call(client, result.out(), error); });
    return to_python(*result.get());
  }
  template <class Call>
  py::object fetch_text(const char* operation, Call&& call) {
    Owned<char> result(mychat_string_free);
    local(operation,
          [&](mychat_client* client, mychat_error* error) { return call(client, result.out(), error); });
    return text_to_python(result.get());
  }
  template <class Call>
  std::uint64_t request(const char* operation, Call&& call) {
    mychat_request_id id = 0;
    local(operation, [&](mychat_client* client, mychat_error* error) { return call(client, &id, error); });
    return id;
  }

  static int traverse(PyObject* self, visitproc visit, void* arg);
  static int clear(PyObject* self);

 private:
  mychat_client* get(const char* operation) const;

  std::shared_ptr<mychat_client> client_;  // Also held while it is closed at the interpreter's end.
  Log* log_ = nullptr;
  std::uint64_t process_ = 0;
};

// The interpreter ends: closes every client. None is made any more, and nothing of Python's is called.
void interpreter_exits();

using CoreClass = py::class_<Core>;
void bind_client(py::module_& module, CoreClass& core);
void bind_account(CoreClass& core);
void bind_messages(CoreClass& core);
void bind_contacts(CoreClass& core);
void bind_keys(py::module_& module, CoreClass& core);
void bind_federation(py::module_& module);
void bind_mls(py::module_& module);

}  // namespace mychat_python
