// What waits to be sent. Messages are sealed at the moment of sending, to the key that is accepted then, and
// leave in order within a conversation: the next one only when the node has answered for the one before.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "client/core.h"
#include "client/look_ups.h"
#include "protocol/message.h"
#include "protocol/ws_frames.h"

namespace mychat {

class Outbox {
 public:
  // `wake_up`: called on any thread when something that waited may go on.
  Outbox(Core& core, std::function<void()> wake_up) : core_(core), look_ups_(core, std::move(wake_up)) {}

  // Heads of the conversations' queues that are due, but for those whose recipients' keys are being asked
  // for. Throws what ends the connection.
  std::vector<OutboxEntry> due_messages(std::size_t limit);
  std::vector<OutboxEntry> due_receipts(std::size_t limit);
  std::optional<std::int64_t> next_due_at();

  // The request for the node. Nothing when the entry cannot be sent now: then it was failed or put off, or
  // the recipient's keys are asked for first, and the others go on meanwhile.
  std::optional<wire::SendMessageRequest> prepare(const OutboxEntry& entry);

  // The node's answers.
  void accepted(std::span<const wire::SentResult> results);
  void refused(const std::string& message_id, const Error& error, std::int64_t retry_after_ms);
  void receipts_sent(const std::vector<OutboxEntry>& entries);

  void close() { look_ups_.close(); }  // `wake_up` is not called any more.

  // Called when a connection stands: everything is due at once.
  void wake();

 private:
  void take_answers();
  void learn(LookUps::Answer answer);
  std::optional<RsaPublicKey> accepted_key(const std::string& handle);
  // While `error` is handled: throws it when it ends the connection.
  void cannot_send(const OutboxEntry& entry, const Error& error);
  void put_off(const OutboxEntry& entry, const Error& error, std::int64_t delay_ms);

  Core& core_;
  LookUps look_ups_;
};

// The lane of read receipts. No handle holds a line break.
inline constexpr std::string_view kReadLane = "\nread";

// The node has the message: it leaves the outbox.
void accept_sent(Change& change, const wire::SentResult& result);

// v1 nodes make their own ids. The id here by the id there:
std::string v1_id_name(std::string_view node_id);
// An attempt to send is remembered by iv and content, so that the message is known when the node returns it.
void v1_remember_try(Store& store, const std::string& message_id, const wire::SendMessageRequest& request);
bool v1_was_tried(Store& store, const std::string& message_id);
std::optional<std::string> v1_find_try(Store& store, const wire::MessageOut& message);
// One change: a message that is no longer looked for must no longer be in the outbox either.
void accept_v1(Change& change, const std::string& message_id, const wire::MessageOut& answer);

// True for an answer that the same request will get again.
bool is_permanent(const Error& error) noexcept;

// True for what says that the connection, the session or the client is at its end.
bool ends_connection(const Error& error) noexcept;

std::string_view content_type_text(mychat_content_type type);   // MYCHAT_E_INVALID_ARGUMENT
mychat_content_type content_type_value(std::string_view text);  // MYCHAT_CONTENT_FILE for an unknown one.

}  // namespace mychat
