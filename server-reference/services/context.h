// What every service stands on. Internal to services/.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "bus/bus.h"
#include "federation/hint.h"
#include "services/federation_rules.h"
#include "services/node_config.h"
#include "services/records.h"
#include "services/result.h"
#include "services/worker_pool.h"
#include "storage/federation_table.h"
#include "storage/sqlite.h"
#include "storage/storage.h"
#include "storage/user_table.h"

namespace mychat::server {

// What a change may do: write, and leave news that go out when it is durable.
struct Change {
  Transaction& transaction;
  SqliteConnection& db;
  std::int64_t now;
  std::vector<Bus::Announcement>& news;
  std::vector<std::function<void()>>&
      afterwards;  // Run after the commit, on the writer thread; must not throw.
};

class ServiceContext {
 public:
  ServiceContext(NodeConfig chosen, StorageOptions storage_options, const Log& chosen_log,
                 const Clock& chosen_clock);

  const NodeConfig config;
  const Log& log;
  const Clock& clock;
  Bus bus;
  Storage storage;
  WorkerPool workers;
  WorkerPool hashers;                   // Password hashes only.
  std::vector<Bus::Announcement> news;  // Of the group that is being finished. Writer thread.
  // Called inside the transaction that changes whether a user exists or is active.
  std::function<void(const std::string& username)> user_changed;

  // Called on the writer thread after the commit that gave that node's queue something; set with the
  // services.
  std::function<void(NodeId)> outbound;
  // Called on any thread with what another node may be told at once or never; set with the services.
  std::function<void(NodeId, federation::Hint)> hint;
  QueueLimits queue_limits;
  FederationRules rules;

  // Runs `change` in the writer's transaction and calls `done` after the commit. Never blocks. `may_wait`:
  // see Operation.
  template <class T>
  void write(std::function<T(Change&)> change, Callback<T> done, bool may_wait = false);

  // Users of other nodes have their handle for a name.
  std::string handle_of(std::string_view username) const {
    return username.find('@') == std::string_view::npos ? std::string(username) + '@' + config.domain
                                                        : std::string(username);
  }
  // What the row of the handle's user is found by. Refused 400 for what is no handle.
  std::string username_of(std::string_view handle) const;
  // The same; also refused: 501 for a handle of another node when this one does not federate, 403 when the
  // operator's rules keep them apart.
  std::string reachable_username(std::string_view handle) const;
  std::optional<Failure> refusal_of_domain(std::string_view domain) const;
  // Queues something for another node and has it told after the commit. False when its queue is full.
  bool queue(Change& change, NodeId node, OutKind kind, std::int64_t message, std::string_view data,
             std::int64_t bytes);
  void put_event(Change& change, UserId user, ItemType type, const std::string& data);
  // News about a user of this node: an event for each hearer here, one item for each node of the others and
  // for those that asked for its key.
  void tell(Change& change, UserId about, const std::vector<UserId>& hearers, ItemType type, OutKind kind,
            const std::string& data);
  // The user row of the caller, or Refused 401 when it is gone or disabled meanwhile.
  UserRow require_user(SqliteConnection& db, const Principal& caller) const;
};

Failure busy();

template <class T>
class WriteOperation final : public Operation {
 public:
  WriteOperation(ServiceContext& context, std::function<T(Change&)> change, Callback<T> done, bool may_wait)
      : context_(context), change_(std::move(change)), done_(std::move(done)), may_wait_(may_wait) {}

  bool may_wait() const noexcept override { return may_wait_; }
  void run(Transaction& transaction) override {
    Change change{transaction, transaction.db, context_.clock.now_ms(), news_, afterwards_};
    result_.emplace(change_(change));
  }
  void done(std::exception_ptr error) noexcept override {
    if (error) {
      finish(failure_of(error));
      return;
    }
    for (auto& item : news_) context_.news.push_back(std::move(item));
    for (const auto& step : afterwards_) step();
    finish(std::move(*result_));
  }
  Callback<T>& callback() noexcept { return done_; }

 private:
  void finish(Result<T> result) const {
    if (done_) done_(std::move(result));
  }
  static Failure failure_of(const std::exception_ptr& error) {
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& caught) {
      return to_failure(caught);
    } catch (...) {
      return {500, "The node failed.", 0};
    }
  }

  ServiceContext& context_;
  std::function<T(Change&)> change_;
  Callback<T> done_;
  bool may_wait_;
  std::optional<T> result_;
  std::vector<Bus::Announcement> news_;
  std::vector<std::function<void()>> afterwards_;
};

template <class T>
void ServiceContext::write(std::function<T(Change&)> change, Callback<T> done, bool may_wait) {
  std::unique_ptr<Operation> operation =
      std::make_unique<WriteOperation<T>>(*this, std::move(change), std::move(done), may_wait);
  if (storage.submit(operation)) return;
  auto& refused = static_cast<WriteOperation<T>&>(*operation);
  if (refused.callback()) refused.callback()(busy());
}

}  // namespace mychat::server
