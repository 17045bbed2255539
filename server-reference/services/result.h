// Outcomes of the services: a value, or a refusal with the HTTP status, sentence and Retry-After to answer.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "base/error.h"

namespace mychat::server {

struct Failure {
  int status = 500;
  std::string detail;   // One English sentence for `{"detail"}`; holds no secret.
  int retry_after = 0;  // Seconds for Retry-After; 0: none.
  std::string field{};  // Of a 422: the member of the body that is wrong; empty: all of it.
};

// A 422 that names the member.
inline Failure invalid(std::string field, std::string detail) {
  return {422, std::move(detail), 0, std::move(field)};
}

// A refusal of a synchronous call. `detail()` of the base is the HTTP status as well.
class Refused : public Error {
 public:
  explicit Refused(Failure failure);
  Refused(int status, std::string detail, int retry_after = 0)
      : Refused(Failure{status, std::move(detail), retry_after}) {}
  const Failure& failure() const noexcept { return failure_; }

 private:
  Failure failure_;
};

// What an exception of a service or of storage means to the client: a Refused as it is, a busy queue 503, a
// bad argument 422, anything else 500 without its inner reason.
Failure to_failure(const std::exception& error);

struct Done {};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}
  Result(Failure failure) : failure_(std::move(failure)) {}

  bool ok() const noexcept { return value_.has_value(); }
  explicit operator bool() const noexcept { return ok(); }
  const T& value() const& { return value_.value(); }
  T&& value() && { return std::move(value_).value(); }
  const Failure& failure() const noexcept { return failure_; }  // Of one that is not ok().

 private:
  // Not a variant: GCC 12 takes its members for uninitialised when sanitizers are on.
  std::optional<T> value_;
  Failure failure_;
};

// Called exactly once, on the writer's or a worker's thread, or before the call returns: it must be cheap,
// must not throw and must not wait.
template <class T>
using Callback = std::function<void(Result<T>)>;

}  // namespace mychat::server
