// Case folding for the search: Unicode simple case folding (14.0) of UTF-8, code point by code point.
#pragma once

#include <string_view>

#include "base/bytes.h"

namespace mychat {

// Replaces what `out` holds by the folded text. Bytes that are not UTF-8 stay as they are.
void fold_case(std::string_view text, Secret& out);

}  // namespace mychat
