/* Polling, the descriptor, wake-ups, the journal, requests, and closing under way. */
#define _XOPEN_SOURCE 700
#include "support.h"

#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <time.h>

static int readable(mychat_client* client, int timeout_ms) {
  struct pollfd wait = {mychat_client_event_fd(client), POLLIN, 0};
  return poll(&wait, 1, timeout_ms) == 1 && (wait.revents & POLLIN) != 0;
}

static uint64_t next_seq(mychat_client* client) {
  mychat_event* event = NULL;
  OK(mychat_client_poll(client, 0, &event, &error));
  assert_int_equal(event->struct_size, sizeof *event);
  const uint64_t seq = event->seq;
  mychat_event_free(event);
  return seq;
}

static void an_empty_queue_times_out(void** state) {
  mychat_client* client = ((world*)*state)->client;
  mychat_event* event = (mychat_event*)(uintptr_t)8;
  EXPECT(MYCHAT_E_TIMEOUT, mychat_client_poll(client, 0, &event, &error));
  assert_null(event);
  EXPECT(MYCHAT_E_TIMEOUT, mychat_client_poll(client, 20, &event, &error));
  assert_false(readable(client, 0));
}

static void the_descriptor_is_readable_while_events_wait(void** state) {
  mychat_client* alice = ((world*)*state)->client;
  for (uint64_t seq = 1; seq <= SEED_JOURNAL; ++seq) {
    assert_true(readable(alice, 0));
    assert_true(next_seq(alice) == seq);
  }
  assert_false(readable(alice, 0));
  mychat_request_id request = 0;
  OK(mychat_client_node_info(alice, &request, &error));
  assert_true(readable(alice, LONG_MS)); /* Its completion. */
  EXPECT(MYCHAT_E_NETWORK, mychat_client_await(alice, request, 0, NULL, &error));
  assert_false(readable(alice, 0));
}

static void the_journal_comes_again_until_it_is_acknowledged(void** state) {
  world* w = *state;
  mychat_event* event = NULL;
  /* A number that does not exist yet. Those of before this opening may have been given out then. */
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_client_ack(w->client, 1000000, &error));
  OK(mychat_client_ack(w->client, 0, &error));
  OK(mychat_client_poll(w->client, 0, &event, &error));
  assert_int_equal(event->type, MYCHAT_EVENT_MESSAGE);
  assert_true(event->seq == 1);
  assert_string_equal(event->data.message->id, SEED_TEXT_1);
  assert_string_equal(event->data.message->sender, SEED_BOB);
  mychat_event_free(event);
  assert_true(next_seq(w->client) == 2);
  OK(mychat_client_rewind(w->client, &error));
  assert_true(next_seq(w->client) == 1);
  OK(mychat_client_ack(w->client, 2, &error));
  OK(mychat_client_ack(w->client, 1, &error)); /* Already acknowledged: harmless. */
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_client_ack(w->client, SEED_JOURNAL + 1, &error));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_client_ack(w->client, UINT64_MAX, &error));
  OK(mychat_client_rewind(w->client, &error));
  assert_true(next_seq(w->client) == 3);

  mychat_client_free(w->client); /* As after a crash. */
  open_client(w);
  OK(mychat_client_ack(w->client, 2, &error)); /* Acknowledged in an earlier life: harmless, too. */
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_client_ack(w->client, SEED_JOURNAL + 1, &error));
  assert_true(next_seq(w->client) == 3);
  assert_true(next_seq(w->client) == 4);
  OK(mychat_client_ack(w->client, 4, &error));
  mychat_client_free(w->client);
  open_client(w);
  EXPECT(MYCHAT_E_TIMEOUT, mychat_client_poll(w->client, 0, &event, &error));
  OK(mychat_client_ack(w->client, 4, &error));
  OK(mychat_client_rewind(w->client, &error));
  EXPECT(MYCHAT_E_TIMEOUT, mychat_client_poll(w->client, 0, &event, &error));
}

static void a_wakeup_ends_one_wait(void** state) {
  mychat_client* client = ((world*)*state)->client;
  mychat_event* event = NULL;
  mychat_client_wakeup(client);
  assert_true(readable(client, 0));
  EXPECT(MYCHAT_E_CANCELLED, mychat_client_poll(client, LONG_MS, &event, &error));
  EXPECT(MYCHAT_E_TIMEOUT, mychat_client_poll(client, 0, &event, &error));
  assert_false(readable(client, 0));
}

struct waiter {
  mychat_client* client;
  mychat_request_id request; /* 0: it polls. */
  mychat_status status;
};

static void* wait_for_ever(void* context) {
  struct waiter* waiter = context;
  mychat_event* event = NULL;
  waiter->status = waiter->request == 0
                       ? mychat_client_poll(waiter->client, -1, &event, NULL)
                       : mychat_client_await(waiter->client, waiter->request, -1, &event, NULL);
  mychat_event_free(event);
  return NULL;
}

static void a_wakeup_reaches_a_thread_that_waits(void** state) {
  struct waiter waiter = {((world*)*state)->client, 0, 0};
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, wait_for_ever, &waiter), 0);
  mychat_client_wakeup(waiter.client); /* Before or while it waits: both end it. */
  assert_int_equal(pthread_join(thread, NULL), 0);
  assert_int_equal(waiter.status, MYCHAT_E_CANCELLED);
}

static void closing_ends_every_wait(void** state) {
  mychat_client* client = ((world*)*state)->client;
  struct waiter waiters[4];
  pthread_t threads[4];
  for (int i = 0; i < 4; ++i) {
    waiters[i] = (struct waiter){client, 0, 0};
    assert_int_equal(pthread_create(&threads[i], NULL, wait_for_ever, &waiters[i]), 0);
  }
  const struct timespec moment = {
      0, 20000000}; /* So that some wait already; the outcome is the same if none does. */
  nanosleep(&moment, NULL);
  OK(mychat_client_close(client, &error));
  for (int i = 0; i < 4; ++i) {
    assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(waiters[i].status, MYCHAT_E_CLOSED);
  }
}

static int threads(void) {
  int count = 0;
  DIR* folder = opendir("/proc/self/task");
  assert_non_null(folder);
  while (readdir(folder) != NULL) ++count;
  closedir(folder);
  return count;
}

static void closing_ends_every_thread(void** state) {
  world* w = *state;
  const struct timespec moment = {0, 1000000};
  mychat_request_id request = 0;
  const int before = threads();
  open_client(w);
  OK(mychat_client_start(w->client, &error));
  OK(mychat_client_node_info(w->client, &request, &error));
  assert_true(threads() > before);
  OK(mychat_client_close(w->client, &error));
  /* One that was joined may be listed for a moment. */
  for (int i = 0; threads() > before && i < LONG_MS; ++i) nanosleep(&moment, NULL);
  assert_true(threads() <= before);
}

static void a_closed_client_says_so_everywhere(void** state) {
  mychat_client* alice = ((world*)*state)->client;
  mychat_request_id request = 0;
  mychat_event* event = NULL;
  mychat_account* account = NULL;
  mychat_message* message = NULL;
  mychat_message_list* page = NULL;
  mychat_explanation* explanation = NULL;
  mychat_contact* contact = NULL;
  mychat_contact_list* contacts = NULL;
  mychat_conversation_list* conversations = NULL;
  mychat_store_report* report = NULL;
  mychat_backup* backup = NULL;
  mychat_register_options registration = MYCHAT_REGISTER_OPTIONS_INIT;
  mychat_login_options login = MYCHAT_LOGIN_OPTIONS_INIT;
  char* text = NULL;
  uint32_t flags = 0;
  registration.username = login.username = "alice";
  registration.password = login.password = "password";
  OK(mychat_client_start(alice, &error));
  OK(mychat_client_close(alice, &error));
  OK(mychat_client_close(alice, &error));
  assert_int_equal(mychat_client_event_fd(alice), -1);
  mychat_client_wakeup(alice);
#define CLOSED(call) EXPECT(MYCHAT_E_CLOSED, call)
  CLOSED(mychat_client_start(alice, &error));
  CLOSED(mychat_client_stop(alice, &error));
  CLOSED(mychat_client_poll(alice, -1, &event, &error));
  CLOSED(mychat_client_await(alice, 1, -1, &event, &error));
  CLOSED(mychat_client_ack(alice, 1, &error));
  CLOSED(mychat_client_ack(alice, 0, &error));
  CLOSED(mychat_client_rewind(alice, &error));
  CLOSED(mychat_client_cancel(alice, 1, &error));
  CLOSED(mychat_client_register(alice, &registration, &request, &error));
  CLOSED(mychat_client_login(alice, &login, &request, &error));
  CLOSED(mychat_client_logout(alice, &request, &error));
  CLOSED(mychat_client_delete_account(alice, "password", &request, &error));
  CLOSED(mychat_client_change_password(alice, "password", "password", &request, &error));
  CLOSED(mychat_client_set_profile(alice, "", "", &request, &error));
  CLOSED(mychat_client_sessions(alice, &request, &error));
  CLOSED(mychat_client_revoke_session(alice, NULL, &request, &error));
  CLOSED(mychat_client_node_info(alice, &request, &error));
  CLOSED(mychat_client_add_contact(alice, SEED_BOB, NULL, &request, &error));
  CLOSED(mychat_client_remove_contact(alice, SEED_BOB, &request, &error));
  CLOSED(mychat_client_lookup(alice, SEED_BOB, &request, &error));
  CLOSED(mychat_client_rotate_identity(alice, NULL, &request, &error));
  CLOSED(mychat_client_account(alice, &account, &error));
  CLOSED(mychat_client_set_policy(alice, 0, &error));
  CLOSED(mychat_client_policy(alice, &flags, &error));
  CLOSED(mychat_client_check_store(alice, &report, &error));
  CLOSED(mychat_client_backup_store(alice, "/tmp/mychat-never-made", &error));
  CLOSED(mychat_client_change_passphrase(alice, "passphrase", &error));
  CLOSED(mychat_client_send_text(alice, SEED_BOB, "text", NULL, &error));
  CLOSED(mychat_client_retry(alice, SEED_FAILED, &error));
  CLOSED(mychat_client_history(alice, SEED_BOB, 0, 10, &page, &error));
  CLOSED(mychat_client_search(alice, "text", NULL, 0, 10, &page, &error));
  CLOSED(mychat_client_message(alice, SEED_TEXT_1, &message, &error));
  CLOSED(mychat_client_mark_read(alice, SEED_BOB, NULL, &error));
  CLOSED(mychat_client_explain(alice, SEED_TEXT_1, &explanation, &error));
  CLOSED(mychat_client_contacts(alice, &contacts, &error));
  CLOSED(mychat_client_contact(alice, SEED_BOB, &contact, &error));
  CLOSED(mychat_client_conversations(alice, &conversations, &error));
  CLOSED(mychat_client_set_typing(alice, SEED_BOB, 1, &error));
  CLOSED(mychat_client_set_presence(alice, MYCHAT_PRESENCE_AWAY, &error));
  CLOSED(mychat_client_public_key(alice, MYCHAT_KEY_PEM, &text, &error));
  CLOSED(mychat_client_export_private_key(alice, MYCHAT_KEY_PEM, &text, &error));
  CLOSED(mychat_client_import_private_key(alice, seed_alice_key(), &error));
  CLOSED(mychat_client_safety_number(alice, SEED_BOB, &text, &error));
  CLOSED(mychat_client_safety_qr(alice, SEED_BOB, &text, &error));
  CLOSED(mychat_client_set_verified(alice, SEED_BOB, "F", 1, &error));
  CLOSED(mychat_client_accept_key(alice, SEED_CAROL, "F", &error));
  CLOSED(mychat_client_export_backup(alice, "password", MYCHAT_BACKUP_FULL, &backup, &error));
  CLOSED(mychat_client_import_backup(alice, "x", 1, "password", NULL, &error));
#undef CLOSED
}

static void a_request_completes_once(void** state) {
  mychat_client* client = ((world*)*state)->client;
  mychat_request_id first = 0;
  mychat_request_id second = 0;
  mychat_event* event = NULL;
  EXPECT(MYCHAT_E_NOT_FOUND, mychat_client_await(client, 1, 0, &event, &error));
  EXPECT(MYCHAT_E_NOT_FOUND, mychat_client_await(client, 0, 0, &event, &error));
  EXPECT(MYCHAT_E_NOT_FOUND, mychat_client_cancel(client, 1, &error));
  OK(mychat_client_node_info(client, &first, &error));
  OK(mychat_client_node_info(client, &second, &error));
  assert_true(first != 0 && second != 0 && first != second);
  EXPECT(MYCHAT_E_NETWORK, mychat_client_await(client, second, LONG_MS, &event, &error));
  assert_int_equal(event->type, MYCHAT_EVENT_COMPLETION);
  assert_int_equal(event->data.completion->struct_size, sizeof(mychat_completion));
  assert_int_equal(event->data.completion->operation, MYCHAT_OPERATION_NODE_INFO);
  assert_true(event->data.completion->request == second);
  assert_int_equal(event->data.completion->error.status, MYCHAT_E_NETWORK);
  assert_int_equal(event->data.completion->error.retryable, 1);
  assert_null(event->data.completion->node_info);
  mychat_event_free(event);
  EXPECT(MYCHAT_E_NOT_FOUND, mychat_client_await(client, second, LONG_MS, &event, &error));
  assert_null(event);
  EXPECT(MYCHAT_E_NOT_FOUND, mychat_client_cancel(client, second, &error));
  OK(mychat_client_poll(client, LONG_MS, &event, &error)); /* The other one is still there. */
  assert_true(event->data.completion->request == first);
  mychat_event_free(event);
  EXPECT(MYCHAT_E_NOT_FOUND, mychat_client_await(client, first, 0, NULL, &error));
}

static void stopping_and_cancelling_complete_requests(void** state) {
  mychat_client* client = ((world*)*state)->client;
  mychat_register_options registration = MYCHAT_REGISTER_OPTIONS_INIT;
  registration.username = "alice";
  registration.password = "password";
  for (int stop = 0; stop < 2; ++stop) {
    mychat_request_id request = 0;
    OK(mychat_client_register(client, &registration, &request, &error));
    if (stop) OK(mychat_client_stop(client, &error));
    if (!stop) mychat_client_cancel(client, request, NULL);
    mychat_event* event = NULL;
    const mychat_status status = mychat_client_await(client, request, LONG_MS, &event, NULL);
    assert_true(status == MYCHAT_E_CANCELLED || status == MYCHAT_E_NETWORK); /* Whichever was faster. */
    assert_int_equal(event->data.completion->error.status, status);
    mychat_event_free(event);
  }
}

static void the_number_of_passing_events_is_bounded(void** state) {
  world* w = *state;
  mychat_client_options options = store_options(w);
  options.max_queued_events = 16;
  OK(mychat_client_create(&options, &w->client, &error));
  for (int i = 0; i < 100; ++i) {
    OK(mychat_client_start(w->client, &error));
    OK(mychat_client_stop(w->client, &error));
  }
  int events = 0;
  mychat_event* event = NULL;
  while (mychat_client_poll(w->client, 0, &event, NULL) == MYCHAT_OK) {
    ++events;
    mychat_event_free(event);
  }
  assert_true(events <= 16);
}

int run_events_tests(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(an_empty_queue_times_out, new_empty, end_world),
      cmocka_unit_test_setup_teardown(the_descriptor_is_readable_while_events_wait, new_alice, end_world),
      cmocka_unit_test_setup_teardown(the_journal_comes_again_until_it_is_acknowledged, new_alice, end_world),
      cmocka_unit_test_setup_teardown(a_wakeup_ends_one_wait, new_empty, end_world),
      cmocka_unit_test_setup_teardown(a_wakeup_reaches_a_thread_that_waits, new_empty, end_world),
      cmocka_unit_test_setup_teardown(closing_ends_every_wait, new_empty, end_world),
      cmocka_unit_test_setup_teardown(closing_ends_every_thread, new_folder, end_world),
      cmocka_unit_test_setup_teardown(a_closed_client_says_so_everywhere, new_alice_logged_in, end_world),
      cmocka_unit_test_setup_teardown(a_request_completes_once, new_empty, end_world),
      cmocka_unit_test_setup_teardown(stopping_and_cancelling_complete_requests, new_empty, end_world),
      cmocka_unit_test_setup_teardown(the_number_of_passing_events_is_bounded, new_folder, end_world),
  };
  return cmocka_run_group_tests_name("events", tests, NULL, NULL);
}
