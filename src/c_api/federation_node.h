// What stands behind the handles of federation.h, and how its texts are read. For the .cpp files of this
// folder.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "c_api/boundary.h"
#include "federation/continuity.h"
#include "federation/discovery.h"
#include "federation/handshake.h"
#include "federation/nonce_memory.h"

struct mychat_federation_node {
  mychat_federation_node(mychat::federation::HandshakeSide offered, mychat::Ed25519PrivateKey own_key,
                         std::int64_t began_at_ms)
      : side(std::move(offered)), key(std::move(own_key)), began_at(began_at_ms), nonces(0) {}

  mychat::federation::HandshakeSide side;
  mychat::Ed25519PrivateKey key;
  std::int64_t began_at;  // By the caller's clock.
  mychat::federation::NonceMemory nonces;
  std::string api_url;
  std::string ca_file;
  bool allow_http = false;
  bool allow_non_public = false;

  mychat::federation::DocumentRules rules() const { return {.allow_http = allow_http}; }
};

namespace mychat::c_api {

inline mychat_federation_node& require(mychat_federation_node* node) {
  if (node == nullptr) throw_argument("The node is NULL.");
  return *node;
}

Ed25519PrivateKey require_node_key(const void* data, std::size_t size, const char* name);
std::string require_domain(const char* text, const char* name);
federation::PinnedNode require_known(const char* text);
federation::Statement require_statement(const char* text, const char* name);
std::string statement_text(const federation::Statement& statement);

// Words between spaces.
std::vector<std::string> words(std::string_view text);
std::string joined(const std::vector<std::string>& words);

}  // namespace mychat::c_api
