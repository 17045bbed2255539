// The node's REST API as typed calls that block their thread. All members from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "protocol/auth.h"
#include "protocol/mailbox.h"
#include "protocol/message.h"
#include "protocol/node_info.h"
#include "protocol/user.h"
#include "transport/http_client.h"
#include "transport/url.h"

namespace mychat {

// An answer that is not 2xx, as a status of the library; `detail` is the HTTP status.
class NodeError : public Error {
 public:
  NodeError(mychat_status status, const std::string& message, int http_status, bool retryable,
            std::int64_t retry_after)
      : Error(status, MYCHAT_DOMAIN_NODE, message, http_status, retryable), retry_after_ms(retry_after) {}
  std::int64_t retry_after_ms;
};

// The status that an HTTP status means when the call gives it no special meaning.
NodeError node_error(int http_status, const std::string& detail, std::int64_t retry_after_ms);

class NodeApi {
 public:
  NodeApi(const TransportOptions& options, const Url& base) : http_(options), base_(base) {}

  const Url& base() const noexcept { return base_; }
  void close() { http_.close(); }  // Calls under way and later ones are MYCHAT_E_CLOSED.

  wire::NodeInfo node_info(std::stop_token stop);
  wire::AuthResponse register_account(const wire::RegisterRequest& request, std::stop_token stop);
  wire::AuthResponse login(const wire::LoginRequest& request, std::stop_token stop);
  void logout(const Secret& token, std::stop_token stop);
  wire::UserMe me(const Secret& token, std::stop_token stop);
  wire::UserMe update_profile(const Secret& token, const wire::ProfileUpdate& update, std::stop_token stop);
  std::vector<wire::Session> sessions(const Secret& token, std::stop_token stop);
  void revoke_session(const Secret& token, const std::optional<std::string>& id, std::stop_token stop);
  void change_password(const Secret& token, const wire::PasswordChange& change, std::stop_token stop);
  void delete_account(const Secret& token, const wire::DeleteAccount& request, std::stop_token stop);

  wire::UserPublic user(const Secret& token, std::string_view handle, std::stop_token stop);
  wire::KeyResponse keys(std::string_view handle, std::stop_token stop,
                         std::chrono::milliseconds timeout = {});  // 0: the usual one.
  // The same in two parts, for who does not wait: `done` comes once, on the HTTP client's thread.
  void ask_keys(std::string_view handle, HttpCallback done);
  static wire::KeyResponse read_keys(HttpResult result);
  wire::KeyResponse update_keys(const Secret& token, const wire::KeyUpdate& update, std::stop_token stop);
  std::vector<wire::Contact> contacts(const Secret& token, std::stop_token stop);
  wire::Contact add_contact(const Secret& token, const wire::ContactRequest& request, std::stop_token stop);
  void remove_contact(const Secret& token, std::string_view id, std::stop_token stop);

  wire::MessageOut send(const Secret& token, const wire::SendMessageRequest& request, std::stop_token stop);
  wire::ConversationPage conversation(const Secret& token, std::string_view handle, int limit,
                                      const std::optional<std::string>& before, std::stop_token stop);
  void mark_read(const Secret& token, const std::vector<std::string>& ids, bool batched,
                 std::stop_token stop);
  wire::MailboxPage mailbox(const Secret& token, std::int64_t after, int limit, int wait_seconds,
                            std::stop_token stop);
  void ack(const Secret& token, std::int64_t seq, std::stop_token stop,
           std::chrono::milliseconds timeout = {});  // 0: the usual one.

 private:
  struct Call;
  HttpRequest request_of(Call& call) const;
  static std::string body_of(HttpResult& result);  // Throws what is no good answer.
  std::string perform(Call call);

  HttpClient http_;
  Url base_;
};

// Bytes of a path segment, percent-encoded.
std::string encode_segment(std::string_view text);

}  // namespace mychat
