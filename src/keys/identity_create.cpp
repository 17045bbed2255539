#include <utility>

#include "base/error.h"
#include "keys/identity.h"
#include "protocol/handle.h"

namespace mychat {

Identity Identity::create(std::string_view handle, std::stop_token stop,
                          const KeygenProgressFunction& progress) {
  // Before the long work, though of_key() looks again.
  if (normalize_handle(handle) != handle) {
    throw Error(MYCHAT_E_INVALID_ARGUMENT, MYCHAT_DOMAIN_KEYS,
                "The identity's handle is not a canonical handle.");
  }
  return of_key(handle, generate_rsa_4096(std::move(stop), progress));
}

}  // namespace mychat
