#include "front/http_types.h"

#include <atomic>

namespace mychat::server {

namespace {

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

// `name` is in lower case already.
bool equals_lowered(std::string_view name, std::string_view other) noexcept {
  if (name.size() != other.size()) return false;
  for (std::size_t i = 0; i < name.size(); ++i)
    if (name[i] != lower(other[i])) return false;
  return true;
}

void append_json_string(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

}  // namespace

std::optional<std::string_view> HttpRequest::header(std::string_view name) const noexcept {
  for (const auto& [key, value] : headers)
    if (equals_lowered(key, name)) return value;
  return std::nullopt;
}

std::optional<std::string_view> HttpRequest::param(std::string_view name) const noexcept {
  for (const auto& [key, value] : query)
    if (key == name) return value;
  return std::nullopt;
}

HttpResponse HttpResponse::json(int status, std::string text) {
  HttpResponse response;
  response.status = status;
  response.content_type = "application/json";
  response.body = std::move(text);
  return response;
}

HttpResponse HttpResponse::error(int status, std::string_view detail) {
  std::string body = "{\"detail\":";
  append_json_string(body, detail);
  body += '}';
  return json(status, std::move(body));
}

HttpResponse&& HttpResponse::with(std::string name, std::string value) && {
  headers.emplace_back(std::move(name), std::move(value));
  return std::move(*this);
}

struct Reply::State {
  explicit State(Deliver deliver) : deliver_(std::move(deliver)) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (!answered_.exchange(true))
      deliver_(HttpResponse::error(500, "The request was dropped without an answer."));
  }
  void answer(HttpResponse&& response) {
    if (!answered_.exchange(true)) deliver_(std::move(response));
  }

 private:
  Deliver deliver_;
  std::atomic<bool> answered_{false};
};

Reply::Reply(Deliver deliver) : state_(std::make_shared<State>(std::move(deliver))) {}

void Reply::operator()(HttpResponse response) const {
  if (state_) state_->answer(std::move(response));
}

}  // namespace mychat::server
