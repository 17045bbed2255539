// Contacts, conversations, typing and presence.
#include "base/encoding.h"
#include "client/client_impl.h"
#include "client/peers.h"
#include "protocol/handle.h"
#include "protocol/limits.h"

namespace mychat {

mychat_request_id Client::add_contact(std::string_view handle, std::string nickname) {
  Core& core = impl_->core;
  core.require_open();
  if (!is_utf8(nickname) || utf8_length(nickname) > limits::kNicknameMax)
    throw_argument("A nickname is UTF-8 of at most 100 characters.");
  const std::string peer = canonical_handle(handle);
  const Secret token = core.token();
  return impl_->request(MYCHAT_OPERATION_ADD_CONTACT,
                        [impl = impl_.get(), token, peer, nickname](Completion& completion, mychat_request_id,
                                                                    std::stop_token stop) {
                          Core& shared = impl->core;
                          wire::ContactRequest request{peer, std::nullopt};
                          if (!nickname.empty()) request.nickname = nickname;
                          wire::Contact listed;
                          try {
                            listed = shared.node().add_contact(token, request, stop);
                          } catch (const NodeError& error) {
                            // The handle is well-formed, so a 400 says that it is there already.
                            if (error.detail() == 400)
                              throw NodeError(MYCHAT_E_ALREADY_EXISTS, error.what(), 400, false, 0);
                            throw;
                          }
                          fetch_peer(shared, peer, stop);
                          Change change(shared);
                          Contact contact = change.store().contacts().get(peer).value_or(Contact{});
                          contact.handle = peer;
                          contact.server_id = listed.id;
                          contact.nickname = listed.nickname.value_or("");
                          contact.avatar_url = listed.avatar_url.value_or("");
                          contact.added_at = listed.added_at > 0 ? listed.added_at : shared.now();
                          change.store().contacts().upsert(contact);
                          change.contact_event(MYCHAT_EVENT_CONTACT, peer);
                          change.commit();
                          completion.contact = contact_view(*shared.store, contact);
                        });
}

mychat_request_id Client::remove_contact(std::string_view handle) {
  Core& core = impl_->core;
  core.require_open();
  const std::string peer = canonical_handle(handle);
  const Secret token = core.token();
  std::string id;
  {
    const std::lock_guard lock(core.mutex);
    core.require_open();
    const auto contact = core.store->contacts().get(peer);
    if (!contact || contact->added_at == 0)
      throw Error(MYCHAT_E_NOT_FOUND, MYCHAT_DOMAIN_API, "That user is not a contact.");
    id = contact->server_id;
  }
  return impl_->request(
      MYCHAT_OPERATION_REMOVE_CONTACT,
      [impl = impl_.get(), token, peer, id](Completion&, mychat_request_id, std::stop_token stop) {
        try {
          impl->core.node().remove_contact(token, id, stop);
        } catch (const NodeError& error) {
          if (error.status() != MYCHAT_E_NOT_FOUND) throw;  // Gone already: what was asked for.
        }
        Change change(impl->core);
        auto contact = change.store().contacts().get(peer);
        if (!contact) return;
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
        const wire::UserPublic user = shared.node().user(token, peer, stop);
        if (normalize_handle(user.full_handle) != peer)
          throw Error(MYCHAT_E_PROTOCOL, MYCHAT_DOMAIN_PROTOCOL, "The node answered with another user.");
        const PeerKeys keys = check_peer_keys(*shared.log, peer, user.public_key, user.public_key_fingerprint,
                                              user.signing_key, user.signing_key_certificate);
        Change change(shared);
        Contact contact = learn_keys(change, peer, keys);
        contact.avatar_url = user.avatar_url.value_or("");
        change.store().contacts().upsert(contact);
        change.store().account().set_text("status." + peer, user.status_message.value_or(""));
        change.commit();
        completion.contact = contact_view(*shared.store, contact);
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
