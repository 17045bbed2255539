// The mailbox of one user as it flows over one WebSocket: from a cursor, in order of seq, each item once, no
// more than a window ahead of the client's acknowledgements and never more than the connection can take.
//
// What is announced while the client keeps up goes out from memory. When it does not, the stream only notes
// that it is behind, and reads on from storage when the client made room.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>

#include "bus/mailbox_item.h"
#include "front/routes/context.h"
#include "front/websocket.h"

namespace mychat::server {

class MailboxStream : public std::enable_shared_from_this<MailboxStream> {
 public:
  MailboxStream(RouteContext& context, WsConnection connection, Caller caller);

  // Answers with a `subscribed` frame, then streams. False when the workers are too busy. A further start
  // replaces the one before. `opened` is called on a worker after that frame, before the first items.
  bool start(std::vector<std::string> events, std::int64_t after, std::optional<std::string> mailbox_id,
             std::function<void()> opened = nullptr);
  void stop();
  bool active() const;

  // Committed items. Those of `own_origin` that say what this connection sent are left out.
  void on_items(std::span<const MailboxItemPtr> items, std::uint64_t own_origin);
  void acknowledged(std::int64_t seq);
  // Another process wrote to the storage: there may be items that are never announced.
  void missed();
  // Goes on when the stream is behind and the connection has room again. True while it is behind.
  bool retry();

 private:
  void open(std::uint64_t generation, const std::vector<std::string>& events, std::int64_t after,
            const std::optional<std::string>& mailbox_id);
  void read_on(std::uint64_t generation);
  void schedule(std::unique_lock<std::mutex>& lock);
  // Under the mutex:
  bool has_room() const;
  bool fits(std::size_t frame_size, std::size_t item_size) const;
  std::size_t push(std::span<const MailboxItemPtr> items, std::uint64_t own_origin);

  void fail();

  RouteContext& context_;
  WsConnection connection_;
  Caller caller_;

  mutable std::mutex mutex_;
  std::uint64_t generation_ = 0;
  bool active_ = false;
  bool reading_ = false;  // A worker reads from storage, or will.
  bool news_ = false;     // Items were announced since that read began.
  bool behind_ = false;   // There are items that only storage has.
  std::int64_t sent_seq_ = 0;
  std::deque<std::int64_t> unacked_;
};

}  // namespace mychat::server
