// What arrives: mailbox items and messages of polled conversations are opened and stored with their events
// and the cursor in one transaction. The node is acknowledged by the caller, after it.
#pragma once

#include <cstdint>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "client/core.h"
#include "protocol/mailbox.h"

namespace mychat {

class Inbox {
 public:
  explicit Inbox(Core& core) : core_(core) {}

  // Returns the seq up to which everything is stored.
  std::int64_t process(const std::string& mailbox_id, std::span<const wire::MailboxItem> items,
                       std::stop_token stop);

  // Messages from a conversation's history, oldest first; those already held only bring their status forward.
  void process_history(std::string_view peer, std::span<const wire::MessageOut> messages,
                       std::stop_token stop);

 private:
  struct Arrival;
  std::vector<Arrival> open(std::vector<const wire::MessageOut*> messages, std::stop_token stop);
  void store_arrival(Change& change, Arrival& arrival);
  void apply(Change& change, const wire::ReceiptItem& receipt);
  void apply(Change& change, const wire::ReadItem& read);
  void apply(Change& change, const wire::KeyChangeItem& item);
  void apply(Change& change, const wire::ProfileItem& item);
  void apply(Change& change, const wire::AccountDeletedItem& item);
  void advance(Change& change, std::string_view id, MessageStatus status, std::int64_t at);

  Core& core_;
};

}  // namespace mychat
