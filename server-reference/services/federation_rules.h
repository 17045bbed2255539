// The operator's rules about other nodes, as every thread reads them.
#pragma once

#include <memory>
#include <mutex>
#include <string_view>

#include "federation/policy.h"

namespace mychat::server {

class FederationRules {
 public:
  std::shared_ptr<const federation::Policy> get() const {
    const std::lock_guard lock(mutex_);
    return policy_;
  }
  void set(federation::Policy policy) {
    auto fresh = std::make_shared<const federation::Policy>(std::move(policy));
    const std::lock_guard lock(mutex_);
    policy_ = std::move(fresh);
  }
  bool allows(std::string_view domain) const { return get()->judge(domain) == federation::Verdict::kAllowed; }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const federation::Policy> policy_ = std::make_shared<const federation::Policy>();
};

}  // namespace mychat::server
