#include "federation/hint.h"

#include <array>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "protocol/fields.h"

namespace mychat::federation {
namespace {

constexpr std::string_view kTyping = "typing";
constexpr std::string_view kPresence = "presence";
constexpr std::string_view kQuestion = "presence_question";
constexpr std::array<std::string_view, 3> kStatuses{"offline", "away", "online"};

HintedPresence status_of(std::string_view name) {
  return name == kStatuses[2]   ? HintedPresence::kOnline
         : name == kStatuses[1] ? HintedPresence::kAway
                                : HintedPresence::kOffline;
}

std::optional<Hint> read_hint(std::string_view type, JsonView data) {
  Fields fields(data, "data");
  if (type == kTyping) {
    TypingHint hint{.sender_handle = fields.handle("sender_handle"),
                    .recipient_handle = fields.handle("recipient_handle"),
                    .is_typing = data.at("is_typing").as_bool()};
    fields.finish();
    return hint;
  }
  if (type == kPresence) {
    PresenceHint hint{.handle = fields.handle("handle"),
                      .status = status_of(fields.one_of("status", {"offline", "away", "online"}))};
    const std::string seen = fields.time_text("last_seen");
    fields.finish();
    hint.last_seen = parse_time(seen).value_or(0);
    return hint;
  }
  if (type == kQuestion) {
    PresenceQuestion question{.handle = fields.handle("handle"),
                              .asker_handle = fields.handle("asker_handle")};
    fields.finish();
    return question;
  }
  return std::nullopt;
}

class HintWriter {
 public:
  explicit HintWriter(JsonWriter& to) : out_(to) {}

  void operator()(const TypingHint& hint) const {
    head(kTyping);
    out_.member("sender_handle", hint.sender_handle);
    out_.member("recipient_handle", hint.recipient_handle);
    out_.member("is_typing", hint.is_typing);
    tail();
  }
  void operator()(const PresenceHint& hint) const {
    head(kPresence);
    out_.member("handle", hint.handle);
    out_.member("status", kStatuses[static_cast<std::size_t>(hint.status)]);
    out_.time_member("last_seen", hint.last_seen);
    tail();
  }
  void operator()(const PresenceQuestion& question) const {
    head(kQuestion);
    out_.member("handle", question.handle);
    out_.member("asker_handle", question.asker_handle);
    tail();
  }

 private:
  void head(std::string_view type) const {
    out_.begin_object();
    out_.member("type", type);
    out_.key("data");
    out_.begin_object();
  }
  void tail() const {
    out_.end_object();
    out_.end_object();
  }
  JsonWriter& out_;
};

}  // namespace

std::vector<Hint> hints_from_json(JsonView json) {
  const JsonView list = json.array("hints");
  if (list.size() > kHintsMax) list.fail("has more than " + std::to_string(kHintsMax) + " elements");
  std::vector<Hint> hints;
  for (const JsonView one : list) {
    try {
      if (auto hint = read_hint(one.string("type"), one.object("data"))) hints.push_back(*std::move(hint));
    } catch (const Error& error) {
      if (error.status() == MYCHAT_E_OUT_OF_MEMORY) throw;
    }
  }
  return hints;
}

std::string hints_json(const std::vector<Hint>& hints) {
  std::string json;
  JsonWriter out(json);
  out.begin_object();
  out.key("hints");
  out.begin_array();
  for (const Hint& hint : hints) std::visit(HintWriter(out), hint);
  out.end_array();
  out.end_object();
  return json;
}

}  // namespace mychat::federation
