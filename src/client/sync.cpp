#include "client/sync.h"

#include <utility>

#include "base/encoding.h"
#include "client/peers.h"
#include "client/retry.h"
#include "protocol/limits.h"

namespace mychat {

Sync::Sync(Core& core) : core_(core), inbox_(core), outbox_(core, [this] { kick(); }) {}

void Sync::start() {
  const std::lock_guard lock(mutex_);
  if (!wanted_) ++starts_;
  wanted_ = true;
  kicked_ = true;
  if (session_stop_.stop_requested()) session_stop_ = std::stop_source();
  if (!thread_.joinable() && !ending_) thread_ = std::thread([this] { run(); });
  changed_.notify_all();
}

void Sync::stop() {
  const std::lock_guard lock(mutex_);
  wanted_ = false;
  session_stop_.request_stop();
  poll_stop_.request_stop();
  changed_.notify_all();
}

void Sync::shutdown() {
  std::thread thread;
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    wanted_ = false;
    session_stop_.request_stop();
    poll_stop_.request_stop();
    changed_.notify_all();
    thread.swap(thread_);
  }
  if (thread.joinable()) thread.join();
}

void Sync::restart() {
  const std::lock_guard lock(mutex_);
  kicked_ = true;
  session_stop_.request_stop();
  poll_stop_.request_stop();
  changed_.notify_all();
}

void Sync::kick() {
  const std::lock_guard lock(mutex_);
  kicked_ = true;
  poll_stop_.request_stop();
  changed_.notify_all();
}

void Sync::set_typing(std::string peer, bool is_typing) {
  const std::lock_guard lock(mutex_);
  if (state_ != MYCHAT_CONNECTION_ONLINE) return;  // Never queued: it would be stale.
  typing_[std::move(peer)] = is_typing;
  kicked_ = true;
  changed_.notify_all();
}

void Sync::set_presence(mychat_presence_status status) {
  const std::lock_guard lock(mutex_);
  presence_changed_ = presence_changed_ || presence_ != status;
  presence_ = status;
  kicked_ = true;
  changed_.notify_all();
}

bool Sync::wait_until(Steady::time_point deadline) {
  std::unique_lock lock(mutex_);
  const bool signalled =
      changed_.wait_until(lock, deadline, [this] { return kicked_ || !wanted_ || ending_; });
  kicked_ = false;
  return signalled;
}

void Sync::set_state(mychat_connection_state state, const Error* error, std::int64_t retry_at) {
  Event event;
  event.type = MYCHAT_EVENT_CONNECTION;
  event.time = core_.now();
  ConnectionChange change{state, std::nullopt, retry_at};
  if (error != nullptr) change.error = *error;
  event.data = std::move(change);
  // Known as it is told, so that what memory ran out for is told later. Nobody else changes it.
  mychat_connection_state before = state;
  {
    const std::lock_guard lock(mutex_);
    if (state == state_ && error == nullptr) return;
    std::swap(state_, before);
  }
  try {
    core_.events.push(std::move(event));
  } catch (...) {
    const std::lock_guard lock(mutex_);
    state_ = before;
    throw;
  }
}

void Sync::run() noexcept {
  while (true) {
    {
      const std::lock_guard lock(mutex_);
      if (ending_) return;
    }
    try {
      run_once();
    } catch (const std::bad_alloc&) {
      // Memory may come back; nothing was acknowledged that is not stored.
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, std::chrono::milliseconds(100), [this] { return ending_; });
      kicked_ = true;  // It goes on by itself.
    } catch (...) {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, std::chrono::seconds(1), [this] { return ending_; });
      kicked_ = true;
    }
  }
}

void Sync::run_once() {
  {
    std::unique_lock lock(mutex_);
    if (!wanted_) {
      lock.unlock();
      set_state(MYCHAT_CONNECTION_OFFLINE);
      lock.lock();
    }
    changed_.wait(lock, [this] { return ending_ || (wanted_ && kicked_); });
    if (ending_) return;
    if (session_stop_.stop_requested()) session_stop_ = std::stop_source();
    websocket_refused_ = false;
    websocket_failures_ = 0;
  }
  while (true) {
    {
      const std::lock_guard lock(mutex_);
      if (ending_ || !wanted_) return;
      kicked_ = false;
    }
    const auto token = core_.token_or_none();
    if (!token) {
      set_state(MYCHAT_CONNECTION_OFFLINE);
      return;
    }
    try {
      session(*token);
      pause_after(Error(MYCHAT_E_NETWORK, MYCHAT_DOMAIN_NETWORK, "The connection ended.", 0, true));
    } catch (const Error& error) {
      if (error.status() == MYCHAT_E_CLOSED) return;
      if (error.status() == MYCHAT_E_CANCELLED) {
        // Stopped, or the session's token was replaced: the loop decides.
      } else if (error.status() == MYCHAT_E_UNAUTHORIZED) {
        end_session(*token, error);
      } else {
        pause_after(error);
      }
    }
    const std::lock_guard lock(mutex_);
    if (wanted_ && session_stop_.stop_requested()) session_stop_ = std::stop_source();
  }
}

// The node does not accept the token any more. A token that was replaced meanwhile is another session's
// matter.
void Sync::end_session(const Secret& token, const Error& error) {
  Change change(core_);
  if (!core_.session_token || *core_.session_token != token) return;
  change.store().account().clear_access_token();
  change.session_ended_event(error);
  core_.session_token.reset();
  change.commit();
  set_state(MYCHAT_CONNECTION_OFFLINE, &error);
}

void Sync::pause_after(const Error& error) {
  const auto* node_error = dynamic_cast<const NodeError*>(&error);
  const bool told = node_error != nullptr && node_error->retry_after_ms > 0;
  const auto delay = backoff_.next(told ? std::optional(std::chrono::milliseconds(node_error->retry_after_ms))
                                        : std::nullopt);
  core_.info("sync", std::string("Not connected: ") + error.what());
  set_state(MYCHAT_CONNECTION_WAITING, &error, core_.now() + delay.count());
  std::unique_lock lock(mutex_);
  // A message waiting to be sent does not shorten the pause: that would hammer a node that is down.
  changed_.wait_for(lock, delay, [this, began = starts_] {
    return !wanted_ || ending_ || starts_ != began || session_stop_.stop_requested();
  });
}

void Sync::session(const Secret& token) {
  set_state(MYCHAT_CONNECTION_CONNECTING);
  std::stop_token stop;
  {
    const std::lock_guard lock(mutex_);
    stop = session_stop_.get_token();
  }
  const wire::NodeInfo info = core_.node().node_info(stop);
  const bool mailbox = info.can(wire::capability::kMailbox);
  if (mailbox && core_.options.use_websocket && !websocket_refused_ && info.can(wire::capability::kWsSend)) {
    try {
      if (websocket_session(token, info, stop)) return;
    } catch (const Error& error) {
      // Three times in a row without getting as far as a subscription: something in between does not let it
      // through.
      if (websocket_opened_ || (error.status() != MYCHAT_E_NODE && error.status() != MYCHAT_E_TIMEOUT) ||
          ++websocket_failures_ < 3)
        throw;
    }
    websocket_refused_ = true;
    core_.warn("sync", "The node's WebSocket cannot be opened; polling instead.");
  }
  if (mailbox) {
    mailbox_polling(token, info, stop);
  } else {
    v1_polling(token, info, stop);
  }
}

// What every session begins with, once the node answers: profile, contacts, and a signing key that the node
// knows.
std::optional<Error> Sync::connected(const Secret& token, const wire::NodeInfo& info, std::stop_token stop) {
  const wire::UserMe me = core_.node().me(token, stop);
  std::optional<Error> doubt;
  if (!settle_identity(core_, me.public_key)) {
    doubt = key_replaced_error();
    core_.warn("sync", doubt->what());
  }
  {
    Change change(core_);
    change.store().account().set_profile({me.avatar_url.value_or(""), me.status_message.value_or("")});
    change.commit();
  }
  refresh_contacts(core_, token, stop);
  const auto ring = core_.keys();
  if (info.can(wire::capability::kSigningKeys) && ring && !ring->certificate.empty()) {
    std::optional<std::string> published;
    const std::string mark = ring->fingerprint + "/" + base64_encode(ring->signing_key.public_key());
    {
      const std::lock_guard lock(core_.mutex);
      core_.require_open();
      published = core_.store->account().get_text(setting::kKeysPublished);
    }
    if (published != mark && !doubt) {
      wire::KeyUpdate update;
      update.public_key = ring->public_key_pem;
      update.public_key_fingerprint = ring->fingerprint;
      update.signing_key = base64_encode(ring->signing_key.public_key());
      update.signing_key_certificate = base64_encode(ring->certificate);
      learn_own_signer(core_, stop);  // The one that another session published goes on being ours.
      core_.node().update_keys(token, update, stop);
      const std::lock_guard lock(core_.mutex);
      core_.require_open();
      core_.store->account().set_text(setting::kKeysPublished, mark);
    }
  }
  retry_if_wanted(core_, stop);  // What a stop or a crash left open.
  outbox_.wake();
  backoff_.reset();
  return doubt;
}

void Sync::send_receipts(const Secret& token, bool batched, std::stop_token stop) {
  const std::vector<OutboxEntry> due = outbox_.due_receipts(limits::kIdsPerList);
  if (due.empty()) return;
  if ((core_.policy() & MYCHAT_POLICY_NO_READ_RECEIPTS) == 0) {
    std::vector<std::string> ids;
    ids.reserve(due.size());
    for (const OutboxEntry& entry : due) ids.push_back(entry.message_id);
    try {
      core_.node().mark_read(token, ids, batched, std::move(stop));
    } catch (const NodeError& error) {
      // What the node will never take must not end every connection.
      if (!is_permanent(error)) throw;
      core_.warn("sync", std::string("The node refused read receipts: ") + error.what());
    }
  }
  outbox_.receipts_sent(due);
}

// Fetches what the mailbox no longer holds from the histories of all conversations.
void Sync::catch_up(const Secret& token, const std::string& mailbox_id, std::int64_t oldest,
                    std::stop_token stop) {
  std::optional<SyncCursor> cursor;
  {
    const std::lock_guard lock(core_.mutex);
    core_.require_open();
    cursor = core_.store->sync().cursor();
  }
  const bool same = cursor && cursor->mailbox_id == mailbox_id;
  const std::int64_t processed = same ? cursor->cursor : 0;
  if (processed + 1 < oldest) {
    core_.info("sync", "Catching up from the conversations' histories.");
    poll_conversations(token, std::move(stop));
  }
  if (same) return;
  Change change(core_);
  change.store().sync().set_cursor({mailbox_id, 0});
  change.commit();
}

}  // namespace mychat
