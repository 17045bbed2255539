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

#include "services/context.h"
#include "services/mailbox.h"
#include "storage/message_log.h"

namespace mychat::server {

struct KnownUser {
  UserId id = 0;
  bool active = false;  // Neither deleted nor disabled.
  bool deleted = false;
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
  explicit MailboxWriter(ServiceContext& context) : context_(context) {}

  std::vector<Result<AcceptedMessage>> accept(Change& change, const Principal& sender,
                                              std::vector<wire::SendMessageRequest>& drafts,
                                              std::uint64_t origin);
  // Moves the mark forward by at most a few thousand messages; the answer is where it stands.
  std::int64_t ack(Change& change, const Principal& caller, std::int64_t seq);
  // How many were unread. `strict`: one id, Refused 403 or 404 for what is not the caller's to read.
  int read(Change& change, const Principal& caller, const std::vector<std::string>& ids, bool strict);
  void delivered(Change& change, const Principal& caller, const std::vector<std::int64_t>& seqs);

  // What is remembered is no longer sure.
  void forget();
  void forget_user(const std::string& username) { users_.erase(username); }

  static constexpr std::size_t kMaxWaitingPerUser = 2048;
  static constexpr std::size_t kMaxWaiting = 256 * 1024;
  static constexpr std::size_t kMaxKnown = 100'000;
  static constexpr int kAckStep = 4096;

 private:
  struct Receipt {  // For one sender in one conversation.
    std::int64_t conversation = 0;
    UserId sender = 0;
    std::vector<std::int64_t> seqs;
    std::vector<Uuid> ids;
  };
  using Receipts = std::map<std::int64_t, Receipt>;  // By conversation.

  Result<AcceptedMessage> accept_one(Change& change, const Principal& sender, wire::SendMessageRequest& draft,
                                     std::uint64_t origin);
  Result<AcceptedMessage> repeated(Change& change, const Principal& sender, const Uuid& id);
  KnownUser user(SqliteConnection& db, const std::string& username);
  std::int64_t conversation(Change& change, UserId a, UserId b);
  MailboxMemory& memory(Change& change, UserId user);
  std::int64_t collect(Change& change, UserId user, MailboxMemory& mailbox, std::int64_t upto,
                       Receipts& receipts);
  void announce_receipts(Change& change, UserId recipient, const std::string& handle,
                         const Receipts& receipts, EntryKind kind);
  static void mark_told(MailboxMemory& mailbox, std::int64_t seq);
  std::int64_t monotonic_now(std::int64_t now);

  ServiceContext& context_;
  std::unordered_map<std::string, KnownUser> users_;
  std::map<std::pair<UserId, UserId>, std::int64_t> conversations_;
  std::unordered_map<UserId, MailboxMemory> mailboxes_;
  std::size_t waiting_ = 0;
  std::int64_t last_created_ = -1;  // Of messages: their times rise with their seqs.
};

// {message_ids, peer_handle, status, timestamp}; without status: that of a `read` item.
std::string render_receipt(const std::vector<std::string>& ids, const std::string& peer_handle,
                           std::optional<std::string_view> status, std::int64_t timestamp);

}  // namespace mychat::server
