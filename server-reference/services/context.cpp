#include "services/context.h"

#include <set>

#include "protocol/handle.h"

namespace mychat::server {

Failure busy() { return {503, "The node is busy; try again in a moment.", 1}; }

Refused::Refused(Failure failure)
    : Error(failure.status == 404   ? MYCHAT_E_NOT_FOUND
            : failure.status == 401 ? MYCHAT_E_UNAUTHORIZED
            : failure.status == 403 ? MYCHAT_E_FORBIDDEN
            : failure.status == 429 ? MYCHAT_E_RATE_LIMITED
            : failure.status == 503 ? MYCHAT_E_BUSY
            : failure.status >= 500 ? MYCHAT_E_NODE
                                    : MYCHAT_E_REJECTED,
            MYCHAT_DOMAIN_NODE, failure.detail, failure.status,
            failure.status == 429 || failure.status == 503),
      failure_(std::move(failure)) {}

Failure to_failure(const std::exception& error) {
  if (const auto* refused = dynamic_cast<const Refused*>(&error)) return refused->failure();
  if (const auto* known = dynamic_cast<const Error*>(&error)) {
    switch (known->status()) {
      case MYCHAT_E_BUSY:
        return busy();
      case MYCHAT_E_STORE:
        return {503, "The node cannot store anything at the moment.", 5};
      case MYCHAT_E_INVALID_ARGUMENT:
      case MYCHAT_E_MALFORMED:
        return {422, known->what(), 0};
      case MYCHAT_E_TOO_LARGE:
        return {413, known->what(), 0};
      default:
        break;
    }
  }
  return {500, "The node failed.", 0};
}

ServiceContext::ServiceContext(NodeConfig chosen, StorageOptions storage_options, const Log& chosen_log,
                               const Clock& chosen_clock)
    : config(std::move(chosen)),
      log(chosen_log),
      clock(chosen_clock),
      storage(std::move(storage_options)),
      workers(config.read_threads, config.read_queue),
      hashers(config.argon2_threads, config.argon2_queue) {}

std::string ServiceContext::username_of(std::string_view handle) const {
  const auto parsed = Handle::parse(handle);
  if (!parsed) throw Refused(400, "This is not a handle of the form username@domain.");
  return parsed->domain == config.domain ? parsed->username : parsed->to_string();
}

std::string ServiceContext::reachable_username(std::string_view handle) const {
  std::string name = username_of(handle);
  if (const auto at = name.find('@'); at != std::string::npos) {
    if (auto refusal = refusal_of_domain(std::string_view(name).substr(at + 1)))
      throw Refused(std::move(*refusal));
  }
  return name;
}

std::optional<Failure> ServiceContext::refusal_of_domain(std::string_view domain) const {
  if (!config.federation_enabled) {
    return Failure{501, "Users of other nodes cannot be reached: this node does not federate.", 0};
  }
  if (!rules.allows(domain)) {
    return Failure{403, "The operator of this node does not let it speak with " + std::string(domain) + ".",
                   0};
  }
  return std::nullopt;
}

bool ServiceContext::queue(Change& change, NodeId node, OutKind kind, std::int64_t message,
                           std::string_view data, std::int64_t bytes) {
  if (!enqueue(change.db, node, kind, message, data, bytes, queue_limits, change.now)) return false;
  change.afterwards.push_back([this, node] {
    if (outbound) outbound(node);
  });
  return true;
}

void ServiceContext::put_event(Change& change, UserId user, ItemType type, const std::string& data) {
  const std::int64_t seq = change.transaction.next_seq();
  change.db.run("INSERT INTO mailbox_events (user, seq, type, data, created_at) VALUES (?,?,?,?,?)", user,
                seq, static_cast<int>(type), data, change.now);
  change.news.push_back({user, std::make_shared<MailboxItem>(seq, type, data)});
}

void ServiceContext::tell(Change& change, UserId about, const std::vector<UserId>& hearers, ItemType type,
                          OutKind kind, const std::string& data) {
  std::set<NodeId> nodes;
  for (const UserId hearer : hearers) {
    if (const NodeId node = node_of_user(change.db, hearer); node != 0) {
      nodes.insert(node);
    } else {
      put_event(change, hearer, type, data);
    }
  }
  for (const NodeId node : key_watchers(change.db, about)) nodes.insert(node);
  for (const NodeId node : nodes) {
    if (!queue(change, node, kind, 0, data, static_cast<std::int64_t>(data.size()))) {
      log.write(LogLevel::kWarning, "federation",
                "News of a user were left out: the queue of a node is full.");
    }
  }
}

UserRow ServiceContext::require_user(SqliteConnection& db, const Principal& caller) const {
  auto user = find_user(db, caller.user);
  if (!user || user->deleted_at || user->disabled) throw Refused(401, "This account is not active.");
  return std::move(*user);
}

}  // namespace mychat::server
