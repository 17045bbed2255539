// For what the operator's commands and the start of the node change. Internal to services/.
#pragma once

#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <utility>

#include "services/context.h"

namespace mychat::server {

// Writes and waits until it is durable. Throws Refused. Not on the writer's thread.
template <class T>
T write_and_wait(ServiceContext& context, std::function<T(Change&)> change) {
  auto promise = std::make_shared<std::promise<T>>();
  auto answer = promise->get_future();
  context.write<T>(std::move(change), [promise](const Result<T>& result) {
    if (result) {
      promise->set_value(result.value());
    } else {
      promise->set_exception(std::make_exception_ptr(Refused(result.failure())));
    }
  });
  return answer.get();
}

}  // namespace mychat::server
