// Identities of devices: `user@domain/device`.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mychat::c_api {

struct DeviceIdentity {
  std::string handle, device_id;
};

// 1 to 128 of A-Z a-z 0-9 . _ -.
bool is_device_id(std::string_view text) noexcept;
// Nothing when it is another identity.
std::optional<DeviceIdentity> read_device_identity(std::string_view identity);

}  // namespace mychat::c_api
