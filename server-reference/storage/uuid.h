// UUIDs as the database holds them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace mychat::server {

using Uuid = std::array<std::uint8_t, 16>;

std::optional<Uuid> parse_uuid(std::string_view text) noexcept;  // Canonical form, either case.
std::string uuid_text(ByteView bytes);                           // Lower case.

}  // namespace mychat::server
