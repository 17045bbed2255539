// The Python classes that values become, looked up once, and fast ways to make their instances.
#pragma once

#include <array>
#include <cstdint>

#include "binding.h"

namespace mychat_python {

// An enum of mychat._enums: its members by value.
class Enum {
 public:
  void bind(const py::module_& module, const char* name) {
    class_ = module.attr(name).cast<py::object>().release();
  }
  // A new reference.
  PyObject* member(std::int32_t value);

 private:
  static constexpr std::size_t kCached = 128;  // All values there are; what is above is looked up each time.
  py::handle class_;
  std::array<PyObject*, kCached> members_{};
};

// Never freed: they live as long as the interpreter.
struct Objects {
  py::handle make_error;
  Enum status, direction, content_type, message_status, verification, repair, trust, presence, event_type,
      operation, connection_state;
  py::handle account, session, node_info, store_report, contact, conversation, message, message_page,
      explanation, backup, backup_report;
  py::handle completion, connection, progress, typing, presence_notice;
  py::handle event, completion_event, connection_event, progress_event, message_event, message_status_event,
      typing_event, presence_event, contact_event, key_changed_event, session_ended_event;
};
Objects& objects();

// Interned once.
#define MYCHAT_FIELD(name)                                            \
  ([] {                                                               \
    static PyObject* const field = PyUnicode_InternFromString(#name); \
    return field;                                                     \
  }())

PyObject* new_text(
    const char* text);  // UTF-8; what is not becomes U+FFFD, for an event must not be lost by it.
PyObject* new_time(std::int64_t millis);  // An aware datetime; None for 0 and for what datetime cannot hold.
inline PyObject* new_bool(std::int32_t value) { return PyBool_FromLong(value); }

// A frozen dataclass's instance, made field by field past its own __init__ and __setattr__, which are ten
// times as slow.
class Record {
 public:
  explicit Record(py::handle type);
  // Takes the reference to `value`; a NULL is the error that is set.
  Record& set(PyObject* field, PyObject* value) {
    const auto held = py::reinterpret_steal<py::object>(value);
    if (!held || PyObject_GenericSetAttr(made_.ptr(), field, value) != 0) throw py::error_already_set();
    return *this;
  }
  Record& set(PyObject* field, py::object value) { return set(field, value.release().ptr()); }
  py::object make() { return std::move(made_); }

 private:
  py::object made_;
};

}  // namespace mychat_python
