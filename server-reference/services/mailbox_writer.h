// The changes of mailboxes, and what they keep in memory. Everything here runs on the writer thread unless
// said otherwise. Internal to services/.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "federation/transaction.h"
#include "protocol/handle.h"
#include "services/context.h"
#include "services/mailbox.h"
#include "services/rate_limiter.h"
#include "storage/message_log.h"

namespace mychat::server {

struct KnownUser {
  UserId id = 0;
  bool active = false;  // Neither deleted nor disabled.
  bool deleted = false;
  NodeId node = 0;  // 0: of this one.
};

// A message that its recipient has not acknowledged.
struct Undelivered {
  std::int64_t seq = 0;
  std::int64_t conversation = 0;
  UserId sender = 0;
  Uuid id{};
  bool told = false;  // The sender had a receipt already.
};

struct MailboxMemory {
  std::int64_t acked = 0;
  std::int64_t complete_from = 0;  // Every undelivered message beyond this seq is in `waiting`.
  std::deque<Undelivered> waiting;
};

class MailboxWriter {
 public:
  explicit MailboxWriter(ServiceContext& context)
      : context_(context),
        new_senders_({kNewSendersPerHour, 3'600'000}),
        key_changes_({kChangesPerHour, 3'600'000}),
        profile_changes_({kChangesPerHour, 3'600'000}) {}

  std::vector<Result<AcceptedMessage>> accept(Change& change, const Principal& sender,
                                              std::vector<wire::SendMessageRequest>& drafts,
                                              std::uint64_t origin);
  // Moves the mark forward by at most a few thousand messages; the answer is where it stands.
  std::int64_t ack(Change& change, const Principal& caller, std::int64_t seq);
  // How many were unread. `strict`: one id, Refused 403 or 404 for what is not the caller's to read.
  int read(Change& change, const Principal& caller, const std::vector<std::string>& ids, bool strict);
  void delivered(Change& change, const Principal& caller, const std::vector<std::int64_t>& seqs);

  // What another node says: `peer` is proven. Items that are not taken are named, and keep nothing else from
  // being taken.
  std::optional<federation::ItemFailure> take_any(Change& change, const FromNode& peer,
                                                  federation::Item& item);
  std::optional<federation::ItemFailure> take(Change& change, const FromNode& peer,
                                              federation::MessageItem& item);
  std::optional<federation::ItemFailure> take(Change& change, const FromNode& peer,
                                              const federation::ReceiptItem& item);
  std::optional<federation::ItemFailure> take(Change& change, const FromNode& peer,
                                              const wire::KeyChangeItem& item);
  std::optional<federation::ItemFailure> take(Change& change, const FromNode& peer,
                                              const wire::ProfileItem& item);
  std::optional<federation::ItemFailure> take(Change& change, const FromNode& peer,
                                              const wire::AccountDeletedItem& item);
  std::optional<federation::ItemFailure> receive_v1(Change& change, const FromNode& peer,
                                                    federation::Item& item);
  federation::TransactionAnswer receive(Change& change, const FromNode& peer,
                                        federation::Transaction& transaction);
  SentOutcome sent(Change& change, NodeId node, std::int64_t last,
                   const federation::TransactionAnswer& answer, std::int64_t latency_ms);
  // A message of this node that the recipient's node will not get, or did not take.
  // One that failed is tried again, because its sender asks for that.
  void send_again(Change& change, std::int64_t seq);
  void undeliverable(Change& change, std::int64_t seq, const std::string& reason);

  // What is remembered is no longer sure.
  void forget();
  void forget_user(const std::string& username) { users_.erase(username); }

  static constexpr std::size_t kMaxWaitingPerUser = 2048;
  static constexpr std::size_t kMaxWaiting = 256 * 1024;
  static constexpr std::size_t kMaxKnown = 100'000;
  static constexpr int kAckStep = 4096;
  static constexpr int kNewSendersPerHour = 1000;  // Of one node: each takes a row for good.
  static constexpr int kChangesPerHour = 30;  // Of one user elsewhere: each is an item in many a mailbox.
  static constexpr std::int64_t kQueuedMessageBytes = 2048;  // Beside its content.

 private:
  struct Receipt {  // For one sender in one conversation.
    std::int64_t conversation = 0;
    UserId sender = 0;
    std::vector<std::int64_t> seqs;
    std::vector<Uuid> ids;
  };
  using Receipts = std::map<std::int64_t, Receipt>;  // By conversation.
  struct Addressing {
    UserId sender = 0;
    std::string sender_handle;
    KnownUser recipient;
    std::string recipient_handle;
    bool sender_is_here = true;
  };

  Result<AcceptedMessage> accept_one(Change& change, const Principal& sender, wire::SendMessageRequest& draft,
                                     std::uint64_t origin);
  Result<AcceptedMessage> repeated(Change& change, const Principal& sender, const Uuid& id);
  KnownUser user(SqliteConnection& db, const std::string& username);
  std::int64_t conversation(Change& change, UserId a, UserId b);
  MailboxMemory& memory(Change& change, UserId user);
  std::int64_t collect(Change& change, UserId user, MailboxMemory& mailbox, std::int64_t upto,
                       Receipts& receipts);
  Result<AcceptedMessage> store(Change& change, const Addressing& to, wire::SendMessageRequest& draft,
                                const Uuid& id, std::uint64_t origin);
  KnownUser remote_user(Change& change, const Handle& handle);
  void remember_waiting(Change& change, UserId recipient, const Undelivered& entry);
  void queue_receipts(Change& change, NodeId node, const std::string& handle,
                      const std::vector<std::string>& ids, bool read);
  NodeId node_of(SqliteConnection& db, UserId user);
  void announce_receipts(Change& change, UserId recipient, const std::string& handle,
                         const Receipts& receipts, EntryKind kind);
  static void mark_told(MailboxMemory& mailbox, std::int64_t seq);
  std::int64_t monotonic_now(std::int64_t now);

  ServiceContext& context_;
  RateLimiter new_senders_;
  RateLimiter key_changes_;
  RateLimiter profile_changes_;
  std::unordered_map<std::string, KnownUser> users_;
  std::unordered_map<UserId, NodeId> nodes_;  // Of users.
  std::map<std::pair<UserId, UserId>, std::int64_t> conversations_;
  std::unordered_map<UserId, MailboxMemory> mailboxes_;
  std::size_t waiting_ = 0;
  std::int64_t last_created_ = -1;  // Of messages: their times rise with their seqs.
};

// {message_ids, peer_handle, status, timestamp, reason}; without status: that of a `read` item. `reason`: of
// "failed".
std::string render_receipt(const std::vector<std::string>& ids, const std::string& peer_handle,
                           std::optional<std::string_view> status, std::int64_t timestamp,
                           std::optional<std::string_view> reason = std::nullopt);
// What is wrong with a message whoever sends it to whomever.
std::optional<Failure> refusal_of_content(const wire::SendMessageRequest& draft, const NodeConfig& config);

}  // namespace mychat::server
