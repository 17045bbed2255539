#include "services/remote_keys.h"

#include "protocol/json_writer.h"

namespace mychat::server {
namespace {

std::string data_of(const wire::MailboxData& data) {
  std::string json;
  JsonWriter writer(json);
  wire::data_to_json(data, writer);
  return json;
}

}  // namespace

void take_remote_keys(ServiceContext& context, Change& change, const UserRow& user,
                      const wire::KeyChangeItem& keys) {
  const bool first = user.public_key.empty();
  const bool changed = user.public_key != keys.public_key || user.signing_key != keys.signing_key;
  put_remote_keys(change.db, user.id, keys.public_key, keys.public_key_fingerprint, keys.signing_key,
                  keys.signing_key_certificate, change.now);
  if (first || !changed) return;
  const std::string data = data_of(keys);
  for (const UserId hearer : holders_and_peers(change.db, user.id)) {
    if (node_of_user(change.db, hearer) == 0) context.put_event(change, hearer, ItemType::kKeyChange, data);
  }
}

void take_remote_deletion(ServiceContext& context, Change& change, const UserRow& user) {
  if (user.deleted_at) return;
  const std::string data = data_of(wire::AccountDeletedItem{user.username});
  for (const UserId hearer : holders_and_peers(change.db, user.id)) {
    if (node_of_user(change.db, hearer) == 0)
      context.put_event(change, hearer, ItemType::kAccountDeleted, data);
  }
  change.db.run("DELETE FROM contacts WHERE contact = ?", user.id);
  change.db.run(
      "UPDATE users SET public_key = '', public_key_fingerprint = '', signing_key = NULL, "
      "signing_key_certificate = NULL, "
      "avatar_url = NULL, status_message = NULL, deleted_at = ?1, updated_at = ?1 WHERE id = ?2",
      change.now, user.id);
  context.user_changed(user.username);
}

void take_remote_profile(ServiceContext& context, Change& change, const UserRow& user,
                         const wire::ProfileItem& profile, bool told) {
  const auto or_none = [](const std::optional<std::string>& text) {
    return text && !text->empty() ? text : std::nullopt;
  };
  const auto avatar = or_none(profile.avatar_url);
  const auto status = or_none(profile.status_message);
  if (user.avatar_url == avatar && user.status_message == status) return;
  change.db.run("UPDATE users SET avatar_url = ?, status_message = ?, updated_at = ? WHERE id = ?", avatar,
                status, change.now, user.id);
  if (!told) return;
  const std::string data = data_of(wire::ProfileItem{profile.handle, avatar, status});
  for (const UserId holder : contact_holders(change.db, user.id)) {
    context.put_event(change, holder, ItemType::kProfile, data);
  }
}

}  // namespace mychat::server
