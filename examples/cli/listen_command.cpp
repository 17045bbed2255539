// Printing what arrives.
#include <poll.h>

#include <cerrno>
#include <chrono>
#include <cmath>
#include <csignal>
#include <string>
#include <unordered_set>

#include "commands.h"
#include "session.h"
#include "text.h"
#include "views.h"

namespace cli {
namespace {

using Clock = std::chrono::steady_clock;

volatile std::sig_atomic_t g_stop = 0;
void on_stop(int) { g_stop = 1; }

// SIGINT and SIGTERM are blocked, in the library's threads too, except while this thread waits for events:
// the end never falls between printing and acknowledging.
class StopSignals {
 public:
  StopSignals() {
    struct sigaction action {};
    action.sa_handler = on_stop;
    ::sigaction(SIGINT, &action, nullptr);
    ::sigaction(SIGTERM, &action, nullptr);
    ::sigset_t blocked;
    ::sigemptyset(&blocked);
    ::sigaddset(&blocked, SIGINT);
    ::sigaddset(&blocked, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &blocked, &waiting_);
    ::sigdelset(&waiting_, SIGINT);
    ::sigdelset(&waiting_, SIGTERM);
  }

  // False: a signal came.
  bool wait(int fd, std::chrono::milliseconds limit) const {
    pollfd entry{fd, POLLIN, 0};
    const auto count = limit.count();
    const timespec time{static_cast<time_t>(count / 1000), static_cast<long>(count % 1000 * 1'000'000)};
    ::ppoll(&entry, 1, &time, &waiting_);
    return g_stop == 0;
  }

 private:
  ::sigset_t waiting_{};
};

const char* state_name(mychat_connection_state state) {
  static constexpr const char* kNames[] = {"", "offline", "connecting", "online", "polling", "waiting"};
  return state >= 1 && state <= MYCHAT_CONNECTION_WAITING ? kNames[state] : "unknown";
}

class Listener {
 public:
  Listener(Session& session, const ListenOptions& options) : session_(session), options_(options) {}

  // Prints one event. True when it was a message that was received.
  bool show(const mychat_event& event) {
    const bool message =
        event.type == MYCHAT_EVENT_MESSAGE && event.data.message->direction == MYCHAT_DIRECTION_IN;
    if (session_.globals().json) {
      show_json(event);
    } else {
      show_text(event);
    }
    if (message && options_.mark_read)
      call(mychat_client_mark_read, session_.client(), event.data.message->peer, event.data.message->id);
    return message;
  }

 private:
  void show_json(const mychat_event& event) {
    JsonObject out;
    out.text("event", mychat_event_type_name(event.type)).number("seq", static_cast<std::int64_t>(event.seq));
    switch (event.type) {
      case MYCHAT_EVENT_MESSAGE:
      case MYCHAT_EVENT_MESSAGE_STATUS:
        out.raw("message",
                message_json(*event.data.message, trust_of(session_.client(), event.data.message->sender)));
        break;
      case MYCHAT_EVENT_CONTACT:
      case MYCHAT_EVENT_KEY_CHANGED:
        out.raw("contact", contact_json(*event.data.contact));
        break;
      case MYCHAT_EVENT_CONNECTION:
      case MYCHAT_EVENT_SESSION_ENDED:
        out.text("state", state_name(event.data.connection->state))
            .text_or_null("reason", event.data.connection->error.message)
            .number("retry_at", event.data.connection->retry_at);
        break;
      case MYCHAT_EVENT_TYPING:
        out.text("peer", event.data.typing->peer).boolean("is_typing", event.data.typing->is_typing != 0);
        break;
      case MYCHAT_EVENT_PRESENCE:
        out.text("peer", event.data.presence->peer)
            .text("status", event.data.presence->status == MYCHAT_PRESENCE_ONLINE ? "online"
                            : event.data.presence->status == MYCHAT_PRESENCE_AWAY ? "away"
                                                                                  : "offline");
        break;
      default:
        return;
    }
    print_result(out.str());
  }

  void show_text(const mychat_event& event) {
    switch (event.type) {
      case MYCHAT_EVENT_MESSAGE:
        print_message(*event.data.message);
        break;
      case MYCHAT_EVENT_MESSAGE_STATUS:
        show_status(event);
        break;
      case MYCHAT_EVENT_KEY_CHANGED:
        print_key_change(session_.globals(), *event.data.contact);
        break;
      case MYCHAT_EVENT_CONNECTION:
        print_note(session_.globals(), std::string("* ") + state_name(event.data.connection->state) +
                                           (*event.data.connection->error.message != '\0' ? ": " : "") +
                                           safe_line(event.data.connection->error.message));
        break;
      default:
        break;
    }
  }

  void show_status(const mychat_event& event) {
    const mychat_message& message = *event.data.message;
    if (message.direction == MYCHAT_DIRECTION_IN) {
      if (message.readable == 0 || message.status >= MYCHAT_MESSAGE_READ) return;
      if (!printed_.contains(message.id)) {
        print_message(message);  // It can be read now.
      } else if (message.verification == MYCHAT_VERIFICATION_VERIFIED) {
        print_note(session_.globals(), "* " + std::string(message.id) + " is verified now");
      }
    } else if (options_.status || message.status == MYCHAT_MESSAGE_FAILED) {
      print_result("* " + std::string(message.id) + " to " + safe_line(message.peer) + ": " +
                   message_status_name(message.status) +
                   (message.status == MYCHAT_MESSAGE_FAILED
                        ? "; see: mychat explain " + std::string(message.id)
                        : ""));
    }
  }

  void print_message(const mychat_message& message) {
    print_result(message_line(message, trust_of(session_.client(), message.sender)));
    if (message.readable == 0) return;
    if (printed_.size() >= kMostRemembered) printed_.clear();
    printed_.emplace(message.id);
  }

  static constexpr std::size_t kMostRemembered = 10'000;

  Session& session_;
  const ListenOptions& options_;
  std::unordered_set<std::string> printed_;  // Ids of messages whose text was printed.
};

}  // namespace

int listen_command(const Globals& globals, const ListenOptions& options) {
  const StopSignals signals;
  Session session(globals, Store::kMustExist);
  session.require_login();
  Listener listener(session, options);
  mychat_client* client = session.client();
  const std::uint64_t wanted = options.once ? 1 : options.count;
  const auto deadline =
      Clock::now() + std::chrono::milliseconds(static_cast<std::int64_t>(std::ceil(options.timeout * 1000)));
  std::uint64_t seen = 0;
  call(mychat_client_start, client);
  while (wanted == 0 || seen < wanted) {
    mychat_event* next = nullptr;
    mychat_error error = MYCHAT_ERROR_INIT;
    const mychat_status status = mychat_client_poll(client, 0, &next, &error);
    if (status == MYCHAT_OK) {
      const Owned<mychat_event> event(next);
      if (listener.show(*event)) ++seen;
      // Printed and flushed: only now the journal may forget it.
      if (event->seq != 0) call(mychat_client_ack, client, event->seq);
      if (event->type == MYCHAT_EVENT_SESSION_ENDED && session.account()->logged_in == 0)
        throw ApiError(MYCHAT_E_UNAUTHORIZED, MYCHAT_DOMAIN_NODE,
                       "The node ended this session: run 'mychat login' again.", 401);
      continue;
    }
    if (status != MYCHAT_E_TIMEOUT) throw ApiError(error);
    auto left = std::chrono::milliseconds(60'000);
    if (options.timeout > 0)
      left = std::min(left, std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()));
    if (left.count() <= 0) break;
    if (!signals.wait(mychat_client_event_fd(client), left)) return kOk;
  }
  if (wanted != 0 && seen < wanted)
    throw ApiError(
        MYCHAT_E_TIMEOUT, MYCHAT_DOMAIN_NETWORK,
        "Only " + std::to_string(seen) + " of " + std::to_string(wanted) + " messages came in time.", 0,
        true);
  return kOk;
}

}  // namespace cli
