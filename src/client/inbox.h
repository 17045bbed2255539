// What arrives: mailbox items and messages of polled conversations are opened and stored with their events
// and the cursor in one transaction. The node is acknowledged by the caller, after it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "client/core.h"
#include "client/opening.h"
#include "client/peers.h"
#include "protocol/mailbox.h"

namespace mychat {

class Inbox {
 public:
  explicit Inbox(Core& core) : core_(core) {}

  // Calls `stored` after each commit with the seq up to which everything is stored.
  void process(const std::string& mailbox_id, std::span<const wire::MailboxItem> items,
               const std::function<void(std::int64_t)>& stored, std::stop_token stop);

  // Messages from a conversation's history, oldest first; those already held only bring their status forward.
  void process_history(std::string_view peer, std::span<const wire::MessageOut> messages,
                       std::stop_token stop);

 private:
  struct Arrival;
  std::int64_t process_part(const std::string& mailbox_id, std::span<const wire::MailboxItem> items,
                            std::stop_token stop);
  void verify_doubtful(const std::vector<Sealed>& sealed, std::vector<Opened>& opened,
                       std::set<std::string> asked, std::stop_token stop);
  bool waits(const std::string& sender, const Bytes& signer);
  void ask_sender(const std::string& handle, std::stop_token stop);
  void ask_present(const wire::KeyChangeItem& item, std::stop_token stop);
  std::vector<Arrival> open(std::vector<const wire::MessageOut*> messages, std::stop_token stop);
  void store_arrival(Change& change, Arrival& arrival);
  void apply(Change& change, const wire::ReceiptItem& receipt);
  void apply(Change& change, const wire::ReadItem& read);
  void apply(Change& change, const wire::KeyChangeItem& item);
  void apply(Change& change, const wire::ProfileItem& item);
  void apply(Change& change, const wire::AccountDeletedItem& item);
  void advance(Change& change, std::string_view id, MessageStatus status, std::int64_t at,
               const std::optional<MessageFailure>& failure = std::nullopt);

  Core& core_;
  // Other nodes that did not tell a sender's keys in time, and until when nothing waits for them again.
  std::map<std::string, std::chrono::steady_clock::time_point> silent_;
  // As the node told while these items were processed; nothing of a user who is gone.
  std::map<std::string, std::optional<PeerKeys>> present_;
};

}  // namespace mychat
