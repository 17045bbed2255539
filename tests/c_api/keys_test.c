/* Keys: forms, fingerprints, import and export, safety numbers, trust. */
#include <cjson/cJSON.h>

#include "support.h"

static char* text_of(const cJSON* object, const char* name) {
  const cJSON* item = cJSON_GetObjectItemCaseSensitive(object, name);
  if (cJSON_IsString(item)) {
    char* copy = malloc(strlen(item->valuestring) + 1);
    assert_non_null(copy);
    return strcpy(copy, item->valuestring);
  }
  return cJSON_PrintUnformatted(item);
}

static cJSON* identities(void) {
  char* json = read_vector("identities.json", NULL);
  if (json == NULL) {
    print_message("skipped: MYCHAT_VECTORS_DIR has no mychat-v1/identities.json\n");
    skip();
  }
  cJSON* list = cJSON_Parse(json);
  free(json);
  assert_non_null(list);
  return list;
}

static void forms_and_fingerprints_are_those_of_the_vectors(void** state) {
  (void)state;
  cJSON* list = identities();
  const cJSON* each = NULL;
  int seen = 0;
  cJSON_ArrayForEach(each, list) {
    char* jwk = text_of(each, "public_jwk_string");
    char* pem = text_of(each, "public_key_pem");
    char* by_jwk = text_of(each, "fingerprint");
    char* by_pem = text_of(each, "pem_fingerprint");
    char* out = NULL;
    const char* keys[] = {jwk, pem};
    for (int i = 0; i < 2; ++i) {
      OK(mychat_fingerprint(keys[i], MYCHAT_FINGERPRINT_JWK, &out, &error));
      assert_string_equal(out, by_jwk);
      mychat_string_free(out);
      OK(mychat_fingerprint(keys[i], MYCHAT_FINGERPRINT_PEM, &out, &error));
      assert_string_equal(out, by_pem);
      mychat_string_free(out);
      OK(mychat_public_key_convert(keys[i], MYCHAT_KEY_PEM, &out, &error));
      assert_string_equal(out, pem);
      mychat_string_free(out);
      OK(mychat_public_key_convert(keys[i], MYCHAT_KEY_JWK, &out, &error));
      char* again = NULL; /* What was converted means the same key. */
      OK(mychat_fingerprint(out, MYCHAT_FINGERPRINT_JWK, &again, &error));
      assert_string_equal(again, by_jwk);
      mychat_string_free(again);
      mychat_string_free(out);
    }
    free(jwk);
    free(pem);
    free(by_jwk);
    free(by_pem);
    ++seen;
  }
  assert_true(seen >= 2);
  cJSON_Delete(list);
}

static void keys_that_are_none_are_refused(void** state) {
  (void)state;
  char* out = (char*)(uintptr_t)8;
  static const char* const bad[] = {"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "{}",
                                    "{\"kty\":\"RSA\"}", "neither of them", "{"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; ++i) {
    EXPECT(MYCHAT_E_MALFORMED, mychat_fingerprint(bad[i], MYCHAT_FINGERPRINT_JWK, &out, &error));
    assert_null(out);
    EXPECT(MYCHAT_E_MALFORMED, mychat_public_key_convert(bad[i], MYCHAT_KEY_JWK, &out, &error));
    assert_null(out);
  }
}

static void the_forms_are_checked(void** state) {
  mychat_client* alice = ((world*)*state)->client;
  char* pem = NULL;
  char* out = NULL;
  OK(mychat_client_public_key(alice, MYCHAT_KEY_PEM, &pem, &error));
  static const int32_t bad[] = {0, 3, -1, INT32_MAX};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; ++i) {
    EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_public_key_convert(pem, bad[i], &out, &error));
    EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_fingerprint(pem, bad[i], &out, &error));
    assert_null(out);
  }
  mychat_string_free(pem);
}

static void a_private_key_is_imported_once_and_exported_as_it_was(void** state) {
  mychat_client* client = ((world*)*state)->client;
  char* out = NULL;
  EXPECT(MYCHAT_E_NO_IDENTITY, mychat_client_public_key(client, MYCHAT_KEY_PEM, &out, &error));
  EXPECT(MYCHAT_E_NO_IDENTITY, mychat_client_export_private_key(client, MYCHAT_KEY_JWK, &out, &error));
  assert_null(out);
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_client_import_private_key(client, "  \n", &error));
  EXPECT(MYCHAT_E_MALFORMED, mychat_client_import_private_key(client, "no key", &error));
  EXPECT(MYCHAT_E_MALFORMED, mychat_client_import_private_key(client, "{\"kty\":\"RSA\"}", &error));
  cJSON* list = identities();
  const cJSON* each = cJSON_GetArrayItem(list, 0);
  char* jwk = text_of(each, "private_jwk");
  char* pem = text_of(each, "public_key_pem");
  char* fingerprint = text_of(each, "fingerprint");
  EXPECT(MYCHAT_E_MALFORMED, mychat_client_import_private_key(client, pem, &error)); /* A public one. */
  OK(mychat_client_import_private_key(client, jwk, &error));
  EXPECT(MYCHAT_E_ALREADY_EXISTS, mychat_client_import_private_key(client, jwk, &error));
  OK(mychat_client_public_key(client, MYCHAT_KEY_PEM, &out, &error));
  assert_string_equal(out, pem);
  mychat_string_free(out);
  mychat_account* account = NULL;
  OK(mychat_client_account(client, &account, &error));
  assert_int_equal(account->struct_size, sizeof *account);
  assert_int_equal(account->has_identity, 1);
  assert_int_equal(account->logged_in, 0);
  assert_string_equal(account->handle, "");
  assert_string_equal(account->fingerprint, fingerprint);
  mychat_account_free(account);

  OK(mychat_client_export_private_key(client, MYCHAT_KEY_JWK, &out, &error));
  cJSON* exported = cJSON_Parse(out);
  cJSON* original = cJSON_Parse(jwk);
  assert_non_null(exported);
  assert_true(cJSON_Compare(exported, original, 1));
  cJSON_Delete(exported);
  cJSON_Delete(original);
  mychat_string_free(out);
  free(jwk);
  free(pem);
  free(fingerprint);
  cJSON_Delete(list);
}

static void the_exported_pem_opens_another_store(void** state) {
  world* w = *state;
  char* pem = NULL;
  OK(mychat_client_export_private_key(w->client, MYCHAT_KEY_PEM, &pem, &error));
  mychat_client_options options = store_options(w);
  char path[128];
  snprintf(path, sizeof path, "%s/other", w->folder);
  options.store_path = path;
  mychat_client* other = NULL;
  OK(mychat_client_create(&options, &other, &error));
  OK(mychat_client_import_private_key(other, pem, &error));
  mychat_string_free(pem);
  char* mine = NULL;
  char* theirs = NULL;
  OK(mychat_client_public_key(w->client, MYCHAT_KEY_JWK, &mine, &error));
  OK(mychat_client_public_key(other, MYCHAT_KEY_JWK, &theirs, &error));
  assert_string_equal(mine, theirs);
  mychat_string_free(mine);
  mychat_string_free(theirs);
  mychat_client_free(other);
}

static void safety_numbers_need_both_keys(void** state) {
  mychat_client* alice = ((world*)*state)->client;
  char* number = NULL;
  char* code = NULL;
  mychat_scan_result scan = 9;
  OK(mychat_client_safety_number(alice, SEED_BOB, &number, &error));
  assert_int_equal(strlen(number), 60 + 11);
  for (const char* c = number; *c != '\0'; ++c) assert_true((*c >= '0' && *c <= '9') || *c == ' ');
  mychat_string_free(number);
  OK(mychat_client_safety_qr(alice, SEED_BOB, &code, &error));
  /* One's own code is not the other side's; a code of other users is told apart. */
  OK(mychat_client_compare_safety_qr(alice, SEED_CAROL, code, &scan, &error));
  assert_int_equal(scan, MYCHAT_SCAN_OTHER_USERS);
  mychat_string_free(code);
  EXPECT(MYCHAT_E_MALFORMED, mychat_client_compare_safety_qr(alice, SEED_BOB, "no code", &scan, &error));
  assert_int_equal(scan, 0);
  number = (char*)(uintptr_t)8;
  EXPECT(MYCHAT_E_NOT_FOUND, mychat_client_safety_number(alice, SEED_DAVE, &number, &error));
  assert_null(number);
  EXPECT(MYCHAT_E_NOT_FOUND, mychat_client_safety_qr(alice, SEED_DAVE, &number, &error));
  EXPECT(MYCHAT_E_NOT_FOUND, mychat_client_compare_safety_qr(alice, SEED_DAVE, "no code", &scan, &error));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_client_safety_number(alice, "nobody", &number, &error));
}

static void without_keys_there_is_no_safety_number(void** state) {
  mychat_client* client = ((world*)*state)->client;
  char* number = NULL;
  EXPECT(MYCHAT_E_NO_IDENTITY, mychat_client_safety_number(client, SEED_BOB, &number, &error));
  EXPECT(MYCHAT_E_NO_IDENTITY, mychat_client_safety_qr(client, SEED_BOB, &number, &error));
}

static mychat_contact* contact_of(mychat_client* alice, const char* handle) {
  mychat_contact* contact = NULL;
  OK(mychat_client_contact(alice, handle, &contact, &error));
  return contact;
}

static void trust_is_given_to_the_key_that_was_compared(void** state) {
  mychat_client* alice = ((world*)*state)->client;
  mychat_contact* bob = contact_of(alice, SEED_BOB);
  mychat_contact* carol = contact_of(alice, SEED_CAROL);
  EXPECT(MYCHAT_E_KEY_MISMATCH,
         mychat_client_set_verified(alice, SEED_BOB, carol->pending_fingerprint, 1, &error));
  EXPECT(MYCHAT_E_KEY_MISMATCH, mychat_client_set_verified(alice, SEED_BOB, "", 1, &error));
  EXPECT(MYCHAT_E_NOT_FOUND, mychat_client_set_verified(alice, SEED_DAVE, bob->fingerprint, 1, &error));
  EXPECT(MYCHAT_E_KEY_CHANGED, mychat_client_set_verified(alice, SEED_CAROL, carol->fingerprint, 1, &error));
  OK(mychat_client_set_verified(alice, SEED_BOB, bob->fingerprint, 1, &error));
  mychat_contact* after = contact_of(alice, SEED_BOB);
  assert_int_equal(after->trust, MYCHAT_TRUST_VERIFIED);
  mychat_contact_free(after);
  OK(mychat_client_set_verified(alice, SEED_BOB, bob->fingerprint, 0, &error));
  after = contact_of(alice, SEED_BOB);
  assert_int_equal(after->trust, MYCHAT_TRUST_UNVERIFIED);
  mychat_contact_free(after);

  EXPECT(MYCHAT_E_INVALID_STATE, mychat_client_accept_key(alice, SEED_BOB, bob->fingerprint, &error));
  EXPECT(MYCHAT_E_NOT_FOUND, mychat_client_accept_key(alice, SEED_DAVE, bob->fingerprint, &error));
  EXPECT(MYCHAT_E_KEY_MISMATCH, mychat_client_accept_key(alice, SEED_CAROL, carol->fingerprint, &error));
  OK(mychat_client_accept_key(alice, SEED_CAROL, carol->pending_fingerprint, &error));
  after = contact_of(alice, SEED_CAROL);
  assert_int_equal(after->trust, MYCHAT_TRUST_UNVERIFIED);
  assert_string_equal(after->fingerprint, carol->pending_fingerprint);
  assert_string_equal(after->pending_fingerprint, "");
  mychat_contact_free(after);
  OK(mychat_client_send_text(alice, SEED_CAROL, "now it goes", NULL, &error));
  /* Each change is told. */
  int told = 0;
  mychat_event* event = NULL;
  while (mychat_client_poll(alice, 0, &event, NULL) == MYCHAT_OK) {
    told += event->type == MYCHAT_EVENT_CONTACT;
    mychat_event_free(event);
  }
  assert_int_equal(told, 3);
  mychat_contact_free(bob);
  mychat_contact_free(carol);
}

int run_keys_tests(void) {
#define WITH_ALICE(test) cmocka_unit_test_setup_teardown(test, new_alice, end_world)
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(forms_and_fingerprints_are_those_of_the_vectors),
      cmocka_unit_test(keys_that_are_none_are_refused),
      WITH_ALICE(the_forms_are_checked),
      cmocka_unit_test_setup_teardown(a_private_key_is_imported_once_and_exported_as_it_was, new_empty,
                                      end_world),
      WITH_ALICE(the_exported_pem_opens_another_store),
      WITH_ALICE(safety_numbers_need_both_keys),
      cmocka_unit_test_setup_teardown(without_keys_there_is_no_safety_number, new_empty, end_world),
      WITH_ALICE(trust_is_given_to_the_key_that_was_compared),
  };
  return cmocka_run_group_tests_name("keys", tests, NULL, NULL);
}
