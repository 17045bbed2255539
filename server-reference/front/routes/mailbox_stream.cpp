#include "front/routes/mailbox_stream.h"

#include <algorithm>

#include "protocol/ws_frames.h"

namespace mychat::server {

namespace {

constexpr std::string_view kFrameStart = R"({"type":"mailbox","items":[)";
constexpr std::string_view kFrameEnd = "]}";

}  // namespace

MailboxStream::MailboxStream(RouteContext& context, WsConnection connection, Caller caller)
    : context_(context), connection_(std::move(connection)), caller_(std::move(caller)) {}

bool MailboxStream::start(std::vector<std::string> events, std::int64_t after,
                          std::optional<std::string> mailbox_id, std::function<void()> opened) {
  std::uint64_t generation = 0;
  {
    const std::lock_guard lock(mutex_);
    generation = ++generation_;
    active_ = true;
    reading_ = true;
    news_ = false;
    behind_ = false;
    unacked_.clear();
  }
  const bool posted =
      context_.services.workers().post([self = shared_from_this(), generation, events = std::move(events),
                                        after, id = std::move(mailbox_id), opened = std::move(opened)] {
        try {
          self->open(generation, events, after, id);
          if (opened) opened();
          self->read_on(generation);
        } catch (const std::exception&) {
          self->fail();
        }
      });
  if (!posted) stop();
  return posted;
}

void MailboxStream::stop() {
  const std::lock_guard lock(mutex_);
  ++generation_;
  active_ = false;
  reading_ = false;
  behind_ = false;
  unacked_.clear();
}

bool MailboxStream::active() const {
  const std::lock_guard lock(mutex_);
  return active_;
}

void MailboxStream::open(std::uint64_t generation, const std::vector<std::string>& events, std::int64_t after,
                         const std::optional<std::string>& mailbox_id) {
  const MailboxState state = context_.services.mailbox().state(caller_);
  const std::lock_guard lock(mutex_);
  if (generation != generation_) return;
  // A cursor of another mailbox means nothing here; one beyond the end cannot hide what comes.
  sent_seq_ = mailbox_id == state.id ? std::min(after, state.last) : 0;
  std::string frame;
  wire::print_server_frame(
      wire::SubscribedFrame{events, wire::SubscribedMailbox{state.id, state.oldest, state.last}}, frame);
  connection_.send(std::move(frame));
}

// On a worker: `reading_` is set and nobody else reads.
void MailboxStream::read_on(std::uint64_t generation) {
  while (true) {
    std::int64_t after = 0;
    int limit = 0;
    {
      const std::lock_guard lock(mutex_);
      if (generation != generation_) return;
      if (!has_room()) {
        reading_ = false;
        behind_ = true;
        return;
      }
      news_ = false;
      after = sent_seq_;
      const std::size_t room = context_.config.ws.window - unacked_.size();
      limit = static_cast<int>(std::min<std::size_t>(room, limits::kMailboxPageMax));
    }
    const MailboxPage page = context_.services.mailbox().page(caller_, after, limit);
    const std::lock_guard lock(mutex_);
    if (generation != generation_) return;
    const std::size_t pushed = push(page.items, 0);
    if (pushed < page.items.size()) {
      reading_ = false;
      behind_ = true;
      return;
    }
    if (!page.has_more && !news_) {
      reading_ = false;
      behind_ = false;
      return;
    }
  }
}

void MailboxStream::on_items(std::span<const MailboxItemPtr> items, std::uint64_t own_origin) {
  const std::lock_guard lock(mutex_);
  if (!active_) return;
  news_ = true;
  if (reading_ || behind_) return;
  if (!has_room() || push(items, own_origin) < items.size()) behind_ = true;
}

void MailboxStream::missed() {
  const std::lock_guard lock(mutex_);
  if (!active_) return;
  news_ = true;  // A read under way looks once more.
  if (!reading_) behind_ = true;
}

bool MailboxStream::has_room() const {
  return unacked_.size() < context_.config.ws.window &&
         connection_.buffered_bytes() < context_.config.ws.buffered_bytes;
}

// Sends items in as few frames as their sizes allow. Returns how many it dealt with; the rest has no room.
std::size_t MailboxStream::push(std::span<const MailboxItemPtr> items, std::uint64_t own_origin) {
  std::size_t done = 0;
  while (done < items.size()) {
    std::string frame(kFrameStart);
    const std::size_t before = done;
    while (done < items.size()) {
      const MailboxItemPtr& item = items[done];
      const bool own = own_origin != 0 && item->origin() == own_origin && item->type() == ItemType::kSent;
      if (item->seq() > sent_seq_ && !own) {
        if (unacked_.size() >= context_.config.ws.window || !fits(frame.size(), item->data().size())) break;
        if (frame.size() > kFrameStart.size()) frame += ',';
        item->append_json(frame);
        unacked_.push_back(item->seq());
      }
      sent_seq_ = std::max(sent_seq_, item->seq());
      ++done;
    }
    if (frame.size() > kFrameStart.size()) {
      frame += kFrameEnd;
      if (!connection_.send(std::move(frame))) {
        ++generation_;
        active_ = false;  // Closing or cut: the client finds the rest when it comes again.
        return items.size();
      }
    }
    if (done < items.size() && (done == before || !has_room())) return done;
  }
  return done;
}

// Whether an item of that size may join a frame. A large one travels alone, over an empty connection.
bool MailboxStream::fits(std::size_t frame_size, std::size_t item_size) const {
  if (item_size > context_.config.ws.buffered_bytes && connection_.buffered_bytes() > 0) return false;
  return frame_size == kFrameStart.size() || frame_size + item_size <= context_.config.ws.frame_bytes;
}

void MailboxStream::acknowledged(std::int64_t seq) {
  std::unique_lock lock(mutex_);
  while (!unacked_.empty() && unacked_.front() <= seq) unacked_.pop_front();
  schedule(lock);
}

bool MailboxStream::retry() {
  std::unique_lock lock(mutex_);
  const bool was_behind = active_ && behind_;
  schedule(lock);
  return was_behind;
}

void MailboxStream::schedule(std::unique_lock<std::mutex>& lock) {
  if (!active_ || !behind_ || reading_ || !has_room()) return;
  reading_ = true;
  const std::uint64_t generation = generation_;
  lock.unlock();
  const bool posted = context_.services.workers().post([self = shared_from_this(), generation] {
    try {
      self->read_on(generation);
    } catch (const std::exception&) {
      self->fail();
    }
  });
  if (posted) return;
  lock.lock();
  if (generation == generation_) reading_ = false;  // The hub's next sweep tries again.
}

void MailboxStream::fail() {
  stop();
  connection_.close(kWsInternalError, "The mailbox could not be read; connect again.");
}

}  // namespace mychat::server
