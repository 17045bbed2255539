// Sessions without a WebSocket: long polling of the mailbox, and plain v1 nodes (docs/protocol.md, section
// 8).
#include <algorithm>
#include <set>
#include <utility>

#include "client/peers.h"
#include "client/sync_channel.h"
#include "protocol/handle.h"
#include "protocol/limits.h"

namespace mychat {
namespace {

constexpr auto kLeastPoll = std::chrono::seconds(1);
constexpr int kLongPoll = 25;  // Seconds.
constexpr auto kLastWord = std::chrono::seconds(2);
constexpr auto kV1Fastest = std::chrono::seconds(2);
constexpr auto kV1Slowest = std::chrono::seconds(60);
constexpr auto kV1Ping = std::chrono::seconds(30);
constexpr int kV1Page = 12;  // So that a page of the largest messages is still an answer that is taken.
constexpr std::size_t kV1MaxPages = 2000;
constexpr std::size_t kV1Piece = 32u * 1024 * 1024;  // Bytes of history held before they are stored.

}  // namespace

void Sync::mailbox_polling(const Secret& token, const wire::NodeInfo& info, std::stop_token stop) {
  const bool batched = info.can(wire::capability::kReceipts);
  bool begun = false;
  while (true) {
    std::int64_t after = 0;
    std::string known_id;
    {
      const std::lock_guard lock(core_.mutex);
      core_.require_open();
      if (const auto cursor = core_.store->sync().cursor()) {
        after = cursor->cursor;
        known_id = cursor->mailbox_id;
      }
    }
    std::stop_token poll_stop;
    {
      const std::lock_guard lock(mutex_);
      if (stop.stop_requested()) throw Error(MYCHAT_E_CANCELLED, MYCHAT_DOMAIN_API, "Stopped.");
      poll_stop_ = std::stop_source();
      poll_stop = poll_stop_.get_token();
      if (kicked_) poll_stop_.request_stop();
      kicked_ = false;
    }
    wire::MailboxPage page;
    const auto asked_at = Steady::now();
    const bool waiting = begun;
    try {
      page = core_.node().mailbox(token, after, static_cast<int>(limits::kMailboxPageMax),
                                  begun ? kLongPoll : 0, begun ? poll_stop : stop);
    } catch (const Error& error) {
      if (error.status() != MYCHAT_E_CANCELLED || stop.stop_requested()) throw;
      send_receipts(token, batched, stop);
      send_over_http(token, info, stop);
      continue;
    }
    if (!begun || page.mailbox_id != known_id) {
      const bool other_mailbox = page.mailbox_id != known_id;
      std::optional<Error> doubt;
      if (!begun) doubt = connected(token, info, stop);
      catch_up(token, page.mailbox_id, page.oldest, stop);
      if (!begun) set_state(MYCHAT_CONNECTION_POLLING, doubt ? &*doubt : nullptr);
      begun = true;
      // The last ack may have been lost with the connection before.
      if (!other_mailbox && after != 0) core_.node().ack(token, after, stop);
      if (other_mailbox && after != 0) continue;  // What the page holds began after another mailbox's cursor.
    }
    if (!page.items.empty()) {
      const auto acknowledge = [&](std::int64_t last) { acknowledge_polled(token, last, stop); };
      inbox_.process(page.mailbox_id, page.items, acknowledge, stop);
    }
    send_receipts(token, batched, stop);
    send_over_http(token, info, stop);
    // A node that does not hold the answer back must not be asked without a pause.
    if (waiting && page.items.empty() && Steady::now() - asked_at < kLeastPoll &&
        wait_until(asked_at + kLeastPoll)) {
      send_receipts(token, batched, stop);
      send_over_http(token, info, stop);
    }
  }
}

// Whoever leaves after the event of the last message has still told its sender of the delivery, if the node
// is quick to take it.
void Sync::acknowledge_polled(const Secret& token, std::int64_t last, std::stop_token stop) {
  try {
    core_.node().ack(token, last, std::move(stop));
  } catch (const Error& error) {
    if (error.status() == MYCHAT_E_CANCELLED) core_.node().ack(token, last, {}, kLastWord);
    throw;
  }
}

void Sync::send_over_http(const Secret& token, const wire::NodeInfo& info, std::stop_token stop) {
  const bool idempotent = info.can(wire::capability::kClientMessageId);
  while (true) {
    const std::vector<OutboxEntry> due = outbox_.due_messages(64);
    if (due.empty()) return;
    for (const OutboxEntry& entry : due) {
      auto request = outbox_.prepare(entry);
      if (!request) continue;
      try {
        if (!idempotent) {
          send_v1(token, entry, std::move(*request), stop);
          continue;
        }
        const wire::MessageOut answer = core_.node().send(token, *request, stop);
        const wire::SentResult result{entry.message_id, answer.created_at, answer.status, std::nullopt};
        outbox_.accepted({&result, 1});
      } catch (const NodeError& error) {
        if (error.status() == MYCHAT_E_UNAUTHORIZED) throw;
        outbox_.refused(entry.message_id, error, error.retry_after_ms);
      }
    }
  }
}

// A v1 node makes its own ids, and a send whose answer was lost may have been taken: each attempt is
// remembered by its iv and its content before it leaves, and the conversation is read before another one
// (docs/protocol.md, section 8).
void Sync::send_v1(const Secret& token, const OutboxEntry& entry, wire::SendMessageRequest request,
                   std::stop_token stop) {
  bool tried = false;
  {
    const std::lock_guard lock(core_.mutex);
    core_.require_open();
    tried = v1_was_tried(*core_.store, entry.message_id);
  }
  if (tried) {
    poll_conversation(token, entry.recipient, stop);
    const std::lock_guard lock(core_.mutex);
    core_.require_open();
    if (!core_.store->outbox().get(entry.seq)) return;  // It was there, and is accepted now.
  }
  {
    Change change(core_);
    v1_remember_try(change.store(), entry.message_id, request);
    change.commit();
  }
  // The node's own id is not the one that was signed.
  request.id.reset();
  request.signature.reset();
  const wire::MessageOut answer = core_.node().send(token, request, stop);
  Change change(core_);
  accept_v1(change, entry.message_id, answer);
  change.commit();
}

// Reads the history from its newest message back to the newest of the last time, in bounded pieces.
bool Sync::poll_conversation(const Secret& token, const std::string& handle, std::stop_token stop) {
  std::optional<PollState> state;
  {
    const std::lock_guard lock(core_.mutex);
    core_.require_open();
    state = core_.store->sync().poll_state(handle);
  }
  PollState next = state.value_or(PollState{});
  std::vector<wire::MessageOut> fresh;
  std::size_t bytes = 0;
  std::optional<std::string> before;
  bool first = true;
  bool met = false;
  const auto process = [&] {
    std::reverse(fresh.begin(), fresh.end());
    inbox_.process_history(handle, fresh, stop);
    fresh.clear();
    bytes = 0;
  };
  for (std::size_t pages = 0; pages < kV1MaxPages && !met; ++pages) {
    wire::ConversationPage page = core_.node().conversation(token, handle, kV1Page, before, stop);
    for (const wire::MessageOut& message : page.messages) {
      if (std::exchange(first, false)) {
        next.newest_message_id = message.id;
        next.newest_created_at = message.created_at;
      }
      met = met || (state && message.id == state->newest_message_id);
      bytes += message.encrypted_content.size();
    }
    std::move(page.messages.begin(), page.messages.end(), std::back_inserter(fresh));
    if (bytes > kV1Piece) process();
    if (!page.has_more || !page.next_cursor || page.messages.empty()) break;
    before = page.next_cursor;
  }
  if (!fresh.empty()) process();
  const bool news = !state || state->newest_message_id != next.newest_message_id;
  next.polled_at = core_.now();
  if (!first && news) {
    Change change(core_);
    change.store().sync().set_poll_state(handle, next);
    change.commit();
  }
  return !first && news;
}

// As poll_conversation(). Nothing new when the node does not have that conversation.
bool Sync::poll_peer(const Secret& token, const std::string& handle, std::stop_token stop) {
  try {
    return poll_conversation(token, handle, std::move(stop));
  } catch (const NodeError& error) {
    if (error.status() != MYCHAT_E_NOT_FOUND && error.status() != MYCHAT_E_REJECTED &&
        error.status() != MYCHAT_E_UNSUPPORTED)
      throw;
    return false;
  }
}

bool Sync::poll_conversations(const Secret& token, std::stop_token stop) {
  std::set<std::string> handles;
  {
    const std::lock_guard lock(core_.mutex);
    core_.require_open();
    for (const Contact& contact : core_.store->contacts().list()) handles.insert(contact.handle);
    for (const Conversation& conversation : core_.store->conversations().list())
      handles.insert(conversation.handle);
  }
  bool news = false;
  for (const std::string& handle : handles) news = poll_peer(token, handle, stop) || news;
  return news;
}

// Where a v1 node has a WebSocket, its `message` frames say that there is something to poll for, and from
// whom. One that cannot be had, or does not last, is tried again after a pause.
struct Sync::Hints {
  std::unique_ptr<Channel> channel;
  Steady::time_point opened_at{}, next_try{};
  Backoff backoff{{.base = kV1Fastest}};

  void lost() {
    channel.reset();
    if (Steady::now() - opened_at > kV1Slowest) backoff.reset();
    next_try = Steady::now() + kV1Fastest + backoff.next();
  }
};

void Sync::open_hints(Hints& hints, const Secret& token, std::stop_token stop) {
  if (hints.channel || !core_.options.use_websocket || Steady::now() < hints.next_try) return;
  try {
    auto fresh = std::make_unique<Channel>(*this);
    if (open_channel(*fresh, token, false, stop)) {
      hints.channel = std::move(fresh);
      hints.opened_at = Steady::now();
      return;
    }
  } catch (const Error& error) {
    if (error.status() == MYCHAT_E_UNAUTHORIZED || error.status() == MYCHAT_E_CANCELLED) throw;
    core_.info("sync", std::string("No WebSocket: ") + error.what());
  }
  hints.opened_at = Steady::now();
  hints.lost();
}

// Only who sent something is taken from a frame: what was sent is read from the history, as without hints.
void Sync::take_hint(const std::string& frame, const Secret& token, std::stop_token stop) {
  wire::ServerFrame parsed;
  try {
    parsed = wire::parse_server_frame(frame);
  } catch (const Error& error) {
    core_.info("sync", std::string("A frame that is none was skipped: ") + error.what());
    return;
  }
  if (const auto* peer = std::get_if<wire::PeerTypingFrame>(&parsed)) peer_frame(*peer);
  if (const auto* peer = std::get_if<wire::PeerPresenceFrame>(&parsed)) peer_frame(*peer);
  if (const auto* message = std::get_if<wire::MessageFrame>(&parsed)) {
    const auto sender = normalize_handle(message->message.sender_handle);
    if (sender && *sender != core_.handle()) poll_peer(token, *sender, std::move(stop));
  }
}

// Waits for a hint, a signal or the time. Returns whether something may be new; drops a channel that closed.
bool Sync::wait_for_hints(Hints& hints, const Secret& token, std::chrono::milliseconds period,
                          std::stop_token stop) {
  if (!hints.channel) return wait_until(Steady::now() + period);
  Channel& channel = *hints.channel;
  const auto deadline = Steady::now() + period;
  while (true) {
    std::optional<std::string> frame;
    std::map<std::string, bool> typing;
    bool signalled = false;
    bool closed = false;
    {
      std::unique_lock lock(mutex_);
      const bool woken = changed_.wait_until(lock, std::min(deadline, Steady::now() + kV1Ping), [&] {
        return channel.has_frames() || channel.closed() || kicked_ || ending_ || stop.stop_requested();
      });
      typing.swap(typing_);
      signalled = woken && std::exchange(kicked_, false);
      if (channel.has_frames()) {
        frame = channel.take_frame();
      } else {
        closed = channel.closed().has_value();
      }
    }
    if (stop.stop_requested()) return true;
    if (closed) {
      hints.lost();
      return true;
    }
    for (const auto& [peer, is_typing] : typing) channel.send(wire::TypingFrame{peer, is_typing});
    if (frame) take_hint(*frame, token, stop);
    if (signalled) return true;
    if (!frame) channel.send(wire::PingFrame{});
    if (Steady::now() >= deadline) return false;  // Also when frames never end.
  }
}

void Sync::v1_polling(const Secret& token, const wire::NodeInfo& info, std::stop_token stop) {
  std::optional<Error> doubt = connected(token, info, stop);
  Hints hints;
  std::chrono::milliseconds period = kV1Fastest;
  while (true) {
    open_hints(hints, token, stop);
    set_state(hints.channel ? MYCHAT_CONNECTION_ONLINE : MYCHAT_CONNECTION_POLLING,
              doubt ? &*doubt : nullptr);
    doubt.reset();
    if (stop.stop_requested()) throw Error(MYCHAT_E_CANCELLED, MYCHAT_DOMAIN_API, "Stopped.");
    send_over_http(token, info, stop);
    send_receipts(token, info.can(wire::capability::kReceipts), stop);
    refresh_contacts(core_, token, stop);
    const bool news = poll_conversations(token, stop);
    period = news ? kV1Fastest : std::min<std::chrono::milliseconds>(period * 3 / 2, kV1Slowest);
    if (wait_for_hints(hints, token, period, stop)) period = kV1Fastest;
  }
}

}  // namespace mychat
