#include "support/v1_node.h"

#include <algorithm>

#include "base/clock.h"
#include "base/encoding.h"
#include "crypto/random.h"
#include "protocol/json.h"
#include "protocol/json_writer.h"
#include "support/ws_server.h"

namespace mychat::test {
namespace {

constexpr std::string_view kDomain = "old.example";

std::string handle_of(const std::string& name) { return name + "@" + std::string(kDomain); }

template <class Fill>
std::string object(Fill fill) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  fill(json);
  json.end_object();
  return out;
}

std::string detail(const char* text) {
  return object([&](JsonWriter& json) { json.member("detail", text); });
}

std::string unescape(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      out += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

bool take(std::atomic<int>& count) {
  int left = count.load();
  while (left > 0)
    if (count.compare_exchange_weak(left, left - 1)) return true;
  return false;
}

}  // namespace

V1Node::V1Node() : server_(std::make_unique<Server>([this](Connection& connection) { serve(connection); })) {}
V1Node::~V1Node() { server_.reset(); }

int V1Node::messages() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(messages_.size());
}

int V1Node::subscribers(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(std::count_if(sockets_.begin(), sockets_.end(),
                                        [&](const Socket& socket) { return socket.user == name; }));
}

std::vector<std::string> V1Node::frames() const {
  const std::lock_guard lock(mutex_);
  return frames_;
}

int V1Node::send_frame(const std::string& name, std::string_view frame) {
  const int count = subscribers(name);
  const std::lock_guard lock(mutex_);
  push(name, frame);
  return count;
}

void V1Node::close_websockets() {
  const std::lock_guard lock(mutex_);
  for (const Socket& socket : sockets_) WsPeer(*socket.connection).send_close(1001);
}

void V1Node::push(const std::string& name, std::string_view frame) {
  for (const Socket& socket : sockets_)
    if (socket.user == name) WsPeer(*socket.connection).send(kText, frame);
}

// Frames go out under the mutex, so never two at once on one connection.
void V1Node::serve_websocket(Connection& connection, const RawRequest& request) {
  WsPeer peer(connection);
  if (!peer.accept(request)) return;
  ++upgrades_;
  std::string user;
  const auto answer = [&](const std::string& text) {
    const std::lock_guard lock(mutex_);
    return peer.send(kText, text);
  };
  while (auto frame = peer.read_data()) {
    if (frame->opcode == kClose) break;
    const Json json = Json::parse(frame->payload);
    const std::string type(json.root().string("type"));
    if (type == "auth") {
      {
        const std::lock_guard lock(mutex_);
        for (const auto& [name, known] : users_)
          if (!known.token.empty() && known.token == json.root().string("token")) user = name;
      }
      if (user.empty()) break;
      if (!answer(R"({"type":"auth_success","user_id":")" + user + "\"}")) break;
      continue;
    }
    const std::lock_guard lock(mutex_);
    frames_.push_back(frame->payload);
    if (type == "subscribe" && websocket_ == WebSocket::kClosedAtOnce) {
      peer.send_close(1011);
      return;
    }
    if (type == "subscribe") sockets_.push_back({&connection, user});
    if (type == "ping") peer.send(kText, R"({"type":"pong"})");
  }
  const std::lock_guard lock(mutex_);
  std::erase_if(sockets_, [&](const Socket& socket) { return socket.connection == &connection; });
}

V1Node::User* V1Node::by_token(const RawRequest& request) {
  const std::string header = request.header("authorization");
  for (auto& [name, user] : users_)
    if (!user.token.empty() && header == "Bearer " + user.token) return &user;
  return nullptr;
}

const V1Node::User* V1Node::by_handle(const std::string& handle) const {
  for (const auto& [name, user] : users_)
    if (handle_of(name) == handle) return &user;
  return nullptr;
}

void V1Node::serve(Connection& connection) {
  while (const auto request = read_http_request(connection)) {
    if (request->target == "/ws" && websocket_ != WebSocket::kNone) {
      serve_websocket(connection, *request);
      return;
    }
    rounds_ += request->method == "GET" && request->target == "/api/contacts";
    const bool posts = request->method == "POST" && request->target == "/api/messages";
    if (posts) ++posts_;
    if (posts && take(drop_requests_)) {
      ++dropped_;
      connection.reset();
      return;
    }
    Answer answer;
    try {
      const std::lock_guard lock(mutex_);
      answer = handle(*request);
    } catch (const std::exception&) {
      answer = {422, detail("invalid")};
    }
    if (posts && answer.status == 201 && take(drop_answers_)) {
      ++dropped_;
      connection.reset();
      return;
    }
    if (!connection.write("HTTP/1.1 " + std::to_string(answer.status) +
                          " X\r\nContent-Type: application/json\r\nContent-Length: " +
                          std::to_string(answer.body.size()) + "\r\n\r\n" + answer.body))
      return;
  }
}

V1Node::Answer V1Node::handle(const RawRequest& request) {
  const std::size_t mark = request.target.find('?');
  const std::string path = unescape(request.target.substr(0, mark));
  const std::string query = mark == std::string::npos ? "" : request.target.substr(mark + 1);
  const std::string call = request.method + ' ' + path;
  const auto after = [&](std::string_view begin) { return path.substr(begin.size()); };
  if (call == "GET /api/node/info")
    return {200,
            R"({"domain":"old.example","version":"1.0.0","federation_enabled":true,"registration_open":true,)"
            R"("max_users":500,"current_users":2,"federated_nodes":0,"uptime_seconds":5})"};
  if (call == "POST /api/auth/register") return auth(request, true);
  if (call == "POST /api/auth/login") return auth(request, false);
  if (call.starts_with("GET /api/keys/")) {
    const User* const user = by_handle(after("/api/keys/"));
    if (user == nullptr) return {404, detail("User not found")};
    return {200, user_json(*user)};
  }
  if (!path.starts_with("/api/")) return {404, detail("Not Found")};
  User* const me = by_token(request);
  if (me == nullptr) return {401, detail("Invalid token")};
  if (call == "GET /api/users/me" || call == "GET /api/auth/me") return {200, user_json(*me)};
  if (call == "POST /api/auth/logout") {
    me->token.clear();
    return {200, R"({"message":"bye"})"};
  }
  if (call.starts_with("GET /api/users/")) {
    const User* const user = by_handle(after("/api/users/"));
    return user == nullptr ? Answer{404, detail("User not found")} : Answer{200, user_json(*user)};
  }
  if (call == "GET /api/contacts") {
    std::string list;
    for (const std::string& contact : me->contacts)
      list += (list.empty() ? "" : ",") + contact_json(*me, contact);
    return {200, "[" + list + "]"};
  }
  if (call == "POST /api/contacts") return add_contact(request, *me);
  if (call == "POST /api/messages") return post_message(request, *me);
  if (call.starts_with("GET /api/messages/conversation/"))
    return conversation(*me, after("/api/messages/conversation/"), query);
  if (request.method == "PUT" && path.starts_with("/api/messages/") && path.ends_with("/read"))
    return read(*me, path.substr(14, path.size() - 14 - 5));
  return {404, detail("Not Found")};
}

V1Node::Answer V1Node::auth(const RawRequest& request, bool registers) {
  const Json json = Json::parse(request.body);
  const JsonView body = json.root();
  const std::string name(body.string("username"));
  const auto found = users_.find(name);
  if (registers) {
    if (found != users_.end()) return {400, detail("Username already taken")};
    User user;
    user.id = uuid_v4();
    user.name = name;
    user.password = std::string(body.string("password"));
    user.public_key = std::string(body.string("public_key"));
    user.fingerprint = std::string(body.string("public_key_fingerprint"));
    users_.emplace(name, std::move(user));
  } else if (found == users_.end() || found->second.password != body.string("password")) {
    return {401, detail("Incorrect username or password")};
  }
  User& user = users_.at(name);
  user.token = uuid_v4();
  return {registers ? 201 : 200, object([&](JsonWriter& out) {
            out.member("access_token", user.token);
            out.member("token_type", "bearer");
            out.member("user_id", user.id);
            out.member("full_handle", handle_of(name));
            out.member("public_key_fingerprint", user.fingerprint);
          })};
}

std::string V1Node::user_json(const User& user) const {
  return object([&](JsonWriter& out) {
    out.member("id", user.id);
    out.member("username", user.name);
    out.member("domain", kDomain);
    out.member("full_handle", handle_of(user.name));
    out.member("public_key", user.public_key);
    out.member("public_key_fingerprint", user.fingerprint);
    out.member("verified", true);
    out.member("avatar_url", std::optional<std::string>());
    out.member("status_message", std::optional<std::string>());
    out.member("is_local", true);
    out.time_member("created_at", std::int64_t{1'700'000'000'000});
    out.member("last_seen", std::optional<std::string>());
  });
}

std::string V1Node::contact_json(const User& me, const std::string& handle) const {
  return object([&](JsonWriter& out) {
    out.member("id", me.id.substr(0, 24) + by_handle(handle)->id.substr(24));
    out.member("contact_handle", handle);
    out.member("nickname", std::optional<std::string>());
    out.member("public_key_fingerprint", by_handle(handle)->fingerprint);
    out.member("avatar_url", std::optional<std::string>());
    out.member("last_message_at", std::optional<std::string>());
    out.time_member("added_at", std::int64_t{1'700'000'000'000});
  });
}

V1Node::Answer V1Node::add_contact(const RawRequest& request, User& me) {
  const std::string handle(Json::parse(request.body).root().string("contact_handle"));
  if (by_handle(handle) == nullptr) return {404, detail("User not found")};
  if (std::find(me.contacts.begin(), me.contacts.end(), handle) != me.contacts.end())
    return {400, detail("Contact already exists")};
  me.contacts.push_back(handle);
  return {201, contact_json(me, handle)};
}

V1Node::Answer V1Node::post_message(const RawRequest& request, const User& me) {
  const Json json = Json::parse(request.body);
  const JsonView body = json.root();
  Message message;
  message.id = uuid_v4();  // v1 nodes make their own.
  message.sender = handle_of(me.name);
  message.recipient = std::string(body.string("recipient_handle"));
  if (by_handle(message.recipient) == nullptr) return {404, detail("Recipient not found")};
  message.content = std::string(body.string("encrypted_content"));
  message.key = std::string(body.string("encrypted_key"));
  message.iv = std::string(body.string("iv"));
  message.type = std::string(body.string("content_type"));
  message.created_at = Clock::system().now_ms();
  if (!messages_.empty()) message.created_at = std::max(message.created_at, messages_.back().created_at + 1);
  messages_.push_back(message);
  const std::string text = message_json(message);
  push(message.recipient.substr(0, message.recipient.find('@')), R"({"type":"message","data":)" + text + "}");
  return {201, text};
}

std::string V1Node::message_json(const Message& message) const {
  const bool lost = lose_key_material_;
  return object([&](JsonWriter& out) {
    out.member("id", message.id);
    out.member("sender_handle", message.sender);
    out.member("recipient_handle", message.recipient);
    out.member("group_id", std::optional<std::string>());
    out.member("encrypted_content", message.content);
    out.member("encrypted_key", lost ? std::nullopt : std::optional(message.key));
    out.member("iv", lost ? std::nullopt : std::optional(message.iv));
    out.member("content_type", message.type);
    out.time_member("created_at", message.created_at);
    out.time_member("delivered_at", message.delivered_at);
    out.time_member("read_at", message.read_at);
    out.member("status", message.read_at ? "read" : message.delivered_at ? "delivered" : "pending");
  });
}

V1Node::Answer V1Node::conversation(const User& me, const std::string& handle, const std::string& query) {
  const std::string mine = handle_of(me.name);
  if (by_handle(handle) == nullptr) return {404, detail("User not found")};
  std::size_t limit = 50;
  std::string before;
  for (std::size_t at = 0; at < query.size();) {
    const std::size_t end = std::min(query.find('&', at), query.size());
    const std::string pair = query.substr(at, end - at);
    if (pair.starts_with("limit=")) limit = static_cast<std::size_t>(std::stoi(pair.substr(6)));
    if (pair.starts_with("before=")) before = unescape(pair.substr(7));
    at = end + 1;
  }
  std::string list;
  std::size_t count = 0;
  bool more = false;
  std::string cursor;
  for (auto it = messages_.rbegin(); it != messages_.rend(); ++it) {
    const bool in = it->sender == handle && it->recipient == mine;
    if (!in && !(it->sender == mine && it->recipient == handle)) continue;
    const std::string time = format_time(it->created_at);
    if (!before.empty() && time >= before) continue;
    if (count == std::min<std::size_t>(limit, 100)) {
      more = true;
      break;
    }
    if (in && !it->delivered_at) it->delivered_at = Clock::system().now_ms();
    list += (count++ == 0 ? "" : ",") + message_json(*it);
    cursor = time;
  }
  return {200, "{\"messages\":[" + list + "],\"has_more\":" + (more ? "true" : "false") +
                   ",\"next_cursor\":" + (more ? "\"" + cursor + "\"" : "null") + "}"};
}

V1Node::Answer V1Node::read(const User& me, const std::string& id) {
  for (Message& message : messages_) {
    if (message.id != id) continue;
    if (message.recipient != handle_of(me.name)) return {403, detail("Not the recipient")};
    message.read_at = Clock::system().now_ms();
    ++reads_;
    return {200, R"({"message":"ok"})"};
  }
  return {404, detail("Message not found")};
}

}  // namespace mychat::test
