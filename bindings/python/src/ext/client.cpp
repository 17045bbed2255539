// A client's life, its events and its store.
#include <poll.h>
#include <pthread.h>
#include <pybind11/stl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "binding.h"

namespace mychat_python {

// What the log hook calls. It lives as long as the client; `callable` is touched under the interpreter's lock
// only.
struct Core::Log {
  PyObject* callable;
};

namespace {

using Clock = std::chrono::steady_clock;

// The end of the interpreter: Python may be called until no Guest is left, and never again.
std::atomic<bool> exiting{false};
std::atomic<int> guests{0};
std::atomic<std::thread::id> ending_thread{};

// Those to close at the end; touched under the interpreter's lock only.
std::vector<std::weak_ptr<mychat_client>>& living() {
  static auto* const all = new std::vector<std::weak_ptr<mychat_client>>;
  return *all;
}

void remember(const std::shared_ptr<mychat_client>& client) {
  auto& all = living();
  all.erase(std::remove_if(all.begin(), all.end(), [](const auto& one) { return one.expired(); }), all.end());
  all.push_back(client);
}

// Counts the forks between this process and the one that loaded the module.
std::atomic<std::uint64_t> process_number{0};

void count_forks() {
  [[maybe_unused]] static const int registered = pthread_atfork(nullptr, nullptr, [] {
    process_number.fetch_add(1, std::memory_order_relaxed);
    living().clear();         // They are the parent's.
    guests = Guest::count();  // Of the threads only this one is left.
  });
}

void on_log(mychat_log_level level, const char* component, const char* message, void* context) {
  const Guest guest;
  if (!guest.welcome()) return;
  const py::gil_scoped_acquire locked;
  const auto callable = py::reinterpret_borrow<py::object>(static_cast<Core::Log*>(context)->callable);
  if (!callable) return;
  try {
    callable(level, text_to_python(component), text_to_python(message));
  } catch (py::error_already_set& error) {
    error.discard_as_unraisable(callable);
  }
}

struct StoreKey {
  py::object callable;
  std::optional<py::error_already_set> failure;
};

std::int32_t on_store_key(std::uint8_t* out_key, void* context) {
  const py::gil_scoped_acquire locked;
  auto& given = *static_cast<StoreKey*>(context);
  try {
    const py::object key = given.callable();
    const Bytes bytes(key);
    if (bytes.size() != MYCHAT_STORE_KEY_SIZE)
      throw py::value_error("store_key must return " + std::to_string(MYCHAT_STORE_KEY_SIZE) +
                            " bytes, not " + std::to_string(bytes.size()));
    std::copy_n(static_cast<const std::uint8_t*>(bytes.data()), bytes.size(), out_key);
    return 0;
  } catch (py::error_already_set& error) {
    given.failure.emplace(error);
  } catch (const py::builtin_exception& error) {
    error.set_error();
    given.failure.emplace();
  }
  return 1;
}

// Waits until the descriptor is readable, at most a second: then whoever waits looks for signals, of which
// one may have come just before.
void wait_readable(int fd, Clock::duration longest) {
  using std::chrono::milliseconds;
  const auto time = std::clamp<Clock::duration>(longest, Clock::duration::zero(), std::chrono::seconds(1));
  pollfd waited{fd, POLLIN, 0};
  ::poll(&waited, fd < 0 ? 0 : 1,
         fd < 0 ? 0 : static_cast<int>(std::chrono::ceil<milliseconds>(time).count()));
}

}  // namespace

thread_local int Guest::here_ = 0;

Guest::Guest() {
  guests.fetch_add(1);
  ++here_;
  welcome_ = !exiting.load();
}

Guest::~Guest() {
  --here_;
  guests.fetch_sub(1);
}

void stay_at_the_end() noexcept {
  while (exiting && !Guest::here() && ending_thread.load() != std::this_thread::get_id()) ::pause();
}

Core::~Core() {
  if (process_ == process_number) {
    const Guest guest;  // Nothing may unwind a destructor.
    if (guest.welcome()) {
      Unlocked unlocked;  // Its threads may be about to log.
      client_.reset();
    }
  } else {
    // A forked child leaves its parent's client alone: the threads behind it are not here.
    [[maybe_unused]] static auto* const left = new std::vector<std::shared_ptr<mychat_client>>;
    left->push_back(std::move(client_));
  }
  if (log_ != nullptr) Py_CLEAR(log_->callable);
  delete log_;
}

void Core::create(mychat_client_options& options, py::object log, py::object store_key) {
  const Guest guest;
  if (!guest.welcome()) {
    PyErr_SetString(PyExc_RuntimeError, "the interpreter is exiting: no client can be made");
    throw py::error_already_set();
  }
  StoreKey key{std::move(store_key), std::nullopt};
  if (!key.callable.is_none()) {
    options.store_key = on_store_key;
    options.store_key_context = &key;
  }
  if (!log.is_none()) {
    log_ = new Log{log.release().ptr()};
    options.log = on_log;
    options.log_context = log_;
  }
  process_ = process_number;
  mychat_client* made = nullptr;
  try {
    run("create", [&](mychat_error* error) { return mychat_client_create(&options, &made, error); });
  } catch (py::error_already_set& error) {
    if (key.failure)
      PyException_SetCause(error.value().ptr(),
                           py::object(key.failure->value()).release().ptr());  // Takes it.
    throw;
  }
  client_ = std::shared_ptr<mychat_client>(made, mychat_client_free);
  remember(client_);
}

mychat_client* Core::get(const char* operation) const {
  if (client_ != nullptr && process_ == process_number) return client_.get();
  raise_closed(client_ == nullptr ? "The client is closed."
                                  : "After a fork only the parent may use its clients; make another one.",
               operation);
}

void Core::close() {
  if (client_ == nullptr || process_ != process_number) return;
  local("close",
        [](mychat_client* client, mychat_error* error) { return mychat_client_close(client, error); });
}

int Core::event_fd() {
  if (client_ == nullptr || process_ != process_number) return -1;
  Unlocked unlocked;
  return mychat_client_event_fd(client_.get());
}

void Core::wakeup() {
  if (client_ == nullptr || process_ != process_number) return;
  Unlocked unlocked;
  mychat_client_wakeup(client_.get());
}

py::object Core::poll(std::int32_t timeout_ms) {
  mychat_client* client = get("poll");
  const auto end = Clock::now() + std::chrono::milliseconds(timeout_ms);
  for (bool first = true;; first = false) {
    mychat_error error = MYCHAT_ERROR_INIT;
    mychat_status status = MYCHAT_OK;
    Owned<mychat_event> event(mychat_event_free);
    {
      Unlocked unlocked;
      if (!first)
        wait_readable(mychat_client_event_fd(client),
                      timeout_ms < 0 ? std::chrono::hours(1) : end - Clock::now());
      status = mychat_client_poll(client, 0, event.out(), &error);
    }
    if (status == MYCHAT_OK) return to_python(*event.get());
    if (status != MYCHAT_E_TIMEOUT) raise(error, "poll");
    if (timeout_ms == 0 || (timeout_ms > 0 && Clock::now() >= end)) return py::none();
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
  }
}

py::list Core::poll_batch(std::size_t most, std::int64_t budget_us) {
  mychat_client* client = get("poll");
  const auto end = Clock::now() + std::chrono::microseconds(budget_us);
  py::list events;
  while (events.size() < most) {
    mychat_error error = MYCHAT_ERROR_INIT;
    mychat_status status = MYCHAT_OK;
    Owned<mychat_event> event(mychat_event_free);
    {
      Unlocked unlocked;
      status = mychat_client_poll(client, 0, event.out(), &error);
    }
    if (status == MYCHAT_E_TIMEOUT) break;
    if (status != MYCHAT_OK) {
      if (!events.empty()) break;  // The next call meets it again.
      raise(error, "poll");
    }
    events.append(to_python(*event.get()));
    if (Clock::now() >= end) break;
  }
  return events;
}

py::object Core::await(std::uint64_t request, std::int32_t timeout_ms) {
  // The descriptor speaks of all events, so that the library waits, in slices between which signals are
  // handled.
  constexpr std::int64_t kSlice = 100;
  mychat_client* client = get("await");
  const auto end = Clock::now() + std::chrono::milliseconds(timeout_ms);
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
    const auto slice = timeout_ms < 0 ? kSlice : std::clamp<std::int64_t>(left, 0, kSlice);
    mychat_error error = MYCHAT_ERROR_INIT;
    mychat_status status = MYCHAT_OK;
    Owned<mychat_event> event(mychat_event_free);
    {
      Unlocked unlocked;
      status = mychat_client_await(client, request, static_cast<std::int32_t>(slice), event.out(), &error);
    }
    if (event.get() != nullptr) return to_python(*event.get());
    if (status != MYCHAT_E_TIMEOUT) raise(error, "await");
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    if (timeout_ms >= 0 && Clock::now() >= end) return py::none();
  }
}

int Core::traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  if (!py::detail::is_holder_constructed(self)) return 0;
  const auto& core = py::cast<Core&>(py::handle(self));
  if (core.log_ != nullptr) Py_VISIT(core.log_->callable);
  return 0;
}

int Core::clear(PyObject* self) {
  auto& core = py::cast<Core&>(py::handle(self));
  if (core.log_ != nullptr) Py_CLEAR(core.log_->callable);
  return 0;
}

void interpreter_exits() {
  ending_thread = std::this_thread::get_id();
  exiting = true;
  {
    Unlocked unlocked;
    while (guests != 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  const auto all = living();
  for (const auto& one : all) {
    auto client = one.lock();
    Unlocked unlocked;
    if (client) mychat_client_close(client.get(), nullptr);
    client.reset();
  }
}

void bind_client(py::module_& module, CoreClass& core) {
  using namespace py::literals;
  count_forks();
  module.def("interpreter_exits", &interpreter_exits);
  core.def(py::init([](py::object store_path, py::object passphrase, py::object store_key,
                       py::object node_url, py::object ca_file, py::object tls_pins, py::object flags,
                       py::object connect_timeout_ms, py::object request_timeout_ms, py::object log,
                       py::object log_level, py::object max_queued_events) {
             const Path store(store_path, "store_path"), ca(ca_file, "ca_file", Text::None::kAllowed);
             const Secret secret(passphrase, "passphrase", Text::None::kAllowed);
             const Text url(node_url, "node_url", Text::None::kAllowed),
                 pins(tls_pins, "tls_pins", Text::None::kAllowed);
             mychat_client_options options = MYCHAT_CLIENT_OPTIONS_INIT;
             options.store_path = store.get();
             options.passphrase = secret.get();
             options.node_url = url.get();
             options.ca_file = ca.get();
             options.tls_pins = pins.get();
             options.flags = number<std::uint32_t>(flags, "flags");
             options.connect_timeout_ms = number<std::uint32_t>(connect_timeout_ms, "connect_timeout");
             options.request_timeout_ms = number<std::uint32_t>(request_timeout_ms, "request_timeout");
             options.log_level = number<std::int32_t>(log_level, "log_level");
             options.max_queued_events = number<std::uint32_t>(max_queued_events, "max_queued_events");
             auto made = std::make_unique<Core>();
             made->create(options, std::move(log), std::move(store_key));
             return made;
           }),
           "store_path"_a, py::kw_only(), "passphrase"_a, "store_key"_a, "node_url"_a, "ca_file"_a,
           "tls_pins"_a, "flags"_a, "connect_timeout_ms"_a, "request_timeout_ms"_a, "log"_a, "log_level"_a,
           "max_queued_events"_a);
  core.def("start", [](Core& self) { self.local("start", mychat_client_start); });
  core.def("stop", [](Core& self) { self.local("stop", mychat_client_stop); });
  core.def("close", &Core::close);
  core.def("event_fd", &Core::event_fd);
  core.def("wakeup", &Core::wakeup);
  core.def("poll", &Core::poll, "timeout_ms"_a);
  core.def("poll_batch", &Core::poll_batch, "most"_a, "budget_us"_a);
  core.def("await_", &Core::await, "request"_a, "timeout_ms"_a);
  core.def("ack", [](Core& self, py::object seq) {
    const auto given = number<std::uint64_t>(seq, "seq");
    self.local("ack", [&](mychat_client* client, mychat_error* error) {
      return mychat_client_ack(client, given, error);
    });
  });
  core.def("rewind", [](Core& self) { self.local("rewind", mychat_client_rewind); });
  core.def("cancel", [](Core& self, std::uint64_t request) {
    self.local("cancel", [&](mychat_client* client, mychat_error* error) {
      return mychat_client_cancel(client, request, error);
    });
  });
  core.def("policy", [](Core& self) {
    std::uint32_t flags = 0;
    self.local("policy", [&](mychat_client* client, mychat_error* error) {
      return mychat_client_policy(client, &flags, error);
    });
    return flags;
  });
  core.def("set_policy", [](Core& self, py::object policy) {
    const auto flags = number<std::uint32_t>(policy, "policy");
    self.local("set_policy", [&](mychat_client* client, mychat_error* error) {
      return mychat_client_set_policy(client, flags, error);
    });
  });
  core.def("check_store", [](Core& self) {
    return self.fetch<mychat_store_report>("check_store", mychat_store_report_free,
                                           mychat_client_check_store);
  });
  core.def("backup_store", [](Core& self, py::object path) {
    const Path file(path, "path");
    self.local("backup_store", [&](mychat_client* client, mychat_error* error) {
      return mychat_client_backup_store(client, file.get(), error);
    });
  });
  core.def("change_passphrase", [](Core& self, py::object new_passphrase) {
    const Secret secret(new_passphrase, "new_passphrase");
    self.local("change_passphrase", [&](mychat_client* client, mychat_error* error) {
      return mychat_client_change_passphrase(client, secret.get(), error);
    });
  });
}

}  // namespace mychat_python
