#include "protocol/error_body.h"

#include <exception>

#include "protocol/answer.h"
#include "protocol/limits.h"

namespace mychat::wire {
namespace {

constexpr std::size_t kSentenceMax = 200;

// One line: control characters become spaces, runs of spaces one; cut between code points.
std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const bool blank = (c >= 0 && c <= 0x20) || c == 0x7F;
    if (blank && (line.empty() || line.back() == ' ')) continue;
    line += blank ? ' ' : c;
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  if (line.size() < kSentenceMax) return line;
  std::size_t end = kSentenceMax - 4;  // Room for "..." and a full stop.
  while (end > 0 && (static_cast<std::uint8_t>(line[end]) & 0xC0) == 0x80) --end;
  return line.substr(0, end) + "...";
}

}  // namespace

ErrorBody ErrorBody::parse(std::string_view text) noexcept {
  try {
    return from_json(Json::parse(text, {.max_bytes = 256 * 1024, .max_depth = 16, .max_nodes = 8192}));
  } catch (const std::exception&) {
    return {};
  }
}

ErrorBody ErrorBody::from_json(JsonView json) {
  ErrorBody body;
  const JsonView detail = json.find("detail");
  if (detail.is_array()) {
    body.fields = list_of<FieldError>(detail);
  } else if (const auto text = detail.string_or_none()) {
    body.detail = *text;
  } else if (const auto message = json.find("message").string_or_none()) {
    body.detail = *message;  // As the federation's errors.
  }
  return body;
}

void ErrorBody::to_json(JsonWriter& out) const {
  out.begin_object();
  if (fields.empty()) {
    out.member("detail", detail);
  } else {
    out.member("detail", fields);
  }
  out.end_object();
}

std::string ErrorBody::sentence() const {
  std::string text = detail;
  if (!fields.empty()) {
    const FieldError& first = fields.front();
    text = (first.loc.empty() ? std::string() : first.loc.back() + ": ") + first.msg;
  }
  text = one_line(text);
  if (!text.empty() && std::string_view(".!?").find(text.back()) == std::string_view::npos) text += '.';
  return text;
}

}  // namespace mychat::wire
