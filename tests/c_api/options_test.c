/* Structs that carry their size: of older, newer and careless callers. */
#include "support.h"

static void the_init_functions_do_what_the_initialisers_do(void** state) {
  (void)state;
  mychat_client_options client = MYCHAT_CLIENT_OPTIONS_INIT;
  mychat_register_options registration = MYCHAT_REGISTER_OPTIONS_INIT;
  mychat_login_options login = MYCHAT_LOGIN_OPTIONS_INIT;
  mychat_send_options message = MYCHAT_SEND_OPTIONS_INIT;
  mychat_error error = MYCHAT_ERROR_INIT;
#define SAME(type, init, constant)                        \
  do {                                                    \
    type made;                                            \
    memset(&made, 0xee, sizeof made);                     \
    init(&made);                                          \
    assert_int_equal(made.struct_size, sizeof(type));     \
    assert_memory_equal(&made, &(constant), sizeof made); \
  } while (0)
  SAME(mychat_client_options, mychat_client_options_init, client);
  SAME(mychat_error, mychat_error_init, error);
  SAME(mychat_send_options, mychat_send_options_init, message);
#undef SAME
  mychat_register_options made;
  mychat_register_options_init(&made);
  assert_int_equal(made.struct_size, sizeof made);
  assert_null(made.username);
  assert_null(made.device_name);
  mychat_login_options made_login;
  mychat_login_options_init(&made_login);
  assert_int_equal(made_login.struct_size, sizeof made_login);
  assert_null(made_login.password);
  (void)registration;
  (void)login;
}

static void a_struct_size_that_was_never_set_is_refused(void** state) {
  world* w = *state;
  mychat_client* alice = w->client;
  static const uint32_t bad[] = {0, 1, 3, 4, 7, 4097, 0xffffffffu};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; ++i) {
    mychat_client_options options = store_options(w);
    mychat_client* client = (mychat_client*)(uintptr_t)8;
    options.struct_size = bad[i];
    EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_client_create(&options, &client, &error));
    assert_null(client);
    mychat_register_options registration = MYCHAT_REGISTER_OPTIONS_INIT;
    mychat_request_id request = 5;
    registration.struct_size = bad[i];
    EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_client_register(alice, &registration, &request, &error));
    assert_true(request == 0);
    mychat_login_options login = MYCHAT_LOGIN_OPTIONS_INIT;
    login.struct_size = bad[i];
    EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_client_login(alice, &login, &request, &error));
    mychat_send_options message = MYCHAT_SEND_OPTIONS_INIT;
    message.struct_size = bad[i];
    EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_client_send(alice, &message, NULL, &error));
    mychat_allocator allocator = MYCHAT_ALLOCATOR_INIT;
    allocator.struct_size = bad[i];
    EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_set_allocator(&allocator, &error));
  }
}

/* An older caller's struct ends sooner: what lies behind it is not read. */
static void an_older_caller_gets_the_defaults_of_what_it_does_not_know(void** state) {
  world* w = *state;
  mychat_client_options full = store_options(w);
  full.max_queued_events = 0xffffffffu;
  full.log_level = 1234; /* Would be refused if it were read. */
  full.struct_size = offsetof(mychat_client_options, log);
  void* older = malloc(full.struct_size); /* Exactly that much, so that a sanitizer sees a read beyond. */
  assert_non_null(older);
  memcpy(older, &full, full.struct_size);
  OK(mychat_client_create(older, &w->client, &error));
  free(older);

  mychat_send_options message = MYCHAT_SEND_OPTIONS_INIT;
  message.recipient = SEED_BOB;
  message.data = "hello";
  message.size = 5;
  message.message_id = "not read at all";
  message.struct_size = offsetof(mychat_send_options, message_id);
  /* Without an account: refused for that alone. */
  EXPECT(MYCHAT_E_INVALID_STATE, mychat_client_send(w->client, &message, NULL, &error));
}

static void a_newer_caller_may_set_only_what_this_library_has(void** state) {
  world* w = *state;
  struct {
    mychat_client_options known;
    uint64_t added[4];
  } newer;
  memset(&newer, 0, sizeof newer);
  newer.known = store_options(w);
  newer.known.struct_size = sizeof newer;
  for (size_t i = 0; i < sizeof newer.added; ++i) {
    memset(newer.added, 0, sizeof newer.added);
    ((unsigned char*)newer.added)[i] = 1;
    mychat_client* client = (mychat_client*)(uintptr_t)8;
    EXPECT(MYCHAT_E_UNSUPPORTED, mychat_client_create(&newer.known, &client, &error));
    assert_null(client);
  }
  memset(newer.added, 0, sizeof newer.added);
  OK(mychat_client_create(&newer.known, &w->client, &error));
}

static void unknown_flags_and_contradictions_are_refused(void** state) {
  world* w = *state;
  mychat_client* client = NULL;
#define REFUSED(change)                                                                 \
  do {                                                                                  \
    mychat_client_options options = store_options(w);                                   \
    change;                                                                             \
    EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_client_create(&options, &client, &error)); \
    assert_null(client);                                                                \
  } while (0)
  REFUSED(options.flags = 8);
  REFUSED(options.flags = 0x80000000u);
  REFUSED(options.store_path = NULL);
  REFUSED(options.store_path = "");
  REFUSED(options.store_key = NULL);
  REFUSED(options.store_key = NULL; options.passphrase = "");
  REFUSED(options.store_key = NULL; options.passphrase = "\xff");
  REFUSED(options.passphrase = "both");
  REFUSED(options.log_level = -1);
  REFUSED(options.log_level = 5);
  REFUSED(options.node_url = "no address");
  REFUSED(options.node_url = "ftp://example.org");
  REFUSED(options.node_url = "\xff");
  REFUSED(options.tls_pins = "not a pin");
  REFUSED(options.tls_pins = "sha256//AAAA");
#undef REFUSED
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_client_create(NULL, &client, &error));
}

/* The error struct is written only as far as its caller says that it goes. */
static void an_error_is_never_written_beyond_its_size(void** state) {
  (void)state;
  for (uint32_t size = 0; size <= sizeof(mychat_error) + 16; ++size) {
    unsigned char room[sizeof(mychat_error) + 64];
    memset(room, 0xa5, sizeof room);
    memcpy(room, &size, sizeof size);
    mychat_error* error = (mychat_error*)(void*)room;
    assert_int_equal(mychat_client_start(NULL, error), MYCHAT_E_INVALID_ARGUMENT);
    assert_int_equal(error->struct_size, size);
    const size_t end = size < 4 ? 4 : size > sizeof(mychat_error) ? sizeof(mychat_error) : size;
    for (size_t i = end; i < sizeof room; ++i) assert_int_equal(room[i], 0xa5);
    if (size >= 8) assert_int_equal(error->status, MYCHAT_E_INVALID_ARGUMENT);
    if (size > offsetof(mychat_error, message))
      assert_non_null(memchr(
          error->message, 0,
          size < sizeof(mychat_error) ? size - offsetof(mychat_error, message) : MYCHAT_ERROR_MESSAGE_SIZE));
  }
}

static void a_null_error_is_fine_on_failure_and_success(void** state) {
  world* w = *state;
  assert_int_equal(mychat_client_start(NULL, NULL), MYCHAT_E_INVALID_ARGUMENT);
  assert_int_equal(mychat_client_stop(w->client, NULL), MYCHAT_OK);
}

int run_options_tests(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_init_functions_do_what_the_initialisers_do),
      cmocka_unit_test_setup_teardown(a_struct_size_that_was_never_set_is_refused, new_alice, end_world),
      cmocka_unit_test_setup_teardown(an_older_caller_gets_the_defaults_of_what_it_does_not_know, new_folder,
                                      end_world),
      cmocka_unit_test_setup_teardown(a_newer_caller_may_set_only_what_this_library_has, new_folder,
                                      end_world),
      cmocka_unit_test_setup_teardown(unknown_flags_and_contradictions_are_refused, new_folder, end_world),
      cmocka_unit_test(an_error_is_never_written_beyond_its_size),
      cmocka_unit_test_setup_teardown(a_null_error_is_fine_on_failure_and_success, new_empty, end_world),
  };
  return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
