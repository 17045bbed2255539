// The client: one account on one node. The C functions of include/mychat map one to one onto these members,
// which throw mychat::Error where the C functions return a status; their headers say what each does.
//
// Threads: all members from any thread, any number at once. Inside, one mutex guards the store and the
// account's state; a synchronisation thread owns the connection; networked requests run on a small pool.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/types.h"

namespace mychat {

enum class PollResult { kEvent, kTimeout, kWoken, kClosed };

class Client {
 public:
  explicit Client(ClientOptions options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void start();
  void stop();
  void close();

  // ---- Events. A time-out of 0 does not wait, a negative one waits for ever.
  PollResult poll(int timeout_ms, Event& out);
  int event_fd() const noexcept;  // -1 once closed
  void wakeup() noexcept;
  // An event that was taken but could not be handed on comes first with the next poll.
  void give_back(Event&& event) noexcept;
  void ack(std::uint64_t seq);
  void rewind();
  // kEvent: the completion. Throws MYCHAT_E_NOT_FOUND for a request that is not known.
  PollResult await(mychat_request_id request, int timeout_ms, Event& out);
  void cancel(mychat_request_id request);

  // ---- Account
  mychat_request_id register_account(std::string username, Secret password, std::string email,
                                     std::string invite, std::string device_name);
  mychat_request_id login(std::string username, Secret password, std::string device_name);
  mychat_request_id logout();
  mychat_request_id delete_account(Secret password);
  mychat_request_id change_password(Secret current, Secret next);
  AccountView account();
  mychat_request_id set_profile(std::optional<std::string> avatar_url,
                                std::optional<std::string> status_message);
  mychat_request_id sessions();
  mychat_request_id revoke_session(std::optional<std::string> session_id);  // Nothing: all others.
  mychat_request_id node_info();
  void set_policy(std::uint32_t flags);
  std::uint32_t policy();

  // ---- Store
  CheckReport check_store();
  void backup_store(const std::string& path);
  void change_passphrase(Secret passphrase);

  // ---- Contacts and conversations
  mychat_request_id add_contact(std::string_view handle, std::string nickname);
  mychat_request_id remove_contact(std::string_view handle);
  mychat_request_id lookup(std::string_view handle);
  std::vector<ContactView> contacts();
  ContactView contact(std::string_view handle);
  std::vector<ConversationView> conversations();
  void set_typing(std::string_view peer, bool is_typing);
  void set_presence(mychat_presence_status status);

  // ---- Messages
  // Returns the message's id. An empty id: one is made.
  std::string send(std::string_view recipient, mychat_content_type type, ByteView data,
                   std::string_view message_id);
  void retry(std::string_view message_id);
  MessageListView history(std::string_view peer, std::int64_t before, std::uint32_t limit);
  MessageListView search(std::string_view query, std::optional<std::string_view> peer, std::int64_t before,
                         std::uint32_t limit);
  Message message(std::string_view message_id);
  void mark_read(std::string_view peer, std::optional<std::string_view> message_id);
  Explanation explain(std::string_view message_id);

  // ---- Keys
  std::string public_key(mychat_key_format format);
  Secret export_private_key(mychat_key_format format);
  void import_private_key(std::string_view key);
  std::string safety_number(std::string_view handle);
  std::string safety_qr(std::string_view handle);
  mychat_scan_result compare_safety_qr(std::string_view handle, std::string_view scanned);
  void set_verified(std::string_view handle, std::string_view fingerprint, bool verified);
  void accept_key(std::string_view handle, std::string_view fingerprint);
  // `hand_over` gets the result before it counts as done; what it throws leaves everything as it was.
  void export_backup(std::string_view password, mychat_backup_kind kind,
                     const std::function<void(const BackupFile&)>& hand_over);
  void import_backup(ByteView archive, std::string_view password,
                     const std::function<void(const BackupReport&)>& hand_over);
  // Compares with this client; verify_backup() below with none.
  BackupReport verify_backup(ByteView archive, std::string_view password);
  mychat_request_id rotate_identity(std::optional<Secret> password);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

BackupReport verify_backup(ByteView archive, std::string_view password);
BackupFile change_backup_password_of(ByteView archive, std::string_view password,
                                     std::string_view new_password);

}  // namespace mychat
