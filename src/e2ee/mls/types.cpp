#include "e2ee/mls/types.h"

#include <algorithm>

namespace mychat::mls {

const Bytes* find_extension(const Extensions& extensions, ExtensionType type) noexcept {
  const auto at = std::find_if(extensions.begin(), extensions.end(),
                               [&](const Extension& entry) { return entry.type == type; });
  return at == extensions.end() ? nullptr : &at->data;
}

}  // namespace mychat::mls
