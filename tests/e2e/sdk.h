// The public C ABI in the test's words: a client that keeps what it saw, and waits for what it should see.
#pragma once

#include <gtest/gtest.h>
#include <mychat/mychat.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mychat::e2e {

inline constexpr int kWait = 20'000;  // Longest wait for anything, in milliseconds.

struct Msg {
  std::string id, peer, sender, data;
  mychat_direction direction = 0;
  mychat_message_status status = 0;
  mychat_verification verification = 0;
  mychat_content_type type = 0;
  mychat_status failure = 0;
  std::int64_t position = 0, created_at = 0, delivered_at = 0, read_at = 0;
  bool readable = false;
};

struct Peer {
  std::string handle, nickname, fingerprint, pending, status_message;
  mychat_trust trust = 0;
  bool vouched = false, signs = false, listed = false;
};

// An event, copied.
struct Seen {
  mychat_event_type type = 0;
  std::uint64_t seq = 0;
  Msg message;
  Peer contact;
  mychat_connection_state state = 0;
  mychat_status error = 0;
  std::string error_text;
  std::string peer;  // Typing, presence.
  bool is_typing = false;
  mychat_presence_status presence = 0;
  mychat_request_id request = 0;
  mychat_operation operation = 0;
  std::uint32_t primes = 0, candidates = 0;
  bool taken = false;
};

struct Session {
  std::string id, device;
  bool current = false;
};

struct Account {
  bool logged_in = false, has_identity = false, signs = false;
  std::string handle, fingerprint, status_message, avatar_url;
};

struct Explained {
  mychat_status cause = 0;
  mychat_repair repair = 0;
  std::uint32_t attempts = 0;
  std::string description;
};

class Sdk {
 public:
  struct Options {
    std::string store, node_url, ca_file, pins;
    std::uint32_t flags = 0;
    std::uint32_t request_timeout_ms = 0;
    bool ack = true;  // Acknowledge each event as it is seen.
  };

  explicit Sdk(Options options);
  ~Sdk();
  Sdk(const Sdk&) = delete;
  Sdk& operator=(const Sdk&) = delete;
  Sdk(Sdk&& other) noexcept;

  mychat_client* get() const noexcept { return client_; }
  void close();   // Frees the client; what was seen stays.
  void reopen();  // A client on the same store, started; forgets what was seen.
  void start();
  void stop();

  // ---- Calls. They return the status, and keep the error's text in `error`.
  using Begin = std::function<mychat_status(mychat_request_id*, mychat_error*)>;
  mychat_status call(const Begin& begin);
  mychat_status import_key(std::string_view pem);
  mychat_status register_user(const std::string& name, const std::string& password = "a long password");
  mychat_status login(const std::string& name, const std::string& password = "a long password",
                      const char* device = nullptr);
  mychat_status add_contact(const std::string& handle, const char* nickname = nullptr);
  mychat_status lookup(const std::string& handle);
  std::string send(const std::string& to, const std::string& text);  // Fails the test when refused.
  mychat_status try_send(const std::string& to, const std::string& text, std::string* id = nullptr);
  mychat_status send_bytes(const std::string& to, mychat_content_type type, const std::string& bytes,
                           std::string* id);
  mychat_status mark_read(const std::string& peer);
  Account account();
  std::vector<Peer> contacts();
  Peer contact(const std::string& handle);  // Empty handle when unknown.
  std::vector<Msg> history(const std::string& peer, std::int64_t before = 0, std::uint32_t limit = 100,
                           std::int64_t* next = nullptr);
  std::vector<Msg> whole_history(const std::string& peer);  // Oldest first.
  std::vector<Msg> search(const std::string& query);
  Msg message(const std::string& id);  // Empty id when unknown.
  Explained explain(const std::string& id);
  std::string safety_number(const std::string& handle);
  std::uint32_t unread(const std::string& peer);
  std::vector<std::string> store_problems();

  // ---- Events
  // Takes at most one event; false at the time-out.
  bool pump(int timeout_ms);
  // Pumps until the time is over.
  void pump_for(int ms);
  // The first event, seen or still to come, that was not waited for before and that `wanted` accepts.
  Seen wait(const std::function<bool(const Seen&)>& wanted, const std::string& what, int timeout_ms = kWait);
  Seen wait_state(mychat_connection_state state);
  Seen wait_online() { return wait_state(MYCHAT_CONNECTION_ONLINE); }
  Msg wait_message(const std::string& data);
  // At least that: pending may be passed by.
  Msg wait_status(const std::string& id, mychat_message_status status);
  // Pumps until it holds; fails the test otherwise.
  void until(const std::function<bool()>& holds, const std::string& what, int timeout_ms = kWait);

  std::vector<mychat_message_status> statuses_of(const std::string& id) const;  // As told, in order.
  int times_received(const std::string& id) const;
  const std::vector<Seen>& seen() const noexcept { return seen_; }
  void forget() { seen_.clear(); }

  std::string error;
  std::string handle;  // After register or login.
  std::vector<Session> sessions;

 private:
  void open();
  void note(const mychat_event& event);
  Options options_;
  mychat_client* client_ = nullptr;
  std::vector<Seen> seen_;
};

Msg copy(const mychat_message& in);
Peer copy(const mychat_contact& in);

}  // namespace mychat::e2e
