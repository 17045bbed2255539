// Messages and mailboxes (docs/protocol.md, sections 2 and 3).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bus/mailbox_item.h"
#include "federation/transaction.h"
#include "protocol/message.h"
#include "services/records.h"
#include "services/result.h"
#include "storage/federation_table.h"

namespace mychat::server {

class ServiceContext;

struct MailboxState {
  std::string id;           // mailbox_id
  std::int64_t oldest = 0;  // Smallest seq still held; 0 while nothing was ever removed.
  std::int64_t last = 0;    // Largest seq so far.
  std::int64_t acked = 0;
};

struct MailboxPage {
  std::string mailbox_id;
  std::vector<MailboxItemPtr> items;
  std::int64_t next = 0;
  bool has_more = false;
  std::int64_t oldest = 0;
};

// Functions that return a value block (a read): call them on Services::workers(). They throw Refused.
// Another node, proven by its signature.
struct FromNode {
  NodeId id = 0;
  std::string domain;
  std::int64_t signed_at = 0;  // Unix s, by its signature.
};

// What an answer to a transaction of ours amounts to.
struct SentOutcome {
  bool restarted = false;   // The peer stands elsewhere than we thought: the stream began anew.
  std::int64_t queued = 0;  // What still waits.
};

class Mailbox {
 public:
  explicit Mailbox(ServiceContext& context);
  ~Mailbox();

  // Any thread, never blocks. `done` is called after the commit, with one result for each draft in order:
  // 404, 409, 413, 422, 501; the whole 503 when the writer's queue is full. `origin`: see
  // MailboxItem::origin().
  void accept(const Caller& sender, std::vector<wire::SendMessageRequest> drafts, std::uint64_t origin,
              Callback<std::vector<Result<AcceptedMessage>>> done);

  // 400 bad handle; 404; 422 bad cursor. Messages received through it count as delivered. `before`: an ISO
  // time, or a next_cursor.
  wire::ConversationPage conversation(const Caller& caller, std::string_view handle, int limit,
                                      std::optional<std::string> before);
  // v1 semantics: 403 not the recipient, 404. Reading twice is fine.
  void mark_read(const Caller& caller, std::string message_id, Callback<Done> done);
  // How many were unread before; unknown ids are skipped. `done` may be empty.
  void mark_read(const Caller& caller, std::vector<std::string> message_ids, Callback<int> done);

  MailboxState state(const Caller& caller);
  // Items with a seq beyond `after`; limit 1 to 256.
  MailboxPage page(const Caller& caller, std::int64_t after, int limit);
  // As page(), but an empty one is held until there is an item or `wait_ms` (at most 30,000) is over; never
  // blocks. 429 beyond 16 waiting calls of one user.
  void wait_page(const Caller& caller, std::int64_t after, int limit, std::int64_t wait_ms,
                 Callback<MailboxPage> done);

  // Any thread, never blocks: items up to `seq` are processed. Answers the present value. Several of one user
  // under way are merged. `done` may be empty.
  void ack(const Caller& caller, std::int64_t seq, Callback<std::int64_t> done);
  // Federation. All are one change, and `done` is called after its commit.
  // Takes what is new of a transaction, and notes how far the peer's stream has come. Nothing of it is taken
  // when it begins beyond what is known: the answer says where to go on.
  void receive(FromNode peer, federation::Transaction transaction,
               Callback<federation::TransactionAnswer> done);
  // One item of a node of protocol 1; nothing: it was taken, perhaps before. 403 when that node has proven a
  // key meanwhile: then it must sign.
  void receive_v1(FromNode peer, federation::Item item,
                  Callback<std::optional<federation::ItemFailure>> done);
  // The peer has what the answer says: the queue moves on, and messages that it did not take are marked as
  // failed.
  // `last`: the number of the last item that it was sent.
  void sent(NodeId node, std::int64_t last, federation::TransactionAnswer answer, std::int64_t latency_ms,
            Callback<SentOutcome> done);
  // Gives up what has waited since before `time`; how many items that were.
  void expire(NodeId node, std::int64_t time, std::string reason, Callback<int> done);

  // For v1 WebSockets, which know no cursor: these messages (by seq) were handed to the recipient's client.
  void mark_delivered(const Caller& caller, std::vector<std::int64_t> seqs);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  friend class Services;
};

}  // namespace mychat::server
