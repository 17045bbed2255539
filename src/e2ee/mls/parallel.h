// The same work on many values, on all processors.
#pragma once

#include <cstddef>
#include <functional>

namespace mychat::mls {

// work(i) for each i below count, in any order, on several threads when there is enough of it; then rethrows
// what the lowest i threw, if any did. `work` may be called by several threads at once.
void for_each_parallel(std::size_t count, const std::function<void(std::size_t)>& work);

}  // namespace mychat::mls
