/* Networked calls without a network: refused at once, or completed with what is wrong. */
#include "support.h"

static void plaintext_to_another_machine_must_be_asked_for(void** state) {
  world* w = *state;
  mychat_client_options options = store_options(w);
  mychat_client* client = (mychat_client*)(uintptr_t)8;
  options.node_url = "http://chat.example.org";
  EXPECT(MYCHAT_E_PLAINTEXT_REFUSED, mychat_client_create(&options, &client, &error));
  assert_null(client);
  assert_null(read_whole(w->store, NULL)); /* Refused before a store is made. */
  options.flags = MYCHAT_CLIENT_ALLOW_PLAINTEXT;
  OK(mychat_client_create(&options, &w->client, &error));
  mychat_account* account = NULL;
  OK(mychat_client_account(w->client, &account, &error));
  assert_string_equal(account->node_url, "http://chat.example.org");
  mychat_account_free(account);
}

static void without_a_session_most_calls_are_refused(void** state) {
  mychat_client* alice = ((world*)*state)->client;
  mychat_request_id request = 5;
#define NOT_LOGGED_IN(call)               \
  do {                                    \
    request = 5;                          \
    EXPECT(MYCHAT_E_INVALID_STATE, call); \
    assert_true(request == 0);            \
  } while (0)
  NOT_LOGGED_IN(mychat_client_logout(alice, &request, &error));
  NOT_LOGGED_IN(mychat_client_delete_account(alice, "password", &request, &error));
  NOT_LOGGED_IN(mychat_client_change_password(alice, "password", "next password", &request, &error));
  NOT_LOGGED_IN(mychat_client_set_profile(alice, "https://x/y.png", "status", &request, &error));
  NOT_LOGGED_IN(mychat_client_sessions(alice, &request, &error));
  NOT_LOGGED_IN(mychat_client_revoke_session(alice, "an id", &request, &error));
  NOT_LOGGED_IN(mychat_client_revoke_session(alice, NULL, &request, &error));
  NOT_LOGGED_IN(mychat_client_add_contact(alice, SEED_DAVE, NULL, &request, &error));
  NOT_LOGGED_IN(mychat_client_remove_contact(alice, SEED_BOB, &request, &error));
  NOT_LOGGED_IN(mychat_client_lookup(alice, SEED_BOB, &request, &error));
  NOT_LOGGED_IN(mychat_client_rotate_identity(alice, NULL, &request, &error));
#undef NOT_LOGGED_IN
}

static void without_a_node_there_is_nobody_to_ask(void** state) {
  world* w = *state;
  mychat_client_options options = store_options(w);
  options.node_url = NULL;
  OK(mychat_client_create(&options, &w->client, &error));
  mychat_request_id request = 5;
  mychat_register_options registration = MYCHAT_REGISTER_OPTIONS_INIT;
  mychat_login_options login = MYCHAT_LOGIN_OPTIONS_INIT;
  registration.username = login.username = "alice";
  registration.password = login.password = "password";
  EXPECT(MYCHAT_E_INVALID_STATE, mychat_client_node_info(w->client, &request, &error));
  assert_true(request == 0);
  EXPECT(MYCHAT_E_INVALID_STATE, mychat_client_register(w->client, &registration, &request, &error));
  EXPECT(MYCHAT_E_INVALID_STATE, mychat_client_login(w->client, &login, &request, &error));
  OK(mychat_client_start(w->client, &error)); /* Harmless: there is nothing to do. */
  OK(mychat_client_stop(w->client, &error));
}

static void names_and_passwords_are_checked_before_anything_is_sent(void** state) {
  mychat_client* client = ((world*)*state)->client;
  static const char* const names[] = {NULL,
                                      "",
                                      "ab",
                                      "has space",
                                      "dotted.name",
                                      "\xff\xff\xff",
                                      "a23456789012345678901234567890123456789012345678901"};
  static const char* const passwords[] = {NULL, "", "7 chars", "\xff\xff\xff\xff\xff\xff\xff\xff"};
  mychat_request_id request = 5;
  for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
    mychat_register_options registration = MYCHAT_REGISTER_OPTIONS_INIT;
    mychat_login_options login = MYCHAT_LOGIN_OPTIONS_INIT;
    registration.username = login.username = names[i];
    registration.password = login.password = "long enough";
    EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_client_register(client, &registration, &request, &error));
    EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_client_login(client, &login, &request, &error));
    assert_true(request == 0);
  }
  for (size_t i = 0; i < sizeof passwords / sizeof *passwords; ++i) {
    mychat_register_options registration = MYCHAT_REGISTER_OPTIONS_INIT;
    registration.username = "alice";
    registration.password = passwords[i];
    EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_client_register(client, &registration, &request, &error));
  }
}

/* The request is accepted, and its completion says that nobody answers. */
static void fails_later(mychat_client* client, mychat_request_id request, mychat_operation operation) {
  mychat_event* event = NULL;
  EXPECT(MYCHAT_E_NETWORK, mychat_client_await(client, request, LONG_MS, &event, &error));
  assert_int_equal(event->data.completion->operation, operation);
  assert_int_equal(event->data.completion->error.domain, MYCHAT_DOMAIN_NETWORK);
  assert_int_equal(event->data.completion->error.retryable, 1);
  assert_null(event->data.completion->account);
  assert_null(event->data.completion->contact);
  assert_null(event->data.completion->sessions);
  assert_null(event->data.completion->node_info);
  mychat_event_free(event);
}

static void a_node_that_is_not_there_is_told_in_the_completion(void** state) {
  mychat_client* alice = ((world*)*state)->client;
  mychat_request_id request = 0;
#define LATER(operation, call)                \
  do {                                        \
    OK(call);                                 \
    assert_true(request != 0);                \
    fails_later(alice, request, (operation)); \
  } while (0)
  LATER(MYCHAT_OPERATION_NODE_INFO, mychat_client_node_info(alice, &request, &error));
  LATER(MYCHAT_OPERATION_DELETE_ACCOUNT, mychat_client_delete_account(alice, "password", &request, &error));
  LATER(MYCHAT_OPERATION_CHANGE_PASSWORD,
        mychat_client_change_password(alice, "password", "next password", &request, &error));
  LATER(MYCHAT_OPERATION_SET_PROFILE, mychat_client_set_profile(alice, NULL, "away", &request, &error));
  LATER(MYCHAT_OPERATION_SESSIONS, mychat_client_sessions(alice, &request, &error));
  LATER(MYCHAT_OPERATION_REVOKE_SESSION, mychat_client_revoke_session(alice, "an id", &request, &error));
  LATER(MYCHAT_OPERATION_ADD_CONTACT, mychat_client_add_contact(alice, SEED_DAVE, "Dave", &request, &error));
  LATER(MYCHAT_OPERATION_REMOVE_CONTACT, mychat_client_remove_contact(alice, SEED_BOB, &request, &error));
  LATER(MYCHAT_OPERATION_LOOKUP, mychat_client_lookup(alice, SEED_BOB, &request, &error));
  LATER(MYCHAT_OPERATION_ROTATE_IDENTITY, mychat_client_rotate_identity(alice, NULL, &request, &error));
  mychat_login_options login = MYCHAT_LOGIN_OPTIONS_INIT;
  login.username = "alice";
  login.password = "password";
  LATER(MYCHAT_OPERATION_LOGIN, mychat_client_login(alice, &login, &request, &error));
#undef LATER
  EXPECT(MYCHAT_E_NOT_FOUND, mychat_client_remove_contact(alice, SEED_DAVE, &request, &error));
  mychat_contact* bob = NULL; /* Nothing changed. */
  OK(mychat_client_contact(alice, SEED_BOB, &bob, &error));
  assert_int_equal(bob->is_contact, 1);
  mychat_contact_free(bob);

  /* A logout forgets the session also when nobody can be told. */
  OK(mychat_client_logout(alice, &request, &error));
  OK(mychat_client_await(alice, request, LONG_MS, NULL, &error));
  mychat_account* account = NULL;
  OK(mychat_client_account(alice, &account, &error));
  assert_int_equal(account->logged_in, 0);
  assert_int_equal(account->has_identity, 1);
  mychat_account_free(account);
}

static void a_store_belongs_to_one_user(void** state) {
  mychat_client* alice = ((world*)*state)->client;
  mychat_request_id request = 0;
  mychat_register_options registration = MYCHAT_REGISTER_OPTIONS_INIT;
  mychat_login_options login = MYCHAT_LOGIN_OPTIONS_INIT;
  registration.username = "alice";
  login.username = "mallory";
  registration.password = login.password = "password";
  EXPECT(MYCHAT_E_INVALID_STATE, mychat_client_register(alice, &registration, &request, &error));
  EXPECT(MYCHAT_E_INVALID_STATE, mychat_client_login(alice, &login, &request, &error));
}

static void going_online_without_a_node_waits_and_tries_again(void** state) {
  mychat_client* alice = ((world*)*state)->client;
  OK(mychat_client_start(alice, &error));
  OK(mychat_client_start(alice, &error));
  mychat_connection_state last = 0;
  mychat_event* event = NULL;
  while (last != MYCHAT_CONNECTION_WAITING) {
    OK(mychat_client_poll(alice, LONG_MS, &event, &error));
    if (event->type == MYCHAT_EVENT_CONNECTION) {
      last = event->data.connection->state;
      assert_int_equal(event->data.connection->struct_size, sizeof(mychat_connection));
      if (last == MYCHAT_CONNECTION_WAITING) {
        assert_int_equal(event->data.connection->error.status, MYCHAT_E_NETWORK);
        assert_true(event->data.connection->retry_at > 0);
      }
    }
    mychat_event_free(event);
  }
  OK(mychat_client_stop(alice, &error));
  while (last != MYCHAT_CONNECTION_OFFLINE) {
    OK(mychat_client_poll(alice, LONG_MS, &event, &error));
    if (event->type == MYCHAT_EVENT_CONNECTION) last = event->data.connection->state;
    mychat_event_free(event);
  }
}

int run_network_tests(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(plaintext_to_another_machine_must_be_asked_for, new_folder, end_world),
      cmocka_unit_test_setup_teardown(without_a_session_most_calls_are_refused, new_alice, end_world),
      cmocka_unit_test_setup_teardown(without_a_node_there_is_nobody_to_ask, new_folder, end_world),
      cmocka_unit_test_setup_teardown(names_and_passwords_are_checked_before_anything_is_sent, new_empty,
                                      end_world),
      cmocka_unit_test_setup_teardown(a_node_that_is_not_there_is_told_in_the_completion, new_alice_logged_in,
                                      end_world),
      cmocka_unit_test_setup_teardown(a_store_belongs_to_one_user, new_alice, end_world),
      cmocka_unit_test_setup_teardown(going_online_without_a_node_waits_and_tries_again, new_alice_logged_in,
                                      end_world),
  };
  return cmocka_run_group_tests_name("network", tests, NULL, NULL);
}
