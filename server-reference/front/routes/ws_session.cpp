#include "front/routes/ws_session.h"

#include <algorithm>

#include "front/routes/ws_hub.h"
#include "protocol/fields.h"

namespace mychat::server {

namespace {

wire::Presence to_wire(PresenceStatus status) noexcept {
  switch (status) {
    case PresenceStatus::kOnline:
      return wire::Presence::kOnline;
    case PresenceStatus::kAway:
      return wire::Presence::kAway;
    case PresenceStatus::kOffline:
      break;
  }
  return wire::Presence::kOffline;
}

wire::SendError to_wire(const Failure& failure) {
  wire::SendError error;
  error.status = failure.status;
  error.detail = failure.detail;
  if (failure.retry_after > 0) error.retry_after = failure.retry_after;
  return error;
}

template <class Frame>
std::string print(const Frame& frame) {
  std::string out;
  wire::print_server_frame(frame, out);
  return out;
}

}  // namespace

WsSession::WsSession(std::shared_ptr<WsHub> hub) : hub_(std::move(hub)), context_(hub_->context()) {}

void WsSession::on_open(WsConnection connection) {
  connection_ = std::move(connection);
  opened_ms_ = Clock::system().monotonic_ms();
  connection_.set_message_limit(context_.config.ws.bytes_before_auth);
  hub_->opened(connection_.id(), shared_from_this());
}

void WsSession::on_text(std::string_view text) {
  std::optional<std::string> id;
  frame_bytes_ = text.size();
  try {
    wire::ClientFrame frame = wire::parse_client_frame(text, context_.config.max_message_size, &id);
    const bool before_auth =
        std::holds_alternative<wire::AuthFrame>(frame) || std::holds_alternative<wire::PingFrame>(frame);
    if (!authenticated_ && !before_auth) return error(401, "Authenticate first.", id);
    std::visit([this](auto& one) { take(std::move(one)); }, frame);
  } catch (const ValidationError& invalid) {
    error(422, invalid.what(), id);
  } catch (const Refused& refused) {
    error(refused.failure().status, refused.failure().detail, id);
  } catch (const Error& failed) {
    if (failed.status() == MYCHAT_E_TOO_LARGE) return error(413, failed.what(), id);
    if (failed.status() == MYCHAT_E_MALFORMED) return error(400, failed.what(), id);
    const Failure failure = to_failure(failed);
    error(failure.status, failure.detail, id);
  }
}

void WsSession::on_close(std::uint16_t code) {
  subscription_.reset();
  if (stream_) stream_->stop();
  if (authenticated_) context_.services.presence().disconnected(caller_, connection_.id());
  hub_->closed(connection_.id(), code);
}

void WsSession::take(wire::AuthFrame frame) {
  try {
    const Caller caller = context_.services.auth().authenticate(text(view(frame.token)));
    if (authenticated_) {
      if (caller->user != caller_->user) throw Refused(401, "This connection belongs to another user.");
    } else {
      caller_ = caller;
      token_ = frame.token;
      stream_ = std::make_shared<MailboxStream>(context_, connection_, caller_);
      authenticated_ = true;
      connection_.set_message_limit(SIZE_MAX);
      subscription_ = context_.services.bus().subscribe(caller_->user, weak_from_this());
      // A session that ended while we were not yet listening is noticed here.
      context_.services.auth().authenticate(text(view(frame.token)));
      context_.services.presence().connected(caller_, connection_.id());
    }
    connection_.send(print(wire::AuthSuccessFrame{caller_->user_uuid}));
  } catch (const Refused& refused) {
    if (refused.failure().status != 401) throw;
    connection_.send(print(wire::ErrorFrame{refused.failure().detail, 401, std::nullopt, false}));
    connection_.close(kWsUnauthorized, "The token is not valid.");
  }
}

void WsSession::take(wire::SubscribeFrame frame) {
  spend(5 * context_.config.ws.costly_ms);
  unsigned events = 0;
  std::vector<std::string> known;
  for (const std::string& name : frame.events) {
    const unsigned bit = name == wire::event::kMessage    ? kMessages
                         : name == wire::event::kTyping   ? kTyping
                         : name == wire::event::kPresence ? kPresence
                                                          : 0u;
    if (bit != 0 && (events & bit) == 0) known.push_back(name);
    events |= bit;
  }
  const bool fresh_presence = (events & kPresence) != 0 && (events_ & kPresence) == 0;
  std::function<void()> tell_presence;
  if (fresh_presence) {
    tell_presence = [&presence = context_.services.presence(), caller = caller_] {
      presence.announce_contacts_to(caller);
    };
  }
  if (frame.mailbox) {
    events_ = events & ~static_cast<unsigned>(kMessages);
    // A client looks for `subscribed` first: what came before it would be lost.
    if (!stream_->start(std::move(known), frame.mailbox->after, frame.mailbox->id, std::move(tell_presence)))
      return error(503, "The node is busy; subscribe again in a moment.");
  } else {
    stream_->stop();
    events_ = events;
    if (tell_presence) tell_presence();
  }
}

void WsSession::take(wire::TypingFrame frame) {
  context_.services.presence().touch(caller_, connection_.id());
  context_.services.presence().typing(caller_, frame.conversation_handle, frame.is_typing);
}

void WsSession::take(wire::PresenceFrame frame) {
  spend(5 * context_.config.ws.costly_ms);
  context_.services.presence().set_status(
      caller_, connection_.id(),
      frame.status == wire::Presence::kAway ? PresenceStatus::kAway : PresenceStatus::kOnline);
}

void WsSession::take(wire::PingFrame) {
  if (authenticated_) context_.services.presence().touch(caller_, connection_.id());
  connection_.send(print(wire::PongFrame{}));
}

void WsSession::take(wire::AckFrame frame) {
  stream_->acknowledged(frame.seq);
  context_.services.mailbox().ack(caller_, frame.seq, {});
}

void WsSession::take(wire::ReadFrame frame) {
  ++reads_;
  hub_->send_started(frame_bytes_);
  context_.services.mailbox().mark_read(
      caller_, std::move(frame.message_ids),
      [self = shared_from_this(), bytes = frame_bytes_](const Result<int>&) {
        --self->reads_;
        self->hub_->sends_finished({1, bytes});
      });
  spend(context_.config.ws.costly_ms);
}

void WsSession::take(wire::SendFrame frame) {
  std::string id = frame.message.id.value_or("");
  if (frame.message.group_id) throw Refused(501, "Groups are not available on this node.");
  std::vector<wire::SendMessageRequest> drafts;
  drafts.push_back(std::move(frame.message));
  const std::uint64_t place = sends_.reserve(frame_bytes_);
  hub_->send_started(frame_bytes_);
  in_accept_ = true;
  const auto network_thread = std::this_thread::get_id();
  context_.services.mailbox().accept(
      caller_, std::move(drafts), connection_.id(),
      [self = shared_from_this(), id = std::move(id), place,
       network_thread](Result<std::vector<Result<AcceptedMessage>>> result) {
        if (result.ok())
          self->result_of(place, id, result.value().front());
        else
          self->result_of(place, id, result.failure());
        if (!(std::this_thread::get_id() == network_thread && self->in_accept_))
          self->hub_->results_ready(self);
      });
  in_accept_ = false;
  flush_results();
  pause_if_overloaded();
}

void WsSession::result_of(std::uint64_t place, const std::string& id, const Result<AcceptedMessage>& result) {
  wire::SentResult out;
  out.id = id;
  if (result.ok()) {
    out.created_at = result.value().message->created_at;
    out.status = result.value().message->status;
  } else {
    out.error = to_wire(result.failure());
  }
  sends_.complete(place, std::move(out));
}

void WsSession::flush_results() {
  flush_due_ = false;
  const std::lock_guard lock(flush_mutex_);  // Frames go out in the order in which they are taken.
  std::string frame = sends_.take_frame();
  if (frame.empty()) return;
  connection_.send(std::move(frame));
  hub_->sends_finished(sends_.take_finished());
}

bool WsSession::overloaded() const {
  const SendQueue::Load load = sends_.load();
  return load.sends >= context_.config.ws.sends_per_connection ||
         load.bytes >= context_.config.ws.sends_bytes_per_connection ||
         reads_ >= context_.config.ws.reads_per_connection || spent();
}

void WsSession::spend(std::int64_t cost_ms) {
  const std::int64_t start = Clock::system().monotonic_ms() - context_.config.ws.costly_burst_ms;
  paid_ms_ = std::max(paid_ms_.load(), start) + cost_ms;
  pause_if_overloaded();
}

bool WsSession::spent() const {
  const std::int64_t paid = paid_ms_;
  return paid != 0 && paid > Clock::system().monotonic_ms();
}

void WsSession::pause_if_overloaded() {
  if (!overloaded() && !hub_->crowded()) return;
  connection_.pause_reading();
  hub_->paused(shared_from_this());
}

bool WsSession::try_resume() {
  const SendQueue::Load load = sends_.load();
  if (load.sends > context_.config.ws.sends_per_connection / 2 ||
      load.bytes > context_.config.ws.sends_bytes_per_connection / 2 ||
      reads_ > context_.config.ws.reads_per_connection / 2 || spent())
    return false;
  connection_.resume_reading();
  return true;
}

void WsSession::error(int status, std::string_view detail, const std::optional<std::string>& id) {
  connection_.send(print(wire::ErrorFrame{std::string(detail), status, id, false}));
  const std::int64_t now = Clock::system().monotonic_ms();
  if (now - errors_since_ms_ >= 60'000) {
    errors_since_ms_ = now;
    errors_ = 0;
  }
  if (++errors_ > context_.config.ws.errors_per_minute)
    connection_.close(kWsPolicyViolation, "Too many errors.");
}

void WsSession::on_items(std::span<const MailboxItemPtr> items) {
  if (stream_->active()) return stream_->on_items(items, connection_.id());
  if ((events_ & kMessages) != 0) send_v1(items);
}

void WsSession::send_v1(std::span<const MailboxItemPtr> items) {
  std::vector<std::int64_t> seqs;
  for (const MailboxItemPtr& item : items) {
    if (item->type() != ItemType::kMessage) continue;
    std::string frame = R"({"type":"message","data":)";
    frame += item->data();
    frame += '}';
    if (!connection_.send(std::move(frame))) break;
    seqs.push_back(item->seq());
  }
  if (!seqs.empty()) context_.services.mailbox().mark_delivered(caller_, std::move(seqs));
}

void WsSession::on_typing(const std::string& user_handle, bool is_typing) {
  if ((events_ & kTyping) != 0) connection_.send(print(wire::PeerTypingFrame{user_handle, is_typing}));
}

void WsSession::on_presence(const std::string& user_handle, PresenceStatus status, std::int64_t last_seen) {
  if ((events_ & kPresence) != 0)
    connection_.send(print(wire::PeerPresenceFrame{user_handle, to_wire(status), last_seen}));
}

void WsSession::on_session_revoked(std::int64_t session) {
  if (concerns(*caller_, session)) connection_.close(kWsUnauthorized, "The session has ended.");
}

bool WsSession::still_valid() const {
  try {
    context_.services.auth().check(text(view(token_)));
    return true;
  } catch (const Refused& refused) {
    return refused.failure().status != 401;
  } catch (const std::exception&) {
    return true;  // Storage has trouble, not the session.
  }
}

void WsSession::storage_changed() {
  if (authenticated_) stream_->missed();
}

WsSession::Swept WsSession::sweep(std::int64_t now_ms, std::int64_t unix_ms, bool touch) {
  Swept swept;
  swept.authenticated = authenticated_;
  if (!swept.authenticated) {
    if (now_ms - opened_ms_ >= context_.config.ws.auth_timeout_ms)
      connection_.close(kWsPolicyViolation, "No authentication came in time.");
    return swept;
  }
  if (caller_->expires_at <= unix_ms) {
    connection_.close(kWsUnauthorized, "The token has expired.");
    return swept;
  }
  if (touch) {
    if (!still_valid()) {
      connection_.close(kWsUnauthorized, "The session has ended.");
      return swept;
    }
    // A connection that answers the heartbeat is a sign of life; the front cuts those that do not.
    context_.services.presence().still_there(caller_, connection_.id());
  }
  swept.behind = stream_->retry();
  return swept;
}

}  // namespace mychat::server
