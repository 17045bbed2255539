// What is known of a node as a text, for those who keep it elsewhere than in our tables.
#pragma once

#include <string>
#include <string_view>

#include "federation/continuity.h"

namespace mychat::federation {

std::string pin_text(const PinnedNode& pinned);
// Throws MYCHAT_E_MALFORMED, MYCHAT_E_TOO_LARGE.
PinnedNode pin_from_text(std::string_view text);

}  // namespace mychat::federation
