/*
 * echo_bot: answers every text that it receives with the same text.
 *
 *   MYCHAT_PASSPHRASE=... MYCHAT_PASSWORD=... echo_bot NODE_URL STORE_FILE USERNAME [MESSAGES]
 *
 * The first start registers the user; later ones go on where the last one ended. It ends after MESSAGES
 * answers that the node accepted, or with SIGINT or SIGTERM. C99 and POSIX; all it needs of MyChat is
 * <mychat/mychat.h>.
 *
 * How no message is lost and none is answered twice: events are a journal. A message is acknowledged after
 * its answer is in the outbox, and the answer's id is made of the message's, so that answering again after a
 * crash changes nothing.
 */
#define _POSIX_C_SOURCE 200809L

#include <mychat/mychat.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static volatile sig_atomic_t g_stop = 0;

static void on_signal(int number) {
  (void)number;
  g_stop = 1;
}

static int fail(const char* what, const mychat_error* error) {
  fprintf(stderr, "echo_bot: %s: %s (%s)\n", what, error->message, mychat_status_name(error->status));
  return 1;
}

static mychat_status open_client(const char* node_url, const char* store, mychat_client** out,
                                 mychat_error* error) {
  mychat_client_options options = MYCHAT_CLIENT_OPTIONS_INIT;
  options.store_path = store;
  options.passphrase = getenv("MYCHAT_PASSPHRASE");
  options.node_url = node_url;
  return mychat_client_create(&options, out, error);
}

/* Registers on the first start, and logs in when the session has ended since. */
static mychat_status enter(mychat_client* client, const char* username, mychat_error* error) {
  mychat_account* account = NULL;
  mychat_request_id request = 0;
  mychat_status status = mychat_client_account(client, &account, error);
  if (status != MYCHAT_OK) return status;
  if (account->logged_in) {
    status = mychat_client_start(client, error);
  } else if (account->handle[0] != '\0') {
    mychat_login_options options = MYCHAT_LOGIN_OPTIONS_INIT;
    options.username = username;
    options.password = getenv("MYCHAT_PASSWORD");
    status = mychat_client_login(client, &options, &request, error);
  } else {
    mychat_register_options options = MYCHAT_REGISTER_OPTIONS_INIT;
    options.username = username;
    options.password = getenv("MYCHAT_PASSWORD");
    status = mychat_client_register(client, &options, &request, error);
  }
  if (status == MYCHAT_OK && request != 0) status = mychat_client_await(client, request, -1, NULL, error);
  mychat_account_free(account);
  return status;
}

/* The answer's id: the message's, with one bit of its last digit turned around. */
static void answer_id(const char* id, char out[MYCHAT_MESSAGE_ID_SIZE]) {
  static const char kDigits[] = "0123456789abcdef";
  const char* digit;
  memcpy(out, id, MYCHAT_MESSAGE_ID_SIZE);
  digit = strchr(kDigits, out[MYCHAT_MESSAGE_ID_SIZE - 2]);
  if (digit != NULL) out[MYCHAT_MESSAGE_ID_SIZE - 2] = kDigits[(digit - kDigits) ^ 1];
}

static mychat_status answer(mychat_client* client, const mychat_message* message, mychat_error* error) {
  char id[MYCHAT_MESSAGE_ID_SIZE];
  mychat_send_options options = MYCHAT_SEND_OPTIONS_INIT;
  mychat_status status;
  answer_id(message->id, id);
  options.recipient = message->sender;
  options.data = message->data;
  options.size = message->size;
  options.message_id = id;
  status = mychat_client_send(client, &options, NULL, error);
  if (status == MYCHAT_E_KEY_CHANGED) {
    /* Nobody is here to compare safety numbers: such a sender is not answered. */
    fprintf(stderr, "echo_bot: a sender's key changed; not answered\n");
    return MYCHAT_OK;
  }
  if (status == MYCHAT_OK) status = mychat_client_mark_read(client, message->peer, message->id, error);
  return status;
}

/* Takes one event. Counts answers that the node has accepted. */
static mychat_status handle(mychat_client* client, const mychat_event* event, long* accepted,
                            mychat_error* error) {
  mychat_status status = MYCHAT_OK;
  if (event->type == MYCHAT_EVENT_MESSAGE) {
    const mychat_message* message = event->data.message;
    if (message->direction == MYCHAT_DIRECTION_IN && message->text != NULL) {
      status = answer(client, message, error);
      if (status == MYCHAT_OK)
        printf("answered %s\n", message->id); /* Handles and texts are other people's bytes. */
    }
  } else if (event->type == MYCHAT_EVENT_MESSAGE_STATUS) {
    if (event->data.message->direction == MYCHAT_DIRECTION_OUT &&
        event->data.message->status == MYCHAT_MESSAGE_PENDING)
      ++*accepted;
  } else if (event->type == MYCHAT_EVENT_SESSION_ENDED) {
    fprintf(stderr, "echo_bot: the node ended the session\n");
    g_stop = 1;
  }
  fflush(stdout);
  if (status == MYCHAT_OK && event->seq != 0) status = mychat_client_ack(client, event->seq, error);
  return status;
}

static int serve(mychat_client* client, long wanted) {
  mychat_error error = MYCHAT_ERROR_INIT;
  long accepted = 0;
  while (!g_stop && (wanted == 0 || accepted < wanted)) {
    mychat_event* event = NULL;
    mychat_status status = mychat_client_poll(client, 250, &event, &error);
    if (status == MYCHAT_E_TIMEOUT) continue;
    if (status == MYCHAT_OK) status = handle(client, event, &accepted, &error);
    mychat_event_free(event);
    if (status != MYCHAT_OK) return fail("cannot go on", &error);
  }
  return 0;
}

int main(int argc, char** argv) {
  mychat_error error = MYCHAT_ERROR_INIT;
  mychat_client* client = NULL;
  struct sigaction action;
  int result;
  if (argc < 4 || getenv("MYCHAT_PASSPHRASE") == NULL || getenv("MYCHAT_PASSWORD") == NULL) {
    fprintf(stderr, "MYCHAT_PASSPHRASE=... MYCHAT_PASSWORD=... %s NODE_URL STORE_FILE USERNAME [MESSAGES]\n",
            argv[0]);
    return 2;
  }
  memset(&action, 0, sizeof action);
  action.sa_handler = on_signal;
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  if (open_client(argv[1], argv[2], &client, &error) != MYCHAT_OK)
    return fail("cannot open the store", &error);
  if (enter(client, argv[3], &error) != MYCHAT_OK) {
    result = fail("cannot enter", &error);
  } else {
    printf("ready\n");
    fflush(stdout);
    result = serve(client, argc > 4 ? strtol(argv[4], NULL, 10) : 0);
  }
  mychat_client_free(client);
  return result;
}
