/* The C peer of bindings/SCENARIOS.md. */
#ifndef MYCHAT_PEER_H
#define MYCHAT_PEER_H

#include <cjson/cJSON.h>
#include <mychat/mychat.h>

/* What a call is given and what it gives. */
typedef struct call {
  mychat_client* client; /* NULL before `open` and after `close`, of which the library has told the error. */
  const cJSON* given;
  cJSON* result; /* Where the result's members go. */
  mychat_error* error;
  const char* operation; /* The C function without its prefix. */
} call;

typedef mychat_status (*call_function)(call* it);

/* The function of a call that needs a client, or NULL. */
call_function find_call(const char* name);
/* The function of a call about groups of MLS, which needs none, or NULL. */
call_function find_mls_call(const char* name);
/* Frees the group of such calls. */
void end_mls(void);

/* ---- JSON (peer_json.c) */

/* A member of what was given; NULL or the other value when it is not there. */
const char* text_of(const call* it, const char* name);
int64_t number_of(const call* it, const char* name, int64_t otherwise);
int flag_of(const call* it, const char* name);
/* The value of an enum by its name in lower case; `names` ends with NULL and begins with the name of 1. */
int32_t choice_of(const call* it, const char* name, const char* const* names, int32_t otherwise);

extern const char* const key_formats[];
extern const char* const backup_kinds[];
extern const char* const content_types[];
extern const char* const presence_states[];
extern const char* const scan_results[];

void put_account(cJSON* to, const mychat_account* account);
void put_contact(cJSON* to, const mychat_contact* contact);
void put_message(cJSON* to, const mychat_message* message);
void put_messages(cJSON* to, const mychat_message_list* list);
void put_contacts(cJSON* to, const mychat_contact_list* list);
void put_conversations(cJSON* to, const mychat_conversation_list* list);
void put_sessions(cJSON* to, const mychat_session_list* list);
void put_node_info(cJSON* to, const mychat_node_info* info);
void put_explanation(cJSON* to, const mychat_explanation* explanation);
void put_report(cJSON* to, const mychat_backup_report* report);
void put_store_report(cJSON* to, const mychat_store_report* report);
void put_policy(cJSON* to, uint32_t flags);
int32_t policy_of(const call* it);
cJSON* event_json(const mychat_event* event);
cJSON* error_json(const mychat_error* error, const char* operation);
void put_base64(cJSON* to, const char* name, const uint8_t* data, size_t size);
/* Bytes of a Base64 text; free them. NULL for what is none. */
unsigned char* base64_bytes(const char* text, size_t* out_size);

#endif
