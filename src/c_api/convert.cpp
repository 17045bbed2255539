#include "c_api/convert.h"

#include <algorithm>

#include "client/outbox.h"

namespace mychat::c_api {
namespace {

mychat_message_status status_of(MessageStatus status) noexcept {
  switch (status) {
    case MessageStatus::kQueued:
      return MYCHAT_MESSAGE_QUEUED;
    case MessageStatus::kPending:
      return MYCHAT_MESSAGE_PENDING;
    case MessageStatus::kDelivered:
      return MYCHAT_MESSAGE_DELIVERED;
    case MessageStatus::kRead:
      return MYCHAT_MESSAGE_READ;
    case MessageStatus::kFailed:
      break;
  }
  return MYCHAT_MESSAGE_FAILED;
}

mychat_verification verification_of(const Message& message) noexcept {
  // One's own are above doubt when they were made here or are signed by a key of one's own.
  if (message.direction == Direction::kOutgoing && message.verification == MessageVerification::kVerified)
    return MYCHAT_VERIFICATION_NONE;
  switch (message.verification) {
    case MessageVerification::kVerified:
      return MYCHAT_VERIFICATION_VERIFIED;
    case MessageVerification::kUnverified:
      return MYCHAT_VERIFICATION_UNVERIFIED;
    case MessageVerification::kInvalid:
      return MYCHAT_VERIFICATION_INVALID;
    case MessageVerification::kUnsigned:
      break;
  }
  return MYCHAT_VERIFICATION_UNSIGNED;
}

mychat_trust trust_of(const Contact& contact) noexcept {
  if (contact.pending) return MYCHAT_TRUST_CHANGED;
  return contact.verification == ContactVerification::kVerified ? MYCHAT_TRUST_VERIFIED
                                                                : MYCHAT_TRUST_UNVERIFIED;
}

void fill_error(mychat_error& out, const std::optional<Error>& error) noexcept {
  out = MYCHAT_ERROR_INIT;
  if (error) set_error(&out, *error);
}

template <class T>
T* sized(Arena& arena) {
  T* out = arena.make<T>();
  out->struct_size = sizeof(T);
  return out;
}

void fill(Arena& arena, mychat_message& out, const Message& message) {
  out.direction = message.direction == Direction::kIncoming ? MYCHAT_DIRECTION_IN : MYCHAT_DIRECTION_OUT;
  out.id = arena.text(message.id);
  out.peer = arena.text(message.conversation);
  out.sender = arena.text(message.sender);
  out.position = message.local_id;
  out.content_type = content_type_value(message.content_type);
  out.status = status_of(message.status);
  out.verification = verification_of(message);
  out.readable = message.body ? 1 : 0;
  const ByteView body = message.body ? view(*message.body) : ByteView();
  out.data = arena.bytes(body);
  out.size = body.size();
  const bool plain = message.body && out.content_type == MYCHAT_CONTENT_TEXT &&
                     std::find(body.begin(), body.end(), std::uint8_t{0}) == body.end();
  out.text = plain ? reinterpret_cast<const char*>(out.data) : nullptr;
  out.sent_at = message.sent_at;
  const bool never_accepted =
      message.direction == Direction::kOutgoing &&
      (message.status == MessageStatus::kQueued || message.status == MessageStatus::kFailed);
  out.created_at = never_accepted ? 0 : message.created_at;
  out.delivered_at = message.delivered_at.value_or(0);
  out.read_at = message.read_at.value_or(0);
  if (message.failure && (!message.body || message.status == MessageStatus::kFailed))
    out.failure = message.failure->status;
}

void fill(Arena& arena, mychat_contact& out, const ContactView& view) {
  const Contact& contact = view.contact;
  out.trust = trust_of(contact);
  out.handle = arena.text(contact.handle);
  out.nickname = arena.text(contact.nickname);
  out.fingerprint = arena.text(contact.fingerprint);
  out.pending_fingerprint = arena.text(contact.pending ? contact.pending->fingerprint : "");
  out.pending_vouched = contact.pending && view.pending_vouched ? 1 : 0;
  out.signs_messages = contact.signing_public_key.empty() ? 0 : 1;
  out.is_contact = contact.added_at != 0 ? 1 : 0;
  out.avatar_url = arena.text(contact.avatar_url);
  out.status_message = arena.text(view.status_message);
  out.added_at = contact.added_at;
  out.last_message_at = view.last_message_at;
}

void fill(Arena& arena, mychat_account& out, const AccountView& account) {
  out.logged_in = account.logged_in ? 1 : 0;
  out.has_identity = account.has_identity ? 1 : 0;
  out.signs_messages = account.signs_messages ? 1 : 0;
  out.handle = arena.text(account.handle);
  out.user_id = arena.text(account.user_id);
  out.node_url = arena.text(account.node_url);
  out.fingerprint = arena.text(account.fingerprint);
  out.avatar_url = arena.text(account.avatar_url);
  out.status_message = arena.text(account.status_message);
  out.backup_at = account.backup_at;
}

// A list struct with `items` and `count`.
template <class List, class Item, class Values, class Fill>
List* make_list(Arena& arena, const Values& values, Fill fill_item) {
  List* list = sized<List>(arena);
  auto** items = arena.array<const Item>(values.size());
  std::size_t i = 0;
  for (const auto& value : values) {
    Item* item = sized<Item>(arena);
    fill_item(*item, value);
    items[i++] = item;
  }
  list->count = values.size();
  list->items = items;
  return list;
}

const char* const* texts(Arena& arena, const std::vector<std::string>& values) {
  auto** out = arena.array<const char>(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) out[i] = arena.text(values[i]);
  return out;
}

const mychat_session_list* to_c(Arena& arena, const std::vector<SessionView>& sessions) {
  return make_list<mychat_session_list, mychat_session>(arena, sessions,
                                                        [&](mychat_session& out, const SessionView& session) {
                                                          out.current = session.current ? 1 : 0;
                                                          out.id = arena.text(session.id);
                                                          out.device_name = arena.text(session.device_name);
                                                          out.created_at = session.created_at;
                                                          out.last_used = session.last_used;
                                                        });
}

const mychat_node_info* to_c(Arena& arena, const NodeInfoView& info) {
  auto* out = sized<mychat_node_info>(arena);
  out->registration_open = info.registration_open ? 1 : 0;
  out->domain = arena.text(info.domain);
  out->version = arena.text(info.version);
  out->federation_enabled = info.federation_enabled ? 1 : 0;
  out->extended = info.extended ? 1 : 0;
  out->current_users = info.current_users;
  out->max_users = info.max_users;
  out->uptime_seconds = info.uptime_seconds;
  out->max_message_size = info.max_message_size;
  out->capabilities = arena.text(info.capabilities);
  return out;
}

const void* payload(Arena& arena, const Completion& completion) {
  auto* out = sized<mychat_completion>(arena);
  out->operation = completion.operation;
  out->request = completion.request;
  fill_error(out->error, completion.error);
  out->retry_after_ms = completion.retry_after_ms;
  if (completion.account) out->account = to_c(arena, *completion.account);
  if (completion.contact) out->contact = to_c(arena, *completion.contact);
  if (completion.sessions) out->sessions = to_c(arena, *completion.sessions);
  if (completion.node_info) out->node_info = to_c(arena, *completion.node_info);
  return out;
}

const void* payload(Arena& arena, const ConnectionChange& change) {
  auto* out = sized<mychat_connection>(arena);
  out->state = change.state;
  fill_error(out->error, change.error);
  out->retry_at = change.retry_at;
  return out;
}

const void* payload(Arena& arena, const Progress& progress) {
  auto* out = sized<mychat_progress>(arena);
  out->operation = progress.operation;
  out->request = progress.request;
  out->primes_found = progress.primes_found;
  out->candidates = progress.candidates;
  return out;
}

const void* payload(Arena& arena, const Typing& typing) {
  auto* out = sized<mychat_typing>(arena);
  out->is_typing = typing.is_typing ? 1 : 0;
  out->peer = arena.text(typing.peer);
  return out;
}

const void* payload(Arena& arena, const Presence& presence) {
  auto* out = sized<mychat_presence>(arena);
  out->status = presence.status;
  out->peer = arena.text(presence.peer);
  out->last_seen = presence.last_seen;
  return out;
}

const void* payload(Arena& arena, const Message& message) { return to_c(arena, message); }
const void* payload(Arena& arena, const ContactView& contact) { return to_c(arena, contact); }

}  // namespace

const mychat_message* to_c(Arena& arena, const Message& message) {
  auto* out = sized<mychat_message>(arena);
  fill(arena, *out, message);
  return out;
}

const mychat_contact* to_c(Arena& arena, const ContactView& contact) {
  auto* out = sized<mychat_contact>(arena);
  fill(arena, *out, contact);
  return out;
}

const mychat_account* to_c(Arena& arena, const AccountView& account) {
  auto* out = sized<mychat_account>(arena);
  fill(arena, *out, account);
  return out;
}

mychat_event* new_event(const Event& event) {
  Arena arena;
  auto* out = sized<mychat_event>(arena);
  out->type = event.type;
  out->seq = event.seq;
  out->time = event.time;
  out->data.any = std::visit([&](const auto& data) { return payload(arena, data); }, event.data);
  return arena.hand_over(out);
}

mychat_message* new_message(const Message& message) {
  Arena arena;
  auto* out = sized<mychat_message>(arena);
  fill(arena, *out, message);
  return arena.hand_over(out);
}

mychat_message_list* new_message_list(const MessageListView& list) {
  Arena arena;
  auto* out = make_list<mychat_message_list, mychat_message>(
      arena, list.messages,
      [&](mychat_message& item, const Message& message) { fill(arena, item, message); });
  out->has_more = list.has_more ? 1 : 0;
  out->next_before = list.next_before;
  return arena.hand_over(out);
}

mychat_contact* new_contact(const ContactView& contact) {
  Arena arena;
  auto* out = sized<mychat_contact>(arena);
  fill(arena, *out, contact);
  return arena.hand_over(out);
}

mychat_contact_list* new_contact_list(const std::vector<ContactView>& list) {
  Arena arena;
  return arena.hand_over(make_list<mychat_contact_list, mychat_contact>(
      arena, list, [&](mychat_contact& item, const ContactView& contact) { fill(arena, item, contact); }));
}

mychat_conversation_list* new_conversation_list(const std::vector<ConversationView>& list) {
  Arena arena;
  return arena.hand_over(make_list<mychat_conversation_list, mychat_conversation>(
      arena, list, [&](mychat_conversation& item, const ConversationView& conversation) {
        item.unread = conversation.unread;
        item.peer = arena.text(conversation.peer);
        item.last_message_id = arena.text(conversation.last_message_id);
        item.last_message_at = conversation.last_message_at;
      }));
}

mychat_account* new_account(const AccountView& account) {
  Arena arena;
  auto* out = sized<mychat_account>(arena);
  fill(arena, *out, account);
  return arena.hand_over(out);
}

mychat_explanation* new_explanation(const Explanation& explanation) {
  Arena arena;
  auto* out = sized<mychat_explanation>(arena);
  out->cause = explanation.cause;
  out->repair = explanation.repair;
  out->attempts = explanation.attempts;
  out->retry_at = explanation.retry_at;
  out->description = arena.text(explanation.description);
  return arena.hand_over(out);
}

mychat_store_report* new_store_report(const CheckReport& report) {
  Arena arena;
  auto* out = sized<mychat_store_report>(arena);
  out->healthy = report.ok() ? 1 : 0;
  out->values_checked = report.values_verified;
  out->problem_count = report.problems.size();
  out->problems = texts(arena, report.problems);
  return arena.hand_over(out);
}

mychat_backup* new_backup(const BackupFile& backup) {
  Arena arena;
  auto* out = sized<mychat_backup>(arena);
  out->size = backup.data.size();
  out->data = arena.bytes(view(backup.data));
  out->file_name = arena.text(backup.file_name);
  return arena.hand_over(out);
}

mychat_backup_report* new_backup_report(const BackupReport& report) {
  Arena arena;
  auto* out = sized<mychat_backup_report>(arena);
  out->has_v1_members = report.has_v1_members ? 1 : 0;
  out->has_sealed_member = report.has_sealed_member ? 1 : 0;
  out->has_signing_key = report.has_signing_key ? 1 : 0;
  out->handle = arena.text(report.handle);
  out->fingerprint = arena.text(report.fingerprint);
  out->created_at = report.created_at;
  out->contacts = report.contacts;
  out->verified_contacts = report.verified_contacts;
  out->matches_account = report.matches_account;
  out->loss_count = report.losses.size();
  out->losses = texts(arena, report.losses);
  return arena.hand_over(out);
}

}  // namespace mychat::c_api
