#include "client/node_api.h"

#include <condition_variable>
#include <memory>
#include <mutex>

#include "base/clock.h"
#include "protocol/error_body.h"
#include "protocol/limits.h"

namespace mychat {
namespace {

// Conversation pages and mailbox pages carry whole messages.
constexpr std::size_t kMaxAnswer = 192u * 1024 * 1024;
constexpr std::size_t kMaxSmallAnswer = 1024 * 1024;

void wipe(std::string& text) noexcept { secure_wipe(text.data(), text.size()); }

// A blocking wait for one callback, which may come after the waiter is gone.
struct Pending {
  std::mutex mutex;
  std::condition_variable_any done;
  std::optional<HttpResult> result;
};

template <class T>
T parse_answer(std::string_view body, bool secret = false) {
  JsonOptions options = limits::kAnswer;
  options.wipe = secret;
  return T::from_json(Json::parse(body, options));
}

}  // namespace

NodeError node_error(int http_status, const std::string& detail, std::int64_t retry_after_ms) {
  const auto make = [&](mychat_status status, const char* fallback, bool retryable) {
    return NodeError(status, detail.empty() ? std::string(fallback) : "The node says: " + detail, http_status,
                     retryable, retry_after_ms);
  };
  switch (http_status) {
    case 400:
    case 422:
      return make(MYCHAT_E_REJECTED, "The node found the request invalid.", false);
    case 401:
      return make(MYCHAT_E_UNAUTHORIZED, "The node does not accept the login.", false);
    case 403:
      return make(MYCHAT_E_FORBIDDEN, "The node does not allow it.", false);
    case 404:
      return make(MYCHAT_E_NOT_FOUND, "The node does not know it.", false);
    case 405:
    case 501:
      return make(MYCHAT_E_UNSUPPORTED, "The node cannot do it.", false);
    case 408:
    case 504:
      return make(MYCHAT_E_TIMEOUT, "The node took too long.", true);
    case 409:
      return make(MYCHAT_E_ALREADY_EXISTS, "It exists already at the node.", false);
    case 413:
      return make(MYCHAT_E_TOO_LARGE, "It is too large for the node.", false);
    case 429:
      return make(MYCHAT_E_RATE_LIMITED, "Too many requests; try again later.", true);
    default:
      break;
  }
  if (http_status >= 500) return make(MYCHAT_E_NODE, "The node failed.", true);
  return make(MYCHAT_E_PROTOCOL, "The node gave an unexpected answer.", false);
}

std::string encode_segment(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto b = static_cast<unsigned char>(c);
    if ((b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') || (b >= '0' && b <= '9') || b == '-' || b == '_' ||
        b == '.' || b == '~') {
      out += c;
    } else {
      out += '%';
      out += kHex[b >> 4];
      out += kHex[b & 15];
    }
  }
  return out;
}

struct NodeApi::Call {
  HttpMethod method = HttpMethod::kGet;
  std::string target;
  const Secret* token = nullptr;
  std::string body;
  std::stop_token stop;
  std::chrono::milliseconds timeout{0};
  std::size_t max_answer = kMaxSmallAnswer;
  bool once = true;  // Unless doing it twice is the same as doing it once.
};

HttpRequest NodeApi::request_of(Call& call) const {
  HttpRequest request;
  request.method = call.method;
  request.url = base_.with_target(call.target).to_string();
  request.headers.push_back({"Accept", "application/json"});
  if (!call.body.empty()) request.headers.push_back({"Content-Type", "application/json"});
  if (call.token != nullptr) {
    std::string bearer;  // One allocation, moved into the request and wiped by the transport.
    bearer.reserve(7 + call.token->size());
    bearer.append("Bearer ").append(text(view(*call.token)));
    request.headers.push_back({"Authorization", std::move(bearer)});
  }
  request.body = std::move(call.body);
  request.timeout = call.timeout;
  request.max_response_bytes = call.max_answer;
  request.once = call.once && call.method != HttpMethod::kGet;
  return request;
}

std::string NodeApi::perform(Call call) {
  const auto pending = std::make_shared<Pending>();
  const HttpRequestId id = http_.submit(request_of(call), [pending](HttpResult result) {
    const std::lock_guard lock(pending->mutex);
    pending->result.emplace(std::move(result));
    pending->done.notify_all();
  });
  {
    std::unique_lock lock(pending->mutex);
    if (!pending->done.wait(lock, call.stop, [&] { return pending->result.has_value(); })) {
      lock.unlock();
      http_.cancel(id);
      lock.lock();
      pending->done.wait(lock, [&] { return pending->result.has_value(); });
    }
  }
  return body_of(*pending->result);
}

std::string NodeApi::body_of(HttpResult& result) {
  if (auto* error = std::get_if<Error>(&result)) {
    // Not the node's doing, and not to be taken for it.
    if (error->status() == MYCHAT_E_OUT_OF_MEMORY) throw std::bad_alloc();
    throw Error(*error);
  }
  auto& response = std::get<HttpResponse>(result);
  if (response.status >= 200 && response.status < 300) return std::move(response.body);
  const auto retry_after = response.retry_after(Clock::system().now_ms());
  throw node_error(response.status, wire::ErrorBody::parse(response.body).sentence(),
                   retry_after ? retry_after->count() : 0);
}

wire::NodeInfo NodeApi::node_info(std::stop_token stop) {
  Call call;
  call.target = "/api/node/info";
  call.stop = std::move(stop);
  return parse_answer<wire::NodeInfo>(perform(std::move(call)));
}

namespace {

// A v1 node answers 404 to a call that it does not have.
auto if_it_can(auto call) {
  try {
    return call();
  } catch (const NodeError& error) {
    if (error.status() != MYCHAT_E_NOT_FOUND) throw;
    throw NodeError(MYCHAT_E_UNSUPPORTED, "This node cannot do that.", error.detail(), false, 0);
  }
}

std::string secret_body(const auto& request) {
  const Secret json = to_secret_json_text(request);
  return std::string(text(view(json)));  // The transport wipes its copy.
}

}  // namespace

wire::AuthResponse NodeApi::register_account(const wire::RegisterRequest& request, std::stop_token stop) {
  Call call{HttpMethod::kPost, "/api/auth/register", nullptr, secret_body(request), std::move(stop)};
  try {
    std::string body = perform(std::move(call));
    auto answer = parse_answer<wire::AuthResponse>(body, true);
    wipe(body);
    return answer;
  } catch (const NodeError& error) {
    if (error.detail() == 400)
      throw NodeError(MYCHAT_E_ALREADY_EXISTS, error.what(), 400, false, error.retry_after_ms);
    if (error.detail() == 403)
      throw NodeError(MYCHAT_E_REGISTRATION_CLOSED, error.what(), 403, false, error.retry_after_ms);
    throw;
  }
}

wire::AuthResponse NodeApi::login(const wire::LoginRequest& request, std::stop_token stop) {
  std::string body =
      perform({HttpMethod::kPost, "/api/auth/login", nullptr, secret_body(request), std::move(stop)});
  auto answer = parse_answer<wire::AuthResponse>(body, true);
  wipe(body);
  return answer;
}

void NodeApi::logout(const Secret& token, std::stop_token stop) {
  perform({HttpMethod::kPost, "/api/auth/logout", &token, "{}", std::move(stop)});
}

wire::UserMe NodeApi::me(const Secret& token, std::stop_token stop) {
  return parse_answer<wire::UserMe>(
      perform({HttpMethod::kGet, "/api/users/me", &token, {}, std::move(stop)}));
}

wire::UserMe NodeApi::update_profile(const Secret& token, const wire::ProfileUpdate& update,
                                     std::stop_token stop) {
  return parse_answer<wire::UserMe>(
      perform({HttpMethod::kPut, "/api/users/me", &token, to_json_text(update), std::move(stop)}));
}

std::vector<wire::Session> NodeApi::sessions(const Secret& token, std::stop_token stop) {
  const std::string body = if_it_can([&] {
    return perform({HttpMethod::kGet, "/api/auth/sessions", &token, {}, stop});
  });
  return wire::sessions_from_json(Json::parse(body, limits::kAnswer));
}

void NodeApi::revoke_session(const Secret& token, const std::optional<std::string>& id,
                             std::stop_token stop) {
  const std::string target = id ? "/api/auth/sessions/" + encode_segment(*id) : "/api/auth/sessions";
  try {
    perform({HttpMethod::kDelete, target, &token, {}, stop});
  } catch (const NodeError& error) {
    if (error.status() == MYCHAT_E_NOT_FOUND) sessions(token, stop);  // Not the session, or not the call?
    throw;
  }
}

void NodeApi::change_password(const Secret& token, const wire::PasswordChange& change, std::stop_token stop) {
  if_it_can([&] {
    return perform({HttpMethod::kPut, "/api/auth/password", &token, secret_body(change), stop});
  });
}

void NodeApi::delete_account(const Secret& token, const wire::DeleteAccount& request, std::stop_token stop) {
  if_it_can([&] {
    return perform({HttpMethod::kDelete, "/api/users/me", &token, secret_body(request), stop});
  });
}

wire::UserPublic NodeApi::user(const Secret& token, std::string_view handle, std::stop_token stop) {
  return parse_answer<wire::UserPublic>(
      perform({HttpMethod::kGet, "/api/users/" + encode_segment(handle), &token, {}, std::move(stop)}));
}

wire::KeyResponse NodeApi::keys(std::string_view handle, std::stop_token stop,
                                std::chrono::milliseconds timeout) {
  return parse_answer<wire::KeyResponse>(perform(
      {HttpMethod::kGet, "/api/keys/" + encode_segment(handle), nullptr, {}, std::move(stop), timeout}));
}

void NodeApi::ask_keys(std::string_view handle, HttpCallback done) {
  Call call{HttpMethod::kGet, "/api/keys/" + encode_segment(handle), nullptr, {}, {}};
  http_.submit(request_of(call), std::move(done));
}

wire::KeyResponse NodeApi::read_keys(HttpResult result) {
  return parse_answer<wire::KeyResponse>(body_of(result));
}

wire::KeyResponse NodeApi::update_keys(const Secret& token, const wire::KeyUpdate& update,
                                       std::stop_token stop) {
  return parse_answer<wire::KeyResponse>(
      perform({HttpMethod::kPut, "/api/keys/me", &token, to_json_text(update), std::move(stop)}));
}

std::vector<wire::Contact> NodeApi::contacts(const Secret& token, std::stop_token stop) {
  const std::string body =
      perform({HttpMethod::kGet, "/api/contacts", &token, {}, std::move(stop), {}, 16 * kMaxSmallAnswer});
  return wire::contacts_from_json(Json::parse(body, limits::kAnswer));
}

wire::Contact NodeApi::add_contact(const Secret& token, const wire::ContactRequest& request,
                                   std::stop_token stop) {
  return parse_answer<wire::Contact>(
      perform({HttpMethod::kPost, "/api/contacts", &token, to_json_text(request), std::move(stop)}));
}

void NodeApi::remove_contact(const Secret& token, std::string_view id, std::stop_token stop) {
  perform({HttpMethod::kDelete, "/api/contacts/" + encode_segment(id), &token, {}, std::move(stop)});
}

wire::MessageOut NodeApi::send(const Secret& token, const wire::SendMessageRequest& request,
                               std::stop_token stop) {
  Call call{HttpMethod::kPost, "/api/messages", &token, to_json_text(request), std::move(stop)};
  call.max_answer = kMaxAnswer;
  call.timeout =
      std::chrono::minutes(15);  // A slow uplink takes long; a stalled one is noticed by its speed.
  call.once = !request.id;
  return parse_answer<wire::MessageOut>(perform(std::move(call)));
}

wire::ConversationPage NodeApi::conversation(const Secret& token, std::string_view handle, int limit,
                                             const std::optional<std::string>& before, std::stop_token stop) {
  std::string target =
      "/api/messages/conversation/" + encode_segment(handle) + "?limit=" + std::to_string(limit);
  if (before) target += "&before=" + encode_segment(*before);
  return parse_answer<wire::ConversationPage>(
      perform({HttpMethod::kGet, target, &token, {}, std::move(stop), std::chrono::minutes(5), kMaxAnswer}));
}

void NodeApi::mark_read(const Secret& token, const std::vector<std::string>& ids, bool batched,
                        std::stop_token stop) {
  if (batched) {
    Call call{HttpMethod::kPost, "/api/messages/read", &token, to_json_text(wire::ReadRequest{ids}),
              std::move(stop)};
    call.once = false;
    perform(std::move(call));
    return;
  }
  for (const std::string& id : ids) {
    try {
      Call call{HttpMethod::kPut, "/api/messages/" + encode_segment(id) + "/read", &token, "{}", stop};
      call.once = false;
      perform(std::move(call));
    } catch (const NodeError& error) {
      // What the node no longer has needs no receipt.
      if (error.status() != MYCHAT_E_NOT_FOUND && error.status() != MYCHAT_E_FORBIDDEN) throw;
    }
  }
}

wire::MailboxPage NodeApi::mailbox(const Secret& token, std::int64_t after, int limit, int wait_seconds,
                                   std::stop_token stop) {
  const std::string target = "/api/mailbox?after=" + std::to_string(after) +
                             "&limit=" + std::to_string(limit) + "&wait=" + std::to_string(wait_seconds);
  return parse_answer<wire::MailboxPage>(
      perform({HttpMethod::kGet, target, &token, {}, std::move(stop), std::chrono::minutes(5), kMaxAnswer}));
}

void NodeApi::ack(const Secret& token, std::int64_t seq, std::stop_token stop,
                  std::chrono::milliseconds timeout) {
  Call call{HttpMethod::kPost, "/api/mailbox/ack", &token, to_json_text(wire::AckRequest{seq}),
            std::move(stop)};
  call.once = false;
  call.timeout = timeout;
  perform(std::move(call));
}

}  // namespace mychat
