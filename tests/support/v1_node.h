// A plain v1 node in memory: what the v1 contract asks for, and nothing that came later. It makes its own
// message ids, knows no capabilities, has a WebSocket only when asked, and can be made to fail the way v1
// nodes do.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/net.h"

namespace mychat::test {

class V1Node {
 public:
  V1Node();
  ~V1Node();
  std::string url() const { return server_->url("http", "127.0.0.1", ""); }
  std::uint16_t port() const { return server_->port(); }

  // Stored messages come back without encrypted_key and iv.
  void lose_key_material(bool lose) { lose_key_material_ = lose; }
  // The next POSTs of messages are taken, and the connection breaks instead of the answer.
  void drop_answers(int count) { drop_answers_ = count; }
  // The next POSTs of messages break before they are taken.
  void drop_requests(int count) { drop_requests_ = count; }
  int dropped() const { return dropped_; }

  // Whether there is a /ws, and whether it closes every connection as soon as it was subscribed.
  enum class WebSocket { kNone, kServed, kClosedAtOnce };
  void websocket(WebSocket kind) { websocket_ = kind; }
  int upgrades() const { return upgrades_; }
  int subscribers(const std::string& name) const;
  // A frame to every connection of that user; it may be anything. How many got it.
  int send_frame(const std::string& name, std::string_view frame);
  std::vector<std::string> frames() const;  // What clients sent, but for auth.
  void close_websockets();

  // GETs of the contact list: one a round of polling.
  int rounds() const { return rounds_; }
  int messages() const;
  int posts() const { return posts_; }  // Of messages, those dropped included.
  int reads() const { return reads_; }  // PUT /messages/{id}/read that were right.

 private:
  struct User {
    std::string id, name, password, public_key, fingerprint, token;
    std::vector<std::string> contacts;
  };
  struct Message {
    std::string id, sender, recipient, content, key, iv, type;
    std::int64_t created_at = 0;
    std::optional<std::int64_t> delivered_at, read_at;
  };
  struct Answer {
    int status = 200;
    std::string body;
  };

  struct Socket {
    Connection* connection;
    std::string user;
  };
  void serve(Connection& connection);
  void serve_websocket(Connection& connection, const RawRequest& request);
  void push(const std::string& name, std::string_view frame);
  Answer handle(const RawRequest& request);
  Answer auth(const RawRequest& request, bool registers);
  Answer post_message(const RawRequest& request, const User& me);
  Answer conversation(const User& me, const std::string& handle, const std::string& query);
  Answer add_contact(const RawRequest& request, User& me);
  Answer read(const User& me, const std::string& id);
  std::string contact_json(const User& me, const std::string& handle) const;
  std::string message_json(const Message& message) const;
  std::string user_json(const User& user) const;
  User* by_token(const RawRequest& request);
  const User* by_handle(const std::string& handle) const;

  mutable std::mutex mutex_;
  std::map<std::string, User> users_;  // By name.
  std::vector<Message> messages_;
  std::vector<Socket> sockets_;  // Those that subscribed.
  std::vector<std::string> frames_;
  std::atomic<WebSocket> websocket_{WebSocket::kNone};
  std::atomic<int> upgrades_{0}, rounds_{0};
  std::atomic<bool> lose_key_material_{false};
  std::atomic<int> drop_answers_{0}, drop_requests_{0}, dropped_{0}, posts_{0}, reads_{0};
  std::unique_ptr<Server> server_;
};

}  // namespace mychat::test
