// The queue that the application polls. It holds what is not in the journal, and ranges of journal numbers
// whose events are read from the store when they are taken. A completion's place is allocated when its
// request begins, so that it can always be delivered.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "client/types.h"

namespace mychat {

class EventQueue {
 public:
  enum class Wait { kReady, kTimeout, kWoken, kClosed };

  // What take() found: an event, or the number of a journal event to read from the store.
  struct Taken {
    std::optional<Event> event;
    std::uint64_t journal_seq = 0;
  };

  explicit EventQueue(std::size_t max_volatile);  // MYCHAT_E_IO when no descriptor can be had.
  ~EventQueue();
  EventQueue(const EventQueue&) = delete;
  EventQueue& operator=(const EventQueue&) = delete;

  int fd() const noexcept;

  void push(Event event);
  // The journal as it is at opening: (acknowledged, last] waits to be taken; all of it counts as given out
  // once.
  void journal_opened(std::uint64_t acknowledged, std::uint64_t last);
  // The journal now ends at `last`: numbers not yet given out wait to be taken. The place is made beforehand,
  // so that nothing can fail once the journal's transaction is committed.
  class Place;
  Place make_place();
  void journal_grew(std::uint64_t last, Place&& place) noexcept;
  // Gives out the journal again from `after` + 1.
  void journal_rewind(std::uint64_t after);
  // An event that was taken comes again next. It goes back into the place that it was taken from.
  void give_back(Event&& event) noexcept;
  std::uint64_t journal_given() const;  // The greatest number ever given out.

  Wait take(int timeout_ms, Taken& out);
  void wakeup() noexcept;
  void close() noexcept;  // Every wait ends with kClosed.

  // ---- Requests
  // MYCHAT_E_CLOSED; MYCHAT_E_INVALID_STATE while one of `exclusive` is under way.
  mychat_request_id begin_request(mychat_operation operation, std::function<void()> cancel,
                                  std::initializer_list<mychat_operation> exclusive = {});
  void abandon_request(mychat_request_id request) noexcept;  // It never began: no completion comes.
  // Exactly once a request; the first call wins. Never throws.
  void complete(mychat_request_id request, Completion&& completion, std::int64_t now) noexcept;
  void cancel_request(mychat_request_id request);  // MYCHAT_E_NOT_FOUND
  void cancel_all() noexcept;
  Wait await(mychat_request_id request, int timeout_ms, Event& out);  // MYCHAT_E_NOT_FOUND

 private:
  struct Item {
    Event event;
    std::uint64_t from = 0;  // A range of journal numbers when not 0.
    std::uint64_t to = 0;
  };
  struct Request {
    std::list<Item> place;                                // One node, spliced into the queue at completion.
    std::shared_ptr<const std::function<void()>> cancel;  // Copied without allocating.
  };

  static constexpr std::size_t kMaxSpare = 64;  // As many threads may be handing on what they took.

  void give_back_seq(std::uint64_t seq) noexcept;
  void keep_place(std::list<Item>::iterator item) noexcept;
  void append(std::list<Item>& node) noexcept;
  void make_room();
  void signal() noexcept;
  void refresh_fd() noexcept;
  template <class Ready>
  Wait wait(std::unique_lock<std::mutex>& lock, int timeout_ms, Ready ready);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Item> items_;
  std::list<Item> spare_;  // The place of what was taken last, so that giving it back needs no memory.
  std::map<mychat_request_id, Request> requests_;
  std::unordered_map<mychat_request_id, mychat_operation> operations_;
  std::size_t volatile_count_ = 0;
  std::size_t max_volatile_;
  std::uint64_t journal_last_ = 0;
  std::uint64_t journal_given_ = 0;
  mychat_request_id next_request_ = 1;
  int fd_ = -1;
  bool fd_set_ = false;
  bool woken_ = false;
  bool closed_ = false;
};

class EventQueue::Place {
 public:
  Place() { node_.emplace_back(); }

 private:
  friend class EventQueue;
  std::list<Item> node_;
};

}  // namespace mychat
