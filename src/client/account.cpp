// Registration, login and the account at the node.
#include <algorithm>

#include "base/encoding.h"
#include "client/client_impl.h"
#include "client/peers.h"
#include "keys/certificate.h"
#include "keys/fingerprint.h"
#include "keys/identity.h"
#include "keys/public_key.h"
#include "protocol/handle.h"
#include "protocol/limits.h"

namespace mychat {
namespace {

void check_password(const Secret& password) {
  if (password.size() < limits::kPasswordMinBytes || password.size() > limits::kPasswordMaxBytes)
    throw_argument("A password has 8 to 1,024 bytes.");
  if (!is_utf8(text(view(password)))) throw_argument("The password is not UTF-8.");
}

std::optional<std::string> present(std::string text) {
  if (text.empty()) return std::nullopt;
  return text;
}

std::string account_handle(std::string_view username, const wire::NodeInfo& info) {
  auto handle = normalize_handle(std::string(username) + '@' + info.domain);
  if (!handle)
    throw Error(MYCHAT_E_PROTOCOL, MYCHAT_DOMAIN_PROTOCOL, "The node gives a domain that is none.");
  return std::move(*handle);
}

std::string canonical_username(std::string_view text) {
  auto username = parse_username(text);
  if (!username) throw_argument("A user name has 3 to 50 characters of a-z, 0-9 and _.");
  return std::move(*username);
}

// Writes the account and its session as one change.
void store_login(Core& core, const std::string& handle, const wire::AuthResponse& answer,
                 const std::optional<IdentityKeys>& identity, std::string_view account_key,
                 const std::optional<std::string>& published) {
  Change change(core);
  Account account = change.store().account().account().value_or(Account{});
  account.handle = handle;
  account.user_id = answer.user_id;
  account.node_url = core.options.node_url;
  if (account.created_at == 0) account.created_at = core.now();
  change.store().account().set_account(account);
  if (identity) change.store().account().set_identity(*identity);
  if (!account_key.empty()) change.store().account().set_text(setting::kAccountKey, account_key);
  if (published) change.store().account().set_text(setting::kKeysPublished, *published);
  change.store().account().remove(setting::kDeleted);
  change.store().account().set_access_token(view(answer.access_token));
  change.commit_and_hold();
}

}  // namespace

IdentityKeys identity_record(std::string_view handle, const RsaPrivateKey& key) {
  IdentityKeys record;
  record.private_key = key.to_pkcs8_der();
  record.public_key = key.public_key().to_spki_pem();
  record.fingerprint = key_fingerprint(key.public_key());
  if (handle.empty()) return record;
  const Identity identity = Identity::of_key(handle, key);
  record.signing_public_key.assign(identity.signing_key().public_key().begin(),
                                   identity.signing_key().public_key().end());
  record.signing_certificate = identity.certificate();
  return record;
}

bool may_be_accounts_key(Core& core, const RsaPublicKey& key) {
  const auto known = core.store->account().get_text(setting::kAccountKey);
  return !known || parse_public_key(*known) == key;
}

RsaPrivateKey Client::Impl::make_key(mychat_operation operation, mychat_request_id id, std::stop_token stop) {
  return generate_rsa_4096(std::move(stop), [&](const KeygenProgress& progress) {
    Event event;
    event.type = MYCHAT_EVENT_PROGRESS;
    event.time = core.now();
    event.data =
        Progress{operation, id, progress.primes_found, static_cast<std::uint32_t>(progress.candidates)};
    core.events.push(std::move(event));
  });
}

mychat_request_id Client::register_account(std::string username, Secret password, std::string email,
                                           std::string invite, std::string device_name) {
  Core& core = impl_->core;
  core.require_open();
  username = canonical_username(username);
  check_password(password);
  core.node();
  if (!core.entered_handle().empty())
    throw Error(MYCHAT_E_INVALID_STATE, MYCHAT_DOMAIN_API, "This store has an account already.");
  return impl_->request(
      MYCHAT_OPERATION_REGISTER,
      [impl = impl_.get(), username, password, email, invite, device_name](
          Completion& completion, mychat_request_id id, std::stop_token stop) {
        Core& shared = impl->core;
        const wire::NodeInfo info = shared.node().node_info(stop);
        const std::string handle = account_handle(username, info);
        // A key from an attempt that failed, or from a backup, is used again.
        const auto ring = shared.keys();
        const RsaPrivateKey key = ring ? ring->current : impl->make_key(MYCHAT_OPERATION_REGISTER, id, stop);
        const IdentityKeys identity = identity_record(handle, key);
        {
          Change change(shared);
          change.store().account().set_identity(identity);
          change.commit_and_hold();
        }
        wire::RegisterRequest request;
        request.username = username;
        request.password = password;
        request.email = present(email);
        request.public_key = identity.public_key;
        request.public_key_fingerprint = identity.fingerprint;
        request.invite = present(invite);
        request.device_name = present(device_name);
        std::optional<std::string> published;
        if (info.can(wire::capability::kSigningKeys)) {
          request.signing_key = base64_encode(identity.signing_public_key);
          request.signing_key_certificate = base64_encode(identity.signing_certificate);
          published = identity.fingerprint + "/" + *request.signing_key;
        }
        const wire::AuthResponse answer = shared.node().register_account(request, stop);
        if (normalize_handle(answer.full_handle) != handle)
          throw Error(MYCHAT_E_PROTOCOL, MYCHAT_DOMAIN_PROTOCOL, "The node registered another handle.");
        store_login(shared, handle, answer, std::nullopt, identity.public_key, published);
        impl->sync.start();
        impl->sync.restart();
        const std::lock_guard lock(shared.mutex);
        shared.require_open();
        completion.account = account_view(shared);
      },
      {MYCHAT_OPERATION_REGISTER, MYCHAT_OPERATION_LOGIN});
}

namespace {

// The identity to store at login: what is there, with its signing key certified for this handle.
std::optional<IdentityKeys> login_identity(Core& core, const std::string& handle) {
  const auto ring = core.keys();
  if (!ring) return std::nullopt;
  if (signing_key_certified(ring->current.public_key(), handle, ring->signing_key.public_key(),
                            ring->certificate))
    return std::nullopt;
  return identity_record(handle, ring->current);
}

// Throws when the key here is not the account's.
std::string check_account_key(Core& core, const std::string& handle, std::stop_token stop) {
  const wire::KeyResponse keys = core.node().keys(handle, std::move(stop));
  const RsaPublicKey at_node = parse_public_key(keys.public_key);
  const auto ring = core.keys();
  if (ring && !(ring->current.public_key() == at_node)) {
    const std::lock_guard lock(core.mutex);
    core.require_open();
    const auto pending = core.store->account().get_bytes(setting::kPendingKey);
    const bool rotated =
        pending &&
        RsaPrivateKey::from_pkcs8_der(view(*pending), RsaCheck::kArithmetic).public_key() == at_node;
    if (!rotated) {
      // So that the backup that holds the right one is known by its key.
      if (!core.account || core.account->handle == handle)
        core.store->account().set_text(setting::kAccountKey, at_node.to_spki_pem());
      throw Error(MYCHAT_E_KEY_MISMATCH, MYCHAT_DOMAIN_KEYS,
                  "The private key in this store is not the account's present one: restore the newest key "
                  "backup, then log in.");
    }
  }
  return at_node.to_spki_pem();
}

}  // namespace

mychat_request_id Client::login(std::string username, Secret password, std::string device_name) {
  Core& core = impl_->core;
  core.require_open();
  username = canonical_username(username);
  if (password.empty() || password.size() > limits::kPasswordMaxBytes)
    throw_argument("The password is missing.");
  core.node();
  const std::string mine = core.entered_handle();
  if (!mine.empty() && mine.substr(0, mine.find('@')) != username)
    throw Error(MYCHAT_E_INVALID_STATE, MYCHAT_DOMAIN_API, "This store belongs to another user.");
  return impl_->request(
      MYCHAT_OPERATION_LOGIN,
      [impl = impl_.get(), username, password, device_name, mine](Completion& completion, mychat_request_id,
                                                                  std::stop_token stop) {
        Core& shared = impl->core;
        const wire::AuthResponse answer =
            shared.node().login({username, password, present(device_name)}, stop);
        try {
          const auto handle = normalize_handle(answer.full_handle);
          if (!handle)
            throw Error(MYCHAT_E_PROTOCOL, MYCHAT_DOMAIN_PROTOCOL, "The node gives a handle that is none.");
          if (!mine.empty() && *handle != mine)
            throw Error(MYCHAT_E_INVALID_STATE, MYCHAT_DOMAIN_API, "This store belongs to another user.");
          const std::string account_key = check_account_key(shared, *handle, stop);
          store_login(shared, *handle, answer, login_identity(shared, *handle), account_key, std::nullopt);
        } catch (...) {
          // No session is kept that is of no use here.
          try {
            shared.node().logout(answer.access_token, {});  // Also when the request was cancelled.
          } catch (const Error& error) {
            shared.info("account", std::string("An unused session could not be ended: ") + error.what());
          }
          throw;
        }
        impl->sync.start();
        impl->sync.restart();
        const std::lock_guard lock(shared.mutex);
        shared.require_open();
        completion.account = account_view(shared);
      },
      {MYCHAT_OPERATION_REGISTER, MYCHAT_OPERATION_LOGIN});
}

mychat_request_id Client::logout() {
  Core& core = impl_->core;
  core.require_open();
  const Secret token = core.token();
  return impl_->request(MYCHAT_OPERATION_LOGOUT, [impl = impl_.get(), token](Completion&, mychat_request_id,
                                                                             std::stop_token stop) {
    impl->core.forget_session(token);
    impl->sync.restart();
    try {
      impl->core.node().logout(token, stop);
    } catch (const Error& error) {
      if (error.status() == MYCHAT_E_CLOSED) throw;
      impl->core.warn("account", std::string("The node was not told of the logout: ") + error.what());
    }
  });
}

mychat_request_id Client::delete_account(Secret password) {
  Core& core = impl_->core;
  core.require_open();
  if (password.empty() || password.size() > limits::kPasswordMaxBytes)
    throw_argument("The password is missing.");
  const Secret token = core.token();
  return impl_->request(
      MYCHAT_OPERATION_DELETE_ACCOUNT,
      [impl = impl_.get(), token, password](Completion&, mychat_request_id, std::stop_token stop) {
        impl->require_capability(wire::capability::kAccountDelete, stop);
        impl->core.node().delete_account(token, {password}, stop);
        {
          Change change(impl->core);
          change.store().account().set_bool(setting::kDeleted, true);
          change.commit();
        }
        impl->core.forget_session(token);
        impl->sync.restart();
      });
}

mychat_request_id Client::change_password(Secret current, Secret next) {
  Core& core = impl_->core;
  core.require_open();
  if (current.empty() || current.size() > limits::kPasswordMaxBytes)
    throw_argument("The password is missing.");
  check_password(next);
  const Secret token = core.token();
  return impl_->request(
      MYCHAT_OPERATION_CHANGE_PASSWORD,
      [impl = impl_.get(), token, current, next](Completion&, mychat_request_id, std::stop_token stop) {
        impl->require_capability(wire::capability::kSessions, stop);
        impl->core.node().change_password(token, {current, next}, stop);
      });
}

AccountView Client::account() {
  const std::lock_guard lock(impl_->core.mutex);
  impl_->core.require_open();
  return account_view(impl_->core);
}

mychat_request_id Client::set_profile(std::optional<std::string> avatar_url,
                                      std::optional<std::string> status_message) {
  Core& core = impl_->core;
  core.require_open();
  if (avatar_url && avatar_url->size() > limits::kAvatarUrlMax)
    throw_argument("The avatar's address is too long.");
  if (status_message &&
      (!is_utf8(*status_message) || utf8_length(*status_message) > limits::kStatusMessageMax))
    throw_argument("A status message is UTF-8 of at most 280 characters.");
  const Secret token = core.token();
  return impl_->request(
      MYCHAT_OPERATION_SET_PROFILE, [impl = impl_.get(), token, avatar_url, status_message](
                                        Completion& completion, mychat_request_id, std::stop_token stop) {
        const wire::UserMe me = impl->core.node().update_profile(token, {avatar_url, status_message}, stop);
        Change change(impl->core);
        change.store().account().set_profile({me.avatar_url.value_or(""), me.status_message.value_or("")});
        change.commit();
        completion.account = account_view(impl->core);
      });
}

mychat_request_id Client::sessions() {
  Core& core = impl_->core;
  core.require_open();
  const Secret token = core.token();
  return impl_->request(
      MYCHAT_OPERATION_SESSIONS,
      [impl = impl_.get(), token](Completion& completion, mychat_request_id, std::stop_token stop) {
        impl->require_capability(wire::capability::kSessions, stop);
        std::vector<SessionView> list;
        for (const wire::Session& session : impl->core.node().sessions(token, stop))
          list.push_back({session.id, session.device_name.value_or(""), session.created_at,
                          session.last_used.value_or(0), session.current});
        completion.sessions = std::move(list);
      });
}

mychat_request_id Client::revoke_session(std::optional<std::string> session_id) {
  Core& core = impl_->core;
  core.require_open();
  if (session_id && (session_id->empty() || session_id->size() > 128))
    throw_argument("That is no session's id.");
  const Secret token = core.token();
  return impl_->request(
      MYCHAT_OPERATION_REVOKE_SESSION,
      [impl = impl_.get(), token, session_id](Completion&, mychat_request_id, std::stop_token stop) {
        impl->require_capability(wire::capability::kSessions, stop);
        impl->core.node().revoke_session(token, session_id, stop);
      });
}

mychat_request_id Client::node_info() {
  Core& core = impl_->core;
  core.require_open();
  core.node();
  return impl_->request(
      MYCHAT_OPERATION_NODE_INFO,
      [impl = impl_.get()](Completion& completion, mychat_request_id, std::stop_token stop) {
        const wire::NodeInfo info = impl->core.node().node_info(stop);
        NodeInfoView out;
        out.domain = info.domain;
        out.version = info.version;
        out.registration_open = info.registration_open;
        out.federation_enabled = info.federation_enabled;
        out.extended = info.can(wire::capability::kMailbox);
        out.current_users = info.current_users;
        out.max_users = info.max_users;
        out.uptime_seconds = info.uptime_seconds;
        out.max_message_size = info.limits.max_message_size;
        for (const std::string& capability : info.capabilities) {
          if (!out.capabilities.empty()) out.capabilities += ' ';
          out.capabilities += capability;
        }
        completion.node_info = std::move(out);
      });
}

}  // namespace mychat
