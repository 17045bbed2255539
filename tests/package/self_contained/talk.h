/* Two users in one process who register, or come back, and exchange a message over TLS in real time. */
#ifndef MYCHAT_TESTS_PACKAGE_TALK_H
#define MYCHAT_TESTS_PACKAGE_TALK_H

#include <mychat/mychat.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int talk_failed(const char* what, const mychat_error* error) {
  fprintf(stderr, "%s: %s: %s\n", what, mychat_status_name(error->status), error->message);
  return 1;
}

static int talk_enter(const char* url, const char* folder, const char* name, mychat_client** out) {
  mychat_error error = MYCHAT_ERROR_INIT;
  mychat_client_options options = MYCHAT_CLIENT_OPTIONS_INIT;
  mychat_register_options user = MYCHAT_REGISTER_OPTIONS_INIT;
  mychat_account* account = NULL;
  mychat_request_id request = 0;
  char store[512];
  snprintf(store, sizeof store, "%s/%s.mychat", folder, name);
  options.store_path = store;
  options.passphrase = "local secret";
  options.node_url = url;
  if (mychat_client_create(&options, out, &error)) return talk_failed("create", &error);
  if (mychat_client_account(*out, &account, &error)) return talk_failed("account", &error);
  const int logged_in = account->logged_in;
  mychat_account_free(account);
  if (logged_in) {
    if (mychat_client_start(*out, &error)) return talk_failed("start", &error);
    return 0;
  }
  user.username = name;
  user.password = "a password of theirs";
  if (mychat_client_register(*out, &user, &request, &error)) return talk_failed("register", &error);
  if (mychat_client_await(*out, request, 120000, NULL, &error)) return talk_failed("register", &error);
  return 0;
}

/* Takes events until the client is connected in real time (text NULL), or has received `text`. */
static int talk_wait(mychat_client* client, const char* text) {
  mychat_error error = MYCHAT_ERROR_INIT;
  for (;;) {
    mychat_event* event = NULL;
    int done = 0;
    if (mychat_client_poll(client, 60000, &event, &error))
      return talk_failed(text ? "receive" : "connect", &error);
    if (text == NULL && event->type == MYCHAT_EVENT_CONNECTION)
      done = event->data.connection->state == MYCHAT_CONNECTION_ONLINE;
    if (text != NULL && event->type == MYCHAT_EVENT_MESSAGE && event->data.message->text != NULL)
      done = strcmp(event->data.message->text, text) == 0;
    if (event->seq != 0) mychat_client_ack(client, event->seq, NULL);
    mychat_event_free(event);
    if (done) return 0;
  }
}

static int talk(const char* url, const char* folder) {
  mychat_error error = MYCHAT_ERROR_INIT;
  mychat_client* alice = NULL;
  mychat_client* bob = NULL;
  int result = 0;
  char text[64]; /* Not that of an earlier run. */
  snprintf(text, sizeof text, "hello from process %ld", (long)getpid());
  printf("%s\n", mychat_build_info());
  if (talk_enter(url, folder, "alice", &alice) || talk_enter(url, folder, "bob", &bob) ||
      talk_wait(alice, NULL) || talk_wait(bob, NULL))
    result = 1;
  if (result == 0 && mychat_client_send_text(alice, "bob@localhost", text, NULL, &error))
    result = talk_failed("send", &error);
  if (result == 0) result = talk_wait(bob, text);
  mychat_client_free(bob);
  mychat_client_free(alice);
  return result;
}

#endif
