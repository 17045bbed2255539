/* The store: who may open it, what happens to one that cannot be, copies, checks, the log. */
#define _XOPEN_SOURCE 700
#include "support.h"

#include <sys/stat.h>

static void a_passphrase_opens_only_its_own_store(void** state) {
  world* w = *state;
  mychat_client_options options = store_options(w);
  options.store_key = NULL;
  options.passphrase = "correct horse";
  OK(mychat_client_create(&options, &w->client, &error));
  OK(mychat_client_set_policy(w->client, MYCHAT_POLICY_NO_TYPING, &error));
  mychat_client_free(w->client);

  mychat_client* other = (mychat_client*)(uintptr_t)8;
  options.passphrase = "wrong horse";
  EXPECT(MYCHAT_E_STORE_KEY, mychat_client_create(&options, &other, &error));
  assert_null(other);
  mychat_client_options by_key = store_options(w);
  EXPECT(MYCHAT_E_STORE_KEY, mychat_client_create(&by_key, &other, &error));

  options.passphrase = "correct horse";
  OK(mychat_client_create(&options, &w->client, &error));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_client_change_passphrase(w->client, "", &error));
  OK(mychat_client_change_passphrase(w->client, "battery staple", &error));
  mychat_client_free(w->client);
  w->client = NULL;
  EXPECT(MYCHAT_E_STORE_KEY, mychat_client_create(&options, &w->client, &error));
  options.passphrase = "battery staple";
  OK(mychat_client_create(&options, &w->client, &error));
  uint32_t flags = 0;
  OK(mychat_client_policy(w->client, &flags, &error));
  assert_int_equal(flags, MYCHAT_POLICY_NO_TYPING);
}

static int32_t refuse_key(uint8_t* out_key, void* context) {
  memset(out_key, 1, MYCHAT_STORE_KEY_SIZE);
  ++*(int*)context;
  return -7;
}

static int32_t other_key(uint8_t* out_key, void* context) {
  memset(out_key, 9, MYCHAT_STORE_KEY_SIZE);
  ++*(int*)context;
  return 0;
}

static void the_hosts_key_is_asked_for_and_may_be_refused(void** state) {
  world* w = *state;
  int asked = 0;
  mychat_client_options options = store_options(w);
  options.store_key = refuse_key;
  options.store_key_context = &asked;
  EXPECT(MYCHAT_E_STORE_KEY, mychat_client_create(&options, &w->client, &error));
  assert_true(asked >= 1);
  assert_null(read_whole(w->store, NULL)); /* No store was made. */

  open_client(w);
  mychat_client_free(w->client);
  w->client = NULL;
  asked = 0;
  options.store_key = other_key;
  EXPECT(MYCHAT_E_STORE_KEY, mychat_client_create(&options, &w->client, &error));
  assert_true(asked >= 1);
  open_client(w);
}

static void a_second_client_is_told_that_the_store_is_held(void** state) {
  world* w = *state;
  mychat_client* second = (mychat_client*)(uintptr_t)8;
  const mychat_client_options options = store_options(w);
  EXPECT(MYCHAT_E_STORE_HELD, mychat_client_create(&options, &second, &error));
  assert_null(second);
  OK(mychat_client_close(w->client, &error)); /* Closing alone gives it up. */
  OK(mychat_client_create(&options, &second, &error));
  mychat_client_free(second);
}

static void files_that_are_no_store_stay_as_they_are(void** state) {
  world* w = *state;
  static const char text[] =
      "a letter that must not be lost, and is long enough to have a header's size and some more of it";
  write_whole(w->store, text, sizeof text);
  const mychat_client_options options = store_options(w);
  EXPECT(MYCHAT_E_STORE_CORRUPT, mychat_client_create(&options, &w->client, &error));
  size_t size = 0;
  char* after = read_whole(w->store, &size);
  assert_int_equal(size, sizeof text);
  assert_memory_equal(after, text, size);
  free(after);
}

static void a_damaged_store_is_refused_and_not_changed(void** state) {
  world* w = *state;
  OK(mychat_client_close(w->client, &error));
  size_t size = 0;
  char* bytes = read_whole(w->store, &size);
  assert_non_null(bytes);
  /* Every page but the first, which tells what the file is. */
  for (size_t i = 4096; i < size; i += 64) bytes[i] = (char)(bytes[i] ^ 0x55);
  write_whole(w->store, bytes, size);
  mychat_client* again = NULL;
  const mychat_client_options options = store_options(w);
  EXPECT(MYCHAT_E_STORE_CORRUPT, mychat_client_create(&options, &again, &error));
  assert_null(again);
  size_t size_after = 0;
  char* after = read_whole(w->store, &size_after);
  assert_int_equal(size_after, size);
  assert_memory_equal(after, bytes, size);
  free(after);
  free(bytes);
}

static void missing_files_and_folders_are_told_apart(void** state) {
  world* w = *state;
  mychat_client_options options = store_options(w);
  options.flags = MYCHAT_CLIENT_STORE_MUST_EXIST;
  EXPECT(MYCHAT_E_NOT_FOUND, mychat_client_create(&options, &w->client, &error));
  assert_null(read_whole(w->store, NULL));
  options.flags = 0;
  options.store_path = "/nowhere/at/all/store";
  EXPECT(MYCHAT_E_IO, mychat_client_create(&options, &w->client, &error));
  options.store_path = w->folder; /* A folder is no file. */
  mychat_error error = MYCHAT_ERROR_INIT;
  const mychat_status status = mychat_client_create(&options, &w->client, &error);
  assert_true(status == MYCHAT_E_IO || status == MYCHAT_E_STORE_CORRUPT);
}

static void the_store_and_its_copy_are_for_their_owner_alone(void** state) {
  world* w = *state;
  char copy[128];
  char folder[128];
  struct stat info;
  snprintf(copy, sizeof copy, "%s/copy", w->folder);
  snprintf(folder, sizeof folder, "%s/none/copy", w->folder);
  OK(mychat_client_backup_store(w->client, copy, &error));
  EXPECT(MYCHAT_E_ALREADY_EXISTS, mychat_client_backup_store(w->client, copy, &error));
  EXPECT(MYCHAT_E_ALREADY_EXISTS, mychat_client_backup_store(w->client, w->store, &error));
  EXPECT(MYCHAT_E_IO, mychat_client_backup_store(w->client, folder, &error));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_client_backup_store(w->client, NULL, &error));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_client_backup_store(w->client, "", &error));
  assert_int_equal(stat(copy, &info), 0);
  assert_int_equal(info.st_mode & 0777, 0600);
  assert_int_equal(stat(w->store, &info), 0);
  assert_int_equal(info.st_mode & 0777, 0600);

  mychat_client* opened = NULL;
  mychat_client_options options = store_options(w);
  options.store_path = copy;
  options.flags = MYCHAT_CLIENT_STORE_MUST_EXIST;
  OK(mychat_client_create(&options, &opened, &error)); /* Beside the one it was copied from. */
  mychat_message* message = NULL;
  OK(mychat_client_message(opened, SEED_TEXT_2, &message, &error));
  assert_string_equal(message->text, "Grüße");
  mychat_message_free(message);
  mychat_client_free(opened);
}

static void a_check_looks_at_every_value(void** state) {
  world* w = *state;
  mychat_store_report* report = NULL;
  OK(mychat_client_check_store(w->client, &report, &error));
  assert_int_equal(report->struct_size, sizeof *report);
  assert_int_equal(report->healthy, 1);
  assert_int_equal(report->problem_count, 0);
  assert_non_null(report->problems);
  assert_true(report->values_checked > 15);
  mychat_store_report_free(report);
}

static void the_policy_outlives_the_client(void** state) {
  world* w = *state;
  const uint32_t all = MYCHAT_POLICY_REQUIRE_SIGNATURES | MYCHAT_POLICY_NO_READ_RECEIPTS |
                       MYCHAT_POLICY_NO_TYPING | MYCHAT_POLICY_NO_SENDER_COPY;
  uint32_t flags = 99;
  OK(mychat_client_policy(w->client, &flags, &error));
  assert_int_equal(flags, 0);
  OK(mychat_client_set_policy(w->client, all, &error));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_client_set_policy(w->client, 16, &error));
  mychat_client_free(w->client);
  open_client(w);
  OK(mychat_client_policy(w->client, &flags, &error));
  assert_int_equal(flags, all);
  OK(mychat_client_set_policy(w->client, 0, &error));
  OK(mychat_client_policy(w->client, &flags, &error));
  assert_int_equal(flags, 0);
}

struct lines {
  int count;
  int bad;
  mychat_log_level least;
  char all[16384];
};

static void keep_line(mychat_log_level level, const char* component, const char* message, void* context) {
  struct lines* lines = context;
  ++lines->count;
  if (level < lines->least || level > MYCHAT_LOG_ERROR || component == NULL || *component == '\0' ||
      *message == '\0')
    ++lines->bad;
  const size_t used = strlen(lines->all);
  snprintf(lines->all + used, sizeof lines->all - used, "%s: %s\n", component, message);
}

static void the_log_goes_to_the_hook_and_holds_no_secret(void** state) {
  world* w = *state;
  mychat_client_options options = store_options(w);
  struct lines lines = {0, 0, MYCHAT_LOG_TRACE, ""};
  OK(mychat_client_close(w->client, &error));
  mychat_client_free(w->client);
  options.log = keep_line;
  options.log_context = &lines;
  options.log_level = MYCHAT_LOG_TRACE;
  OK(mychat_client_create(&options, &w->client, &error));
  OK(mychat_client_start(w->client, &error));
  OK(mychat_client_send_text(w->client, SEED_BOB, "plaintext-canary", NULL, &error));
  mychat_request_id request = 0;
  mychat_login_options login = MYCHAT_LOGIN_OPTIONS_INIT;
  login.username = "alice";
  login.password = "password-canary";
  OK(mychat_client_login(w->client, &login, &request, &error));
  EXPECT(MYCHAT_E_NETWORK, mychat_client_await(w->client, request, LONG_MS, NULL, &error));
  int waiting = 0; /* Until the connection was tried as well: that is logged. */
  mychat_event* event = NULL;
  while (!waiting && mychat_client_poll(w->client, LONG_MS, &event, NULL) == MYCHAT_OK) {
    waiting =
        event->type == MYCHAT_EVENT_CONNECTION && event->data.connection->state == MYCHAT_CONNECTION_WAITING;
    mychat_event_free(event);
  }
  assert_true(waiting);
  mychat_client_free(w->client);
  w->client = NULL;
  assert_true(lines.count > 0);
  assert_int_equal(lines.bad, 0);
  assert_null(strstr(lines.all, "canary"));
  assert_null(strstr(lines.all, "a token that no node knows"));
}

int run_store_tests(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(a_passphrase_opens_only_its_own_store, new_folder, end_world),
      cmocka_unit_test_setup_teardown(the_hosts_key_is_asked_for_and_may_be_refused, new_folder, end_world),
      cmocka_unit_test_setup_teardown(a_second_client_is_told_that_the_store_is_held, new_empty, end_world),
      cmocka_unit_test_setup_teardown(files_that_are_no_store_stay_as_they_are, new_folder, end_world),
      cmocka_unit_test_setup_teardown(a_damaged_store_is_refused_and_not_changed, new_alice, end_world),
      cmocka_unit_test_setup_teardown(missing_files_and_folders_are_told_apart, new_folder, end_world),
      cmocka_unit_test_setup_teardown(the_store_and_its_copy_are_for_their_owner_alone, new_alice, end_world),
      cmocka_unit_test_setup_teardown(a_check_looks_at_every_value, new_alice, end_world),
      cmocka_unit_test_setup_teardown(the_policy_outlives_the_client, new_alice, end_world),
      cmocka_unit_test_setup_teardown(the_log_goes_to_the_hook_and_holds_no_secret, new_alice_logged_in,
                                      end_world),
  };
  return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
