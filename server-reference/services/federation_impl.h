// Internal to services/.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "federation/transaction.h"
#include "services/context.h"
#include "services/federation.h"

namespace mychat::server {

struct Federation::Impl {
  explicit Impl(ServiceContext& chosen) : context(chosen) {}

  std::optional<federation::MessageItem> message_item(SqliteConnection& db, const OutRow& row) const;
  ServiceContext& context;
  mutable std::mutex mutex;
  std::shared_ptr<const OwnIdentity> own;
  std::set<std::string, std::less<>> pinned;
  std::set<std::string, std::less<>> v1;
  std::function<void(NodeId)> outbound;
  std::function<void(NodeId, federation::Hint)> hint;
  std::function<void(const std::vector<AuditRow>&)> operated;
  std::int64_t reported = 0;  // Id of the last audit row that was logged.
};

}  // namespace mychat::server
