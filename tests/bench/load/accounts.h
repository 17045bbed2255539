// Accounts on the node, by REST as clients make them. All of them share one identity key: a node does not
// mind, and nobody needs it here.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/load/node_process.h"

namespace mychat::bench {

class Accounts {
 public:
  Accounts(const NodeProcess& node, std::size_t count);
  const std::string& token(std::size_t i) const { return tokens_.at(i); }
  std::string handle(std::size_t i) const;

 private:
  std::string domain_;
  std::vector<std::string> tokens_;
};

}  // namespace mychat::bench
