/* Key backups: ours, those of the vectors, broken ones. */
#include <cjson/cJSON.h>

#include "support.h"

#define PASSWORD "a good password"

static mychat_backup* export_of(mychat_client* alice, mychat_backup_kind kind) {
  mychat_backup* backup = NULL;
  OK(mychat_client_export_backup(alice, PASSWORD, kind, &backup, &error));
  assert_int_equal(backup->struct_size, sizeof *backup);
  assert_true(backup->size > 100);
  assert_int_equal(strncmp(backup->file_name, "mychat-keys-alice-", 18), 0);
  return backup;
}

static mychat_client* second_client(world* w) {
  static char path[128];
  snprintf(path, sizeof path, "%s/second", w->folder);
  mychat_client_options options = store_options(w);
  options.store_path = path;
  mychat_client* client = NULL;
  OK(mychat_client_create(&options, &client, &error));
  return client;
}

static void a_full_backup_brings_everything_back(void** state) {
  world* w = *state;
  mychat_contact* bob = NULL;
  OK(mychat_client_contact(w->client, SEED_BOB, &bob, &error));
  OK(mychat_client_set_verified(w->client, SEED_BOB, bob->fingerprint, 1, &error));
  OK(mychat_client_set_policy(w->client, MYCHAT_POLICY_NO_TYPING, &error));
  mychat_contact_free(bob);
  mychat_backup* backup = export_of(w->client, MYCHAT_BACKUP_FULL);
  mychat_account* account = NULL;
  OK(mychat_client_account(w->client, &account, &error));
  assert_true(account->backup_at > 0);

  mychat_backup_report* report = NULL;
  OK(mychat_verify_backup(w->client, backup->data, backup->size, PASSWORD, &report, &error));
  assert_int_equal(report->struct_size, sizeof *report);
  assert_int_equal(report->matches_account, 1);
  assert_int_equal(report->has_v1_members, 1);
  assert_int_equal(report->has_sealed_member, 1);
  assert_int_equal(report->has_signing_key, 1);
  assert_int_equal(report->contacts, 2);
  assert_int_equal(report->verified_contacts, 1);
  assert_string_equal(report->handle, SEED_ALICE);
  assert_string_equal(report->fingerprint, account->fingerprint);
  mychat_backup_report_free(report);
  mychat_account_free(account);

  mychat_client* second = second_client(w);
  EXPECT(MYCHAT_E_WRONG_PASSWORD,
         mychat_client_import_backup(second, backup->data, backup->size, "another one", NULL, &error));
  OK(mychat_client_import_backup(second, backup->data, backup->size, PASSWORD, &report, &error));
  assert_int_equal(report->contacts, 2);
  mychat_backup_report_free(report);
  OK(mychat_client_import_backup(second, backup->data, backup->size, PASSWORD, NULL,
                                 &error)); /* Again is harmless. */
  mychat_contact* restored = NULL;
  OK(mychat_client_contact(second, SEED_BOB, &restored, &error));
  assert_int_equal(restored->trust, MYCHAT_TRUST_VERIFIED);
  mychat_contact_free(restored);
  uint32_t flags = 0;
  OK(mychat_client_policy(second, &flags, &error));
  assert_int_equal(flags, MYCHAT_POLICY_NO_TYPING);
  mychat_client_free(second);
  mychat_backup_free(backup);
}

static void the_kinds_hold_what_they_say(void** state) {
  world* w = *state;
  static const mychat_backup_kind kinds[] = {MYCHAT_BACKUP_V1, MYCHAT_BACKUP_SEALED};
  for (int i = 0; i < 2; ++i) {
    mychat_backup* backup = export_of(w->client, kinds[i]);
    mychat_backup_report* report = NULL;
    OK(mychat_verify_backup(NULL, backup->data, backup->size, PASSWORD, &report, &error));
    assert_int_equal(report->has_v1_members, kinds[i] == MYCHAT_BACKUP_V1);
    assert_int_equal(report->has_sealed_member, kinds[i] == MYCHAT_BACKUP_SEALED);
    assert_int_equal(report->matches_account, -1);
    mychat_backup_report_free(report);
    OK(mychat_verify_backup(w->client, backup->data, backup->size, PASSWORD, &report, &error));
    assert_int_equal(report->matches_account, 1);
    assert_true(report->loss_count > 0); /* The messages' local copies at least. */
    for (size_t j = 0; j < report->loss_count; ++j) assert_true(strlen(report->losses[j]) > 5);
    mychat_backup_report_free(report);
    mychat_backup_free(backup);
  }
}

static void another_password_makes_another_archive(void** state) {
  world* w = *state;
  mychat_backup* backup = export_of(w->client, MYCHAT_BACKUP_FULL);
  mychat_backup* changed = (mychat_backup*)(uintptr_t)8;
  mychat_backup_report* report = NULL;
  EXPECT(MYCHAT_E_WRONG_PASSWORD, mychat_backup_change_password(backup->data, backup->size, "not the one",
                                                                "next password", &changed, &error));
  assert_null(changed);
  EXPECT(MYCHAT_E_INVALID_ARGUMENT,
         mychat_backup_change_password(backup->data, backup->size, PASSWORD, "short", &changed, &error));
  OK(mychat_backup_change_password(backup->data, backup->size, PASSWORD, "next password", &changed, &error));
  OK(mychat_verify_backup(w->client, changed->data, changed->size, "next password", &report, &error));
  assert_int_equal(report->contacts, 2);
  mychat_backup_report_free(report);
  EXPECT(MYCHAT_E_WRONG_PASSWORD,
         mychat_verify_backup(NULL, changed->data, changed->size, PASSWORD, &report, &error));
  assert_null(report);
  mychat_backup_free(changed);
  mychat_backup_free(backup);
}

static void a_backup_needs_keys_an_account_and_a_password(void** state) {
  world* w = *state;
  mychat_backup* backup = (mychat_backup*)(uintptr_t)8;
  EXPECT(MYCHAT_E_INVALID_ARGUMENT,
         mychat_client_export_backup(w->client, "short", MYCHAT_BACKUP_FULL, &backup, &error));
  assert_null(backup);
  mychat_client* second = second_client(w);
  EXPECT(MYCHAT_E_NO_IDENTITY,
         mychat_client_export_backup(second, PASSWORD, MYCHAT_BACKUP_FULL, &backup, &error));
  OK(mychat_client_import_private_key(second, seed_other_key(), &error));
  mychat_backup* mine = export_of(w->client, MYCHAT_BACKUP_SEALED);
  EXPECT(MYCHAT_E_ALREADY_EXISTS,
         mychat_client_import_backup(second, mine->data, mine->size, PASSWORD, NULL, &error));
  mychat_backup_free(mine);
  mychat_client_free(second);
}

static void the_archives_of_browsers_are_read(void** state) {
  world* w = *state;
  char* json = read_vector("identities.json", NULL);
  if (json == NULL) {
    print_message("skipped: MYCHAT_VECTORS_DIR has no mychat-v1\n");
    skip();
  }
  cJSON* list = cJSON_Parse(json);
  free(json);
  const cJSON* each = NULL;
  cJSON_ArrayForEach(each, list) {
    const char* file = cJSON_GetObjectItem(each, "backup_file")->valuestring;
    const char* password = cJSON_GetObjectItem(each, "backup_password")->valuestring;
    const char* fingerprint = cJSON_GetObjectItem(each, "fingerprint")->valuestring;
    size_t size = 0;
    const char* name = strrchr(file, '/');
    char* archive = read_vector(name == NULL ? file : name + 1, &size);
    assert_non_null(archive);
    mychat_backup_report* report = NULL;
    OK(mychat_verify_backup(NULL, archive, size, password, &report, &error));
    assert_string_equal(report->fingerprint, fingerprint);
    assert_int_equal(report->has_sealed_member, 0);
    mychat_backup_report_free(report);
    EXPECT(MYCHAT_E_WRONG_PASSWORD,
           mychat_verify_backup(NULL, archive, size, "another password", &report, &error));
    if (each == list->child) {
      OK(mychat_client_import_backup(w->client, archive, size, password, NULL, &error));
      mychat_account* account = NULL;
      OK(mychat_client_account(w->client, &account, &error));
      assert_string_equal(account->fingerprint, fingerprint);
      mychat_account_free(account);
    } else {
      EXPECT(MYCHAT_E_ALREADY_EXISTS,
             mychat_client_import_backup(w->client, archive, size, password, NULL, &error));
    }
    mychat_backup* changed = NULL;
    OK(mychat_backup_change_password(archive, size, password, "next password", &changed, &error));
    OK(mychat_verify_backup(NULL, changed->data, changed->size, "next password", &report, &error));
    assert_string_equal(report->fingerprint, fingerprint);
    mychat_backup_report_free(report);
    mychat_backup_free(changed);
    free(archive);
  }
  cJSON_Delete(list);
}

static void broken_archives_are_told_apart(void** state) {
  world* w = *state;
  static const struct {
    const char* file;
    mychat_status status;
  } broken[] = {
      {"backup-bad-missing-private.zip", MYCHAT_E_MALFORMED},
      {"backup-bad-not-a-zip.zip", MYCHAT_E_MALFORMED},
      {"backup-bad-truncated.zip", MYCHAT_E_MALFORMED},
      {"backup-bad-type.zip", MYCHAT_E_MALFORMED},
  };
  char* json = read_vector("identities.json", NULL);
  if (json == NULL) {
    print_message("skipped: MYCHAT_VECTORS_DIR has no mychat-v1\n");
    skip();
  }
  cJSON* list = cJSON_Parse(json);
  free(json);
  const char* password = cJSON_GetObjectItem(list->child, "backup_password")->valuestring;
  for (size_t i = 0; i < sizeof broken / sizeof *broken; ++i) {
    size_t size = 0;
    char* archive = read_vector(broken[i].file, &size);
    assert_non_null(archive);
    mychat_backup_report* report = (mychat_backup_report*)(uintptr_t)8;
    EXPECT(broken[i].status, mychat_verify_backup(NULL, archive, size, password, &report, &error));
    assert_null(report);
    EXPECT(broken[i].status,
           mychat_client_import_backup(w->client, archive, size, password, &report, &error));
    mychat_backup* changed = (mychat_backup*)(uintptr_t)8;
    EXPECT(broken[i].status,
           mychat_backup_change_password(archive, size, password, "next password", &changed, &error));
    assert_null(changed);
    free(archive);
  }
  mychat_backup_report* report = NULL;
  EXPECT(MYCHAT_E_MALFORMED, mychat_verify_backup(NULL, NULL, 0, password, &report, &error));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_verify_backup(NULL, NULL, 1, password, &report, &error));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_verify_backup(NULL, "x", (size_t)-1, password, &report, &error));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_verify_backup(NULL, "x", 1, NULL, &report, &error));
  mychat_account* account = NULL; /* Nothing of all that stayed. */
  OK(mychat_client_account(w->client, &account, &error));
  assert_int_equal(account->has_identity, 0);
  mychat_account_free(account);
  cJSON_Delete(list);
}

int run_backup_tests(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(a_full_backup_brings_everything_back, new_alice, end_world),
      cmocka_unit_test_setup_teardown(the_kinds_hold_what_they_say, new_alice, end_world),
      cmocka_unit_test_setup_teardown(another_password_makes_another_archive, new_alice, end_world),
      cmocka_unit_test_setup_teardown(a_backup_needs_keys_an_account_and_a_password, new_alice, end_world),
      cmocka_unit_test_setup_teardown(the_archives_of_browsers_are_read, new_empty, end_world),
      cmocka_unit_test_setup_teardown(broken_archives_are_told_apart, new_empty, end_world),
  };
  return cmocka_run_group_tests_name("backup", tests, NULL, NULL);
}
