/* NULL and garbage: every function says what is wrong, and resets what it would have given. */
#include <curl/curl.h>
#include <openssl/crypto.h>

#include "support.h"

static void every_free_function_takes_null(void** state) {
  (void)state;
  mychat_account_free(NULL);
  mychat_backup_free(NULL);
  mychat_backup_report_free(NULL);
  mychat_bytes_free(NULL);
  mychat_client_free(NULL);
  mychat_contact_free(NULL);
  mychat_contact_list_free(NULL);
  mychat_conversation_list_free(NULL);
  mychat_event_free(NULL);
  mychat_explanation_free(NULL);
  mychat_message_free(NULL);
  mychat_message_list_free(NULL);
  mychat_store_report_free(NULL);
  mychat_string_free(NULL);
}

static void every_init_function_takes_null(void** state) {
  (void)state;
  mychat_client_options_init(NULL);
  mychat_error_init(NULL);
  mychat_login_options_init(NULL);
  mychat_register_options_init(NULL);
  mychat_send_options_init(NULL);
  mychat_client_wakeup(NULL);
  assert_int_equal(mychat_client_event_fd(NULL), -1);
}

#define BAD(call) EXPECT(MYCHAT_E_INVALID_ARGUMENT, call)
/* The call fails and its pointer or number is reset. */
#define BAD_OUT(type, call)               \
  do {                                    \
    type* out = (type*)(uintptr_t)0x1234; \
    BAD(call);                            \
    assert_null(out);                     \
  } while (0)
#define BAD_REQUEST(call)           \
  do {                              \
    mychat_request_id out = 0x1234; \
    BAD(call);                      \
    assert_true(out == 0);          \
  } while (0)

static void a_null_client_is_refused_everywhere(void** state) {
  (void)state;
  mychat_client* const none = NULL;
  mychat_register_options registration = MYCHAT_REGISTER_OPTIONS_INIT;
  mychat_login_options login = MYCHAT_LOGIN_OPTIONS_INIT;
  mychat_send_options message = MYCHAT_SEND_OPTIONS_INIT;
  char id[MYCHAT_MESSAGE_ID_SIZE] = "x";
  uint32_t flags = 7;
  mychat_scan_result scan = 7;
  BAD(mychat_client_start(none, &error));
  BAD(mychat_client_stop(none, &error));
  BAD(mychat_client_close(none, &error));
  BAD_OUT(mychat_event, mychat_client_poll(none, 0, &out, &error));
  BAD(mychat_client_ack(none, 0, &error));
  BAD(mychat_client_rewind(none, &error));
  BAD_OUT(mychat_event, mychat_client_await(none, 1, 0, &out, &error));
  BAD(mychat_client_cancel(none, 1, &error));
  BAD_REQUEST(mychat_client_register(none, &registration, &out, &error));
  BAD_REQUEST(mychat_client_login(none, &login, &out, &error));
  BAD_REQUEST(mychat_client_logout(none, &out, &error));
  BAD_REQUEST(mychat_client_delete_account(none, "password", &out, &error));
  BAD_REQUEST(mychat_client_change_password(none, "password", "password", &out, &error));
  BAD_OUT(mychat_account, mychat_client_account(none, &out, &error));
  BAD_REQUEST(mychat_client_set_profile(none, "", "", &out, &error));
  BAD_REQUEST(mychat_client_sessions(none, &out, &error));
  BAD_REQUEST(mychat_client_revoke_session(none, "id", &out, &error));
  BAD_REQUEST(mychat_client_node_info(none, &out, &error));
  BAD(mychat_client_set_policy(none, 0, &error));
  BAD(mychat_client_policy(none, &flags, &error));
  assert_int_equal(flags, 0);
  BAD_OUT(mychat_store_report, mychat_client_check_store(none, &out, &error));
  BAD(mychat_client_backup_store(none, "/tmp/x", &error));
  BAD(mychat_client_change_passphrase(none, "passphrase", &error));
  BAD(mychat_client_send(none, &message, id, &error));
  assert_string_equal(id, "");
  strcpy(id, "x");
  BAD(mychat_client_send_text(none, SEED_BOB, "text", id, &error));
  assert_string_equal(id, "");
  BAD(mychat_client_retry(none, SEED_FAILED, &error));
  BAD_OUT(mychat_message_list, mychat_client_history(none, SEED_BOB, 0, 10, &out, &error));
  BAD_OUT(mychat_message_list, mychat_client_search(none, "text", NULL, 0, 10, &out, &error));
  BAD_OUT(mychat_message, mychat_client_message(none, SEED_TEXT_1, &out, &error));
  BAD(mychat_client_mark_read(none, SEED_BOB, NULL, &error));
  BAD_OUT(mychat_explanation, mychat_client_explain(none, SEED_TEXT_1, &out, &error));
  BAD_REQUEST(mychat_client_add_contact(none, SEED_BOB, NULL, &out, &error));
  BAD_REQUEST(mychat_client_remove_contact(none, SEED_BOB, &out, &error));
  BAD_REQUEST(mychat_client_lookup(none, SEED_BOB, &out, &error));
  BAD_OUT(mychat_contact_list, mychat_client_contacts(none, &out, &error));
  BAD_OUT(mychat_contact, mychat_client_contact(none, SEED_BOB, &out, &error));
  BAD_OUT(mychat_conversation_list, mychat_client_conversations(none, &out, &error));
  BAD(mychat_client_set_typing(none, SEED_BOB, 1, &error));
  BAD(mychat_client_set_presence(none, MYCHAT_PRESENCE_AWAY, &error));
  BAD_OUT(char, mychat_client_public_key(none, MYCHAT_KEY_PEM, &out, &error));
  BAD_OUT(char, mychat_client_export_private_key(none, MYCHAT_KEY_PEM, &out, &error));
  BAD(mychat_client_import_private_key(none, seed_alice_key(), &error));
  BAD_OUT(char, mychat_client_safety_number(none, SEED_BOB, &out, &error));
  BAD_OUT(char, mychat_client_safety_qr(none, SEED_BOB, &out, &error));
  BAD(mychat_client_compare_safety_qr(none, SEED_BOB, "code", &scan, &error));
  assert_int_equal(scan, 0);
  BAD(mychat_client_set_verified(none, SEED_BOB, "F", 1, &error));
  BAD(mychat_client_accept_key(none, SEED_BOB, "F", &error));
  BAD_OUT(mychat_backup, mychat_client_export_backup(none, "password", MYCHAT_BACKUP_FULL, &out, &error));
  BAD_OUT(mychat_backup_report, mychat_client_import_backup(none, "x", 1, "password", &out, &error));
  BAD_REQUEST(mychat_client_rotate_identity(none, NULL, &out, &error));
}

/* The same with a client, where it is the place for the result that is missing. */
static void a_null_place_for_the_result_is_refused_and_nothing_leaks(void** state) {
  mychat_client* alice = ((world*)*state)->client;
  mychat_register_options registration = MYCHAT_REGISTER_OPTIONS_INIT;
  mychat_login_options login = MYCHAT_LOGIN_OPTIONS_INIT;
  BAD(mychat_client_create(NULL, NULL, &error));
  BAD(mychat_client_poll(alice, 0, NULL, &error));
  BAD(mychat_client_register(alice, &registration, NULL, &error));
  BAD(mychat_client_login(alice, &login, NULL, &error));
  BAD(mychat_client_logout(alice, NULL, &error));
  BAD(mychat_client_delete_account(alice, "password", NULL, &error));
  BAD(mychat_client_change_password(alice, "password", "password", NULL, &error));
  BAD(mychat_client_account(alice, NULL, &error));
  BAD(mychat_client_set_profile(alice, NULL, NULL, NULL, &error));
  BAD(mychat_client_sessions(alice, NULL, &error));
  BAD(mychat_client_revoke_session(alice, NULL, NULL, &error));
  BAD(mychat_client_node_info(alice, NULL, &error));
  BAD(mychat_client_policy(alice, NULL, &error));
  BAD(mychat_client_check_store(alice, NULL, &error));
  BAD(mychat_client_history(alice, SEED_BOB, 0, 10, NULL, &error));
  BAD(mychat_client_search(alice, "text", NULL, 0, 10, NULL, &error));
  BAD(mychat_client_message(alice, SEED_TEXT_1, NULL, &error));
  BAD(mychat_client_explain(alice, SEED_TEXT_1, NULL, &error));
  BAD(mychat_client_add_contact(alice, SEED_BOB, NULL, NULL, &error));
  BAD(mychat_client_remove_contact(alice, SEED_BOB, NULL, &error));
  BAD(mychat_client_lookup(alice, SEED_BOB, NULL, &error));
  BAD(mychat_client_contacts(alice, NULL, &error));
  BAD(mychat_client_contact(alice, SEED_BOB, NULL, &error));
  BAD(mychat_client_conversations(alice, NULL, &error));
  BAD(mychat_client_public_key(alice, MYCHAT_KEY_PEM, NULL, &error));
  BAD(mychat_client_export_private_key(alice, MYCHAT_KEY_PEM, NULL, &error));
  BAD(mychat_client_safety_number(alice, SEED_BOB, NULL, &error));
  BAD(mychat_client_safety_qr(alice, SEED_BOB, NULL, &error));
  BAD(mychat_client_compare_safety_qr(alice, SEED_BOB, "code", NULL, &error));
  BAD(mychat_client_export_backup(alice, "password", MYCHAT_BACKUP_FULL, NULL, &error));
  BAD(mychat_client_rotate_identity(alice, NULL, NULL, &error));
  BAD(mychat_verify_backup(NULL, "x", 1, "password", NULL, &error));
  BAD(mychat_backup_change_password("x", 1, "password", "password", NULL, &error));
  BAD(mychat_public_key_convert("key", MYCHAT_KEY_PEM, NULL, &error));
  BAD(mychat_fingerprint("key", MYCHAT_FINGERPRINT_JWK, NULL, &error));
  /* Nothing is in our hands, so an allocator may be set. */
  OK(mychat_set_allocator(NULL, &error));
}

static void texts_that_are_null_or_not_utf8_are_refused(void** state) {
  mychat_client* alice = ((world*)*state)->client;
  static const char* const bad[] = {NULL, "\xff\xfe", "a\xc0\x80", "\xed\xa0\x80"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; ++i) {
    const char* text = bad[i];
    BAD_REQUEST(mychat_client_delete_account(alice, text, &out, &error));
    BAD_REQUEST(mychat_client_change_password(alice, text, "new password", &out, &error));
    BAD_REQUEST(mychat_client_change_password(alice, "old password", text, &out, &error));
    BAD_REQUEST(mychat_client_add_contact(alice, text, NULL, &out, &error));
    BAD_REQUEST(mychat_client_remove_contact(alice, text, &out, &error));
    BAD_REQUEST(mychat_client_lookup(alice, text, &out, &error));
    BAD(mychat_client_change_passphrase(alice, text, &error));
    BAD(mychat_client_send_text(alice, text, "text", NULL, &error));
    BAD(mychat_client_send_text(alice, SEED_BOB, text, NULL, &error));
    BAD(mychat_client_retry(alice, text, &error));
    BAD_OUT(mychat_message_list, mychat_client_history(alice, text, 0, 10, &out, &error));
    BAD_OUT(mychat_message_list, mychat_client_search(alice, text, NULL, 0, 10, &out, &error));
    BAD_OUT(mychat_message, mychat_client_message(alice, text, &out, &error));
    BAD(mychat_client_mark_read(alice, text, NULL, &error));
    BAD_OUT(mychat_explanation, mychat_client_explain(alice, text, &out, &error));
    BAD_OUT(mychat_contact, mychat_client_contact(alice, text, &out, &error));
    BAD(mychat_client_set_typing(alice, text, 1, &error));
    BAD_OUT(char, mychat_client_safety_number(alice, text, &out, &error));
    BAD_OUT(char, mychat_client_safety_qr(alice, text, &out, &error));
    BAD(mychat_client_set_verified(alice, text, "F", 1, &error));
    BAD(mychat_client_set_verified(alice, SEED_BOB, text, 1, &error));
    BAD(mychat_client_accept_key(alice, text, "F", &error));
    BAD(mychat_client_accept_key(alice, SEED_CAROL, text, &error));
    BAD(mychat_client_import_private_key(alice, text, &error));
    BAD_OUT(mychat_backup, mychat_client_export_backup(alice, text, MYCHAT_BACKUP_FULL, &out, &error));
    BAD_OUT(char, mychat_public_key_convert(text, MYCHAT_KEY_PEM, &out, &error));
    BAD_OUT(char, mychat_fingerprint(text, MYCHAT_FINGERPRINT_JWK, &out, &error));
    if (text == NULL) continue;
    /* Optional ones: NULL is meant, other bytes are not. */
    BAD_REQUEST(mychat_client_set_profile(alice, text, NULL, &out, &error));
    BAD_REQUEST(mychat_client_set_profile(alice, NULL, text, &out, &error));
    BAD_REQUEST(mychat_client_add_contact(alice, SEED_BOB, text, &out, &error));
    BAD_REQUEST(mychat_client_revoke_session(alice, text, &out, &error));
    BAD_OUT(mychat_message_list, mychat_client_search(alice, "text", text, 0, 10, &out, &error));
    BAD(mychat_client_mark_read(alice, SEED_BOB, text, &error));
  }
}

static void numbers_out_of_range_are_refused(void** state) {
  mychat_client* alice = ((world*)*state)->client;
  static const int32_t bad[] = {0, -1, 4, 99, INT32_MAX, INT32_MIN};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; ++i) {
    const int32_t value = bad[i];
    BAD_OUT(char, mychat_client_public_key(alice, value, &out, &error));
    BAD_OUT(char, mychat_client_export_private_key(alice, value, &out, &error));
    BAD_OUT(mychat_backup, mychat_client_export_backup(alice, "password", value, &out, &error));
    mychat_send_options message = MYCHAT_SEND_OPTIONS_INIT;
    message.content_type = value;
    message.recipient = SEED_BOB;
    /* 0 is the default: text. */
    EXPECT(value == 0 ? MYCHAT_OK : MYCHAT_E_INVALID_ARGUMENT,
           mychat_client_send(alice, &message, NULL, &error));
    if (value != 0) {
      BAD(mychat_client_set_typing(alice, SEED_BOB, value, &error));
      BAD(mychat_client_set_verified(alice, SEED_BOB, "F", value, &error));
    }
    BAD(mychat_client_set_presence(alice, value, &error));
    BAD(mychat_client_set_policy(alice, (uint32_t)value | 0x100u, &error));
  }
  static const int64_t places[] = {-1, INT64_MIN, 9999, INT64_MAX};
  for (size_t i = 0; i < sizeof places / sizeof *places; ++i) {
    BAD_OUT(mychat_message_list, mychat_client_history(alice, SEED_BOB, places[i], 10, &out, &error));
    BAD_OUT(mychat_message_list, mychat_client_search(alice, "x", NULL, places[i], 10, &out, &error));
  }
  static const uint32_t limits[] = {0, 501, UINT32_MAX};
  for (size_t i = 0; i < sizeof limits / sizeof *limits; ++i) {
    BAD_OUT(mychat_message_list, mychat_client_history(alice, SEED_BOB, 0, limits[i], &out, &error));
    BAD_OUT(mychat_message_list, mychat_client_search(alice, "x", NULL, 0, limits[i], &out, &error));
  }
  BAD(mychat_client_set_presence(alice, MYCHAT_PRESENCE_OFFLINE, &error));
  uint32_t flags = 1;
  OK(mychat_client_policy(alice, &flags, &error));
  assert_int_equal(flags, 0);
}

static void names_are_given_for_every_number(void** state) {
  (void)state;
  assert_string_equal(mychat_status_name(MYCHAT_OK), "MYCHAT_OK");
  assert_string_equal(mychat_status_name(MYCHAT_E_STORE_HELD), "MYCHAT_E_STORE_HELD");
  int named = 0;
  for (int32_t status = -10; status < 200; ++status) {
    const char* name = mychat_status_name(status);
    assert_int_equal(strncmp(name, "MYCHAT_", 7), 0);
    named += strcmp(name, "MYCHAT_E_UNKNOWN") != 0;
  }
  assert_int_equal(named, 44);
  assert_string_equal(mychat_event_type_name(MYCHAT_EVENT_KEY_CHANGED), "key_changed");
  for (int32_t type = 1; type <= 10; ++type) assert_string_not_equal(mychat_event_type_name(type), "unknown");
  assert_string_equal(mychat_event_type_name(0), "unknown");
  assert_string_equal(mychat_event_type_name(11), "unknown");
  assert_int_equal(mychat_version_number(), MYCHAT_VERSION_NUMBER);
  assert_string_equal(mychat_version_string(), MYCHAT_VERSION_STRING);
}

/* The value of the item `name`, which must be there once, copied to `value`. */
static void build_info_item(const char* name, char value[64]) {
  char text[512];
  assert_true(strlen(mychat_build_info()) < sizeof text);
  strcpy(text, mychat_build_info());
  int found = 0;
  for (char* item = text; item != NULL;) {
    char* next = strchr(item, ' ');
    if (next != NULL) *next++ = '\0';
    char* slash = strchr(item, '/');
    assert_true(slash != NULL && slash > item && slash[1] != '\0');
    *slash = '\0';
    if (strcmp(item, name) == 0) {
      ++found;
      assert_true(strlen(slash + 1) < 64);
      strcpy(value, slash + 1);
    }
    item = next;
  }
  assert_int_equal(found, 1);
}

static void the_build_info_is_what_runs(void** state) {
  (void)state;
  assert_int_equal(strncmp(mychat_build_info(), "mychat/" MYCHAT_VERSION_STRING " ",
                           strlen("mychat/" MYCHAT_VERSION_STRING " ")),
                   0);
  char value[64];
  build_info_item("openssl", value);
  assert_string_equal(value, OpenSSL_version(OPENSSL_VERSION_STRING));
  build_info_item("libcurl", value);
  assert_string_equal(value, curl_version_info(CURLVERSION_NOW)->version);
  build_info_item("libcurl-tls", value);
  assert_string_equal(value, curl_version_info(CURLVERSION_NOW)->ssl_version);
  build_info_item("dependencies", value);
  assert_true(strcmp(value, "static") == 0 || strcmp(value, "shared") == 0);
  static const char* const numbered[] = {"libwebsockets", "sqlite", "libzip", "cjson", "zlib"};
  for (size_t i = 0; i < sizeof numbered / sizeof *numbered; ++i) {
    int major = 0;
    int minor = 0;
    build_info_item(numbered[i], value);
    assert_int_equal(sscanf(value, "%d.%d", &major, &minor), 2);
  }
  assert_ptr_equal(mychat_build_info(), mychat_build_info());
}

int run_arguments_tests(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_free_function_takes_null),
      cmocka_unit_test(every_init_function_takes_null),
      cmocka_unit_test(a_null_client_is_refused_everywhere),
      cmocka_unit_test_setup_teardown(a_null_place_for_the_result_is_refused_and_nothing_leaks, new_alice,
                                      end_world),
      cmocka_unit_test_setup_teardown(texts_that_are_null_or_not_utf8_are_refused, new_alice_logged_in,
                                      end_world),
      cmocka_unit_test_setup_teardown(numbers_out_of_range_are_refused, new_alice, end_world),
      cmocka_unit_test(names_are_given_for_every_number),
      cmocka_unit_test(the_build_info_is_what_runs),
  };
  return cmocka_run_group_tests_name("arguments", tests, NULL, NULL);
}
