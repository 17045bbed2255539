// libcurl's codes as the library's errors.
#pragma once

#include <chrono>
#include <string>

#include "base/error.h"

namespace mychat {

// What was known when a transfer failed.
struct CurlFailure {
  int code = 0;  // CURLcode.
  std::string host;
  long verify_result = 0;  // X509_V_ERR_ value.
  bool connected = false;  // TCP, and TLS where it is used, were complete.
  std::chrono::milliseconds elapsed{0};
  std::chrono::milliseconds connect_timeout{0};
  std::chrono::milliseconds timeout{0};
};

Error error_of(const CurlFailure& failure);

}  // namespace mychat
