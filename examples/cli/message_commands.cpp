// Sending and reading messages.
#include <chrono>
#include <cmath>

#include "commands.h"
#include "files.h"
#include "session.h"
#include "text.h"
#include "views.h"

namespace cli {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMaxInput = 10'485'744;  // What mychat_client_send() takes.

milliseconds to_ms(double seconds) {
  return milliseconds(static_cast<std::int64_t>(std::ceil(seconds * 1000)));
}

std::vector<std::uint8_t> not_empty(std::vector<std::uint8_t> text) {
  if (text.empty()) throw UsageError("There is no text to send.");
  return text;
}

std::vector<std::uint8_t> message_bytes(const SendOptions& options) {
  if (!options.file.empty()) {
    if (!options.words.empty()) throw UsageError("Give a text or --file, not both.");
    return read_file(options.file, kMaxInput);
  }
  if (options.words.empty() || (options.words.size() == 1 && options.words[0] == "-")) {
    auto bytes = read_file("-", kMaxInput);
    if (!bytes.empty() && bytes.back() == '\n') bytes.pop_back();  // As `echo` adds it.
    return not_empty(std::move(bytes));
  }
  std::string text;
  for (const std::string& word : options.words) text += (text.empty() ? "" : " ") + word;
  return not_empty({text.begin(), text.end()});
}

mychat_message_status goal_of(const std::string& wait) {
  return wait == "read"        ? MYCHAT_MESSAGE_READ
         : wait == "delivered" ? MYCHAT_MESSAGE_DELIVERED
                               : MYCHAT_MESSAGE_PENDING;
}

bool reached(mychat_message_status status, mychat_message_status goal) {
  return status >= goal && status != MYCHAT_MESSAGE_FAILED;
}

// Waits until the message came as far as `goal`, failed, or cannot go on now; says why in `obstacle`.
Owned<mychat_message> follow(Session& session, const std::string& id, mychat_message_status goal,
                             milliseconds limit, std::optional<ApiError>& obstacle) {
  call(mychat_client_start, session.client());
  const auto now = [&] { return fetch<mychat_message>(mychat_client_message, session.client(), id.c_str()); };
  auto message = now();
  const auto over = [&] {
    return message->status == MYCHAT_MESSAGE_FAILED || reached(message->status, goal);
  };
  const std::string peer = message->peer;
  session.run_until(limit, [&](const mychat_event& event) {
    if (event.type == MYCHAT_EVENT_MESSAGE_STATUS && id == event.data.message->id) message = now();
    if (event.type == MYCHAT_EVENT_KEY_CHANGED && peer == event.data.contact->handle &&
        trust_of(session.client(), peer.c_str()) == MYCHAT_TRUST_CHANGED) {
      obstacle.emplace(MYCHAT_E_KEY_CHANGED, MYCHAT_DOMAIN_KEYS,
                       "The recipient's key changed; the message waits until you accept the new one.");
      message = now();
      return !reached(message->status, MYCHAT_MESSAGE_PENDING) || over();
    }
    if (event.type == MYCHAT_EVENT_CONNECTION && event.data.connection->error.status != MYCHAT_OK) {
      obstacle.emplace(event.data.connection->error);
      if (session.key_is_replaced()) return true;
      // With something to wait for beyond the node's answer, another attempt may still be in time.
      return goal == MYCHAT_MESSAGE_PENDING || event.data.connection->state == MYCHAT_CONNECTION_OFFLINE;
    }
    return over();
  });
  return now();
}

void print_sent(const Globals& globals, const mychat_message& message,
                const std::optional<ApiError>& obstacle) {
  if (globals.json) {
    print_result(message_json(message, MYCHAT_TRUST_UNVERIFIED));  // One's own: nobody to be trusted.
    return;
  }
  if (message.status != MYCHAT_MESSAGE_QUEUED) {
    print_result(std::string(message.id) + " " + message_status_name(message.status));
    return;
  }
  print_result(std::string(message.id) + " queued");
  if (obstacle && obstacle->status() == MYCHAT_E_KEY_MISMATCH) {
    print_note(globals,
               "It is kept here and goes out after mychat restore FILE, with the newest key backup.");
    return;
  }
  print_note(globals,
             "It is kept here and goes out with the next command that reaches the node (mychat sync).");
  if (obstacle) print_note(globals, "Why: " + safe_line(obstacle->what()));
}

// Throws when the message waits for somebody to do something about a key.
void throw_held_back(const std::optional<ApiError>& obstacle, const mychat_message& message) {
  if (obstacle && exit_code(obstacle->status()) == kKeys && message.status == MYCHAT_MESSAGE_QUEUED)
    throw ApiError(*obstacle);
}

[[noreturn]] void throw_failed(Session& session, const mychat_message& message) {
  const auto why = fetch<mychat_explanation>(mychat_client_explain, session.client(), message.id);
  throw ApiError(message.failure != MYCHAT_OK ? message.failure : MYCHAT_E_REJECTED, MYCHAT_DOMAIN_NODE,
                 why->description);
}

}  // namespace

int send_command(const Globals& globals, const SendOptions& options) {
  const auto bytes = message_bytes(options);
  Session session(globals, Store::kMustExist);
  const std::string handle = session.handle(options.handle);
  mychat_send_options request = MYCHAT_SEND_OPTIONS_INIT;
  request.content_type = options.image          ? MYCHAT_CONTENT_IMAGE
                         : options.file.empty() ? MYCHAT_CONTENT_TEXT
                                                : MYCHAT_CONTENT_FILE;
  request.recipient = handle.c_str();
  request.data = bytes.data();
  request.size = bytes.size();
  char id[MYCHAT_MESSAGE_ID_SIZE];
  call(mychat_client_send, session.client(), &request, id);
  if (options.wait == "none") {
    print_sent(globals, *fetch<mychat_message>(mychat_client_message, session.client(), id), std::nullopt);
    return kOk;
  }
  std::optional<ApiError> obstacle;
  const mychat_message_status goal = goal_of(options.wait);
  const auto message = follow(session, id, goal, to_ms(options.timeout), obstacle);
  if (message->status == MYCHAT_MESSAGE_FAILED) throw_failed(session, *message);
  print_sent(globals, *message, obstacle);
  throw_held_back(obstacle, *message);
  // Queued is safe, and what one asks for by default; more was asked for by name.
  if (options.wait != "accepted" && !reached(message->status, goal))
    throw ApiError(MYCHAT_E_TIMEOUT, MYCHAT_DOMAIN_NETWORK,
                   "The message was not " + options.wait + " in time.", 0, true);
  return kOk;
}

int retry_command(const Globals& globals, const std::string& id) {
  Session session(globals, Store::kMustExist);
  call(mychat_client_retry, session.client(), id.c_str());
  std::optional<ApiError> obstacle;
  const auto message = follow(session, id, MYCHAT_MESSAGE_PENDING, milliseconds(15'000), obstacle);
  if (message->status == MYCHAT_MESSAGE_FAILED) throw_failed(session, *message);
  print_sent(globals, *message, obstacle);
  throw_held_back(obstacle, *message);
  return kOk;
}

int explain_command(const Globals& globals, const std::string& id) {
  static constexpr const char* kRepairs[] = {"none",   "wait",  "restore_backup", "accept_key",
                                             "log_in", "retry", "ask_sender",     "change"};
  Session session(globals, Store::kMustExist);
  const auto why = fetch<mychat_explanation>(mychat_client_explain, session.client(), id.c_str());
  const char* repair =
      why->repair >= 0 && why->repair <= MYCHAT_REPAIR_CHANGE ? kRepairs[why->repair] : "unknown";
  if (globals.json) {
    print_result(JsonObject()
                     .text("id", id)
                     .text("cause", mychat_status_name(why->cause))
                     .text("repair", repair)
                     .number("attempts", why->attempts)
                     .number("retry_at", why->retry_at)
                     .text("description", why->description)
                     .str());
    return kOk;
  }
  print_result(safe_line(why->description));
  if (why->cause != MYCHAT_OK) {
    print_result(std::string("cause:     ") + mychat_status_name(why->cause));
    print_result(std::string("repair:    ") + repair);
    print_result("attempts:  " + std::to_string(why->attempts));
    if (why->retry_at != 0) print_result("next try:  " + local_time(why->retry_at));
  }
  return kOk;
}

int save_command(const Globals& globals, const std::string& id, const std::string& file) {
  require_absent(file);
  Session session(globals, Store::kMustExist);
  const auto message = fetch<mychat_message>(mychat_client_message, session.client(), id.c_str());
  if (message->readable == 0)
    throw ApiError(message->failure, MYCHAT_DOMAIN_E2EE,
                   "The message cannot be read; see: mychat explain " + id);
  write_private_file(file, message->data, message->size);
  const auto size = static_cast<std::int64_t>(message->size);
  print_result(globals.json ? JsonObject().text("file", file).number("size", size).str()
                            : "Saved " + std::to_string(size) + " bytes as " + safe_line(file));
  return kOk;
}

namespace {

int print_conversations(Session& session) {
  const auto list = fetch<mychat_conversation_list>(mychat_client_conversations, session.client());
  JsonArray items;
  for (std::size_t i = 0; i < list->count; ++i) {
    const mychat_conversation& item = *list->items[i];
    items.raw(JsonObject()
                  .text("peer", item.peer)
                  .number("unread", item.unread)
                  .text_or_null("last_message_id", item.last_message_id)
                  .number("last_message_at", item.last_message_at)
                  .str());
    if (!session.globals().json)
      print_result(local_time(item.last_message_at) + "  " + safe_line(item.peer) +
                   (item.unread != 0 ? "  " + std::to_string(item.unread) + " unread" : ""));
  }
  if (session.globals().json) print_result(JsonObject().raw("conversations", items.str()).str());
  return kOk;
}

}  // namespace

int history_command(const Globals& globals, const HistoryOptions& options) {
  Session session(globals, Store::kMustExist);
  if (options.sync) {
    session.go_online(milliseconds(15'000));
    session.settle(milliseconds(1000), milliseconds(60'000));
  }
  if (options.handle.empty() && options.search.empty()) return print_conversations(session);
  const std::string handle = options.handle.empty() ? "" : session.handle(options.handle);
  const char* peer = handle.empty() ? nullptr : handle.c_str();
  const auto list =
      options.search.empty()
          ? fetch<mychat_message_list>(mychat_client_history, session.client(), peer, options.before,
                                       options.limit)
          : fetch<mychat_message_list>(mychat_client_search, session.client(), options.search.c_str(), peer,
                                       options.before, options.limit);
  JsonArray items;
  // Pages come newest first; people read the other way.
  for (std::size_t i = list->count; i-- > 0;) {
    const mychat_message& message = *list->items[i];
    if (globals.json) {
      items.raw(message_json(message, trust_of(session.client(), message.sender)));
    } else {
      print_result(message_line(message, trust_of(session.client(), message.sender)));
    }
  }
  if (globals.json) {
    print_result(JsonObject()
                     .raw("messages", items.str())
                     .boolean("has_more", list->has_more != 0)
                     .number("next_before", list->next_before)
                     .str());
  } else if (list->has_more != 0) {
    print_note(globals, "Older ones: --before " + std::to_string(list->next_before));
  }
  if (options.mark_read && peer != nullptr)
    call(mychat_client_mark_read, session.client(), peer, list->count != 0 ? list->items[0]->id : nullptr);
  return kOk;
}

}  // namespace cli
