#include "client/client.h"

#include <algorithm>
#include <new>

#include "client/client_impl.h"
#include "client/peers.h"
#include "client/retry.h"

namespace mychat {

mychat_request_id Client::Impl::request(mychat_operation operation, Work work,
                                        std::initializer_list<mychat_operation> exclusive) {
  core.require_open();
  std::stop_source stop;
  const mychat_request_id id = core.events.begin_request(
      operation, [stop]() mutable { stop.request_stop(); }, exclusive);
  try {
    pool.submit([this, id, stop, work = std::move(work)] {
      Completion completion;
      try {
        work(completion, id, stop.get_token());
      } catch (const NodeError& error) {
        completion = Completion{};
        completion.error = error;
        completion.retry_after_ms = error.retry_after_ms;
      } catch (const Error& error) {
        completion = Completion{};
        completion.error = error;
      } catch (const std::bad_alloc&) {
        completion = Completion{};
        completion.error = out_of_memory();
      } catch (const std::exception& error) {
        completion = Completion{};
        try {
          completion.error = Error(MYCHAT_E_INTERNAL, MYCHAT_DOMAIN_API, error.what());
        } catch (...) {
          completion.error = out_of_memory();
        }
      }
      core.events.complete(id, std::move(completion), core.now());
    });
  } catch (...) {
    core.events.abandon_request(id);
    throw;
  }
  return id;
}

mychat_request_id Client::Impl::request_about(const std::string& handle, mychat_operation operation,
                                              Work work) {
  const std::lock_guard lock(turns_mutex);
  return request(operation, [turn = turns.take(handle), work = std::move(work)](
                                Completion& completion, mychat_request_id id, std::stop_token stop) {
    if (!turn->wait(stop)) throw Error(MYCHAT_E_CANCELLED, MYCHAT_DOMAIN_API, "The request was cancelled.");
    work(completion, id, stop);
  });
}

void Client::Impl::require_capability(std::string_view capability, std::stop_token stop) {
  if (!core.node().node_info(std::move(stop)).can(capability))
    throw Error(MYCHAT_E_UNSUPPORTED, MYCHAT_DOMAIN_NODE,
                "This node cannot do it: it is a plain v1 node, or an older one.");
}

Client::Client(ClientOptions options) : impl_(std::make_shared<Impl>(std::move(options))) {}

Client::~Client() {
  try {
    close();
  } catch (...) {
    // The store could not be closed cleanly; its journal repairs it at the next opening.
  }
}

void Client::start() {
  impl_->core.require_open();
  impl_->sync.start();
}

void Client::stop() {
  impl_->core.require_open();
  impl_->sync.stop();
  impl_->core.events.cancel_all();
}

void Client::close() {
  Core& core = impl_->core;
  if (core.closed.exchange(true)) return;
  core.events.close();  // From here on no request begins; those that began are cancelled.
  core.events.cancel_all();
  impl_->sync.shutdown();
  impl_->pool.join();
  core.close_node();
  {
    const std::lock_guard lock(core.reader_mutex);
    core.reader.reset();
  }
  const std::lock_guard lock(core.mutex);
  core.keyring.reset();
  core.session_token.reset();
  core.store.reset();
}

// ---- Events

namespace {

PollResult to_result(EventQueue::Wait wait) noexcept {
  switch (wait) {
    case EventQueue::Wait::kReady:
      return PollResult::kEvent;
    case EventQueue::Wait::kTimeout:
      return PollResult::kTimeout;
    case EventQueue::Wait::kWoken:
      return PollResult::kWoken;
    case EventQueue::Wait::kClosed:
      break;
  }
  return PollResult::kClosed;
}

Event journal_place(std::uint64_t seq) noexcept {
  Event event;
  event.seq = seq;
  return event;
}

// Nothing when the event was acknowledged meanwhile.
std::optional<Event> journal_event(Core& core, std::uint64_t seq) {
  const std::lock_guard lock(core.mutex);
  core.require_open();
  const auto rows = core.store->journal().read(static_cast<std::int64_t>(seq) - 1, 1);
  if (rows.empty() || static_cast<std::uint64_t>(rows.front().seq) != seq) return std::nullopt;
  return read_journal_event(core, rows.front());
}

}  // namespace

PollResult Client::poll(int timeout_ms, Event& out) {
  Core& core = impl_->core;
  const std::int64_t deadline = core.clock.monotonic_ms() + timeout_ms;
  while (true) {
    EventQueue::Taken taken;
    const EventQueue::Wait wait = core.events.take(timeout_ms, taken);
    if (wait != EventQueue::Wait::kReady) return to_result(wait);
    if (taken.event) {
      out = std::move(*taken.event);
      return PollResult::kEvent;
    }
    try {
      if (auto event = journal_event(core, taken.journal_seq)) {
        out = std::move(*event);
        return PollResult::kEvent;
      }
    } catch (const Error& error) {
      if (error.status() == MYCHAT_E_CLOSED) return PollResult::kClosed;
      core.events.give_back(journal_place(taken.journal_seq));
      throw;
    } catch (...) {
      core.events.give_back(journal_place(taken.journal_seq));
      throw;
    }
    if (timeout_ms > 0)
      timeout_ms = static_cast<int>(std::max<std::int64_t>(0, deadline - core.clock.monotonic_ms()));
  }
}

int Client::event_fd() const noexcept { return impl_->core.events.fd(); }
void Client::wakeup() noexcept { impl_->core.events.wakeup(); }

void Client::give_back(Event&& event) noexcept { impl_->core.events.give_back(std::move(event)); }

void Client::ack(std::uint64_t seq) {
  Core& core = impl_->core;
  core.require_open();
  if (seq == 0) return;
  const std::lock_guard lock(core.mutex);
  core.require_open();
  const auto last = static_cast<std::uint64_t>(core.store->journal().last_seq());
  const auto first = core.store->journal().read(0, 1);
  const std::uint64_t acknowledged = first.empty() ? last : static_cast<std::uint64_t>(first.front().seq) - 1;
  if (seq <= acknowledged) return;  // Perhaps in an earlier life of the program.
  if (seq > last || seq > core.events.journal_given())
    throw_argument("That event has not been given out yet.");
  core.store->journal().ack(static_cast<std::int64_t>(seq));
}

void Client::rewind() {
  Core& core = impl_->core;
  core.require_open();
  std::uint64_t after = 0;
  {
    const std::lock_guard lock(core.mutex);
    core.require_open();
    const auto rows = core.store->journal().read(0, 1);
    after = rows.empty() ? static_cast<std::uint64_t>(core.store->journal().last_seq())
                         : static_cast<std::uint64_t>(rows.front().seq) - 1;
  }
  core.events.journal_rewind(after);
}

PollResult Client::await(mychat_request_id request, int timeout_ms, Event& out) {
  return to_result(impl_->core.events.await(request, timeout_ms, out));
}

void Client::cancel(mychat_request_id request) {
  impl_->core.require_open();
  impl_->core.events.cancel_request(request);
}

// ---- Policy and store

void Client::set_policy(std::uint32_t flags) {
  constexpr std::uint32_t kAll = MYCHAT_POLICY_REQUIRE_SIGNATURES | MYCHAT_POLICY_NO_READ_RECEIPTS |
                                 MYCHAT_POLICY_NO_TYPING | MYCHAT_POLICY_NO_SENDER_COPY;
  if ((flags & ~kAll) != 0) throw_argument("The policy has a flag that is not known.");
  Core& core = impl_->core;
  {
    Change change(core);
    change.store().account().set_int(setting::kPolicy, flags);
    change.commit();
    core.policy_flags = flags;
  }
  retry_unreadable_quietly(core);
}

std::uint32_t Client::policy() {
  impl_->core.require_open();
  return impl_->core.policy();
}

CheckReport Client::check_store() {
  Core& core = impl_->core;
  const std::lock_guard lock(core.mutex);
  core.require_open();
  return core.store->check();
}

void Client::backup_store(const std::string& path) {
  Core& core = impl_->core;
  const std::lock_guard lock(core.mutex);
  core.require_open();
  core.store->backup(path);
}

void Client::change_passphrase(Secret passphrase) {
  if (passphrase.empty()) throw_argument("The passphrase is empty.");
  Core& core = impl_->core;
  const std::lock_guard lock(core.mutex);
  core.require_open();
  core.store->change_key(StoreKey::passphrase(std::move(passphrase)));
}

}  // namespace mychat
