#include "client/core.h"

#include <algorithm>
#include <utility>

#include "client/peers.h"
#include "keys/certificate.h"
#include "keys/identity.h"
#include "keys/jwk.h"
#include "keys/public_key.h"
#include "protocol/handle.h"
#include "transport/url.h"

namespace mychat {
namespace {

std::shared_ptr<const Log> make_log(const ClientOptions& options) {
  if (!options.log) return std::make_shared<const Log>();
  return std::make_shared<const Log>(
      static_cast<LogLevel>(options.log_level),
      [log = options.log](LogLevel level, std::string_view component, std::string_view message) {
        log(static_cast<mychat_log_level>(level), std::string(component).c_str(),
            std::string(message).c_str());
      });
}

TransportOptions make_transport(const ClientOptions& options, std::shared_ptr<const Log> log) {
  TransportOptions transport;
  transport.ca_file = options.ca_file;
  transport.pins = options.tls_pins;
  transport.allow_plaintext = options.allow_plaintext;
  if (options.connect_timeout_ms != 0)
    transport.connect_timeout = std::chrono::milliseconds(options.connect_timeout_ms);
  if (options.request_timeout_ms != 0)
    transport.request_timeout = std::chrono::milliseconds(options.request_timeout_ms);
  transport.log = std::move(log);
  check_options(transport);
  return transport;
}

StoreKey make_store_key(ClientOptions& options) {
  if (!options.passphrase.empty()) return StoreKey::passphrase(std::exchange(options.passphrase, {}));
  return StoreKey::host_callback([give = options.store_key] {
    Secret key(MYCHAT_STORE_KEY_SIZE);
    if (!give || !give(key.data()))
      throw Error(MYCHAT_E_STORE_KEY, MYCHAT_DOMAIN_STORE, "The host did not give the key of the store.");
    return key;
  });
}

// A list of keys: how many there are under `count_name`, each under a numbered name.
std::string key_name(std::string_view count_name, std::int64_t i) {
  return std::string(count_name) + "." + std::to_string(i);
}

void add_key(Store& store, std::string_view count_name, const RsaPrivateKey& key) {
  const std::int64_t count = store.account().get_int(count_name).value_or(0) + 1;
  store.account().set_bytes(key_name(count_name, count), view(key.to_pkcs8_der()));
  store.account().set_int(count_name, count);
}

// The latest first.
std::vector<RsaPrivateKey> read_key_list(Store& store, std::string_view count_name) {
  std::vector<RsaPrivateKey> out;
  for (std::int64_t i = store.account().get_int(count_name).value_or(0); i > 0; --i)
    if (const auto der = store.account().get_bytes(key_name(count_name, i)))
      out.push_back(RsaPrivateKey::from_pkcs8_der(view(*der), RsaCheck::kArithmetic));
  return out;
}

// The stored one, if it is of these keys and this handle; otherwise it is made.
Bytes certificate_for(const IdentityKeys& stored, std::string_view handle, const RsaPrivateKey& key,
                      const Ed25519PublicKey& signing_key) {
  if (signing_key_certified(key.public_key(), handle, signing_key, stored.signing_certificate))
    return stored.signing_certificate;
  return certify_signing_key(key, handle, signing_key);
}

// A journal row: one byte of message status, then the id, handle or text.
Bytes journal_payload(std::uint8_t tag, std::string_view rest) {
  Bytes payload;
  payload.reserve(rest.size() + 1);
  payload.push_back(tag);
  payload.insert(payload.end(), rest.begin(), rest.end());
  return payload;
}

}  // namespace

Core::Core(ClientOptions client_options)
    : options(std::move(client_options)),
      log(make_log(options)),
      transport(make_transport(options, log)),
      events(options.max_queued_events) {
  if (!options.node_url.empty())
    require_confidential(parse_node_url(options.node_url), options.allow_plaintext);
  StoreOptions store_options{.path = options.store_path, .key = make_store_key(options)};
  store_options.mode = options.store_must_exist ? OpenMode::kOpenExisting : OpenMode::kOpenOrCreate;
  store_options.log = log.get();
  store = Store::open(store_options);
  hold(read_held());
  if (options.node_url.empty() && account) options.node_url = account->node_url;
  if (!options.node_url.empty()) {
    const Url url = parse_node_url(options.node_url);
    require_confidential(url, options.allow_plaintext);
    options.node_url = url.scheme + "://" + url.authority();
    node_ = std::make_unique<NodeApi>(transport, url);
  }
  reader = store->open_reader();
  const auto last = static_cast<std::uint64_t>(store->journal().last_seq());
  const auto first = store->journal().read(0, 1);  // What was acknowledged is not asked for again.
  events.journal_opened(first.empty() ? last : static_cast<std::uint64_t>(first.front().seq) - 1, last);
}

void Core::close_node() {
  if (node_) node_->close();
}

NodeApi& Core::node() {
  if (!node_)
    throw Error(MYCHAT_E_INVALID_STATE, MYCHAT_DOMAIN_API, "No node is known: give its address in node_url.");
  return *node_;
}

void Core::require_open() const {
  if (closed.load()) throw Error(MYCHAT_E_CLOSED, MYCHAT_DOMAIN_API, "The client is closed.");
}

std::optional<Secret> Core::token_or_none() {
  const std::lock_guard lock(mutex);
  return session_token;
}

Secret Core::token() {
  auto token = token_or_none();
  if (!token) throw Error(MYCHAT_E_INVALID_STATE, MYCHAT_DOMAIN_API, "Not logged in.");
  return std::move(*token);
}

std::shared_ptr<const Keyring> Core::keys() {
  const std::lock_guard lock(mutex);
  return keyring;
}

std::shared_ptr<const Keyring> Core::require_keys() {
  auto ring = keys();
  if (!ring)
    throw Error(MYCHAT_E_NO_IDENTITY, MYCHAT_DOMAIN_KEYS,
                "The account's private key is not here; restore a backup or rotate the key.");
  return ring;
}

std::string Core::handle() {
  const std::lock_guard lock(mutex);
  return account ? account->handle : std::string();
}

std::string Core::require_handle() {
  std::string mine = handle();
  if (mine.empty()) throw Error(MYCHAT_E_INVALID_STATE, MYCHAT_DOMAIN_API, "There is no account yet.");
  return mine;
}

std::string Core::entered_handle() {
  const std::lock_guard lock(mutex);
  return has_entered() ? account->handle : std::string();
}

bool Core::key_is_replaced() {
  if (!keyring) return false;
  const auto at_node = store->account().get_text(setting::kAccountKey);
  return at_node && *at_node != keyring->public_key_pem &&
         !(parse_public_key(*at_node) == keyring->current.public_key());
}

std::uint32_t Core::policy() {
  const std::lock_guard lock(mutex);
  return policy_flags;
}

void Core::forget_session(const Secret& used) {
  const std::lock_guard lock(mutex);
  if (!store || !session_token || *session_token != used) return;
  store->account().clear_access_token();
  session_token.reset();
}

namespace {

std::shared_ptr<const Keyring> read_keys(Store& store) {
  const auto stored = store.account().identity();
  if (!stored) return nullptr;
  const auto account = store.account().account();
  const auto current = RsaPrivateKey::from_pkcs8_der(view(stored->private_key), RsaCheck::kArithmetic);
  Keyring ring{.current = current,
               .fingerprint = stored->fingerprint,
               .public_key_pem = stored->public_key,
               .signing_key = derive_signing_key(current),
               .certificate = {},
               .previous = read_key_list(store, setting::kPreviousKeys),
               .older = {},
               .signers = {}};
  ring.signers.push_back(ring.signing_key.public_key());
  if (account)
    ring.certificate = certificate_for(*stored, account->handle, current, ring.signing_key.public_key());
  for (RsaPrivateKey& key : read_key_list(store, setting::kOlderKeys))
    if (!(key == current) &&
        std::find(ring.previous.begin(), ring.previous.end(), key) == ring.previous.end())
      ring.older.push_back(std::move(key));
  for (const auto* keys : {&ring.previous, &ring.older})
    for (const RsaPrivateKey& key : *keys) ring.signers.push_back(derive_signing_key(key).public_key());
  for (const Ed25519PublicKey& key : own_signers(store)) ring.signers.push_back(key);
  if (stored->signing_public_key.size() == kEd25519PublicKeySize)  // Of a version that made one up.
    std::copy_n(stored->signing_public_key.begin(), kEd25519PublicKeySize,
                ring.signers.emplace_back().begin());
  return std::make_shared<const Keyring>(std::move(ring));
}

}  // namespace

Core::Held Core::read_held() {
  AccountTable& table = store->account();
  return {table.account(), read_keys(*store), table.access_token(),
          static_cast<std::uint32_t>(table.get_int(setting::kPolicy).value_or(0))};
}

void Core::hold(Held&& held) noexcept {
  account = std::move(held.account);
  keyring = std::move(held.keyring);
  session_token = std::move(held.session_token);
  policy_flags = held.policy_flags;
}

void add_previous_key(Store& store, const RsaPrivateKey& key) { add_key(store, setting::kPreviousKeys, key); }
void add_older_key(Store& store, const RsaPrivateKey& key) { add_key(store, setting::kOlderKeys, key); }

// ---- Change

namespace {

std::unique_lock<std::mutex> lock_open(Core& core) {
  std::unique_lock lock(core.mutex);
  core.require_open();
  return lock;
}

}  // namespace

Change::Change(Core& core) : core_(core), lock_(lock_open(core)), transaction_(core.store->begin()) {}

void Change::message_event(mychat_event_type type, const Message& message) {
  last_seq_ = static_cast<std::uint64_t>(core_.store->journal().append(
      static_cast<std::uint32_t>(type),
      journal_payload(static_cast<std::uint8_t>(static_cast<std::uint8_t>(message.status) + 1), message.id),
      core_.now()));
}

void Change::contact_event(mychat_event_type type, std::string_view handle) {
  last_seq_ = static_cast<std::uint64_t>(core_.store->journal().append(
      static_cast<std::uint32_t>(type), journal_payload(0, handle), core_.now()));
}

void Change::session_ended_event(const Error& error) {
  last_seq_ = static_cast<std::uint64_t>(core_.store->journal().append(
      MYCHAT_EVENT_SESSION_ENDED, journal_payload(0, error.what()), core_.now()));
}

void Change::commit() {
  EventQueue::Place place = core_.events.make_place();
  transaction_.commit();
  if (last_seq_ != 0) core_.events.journal_grew(last_seq_, std::move(place));
}

void Change::commit_and_hold() {
  Core::Held held = core_.read_held();
  commit();
  core_.hold(std::move(held));
}

std::optional<Event> read_journal_event(Core& core, const JournalEvent& row) {
  if (row.payload.empty())
    throw Error(MYCHAT_E_STORE_CORRUPT, MYCHAT_DOMAIN_STORE, "An event of the journal is empty.");
  const std::string_view rest = text(view(row.payload)).substr(1);
  Event event;
  event.type = static_cast<mychat_event_type>(row.kind);
  event.seq = static_cast<std::uint64_t>(row.seq);
  event.time = row.created_at;
  switch (event.type) {
    case MYCHAT_EVENT_MESSAGE:
    case MYCHAT_EVENT_MESSAGE_STATUS: {
      auto message = core.store->messages().get(rest);
      if (!message) return std::nullopt;
      // The status of then, so that each step is told once.
      if (event.type == MYCHAT_EVENT_MESSAGE_STATUS && message->direction == Direction::kOutgoing)
        message->status = static_cast<MessageStatus>(row.payload[0] - 1);
      event.data = std::move(*message);
      return event;
    }
    case MYCHAT_EVENT_CONTACT:
    case MYCHAT_EVENT_KEY_CHANGED: {
      const auto contact = core.store->contacts().get(rest);
      if (!contact) return std::nullopt;
      event.data = contact_view(*core.store, *contact);
      return event;
    }
    case MYCHAT_EVENT_SESSION_ENDED:
      event.data =
          ConnectionChange{MYCHAT_CONNECTION_OFFLINE,
                           Error(MYCHAT_E_UNAUTHORIZED, MYCHAT_DOMAIN_NODE, std::string(rest), 401), 0};
      return event;
    default:
      return std::nullopt;  // Of a newer library that shared this store.
  }
}

// ---- Views

ContactView contact_view(Store& store, const Contact& contact) {
  ContactView out;
  out.contact = contact;
  out.pending_vouched = store.account().get_bool(vouched_name(contact.handle)).value_or(false);
  out.status_message = store.account().get_text("status." + contact.handle).value_or("");
  const auto conversation = store.conversations().get(contact.handle);
  if (conversation) out.last_message_at = conversation->last_message_at;
  return out;
}

AccountView account_view(Core& core) {
  AccountView out;
  out.node_url = core.options.node_url;
  out.logged_in = core.session_token.has_value();
  if (core.account) {
    out.handle = core.account->handle;
    out.user_id = core.account->user_id;
    if (!core.account->node_url.empty()) out.node_url = core.account->node_url;
  }
  if (core.keyring) {
    out.has_identity = true;
    out.fingerprint = core.keyring->fingerprint;
    out.signs_messages = !core.keyring->certificate.empty();
  }
  const Profile profile = core.store->account().profile();
  out.avatar_url = profile.avatar_url;
  out.status_message = profile.status_message;
  out.backup_at = core.store->account().get_int(setting::kBackupAt).value_or(0);
  return out;
}

std::string canonical_handle(std::string_view text) {
  auto handle = normalize_handle(text);
  if (!handle) throw_argument("A handle must have the form username@domain.");
  return std::move(*handle);
}

}  // namespace mychat
