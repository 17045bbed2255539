/* Values of the library as JSON. */
#include "peer.h"

#include <stdlib.h>
#include <string.h>

/* ---- What was given */

const char* text_of(const call* it, const char* name) {
  return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(it->given, name));
}

int64_t number_of(const call* it, const char* name, int64_t otherwise) {
  const cJSON* item = cJSON_GetObjectItemCaseSensitive(it->given, name);
  return cJSON_IsNumber(item) ? (int64_t)item->valuedouble : otherwise;
}

int flag_of(const call* it, const char* name) {
  return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(it->given, name)) ? 1 : 0;
}

int32_t choice_of(const call* it, const char* name, const char* const* names, int32_t otherwise) {
  const char* text = text_of(it, name);
  int32_t i;
  if (text == NULL) return otherwise;
  for (i = 0; names[i] != NULL; ++i)
    if (strcmp(names[i], text) == 0) return i + 1;
  return -1; /* The library refuses it. */
}

const char* const key_formats[] = {"pem", "jwk", NULL};
const char* const backup_kinds[] = {"full", "v1", "sealed", NULL};
const char* const content_types[] = {"text", "image", "file", NULL};
const char* const presence_states[] = {"offline", "away", "online", NULL};
const char* const scan_results[] = {"match", "mismatch", "other_users", "newer_version", NULL};
static const char* const policies[] = {"require_signatures", "no_read_receipts", "no_typing",
                                       "no_sender_copy", NULL};
static const char* const directions[] = {"in", "out", NULL};
static const char* const message_states[] = {"queued", "pending", "delivered", "read", "failed", NULL};
static const char* const verifications[] = {"none", "unsigned", "verified", "unverified", "invalid", NULL};
static const char* const trusts[] = {"unverified", "verified", "changed", NULL};
static const char* const connections[] = {"offline", "connecting", "online", "polling", "waiting", NULL};
static const char* const repairs[] = {"none",  "wait",       "restore_backup", "accept_key", "log_in",
                                      "retry", "ask_sender", "change",         NULL};
static const char* const operations[] = {"register",        "login",       "logout",         "delete_account",
                                         "change_password", "set_profile", "sessions",       "revoke_session",
                                         "node_info",       "add_contact", "remove_contact", "lookup",
                                         "rotate_identity", NULL};

int32_t policy_of(const call* it) {
  const cJSON* item = NULL;
  int32_t flags = 0;
  cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(it->given, "policy")) {
    int i;
    for (i = 0; policies[i] != NULL; ++i)
      if (item->valuestring != NULL && strcmp(policies[i], item->valuestring) == 0) flags |= 1 << i;
  }
  return flags;
}

static int base64_digit(char c) {
  static const char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const char* found = c == '\0' ? NULL : strchr(kDigits, c);
  return found == NULL ? -1 : (int)(found - kDigits);
}

unsigned char* base64_bytes(const char* text, size_t* out_size) {
  const size_t length = strlen(text);
  unsigned char* bytes = malloc(length + 1);
  unsigned long group = 0;
  size_t i, n = 0;
  int bits = 0;
  if (bytes == NULL) return NULL;
  for (i = 0; i < length && text[i] != '='; ++i) {
    const int digit = base64_digit(text[i]);
    if (digit < 0) {
      free(bytes);
      return NULL;
    }
    group = (group << 6 | (unsigned long)digit) & 0xffffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[n++] = (unsigned char)(group >> bits & 0xff);
    }
  }
  *out_size = n;
  return bytes;
}

/* ---- What is answered */

static void put_text(cJSON* to, const char* name, const char* text) {
  cJSON_AddStringToObject(to, name, text);
}
static void put_bool(cJSON* to, const char* name, int value) { cJSON_AddBoolToObject(to, name, value != 0); }
static void put_number(cJSON* to, const char* name, int64_t value) {
  cJSON_AddNumberToObject(to, name, (double)value);
}
static void put_time(cJSON* to, const char* name, int64_t millis) {
  if (millis == 0) {
    cJSON_AddNullToObject(to, name);
  } else {
    put_number(to, name, millis);
  }
}

/* `first` is the value of the first name. */
static void put_enum(cJSON* to, const char* name, const char* const* names, int32_t value, int32_t first) {
  int32_t i;
  for (i = 0; names[i] != NULL; ++i) {
    if (i + first == value) {
      put_text(to, name, names[i]);
      return;
    }
  }
  put_text(to, name, "unknown");
}

static void put_texts(cJSON* to, const char* name, const char* const* texts, size_t count) {
  cJSON* array = cJSON_AddArrayToObject(to, name);
  size_t i;
  for (i = 0; i < count; ++i) cJSON_AddItemToArray(array, cJSON_CreateString(texts[i]));
}

void put_base64(cJSON* to, const char* name, const uint8_t* data, size_t size) {
  static const char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  char* text = malloc(size / 3 * 4 + 5);
  size_t i, n = 0;
  if (text == NULL) abort();
  for (i = 0; i < size; i += 3) {
    const unsigned long group = (unsigned long)data[i] << 16 |
                                (i + 1 < size ? (unsigned long)data[i + 1] << 8 : 0) |
                                (i + 2 < size ? (unsigned long)data[i + 2] : 0);
    text[n++] = kDigits[group >> 18];
    text[n++] = kDigits[group >> 12 & 63];
    text[n++] = '=';
    text[n++] = '=';
    if (i + 1 < size) text[n - 2] = kDigits[group >> 6 & 63];
    if (i + 2 < size) text[n - 1] = kDigits[group & 63];
  }
  text[n] = '\0';
  put_text(to, name, text);
  free(text);
}

void put_account(cJSON* to, const mychat_account* account) {
  put_text(to, "handle", account->handle);
  put_bool(to, "logged_in", account->logged_in);
  put_bool(to, "has_identity", account->has_identity);
  put_bool(to, "signs_messages", account->signs_messages);
  put_text(to, "user_id", account->user_id);
  put_text(to, "node_url", account->node_url);
  put_text(to, "fingerprint", account->fingerprint);
  put_text(to, "avatar_url", account->avatar_url);
  put_text(to, "status_message", account->status_message);
  put_time(to, "backup_at", account->backup_at);
}

void put_contact(cJSON* to, const mychat_contact* contact) {
  put_text(to, "handle", contact->handle);
  put_text(to, "nickname", contact->nickname);
  put_enum(to, "trust", trusts, contact->trust, 1);
  put_text(to, "fingerprint", contact->fingerprint);
  put_text(to, "pending_fingerprint", contact->pending_fingerprint);
  put_bool(to, "pending_vouched", contact->pending_vouched);
  put_bool(to, "signs_messages", contact->signs_messages);
  put_bool(to, "is_contact", contact->is_contact);
  put_text(to, "avatar_url", contact->avatar_url);
  put_text(to, "status_message", contact->status_message);
  put_time(to, "added_at", contact->added_at);
  put_time(to, "last_message_at", contact->last_message_at);
}

void put_message(cJSON* to, const mychat_message* message) {
  put_text(to, "id", message->id);
  put_text(to, "peer", message->peer);
  put_text(to, "sender", message->sender);
  put_enum(to, "direction", directions, message->direction, 1);
  put_number(to, "position", message->position);
  put_enum(to, "content_type", content_types, message->content_type, 1);
  put_enum(to, "status", message_states, message->status, 1);
  put_enum(to, "verification", verifications, message->verification, 0);
  put_bool(to, "readable", message->readable);
  if (message->text == NULL) {
    cJSON_AddNullToObject(to, "text");
  } else {
    put_text(to, "text", message->text);
  }
  put_base64(to, "data", message->data, message->size);
  put_number(to, "size", (int64_t)message->size);
  put_time(to, "sent_at", message->sent_at);
  put_time(to, "created_at", message->created_at);
  put_time(to, "delivered_at", message->delivered_at);
  put_time(to, "read_at", message->read_at);
  put_text(to, "failure", mychat_status_name(message->failure));
}

/* Adds an object to the array `name` of `to` for each item that `put` writes. */
#define PUT_LIST(to, name, list, put)                                \
  do {                                                               \
    cJSON* array = cJSON_AddArrayToObject(to, name);                 \
    size_t item_index;                                               \
    for (item_index = 0; item_index < (list)->count; ++item_index) { \
      cJSON* item = cJSON_CreateObject();                            \
      put(item, (list)->items[item_index]);                          \
      cJSON_AddItemToArray(array, item);                             \
    }                                                                \
  } while (0)

static void put_conversation(cJSON* to, const mychat_conversation* conversation) {
  put_text(to, "peer", conversation->peer);
  put_number(to, "unread", conversation->unread);
  put_text(to, "last_message_id", conversation->last_message_id);
  put_time(to, "last_message_at", conversation->last_message_at);
}

static void put_session(cJSON* to, const mychat_session* session) {
  put_text(to, "id", session->id);
  put_text(to, "device_name", session->device_name);
  put_bool(to, "current", session->current);
  put_time(to, "created_at", session->created_at);
  put_time(to, "last_used", session->last_used);
}

void put_messages(cJSON* to, const mychat_message_list* list) {
  PUT_LIST(to, "messages", list, put_message);
  put_bool(to, "has_more", list->has_more);
  put_number(to, "next_before", list->next_before);
}
void put_contacts(cJSON* to, const mychat_contact_list* list) { PUT_LIST(to, "contacts", list, put_contact); }
void put_conversations(cJSON* to, const mychat_conversation_list* list) {
  PUT_LIST(to, "conversations", list, put_conversation);
}
void put_sessions(cJSON* to, const mychat_session_list* list) { PUT_LIST(to, "sessions", list, put_session); }

void put_node_info(cJSON* to, const mychat_node_info* info) {
  put_text(to, "domain", info->domain);
  put_text(to, "version", info->version);
  put_bool(to, "registration_open", info->registration_open);
  put_bool(to, "federation_enabled", info->federation_enabled);
  put_bool(to, "extended", info->extended);
  put_number(to, "current_users", info->current_users);
  put_number(to, "max_users", info->max_users);
  put_number(to, "uptime_seconds", info->uptime_seconds);
  put_number(to, "max_message_size", info->max_message_size);
  put_text(to, "capabilities", info->capabilities);
}

void put_explanation(cJSON* to, const mychat_explanation* explanation) {
  put_text(to, "cause", mychat_status_name(explanation->cause));
  put_enum(to, "repair", repairs, explanation->repair, 0);
  put_number(to, "attempts", explanation->attempts);
  put_time(to, "retry_at", explanation->retry_at);
  put_text(to, "description", explanation->description);
}

void put_report(cJSON* to, const mychat_backup_report* report) {
  put_text(to, "handle", report->handle);
  put_text(to, "fingerprint", report->fingerprint);
  put_bool(to, "has_v1_members", report->has_v1_members);
  put_bool(to, "has_sealed_member", report->has_sealed_member);
  put_bool(to, "has_signing_key", report->has_signing_key);
  put_time(to, "created_at", report->created_at);
  put_number(to, "contacts", report->contacts);
  put_number(to, "verified_contacts", report->verified_contacts);
  put_number(to, "matches_account", report->matches_account);
  put_texts(to, "losses", report->losses, report->loss_count);
}

void put_store_report(cJSON* to, const mychat_store_report* report) {
  put_bool(to, "healthy", report->healthy);
  put_number(to, "values_checked", report->values_checked);
  put_texts(to, "problems", report->problems, report->problem_count);
}

void put_policy(cJSON* to, uint32_t flags) {
  cJSON* array = cJSON_AddArrayToObject(to, "policy");
  int i;
  for (i = 0; policies[i] != NULL; ++i)
    if (flags >> i & 1) cJSON_AddItemToArray(array, cJSON_CreateString(policies[i]));
}

cJSON* error_json(const mychat_error* error, const char* operation) {
  cJSON* made = cJSON_CreateObject();
  put_text(made, "status", mychat_status_name(error->status));
  put_number(made, "domain", error->domain);
  put_number(made, "detail", error->detail);
  put_bool(made, "retryable", error->retryable);
  put_text(made, "operation", operation);
  put_text(made, "message", error->message);
  return made;
}

static void put_error(cJSON* to, const mychat_error* error, const char* operation) {
  if (error->status == MYCHAT_OK) {
    cJSON_AddNullToObject(to, "error");
  } else {
    cJSON_AddItemToObject(to, "error", error_json(error, operation));
  }
}

static void put_completion(cJSON* to, const mychat_completion* completion) {
  const int32_t operation = completion->operation;
  put_enum(to, "operation", operations, operation, 1);
  put_number(to, "request", (int64_t)completion->request);
  put_error(to, &completion->error, operation >= 1 && operation <= 13 ? operations[operation - 1] : "");
}

static void put_connection(cJSON* to, const mychat_connection* connection) {
  put_enum(to, "state", connections, connection->state, 1);
  put_error(to, &connection->error, "start");
  put_time(to, "retry_at", connection->retry_at);
}

static void put_progress(cJSON* to, const mychat_progress* progress) {
  put_enum(to, "operation", operations, progress->operation, 1);
  put_number(to, "request", (int64_t)progress->request);
  put_number(to, "primes_found", progress->primes_found);
  put_number(to, "candidates", progress->candidates);
}

static void put_typing(cJSON* to, const mychat_typing* typing) {
  put_text(to, "peer", typing->peer);
  put_bool(to, "is_typing", typing->is_typing);
}

static void put_presence(cJSON* to, const mychat_presence* presence) {
  put_text(to, "peer", presence->peer);
  put_enum(to, "status", presence_states, presence->status, 1);
  put_time(to, "last_seen", presence->last_seen);
}

cJSON* event_json(const mychat_event* event) {
  cJSON* made = cJSON_CreateObject();
  put_text(made, "type", mychat_event_type_name(event->type));
  put_number(made, "seq", (int64_t)event->seq);
  put_time(made, "time", event->time);
  switch (event->type) {
    case MYCHAT_EVENT_COMPLETION:
      put_completion(cJSON_AddObjectToObject(made, "completion"), event->data.completion);
      break;
    case MYCHAT_EVENT_CONNECTION:
    case MYCHAT_EVENT_SESSION_ENDED:
      put_connection(cJSON_AddObjectToObject(made, "connection"), event->data.connection);
      break;
    case MYCHAT_EVENT_PROGRESS:
      put_progress(cJSON_AddObjectToObject(made, "progress"), event->data.progress);
      break;
    case MYCHAT_EVENT_MESSAGE:
    case MYCHAT_EVENT_MESSAGE_STATUS:
      put_message(cJSON_AddObjectToObject(made, "message"), event->data.message);
      break;
    case MYCHAT_EVENT_TYPING:
      put_typing(cJSON_AddObjectToObject(made, "typing"), event->data.typing);
      break;
    case MYCHAT_EVENT_PRESENCE:
      put_presence(cJSON_AddObjectToObject(made, "presence"), event->data.presence);
      break;
    case MYCHAT_EVENT_CONTACT:
    case MYCHAT_EVENT_KEY_CHANGED:
      put_contact(cJSON_AddObjectToObject(made, "contact"), event->data.contact);
      break;
    default:
      break;
  }
  return made;
}
