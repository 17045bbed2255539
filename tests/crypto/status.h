// What a call failed with.
#pragma once

#include <utility>

#include "base/error.h"

namespace mychat::test {

// The status of the Error that `work` throws; MYCHAT_OK when it throws none.
template <class F>
mychat_status status_of(F&& work) {
  try {
    std::forward<F>(work)();
  } catch (const Error& error) {
    return error.status();
  }
  return MYCHAT_OK;
}

}  // namespace mychat::test
