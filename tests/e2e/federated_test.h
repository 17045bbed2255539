// What tests with users of several nodes begin with.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "e2e/federated_node.h"
#include "e2e/sdk.h"

namespace mychat::e2e {

class FederatedTest : public ::testing::Test {
 protected:
  // A user registered at that node, online.
  Sdk user(const FederatedNode& node, const std::string& name, std::string_view key) {
    Sdk::Options options;
    options.store = dir.file(name + "-" + std::to_string(node.port));
    options.node_url = node.process->url();
    Sdk sdk(options);
    EXPECT_EQ(sdk.import_key(key), MYCHAT_OK) << sdk.error;
    EXPECT_EQ(sdk.register_user(name), MYCHAT_OK) << sdk.error;
    sdk.wait_online();
    return sdk;
  }

  TempDir dir;
};

}  // namespace mychat::e2e
