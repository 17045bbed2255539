// What the node checks of keys before it takes them. Internal to services/.
#pragma once

#include <optional>
#include <string>

#include "protocol/user.h"

namespace mychat::server {

// Refused 422 when the key, its fingerprint (of either form) or the certificate of the signing key is wrong.
void check_keys(const std::string& handle, const std::string& public_key, const std::string& fingerprint,
                const std::optional<std::string>& signing_key, const std::optional<std::string>& certificate);
// Refused 409 when the rotation does not lead from the old key to the new one.
void check_rotation(const std::string& handle, const std::string& old_key, const std::string& new_key,
                    const wire::Rotation& rotation);

}  // namespace mychat::server
