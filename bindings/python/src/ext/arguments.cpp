#include <cstring>
#include <string_view>

#include "binding.h"

namespace mychat_python {

namespace {

void wipe(void* data, std::size_t size) noexcept { ::explicit_bzero(data, size); }

[[noreturn]] void raise_type(const char* name, const char* wanted, py::handle value) {
  PyErr_Format(PyExc_TypeError, "%s must be %s, not %.100s", name, wanted, Py_TYPE(value.ptr())->tp_name);
  throw py::error_already_set();
}

void refuse_nul(std::string_view text, const char* name) {
  if (text.find('\0') != std::string_view::npos)
    raise_argument(std::string(name) + " holds a NUL character.");
}

}  // namespace

Text::Text(py::handle value, const char* name, None none) {
  if (value.is_none() && none == None::kAllowed) return;
  if (!PyUnicode_Check(value.ptr())) raise_type(name, "a str", value);
  Py_ssize_t size = 0;
  text_ = PyUnicode_AsUTF8AndSize(value.ptr(), &size);
  if (text_ == nullptr) throw py::error_already_set();
  refuse_nul({text_, static_cast<std::size_t>(size)}, name);
}

Path::Path(py::handle value, const char* name, Text::None none) {
  if (value.is_none() && none == Text::None::kAllowed) return;
  PyObject* bytes = nullptr;
  if (PyUnicode_FSConverter(value.ptr(), &bytes) == 0) throw py::error_already_set();
  bytes_ = py::reinterpret_steal<py::object>(bytes);
  text_ = PyBytes_AS_STRING(bytes);
  refuse_nul({text_, static_cast<std::size_t>(PyBytes_GET_SIZE(bytes))}, name);
}

Secret::Secret(py::handle value, const char* name, Text::None none) {
  if (value.is_none() && none == Text::None::kAllowed) return;
  given_ = true;
  if (PyUnicode_Check(value.ptr())) {
    // Not PyUnicode_AsUTF8: that would leave a copy inside the str.
    const auto utf8 = py::reinterpret_steal<py::object>(PyUnicode_AsUTF8String(value.ptr()));
    if (!utf8) throw py::error_already_set();
    text_.assign(PyBytes_AS_STRING(utf8.ptr()), static_cast<std::size_t>(PyBytes_GET_SIZE(utf8.ptr())));
    // The empty bytes and those of one character are shared by the whole interpreter.
    if (text_.size() > 1) wipe(PyBytes_AS_STRING(utf8.ptr()), text_.size());
  } else if (PyObject_CheckBuffer(value.ptr())) {
    const Bytes bytes(value);
    text_.assign(static_cast<const char*>(bytes.data()), bytes.size());
  } else {
    raise_type(name, "str or bytes", value);
  }
  if (text_.find('\0') != std::string::npos) {
    wipe(text_.data(), text_.size());
    raise_argument(std::string(name) + " holds a NUL character.");
  }
}

Secret::~Secret() { wipe(text_.data(), text_.size()); }

namespace {

py::object integer(py::handle value, const char* name) {
  if (PyIndex_Check(value.ptr()) == 0) raise_type(name, "an int", value);
  auto made = py::reinterpret_steal<py::object>(PyNumber_Index(value.ptr()));
  if (!made) throw py::error_already_set();
  return made;
}

[[noreturn]] void raise_range(const char* name, const std::string& least, const std::string& most) {
  raise_argument(std::string(name) + " must be " + least + " to " + most + ".");
}

}  // namespace

std::int64_t whole(py::handle value, const char* name, std::int64_t least, std::int64_t most) {
  int overflow = 0;
  const long long given = PyLong_AsLongLongAndOverflow(integer(value, name).ptr(), &overflow);
  if (overflow != 0 || given < least || given > most)
    raise_range(name, std::to_string(least), std::to_string(most));
  return given;
}

std::uint64_t natural(py::handle value, const char* name, std::uint64_t most) {
  const unsigned long long given = PyLong_AsUnsignedLongLong(integer(value, name).ptr());
  const bool refused = PyErr_Occurred() != nullptr;
  PyErr_Clear();
  if (refused || given > most) raise_range(name, "0", std::to_string(most));
  return given;
}

Bytes::Bytes(py::handle value, const char* name) {
  if (name != nullptr && PyObject_CheckBuffer(value.ptr()) == 0) raise_type(name, "bytes", value);
  if (PyObject_GetBuffer(value.ptr(), &view_, PyBUF_SIMPLE) != 0) throw py::error_already_set();
}

}  // namespace mychat_python
