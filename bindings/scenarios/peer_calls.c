/* The calls that need a client. */
#define _POSIX_C_SOURCE 200809L
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "peer.h"

/* Waits for a request that was begun; `out` is its completion, if not NULL. */
static mychat_status await(call* it, mychat_status begun, mychat_request_id request, mychat_event** out) {
  if (begun != MYCHAT_OK) return begun;
  return mychat_client_await(it->client, request, -1, out, it->error);
}

/* The completion's account or contact as the result. */
static mychat_status await_result(call* it, mychat_status begun, mychat_request_id request) {
  mychat_event* event = NULL;
  const mychat_status status = await(it, begun, request, &event);
  if (status == MYCHAT_OK) {
    const mychat_completion* completion = event->data.completion;
    if (completion->account != NULL) put_account(it->result, completion->account);
    if (completion->contact != NULL) put_contact(it->result, completion->contact);
    if (completion->sessions != NULL) put_sessions(it->result, completion->sessions);
    if (completion->node_info != NULL) put_node_info(it->result, completion->node_info);
  }
  mychat_event_free(event);
  return status;
}

static mychat_status put_string(call* it, const char* name, mychat_status status, char* text) {
  if (status == MYCHAT_OK) cJSON_AddStringToObject(it->result, name, text);
  mychat_string_free(text);
  return status;
}

/* ---- Life and account */

static mychat_status do_start(call* it) { return mychat_client_start(it->client, it->error); }
static mychat_status do_stop(call* it) { return mychat_client_stop(it->client, it->error); }
static mychat_status do_close(call* it) { return mychat_client_close(it->client, it->error); }

static mychat_status begin_register(call* it, mychat_request_id* request) {
  mychat_register_options options = MYCHAT_REGISTER_OPTIONS_INIT;
  options.username = text_of(it, "username");
  options.password = text_of(it, "password");
  options.device_name = text_of(it, "device_name");
  return mychat_client_register(it->client, &options, request, it->error);
}

static mychat_status do_register(call* it) {
  mychat_request_id request = 0;
  const mychat_status begun = begin_register(it, &request);
  return await_result(it, begun, request);
}

static mychat_status do_cancelled_register(call* it) {
  mychat_request_id request = 0;
  const mychat_status begun = begin_register(it, &request);
  it->operation = "register";
  if (begun == MYCHAT_OK) mychat_client_cancel(it->client, request, NULL);
  return await_result(it, begun, request);
}

static mychat_status do_login(call* it) {
  mychat_login_options options = MYCHAT_LOGIN_OPTIONS_INIT;
  mychat_request_id request = 0;
  mychat_status begun;
  options.username = text_of(it, "username");
  options.password = text_of(it, "password");
  options.device_name = text_of(it, "device_name");
  begun = mychat_client_login(it->client, &options, &request, it->error);
  return await_result(it, begun, request);
}

static mychat_status do_account(call* it) {
  mychat_account* account = NULL;
  const mychat_status status = mychat_client_account(it->client, &account, it->error);
  if (status == MYCHAT_OK) put_account(it->result, account);
  mychat_account_free(account);
  return status;
}

/* A networked call whose arguments are texts. */
#define NETWORKED(name, ...)                                                                        \
  static mychat_status do_##name(call* it) {                                                        \
    mychat_request_id request = 0;                                                                  \
    const mychat_status begun = mychat_client_##name(it->client, __VA_ARGS__, &request, it->error); \
    return await_result(it, begun, request);                                                        \
  }
#define NETWORKED_BARE(name)                                                           \
  static mychat_status do_##name(call* it) {                                           \
    mychat_request_id request = 0;                                                     \
    const mychat_status begun = mychat_client_##name(it->client, &request, it->error); \
    return await_result(it, begun, request);                                           \
  }
NETWORKED_BARE(logout)
NETWORKED_BARE(sessions)
NETWORKED_BARE(node_info)
NETWORKED(delete_account, text_of(it, "password"))
NETWORKED(change_password, text_of(it, "current_password"), text_of(it, "new_password"))
NETWORKED(set_profile, text_of(it, "avatar_url"), text_of(it, "status_message"))
NETWORKED(revoke_session, text_of(it, "session_id"))
NETWORKED(add_contact, text_of(it, "handle"), text_of(it, "nickname"))
NETWORKED(remove_contact, text_of(it, "handle"))
NETWORKED(lookup, text_of(it, "handle"))
NETWORKED(rotate_identity, text_of(it, "password"))

/* ---- Local calls */

/* A call that gives an object: TYPE, how to put it, how to free it, and the call's arguments. */
#define GIVES(name, type, put, free, ...)                                                          \
  static mychat_status do_##name(call* it) {                                                       \
    type* value = NULL;                                                                            \
    const mychat_status status = mychat_client_##name(it->client, __VA_ARGS__ & value, it->error); \
    if (status == MYCHAT_OK) put(it->result, value);                                               \
    free(value);                                                                                   \
    return status;                                                                                 \
  }
#define AND(...) __VA_ARGS__,
GIVES(contact, mychat_contact, put_contact, mychat_contact_free, AND(text_of(it, "handle")))
GIVES(message, mychat_message, put_message, mychat_message_free, AND(text_of(it, "message_id")))
GIVES(explain, mychat_explanation, put_explanation, mychat_explanation_free, AND(text_of(it, "message_id")))
GIVES(history, mychat_message_list, put_messages, mychat_message_list_free,
      AND(text_of(it, "peer"), number_of(it, "before", 0), (uint32_t)number_of(it, "limit", 50)))
GIVES(search, mychat_message_list, put_messages, mychat_message_list_free,
      AND(text_of(it, "query"), text_of(it, "peer"), number_of(it, "before", 0),
          (uint32_t)number_of(it, "limit", 50)))

#define GIVES_BARE(name, type, put, free)                                             \
  static mychat_status do_##name(call* it) {                                          \
    type* value = NULL;                                                               \
    const mychat_status status = mychat_client_##name(it->client, &value, it->error); \
    if (status == MYCHAT_OK) put(it->result, value);                                  \
    free(value);                                                                      \
    return status;                                                                    \
  }
GIVES_BARE(contacts, mychat_contact_list, put_contacts, mychat_contact_list_free)
GIVES_BARE(conversations, mychat_conversation_list, put_conversations, mychat_conversation_list_free)
GIVES_BARE(check_store, mychat_store_report, put_store_report, mychat_store_report_free)

/* A call that gives nothing. */
#define NOTHING(name, ...)                                           \
  static mychat_status do_##name(call* it) {                         \
    return mychat_client_##name(it->client, __VA_ARGS__, it->error); \
  }
NOTHING(set_typing, text_of(it, "peer"), flag_of(it, "is_typing"))
NOTHING(set_presence, choice_of(it, "status", presence_states, 0))
NOTHING(retry, text_of(it, "message_id"))
NOTHING(mark_read, text_of(it, "peer"), text_of(it, "message_id"))
NOTHING(set_policy, (uint32_t)policy_of(it))
NOTHING(import_private_key, text_of(it, "key"))
NOTHING(set_verified, text_of(it, "handle"), text_of(it, "fingerprint"), flag_of(it, "verified"))
NOTHING(accept_key, text_of(it, "handle"), text_of(it, "fingerprint"))
NOTHING(backup_store, text_of(it, "path"))
NOTHING(change_passphrase, text_of(it, "new_passphrase"))
NOTHING(ack, (uint64_t)number_of(it, "seq", 0))

static mychat_status do_policy(call* it) {
  uint32_t flags = 0;
  const mychat_status status = mychat_client_policy(it->client, &flags, it->error);
  if (status == MYCHAT_OK) put_policy(it->result, flags);
  return status;
}

static mychat_status do_send(call* it) {
  mychat_send_options options = MYCHAT_SEND_OPTIONS_INIT;
  char id[MYCHAT_MESSAGE_ID_SIZE];
  const char* text = text_of(it, "text");
  unsigned char* bytes = NULL;
  mychat_status status;
  options.recipient = text_of(it, "to");
  options.message_id = text_of(it, "message_id");
  if (text != NULL) {
    options.data = text;
    options.size = strlen(text);
  } else {
    const char* data = text_of(it, "data");
    bytes = base64_bytes(data == NULL ? "" : data, &options.size);
    options.data = bytes;
    options.content_type = choice_of(it, "content_type", content_types, MYCHAT_CONTENT_FILE);
  }
  status = mychat_client_send(it->client, &options, id, it->error);
  free(bytes);
  if (status == MYCHAT_OK) cJSON_AddStringToObject(it->result, "id", id);
  return status;
}

/* ---- Keys */

/* A call that gives a text: the result's member, and the call's argument. */
#define GIVES_TEXT(name, member, argument)                                                     \
  static mychat_status do_##name(call* it) {                                                   \
    char* text = NULL;                                                                         \
    const mychat_status status = mychat_client_##name(it->client, argument, &text, it->error); \
    return put_string(it, member, status, text);                                               \
  }
GIVES_TEXT(public_key, "key", choice_of(it, "format", key_formats, MYCHAT_KEY_PEM))
GIVES_TEXT(export_private_key, "key", choice_of(it, "format", key_formats, MYCHAT_KEY_PEM))
GIVES_TEXT(safety_number, "text", text_of(it, "handle"))
GIVES_TEXT(safety_qr, "text", text_of(it, "handle"))

static mychat_status do_fingerprint(call* it) {
  char* text = NULL;
  const mychat_status status =
      mychat_fingerprint(text_of(it, "key"), MYCHAT_FINGERPRINT_JWK, &text, it->error);
  return put_string(it, "fingerprint", status, text);
}

static mychat_status do_compare_safety_qr(call* it) {
  mychat_scan_result result = 0;
  const mychat_status status = mychat_client_compare_safety_qr(it->client, text_of(it, "handle"),
                                                               text_of(it, "scanned"), &result, it->error);
  if (status == MYCHAT_OK) cJSON_AddStringToObject(it->result, "result", scan_results[result - 1]);
  return status;
}

/* ---- Backups */

static mychat_status file_error(call* it, const char* what) {
  mychat_error_init(it->error);
  it->error->status = MYCHAT_E_IO;
  it->error->domain = MYCHAT_DOMAIN_SYSTEM;
  snprintf(it->error->message, sizeof it->error->message, "%s", what);
  return MYCHAT_E_IO;
}

static mychat_status do_export_backup(call* it) {
  mychat_backup* backup = NULL;
  mychat_status status = mychat_client_export_backup(it->client, text_of(it, "password"),
                                                     choice_of(it, "kind", backup_kinds, MYCHAT_BACKUP_FULL),
                                                     &backup, it->error);
  if (status == MYCHAT_OK) {
    const int fd = open(text_of(it, "path"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, backup->data, backup->size) != (ssize_t)backup->size)
      status = file_error(it, "The backup's file cannot be written.");
    if (fd >= 0) close(fd);
    cJSON_AddStringToObject(it->result, "file_name", backup->file_name);
    cJSON_AddNumberToObject(it->result, "size", (double)backup->size);
  }
  mychat_backup_free(backup);
  return status;
}

typedef mychat_status (*backup_function)(mychat_client* client, const void* data, size_t size,
                                         const char* password, mychat_backup_report** out_report,
                                         mychat_error* error);

static mychat_status with_backup(call* it, backup_function function) {
  enum { kMost = 16 << 20 };
  mychat_backup_report* report = NULL;
  mychat_status status;
  FILE* file = fopen(text_of(it, "path"), "rb");
  char* data = file == NULL ? NULL : malloc(kMost);
  size_t size;
  if (data == NULL) {
    if (file != NULL) fclose(file);
    return file_error(it, "The backup's file cannot be read.");
  }
  size = fread(data, 1, kMost, file);
  fclose(file);
  status = function(it->client, data, size, text_of(it, "password"), &report, it->error);
  free(data);
  if (status == MYCHAT_OK) put_report(it->result, report);
  mychat_backup_report_free(report);
  return status;
}

static mychat_status do_verify_backup(call* it) { return with_backup(it, mychat_verify_backup); }
static mychat_status do_import_backup(call* it) { return with_backup(it, mychat_client_import_backup); }

/* ---- All of them */

call_function find_call(const char* name) {
#define CALL(call) \
  { #call, do_##call }
  static const struct {
    const char* name;
    call_function function;
  } kCalls[] = {CALL(start),
                CALL(stop),
                CALL(close),
                CALL(register),
                CALL(login),
                CALL(logout),
                CALL(account),
                CALL(set_profile),
                CALL(change_password),
                CALL(delete_account),
                CALL(sessions),
                CALL(revoke_session),
                CALL(node_info),
                CALL(cancelled_register),
                CALL(add_contact),
                CALL(remove_contact),
                CALL(lookup),
                CALL(contact),
                CALL(contacts),
                CALL(conversations),
                CALL(set_typing),
                CALL(set_presence),
                CALL(send),
                CALL(retry),
                CALL(message),
                CALL(history),
                CALL(search),
                CALL(mark_read),
                CALL(explain),
                CALL(policy),
                CALL(set_policy),
                CALL(public_key),
                CALL(export_private_key),
                CALL(import_private_key),
                CALL(fingerprint),
                CALL(safety_number),
                CALL(safety_qr),
                CALL(compare_safety_qr),
                CALL(set_verified),
                CALL(accept_key),
                CALL(rotate_identity),
                CALL(export_backup),
                CALL(verify_backup),
                CALL(import_backup),
                CALL(check_store),
                CALL(backup_store),
                CALL(change_passphrase),
                CALL(ack)};
#undef CALL
  size_t i;
  for (i = 0; i < sizeof kCalls / sizeof kCalls[0]; ++i)
    if (strcmp(kCalls[i].name, name) == 0) return kCalls[i].function;
  return NULL;
}
