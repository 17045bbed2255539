// Frames from the node to the client.
#include "protocol/answer.h"
#include "protocol/ws_frames.h"

namespace mychat::wire {
namespace {

// An HTTP status, 0 for anything else.
int status_of(JsonView json) noexcept {
  const auto status = json.find("status").int_or_none();
  return status && *status >= 100 && *status <= 599 ? static_cast<int>(*status) : 0;
}

SubscribedFrame subscribed_from_json(JsonView json) {
  SubscribedFrame frame;
  frame.events = texts_of(json.optional_array("events"));
  if (const JsonView mailbox = json.optional_object("mailbox"))
    frame.mailbox = SubscribedMailbox{text_of(mailbox, "id"), mailbox.optional_int("oldest").value_or(0),
                                      mailbox.at("last").as_int(0, limits::kSeqMax)};
  return frame;
}

PeerPresenceFrame presence_from_json(JsonView json) {
  return {text_of(json, "user_handle"), parse_presence(json.string("status")).value_or(Presence::kOffline),
          optional_time_of(json, "last_seen")};
}

// v1 nodes name the text `message`, `detail` or `error`.
ErrorFrame error_from_json(JsonView json, bool authentication) {
  ErrorFrame frame;
  for (const char* name : {"detail", "message", "error"}) {
    if (const auto text = json.find(name).string_or_none()) {
      frame.detail = *text;
      break;
    }
  }
  frame.status = status_of(json);
  if (const auto id = json.find("id").string_or_none()) frame.id = std::string(*id);
  frame.authentication = authentication;
  return frame;
}

ServerFrame frame_from_json(std::string_view type, JsonView json) {
  if (type == "mailbox") return MailboxFrame{list_of<MailboxItem>(json.array("items"))};
  if (type == "sent") return SentFrame{list_of<SentResult>(json.array("results"))};
  if (type == "message") return MessageFrame{MessageOut::from_json(json.object("data"))};
  if (type == "typing") return PeerTypingFrame{text_of(json, "user_handle"), json.boolean("is_typing")};
  if (type == "presence") return presence_from_json(json);
  if (type == "pong") return PongFrame{};
  if (type == "subscribed") return subscribed_from_json(json);
  if (type == "auth_success") return AuthSuccessFrame{id_of(json, "user_id")};
  if (type == "auth_error") return error_from_json(json, true);
  if (type == "error") return error_from_json(json, false);
  return UnknownFrame{std::string(type)};
}

struct Printer {
  JsonWriter& out;

  void operator()(const AuthSuccessFrame& frame) const {
    out.member("type", "auth_success");
    out.member("user_id", frame.user_id);
  }
  void operator()(const SubscribedFrame& frame) const {
    out.member("type", "subscribed");
    out.member("events", frame.events);
    if (!frame.mailbox) return;
    out.key("mailbox");
    out.begin_object();
    out.member("id", frame.mailbox->id);
    out.member("oldest", frame.mailbox->oldest);
    out.member("last", frame.mailbox->last);
    out.end_object();
  }
  void operator()(const MessageFrame& frame) const {
    out.member("type", "message");
    out.member("data", frame.message);
  }
  void operator()(const PeerTypingFrame& frame) const {
    out.member("type", "typing");
    out.member("user_handle", frame.user_handle);
    out.member("is_typing", frame.is_typing);
  }
  void operator()(const PeerPresenceFrame& frame) const {
    out.member("type", "presence");
    out.member("user_handle", frame.user_handle);
    out.member("status", to_string(frame.status));
    out.time_member("last_seen", frame.last_seen);
  }
  void operator()(const PongFrame&) const { out.member("type", "pong"); }
  void operator()(const MailboxFrame& frame) const {
    out.member("type", "mailbox");
    out.member("items", frame.items);
  }
  void operator()(const SentFrame& frame) const {
    out.member("type", "sent");
    out.member("results", frame.results);
  }
  void operator()(const ErrorFrame& frame) const {
    out.member("type", frame.authentication ? "auth_error" : "error");
    out.member("detail", frame.detail);
    if (frame.status != 0) out.member("status", frame.status);
    out.optional_member("id", frame.id);
  }
  void operator()(const UnknownFrame& frame) const { out.member("type", frame.type); }
};

}  // namespace

SentResult SentResult::from_json(JsonView json) {
  SentResult result;
  result.id = text_of(json, "id");
  if (const JsonView error = json.optional_object("error")) {
    result.error.emplace();
    result.error->status = status_of(error);
    result.error->detail = optional_text_of(error, "detail").value_or("");
    result.error->retry_after = error.find("retry_after").int_or_none();
    return result;
  }
  result.created_at = time_of(json, "created_at");
  result.status =
      parse_delivery_status(json.optional_string("status").value_or("")).value_or(DeliveryStatus::kPending);
  return result;
}

void SentResult::to_json(JsonWriter& out) const {
  out.begin_object();
  out.member("id", id);
  if (error) {
    out.key("error");
    out.begin_object();
    out.member("status", error->status);
    out.member("detail", error->detail);
    out.optional_member("retry_after", error->retry_after);
    out.end_object();
  } else {
    out.time_member("created_at", created_at);
    out.member("status", to_string(status));
  }
  out.end_object();
}

ServerFrame parse_server_frame(std::string_view text) {
  const Json json = Json::parse(text, limits::kAnswer);
  return frame_from_json(json->string("type"), json);
}

void print_server_frame(const ServerFrame& frame, std::string& out) {
  JsonWriter writer(out);
  writer.begin_object();
  std::visit(Printer{writer}, frame);
  writer.end_object();
}

}  // namespace mychat::wire
