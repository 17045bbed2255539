/* Calls of the C peer that are about groups of MLS. */
#include <mychat/mls.h>
#include <stdlib.h>
#include <string.h>

#include "peer.h"

static mychat_mls_group* g_group = NULL;
static mychat_mls_key_package* g_package = NULL;

void end_mls(void) {
  mychat_mls_group_free(g_group);
  mychat_mls_key_package_free(g_package);
  g_group = NULL;
  g_package = NULL;
}

/* The group in place of the one before. */
static void replace(mychat_mls_group* group) {
  mychat_mls_group_free(g_group);
  g_group = group;
}

static mychat_mls_options acceptance(void) {
  mychat_mls_options options = MYCHAT_MLS_OPTIONS_INIT;
  options.flags = MYCHAT_MLS_ACCEPT_ALL;
  return options;
}

/* Bytes that were given; free them. */
static unsigned char* bytes_of(const call* it, const char* name, size_t* out_size) {
  const char* text = text_of(it, name);
  *out_size = 0;
  return text == NULL ? NULL : base64_bytes(text, out_size);
}

static void put_bytes(cJSON* to, const char* name, mychat_bytes* bytes) {
  if (bytes == NULL) {
    cJSON_AddNullToObject(to, name);
  } else {
    put_base64(to, name, bytes->data, bytes->size);
  }
  mychat_bytes_free(bytes);
}

/* A string of bytes that need not end with a zero. */
static void put_name(cJSON* to, const char* name, const uint8_t* data, size_t size) {
  char* text = malloc(size + 1);
  if (text == NULL) abort();
  if (size > 0) memcpy(text, data, size);
  text[size] = '\0';
  if (name == NULL) {
    cJSON_AddItemToArray(to, cJSON_CreateString(text));
  } else {
    cJSON_AddStringToObject(to, name, text);
  }
  free(text);
}

/* How somebody new of the given name appears. */
typedef struct appearance {
  mychat_mls_leaf_options options;
  mychat_bytes* credential;
  mychat_bytes* key;
} appearance;

static mychat_status appear(const call* it, appearance* as) {
  const mychat_mls_leaf_options initial = MYCHAT_MLS_LEAF_OPTIONS_INIT;
  const char* name = text_of(it, "name");
  mychat_status status =
      mychat_mls_basic_credential(name, name == NULL ? 0 : strlen(name), &as->credential, it->error);
  if (status == MYCHAT_OK)
    status = mychat_mls_new_signature_key(MYCHAT_MLS_DEFAULT_SUITE, &as->key, it->error);
  if (status != MYCHAT_OK) return status;
  as->options = initial;
  as->options.credential = as->credential->data;
  as->options.credential_size = as->credential->size;
  as->options.private_key = as->key->data;
  as->options.private_key_size = as->key->size;
  return MYCHAT_OK;
}

static void disappear(appearance* as) {
  mychat_bytes_free(as->credential);
  mychat_bytes_free(as->key);
}

static mychat_status do_mls_package(call* it) {
  appearance as = {MYCHAT_MLS_LEAF_OPTIONS_INIT, NULL, NULL};
  mychat_bytes* message = NULL;
  mychat_status status = appear(it, &as);
  mychat_mls_key_package_free(g_package);
  g_package = NULL;
  if (status == MYCHAT_OK)
    status = mychat_mls_key_package_create(MYCHAT_MLS_DEFAULT_SUITE, &as.options, &g_package, it->error);
  if (status == MYCHAT_OK) status = mychat_mls_key_package_message(g_package, &message, it->error);
  put_bytes(it->result, "message", message);
  disappear(&as);
  return status;
}

static mychat_status do_mls_create(call* it) {
  const mychat_mls_options options = acceptance();
  appearance as = {MYCHAT_MLS_LEAF_OPTIONS_INIT, NULL, NULL};
  mychat_mls_group* made = NULL;
  mychat_status status = appear(it, &as);
  if (status == MYCHAT_OK)
    status = mychat_mls_group_create(&options, MYCHAT_MLS_DEFAULT_SUITE, &as.options, NULL, &made, it->error);
  if (status == MYCHAT_OK) replace(made);
  disappear(&as);
  return status;
}

static mychat_status do_mls_join(call* it) {
  const mychat_mls_options options = acceptance();
  mychat_mls_group* made = NULL;
  size_t size = 0;
  unsigned char* welcome = bytes_of(it, "welcome", &size);
  const mychat_status status =
      mychat_mls_group_join(&options, welcome, size, &g_package, 1, NULL, 0, NULL, NULL, &made, it->error);
  if (status == MYCHAT_OK) replace(made);
  free(welcome);
  return status;
}

static mychat_status do_mls_join_external(call* it) {
  const mychat_mls_options options = acceptance();
  appearance as = {MYCHAT_MLS_LEAF_OPTIONS_INIT, NULL, NULL};
  mychat_mls_commit* commit = NULL;
  mychat_mls_group* made = NULL;
  mychat_bytes* message = NULL;
  size_t size = 0;
  unsigned char* info = bytes_of(it, "group_info", &size);
  mychat_status status = appear(it, &as);
  if (status == MYCHAT_OK)
    status = mychat_mls_group_join_external(&options, info, size, &as.options, NULL, &commit, it->error);
  if (status == MYCHAT_OK) status = mychat_mls_commit_message(commit, &message, it->error);
  if (status == MYCHAT_OK) status = mychat_mls_commit_group(commit, &made, it->error);
  if (status == MYCHAT_OK) replace(made);
  put_bytes(it->result, "commit", message);
  mychat_mls_commit_free(commit);
  disappear(&as);
  free(info);
  return status;
}

/* The proposal that was asked for; empty for none. */
static mychat_status proposal_of(const call* it, mychat_bytes** out_proposal) {
  const int64_t leaf = number_of(it, "remove", -1);
  mychat_status status = MYCHAT_OK;
  size_t size = 0;
  unsigned char* package = bytes_of(it, "add", &size);
  if (package != NULL) {
    status = mychat_mls_propose_add(package, size, out_proposal, it->error);
  } else if (leaf >= 0) {
    status = mychat_mls_propose_remove((uint32_t)leaf, out_proposal, it->error);
  }
  free(package);
  return status;
}

static mychat_status do_mls_commit(call* it) {
  mychat_mls_commit_options options = MYCHAT_MLS_COMMIT_OPTIONS_INIT;
  mychat_bytes *proposal = NULL, *message = NULL, *welcome = NULL;
  mychat_mls_commit* commit = NULL;
  mychat_status status = proposal_of(it, &proposal);
  it->operation = "mls_group_commit";
  if (proposal != NULL) {
    options.proposals = proposal->data;
    options.proposals_size = proposal->size;
  }
  if (status == MYCHAT_OK) status = mychat_mls_group_commit(g_group, &options, &commit, it->error);
  if (status == MYCHAT_OK) status = mychat_mls_commit_message(commit, &message, it->error);
  if (status == MYCHAT_OK) {
    status = mychat_mls_commit_welcome(commit, &welcome, it->error);
    if (status == MYCHAT_E_NOT_FOUND) status = MYCHAT_OK; /* Nobody is added. */
  }
  if (status == MYCHAT_OK) status = mychat_mls_group_apply(g_group, commit, it->error);
  put_bytes(it->result, "commit", message);
  put_bytes(it->result, "welcome", welcome);
  mychat_mls_commit_free(commit);
  mychat_bytes_free(proposal);
  return status;
}

static mychat_status do_mls_export_info(call* it) {
  mychat_bytes* info = NULL;
  const mychat_status status = mychat_mls_group_export_info(
      g_group, MYCHAT_MLS_INFO_TREE | MYCHAT_MLS_INFO_EXTERNAL_PUB, &info, it->error);
  put_bytes(it->result, "group_info", info);
  return status;
}

static mychat_status do_mls_protect(call* it) {
  const char* text = text_of(it, "text");
  mychat_bytes* message = NULL;
  mychat_status status;
  it->operation = "mls_group_protect";
  status = mychat_mls_group_protect(g_group, text, text == NULL ? 0 : strlen(text), NULL, 0, 16, &message,
                                    it->error);
  put_bytes(it->result, "message", message);
  return status;
}

static mychat_status do_mls_process(call* it) {
  static const char* const kContents[] = {"none", "application", "proposal", "commit"};
  mychat_mls_received* received = NULL;
  size_t size = 0;
  unsigned char* message = bytes_of(it, "message", &size);
  const mychat_status status = mychat_mls_group_process(g_group, message, size, &received, it->error);
  it->operation = "mls_group_process";
  free(message);
  if (status != MYCHAT_OK) return status;
  cJSON_AddStringToObject(it->result, "content", kContents[received->content & 3]);
  cJSON_AddNumberToObject(it->result, "sender", received->sender);
  if (received->credential == NULL) {
    cJSON_AddNullToObject(it->result, "name");
  } else {
    put_name(it->result, "name", received->credential->identity, received->credential->identity_size);
  }
  put_name(it->result, "text", received->data, received->data_size);
  mychat_mls_received_free(received);
  return MYCHAT_OK;
}

static mychat_status do_mls_state(call* it) {
  mychat_mls_group_state* state = NULL;
  mychat_mls_member_list* members = NULL;
  mychat_bytes* secret = NULL;
  cJSON* names = NULL;
  size_t i;
  mychat_status status = mychat_mls_group_describe(g_group, &state, it->error);
  if (status == MYCHAT_OK) status = mychat_mls_group_members(g_group, &members, it->error);
  if (status == MYCHAT_OK) status = mychat_mls_group_epoch_authenticator(g_group, &secret, it->error);
  if (status == MYCHAT_OK) {
    cJSON_AddNumberToObject(it->result, "epoch", (double)state->epoch);
    cJSON_AddNumberToObject(it->result, "own_leaf", state->own_leaf);
    names = cJSON_AddArrayToObject(it->result, "members");
    for (i = 0; i < members->count; ++i)
      put_name(names, NULL, members->items[i]->credential->identity,
               members->items[i]->credential->identity_size);
  }
  put_bytes(it->result, "authenticator", secret);
  mychat_mls_group_state_free(state);
  mychat_mls_member_list_free(members);
  return status;
}

static mychat_status do_mls_restart(call* it) {
  const mychat_mls_options options = acceptance();
  mychat_mls_record_list* records = NULL;
  mychat_mls_group* made = NULL;
  mychat_status status = mychat_mls_group_save(g_group, &records, it->error);
  if (status == MYCHAT_OK)
    status = mychat_mls_group_load(&options, records->items, records->count, &made, it->error);
  if (status == MYCHAT_OK) replace(made);
  mychat_mls_record_list_free(records);
  return status;
}

call_function find_mls_call(const char* name) {
#define CALL(call) \
  { #call, do_##call }
  static const struct {
    const char* name;
    call_function function;
  } kCalls[] = {CALL(mls_package),     CALL(mls_create),  CALL(mls_join),    CALL(mls_join_external),
                CALL(mls_commit),      CALL(mls_protect), CALL(mls_process), CALL(mls_state),
                CALL(mls_export_info), CALL(mls_restart)};
#undef CALL
  size_t i;
  for (i = 0; i < sizeof kCalls / sizeof kCalls[0]; ++i)
    if (strcmp(kCalls[i].name, name) == 0) return kCalls[i].function;
  return NULL;
}
