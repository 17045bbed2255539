// Messages of all conversations.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/types.h"

namespace mychat {

class Database;
class Sealer;

struct InsertResult {
  std::int64_t local_id = 0;
  bool inserted = false;  // False: a message of this id was already there and is unchanged.
};

// Search is a scan: it opens bodies one after the other, the newest first, and compares. What leaks: to a
// thief of the file nothing beyond what the file shows anyway (numbers, sizes and times of rows), since no
// index of words exists; an encrypted index of words would show which messages share words and how frequent
// each is, and that is why there is none. To an observer of the running process: how far the scan went.
// Memory is bounded by one body and the hits.
//
// Letters match regardless of case by Unicode simple case folding for Latin, Greek, Cyrillic and Armenian;
// other scripts match exactly. Accents count. Only bodies of content type "text" are searched.
struct SearchRequest {
  std::string query;                             // UTF-8, 1 to 1,000 bytes.
  std::optional<std::string> conversation = {};  // Only this peer.
  MessageCursor before = {};
  std::size_t limit = 50;                        // 1 to 500 hits.
  const std::atomic<bool>* cancelled = nullptr;  // Set by another thread: MYCHAT_E_CANCELLED.
};

class MessagesTable {
 public:
  static constexpr std::size_t kMaxPage = 500;

  MessagesTable(Database& database, Sealer& sealer) : db_(database), sealer_(sealer) {}

  // Idempotent by message id. Creates the conversation when needed, counts an unread incoming message and
  // moves the conversation's newest message. `local_id` of the argument is ignored. A message with a body
  // keeps no envelope.
  InsertResult insert(const Message& message);

  std::optional<Message> get(std::string_view id) const;
  std::optional<Message> get_local(std::int64_t local_id) const;
  // Newest first, strictly older than `before`; limit 1 to kMaxPage.
  MessagePage page(std::string_view conversation, std::size_t limit, MessageCursor before = {}) const;
  MessagePage search(const SearchRequest& request) const;

  // Moves the status forward: queued → pending → delivered → read, never back. `failed` is reached from
  // queued and pending only; a later delivered or read overrides it. `at` becomes delivered_at or read_at.
  // False when nothing changed or there is no such message.
  bool advance_status(std::string_view id, MessageStatus status, std::int64_t at,
                      const std::optional<MessageFailure>& failure = std::nullopt);
  // failed → queued, for a retry the user asked for. False when the message is not failed.
  bool requeue(std::string_view id);
  // The node's time of acceptance of an outgoing message replaces the local one.
  bool set_created_at(std::string_view id, std::int64_t created_at);

  // Messages without a body whose envelope is kept, oldest first, after a local id.
  std::vector<Message> list_undecryptable(std::int64_t after_local_id, std::size_t limit) const;
  // A retry succeeded: stores the body, drops envelope and failure. False when there is no such message.
  bool set_decrypted(std::string_view id, ByteView body);
  // A retry failed for another reason.
  bool set_failure(std::string_view id, const MessageFailure& failure);
  // False when there is no such message. `signer` as in Message.
  bool set_verification(std::string_view id, MessageVerification verification, ByteView signer);
  // Messages with a signer, oldest first, after a local id; without bodies and envelopes.
  std::vector<Message> list_unverified(std::int64_t after_local_id, std::size_t limit) const;

  bool remove(std::string_view id);
  std::int64_t count(std::optional<std::string_view> conversation = std::nullopt) const;

 private:
  Database& db_;
  Sealer& sealer_;
};

}  // namespace mychat
