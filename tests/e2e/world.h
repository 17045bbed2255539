// A node and its users, for the tests of this folder.
#pragma once

#include <memory>
#include <string>

#include "e2e/node_process.h"
#include "e2e/sdk.h"
#include "support/test_keys.h"

namespace mychat::e2e {

class World : public ::testing::Test {
 protected:
  World() = default;
  explicit World(std::vector<std::string> flags) : node(std::move(flags)) {}

  // A client with a store of its own, online for the node, without an account.
  Sdk client(const std::string& store, std::uint32_t flags = 0, bool ack = true) {
    Sdk::Options options;
    options.store = dir.file(store);
    options.node_url = node.url();
    options.flags = flags;
    options.ack = ack;
    return Sdk(options);
  }
  // Registered with a key made before, online.
  Sdk user(const std::string& name, std::string_view key, std::uint32_t flags = 0, bool ack = true) {
    Sdk sdk = client(name, flags, ack);
    EXPECT_EQ(sdk.import_key(key), MYCHAT_OK) << sdk.error;
    EXPECT_EQ(sdk.register_user(name), MYCHAT_OK) << sdk.error;
    sdk.wait_state((flags & MYCHAT_CLIENT_NO_WEBSOCKET) != 0 ? MYCHAT_CONNECTION_POLLING
                                                             : MYCHAT_CONNECTION_ONLINE);
    return sdk;
  }
  Sdk alice(std::uint32_t flags = 0, bool ack = true) { return user("alice", test::kAliceKey, flags, ack); }
  Sdk bob(std::uint32_t flags = 0, bool ack = true) { return user("bob", test::kBobKey, flags, ack); }

  NodeProcess node;
  TempDir dir;
};

inline const std::string kAlice = "alice@localhost";
inline const std::string kBob = "bob@localhost";

}  // namespace mychat::e2e
