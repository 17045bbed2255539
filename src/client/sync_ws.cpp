// Sessions over a WebSocket (docs/protocol.md, section 4).
#include <algorithm>
#include <utility>

#include "client/peers.h"
#include "client/sync_channel.h"
#include "protocol/handle.h"
#include "protocol/limits.h"

namespace mychat {
namespace {

constexpr std::size_t kMaxInFlight = 128;
constexpr std::size_t kMaxBatch = 512;
constexpr std::size_t kMaxAhead =
    4u * 1024 * 1024;  // Bytes queued on the connection before no more is sealed.
constexpr auto kAnswerTime = std::chrono::seconds(30);
constexpr std::size_t kSlowestBytesPerSecond = 16u * 1024;  // An uplink that is still waited for.
constexpr auto kHandshakeTime = std::chrono::seconds(15);

Event peer_event(mychat_event_type type, std::int64_t now) {
  Event event;
  event.type = type;
  event.time = now;
  return event;
}

}  // namespace

namespace {

[[noreturn]] void throw_closed(const WebSocketClosed& closed) {
  if (closed.code == limits::kCloseUnauthorized)
    throw Error(MYCHAT_E_UNAUTHORIZED, MYCHAT_DOMAIN_NODE, "The session ended; log in again.", 401);
  if (closed.error.status() != MYCHAT_OK) throw Error(closed.error);
  throw Error(MYCHAT_E_NETWORK, MYCHAT_DOMAIN_NETWORK, "The node closed the connection.", closed.code, true);
}

}  // namespace

// Connects, authenticates and subscribes. Nothing: the node's WebSocket cannot be used at all.
std::optional<wire::SubscribedFrame> Sync::open_channel(Channel& channel, const Secret& token, bool mailbox,
                                                        std::stop_token stop) {
  const auto deadline = Steady::now() + kHandshakeTime + core_.transport.connect_timeout;
  const auto wait = [&](auto ready) {
    std::unique_lock lock(mutex_);
    const bool in_time = changed_.wait_until(
        lock, deadline, [&] { return ready() || channel.closed() || stop.stop_requested() || ending_; });
    if (stop.stop_requested() || ending_) throw Error(MYCHAT_E_CANCELLED, MYCHAT_DOMAIN_API, "Stopped.");
    if (!in_time) throw Error(MYCHAT_E_TIMEOUT, MYCHAT_DOMAIN_NETWORK, "The node does not answer.", 0, true);
  };
  channel.connect();
  wait([&] { return channel.opened(); });
  {
    const std::lock_guard lock(mutex_);
    if (!channel.opened()) {
      const Error& error = channel.closed()->error;
      if (error.status() == MYCHAT_E_UNSUPPORTED || error.status() == MYCHAT_E_PROTOCOL ||
          error.status() == MYCHAT_E_FORBIDDEN)
        return std::nullopt;
      throw_closed(*channel.closed());
    }
  }
  const auto next_frame = [&] {
    wait([&] { return channel.has_frames(); });
    const std::lock_guard lock(mutex_);
    if (!channel.has_frames()) throw_closed(*channel.closed());
    return wire::parse_server_frame(channel.take_frame());
  };
  channel.send(wire::AuthFrame{token});
  while (true) {
    const wire::ServerFrame frame = next_frame();
    if (std::holds_alternative<wire::AuthSuccessFrame>(frame)) break;
    if (const auto* error = std::get_if<wire::ErrorFrame>(&frame)) {
      // A node that is only busy now has not ended the session.
      if (error->authentication || error->status == 0 || error->status == 401)
        throw Error(MYCHAT_E_UNAUTHORIZED, MYCHAT_DOMAIN_NODE,
                    "The node refuses the session: " + error->detail, 401);
      throw node_error(error->status, error->detail, 0);
    }
  }
  wire::SubscribeFrame subscribe;
  subscribe.events = {std::string(wire::event::kMessage), std::string(wire::event::kTyping),
                      std::string(wire::event::kPresence)};
  if (!mailbox) {
    channel.send(subscribe);
    return wire::SubscribedFrame{};
  }
  {
    const std::lock_guard lock(core_.mutex);
    core_.require_open();
    const auto cursor = core_.store->sync().cursor();
    subscribe.mailbox =
        cursor ? wire::MailboxCursor{cursor->cursor, cursor->mailbox_id} : wire::MailboxCursor{};
  }
  channel.send(subscribe);
  while (true) {
    wire::ServerFrame frame = next_frame();
    if (auto* subscribed = std::get_if<wire::SubscribedFrame>(&frame)) {
      if (subscribed->mailbox) return std::move(*subscribed);
      throw Error(MYCHAT_E_PROTOCOL, MYCHAT_DOMAIN_PROTOCOL, "The node's subscription has no mailbox.");
    }
    if (const auto* error = std::get_if<wire::ErrorFrame>(&frame))
      throw Error(MYCHAT_E_PROTOCOL, MYCHAT_DOMAIN_NODE,
                  "The node refuses the subscription: " + error->detail, error->status, true);
  }
}

// The last ack may have been lost with the connection before: without it the senders would not learn of the
// delivery.
void Sync::repeat_ack(Channel& channel, const std::string& mailbox_id) {
  std::optional<SyncCursor> cursor;
  {
    const std::lock_guard lock(core_.mutex);
    core_.require_open();
    cursor = core_.store->sync().cursor();
  }
  if (cursor && cursor->mailbox_id == mailbox_id && cursor->cursor > 0)
    channel.send(wire::AckFrame{cursor->cursor});
}

bool Sync::websocket_session(const Secret& token, const wire::NodeInfo& info, std::stop_token stop) {
  websocket_opened_ = false;
  Channel channel(*this);
  const auto subscribed = open_channel(channel, token, true, stop);
  if (!subscribed) return false;
  websocket_opened_ = true;
  websocket_failures_ = 0;
  const std::string mailbox_id = subscribed->mailbox->id;
  in_flight_.clear();
  repeat_ack(channel, mailbox_id);
  const std::optional<Error> doubt = connected(token, info, stop);
  catch_up(token, mailbox_id, subscribed->mailbox->oldest, stop);
  {
    const std::lock_guard lock(mutex_);
    presence_changed_ = presence_ != MYCHAT_PRESENCE_ONLINE;
  }
  set_state(MYCHAT_CONNECTION_ONLINE, doubt ? &*doubt : nullptr);
  serve(channel, mailbox_id, token, stop);
  return true;
}

void Sync::serve(Channel& channel, std::string mailbox_id, const Secret& token, std::stop_token stop) {
  std::vector<wire::MailboxItem> items;
  pump(channel, token, stop);
  while (true) {
    // What is in flight is due as well, but its answer comes as a frame.
    const auto due = in_flight_.empty() ? outbox_.next_due_at() : std::nullopt;
    auto deadline = Steady::now() + std::chrono::seconds(5);
    if (due) {
      const auto wait = std::chrono::milliseconds(std::max<std::int64_t>(*due - core_.now(), 50));
      deadline = std::min(deadline, Steady::now() + wait);
    }
    std::deque<std::string> frames;
    std::optional<WebSocketClosed> closed;
    {
      std::unique_lock lock(mutex_);
      changed_.wait_until(lock, deadline, [&] {
        return channel.has_frames() || channel.closed() || kicked_ || ending_ || stop.stop_requested();
      });
      kicked_ = false;
      while (channel.has_frames() && frames.size() < kMaxBatch) frames.push_back(channel.take_frame());
      if (frames.empty()) closed = channel.closed();
    }
    if (stop.stop_requested()) throw Error(MYCHAT_E_CANCELLED, MYCHAT_DOMAIN_API, "Stopped.");
    for (const std::string& frame : frames)
      handle(channel, mailbox_id, wire::parse_server_frame(frame), items);
    flush_items(channel, mailbox_id, items, stop);
    if (closed) throw_closed(*closed);
    check_overdue();
    pump(channel, token, stop);
  }
}

void Sync::flush_items(Channel& channel, const std::string& mailbox_id, std::vector<wire::MailboxItem>& items,
                       std::stop_token stop) {
  if (items.empty()) return;
  // At once: whoever leaves after the event of the last message has still told its sender of the delivery.
  const auto acknowledge = [&channel](std::int64_t last) { channel.send(wire::AckFrame{last}); };
  inbox_.process(mailbox_id, items, acknowledge, std::move(stop));
  items.clear();
}

void Sync::handle(Channel&, const std::string&, wire::ServerFrame frame,
                  std::vector<wire::MailboxItem>& items) {
  if (auto* mailbox = std::get_if<wire::MailboxFrame>(&frame)) {
    items.insert(items.end(), std::make_move_iterator(mailbox->items.begin()),
                 std::make_move_iterator(mailbox->items.end()));
  } else if (auto* sent = std::get_if<wire::SentFrame>(&frame)) {
    std::vector<wire::SentResult> accepted;
    for (wire::SentResult& result : sent->results) {
      in_flight_.erase(result.id);
      if (!result.error) {
        accepted.push_back(std::move(result));
        continue;
      }
      const std::int64_t retry_after = result.error->retry_after.value_or(0) * 1000;
      outbox_.refused(result.id, node_error(result.error->status, result.error->detail, retry_after),
                      retry_after);
    }
    if (!accepted.empty()) outbox_.accepted(accepted);
  } else if (auto* typing = std::get_if<wire::PeerTypingFrame>(&frame)) {
    peer_frame(*typing);
  } else if (auto* presence = std::get_if<wire::PeerPresenceFrame>(&frame)) {
    peer_frame(*presence);
  } else if (auto* error = std::get_if<wire::ErrorFrame>(&frame)) {
    core_.warn("sync", "The node refused a frame: " + error->detail);
    if (error->id && in_flight_.erase(*error->id) != 0)
      outbox_.refused(*error->id, node_error(error->status, error->detail, 0), 0);
  }
}

void Sync::peer_frame(const wire::PeerTypingFrame& typing) {
  const auto handle = normalize_handle(typing.user_handle);
  if (!handle) return;
  Event event = peer_event(MYCHAT_EVENT_TYPING, core_.now());
  event.data = Typing{*handle, typing.is_typing};
  core_.events.push(std::move(event));
}

void Sync::peer_frame(const wire::PeerPresenceFrame& presence) {
  const auto handle = normalize_handle(presence.user_handle);
  if (!handle) return;
  Event event = peer_event(MYCHAT_EVENT_PRESENCE, core_.now());
  const mychat_presence_status status = presence.status == wire::Presence::kOnline ? MYCHAT_PRESENCE_ONLINE
                                        : presence.status == wire::Presence::kAway ? MYCHAT_PRESENCE_AWAY
                                                                                   : MYCHAT_PRESENCE_OFFLINE;
  event.data = Presence{*handle, status, presence.last_seen.value_or(0)};
  core_.events.push(std::move(event));
}

// A node that took a message and never answers for it: the connection is not good. The message goes again on
// the next one, under the same id.
void Sync::check_overdue() const {
  const auto now = Steady::now();
  const bool overdue = std::any_of(in_flight_.begin(), in_flight_.end(),
                                   [now](const auto& entry) { return entry.second < now; });
  if (overdue)
    throw Error(MYCHAT_E_TIMEOUT, MYCHAT_DOMAIN_NETWORK, "The node does not answer for a message.", 0, true);
}

void Sync::pump(Channel& channel, const Secret& token, std::stop_token stop) {
  std::map<std::string, bool> typing;
  std::optional<mychat_presence_status> presence;
  {
    const std::lock_guard lock(mutex_);
    typing.swap(typing_);
    if (std::exchange(presence_changed_, false)) presence = presence_;
  }
  for (const auto& [peer, is_typing] : typing) channel.send(wire::TypingFrame{peer, is_typing});
  if (presence)
    channel.send(wire::PresenceFrame{*presence == MYCHAT_PRESENCE_AWAY ? wire::Presence::kAway
                                                                       : wire::Presence::kOnline});
  send_receipts(token, true, stop);
  if (in_flight_.size() >= kMaxInFlight) return;
  for (const OutboxEntry& entry : outbox_.due_messages(kMaxInFlight)) {
    if (in_flight_.contains(entry.message_id)) continue;
    if (channel.queued_bytes() > kMaxAhead) return;
    auto request = outbox_.prepare(entry);
    if (!request) continue;
    const std::size_t ahead = channel.queued_bytes() + request->encrypted_content.size();
    channel.send(wire::SendFrame{std::move(*request)});
    in_flight_[entry.message_id] =
        Steady::now() + kAnswerTime + std::chrono::seconds(ahead / kSlowestBytesPerSecond);
    if (in_flight_.size() >= kMaxInFlight) return;
  }
}

}  // namespace mychat
