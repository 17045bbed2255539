// The node's REST API by hand, for what no client of ours would do.
#pragma once

#include <cstdint>
#include <string>

namespace mychat::e2e {

struct RestAnswer {
  int status = 0;
  std::string body;
};

// Throws std::runtime_error without an answer.
RestAnswer rest(std::uint16_t port, const std::string& method, const std::string& target,
                const std::string& token = {}, const std::string& body = {});

// The token of a fresh login.
std::string rest_login(std::uint16_t port, const std::string& username,
                       const std::string& password = "a long password");

}  // namespace mychat::e2e
