#include "binding.h"
#include "objects.h"

namespace mychat_python {

py::object make_error(const mychat_error& error, const char* operation, std::int64_t retry_after_ms) {
  return objects().make_error(error.status, error.domain, error.detail, error.retryable != 0,
                              text_to_python(error.message), operation, retry_after_ms);
}

void raise(const mychat_error& error, const char* operation) {
  const py::object exception = make_error(error, operation);
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(exception.ptr())), exception.ptr());
  throw py::error_already_set();
}

void raise_closed(const char* message, const char* operation) {
  mychat_error error = MYCHAT_ERROR_INIT;
  error.status = MYCHAT_E_CLOSED;
  error.domain = MYCHAT_DOMAIN_API;
  std::string(message).copy(error.message, sizeof error.message - 1);
  raise(error, operation);
}

void raise_argument(const std::string& message, const char* operation) {
  mychat_error error = MYCHAT_ERROR_INIT;
  error.status = MYCHAT_E_INVALID_ARGUMENT;
  error.domain = MYCHAT_DOMAIN_API;
  message.copy(error.message, sizeof error.message - 1);
  raise(error, operation);
}

}  // namespace mychat_python
