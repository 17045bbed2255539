// Contacts, conversations, typing and presence.
#include <algorithm>

#include "base/encoding.h"
#include "client/client_impl.h"
#include "client/peers.h"
#include "protocol/handle.h"
#include "protocol/limits.h"

namespace mychat {

namespace {

bool is_listed(Core& core, const std::string& peer) {
  const std::lock_guard lock(core.mutex);
  core.require_open();
  const auto contact = core.store->contacts().get(peer);
  return contact && contact->added_at != 0;
}

// A 400 may say that the contact is there already, by another session of the account for one: the list here
// is brought in line then. One that was taken off the list between both is added once more.
wire::Contact add_at_node(Core& core, const Secret& token, const wire::ContactRequest& request,
                          std::stop_token stop) {
  for (bool again = false;; again = true) {
    try {
      return core.node().add_contact(token, request, stop);
    } catch (const NodeError& error) {
      if (error.detail() != 400) throw;
      refresh_contacts(core, token, stop);
      if (is_listed(core, request.contact_handle))
        throw NodeError(MYCHAT_E_ALREADY_EXISTS, error.what(), 400, false, 0);
      if (again) throw;
    }
  }
}

// Another session may have removed the contact, and may have added it anew under another id: what is asked
// for is that the user is not on the list.
void remove_at_node(Core& core, const Secret& token, const std::string& peer, std::string id,
                    std::stop_token stop) {
  constexpr int kTries = 3;
  for (int i = 0; i < kTries; ++i) {
    try {
      core.node().remove_contact(token, id, stop);
      return;
    } catch (const NodeError& error) {
      if (error.status() != MYCHAT_E_NOT_FOUND) throw;
    }
    const auto listed = core.node().contacts(token, stop);
    const auto entry = std::find_if(listed.begin(), listed.end(), [&](const wire::Contact& contact) {
      return normalize_handle(contact.contact_handle) == peer;
    });
    if (entry == listed.end()) return;
    if (entry->id == id)
      throw Error(MYCHAT_E_UNSUPPORTED, MYCHAT_DOMAIN_NODE, "This node does not remove contacts.");
    id = entry->id;
  }
  throw Error(MYCHAT_E_BUSY, MYCHAT_DOMAIN_NODE, "Another session adds the contact again and again.", 0,
              true);
}

}  // namespace

mychat_request_id Client::add_contact(std::string_view handle, std::string nickname) {
  Core& core = impl_->core;
  core.require_open();
  if (!is_utf8(nickname) || utf8_length(nickname) > limits::kNicknameMax)
    throw_argument("A nickname is UTF-8 of at most 100 characters.");
  const std::string peer = canonical_handle(handle);
  const Secret token = core.token();
  return impl_->request_about(peer, MYCHAT_OPERATION_ADD_CONTACT,
                              [impl = impl_.get(), token, peer, nickname](
                                  Completion& completion, mychat_request_id, std::stop_token stop) {
                                Core& shared = impl->core;
                                wire::ContactRequest request{peer, std::nullopt};
                                if (!nickname.empty()) request.nickname = nickname;
                                const wire::Contact listed = add_at_node(shared, token, request, stop);
                                learn_from_node(
                                    shared, peer, [&] { return ask_keys(shared, peer, stop); },
                                    [&](Change& change, Contact& contact) {
                                      contact.server_id = listed.id;
                                      contact.nickname = listed.nickname.value_or("");
                                      contact.avatar_url = listed.avatar_url.value_or("");
                                      contact.added_at = listed.added_at > 0 ? listed.added_at : shared.now();
                                      shared.listed.changed(peer);
                                      change.store().contacts().upsert(contact);
                                      change.contact_event(MYCHAT_EVENT_CONTACT, peer);
                                      completion.contact = contact_view(change.store(), contact);
                                    });
                              });
}

mychat_request_id Client::remove_contact(std::string_view handle) {
  Core& core = impl_->core;
  core.require_open();
  const std::string peer = canonical_handle(handle);
  const Secret token = core.token();
  if (!is_listed(core, peer))
    throw Error(MYCHAT_E_NOT_FOUND, MYCHAT_DOMAIN_API, "That user is not a contact.");
  return impl_->request_about(
      peer, MYCHAT_OPERATION_REMOVE_CONTACT,
      [impl = impl_.get(), token, peer](Completion&, mychat_request_id, std::stop_token stop) {
        Core& shared = impl->core;
        std::string id;
        {
          const std::lock_guard lock(shared.mutex);
          shared.require_open();
          if (const auto contact = shared.store->contacts().get(peer)) id = contact->server_id;
        }
        if (!id.empty()) remove_at_node(shared, token, peer, id, stop);
        Change change(shared);
        auto contact = change.store().contacts().get(peer);
        shared.listed.changed(peer);
        if (!contact || contact->added_at == 0) return;  // Gone already, and told.
        contact->server_id.clear();
        contact->nickname.clear();
        contact->added_at = 0;
        change.store().contacts().upsert(*contact);
        change.contact_event(MYCHAT_EVENT_CONTACT, peer);
        change.commit();
      });
}

mychat_request_id Client::lookup(std::string_view handle) {
  Core& core = impl_->core;
  core.require_open();
  const std::string peer = canonical_handle(handle);
  const Secret token = core.token();
  return impl_->request(
      MYCHAT_OPERATION_LOOKUP,
      [impl = impl_.get(), token, peer](Completion& completion, mychat_request_id, std::stop_token stop) {
        Core& shared = impl->core;
        wire::UserPublic user;
        const auto ask = [&] {
          user = shared.node().user(token, peer, stop);
          if (normalize_handle(user.full_handle) != peer)
            throw Error(MYCHAT_E_PROTOCOL, MYCHAT_DOMAIN_PROTOCOL, "The node answered with another user.");
          return check_peer_keys(*shared.log, peer, user.public_key, user.public_key_fingerprint,
                                 user.signing_key, user.signing_key_certificate);
        };
        learn_from_node(shared, peer, ask, [&](Change& change, Contact& contact) {
          contact.avatar_url = user.avatar_url.value_or("");
          change.store().contacts().upsert(contact);
          change.store().account().set_text("status." + peer, user.status_message.value_or(""));
          completion.contact = contact_view(change.store(), contact);
        });
      });
}

std::vector<ContactView> Client::contacts() {
  Core& core = impl_->core;
  const std::lock_guard lock(core.mutex);
  core.require_open();
  std::vector<ContactView> out;
  for (const Contact& contact : core.store->contacts().list())
    if (contact.added_at != 0) out.push_back(contact_view(*core.store, contact));
  return out;
}

ContactView Client::contact(std::string_view handle) {
  const std::string peer = canonical_handle(handle);
  Core& core = impl_->core;
  const std::lock_guard lock(core.mutex);
  core.require_open();
  const auto contact = core.store->contacts().get(peer);
  if (!contact) throw Error(MYCHAT_E_NOT_FOUND, MYCHAT_DOMAIN_API, "Nothing is known of that user here.");
  return contact_view(*core.store, *contact);
}

std::vector<ConversationView> Client::conversations() {
  Core& core = impl_->core;
  const std::lock_guard lock(core.mutex);
  core.require_open();
  std::vector<ConversationView> out;
  for (const Conversation& conversation : core.store->conversations().list()) {
    ConversationView entry{conversation.handle,
                           static_cast<std::uint32_t>(conversation.unread),
                           {},
                           conversation.last_message_at};
    if (conversation.last_message_row != 0) {
      const auto last = core.store->messages().get_local(conversation.last_message_row);
      if (last) entry.last_message_id = last->id;
    }
    out.push_back(std::move(entry));
  }
  return out;
}

void Client::set_typing(std::string_view peer, bool is_typing) {
  impl_->core.require_open();
  std::string handle = canonical_handle(peer);
  if ((impl_->core.policy() & MYCHAT_POLICY_NO_TYPING) != 0) return;
  impl_->sync.set_typing(std::move(handle), is_typing);
}

void Client::set_presence(mychat_presence_status status) {
  impl_->core.require_open();
  if (status != MYCHAT_PRESENCE_ONLINE && status != MYCHAT_PRESENCE_AWAY)
    throw_argument("A user's own presence is online or away.");
  impl_->sync.set_presence(status);
}

}  // namespace mychat
