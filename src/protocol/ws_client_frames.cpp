// Frames from the client to the node.
#include "base/encoding.h"
#include "base/error.h"
#include "protocol/answer.h"
#include "protocol/fields.h"
#include "protocol/handle.h"
#include "protocol/ws_frames.h"

namespace mychat::wire {
namespace {

AuthFrame auth_from_json(JsonView json) {
  Fields fields(json);
  AuthFrame frame{fields.secret("token", 1, limits::kTokenMax)};
  fields.finish();
  return frame;
}

void read_events(Fields& fields, std::vector<std::string>& events) {
  const JsonView list = fields.json().find("events");
  if (!list.has_value()) return;
  if (!list.is_array()) return fields.fail("events", "Must be a list.", "list_type");
  if (list.size() > limits::kWsEventsMax) return fields.fail("events", "Names too many events.", "too_long");
  for (const JsonView element : list) {
    const auto name = element.string_or_none();
    if (!name || name->empty() || name->size() > limits::kWsEventNameMax || has_control_characters(*name))
      return fields.fail("events", "Must hold names of events.");
    events.emplace_back(*name);
  }
}

SubscribeFrame subscribe_from_json(JsonView json) {
  Fields fields(json);
  SubscribeFrame frame;
  read_events(fields, frame.events);
  if (const JsonView mailbox = fields.optional_object("mailbox")) {
    try {
      Fields inner(mailbox);
      frame.mailbox.emplace();
      frame.mailbox->after = inner.integer("after", 0, limits::kSeqMax);
      frame.mailbox->id = inner.optional_uuid("id");
      inner.finish();
    } catch (const ValidationError& error) {
      fields.adopt("mailbox", error);
    }
  }
  fields.finish();
  return frame;
}

TypingFrame typing_from_json(JsonView json) {
  Fields fields(json);
  TypingFrame frame;
  frame.conversation_handle = fields.handle("conversation_handle");
  frame.is_typing = fields.boolean("is_typing");
  fields.finish();
  return frame;
}

PresenceFrame presence_from_json(JsonView json) {
  Fields fields(json);
  const std::string status =
      fields.one_of("status", {to_string(Presence::kOnline), to_string(Presence::kAway)});
  fields.finish();
  return {parse_presence(status).value_or(Presence::kOnline)};
}

SendFrame send_from_json(JsonView json, std::size_t max_content) {
  SendFrame frame{SendMessageRequest::from_json(json, max_content)};
  if (!frame.message.id) {
    Fields fields(json);
    fields.fail("id", "This field is required.", "missing");
    fields.finish();
  }
  return frame;
}

struct Printer {
  JsonWriter& out;

  void operator()(const AuthFrame& frame) const {
    out.member("type", "auth");
    out.member("token", frame.token);
  }
  void operator()(const SubscribeFrame& frame) const {
    out.member("type", "subscribe");
    out.member("events", frame.events);
    if (!frame.mailbox) return;
    out.key("mailbox");
    out.begin_object();
    out.member("after", frame.mailbox->after);
    out.member("id", frame.mailbox->id);
    out.end_object();
  }
  void operator()(const TypingFrame& frame) const {
    out.member("type", "typing");
    out.member("conversation_handle", frame.conversation_handle);
    out.member("is_typing", frame.is_typing);
  }
  void operator()(const PresenceFrame& frame) const {
    out.member("type", "presence");
    out.member("status", to_string(frame.status));
  }
  void operator()(const PingFrame&) const { out.member("type", "ping"); }
  void operator()(const AckFrame& frame) const {
    out.member("type", "ack");
    out.member("seq", frame.seq);
  }
  void operator()(const SendFrame& frame) const {
    out.member("type", "send");
    frame.message.members_to_json(out);
  }
  void operator()(const ReadFrame& frame) const {
    out.member("type", "read");
    out.member("message_ids", frame.message_ids);
  }
};

}  // namespace

std::string_view to_string(Presence presence) noexcept {
  switch (presence) {
    case Presence::kOnline:
      return "online";
    case Presence::kAway:
      return "away";
    case Presence::kOffline:
      return "offline";
  }
  return "offline";
}

std::optional<Presence> parse_presence(std::string_view text) noexcept {
  for (const auto presence : {Presence::kOnline, Presence::kAway, Presence::kOffline})
    if (text == to_string(presence)) return presence;
  return std::nullopt;
}

ClientFrame parse_client_frame(std::string_view text, std::size_t max_content,
                               std::optional<std::string>* id) {
  Json json = Json::parse(text, limits::kMessageRequest);
  if (!json->is_object()) json->fail("is not an object");
  const std::string_view type = json->string("type");
  if (type == "send") {
    if (const auto given = json->find("id").string_or_none(); id != nullptr && given && is_uuid(*given))
      *id = lower_ascii(*given);
    return send_from_json(json, max_content);
  }
  if (type == "ack") return AckFrame{AckRequest::from_json(json).seq};
  if (type == "ping") return PingFrame{};
  if (type == "typing") return typing_from_json(json);
  if (type == "read") return ReadFrame{ReadRequest::from_json(json).message_ids};
  if (type == "presence") return presence_from_json(json);
  if (type == "subscribe") return subscribe_from_json(json);
  if (type == "auth") {
    json.wipe_on_destruction();
    return auth_from_json(json);
  }
  json->at("type").fail("names no frame that this node knows");
}

void print_client_frame(const ClientFrame& frame, std::string& out) {
  JsonWriter writer(out);
  writer.begin_object();
  std::visit(Printer{writer}, frame);
  writer.end_object();
}

}  // namespace mychat::wire
