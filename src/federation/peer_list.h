// The nodes that a node speaks with, as it tells others when its operator wants that.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/json.h"

namespace mychat::federation {

inline constexpr std::size_t kPeerListMax = 512;
inline constexpr JsonOptions kPeerListJson{.max_bytes = 256 * 1024, .max_depth = 4, .max_nodes = 1024};

std::string peer_list_json(const std::vector<std::string>& domains);
// Throws MYCHAT_E_MALFORMED, MYCHAT_E_TOO_LARGE (also beyond kPeerListMax).
std::vector<std::string> peer_list_from_json(std::string_view json);

}  // namespace mychat::federation
