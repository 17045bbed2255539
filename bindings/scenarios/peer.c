/* The C peer of bindings/SCENARIOS.md: a client that obeys lines of JSON. */
#define _POSIX_C_SOURCE 200809L
#include "peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static mychat_client* g_client = NULL;
static cJSON* g_kept = NULL; /* Events that no `wait` has taken. */

static void forget_kept(void) {
  cJSON_Delete(g_kept);
  g_kept = cJSON_CreateArray();
}

static mychat_status do_open(call* it) {
  mychat_client_options options = MYCHAT_CLIENT_OPTIONS_INIT;
  it->operation = "create";
  mychat_client_free(g_client);
  g_client = NULL;
  forget_kept();
  options.store_path = text_of(it, "store");
  options.passphrase = text_of(it, "passphrase");
  options.node_url = text_of(it, "node_url");
  if (flag_of(it, "must_exist")) options.flags |= MYCHAT_CLIENT_STORE_MUST_EXIST;
  return mychat_client_create(&options, &g_client, it->error);
}

static int matches(const cJSON* event, const char* type, const cJSON* match) {
  const cJSON *wanted = NULL, *payload = NULL, *part = NULL;
  if (strcmp(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(event, "type")), type) != 0) return 0;
  cJSON_ArrayForEach(part, event) if (cJSON_IsObject(part)) payload = part;
  cJSON_ArrayForEach(wanted, match) {
    const cJSON* seen = cJSON_GetObjectItemCaseSensitive(payload, wanted->string);
    if (seen == NULL || !cJSON_Compare(seen, wanted, 1)) return 0;
  }
  return 1;
}

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static mychat_status do_wait(call* it) {
  const char* type = text_of(it, "type");
  const cJSON* match = cJSON_GetObjectItemCaseSensitive(it->given, "match");
  const int64_t end = now_ms() + number_of(it, "timeout_ms", 30000);
  int looked = 0;
  for (;;) {
    mychat_event* event = NULL;
    const int64_t left = end - now_ms();
    mychat_status status;
    for (; looked < cJSON_GetArraySize(g_kept); ++looked) {
      if (matches(cJSON_GetArrayItem(g_kept, looked), type == NULL ? "" : type, match)) {
        cJSON* taken = cJSON_DetachItemFromArray(g_kept, looked);
        cJSON_Delete(it->result);
        it->result = taken;
        return MYCHAT_OK;
      }
    }
    status = mychat_client_poll(it->client, left > 0 ? (int32_t)left : 0, &event, it->error);
    if (status != MYCHAT_OK) return status;
    cJSON_AddItemToArray(g_kept, event_json(event));
    mychat_event_free(event);
  }
}

static mychat_status do_rewind(call* it) {
  const mychat_status status = mychat_client_rewind(it->client, it->error);
  if (status == MYCHAT_OK) forget_kept();
  return status;
}

static void exception(cJSON* answer, const char* name, const char* message) {
  cJSON* error = cJSON_CreateObject();
  cJSON_AddBoolToObject(answer, "ok", 0);
  cJSON_AddStringToObject(error, "status", "EXCEPTION");
  cJSON_AddNumberToObject(error, "domain", 0);
  cJSON_AddNumberToObject(error, "detail", 0);
  cJSON_AddBoolToObject(error, "retryable", 0);
  cJSON_AddStringToObject(error, "operation", name);
  cJSON_AddStringToObject(error, "message", message);
  cJSON_AddItemToObject(answer, "error", error);
}

static void closed(mychat_error* error) {
  error->status = MYCHAT_E_CLOSED;
  error->domain = MYCHAT_DOMAIN_API;
  snprintf(error->message, sizeof error->message, "There is no client.");
}

static void obey(const cJSON* given, const char* name, cJSON* answer) {
  mychat_error error = MYCHAT_ERROR_INIT;
  call it = {g_client, given, NULL, &error, name};
  mychat_status status = MYCHAT_OK;
  const call_function function = strcmp(name, "open") == 0     ? do_open
                                 : strcmp(name, "wait") == 0   ? do_wait
                                 : strcmp(name, "rewind") == 0 ? do_rewind
                                                               : find_call(name);
  const call_function of_mls = find_mls_call(name);
  if (of_mls == NULL && function == NULL) {
    exception(answer, name, "There is no such call.");
    return;
  }
  it.result = cJSON_CreateObject();
  if (of_mls != NULL) {
    status = of_mls(&it);
  } else if (g_client == NULL && function != do_open && strcmp(name, "fingerprint") != 0) {
    closed(&error);
    status = error.status;
  } else {
    status = function(&it);
  }
  cJSON_AddBoolToObject(answer, "ok", status == MYCHAT_OK);
  if (status == MYCHAT_OK) {
    cJSON_AddItemToObject(answer, "result", it.result);
  } else {
    cJSON_Delete(it.result);
    cJSON_AddItemToObject(answer, "error", error_json(&error, it.operation));
  }
}

/* Answers one line; 0 when it was the last. */
static int answer_line(const char* line) {
  cJSON* given = cJSON_Parse(line);
  cJSON* answer = cJSON_CreateObject();
  const cJSON* id = cJSON_GetObjectItemCaseSensitive(given, "id");
  const char* name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(given, "do"));
  const int last = name != NULL && strcmp(name, "exit") == 0;
  char* text = NULL;
  cJSON_AddItemToObject(answer, "id", id == NULL ? cJSON_CreateNull() : cJSON_Duplicate(id, 1));
  if (name == NULL) {
    exception(answer, "", "A line must be a JSON object with a member do.");
  } else if (strcmp(name, "hello") == 0 || last) {
    cJSON* result = cJSON_CreateObject();
    if (!last) {
      cJSON_AddStringToObject(result, "language", "c");
      cJSON_AddStringToObject(result, "library", mychat_version_string());
      cJSON_AddNumberToObject(result, "protocol", 1);
    }
    cJSON_AddBoolToObject(answer, "ok", 1);
    cJSON_AddItemToObject(answer, "result", result);
  } else {
    obey(given, name, answer);
  }
  text = cJSON_PrintUnformatted(answer);
  if (text != NULL) puts(text);
  fflush(stdout);
  cJSON_free(text);
  cJSON_Delete(answer);
  cJSON_Delete(given);
  return !last;
}

int main(void) {
  char* line = NULL;
  size_t room = 0;
  g_kept = cJSON_CreateArray();
  while (getline(&line, &room, stdin) >= 0 && answer_line(line)) continue;
  free(line);
  cJSON_Delete(g_kept);
  mychat_client_free(g_client);
  end_mls();
  return 0;
}
