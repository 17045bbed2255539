// The C functions of MyChat, with exceptions for statuses and owners for what must be freed.
#pragma once

#include <mychat/mychat.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace cli {

// What the program exits with.
enum ExitCode {
  kOk = 0,
  kGeneral = 1,
  kUsage = 2,
  kNotFound = 3,
  kAuth = 4,
  kNetwork = 5,
  kKeys = 6,
  kStore = 7,
};

ExitCode exit_code(mychat_status status);
const char* domain_name(mychat_error_domain domain);

class ApiError : public std::runtime_error {
 public:
  explicit ApiError(const mychat_error& error) : std::runtime_error(error.message), error_(error) {}
  ApiError(mychat_status status, mychat_error_domain domain, const std::string& message, int detail = 0,
           bool retryable = false);
  const mychat_error& error() const noexcept { return error_; }
  mychat_status status() const noexcept { return error_.status; }

 private:
  mychat_error error_ = MYCHAT_ERROR_INIT;
};

// The command line asks for something that it cannot have.
class UsageError : public ApiError {
 public:
  explicit UsageError(const std::string& message)
      : ApiError(MYCHAT_E_INVALID_ARGUMENT, MYCHAT_DOMAIN_API, message) {}
};

// call(mychat_client_ack, client, seq): the error is passed by itself.
template <class... Parameters, class... Arguments>
void call(mychat_status (*function)(Parameters...), Arguments&&... arguments) {
  mychat_error error = MYCHAT_ERROR_INIT;
  if (function(std::forward<Arguments>(arguments)..., &error) != MYCHAT_OK) throw ApiError(error);
}

template <class T>
struct Release;
template <class T>
using Owned = std::unique_ptr<T, Release<T>>;

#define CLI_OWNED(type, release)                                      \
  template <>                                                         \
  struct Release<type> {                                              \
    void operator()(type* object) const noexcept { release(object); } \
  }
CLI_OWNED(mychat_client, mychat_client_free);
CLI_OWNED(mychat_event, mychat_event_free);
CLI_OWNED(mychat_account, mychat_account_free);
CLI_OWNED(mychat_contact, mychat_contact_free);
CLI_OWNED(mychat_contact_list, mychat_contact_list_free);
CLI_OWNED(mychat_conversation_list, mychat_conversation_list_free);
CLI_OWNED(mychat_message, mychat_message_free);
CLI_OWNED(mychat_message_list, mychat_message_list_free);
CLI_OWNED(mychat_explanation, mychat_explanation_free);
CLI_OWNED(mychat_backup, mychat_backup_free);
CLI_OWNED(mychat_backup_report, mychat_backup_report_free);
CLI_OWNED(mychat_store_report, mychat_store_report_free);
CLI_OWNED(char, mychat_string_free);
#undef CLI_OWNED

// fetch<mychat_account>(mychat_client_account, client): the result of a call that hands something over. A
// failed mychat_client_await() hands its event over too: it is freed.
template <class T, class... Parameters, class... Arguments>
Owned<T> fetch(mychat_status (*function)(Parameters...), Arguments&&... arguments) {
  mychat_error error = MYCHAT_ERROR_INIT;
  T* out = nullptr;
  const mychat_status status = function(std::forward<Arguments>(arguments)..., &out, &error);
  Owned<T> result(out);
  if (status != MYCHAT_OK) throw ApiError(error);
  return result;
}

}  // namespace cli
