// What the parts of MLS share: calls, whom they ask, values on their way in and out, handles.
#pragma once

#include <cstddef>
#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "binding.h"

namespace mychat_python::mls {

// ---- Calls

// A call under way on this thread, and whom it asks, if anybody: a Python object with `accept`,
// `is_successor`, `psk` and `accept_commit`. C asks on the thread that calls and on no other; the innermost
// call is meant.
class Asking {
 public:
  explicit Asking(py::handle whom) noexcept : whom_(whom), before_(std::exchange(here_, this)) {}
  ~Asking() { here_ = before_; }
  Asking(const Asking&) = delete;
  Asking& operator=(const Asking&) = delete;

  // What Python raised comes out of the call, instead of what C made of it.
  void rethrow() {
    if (std::exception_ptr raised = std::exchange(raised_, nullptr)) std::rethrow_exception(raised);
  }

  // answer(whom) with the interpreter's lock; 0 where there is nobody, and once something was raised.
  template <class Answer>
  static std::int32_t ask(Answer&& answer) noexcept {
    Asking* const self = here_;
    if (self == nullptr || !self->whom_ || self->raised_) return 0;
    const py::gil_scoped_acquire locked;
    try {
      return answer(self->whom_);
    } catch (...) {
      self->raised_ = std::current_exception();
      return 0;
    }
  }

 private:
  py::handle whom_;
  std::exception_ptr raised_;
  Asking* before_;
  static thread_local Asking* here_;
};

// Without the interpreter's lock, for what may take longer than it takes to give it back.
template <class Work>
void run(const char* operation, Work&& work, py::handle whom = {}) {
  const Visit visit;
  Asking asking(whom);
  mychat_error error = MYCHAT_ERROR_INIT;
  mychat_status status = MYCHAT_OK;
  {
    const Unlocked unlocked;
    status = work(&error);
  }
  asking.rethrow();
  if (status != MYCHAT_OK) raise(error, operation);
}

// With it, for what takes a few microseconds and asks nobody.
template <class Work>
void run_locked(const char* operation, Work&& work) {
  const Asking nobody({});
  mychat_error error = MYCHAT_ERROR_INIT;
  if (work(&error) != MYCHAT_OK) raise(error, operation);
}

// ---- What goes out: structs as dicts, of which mychat.mls makes its classes (mls_values.cpp)

py::bytes to_bytes(const std::uint8_t* data, std::size_t size);
py::object to_dict(const mychat_mls_credential* value);
py::object to_dict(const mychat_mls_psk_id* value);
py::object to_dict(const mychat_mls_proposal* value);
py::object to_dict(const mychat_mls_summary* value);
py::object to_dict(const mychat_mls_message* value);
py::object to_dict(const mychat_mls_group_state* value);
py::object to_dict(const mychat_mls_received* value);
py::object to_dict(const mychat_mls_member_list* value);
py::object to_dict(const mychat_mls_proposal_list* value);
py::object to_dict(const mychat_mls_record_list* value);  // Pairs of id and content; None: erased.
inline py::object to_dict(const mychat_bytes* value) { return to_bytes(value->data, value->size); }
py::object to_secret(const mychat_bytes* value);  // A bytearray, which its receiver wipes.

// work(out, error) gives a struct, which is freed here.
template <class T, class Work>
py::object take(const char* operation, void (*free)(T*), Work&& work, py::handle whom = {}) {
  Owned<T> result(free);
  run(
      operation, [&](mychat_error* error) { return work(result.out(), error); }, whom);
  return to_dict(static_cast<const T*>(result.get()));
}
template <class T, class Work>
py::object take_locked(const char* operation, void (*free)(T*), Work&& work) {
  Owned<T> result(free);
  run_locked(operation, [&](mychat_error* error) { return work(result.out(), error); });
  return to_dict(static_cast<const T*>(result.get()));
}
template <class Work>
py::object take_bytes(const char* operation, Work&& work, py::handle whom = {}) {
  return take<mychat_bytes>(operation, mychat_bytes_free, std::forward<Work>(work), whom);
}
template <class Work>
py::object take_secret(const char* operation, Work&& work) {
  Owned<mychat_bytes> result(mychat_bytes_free);
  run(operation, [&](mychat_error* error) { return work(result.out(), error); });
  return to_secret(result.get());
}

// ---- What comes in (mls_host.cpp)

// What a group asks and its limits. The functions find whom to ask by the call (Asking): there is no context.
struct Host {
  Host(py::handle flags, py::handle past_epochs, py::handle resumption_epochs,
       py::handle max_waiting_proposals, py::handle max_messages_ahead, py::handle max_lifetime);
  mychat_mls_options options = MYCHAT_MLS_OPTIONS_INIT;
};

// How one appears: (credential, private_key, flags, extensions, extension_types, proposal_types, lifetime).
class Leaf {
 public:
  explicit Leaf(const py::tuple& given);
  Leaf(const Leaf&) = delete;
  Leaf& operator=(const Leaf&) = delete;
  const mychat_mls_leaf_options* get() const { return &options_; }

 private:
  Bytes credential_, key_, extensions_;
  Text extension_types_, proposal_types_;
  mychat_mls_leaf_options options_ = MYCHAT_MLS_LEAF_OPTIONS_INIT;
};
std::unique_ptr<Leaf> optional_leaf(const py::object& given);

// The settings of a group that is made; borrows what they are of.
mychat_mls_group_options group_options(const Bytes& group_id, const Bytes& extensions);

// ---- Handles

struct KeyPackage : Handle<mychat_mls_key_package> {
  explicit KeyPackage(mychat_mls_key_package* made) : Handle(made, mychat_mls_key_package_free) {}
  auto live(const char* operation) const { return Handle::live("The key package is closed.", operation); }
};
struct Group : Handle<mychat_mls_group> {
  explicit Group(mychat_mls_group* made) : Handle(made, mychat_mls_group_free) {}
  auto live(const char* operation) const { return Handle::live("The group is closed.", operation); }
};
struct Commit : Handle<mychat_mls_commit> {
  explicit Commit(mychat_mls_commit* made) : Handle(made, mychat_mls_commit_free) {}
  auto live(const char* operation) const { return Handle::live("The commit is closed.", operation); }
};

// A handle that work(out, error) makes.
template <class Made, class T, class Work>
Made make(const char* operation, void (*free)(T*), Work&& work, py::handle whom = {}) {
  Owned<T> made(free);
  run(
      operation, [&](mychat_error* error) { return work(made.out(), error); }, whom);
  return Made(made.release());
}

void bind_handles(py::module_& module);  // mls_handles.cpp: key packages and commits
void bind_group(py::module_& module);    // mls_group.cpp

}  // namespace mychat_python::mls
