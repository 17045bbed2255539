#include "services/federation.h"

#include <algorithm>
#include <utility>

#include "protocol/handle.h"
#include "protocol/json_writer.h"
#include "services/federation_impl.h"
#include "services/key_checks.h"
#include "services/node_identity.h"
#include "services/remote_keys.h"
#include "storage/audit_table.h"

namespace mychat::server {
namespace {

constexpr std::int64_t kStrangersMax = 10'000;
constexpr int kAuditAtOnce = 256;

}  // namespace

std::optional<federation::PinnedNode> pinned_node(const PeerRow& peer) {
  federation::PinnedNode pinned;
  pinned.domain = peer.domain;
  pinned.sequence = peer.sequence;
  pinned.protocol = peer.protocol;
  if (peer.key.size() != pinned.key.size()) return std::nullopt;
  std::copy(peer.key.begin(), peer.key.end(), pinned.key.begin());
  if (peer.digest.size() == pinned.digest.size())
    std::copy(peer.digest.begin(), peer.digest.end(), pinned.digest.begin());
  if (peer.announced_key.size() == pinned.key.size())
    std::copy(peer.announced_key.begin(), peer.announced_key.end(), pinned.next_key.emplace().begin());
  return pinned;
}

std::string agreement_json(const federation::Agreement& agreement) {
  std::string json;
  JsonWriter out(json);
  out.begin_object();
  out.member("capabilities", agreement.capabilities);
  out.member("max_message_size", agreement.limits.max_message_size);
  out.member("max_transaction_items", agreement.limits.max_transaction_items);
  out.member("max_transaction_bytes", agreement.limits.max_transaction_bytes);
  out.end_object();
  return json;
}

federation::Agreement agreement_from_json(std::string_view text) {
  federation::Agreement agreement;
  if (text.empty()) return agreement;
  const Json json = Json::parse(text);
  for (const JsonView name : json->array("capabilities"))
    agreement.capabilities.emplace_back(name.as_string());
  agreement.limits = {.max_message_size = json->integer("max_message_size"),
                      .max_transaction_items = json->integer("max_transaction_items"),
                      .max_transaction_bytes = json->integer("max_transaction_bytes")};
  return agreement;
}

Federation::Federation(ServiceContext& context) : impl_(std::make_unique<Impl>(context)) {
  context.outbound = [impl = impl_.get()](NodeId node) {
    std::function<void(NodeId)> hook;
    {
      const std::lock_guard lock(impl->mutex);
      hook = impl->outbound;
    }
    if (hook) hook(node);
  };
  context.hint = [impl = impl_.get()](NodeId node, federation::Hint hint) {
    std::function<void(NodeId, federation::Hint)> hook;
    {
      const std::lock_guard lock(impl->mutex);
      hook = impl->hint;
    }
    if (hook) hook(node, std::move(hint));
  };
}
Federation::~Federation() = default;

void Federation::issue_identity() {
  auto made = change_identity(impl_->context, IdentityChange::kRenew, "node");
  const std::lock_guard lock(impl_->mutex);
  // An operator's command may have been faster.
  if (!impl_->own || made->document.sequence > impl_->own->document.sequence) impl_->own = std::move(made);
}

void Federation::load_identity() {
  auto db = impl_->context.storage.read();
  auto kept = read_identity(impl_->context, *db);
  const std::lock_guard lock(impl_->mutex);
  // A renewal by this process may have been faster than this read.
  if (!impl_->own || (kept && kept->document.sequence > impl_->own->document.sequence))
    impl_->own = std::move(kept);
}

std::shared_ptr<const OwnIdentity> Federation::identity() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->own;
}

bool Federation::identity_is_old(std::int64_t now_ms) const {
  const auto own = identity();
  return own && is_identity_due(impl_->context, *own, now_ms);
}

void Federation::load_rules() {
  auto db = impl_->context.storage.read();
  impl_->context.rules.set(read_policy(impl_->context, *db));
  std::set<std::string, std::less<>> pinned;
  std::set<std::string, std::less<>> v1;
  for (const PeerRow& peer : all_peers(*db)) {
    if (!peer.key.empty()) pinned.insert(peer.domain);
    if (peer.key.empty() && peer.protocol == 1) v1.insert(peer.domain);
  }
  const std::lock_guard lock(impl_->mutex);
  impl_->pinned = std::move(pinned);
  impl_->v1 = std::move(v1);
}

void Federation::look_for_commands() {
  const bool posted = impl_->context.workers.post([this] {
    try {
      load_rules();
      load_identity();
      report_audit();
    } catch (const std::exception& error) {
      impl_->context.log.write(
          LogLevel::kError, "federation",
          std::string("What an operator changed could not be taken up: ") + error.what());
    }
  });
  if (!posted) {
    impl_->context.log.write(LogLevel::kWarning, "federation",
                             "The node is too busy to look for what an operator changed.");
  }
}

void Federation::report_audit() {
  while (report_some_audit()) {
  }
}

bool Federation::report_some_audit() {
  std::vector<AuditRow> rows;
  std::function<void(const std::vector<AuditRow>&)> hook;
  {
    auto db = impl_->context.storage.read();
    const std::lock_guard lock(impl_->mutex);
    // They are marked as logged a moment later than they are.
    rows = unlogged_audit(*db, impl_->reported, kAuditAtOnce);
    if (rows.empty()) return false;
    impl_->reported = rows.back().id;
    hook = impl_->operated;
  }
  for (const AuditRow& row : rows) {
    impl_->context.log.write(LogLevel::kWarning, "audit",
                             row.actor + ": " + row.action + (row.subject.empty() ? "" : " " + row.subject) +
                                 (row.detail.empty() ? "" : " (" + row.detail + ")"));
  }
  impl_->context.write<Done>(
      [last = rows.back().id](Change& change) {
        mark_audit_logged(change.db, last, change.now);
        return Done{};
      },
      nullptr);
  if (hook) hook(rows);
  return rows.size() == static_cast<std::size_t>(kAuditAtOnce);
}

void Federation::on_operated(std::function<void(const std::vector<AuditRow>&)> hook) {
  const std::lock_guard lock(impl_->mutex);
  impl_->operated = std::move(hook);
}

PeerTotals Federation::totals() {
  auto db = impl_->context.storage.read();
  return peer_totals(*db);
}

bool Federation::is_pinned(std::string_view domain) const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->pinned.contains(domain);
}

federation::Verdict Federation::judge(std::string_view domain) const {
  return impl_->context.rules.get()->judge(domain);
}

std::optional<PeerRow> Federation::peer(std::string_view domain) {
  auto db = impl_->context.storage.read();
  return find_peer(*db, domain);
}

std::optional<PeerRow> Federation::peer(NodeId node) {
  auto db = impl_->context.storage.read();
  return find_peer(*db, node);
}

std::vector<PeerRow> Federation::peers() {
  auto db = impl_->context.storage.read();
  return all_peers(*db);
}

std::vector<std::string> Federation::peers_to_tell(std::string_view except, std::size_t most) {
  const std::int64_t now = impl_->context.clock.now_ms();
  std::vector<std::string> domains;
  for (PeerRow& peer : peers()) {
    const bool lately = peer.last_seen && now - *peer.last_seen < kRecentPeerMs;
    if (!lately || peer.key.empty() || peer.protocol == 0 || peer.domain == except ||
        peer.standing == PeerStanding::kKeyChanged || judge(peer.domain) != federation::Verdict::kAllowed)
      continue;
    if (domains.size() == most) break;
    domains.push_back(std::move(peer.domain));
  }
  return domains;
}

std::map<std::string, std::int64_t, std::less<>> Federation::signed_since(std::int64_t unix_s) {
  std::map<std::string, std::int64_t, std::less<>> latest;
  for (const PeerRow& peer : peers())
    if (peer.in_signed_at >= unix_s) latest.emplace(peer.domain, peer.in_signed_at);
  return latest;
}

std::vector<NodeId> Federation::waiting_peers() {
  auto db = impl_->context.storage.read();
  return peers_with_queue(*db);
}

void Federation::pin(federation::PinnedNode pinned, std::string api_url,
                     std::optional<federation::Agreement> agreement, Callback<NodeId> done) {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->pinned.insert(pinned.domain);
    impl_->v1.erase(pinned.domain);
  }
  impl_->context.write<NodeId>(
      [pinned = std::move(pinned), api_url = std::move(api_url),
       agreement = std::move(agreement)](Change& change) {
        PeerRow row = *find_peer(change.db, ensure_peer(change.db, pinned.domain, change.now));
        row.key = to_bytes(pinned.key);
        row.sequence = pinned.sequence;
        row.digest = to_bytes(pinned.digest);
        row.api_url = api_url;
        row.protocol = pinned.protocol;
        row.announced_key = pinned.next_key ? to_bytes(*pinned.next_key) : Bytes();
        if (agreement) {
          row.agreement = agreement_json(*agreement);
          row.clock_ahead_ms = agreement->clock_ahead_ms;
        }
        put_peer_identity(change.db, row, change.now);
        if (agreement) put_peer_heard(change.db, row.id, change.now);
        return row.id;
      },
      std::move(done));
}

void Federation::ensure(std::string domain, Callback<NodeId> done) {
  impl_->context.write<NodeId>(
      [domain = std::move(domain)](Change& change) {
        if (!find_peer(change.db, domain) && count_strangers(change.db) >= kStrangersMax) {
          throw Refused(503, "Too many unknown nodes are looked for at once; try again later.", 600);
        }
        return ensure_peer(change.db, domain, change.now);
      },
      std::move(done));
}

void Federation::forget_strangers(std::int64_t time) {
  impl_->context.write<Done>(
      [time](Change& change) {
        remove_strangers(change.db, time);
        return Done{};
      },
      nullptr);
}

void Federation::failed(NodeId node, std::int64_t failures, std::int64_t next_try_at, std::string error) {
  impl_->context.write<Done>(
      [node, failures, next_try_at, error = std::move(error)](Change& change) {
        put_peer_attempt(change.db, node, failures, next_try_at, error, change.now);
        return Done{};
      },
      nullptr);
}

void Federation::key_changed(NodeId node, const Ed25519PublicKey& offered, std::string error,
                             Callback<Done> done) {
  impl_->context.write<Done>(
      [node, offered, error = std::move(error)](Change& change) {
        const auto peer = find_peer(change.db, node);
        if (!peer) return Done{};
        const bool news =
            peer->standing != PeerStanding::kKeyChanged || peer->offered_key != to_bytes(offered);
        put_peer_key_changed(change.db, node, offered, error, change.now);
        if (news) {
          put_audit(change.db,
                    {.actor = "node",
                     .action = "federation key changed",
                     .subject = peer->domain,
                     .detail = "shows the key " + federation::node_key_id(offered)},
                    change.now);
        }
        return Done{};
      },
      [this, done = std::move(done)](Result<Done> result) {
        look_for_commands();
        if (done) done(std::move(result));
      });
}

void Federation::seen(NodeId node) {
  ServiceContext* context = &impl_->context;
  context->write<Done>(
      [context, node](Change& change) {
        const auto peer = find_peer(change.db, node);
        if (!peer || peer->failures == 0) return Done{};
        put_peer_seen(change.db, node, peer->latency_ms, change.now);
        change.afterwards.push_back([context, node] {
          if (context->outbound) context->outbound(node);
        });
        return Done{};
      },
      nullptr);
}

void Federation::on_outbound(std::function<void(NodeId)> hook) {
  const std::lock_guard lock(impl_->mutex);
  impl_->outbound = std::move(hook);
}

void Federation::on_hint(std::function<void(NodeId, federation::Hint)> hook) {
  const std::lock_guard lock(impl_->mutex);
  impl_->hint = std::move(hook);
}

wire::KeyResponse Federation::known_keys(std::string_view handle, std::int64_t* fetched_at) {
  auto db = impl_->context.storage.read();
  const auto user = find_user(*db, handle);
  if (!user || user->deleted_at || user->public_key.empty()) throw Refused(404, "There is no such user.");
  if (fetched_at != nullptr) *fetched_at = user->key_updated_at;
  return {user->username,
          user->public_key,
          user->public_key_fingerprint,
          false,
          user->signing_key,
          user->signing_key_certificate,
          user->key_updated_at};
}

void Federation::remember_keys(wire::KeyResponse keys, Callback<wire::KeyResponse> done) {
  ServiceContext* context = &impl_->context;
  auto shared = std::make_shared<wire::KeyResponse>(std::move(keys));
  // RSA checks are not for the writer's thread.
  const bool posted = context->workers.post([context, shared, done] {
    try {
      check_keys(shared->full_handle, shared->public_key, shared->public_key_fingerprint, shared->signing_key,
                 shared->signing_key_certificate);
    } catch (const std::exception& error) {
      return done(to_failure(error));
    }
    context->write<wire::KeyResponse>(
        [context, shared](Change& change) {
          const auto handle = Handle::parse(shared->full_handle);
          if (!handle) throw Refused(400, "This is not a handle of the form username@domain.");
          ensure_remote_user(change.db, shared->full_handle, handle->domain, change.now);
          const auto user = find_user(change.db, shared->full_handle);
          take_remote_keys(*context, change, *user,
                           {shared->full_handle, shared->public_key, shared->public_key_fingerprint,
                            shared->signing_key, shared->signing_key_certificate, std::nullopt});
          return *shared;
        },
        done);
  });
  if (!posted) done(busy());
}

void Federation::watch_key(std::string username, NodeId node) {
  impl_->context.write<Done>(
      [username = std::move(username), node](Change& change) {
        const auto user = find_user(change.db, username);
        if (user && !user->deleted_at) put_key_watcher(change.db, user->id, node, change.now);
        return Done{};
      },
      nullptr);
}

}  // namespace mychat::server
