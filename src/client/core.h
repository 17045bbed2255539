// What the parts of a client share: the store under its mutex, the keys, the queue of events, the node.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "client/event_queue.h"
#include "client/freshness.h"
#include "client/node_api.h"
#include "client/types.h"
#include "crypto/rsa.h"
#include "crypto/sign.h"
#include "store/store.h"

namespace mychat {

// The private keys of the account. Immutable; shared with work that runs outside of the mutex.
struct Keyring {
  RsaPrivateKey current;
  std::string fingerprint;
  std::string public_key_pem;
  Ed25519PrivateKey signing_key;  // Follows from `current`.
  Bytes certificate;              // Of the signing key; empty before there is an account.
  // The latest first: keys that the present one took the place of; this client goes back to none of them.
  std::vector<RsaPrivateKey> previous;
  // Keys of the account that only open messages: which follows which is not known.
  std::vector<RsaPrivateKey> older;
  // The account's own signing keys, the present one first: of all these identity keys, and those of other
  // clients that the present one certified.
  std::vector<Ed25519PublicKey> signers;
};

inline constexpr std::size_t kMaxMessageId = 128;  // Bytes; ours are UUIDs, a v1 node may make others.

// Names of small values in the account table.
namespace setting {
inline constexpr std::string_view kPolicy = "policy";
inline constexpr std::string_view kBackupAt = "backup_at";
inline constexpr std::string_view kPreviousKeys = "previous_keys";  // How many.
inline constexpr std::string_view kOwnSigners = "own_signers";
inline constexpr std::string_view kOlderKeys = "older_keys";          // How many.
inline constexpr std::string_view kKeysPublished = "keys_published";  // Which signing key the node has.
inline constexpr std::string_view kAccountKey = "account_key";        // The public key that the node has.
inline constexpr std::string_view kPendingKey = "pending_key";        // Of a rotation, until it is done.
// How often it turned out that a message kept unreadable may be readable now, and how often that was followed
// up: as long as they differ there is something to do, also after a restart.
inline constexpr std::string_view kRetryWanted = "retry_wanted";
inline constexpr std::string_view kRetryDone = "retry_done";
inline constexpr std::string_view kDeleted = "deleted";  // The account, at its node.
}  // namespace setting

class Core {
 public:
  explicit Core(ClientOptions client_options);

  std::int64_t now() const { return clock.now_ms(); }
  void info(std::string_view component, std::string_view message) const {
    log->write(LogLevel::kInfo, component, message);
  }
  void warn(std::string_view component, std::string_view message) const {
    log->write(LogLevel::kWarning, component, message);
  }

  // MYCHAT_E_INVALID_STATE without a node's address.
  NodeApi& node();
  void close_node();
  // Throws MYCHAT_E_CLOSED after close().
  void require_open() const;
  // The session's token; MYCHAT_E_INVALID_STATE when not logged in.
  Secret token();
  std::optional<Secret> token_or_none();
  std::shared_ptr<const Keyring> keys();          // Null without an identity.
  std::shared_ptr<const Keyring> require_keys();  // MYCHAT_E_NO_IDENTITY
  std::string handle();                           // Empty without an account.
  std::string require_handle();                   // MYCHAT_E_INVALID_STATE
  std::string entered_handle();                   // Empty before a registration or login here.
  std::uint32_t policy();
  void forget_session(const Secret& used);  // Only if `used` is still the session's token.

  // What is held in memory of the store, all of it or nothing. Call with the mutex held.
  struct Held {
    std::optional<Account> account;
    std::shared_ptr<const Keyring> keyring;
    std::optional<Secret> session_token;
    std::uint32_t policy_flags = 0;
  };
  Held read_held();
  void hold(Held&& held) noexcept;
  bool has_entered() const noexcept { return account && account->created_at != 0; }
  // The node had another key for the account, when it was last asked, than the one that is here.
  bool key_is_replaced();

  ClientOptions options;
  std::shared_ptr<const Log> log;
  const Clock& clock = Clock::system();
  TransportOptions transport;
  EventQueue events;

  std::mutex mutex;  // Guards what follows.
  std::unique_ptr<Store> store;
  std::optional<Account> account;
  std::shared_ptr<const Keyring> keyring;
  std::optional<Secret> session_token;
  std::uint32_t policy_flags = 0;
  Freshness listed;     // Who was put on the contact list or taken off it here.
  Freshness announced;  // Whose keys changed as the mailbox told.

  std::mutex reader_mutex;  // Guards the reader alone; never taken together with `mutex` except by close().
  std::unique_ptr<StoreReader> reader;

  std::atomic<bool> closed{false};

 private:
  std::unique_ptr<NodeApi> node_;
};

// One transaction of the store with the events that it causes: both are there after commit(), or neither.
class Change {
 public:
  explicit Change(Core& core);
  Store& store() noexcept { return *core_.store; }
  Core& core() noexcept { return core_; }

  void message_event(mychat_event_type type, const Message& message);
  void contact_event(mychat_event_type type, std::string_view handle);
  void session_ended_event(const Error& error);
  void commit();
  // For a change of the account, its session, keys or policy: what the Core holds of them changes with the
  // store, or does not if memory runs out.
  void commit_and_hold();

 private:
  Core& core_;
  std::unique_lock<std::mutex> lock_;
  Transaction transaction_;
  std::uint64_t last_seq_ = 0;
};

// The event that a journal row stands for, read with the mutex held. Nothing when what it speaks of is gone.
std::optional<Event> read_journal_event(Core& core, const JournalEvent& row);

ContactView contact_view(Store& store, const Contact& contact);
// From a thread that holds the mutex.
AccountView account_view(Core& core);

// Keeps a private key that the present one took the place of, or that only opens messages. Inside a
// transaction.
void add_previous_key(Store& store, const RsaPrivateKey& key);
void add_older_key(Store& store, const RsaPrivateKey& key);

// The canonical handle, or MYCHAT_E_INVALID_ARGUMENT.
std::string canonical_handle(std::string_view text);

}  // namespace mychat
