// Telling the two texts of a public key apart.
#pragma once

#include <string_view>

namespace mychat {

inline bool looks_like_pem(std::string_view text) noexcept {
  const std::size_t start = text.find_first_not_of(" \t\r\n");
  return start != std::string_view::npos && text.substr(start).starts_with("-----BEGIN ");
}

}  // namespace mychat
