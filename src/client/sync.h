// The thread that keeps the account in step with its node: connects, receives, sends, and tries again. It
// works in blocking style; everything else reaches it through its mailbox of signals.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "client/core.h"
#include "client/inbox.h"
#include "client/outbox.h"
#include "protocol/ws_frames.h"
#include "transport/backoff.h"
#include "transport/websocket_client.h"

namespace mychat {

class Sync {
 public:
  explicit Sync(Core& core);
  ~Sync() {
    shutdown();
    outbox_.close();
  }
  Sync(const Sync&) = delete;
  Sync& operator=(const Sync&) = delete;

  void start();     // Online is wanted from now on.
  void stop();      // Offline is wanted; returns at once.
  void shutdown();  // Ends the thread.
  void restart();   // The session's token came, went or changed: begins anew.
  void kick();      // Something waits to be sent, or a session came or went.
  void set_typing(std::string peer, bool is_typing);
  void set_presence(mychat_presence_status status);

 private:
  class Channel;
  struct Hints;
  using Steady = std::chrono::steady_clock;

  void run() noexcept;
  void run_once();
  void session(const Secret& token);
  void pause_after(const Error& error);
  void end_session(const Secret& token, const Error& error);
  void set_state(mychat_connection_state state, const Error* error = nullptr, std::int64_t retry_at = 0);
  // Returns what the user should know although the connection stands.
  std::optional<Error> connected(const Secret& token, const wire::NodeInfo& info, std::stop_token stop);

  // With a WebSocket.
  bool websocket_session(const Secret& token, const wire::NodeInfo& info, std::stop_token stop);
  std::optional<wire::SubscribedFrame> open_channel(Channel& channel, const Secret& token, bool mailbox,
                                                    std::stop_token stop);
  void repeat_ack(Channel& channel, const std::string& mailbox_id);
  void serve(Channel& channel, std::string mailbox_id, const Secret& token, std::stop_token stop);
  void handle(Channel& channel, const std::string& mailbox_id, wire::ServerFrame frame,
              std::vector<wire::MailboxItem>& items);
  void flush_items(Channel& channel, const std::string& mailbox_id, std::vector<wire::MailboxItem>& items,
                   std::stop_token stop);
  void pump(Channel& channel, const Secret& token, std::stop_token stop);
  void check_overdue() const;
  void peer_frame(const wire::PeerTypingFrame& typing);
  void peer_frame(const wire::PeerPresenceFrame& presence);

  // Without one.
  void mailbox_polling(const Secret& token, const wire::NodeInfo& info, std::stop_token stop);
  void acknowledge_polled(const Secret& token, std::int64_t last, std::stop_token stop);
  void v1_polling(const Secret& token, const wire::NodeInfo& info, std::stop_token stop);
  void open_hints(Hints& hints, const Secret& token, std::stop_token stop);
  void take_hint(const std::string& frame, const Secret& token, std::stop_token stop);
  bool wait_for_hints(Hints& hints, const Secret& token, std::chrono::milliseconds period,
                      std::stop_token stop);
  bool poll_peer(const Secret& token, const std::string& handle, std::stop_token stop);
  bool poll_conversations(const Secret& token, std::stop_token stop);
  bool poll_conversation(const Secret& token, const std::string& handle, std::stop_token stop);
  void send_receipts(const Secret& token, bool batched, std::stop_token stop);
  void send_over_http(const Secret& token, const wire::NodeInfo& info, std::stop_token stop);
  void send_v1(const Secret& token, const OutboxEntry& entry, wire::SendMessageRequest request,
               std::stop_token stop);
  void catch_up(const Secret& token, const std::string& mailbox_id, std::int64_t oldest,
                std::stop_token stop);

  // Waits for a signal: true when kicked or stopped, false when the time came.
  bool wait_until(Steady::time_point deadline);

  Core& core_;
  Inbox inbox_;
  Outbox outbox_;
  Backoff backoff_{{.base = std::chrono::milliseconds(500), .cap = std::chrono::milliseconds(60'000)}};
  bool websocket_refused_ =
      false;  // The node offers one, but it cannot be opened: polling until the next start.
  bool websocket_opened_ = false;                        // In the present session, as far as a subscription.
  int websocket_failures_ = 0;                           // In a row.
  std::map<std::string, Steady::time_point> in_flight_;  // Message id → when it is overdue.

  std::mutex mutex_;  // Guards what follows.
  std::condition_variable changed_;
  std::thread thread_;
  bool wanted_ = false;
  std::uint64_t starts_ = 0;  // How often online became wanted.
  bool ending_ = false;
  bool kicked_ = false;
  std::stop_source session_stop_;
  std::stop_source poll_stop_;  // Ends a long poll when there is something to do.
  std::map<std::string, bool> typing_;
  mychat_presence_status presence_ = MYCHAT_PRESENCE_ONLINE;
  bool presence_changed_ = false;
  mychat_connection_state state_ = MYCHAT_CONNECTION_OFFLINE;
};

}  // namespace mychat
