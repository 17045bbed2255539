#include "client/event_queue.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

namespace mychat {
namespace {

bool droppable(mychat_event_type type) noexcept {
  return type == MYCHAT_EVENT_TYPING || type == MYCHAT_EVENT_PRESENCE || type == MYCHAT_EVENT_PROGRESS ||
         type == MYCHAT_EVENT_CONNECTION;
}

}  // namespace

EventQueue::EventQueue(std::size_t max_volatile)
    : max_volatile_(std::max<std::size_t>(max_volatile, 16)), fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  spare_.resize(8);
  if (fd_ < 0)
    throw Error(MYCHAT_E_IO, MYCHAT_DOMAIN_SYSTEM,
                std::string("No event descriptor: ") + std::strerror(errno), errno);
}

EventQueue::~EventQueue() { ::close(fd_); }

int EventQueue::fd() const noexcept {
  const std::lock_guard lock(mutex_);
  return closed_ ? -1 : fd_;
}

void EventQueue::signal() noexcept {
  refresh_fd();
  changed_.notify_all();
}

// The descriptor is readable exactly while there is something to take.
void EventQueue::refresh_fd() noexcept {
  const bool wanted = !items_.empty() || woken_ || closed_;
  if (wanted == fd_set_) return;
  std::uint64_t value = 1;
  const ssize_t n = wanted ? ::write(fd_, &value, sizeof value) : ::read(fd_, &value, sizeof value);
  if (n == static_cast<ssize_t>(sizeof value)) fd_set_ = wanted;
}

void EventQueue::append(std::list<Item>& node) noexcept {
  items_.splice(items_.end(), node);
  signal();
}

// Typing, presence and the like give way, the oldest first; completions never do.
void EventQueue::make_room() {
  if (volatile_count_ < max_volatile_) return;
  const auto oldest = std::find_if(items_.begin(), items_.end(), [](const Item& item) {
    return item.from == 0 && droppable(item.event.type);
  });
  if (oldest == items_.end()) return;
  items_.erase(oldest);
  --volatile_count_;
}

void EventQueue::push(Event event) {
  std::list<Item> node;
  node.push_back(Item{std::move(event), 0, 0});
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  if (droppable(node.front().event.type)) {
    make_room();
    ++volatile_count_;
  }
  append(node);
}

void EventQueue::journal_opened(std::uint64_t acknowledged, std::uint64_t last) {
  Place place;
  const std::lock_guard lock(mutex_);
  journal_last_ = last;
  journal_given_ = last;
  if (acknowledged >= last) return;
  place.node_.front().from = acknowledged + 1;
  place.node_.front().to = last;
  append(place.node_);
}

EventQueue::Place EventQueue::make_place() { return {}; }

void EventQueue::journal_grew(std::uint64_t last, Place&& place) noexcept {
  const std::lock_guard lock(mutex_);
  if (closed_ || last <= journal_last_) return;
  if (!items_.empty() && items_.back().from != 0 && items_.back().to == journal_last_) {
    items_.back().to = last;
    journal_last_ = last;
    signal();
    return;
  }
  place.node_.front().from = journal_last_ + 1;
  place.node_.front().to = last;
  journal_last_ = last;
  append(place.node_);
}

void EventQueue::journal_rewind(std::uint64_t after) {
  std::list<Item> node;
  node.push_back(Item{});
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  items_.remove_if([](const Item& item) { return item.from != 0; });
  if (after < journal_last_) {
    node.front().from = after + 1;
    node.front().to = journal_last_;
    items_.splice(items_.begin(), node);
  }
  signal();
}

void EventQueue::give_back(Event&& event) noexcept {
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  if (event.seq != 0) {
    give_back_seq(event.seq);
  } else if (!spare_.empty()) {
    Item& place = spare_.front();
    place.from = place.to = 0;
    if (droppable(event.type)) ++volatile_count_;
    place.event = std::move(event);
    items_.splice(items_.begin(), spare_, spare_.begin());
  }
  signal();
}

// Several threads may give back what they took, in any order: the journal's numbers stay in theirs.
void EventQueue::give_back_seq(std::uint64_t seq) noexcept {
  const auto after = std::find_if(items_.begin(), items_.end(),
                                  [seq](const Item& item) { return item.from != 0 && item.to >= seq; });
  if (after != items_.end() && after->from <= seq) return;  // A rewind gives it out again already.
  if (after != items_.end() && after->from == seq + 1) {
    after->from = seq;
    return;
  }
  const auto before = std::find_if(items_.begin(), items_.end(),
                                   [seq](const Item& item) { return item.from != 0 && item.to + 1 == seq; });
  if (before != items_.end()) {
    before->to = seq;
  } else if (!spare_.empty()) {
    spare_.front().from = spare_.front().to = seq;
    // Next of all, but for smaller numbers that were given back.
    auto place = items_.begin();
    while (place != items_.end() && place->from != 0 && place->to < seq) ++place;
    items_.splice(place, spare_, spare_.begin());
  } else if (after != items_.end()) {
    after->from = seq;  // What lies between comes twice rather than this never.
  }
}

void EventQueue::keep_place(std::list<Item>::iterator item) noexcept {
  if (spare_.size() >= kMaxSpare) {
    items_.erase(item);
    return;
  }
  spare_.splice(spare_.begin(), items_, item);
}

std::uint64_t EventQueue::journal_given() const {
  const std::lock_guard lock(mutex_);
  return journal_given_;
}

template <class Ready>
EventQueue::Wait EventQueue::wait(std::unique_lock<std::mutex>& lock, int timeout_ms, Ready ready) {
  const auto done = [&] { return closed_ || woken_ || ready(); };
  if (timeout_ms < 0) {
    changed_.wait(lock, done);
  } else if (timeout_ms > 0) {
    changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms), done);
  }
  if (closed_) return Wait::kClosed;
  if (woken_) {
    woken_ = false;
    refresh_fd();
    return Wait::kWoken;
  }
  return ready() ? Wait::kReady : Wait::kTimeout;
}

EventQueue::Wait EventQueue::take(int timeout_ms, Taken& out) {
  std::unique_lock lock(mutex_);
  const Wait result = wait(lock, timeout_ms, [this] { return !items_.empty(); });
  if (result != Wait::kReady) return result;
  Item& item = items_.front();
  out = Taken{};
  if (item.from != 0) {
    out.journal_seq = item.from++;
    journal_given_ = std::max(journal_given_, out.journal_seq);
    if (item.from > item.to) keep_place(items_.begin());
  } else {
    if (droppable(item.event.type)) --volatile_count_;
    out.event = std::move(item.event);
    keep_place(items_.begin());
  }
  refresh_fd();
  return Wait::kReady;
}

void EventQueue::wakeup() noexcept {
  const std::lock_guard lock(mutex_);
  woken_ = true;
  signal();
}

void EventQueue::close() noexcept {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  signal();
}

mychat_request_id EventQueue::begin_request(mychat_operation operation, std::function<void()> cancel,
                                            std::initializer_list<mychat_operation> exclusive) {
  Request request{{}, std::make_shared<const std::function<void()>>(std::move(cancel))};
  request.place.push_back(Item{});
  const std::lock_guard lock(mutex_);
  if (closed_) throw Error(MYCHAT_E_CLOSED, MYCHAT_DOMAIN_API, "The client is closed.");
  for (const auto& [other, its_operation] : operations_)
    if (std::find(exclusive.begin(), exclusive.end(), its_operation) != exclusive.end())
      throw Error(MYCHAT_E_INVALID_STATE, MYCHAT_DOMAIN_API, "Another request of this kind is under way.", 0,
                  true);
  const mychat_request_id id = next_request_;
  operations_.emplace(id, operation);
  try {
    requests_.emplace(id, std::move(request));
  } catch (...) {
    operations_.erase(id);
    throw;
  }
  ++next_request_;
  return id;
}

void EventQueue::abandon_request(mychat_request_id request) noexcept {
  const std::lock_guard lock(mutex_);
  requests_.erase(request);
  operations_.erase(request);
}

void EventQueue::complete(mychat_request_id request, Completion&& completion, std::int64_t now) noexcept {
  const std::lock_guard lock(mutex_);
  const auto found = requests_.find(request);
  if (found == requests_.end()) return;
  Event& event = found->second.place.front().event;
  event.type = MYCHAT_EVENT_COMPLETION;
  event.time = now;
  completion.request = request;
  completion.operation = operations_[request];
  event.data = std::move(completion);
  append(found->second.place);
  requests_.erase(found);
  operations_.erase(request);
}

void EventQueue::cancel_request(mychat_request_id request) {
  std::shared_ptr<const std::function<void()>> cancel;
  {
    const std::lock_guard lock(mutex_);
    const auto found = requests_.find(request);
    if (found == requests_.end())
      throw Error(MYCHAT_E_NOT_FOUND, MYCHAT_DOMAIN_API, "No such request is under way.");
    cancel = found->second.cancel;
  }
  if (*cancel) (*cancel)();
}

// Without a list of what is to be called: a client closes also when there is no memory.
void EventQueue::cancel_all() noexcept {
  mychat_request_id last = 0;
  while (true) {
    std::shared_ptr<const std::function<void()>> cancel;
    {
      const std::lock_guard lock(mutex_);
      const auto next = requests_.upper_bound(last);
      if (next == requests_.end()) return;
      last = next->first;
      cancel = next->second.cancel;
    }
    if (*cancel) (*cancel)();
  }
}

EventQueue::Wait EventQueue::await(mychat_request_id request, int timeout_ms, Event& out) {
  std::unique_lock lock(mutex_);
  const auto find = [&] {
    return std::find_if(items_.begin(), items_.end(), [request](const Item& item) {
      const auto* completion = item.from == 0 ? std::get_if<Completion>(&item.event.data) : nullptr;
      return completion != nullptr && item.event.type == MYCHAT_EVENT_COMPLETION &&
             completion->request == request;
    });
  };
  const auto known = [&] { return requests_.contains(request) || find() != items_.end(); };
  if (!closed_ && !known()) throw Error(MYCHAT_E_NOT_FOUND, MYCHAT_DOMAIN_API, "No such request is known.");
  const Wait result = wait(lock, timeout_ms, [&] { return !requests_.contains(request); });
  if (result != Wait::kReady) return result;
  const auto found = find();
  if (found == items_.end())
    throw Error(MYCHAT_E_NOT_FOUND, MYCHAT_DOMAIN_API, "The completion was taken by another call.");
  out = std::move(found->event);
  keep_place(found);
  refresh_fd();
  return Wait::kReady;
}

}  // namespace mychat
