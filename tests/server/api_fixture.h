// A whole node in this process, and clients that speak HTTP and WebSocket to it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "app/config/config.h"
#include "app/runtime/logging.h"
#include "app/runtime/node.h"
#include "protocol/json.h"
#include "protocol/ws_frames.h"
#include "server/front_client.h"

namespace mychat::server::test {

class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::string& path() const noexcept { return path_; }
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }
  void write(std::string_view name, std::string_view text) const;

 private:
  std::string path_;
};

struct Answer {
  int status = 0;
  std::map<std::string, std::string> headers;
  std::string text;
  Json json() const { return Json::parse(text); }
  std::string detail() const;  // The text of `detail`, empty when it is a list or absent.
};

// "body/username query/limit": the places that a 422 names; the status of another answer.
std::string invalid_places(const Answer& answer);

struct Account {
  std::string username, handle, password, token, user_id;
};

// Public keys as clients send them; two are available, 0 and 1.
std::string public_key_pem(int which);
std::string public_key_fingerprint(int which);
std::string registration(std::string_view username, std::string_view more = {}, int key = 0);
// The members of POST /api/messages without braces. An empty id leaves it out.
std::string message_members(std::string_view id, std::string_view recipient,
                            std::string_view content = "hello");
std::string fresh_id();

class TestNode {
 public:
  using Adjust = std::function<void(Config&, NodeOptions&)>;
  explicit TestNode(Adjust adjust = {});
  ~TestNode();

  std::uint16_t port() const { return node_->port(); }
  Node& node() { return *node_; }
  Config& config() { return config_; }
  const TempDir& dir() const { return dir_; }
  void stop();
  void start();       // Again, on the same data.
  std::string log();  // Everything logged so far; stops the node.

  Answer call(std::string_view method, std::string_view path, std::string_view body = {},
              std::string_view token = {}, std::string_view headers = {}) const;
  Account add(std::string_view username, int key = 0);
  // The id of the message that the node accepted.
  std::string send(const Account& from, const Account& to, std::string_view content = "hello");
  void befriend(const Account& a, const Account& b);  // Each holds the other as a contact.

 private:
  TempDir dir_;
  Config config_;
  NodeOptions options_;
  std::ostringstream log_text_;
  std::unique_ptr<Logger> logger_;
  std::unique_ptr<Node> node_;
};

// A WebSocket.
class WsClient {
 public:
  explicit WsClient(const TestNode& node, int receive_buffer = 0);
  WsClient(const TestNode& node, const Account& account);  // Authenticated.

  void send(std::string_view json) { client_.send_text(json); }
  void authenticate(std::string_view token);
  // Subscribes to the mailbox and waits for `subscribed`.
  wire::SubscribedFrame subscribe(std::int64_t after = 0, std::string_view id = {},
                                  std::string_view events = R"(["typing","presence"])");
  // The next frame; throws at the end of the connection and when patience ends.
  wire::ServerFrame next();
  std::string next_text();
  // The next frame of this kind; others are skipped.
  template <class Frame>
  Frame expect() {
    while (true) {
      wire::ServerFrame frame = next();
      if (auto* wanted = std::get_if<Frame>(&frame)) return std::move(*wanted);
    }
  }
  // Mailbox items until there are `count`.
  std::vector<wire::MailboxItem> items(std::size_t count);
  void ack(std::int64_t seq) { send("{\"type\":\"ack\",\"seq\":" + std::to_string(seq) + "}"); }
  // True when a ping is answered with nothing between: everything the node had to say has come.
  bool quiet();
  int close_code() { return client_.close_code(); }
  TestClient& raw() { return client_; }

 private:
  TestClient client_;
};

// The message of a `message` or `sent` item.
const wire::MessageOut& message_of(const wire::MailboxItem& item);

// Waits until the condition holds; false when patience ends.
bool eventually(const std::function<bool()>& condition);

}  // namespace mychat::server::test
