#include "services/federation.h"

#include <algorithm>
#include <future>
#include <mutex>
#include <set>
#include <utility>

#include "base/error.h"
#include "crypto/aead.h"
#include "crypto/kdf.h"
#include "crypto/random.h"
#include "federation/transaction.h"
#include "protocol/handle.h"
#include "protocol/json_writer.h"
#include "services/context.h"
#include "services/key_checks.h"
#include "services/remote_keys.h"
#include "storage/message_log.h"

namespace mychat::server {
namespace {

constexpr std::string_view kSealInfo = "MyChat node key v1";
constexpr std::int64_t kStrangersMax = 10'000;
constexpr std::int64_t kReissueBeforeMs = federation::kDocumentLifeMs / 2;

Secret sealing_key(const NodeConfig& config) {
  return hkdf_sha256(config.secret_key, {}, view(kSealInfo), kAeadKeySize);
}

Bytes seal_seed(const NodeConfig& config, const Ed25519PrivateKey& key) {
  const auto nonce = random_array<kAeadNonceSize>();
  const Bytes sealed = aes256gcm_seal(sealing_key(config), nonce, key.seed(), view(config.domain));
  Bytes out(nonce.begin(), nonce.end());
  out.insert(out.end(), sealed.begin(), sealed.end());
  return out;
}

Ed25519PrivateKey open_seed(const NodeConfig& config, ByteView sealed) {
  try {
    if (sealed.size() <= kAeadNonceSize) throw_malformed("The node's key is cut short.");
    return Ed25519PrivateKey::from_seed(aes256gcm_open(sealing_key(config), sealed.first(kAeadNonceSize),
                                                       sealed.subspan(kAeadNonceSize), view(config.domain)));
  } catch (const Error&) {
    throw Error(
        MYCHAT_E_STORE_KEY, MYCHAT_DOMAIN_STORE,
        "The node's federation key does not open: it was kept under another SECRET_KEY or DOMAIN. Restore "
        "those, or forget the key with 'mychat-server federation new-key' (other nodes will then ask their "
        "operators).");
  }
}

std::string_view item_type(OutKind kind) {
  switch (kind) {
    case OutKind::kReceipt:
      return "receipt";
    case OutKind::kKeyChange:
      return "key_change";
    case OutKind::kProfile:
      return "profile";
    case OutKind::kAccountDeleted:
      return "account_deleted";
    default:
      return "nothing";
  }
}

}  // namespace

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

struct Federation::Impl {
  explicit Impl(ServiceContext& chosen) : context(chosen) {}

  IdentityRow next_identity(SqliteConnection& db, std::int64_t now,
                            std::shared_ptr<const OwnIdentity>& made) const;
  std::optional<federation::MessageItem> message_item(SqliteConnection& db, const OutRow& row) const;
  // Waits for the writer: only before the node serves.
  template <class T>
  T wait_for(std::function<T(Change&)> change) {
    std::promise<Result<T>> promise;
    context.write<T>(std::move(change),
                     [&promise](Result<T> result) { promise.set_value(std::move(result)); });
    Result<T> result = promise.get_future().get();
    if (!result.ok()) throw Refused(result.failure());
    return std::move(result).value();
  }

  ServiceContext& context;
  mutable std::mutex mutex;
  std::shared_ptr<const OwnIdentity> own;
  std::set<std::string, std::less<>> pinned;
  std::function<void(NodeId)> outbound;
};

Federation::Federation(ServiceContext& context) : impl_(std::make_unique<Impl>(context)) {
  context.outbound = [impl = impl_.get()](NodeId node) {
    std::function<void(NodeId)> hook;
    {
      const std::lock_guard lock(impl->mutex);
      hook = impl->outbound;
    }
    if (hook) hook(node);
  };
}
Federation::~Federation() = default;

// The same key with a newer document. Numbers follow the clock, so that a node restored from an old backup
// does not fall behind what its peers have seen.
IdentityRow Federation::Impl::next_identity(SqliteConnection& db, std::int64_t now,
                                            std::shared_ptr<const OwnIdentity>& made) const {
  auto row = find_identity(db);
  const Ed25519PrivateKey key =
      row ? open_seed(context.config, row->sealed_key) : Ed25519PrivateKey::generate();
  federation::NodeDocument document;
  document.domain = context.config.domain;
  document.api_url = context.config.federation_api;
  document.sequence = std::max(now / 1000, row ? row->sequence + 1 : 1);
  document.issued_at = now;
  document.valid_until = now + federation::kDocumentLifeMs;
  document.capabilities = {"account_deleted", "key_change", "messages", "profile", "receipts"};
  document.limits.max_message_size = static_cast<std::int64_t>(context.config.max_message_size);
  document.limits.max_transaction_items = context.config.federation_max_items;
  document.key = key.public_key();
  federation::Statement statement = document.sign(key);
  IdentityRow next;
  next.sealed_key = row ? row->sealed_key : seal_seed(context.config, key);
  next.sequence = document.sequence;
  next.document = to_json_text(statement);
  made = std::make_shared<const OwnIdentity>(OwnIdentity{key, std::move(document), std::move(statement)});
  return next;
}

void Federation::issue_identity() {
  Impl* impl = impl_.get();
  std::shared_ptr<const OwnIdentity> made;
  std::exception_ptr problem;
  impl->wait_for<Done>([impl, &made, &problem](Change& change) {
    try {
      put_identity(change.db, impl->next_identity(change.db, change.now, made), change.now);
    } catch (const Error&) {
      problem = std::current_exception();  // With its sentence, which an answer to a client would not have.
    }
    return Done{};
  });
  if (problem) std::rethrow_exception(problem);
  const std::lock_guard lock(impl->mutex);
  impl->own = std::move(made);
}

std::shared_ptr<const OwnIdentity> Federation::identity() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->own;
}

bool Federation::identity_is_old(std::int64_t now_ms) const {
  const auto own = identity();
  return own && own->document.valid_until - now_ms < kReissueBeforeMs;
}

void Federation::load_rules() {
  federation::Policy policy = *impl_->context.rules.get();
  policy.allowed.clear();
  policy.blocked.clear();
  policy.mode = impl_->context.config.federation_mode;
  auto db = impl_->context.storage.read();
  for (const RuleRow& rule : federation_rules(*db))
    (rule.block ? policy.blocked : policy.allowed).push_back(rule.pattern);
  for (const PeerRow& peer : all_peers(*db)) {
    if (peer.standing == PeerStanding::kApproved) policy.allowed.push_back(peer.domain);
    if (peer.standing == PeerStanding::kBlocked) policy.blocked.push_back(peer.domain);
  }
  impl_->context.rules.set(std::move(policy));
  const std::lock_guard lock(impl_->mutex);
  for (const PeerRow& peer : all_peers(*db)) {
    if (!peer.key.empty()) impl_->pinned.insert(peer.domain);
  }
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

std::vector<NodeId> Federation::waiting_peers() {
  auto db = impl_->context.storage.read();
  return peers_with_queue(*db);
}

std::optional<federation::MessageItem> Federation::Impl::message_item(SqliteConnection& db,
                                                                      const OutRow& row) const {
  auto found = read_message(db, row.message, false);
  if (!found) return std::nullopt;  // Its sender's account was deleted meanwhile.
  const auto sender = find_user(db, found->first.sender);
  const auto recipient = find_user(db, found->first.recipient);
  if (!sender || !recipient) return std::nullopt;
  wire::MessageOut& stored = found->second;
  federation::MessageItem item;
  item.sender_handle = context.handle_of(sender->username);
  item.created_at = stored.created_at;
  item.message.id = stored.id;
  item.message.recipient_handle = context.handle_of(recipient->username);
  item.message.encrypted_content = std::move(stored.encrypted_content);
  item.message.encrypted_key = std::move(stored.encrypted_key);
  item.message.iv = std::move(stored.iv).value_or("");
  item.message.content_type = std::move(stored.content_type);
  if (stored.algorithm) item.message.algorithm = *std::move(stored.algorithm);
  item.message.sender_key_hash = std::move(stored.sender_key_hash);
  item.message.signature = std::move(stored.signature);
  item.message.sent_at = std::move(stored.sent_at);
  return item;
}

OutBatch Federation::next_batch(NodeId node, int most_items, std::int64_t most_bytes) {
  auto db = impl_->context.storage.read();
  OutBatch batch;
  const auto peer = find_peer(*db, node);
  if (!peer) return batch;
  batch.stream = peer->out_stream;
  const auto rows =
      queue_head(*db, node, std::min(most_items, static_cast<int>(federation::kTransactionItemsMax)));
  batch.first = rows.empty() ? peer->out_seq + 1 : rows.front().seq;
  batch.last = batch.first - 1;
  JsonWriter out(batch.body);
  out.begin_object();
  out.member("stream", batch.stream);
  out.member("first", batch.first);
  out.key("items");
  out.begin_array();
  for (const OutRow& row : rows) {
    if (row.seq != batch.last + 1) break;  // Cannot be: numbers have no gaps.
    std::string item;
    JsonWriter one(item);
    if (row.kind == OutKind::kMessage) {
      const auto message = impl_->message_item(*db, row);
      federation::write_item(one, message ? federation::Item(*message) : federation::NothingItem{});
    } else {
      federation::write_item(one, item_type(row.kind), row.data.empty() ? std::string_view("{}") : row.data);
    }
    const auto size = static_cast<std::int64_t>(batch.body.size() + item.size());
    if (size > most_bytes && batch.last >= batch.first) break;
    out.raw(item);
    batch.last = row.seq;
  }
  out.end_array();
  out.end_object();
  return batch;
}

void Federation::pin(federation::PinnedNode pinned, std::string api_url,
                     std::optional<federation::Agreement> agreement, Callback<NodeId> done) {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->pinned.insert(pinned.domain);
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
        if (agreement) {
          row.agreement = agreement_json(*agreement);
          row.clock_ahead_ms = agreement->clock_ahead_ms;
        }
        put_peer_identity(change.db, row, change.now);
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

void Federation::key_changed(NodeId node, std::string error, Callback<Done> done) {
  impl_->context.write<Done>(
      [node, error = std::move(error)](Change& change) {
        put_peer_standing(change.db, node, PeerStanding::kKeyChanged, change.now);
        put_peer_attempt(change.db, node, 0, INT64_MAX, error, change.now);
        return Done{};
      },
      std::move(done));
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
