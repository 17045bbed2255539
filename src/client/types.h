// What the client hands to its caller: accounts, contacts, messages and events as plain values.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "mychat/mychat.h"
#include "store/types.h"

namespace mychat {

struct ClientOptions {
  std::string store_path;
  Secret passphrase;                                 // This or store_key.
  std::function<bool(std::uint8_t* key)> store_key;  // Fills MYCHAT_STORE_KEY_SIZE bytes; false refuses.
  bool store_must_exist = false;
  std::string node_url;  // Empty: the one in the store.
  bool allow_plaintext = false;
  bool use_websocket = true;
  std::string ca_file;
  std::vector<std::string> tls_pins;
  std::uint32_t connect_timeout_ms = 10'000;
  std::uint32_t request_timeout_ms = 30'000;
  std::function<void(mychat_log_level, const char*, const char*)> log;
  mychat_log_level log_level = MYCHAT_LOG_INFO;
  std::size_t max_queued_events = 10'000;
};

struct AccountView {
  bool logged_in = false;
  bool has_identity = false;
  bool signs_messages = false;
  std::string handle;
  std::string user_id;
  std::string node_url;
  std::string fingerprint;
  std::string avatar_url;
  std::string status_message;
  std::int64_t backup_at = 0;
};

struct ContactView {
  Contact contact;
  bool pending_vouched = false;
  std::string status_message;
  std::int64_t last_message_at = 0;
};

struct SessionView {
  std::string id;
  std::string device_name;
  std::int64_t created_at = 0;
  std::int64_t last_used = 0;
  bool current = false;
};

struct NodeInfoView {
  std::string domain;
  std::string version;
  bool registration_open = false;
  bool federation_enabled = false;
  bool extended = false;
  std::int64_t current_users = 0;
  std::int64_t max_users = 0;
  std::int64_t uptime_seconds = 0;
  std::int64_t max_message_size = 0;
  std::string capabilities;
};

struct MessageListView {
  std::vector<Message> messages;
  bool has_more = false;
  std::int64_t next_before = 0;
};

struct ConversationView {
  std::string peer;
  std::uint32_t unread = 0;
  std::string last_message_id;
  std::int64_t last_message_at = 0;
};

struct Explanation {
  mychat_status cause = MYCHAT_OK;
  mychat_repair repair = MYCHAT_REPAIR_NONE;
  std::uint32_t attempts = 0;
  std::int64_t retry_at = 0;
  std::string description;
};

struct BackupFile {
  Bytes data;
  std::string file_name;
};

struct BackupReport {
  bool has_v1_members = false;
  bool has_sealed_member = false;
  bool has_signing_key = false;
  std::string handle;
  std::string fingerprint;
  std::int64_t created_at = 0;
  std::uint32_t contacts = 0;
  std::uint32_t verified_contacts = 0;
  int matches_account = -1;
  std::vector<std::string> losses;
};

// ---- Events

struct Completion {
  mychat_operation operation = 0;
  mychat_request_id request = 0;
  std::optional<Error> error;  // Nothing on success.
  std::int64_t retry_after_ms = 0;
  std::optional<AccountView> account;
  std::optional<ContactView> contact;
  std::optional<std::vector<SessionView>> sessions;
  std::optional<NodeInfoView> node_info;
};

struct ConnectionChange {
  mychat_connection_state state = MYCHAT_CONNECTION_OFFLINE;
  std::optional<Error> error;
  std::int64_t retry_at = 0;
};

struct Progress {
  mychat_operation operation = 0;
  mychat_request_id request = 0;
  std::uint32_t primes_found = 0;
  std::uint32_t candidates = 0;
};

struct Typing {
  std::string peer;
  bool is_typing = false;
};

struct Presence {
  std::string peer;
  mychat_presence_status status = MYCHAT_PRESENCE_OFFLINE;
  std::int64_t last_seen = 0;
};

struct Event {
  mychat_event_type type = 0;
  std::uint64_t seq = 0;
  std::int64_t time = 0;
  std::variant<Completion, ConnectionChange, Progress, Message, Typing, Presence, ContactView> data;
};

}  // namespace mychat
