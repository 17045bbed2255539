#include "services/directory.h"

#include "crypto/random.h"
#include "protocol/json_writer.h"
#include "protocol/mailbox.h"
#include "services/context.h"
#include "services/key_checks.h"
#include "services/rate_limiter.h"
#include "storage/message_log.h"

namespace mychat::server {
namespace {

constexpr std::int64_t kFreshLoginMs = 5 * 60'000;

std::string data_of(const wire::MailboxData& data) {
  std::string json;
  JsonWriter writer(json);
  wire::data_to_json(data, writer);
  return json;
}

}  // namespace

struct Directory::Impl {
  explicit Impl(ServiceContext& chosen)
      : context(chosen),
        key_changes(chosen.config.changes_per_account),
        profile_changes(chosen.config.changes_per_account) {}

  // Each change is written into the mailboxes of everybody who holds the contact.
  void take_change(RateLimiter& limiter, const UserRow& user) const {
    const int wait = limiter.take(user.username, context.clock.monotonic_ms());
    if (wait > 0) throw Refused(429, "Too many changes within the hour; try again later.", wait);
  }

  UserRow active(SqliteConnection& db, std::string_view handle) const {
    auto user = find_user(db, context.reachable_username(handle));
    if (!user || user->deleted_at) throw Refused(404, "There is no such user.");
    return std::move(*user);
  }
  wire::UserMe me_of(const UserRow& user) const {
    return {user.uuid,
            user.username,
            context.config.domain,
            context.handle_of(user.username),
            user.public_key,
            user.public_key_fingerprint,
            user.avatar_url,
            user.status_message,
            true,
            user.created_at,
            user.last_seen};
  }
  // `verified`: this node checked that key, fingerprint and certificate belong together.
  wire::KeyResponse keys_of(const UserRow& user) const {
    return {context.handle_of(user.username),
            user.public_key,
            user.public_key_fingerprint,
            user.node == 0,
            user.signing_key,
            user.signing_key_certificate,
            user.key_updated_at};
  }
  wire::KeyResponse replace_keys(Change& change, const Principal& caller, const wire::KeyUpdate& update,
                                 const std::string& checked_old_key);
  wire::Contact add(Change& change, const Principal& caller, const std::string& username,
                    const std::optional<std::string>& nickname);

  ServiceContext& context;
  RateLimiter key_changes;
  RateLimiter profile_changes;
};

Directory::Directory(ServiceContext& context) : impl_(std::make_unique<Impl>(context)) {}
Directory::~Directory() = default;

wire::UserMe Directory::me(const Caller& caller) {
  auto db = impl_->context.storage.read();
  return impl_->me_of(impl_->context.require_user(*db, *caller));
}

wire::UserPublic Directory::user(std::string_view handle) {
  auto db = impl_->context.storage.read();
  const UserRow user = impl_->active(*db, handle);
  return {impl_->context.handle_of(user.username),
          user.public_key,
          user.public_key_fingerprint,
          user.avatar_url,
          user.status_message,
          user.last_seen,
          user.signing_key,
          user.signing_key_certificate,
          user.key_updated_at};
}

wire::KeyResponse Directory::keys(std::string_view handle) {
  auto db = impl_->context.storage.read();
  return impl_->keys_of(impl_->active(*db, handle));
}

void Directory::update_profile(const Caller& caller, wire::ProfileUpdate update,
                               Callback<wire::UserMe> done) {
  Impl* impl = impl_.get();
  impl->context.write<wire::UserMe>(
      [impl, caller, update = std::move(update)](Change& change) {
        UserRow user = impl->context.require_user(change.db, *caller);
        const auto apply = [](std::optional<std::string>& kept, const std::optional<std::string>& wanted) {
          if (wanted) kept = wanted->empty() ? std::nullopt : wanted;  // Empty text removes it.
        };
        const auto before = std::pair{user.avatar_url, user.status_message};
        apply(user.avatar_url, update.avatar_url);
        apply(user.status_message, update.status_message);
        if (before == std::pair{user.avatar_url, user.status_message}) return impl->me_of(user);
        impl->take_change(impl->profile_changes, user);
        change.db.run("UPDATE users SET avatar_url = ?, status_message = ?, updated_at = ? WHERE id = ?",
                      user.avatar_url, user.status_message, change.now, user.id);
        const std::string data =
            data_of(wire::ProfileItem{caller->handle, user.avatar_url, user.status_message});
        impl->context.tell(change, user.id, holders_and_peers_elsewhere(change.db, user.id),
                           ItemType::kProfile, OutKind::kProfile, data);
        return impl->me_of(user);
      },
      std::move(done));
}

void Directory::update_keys(const Caller& caller, wire::KeyUpdate update, Callback<wire::KeyResponse> done) {
  Impl* impl = impl_.get();
  auto shared = std::make_shared<wire::KeyUpdate>(std::move(update));
  auto old_key = std::make_shared<std::string>();
  // RSA checks are not for the writer's thread.
  const bool posted = impl->context.workers.post([impl, caller, shared, old_key, done] {
    try {
      check_keys(caller->handle, shared->public_key, shared->public_key_fingerprint, shared->signing_key,
                 shared->signing_key_certificate);
      if (shared->rotation) {
        {
          auto db = impl->context.storage.read();
          *old_key = impl->context.require_user(*db, *caller).public_key;
        }
        check_rotation(caller->handle, *old_key, shared->public_key, *shared->rotation);
      }
    } catch (const std::exception& error) {
      done(to_failure(error));
      return;
    }
    impl->context.write<wire::KeyResponse>(
        [impl, caller, shared, old_key](Change& change) {
          return impl->replace_keys(change, *caller, *shared, *old_key);
        },
        done);
  });
  if (!posted) done(busy());
}

wire::KeyResponse Directory::Impl::replace_keys(Change& change, const Principal& caller,
                                                const wire::KeyUpdate& update,
                                                const std::string& checked_old_key) {
  UserRow user = context.require_user(change.db, caller);
  const bool same_key = user.public_key == update.public_key;
  if (update.rotation) {
    if (user.public_key != checked_old_key) throw Refused(409, "The key was replaced meanwhile.");
  } else if (same_key && user.public_key_fingerprint == update.public_key_fingerprint &&
             user.signing_key == update.signing_key) {
    return keys_of(user);  // Nobody hears of what did not change.
  } else if ((!same_key || (user.signing_key && !update.signing_key)) &&
             change.now - caller.authenticated_at > kFreshLoginMs) {
    // Another signing key is vouched for by the identity key; none at all is not.
    throw Refused(403,
                  "Without a rotation, log in with the password again first: keys are replaced and removed "
                  "only within five minutes of a login.");
  }
  take_change(key_changes, user);
  user.public_key = update.public_key;
  user.public_key_fingerprint = update.public_key_fingerprint;
  user.signing_key = update.signing_key;
  user.signing_key_certificate = update.signing_key_certificate;
  user.key_updated_at = change.now;
  change.db.run(
      "UPDATE users SET public_key = ?1, public_key_fingerprint = ?2, signing_key = ?3, "
      "signing_key_certificate = ?4, key_updated_at = ?5, updated_at = ?5 WHERE id = ?6",
      user.public_key, user.public_key_fingerprint, user.signing_key, user.signing_key_certificate,
      change.now, user.id);
  const std::string data =
      data_of(wire::KeyChangeItem{caller.handle, user.public_key, user.public_key_fingerprint,
                                  user.signing_key, user.signing_key_certificate, update.rotation});
  std::vector<UserId> hearers = holders_and_peers(change.db, user.id);
  hearers.push_back(user.id);  // The other devices.
  context.tell(change, user.id, hearers, ItemType::kKeyChange, OutKind::kKeyChange, data);
  return keys_of(user);
}

std::vector<wire::Contact> Directory::contacts(const Caller& caller) {
  auto db = impl_->context.storage.read();
  std::vector<wire::Contact> list;
  for (const ContactRow& row : contacts_of(*db, caller->user)) {
    wire::Contact contact{row.uuid,       impl_->context.handle_of(row.contact_username),
                          row.nickname,   row.public_key_fingerprint,
                          row.avatar_url, std::nullopt,
                          row.created_at};
    if (const auto place = find_conversation(*db, caller->user, row.contact)) {
      const auto last = messages_before(*db, *place, INT64_MAX, 1);
      auto at = db->query("SELECT created_at FROM messages WHERE seq = ?", last.empty() ? 0 : last.front());
      if (at.step()) contact.last_message_at = at.integer(0);
    }
    list.push_back(std::move(contact));
  }
  return list;
}

wire::Contact Directory::Impl::add(Change& change, const Principal& caller, const std::string& username,
                                   const std::optional<std::string>& nickname) {
  context.require_user(change.db, caller);
  const auto user = find_user(change.db, username);
  if (!user || user->deleted_at) throw Refused(404, "There is no such user.");
  if (user->id == caller.user) throw Refused(400, "Nobody can be their own contact.");
  if (holds_contact(change.db, caller.user, user->id)) throw Refused(400, "This contact is there already.");
  auto count = change.db.query("SELECT count(*) FROM contacts WHERE owner = ?", caller.user);
  if (count.step() && count.integer(0) >= context.config.max_contacts_per_user) {
    throw Refused(400, "The list of contacts is full.");
  }
  const std::string uuid = uuid_v4();
  const Uuid bytes = parse_uuid(uuid).value_or(Uuid{});
  change.db.run("INSERT INTO contacts (uuid, owner, contact, nickname, created_at) VALUES (?,?,?,?,?)",
                ByteView(bytes), caller.user, user->id, nickname, change.now);
  return {uuid,
          context.handle_of(username),
          nickname,
          user->public_key_fingerprint,
          user->avatar_url,
          std::nullopt,
          change.now};
}

void Directory::add_contact(const Caller& caller, std::string handle, std::optional<std::string> nickname,
                            Callback<wire::Contact> done) {
  Impl* impl = impl_.get();
  impl->context.write<wire::Contact>(
      [impl, caller, handle = std::move(handle), nickname = std::move(nickname)](Change& change) {
        return impl->add(change, *caller, impl->context.reachable_username(handle), nickname);
      },
      std::move(done));
}

void Directory::remove_contact(const Caller& caller, std::string contact_uuid, Callback<Done> done) {
  impl_->context.write<Done>(
      [caller, uuid = std::move(contact_uuid)](Change& change) {
        const auto bytes = parse_uuid(uuid);
        const auto removed = bytes ? change.db.run("DELETE FROM contacts WHERE uuid = ? AND owner = ?",
                                                   ByteView(*bytes), caller->user)
                                   : 0;
        if (removed == 0) throw Refused(404, "There is no such contact.");
        return Done{};
      },
      std::move(done));
}

}  // namespace mychat::server
