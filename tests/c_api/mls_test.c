/* MLS through the C functions, without a group: keys, credentials, proposals, key packages, messages from
 * outside. */
#include "people.h"

#define BAD(call) EXPECT(MYCHAT_E_INVALID_ARGUMENT, call)
/* The call fails as a wrong argument, and what it would have given is reset. */
#define RESETS(call)                                   \
  do {                                                 \
    mychat_bytes* given = (mychat_bytes*)(uintptr_t)8; \
    BAD(call);                                         \
    assert_null(given);                                \
  } while (0)

static void rules_have_texts(void** state) {
  (void)state;
  assert_string_equal(mychat_mls_rule_section(202), "10.1");
  assert_string_equal(mychat_mls_rule_text(202), "A KeyPackage's signature does not verify.");
  assert_string_equal(mychat_mls_rule_text(0), "");
  assert_string_equal(mychat_mls_rule_section(-1), "");
  assert_int_equal(mychat_mls_supported_suite(0), 1);
  size_t count = 0;
  while (mychat_mls_supported_suite(count) != 0) ++count;
  assert_true(count >= 7);
  assert_int_equal(is_supported_suite(MYCHAT_MLS_DEFAULT_SUITE), 1);
  assert_int_equal(mychat_mls_supported_suite(SIZE_MAX), 0);
}

static void the_hybrid_suite_is_there_or_named(void** state) {
  (void)state;
  mychat_bytes* out = NULL;
  if (is_supported_suite(MYCHAT_MLS_HYBRID_SUITE)) {
    OK(mychat_mls_new_signature_key(MYCHAT_MLS_HYBRID_SUITE, &out, &error));
    mychat_bytes_free(out);
    OK(mychat_mls_propose_reinit(NULL, 0, MYCHAT_MLS_HYBRID_SUITE, NULL, 0, &out, &error));
    mychat_bytes_free(out);
    return;
  }
  mychat_error problem = MYCHAT_ERROR_INIT;
  assert_int_equal(mychat_mls_new_signature_key(MYCHAT_MLS_HYBRID_SUITE, &out, &problem),
                   MYCHAT_E_UNSUPPORTED);
  assert_non_null(strstr(problem.message, "needs an OpenSSL with ML-KEM, 3.5 or later"));
  EXPECT(MYCHAT_E_UNSUPPORTED,
         mychat_mls_propose_reinit(NULL, 0, MYCHAT_MLS_HYBRID_SUITE, NULL, 0, &out, &error));
  assert_null(out);
}

static void keys_are_of_their_suite(void** state) {
  (void)state;
  for (size_t i = 0; mychat_mls_supported_suite(i) != 0; ++i) {
    const uint16_t suite = mychat_mls_supported_suite(i);
    mychat_bytes *key = NULL, *first = NULL, *second = NULL;
    OK(mychat_mls_new_signature_key(suite, &key, &error));
    OK(mychat_mls_signature_public_key(suite, key->data, key->size, &first, &error));
    OK(mychat_mls_signature_public_key(suite, key->data, key->size, &second, &error));
    assert_int_equal(first->size, second->size);
    assert_memory_equal(first->data, second->data, first->size);
    mychat_bytes_free(key);
    mychat_bytes_free(first);
    mychat_bytes_free(second);
  }
  mychat_bytes* out = (mychat_bytes*)(uintptr_t)8;
  EXPECT(MYCHAT_E_UNSUPPORTED, mychat_mls_new_signature_key(0, &out, &error));
  assert_null(out);
  EXPECT(MYCHAT_E_UNSUPPORTED, mychat_mls_signature_public_key(0, "x", 1, &out, &error));
  EXPECT(MYCHAT_E_MALFORMED, mychat_mls_signature_public_key(SUITE, "x", 1, &out, &error));
  RESETS(mychat_mls_signature_public_key(SUITE, NULL, 1, &given, &error));
  BAD(mychat_mls_new_signature_key(SUITE, NULL, &error));
  BAD(mychat_mls_signature_public_key(SUITE, "x", 1, NULL, &error));
}

static void credentials_say_who_somebody_is(void** state) {
  (void)state;
  mychat_bytes* encoded = NULL;
  mychat_mls_credential* read = NULL;
  OK(mychat_mls_account_credential("Alice@A.example", "Phone 1", ACCOUNT, 32, "key", 3, &encoded, &error));
  OK(mychat_mls_read_credential(encoded->data, encoded->size, &read, &error));
  assert_int_equal(read->struct_size, sizeof *read);
  assert_int_equal(read->type, MYCHAT_MLS_CREDENTIAL_BASIC);
  assert_string_equal(read->handle, "alice@a.example");
  assert_string_equal(read->device_id, "Phone 1");
  assert_true(read->identity_size > 64);
  assert_int_equal(read->encoded_size, encoded->size);
  mychat_mls_credential_free(read);
  /* An account's key is one of Ed25519, as those of suite 1 are. */
  mychat_bytes* account = NULL;
  OK(mychat_mls_signature_public_key(1, ACCOUNT, 32, &account, &error));
#define VERIFY(want, credential, size, key, account) \
  EXPECT(want,                                       \
         mychat_mls_verify_account(credential, size, key, 3, account, MYCHAT_MLS_ACCOUNT_KEY_SIZE, &error))
  VERIFY(MYCHAT_OK, encoded->data, encoded->size, "key", account->data);
  VERIFY(MYCHAT_E_SIGNATURE, encoded->data, encoded->size, "kez", account->data);
  VERIFY(MYCHAT_E_SIGNATURE, encoded->data, encoded->size, "key", ACCOUNT);
  VERIFY(MYCHAT_E_MALFORMED, encoded->data, encoded->size - 1, "key", account->data);
  VERIFY(MYCHAT_E_INVALID_ARGUMENT, NULL, 1, "key", account->data);
  VERIFY(MYCHAT_E_INVALID_ARGUMENT, encoded->data, encoded->size, NULL, account->data);
  VERIFY(MYCHAT_E_INVALID_ARGUMENT, encoded->data, encoded->size, "key", NULL);
  BAD(mychat_mls_verify_account(encoded->data, encoded->size, "key", 3, account->data, 31, &error));
  mychat_bytes_free(encoded);
  static const char* const others[] = {"", "alice", "alice@a.example"};
  for (size_t i = 0; i < sizeof others / sizeof *others; ++i) {
    OK(mychat_mls_basic_credential(others[i], strlen(others[i]), &encoded, &error));
    OK(mychat_mls_read_credential(encoded->data, encoded->size, &read, &error));
    assert_string_equal(read->handle, "");
    assert_string_equal(read->device_id, "");
    assert_int_equal(read->identity_size, strlen(others[i]));
    mychat_mls_credential_free(read);
    VERIFY(MYCHAT_E_SIGNATURE, encoded->data, encoded->size, "key", account->data);
    EXPECT(MYCHAT_E_MALFORMED, mychat_mls_read_credential(encoded->data, encoded->size - 1, &read, &error));
    assert_null(read);
    mychat_bytes_free(encoded);
  }
#undef VERIFY
  mychat_bytes_free(account);
  RESETS(mychat_mls_basic_credential(NULL, 1, &given, &error));
  RESETS(mychat_mls_account_credential("alice", "x", ACCOUNT, 32, "key", 3, &given, &error));
  RESETS(mychat_mls_account_credential("alice@a.example", "", ACCOUNT, 32, "key", 3, &given, &error));
  RESETS(mychat_mls_account_credential("alice@a.example", "x", ACCOUNT, 31, "key", 3, &given, &error));
  RESETS(mychat_mls_account_credential("alice@a.example", "x", NULL, 32, "key", 3, &given, &error));
  RESETS(mychat_mls_account_credential("alice@a.example", "x", ACCOUNT, 32, NULL, 3, &given, &error));
  RESETS(mychat_mls_account_credential(NULL, "x", ACCOUNT, 32, "key", 3, &given, &error));
  RESETS(mychat_mls_account_credential("alice@a.example", NULL, ACCOUNT, 32, "key", 3, &given, &error));
  BAD(mychat_mls_basic_credential("x", 1, NULL, &error));
  BAD(mychat_mls_account_credential("alice@a.example", "x", ACCOUNT, 32, "key", 3, NULL, &error));
  BAD(mychat_mls_read_credential(NULL, 1, &read, &error));
  BAD(mychat_mls_read_credential("x", 1, NULL, &error));
}

static void extensions_are_encoded(void** state) {
  (void)state;
  mychat_bytes* out = NULL;
  OK(mychat_mls_extension(0xf001, "abc", 3, &out, &error));
  assert_int_equal(out->size, 6);
  assert_memory_equal(out->data,
                      "\xf0\x01\x03"
                      "abc",
                      6);
  mychat_bytes_free(out);
  OK(mychat_mls_required_capabilities("61441  61442", NULL, "1", &out, &error));
  assert_int_equal(out->size, 2 + 1 + 5 + 1 + 3);
  assert_memory_equal(out->data, "\x00\x03\x09\x04\xf0\x01\xf0\x02\x00\x02\x00\x01", 12);
  mychat_bytes_free(out);
  RESETS(mychat_mls_required_capabilities("65536", NULL, NULL, &given, &error));
  RESETS(mychat_mls_required_capabilities(NULL, "x", NULL, &given, &error));
  RESETS(mychat_mls_required_capabilities(NULL, NULL, "-1", &given, &error));
  RESETS(mychat_mls_extension(1, NULL, 1, &given, &error));
  BAD(mychat_mls_extension(1, NULL, 0, NULL, &error));
  BAD(mychat_mls_required_capabilities(NULL, NULL, NULL, NULL, &error));
}

static mychat_mls_proposal* read_and_free(mychat_bytes* encoded) {
  mychat_mls_proposal* read = NULL;
  OK(mychat_mls_read_proposal(encoded->data, encoded->size, &read, &error));
  assert_int_equal(read->struct_size, sizeof *read);
  assert_int_equal(read->encoded_size, encoded->size);
  assert_memory_equal(read->encoded, encoded->data, encoded->size);
  assert_int_equal(read->sender, MYCHAT_MLS_NO_LEAF);
  assert_int_equal(read->reference_size, 0);
  mychat_bytes_free(encoded);
  return read;
}

static void proposals_are_made_and_read(void** state) {
  people* p = *state;
  mychat_bytes* out = NULL;
  mychat_mls_proposal* read = read_and_free(add_of(&p->dave));
  assert_int_equal(read->type, MYCHAT_MLS_ADD);
  assert_string_equal(read->credential->handle, "dave@d.example");
  assert_int_equal(read->signature_key_size, 32);
  assert_int_equal(read->leaf_index, MYCHAT_MLS_NO_LEAF);
  mychat_mls_proposal_free(read);
  read = read_and_free(remove_of(5));
  assert_int_equal(read->type, MYCHAT_MLS_REMOVE);
  assert_int_equal(read->leaf_index, 5);
  assert_null(read->credential);
  assert_null(read->psk);
  mychat_mls_proposal_free(read);
  OK(mychat_mls_propose_psk(SUITE, "psk", 3, &out, &error));
  read = read_and_free(out);
  assert_int_equal(read->type, MYCHAT_MLS_PSK);
  assert_int_equal(read->psk->type, MYCHAT_MLS_PSK_EXTERNAL);
  assert_int_equal(read->psk->usage, MYCHAT_MLS_PSK_USAGE_NONE);
  assert_int_equal(read->psk->id_size, 3);
  mychat_mls_proposal_free(read);
  OK(mychat_mls_propose_resumption_psk(SUITE, "g", 1, 77, &out, &error));
  read = read_and_free(out);
  assert_int_equal(read->psk->type, MYCHAT_MLS_PSK_RESUMPTION);
  assert_int_equal(read->psk->usage, MYCHAT_MLS_PSK_USAGE_APPLICATION);
  assert_int_equal(read->psk->epoch, 77);
  assert_int_equal(read->psk->group_id_size, 1);
  mychat_mls_proposal_free(read);
  OK(mychat_mls_propose_reinit(NULL, 0, 2, NULL, 0, &out, &error));
  read = read_and_free(out);
  assert_int_equal(read->type, MYCHAT_MLS_REINIT);
  assert_int_equal(read->suite, 2);
  assert_int_equal(read->group_id_size, 32);
  mychat_mls_proposal_free(read);
  OK(mychat_mls_propose_extensions("\xf0\x01\x00", 3, &out, &error));
  read = read_and_free(out);
  assert_int_equal(read->type, MYCHAT_MLS_GROUP_CONTEXT_EXTENSIONS);
  assert_int_equal(read->extensions_size, 3);
  mychat_mls_proposal_free(read);
  OK(mychat_mls_propose_self_remove(&out, &error));
  read = read_and_free(out);
  assert_int_equal(read->type, MYCHAT_MLS_SELF_REMOVE);
  mychat_mls_proposal_free(read);

  mychat_mls_proposal* none = (mychat_mls_proposal*)(uintptr_t)8;
  EXPECT(MYCHAT_E_MALFORMED, mychat_mls_read_proposal("x", 1, &none, &error));
  assert_null(none);
  BAD(mychat_mls_read_proposal(NULL, 1, &none, &error));
  BAD(mychat_mls_read_proposal("x", 1, NULL, &error));
  EXPECT(MYCHAT_E_MALFORMED, mychat_mls_propose_add("x", 1, &out, &error));
  EXPECT(MYCHAT_E_MALFORMED, mychat_mls_propose_add(NULL, 0, &out, &error));
  EXPECT(MYCHAT_E_UNSUPPORTED, mychat_mls_propose_psk(0, "x", 1, &out, &error));
  EXPECT(MYCHAT_E_UNSUPPORTED, mychat_mls_propose_resumption_psk(0, "x", 1, 0, &out, &error));
  EXPECT(MYCHAT_E_UNSUPPORTED, mychat_mls_propose_reinit("g", 1, 99, NULL, 0, &out, &error));
  EXPECT(MYCHAT_E_MALFORMED, mychat_mls_propose_reinit("g", 1, 1, "x", 1, &out, &error));
  EXPECT(MYCHAT_E_MALFORMED, mychat_mls_propose_extensions("x", 1, &out, &error));
  RESETS(mychat_mls_propose_add(NULL, 1, &given, &error));
  RESETS(mychat_mls_propose_psk(SUITE, NULL, 1, &given, &error));
  RESETS(mychat_mls_propose_resumption_psk(SUITE, NULL, 1, 0, &given, &error));
  RESETS(mychat_mls_propose_reinit(NULL, 1, SUITE, NULL, 0, &given, &error));
  RESETS(mychat_mls_propose_extensions(NULL, 1, &given, &error));
  BAD(mychat_mls_propose_add("x", 1, NULL, &error));
  BAD(mychat_mls_propose_remove(0, NULL, &error));
  BAD(mychat_mls_propose_psk(SUITE, "x", 1, NULL, &error));
  BAD(mychat_mls_propose_resumption_psk(SUITE, "x", 1, 0, NULL, &error));
  BAD(mychat_mls_propose_reinit("g", 1, SUITE, NULL, 0, NULL, &error));
  BAD(mychat_mls_propose_extensions(NULL, 0, NULL, &error));
  BAD(mychat_mls_propose_self_remove(NULL, &error));
}

static void key_packages_are_kept_and_published(void** state) {
  people* p = *state;
  mychat_mls_leaf_options leaf = p->dave.leaf;
  leaf.flags = MYCHAT_MLS_LEAF_LAST_RESORT;
  mychat_mls_key_package *made = NULL, *again = NULL;
  OK(mychat_mls_key_package_create(SUITE, &leaf, &made, &error));
  assert_int_equal(mychat_mls_key_package_is_last_resort(made), 1);
  assert_int_equal(mychat_mls_key_package_is_last_resort(p->bob.package), 0);
  assert_int_equal(mychat_mls_key_package_is_last_resort(NULL), 0);
  mychat_bytes *saved = NULL, *ref = NULL, *message = NULL, *same = NULL;
  OK(mychat_mls_key_package_save(made, &saved, &error));
  OK(mychat_mls_key_package_ref(made, &ref, &error));
  OK(mychat_mls_key_package_message(made, &message, &error));
  OK(mychat_mls_key_package_load(saved->data, saved->size, &again, &error));
  OK(mychat_mls_key_package_ref(again, &same, &error));
  assert_int_equal(ref->size, HASH_SIZE);
  assert_memory_equal(ref->data, same->data, HASH_SIZE);
  mychat_mls_message* read = NULL;
  OK(mychat_mls_read_message(message->data, message->size, &read, &error));
  assert_int_equal(read->struct_size, sizeof *read);
  assert_int_equal(read->format, MYCHAT_MLS_KEY_PACKAGE);
  assert_int_equal(read->content, MYCHAT_MLS_CONTENT_NONE);
  assert_int_equal(read->suite, SUITE);
  assert_int_equal(read->reference_size, HASH_SIZE);
  assert_int_equal(read->references_size, HASH_SIZE);
  assert_memory_equal(read->references, ref->data, HASH_SIZE);
  assert_string_equal(read->credential->device_id, "phone");
  assert_int_equal(read->signature_key_size, 32);
  mychat_mls_message_free(read);
  mychat_mls_key_package_free(again);

  uint8_t* damaged = malloc(saved->size);
  assert_non_null(damaged);
  memcpy(damaged, saved->data, saved->size);
  EXPECT(MYCHAT_E_STORE_CORRUPT, mychat_mls_key_package_load(damaged, saved->size - 1, &again, &error));
  assert_null(again);
  damaged[1] = 2;
  EXPECT(MYCHAT_E_STORE_TOO_NEW, mychat_mls_key_package_load(damaged, saved->size, &again, &error));
  damaged[1] = 1;
  damaged[5] = 99; /* The suite. */
  EXPECT(MYCHAT_E_UNSUPPORTED, mychat_mls_key_package_load(damaged, saved->size, &again, &error));
  free(damaged);
  BAD(mychat_mls_key_package_load(NULL, 1, &again, &error));
  BAD(mychat_mls_key_package_load(saved->data, saved->size, NULL, &error));
  RESETS(mychat_mls_key_package_save(NULL, &given, &error));
  RESETS(mychat_mls_key_package_ref(NULL, &given, &error));
  RESETS(mychat_mls_key_package_message(NULL, &given, &error));
  BAD(mychat_mls_key_package_save(made, NULL, &error));
  BAD(mychat_mls_key_package_ref(made, NULL, &error));
  BAD(mychat_mls_key_package_message(made, NULL, &error));
  mychat_bytes_free(saved);
  mychat_bytes_free(ref);
  mychat_bytes_free(same);
  mychat_bytes_free(message);
  mychat_mls_key_package_free(made);
}

static void the_options_of_leaves_are_checked(void** state) {
  people* p = *state;
  mychat_mls_key_package* out = (mychat_mls_key_package*)(uintptr_t)8;
  mychat_mls_leaf_options leaf = p->dave.leaf;
#define LEAF(want) EXPECT(want, mychat_mls_key_package_create(SUITE, &leaf, &out, &error))
  leaf.flags = 4;
  LEAF(MYCHAT_E_INVALID_ARGUMENT);
  assert_null(out);
  leaf.flags = 0;
  leaf.lifetime = -1;
  LEAF(MYCHAT_E_INVALID_ARGUMENT);
  leaf.lifetime = 0;
  leaf.private_key_size = 0;
  LEAF(MYCHAT_E_INVALID_ARGUMENT);
  leaf.private_key_size = 31;
  LEAF(MYCHAT_E_MALFORMED);
  leaf.private_key_size = 32;
  leaf.credential_size = 0;
  LEAF(MYCHAT_E_INVALID_ARGUMENT);
  leaf.credential_size = 1;
  LEAF(MYCHAT_E_MALFORMED);
  leaf.credential_size = p->dave.leaf.credential_size;
  leaf.extensions = "x";
  leaf.extensions_size = 1;
  LEAF(MYCHAT_E_MALFORMED);
  leaf.extensions_size = 0;
  leaf.extension_types = "x";
  LEAF(MYCHAT_E_INVALID_ARGUMENT);
  leaf.extension_types = NULL;
  leaf.proposal_types = "1 -";
  LEAF(MYCHAT_E_INVALID_ARGUMENT);
  leaf.proposal_types = NULL;
  leaf.struct_size = 0;
  LEAF(MYCHAT_E_INVALID_ARGUMENT);
#undef LEAF
  BAD(mychat_mls_key_package_create(SUITE, NULL, &out, &error));
  BAD(mychat_mls_key_package_create(SUITE, &p->dave.leaf, NULL, &error));
  EXPECT(MYCHAT_E_UNSUPPORTED, mychat_mls_key_package_create(99, &p->dave.leaf, &out, &error));
}

static void every_init_and_free_function_takes_null(void** state) {
  (void)state;
  mychat_mls_options options;
  mychat_mls_leaf_options leaf;
  mychat_mls_group_options group;
  mychat_mls_external_options external;
  mychat_mls_commit_options commit;
  memset(&options, 0xff, sizeof options);
  memset(&external, 0xff, sizeof external);
  mychat_mls_options_init(&options);
  mychat_mls_leaf_options_init(&leaf);
  mychat_mls_group_options_init(&group);
  mychat_mls_external_options_init(&external);
  mychat_mls_commit_options_init(&commit);
  assert_int_equal(options.struct_size, sizeof options);
  assert_int_equal(leaf.struct_size, sizeof leaf);
  assert_int_equal(group.struct_size, sizeof group);
  assert_int_equal(external.struct_size, sizeof external);
  assert_int_equal(commit.struct_size, sizeof commit);
  assert_int_equal(external.replaces, MYCHAT_MLS_NO_LEAF);
  assert_true(options.accept == NULL);
  mychat_mls_options_init(NULL);
  mychat_mls_leaf_options_init(NULL);
  mychat_mls_group_options_init(NULL);
  mychat_mls_external_options_init(NULL);
  mychat_mls_commit_options_init(NULL);
  mychat_mls_credential_free(NULL);
  mychat_mls_proposal_free(NULL);
  mychat_mls_proposal_list_free(NULL);
  mychat_mls_key_package_free(NULL);
  mychat_mls_message_free(NULL);
  mychat_mls_summary_free(NULL);
  mychat_mls_group_free(NULL);
  mychat_mls_group_state_free(NULL);
  mychat_mls_member_list_free(NULL);
  mychat_mls_received_free(NULL);
  mychat_mls_commit_free(NULL);
  mychat_mls_record_list_free(NULL);
}

static void messages_are_seen_from_outside(void** state) {
  people* p = *state;
  mychat_mls_message* read = NULL;
  mychat_bytes* message = NULL;
  OK(mychat_mls_group_protect(p->alice.group, "x", 1, NULL, 0, 0, &message, &error));
  OK(mychat_mls_read_message(message->data, message->size, &read, &error));
  assert_int_equal(read->format, MYCHAT_MLS_PRIVATE_MESSAGE);
  assert_int_equal(read->content, MYCHAT_MLS_CONTENT_APPLICATION);
  assert_int_equal(read->epoch, 1);
  assert_int_equal(read->group_id_size, HASH_SIZE);
  assert_int_equal(read->suite, 0);
  assert_null(read->credential);
  mychat_mls_message_free(read);
  mychat_bytes_free(message);
  mychat_mls_commit_options options = MYCHAT_MLS_COMMIT_OPTIONS_INIT;
  mychat_mls_commit* commit = NULL;
  mychat_bytes* add = add_of(&p->dave);
  options.flags = MYCHAT_MLS_PUBLIC;
  options.proposals = add->data;
  options.proposals_size = add->size;
  OK(mychat_mls_group_commit(p->alice.group, &options, &commit, &error));
  mychat_bytes_free(add);
  message = message_of(commit);
  OK(mychat_mls_read_message(message->data, message->size, &read, &error));
  assert_int_equal(read->format, MYCHAT_MLS_PUBLIC_MESSAGE);
  assert_int_equal(read->content, MYCHAT_MLS_CONTENT_COMMIT);
  mychat_mls_message_free(read);
  mychat_bytes_free(message);
  OK(mychat_mls_commit_welcome(commit, &message, &error));
  OK(mychat_mls_read_message(message->data, message->size, &read, &error));
  mychat_bytes* ref = NULL;
  OK(mychat_mls_key_package_ref(p->dave.package, &ref, &error));
  assert_int_equal(read->format, MYCHAT_MLS_WELCOME);
  assert_int_equal(read->references_size, HASH_SIZE);
  assert_memory_equal(read->references, ref->data, HASH_SIZE);
  mychat_bytes_free(ref);
  mychat_mls_message_free(read);
  mychat_bytes_free(message);
  mychat_mls_commit_free(commit);
  OK(mychat_mls_group_export_info(p->alice.group, 0, &message, &error));
  OK(mychat_mls_read_message(message->data, message->size, &read, &error));
  assert_int_equal(read->format, MYCHAT_MLS_GROUP_INFO);
  assert_int_equal(read->epoch, 1);
  assert_int_equal(read->suite, SUITE);
  mychat_mls_message_free(read);
  EXPECT(MYCHAT_E_MALFORMED, mychat_mls_read_message(message->data, message->size - 1, &read, &error));
  assert_null(read);
  mychat_bytes_free(message);
  BAD(mychat_mls_read_message(NULL, 1, &read, &error));
  BAD(mychat_mls_read_message("x", 1, NULL, &error));
}

int run_mls_tests(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rules_have_texts),           cmocka_unit_test(the_hybrid_suite_is_there_or_named),
      cmocka_unit_test(keys_are_of_their_suite),    cmocka_unit_test(credentials_say_who_somebody_is),
      cmocka_unit_test(extensions_are_encoded),     cmocka_unit_test(every_init_and_free_function_takes_null),
      OF_PEOPLE(proposals_are_made_and_read),       OF_PEOPLE(key_packages_are_kept_and_published),
      OF_PEOPLE(the_options_of_leaves_are_checked), OF_PEOPLE(messages_are_seen_from_outside),
  };
  return cmocka_run_group_tests_name("mls", tests, NULL, NULL);
}
