// Somebody between a client and its node: reads along, alters and drops. HTTP only, so the client polls.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "support/net.h"

namespace mychat::e2e {

class Middle {
 public:
  // May change the answer's body; false drops the answer after the node has done what was asked.
  using Alter = std::function<bool(const test::RawRequest& request, std::string& body)>;

  explicit Middle(std::uint16_t node);
  std::string url() const { return server_->url("http", "127.0.0.1", ""); }
  void set_alter(Alter alter);

 private:
  void serve(test::Connection& client);

  std::uint16_t node_;
  std::mutex mutex_;
  Alter alter_;
  std::unique_ptr<test::Server> server_;
};

}  // namespace mychat::e2e
