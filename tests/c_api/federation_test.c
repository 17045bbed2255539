/* Nodes through the C functions: who they are, their handshakes, the operator's rules. */
#include "nodes.h"

static void a_document_says_who_a_node_is(void** state) {
  const pair* p = *state;
  const mychat_federation_document* document = p->b.document;
  assert_int_equal(document->struct_size, sizeof *document);
  assert_int_equal(document->continuity, MYCHAT_FEDERATION_FIRST);
  assert_string_equal(document->domain, "b.example");
  assert_string_equal(document->api_url, "https://chat.b.example:8443/fed");
  assert_string_equal(document->capabilities, "messages receipts");
  assert_string_equal(document->json, p->b.json);
  assert_string_equal(document->next_key, "");
  assert_int_equal(strlen(document->key_id), 22);
  assert_int_equal(document->protocol, 2);
  assert_int_equal(document->rotations, 0);
  assert_int_equal(document->sequence, 1);
  assert_int_equal(document->issued_at, NOW);
  assert_int_equal(document->valid_until, NOW + 7 * DAY);
  assert_int_equal(document->max_message_size, 10485760);
  assert_int_equal(document->max_transaction_items, 256);
  assert_int_equal(document->max_transaction_bytes, 16777216);
  assert_int_equal(document->clock_ahead, 0);
  char* key = NULL;
  OK(mychat_federation_public_key(p->b.key->data, p->b.key->size, &key, &error));
  assert_string_equal(document->key, key);
  mychat_string_free(key);
  /* As the member of what the domain answers. */
  const size_t room = strlen(p->b.json) + 64;
  char* whole = malloc(room);
  assert_non_null(whole);
  snprintf(whole, room, "{\"public_key\":\"x\",\"federation\":%s}", p->b.json);
  mychat_federation_document* again = NULL;
  OK(mychat_federation_verify_document(whole, "b.example", document->known, 0, NOW, &again, &error));
  assert_int_equal(again->continuity, MYCHAT_FEDERATION_SAME);
  assert_string_equal(again->known, document->known);
  mychat_federation_document_free(again);
  free(whole);
}

static void documents_that_do_not_hold_are_refused(void** state) {
  const pair* p = *state;
  mychat_federation_document* out = (mychat_federation_document*)(uintptr_t)8;
  const char* json = p->b.json;
  EXPECT(MYCHAT_E_KEY_MISMATCH,
         mychat_federation_verify_document(json, "a.example", NULL, 0, NOW, &out, &error));
  assert_null(out);
  EXPECT(MYCHAT_E_STALE,
         mychat_federation_verify_document(json, "b.example", NULL, 0, NOW + 8 * DAY, &out, &error));
  EXPECT(MYCHAT_E_STALE,
         mychat_federation_verify_document(json, "b.example", NULL, 0, NOW - DAY, &out, &error));
  EXPECT(MYCHAT_E_MALFORMED, mychat_federation_verify_document("{", "b.example", NULL, 0, NOW, &out, &error));
  EXPECT(MYCHAT_E_MALFORMED,
         mychat_federation_verify_document("null", "b.example", NULL, 0, NOW, &out, &error));
  EXPECT(MYCHAT_E_UNSUPPORTED,
         mychat_federation_verify_document("{}", "b.example", NULL, 0, NOW, &out, &error));
  EXPECT(MYCHAT_E_DOWNGRADE,
         mychat_federation_verify_document("{}", "b.example", p->b.document->known, 0, NOW, &out, &error));
  EXPECT(MYCHAT_E_MALFORMED,
         mychat_federation_verify_document(json, "b.example", "known", 0, NOW, &out, &error));
  EXPECT(MYCHAT_E_KEY_MISMATCH,
         mychat_federation_verify_document(json, "b.example", p->a.document->known, 0, NOW, &out, &error));
  char* altered = malloc(strlen(json) + 1);
  assert_non_null(altered);
  strcpy(altered, json);
  char* signature = strstr(altered, "\"signature\":\"") + 13;
  *signature = *signature == 'A' ? 'B' : 'A';
  EXPECT(MYCHAT_E_SIGNATURE,
         mychat_federation_verify_document(altered, "b.example", NULL, 0, NOW, &out, &error));
  free(altered);
  /* Another key for the same domain, that nobody handed over to. */
  mychat_federation_node* other = node_of("b.example", "https://b.example/f", p->a.key);
  char* stolen = document_of(other, 2, NULL, NULL);
  EXPECT(MYCHAT_E_KEY_CHANGED,
         mychat_federation_verify_document(stolen, "b.example", p->b.document->known, 0, NOW, &out, &error));
  mychat_string_free(stolen);
  mychat_federation_node_free(other);
  EXPECT(MYCHAT_E_INVALID_ARGUMENT,
         mychat_federation_verify_document(json, "b.example", NULL, 4, NOW, &out, &error));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT,
         mychat_federation_verify_document(json, "no domain", NULL, 0, NOW, &out, &error));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT,
         mychat_federation_verify_document(NULL, "b.example", NULL, 0, NOW, &out, &error));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT,
         mychat_federation_verify_document(json, NULL, NULL, 0, NOW, &out, &error));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT,
         mychat_federation_verify_document(json, "b.example", NULL, 0, NOW, NULL, &error));
}

static void a_key_is_handed_over(void** state) {
  const pair* p = *state;
  mychat_bytes* key = NULL;
  OK(mychat_federation_new_key(&key, &error));
  mychat_federation_node* next = node_of("b.example", "https://b.example/f", key);
  char* json = document_of(next, 2, p->b.json, p->b.key);
  mychat_federation_document* document = NULL;
  OK(mychat_federation_verify_document(json, "b.example", p->b.document->known, 0, NOW, &document, &error));
  assert_int_equal(document->continuity, MYCHAT_FEDERATION_ROTATED);
  assert_int_equal(document->rotations, 1);
  /* Renewed, with the rotation in it for those who come later. */
  char* renewed = document_of(next, 3, json, NULL);
  mychat_federation_document* later = NULL;
  OK(mychat_federation_verify_document(renewed, "b.example", p->b.document->known, 0, NOW, &later, &error));
  assert_int_equal(later->continuity, MYCHAT_FEDERATION_ROTATED);
  mychat_federation_document_free(later);
  OK(mychat_federation_verify_document(renewed, "b.example", document->known, 0, NOW, &later, &error));
  assert_int_equal(later->continuity, MYCHAT_FEDERATION_RENEWED);
  /* And never back. */
  mychat_federation_document* back = NULL;
  EXPECT(MYCHAT_E_KEY_CHANGED,
         mychat_federation_verify_document(p->b.json, "b.example", later->known, 0, NOW, &back, &error));
  EXPECT(MYCHAT_E_STALE,
         mychat_federation_verify_document(json, "b.example", later->known, 0, NOW, &back, &error));
  mychat_federation_document_free(later);
  mychat_string_free(renewed);
  mychat_federation_document_free(document);
  mychat_string_free(json);
  mychat_federation_node_free(next);
  mychat_bytes_free(key);
}

static void what_a_node_cannot_say_is_not_signed(void** state) {
  const pair* p = *state;
  mychat_federation_document_options options = MYCHAT_FEDERATION_DOCUMENT_OPTIONS_INIT;
  char* out = (char*)(uintptr_t)8;
  options.sequence = 2;
  options.issued_at = NOW;
  options.valid_until = NOW + 8 * DAY;
  EXPECT(MYCHAT_E_INVALID_ARGUMENT,
         mychat_federation_sign_document(p->a.node, &options, NULL, 0, &out, &error));
  assert_null(out);
  options.valid_until = NOW + DAY;
  options.sequence = 0;
  EXPECT(MYCHAT_E_INVALID_ARGUMENT,
         mychat_federation_sign_document(p->a.node, &options, NULL, 0, &out, &error));
  options.sequence = 2;
  options.flags = 1;
  EXPECT(MYCHAT_E_INVALID_ARGUMENT,
         mychat_federation_sign_document(p->a.node, &options, NULL, 0, &out, &error));
  options.flags = 0;
  options.next_key = "AAAA";
  EXPECT(MYCHAT_E_INVALID_ARGUMENT,
         mychat_federation_sign_document(p->a.node, &options, NULL, 0, &out, &error));
  options.next_key = p->b.document->key;
  OK(mychat_federation_sign_document(p->a.node, &options, NULL, 0, &out, &error));
  mychat_federation_document* document = NULL;
  OK(mychat_federation_verify_document(out, "a.example", NULL, 0, NOW, &document, &error));
  assert_string_equal(document->next_key, p->b.document->key);
  mychat_federation_document_free(document);
  mychat_string_free(out);
  options.next_key = NULL;
  options.previous = p->b.json;
  EXPECT(MYCHAT_E_KEY_MISMATCH, mychat_federation_sign_document(p->a.node, &options, NULL, 0, &out, &error));
  options.previous = "[]";
  EXPECT(MYCHAT_E_MALFORMED, mychat_federation_sign_document(p->a.node, &options, NULL, 0, &out, &error));
  options.previous = p->a.json;
  options.sequence = 1;
  EXPECT(MYCHAT_E_INVALID_ARGUMENT,
         mychat_federation_sign_document(p->a.node, &options, NULL, 0, &out, &error));
  options.sequence = 2;
  mychat_federation_node* other = node_of("a.example", "https://a.example/f", p->b.key);
  EXPECT(MYCHAT_E_KEY_MISMATCH, mychat_federation_sign_document(other, &options, NULL, 0, &out, &error));
  EXPECT(MYCHAT_E_KEY_MISMATCH,
         mychat_federation_sign_document(other, &options, p->b.key->data, 32, &out, &error));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT,
         mychat_federation_sign_document(other, &options, p->a.key->data, 31, &out, &error));
  mychat_federation_node_free(other);
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_federation_sign_document(NULL, &options, NULL, 0, &out, &error));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_federation_sign_document(p->a.node, NULL, NULL, 0, &out, &error));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT,
         mychat_federation_sign_document(p->a.node, &options, NULL, 0, NULL, &error));
}

static void the_options_of_a_node_are_checked(void** state) {
  const pair* p = *state;
  const uint8_t* key = p->a.key->data;
  mychat_federation_options made;
  mychat_federation_document_options made_too;
  memset(&made, 0xff, sizeof made);
  mychat_federation_options_init(&made);
  mychat_federation_options_init(NULL);
  mychat_federation_document_options_init(&made_too);
  mychat_federation_document_options_init(NULL);
  assert_int_equal(made.struct_size, sizeof made);
  assert_int_equal(made_too.struct_size, sizeof made_too);
  assert_null(made.domain);
  mychat_federation_node* out = (mychat_federation_node*)(uintptr_t)8;
#define REFUSED(size) \
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_federation_node_create(&made, key, size, &out, &error))
  REFUSED(32);
  assert_null(out);
  made.domain = "a.example";
  REFUSED(32);
  static const char* const urls[] = {"http://a.example/f", "https://b.example/f", "https://a.example/",
                                     "a.example"};
  for (size_t i = 0; i < sizeof urls / sizeof *urls; ++i) {
    made.api_url = urls[i];
    REFUSED(32);
  }
  made.api_url = "https://a.example/f";
  REFUSED(31);
  made.capabilities = "good Bad";
  REFUSED(32);
  made.capabilities = NULL;
  made.flags = 4;
  REFUSED(32);
  made.flags = 0;
  made.began_at = -1;
  REFUSED(32);
  made.began_at = 0;
  made.max_message_size = -1;
  REFUSED(32);
  made.max_message_size = 0;
  made.domain = "a b";
  REFUSED(32);
#undef REFUSED
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_federation_node_create(NULL, key, 32, &out, &error));
  made.domain = "localhost:8100";
  made.api_url = "http://localhost:8100/f";
  made.flags = MYCHAT_FEDERATION_ALLOW_HTTP | MYCHAT_FEDERATION_ALLOW_NON_PUBLIC;
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_federation_node_create(&made, key, 32, NULL, &error));
  OK(mychat_federation_node_create(&made, key, 32, &out, &error));
  mychat_federation_node_free(out);
  mychat_federation_node_free(NULL);
  mychat_federation_document_free(NULL);
  mychat_federation_agreement_free(NULL);
  mychat_federation_handshake_free(NULL);
  assert_string_equal(mychat_federation_handshake_id(NULL), "");
  assert_string_equal(mychat_federation_handshake_message(NULL), "");
  char* text = NULL;
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_federation_public_key(key, 31, &text, &error));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_federation_public_key(NULL, 32, &text, &error));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_federation_public_key(key, 32, NULL, &error));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_federation_new_key(NULL, &error));
}

static void two_nodes_shake_hands(void** state) {
  const pair* p = *state;
  const mychat_federation_document *da = p->a.document, *db = p->b.document;
  mychat_federation_handshake *begun = NULL, *answered = NULL;
  mychat_federation_agreement *ours = NULL, *theirs = NULL;
  char* text = NULL;
  OK(mychat_federation_handshake_begin(p->a.node, "B.example", NOW, &begun, &error));
  const char* hello = mychat_federation_handshake_message(begun);
  assert_string_equal(mychat_federation_handshake_id(begun), "");
  OK(mychat_federation_hello_origin(p->b.node, hello, &text, &error));
  assert_string_equal(text, "a.example");
  mychat_string_free(text);
  OK(mychat_federation_handshake_answer(p->b.node, hello, da->json, da->known, NOW + 300, &answered, &error));
  const char* welcome = mychat_federation_handshake_message(answered);
  OK(mychat_federation_handshake_finish(begun, welcome, db->json, db->known, NOW + 200, &ours, &error));
  assert_string_equal(ours->peer, "b.example");
  assert_string_equal(ours->capabilities, "messages receipts");
  assert_int_equal(ours->protocol, 2);
  assert_int_equal(ours->clock_ahead, 200);
  assert_int_equal(ours->max_transaction_items, 256);
  OK(mychat_federation_confirm_id(ours->confirm, &text, &error));
  assert_string_equal(text, mychat_federation_handshake_id(answered));
  mychat_string_free(text);
  OK(mychat_federation_handshake_confirm(answered, ours->confirm, da->known, NOW + 400, &theirs, &error));
  assert_string_equal(theirs->peer, "a.example");
  assert_string_equal(theirs->confirm, "");
  /* From now on less is a downgrade, and a document still follows from what is known. */
  assert_string_not_equal(ours->known, db->known);
  mychat_federation_document* again = NULL;
  OK(mychat_federation_verify_document(db->json, "b.example", ours->known, 0, NOW, &again, &error));
  mychat_federation_document_free(again);
  mychat_federation_agreement_free(theirs);
  mychat_federation_agreement_free(ours);
  mychat_federation_handshake_free(answered);
  mychat_federation_handshake_free(begun);
}

static void handshakes_that_do_not_hold_are_refused(void** state) {
  const pair* p = *state;
  const mychat_federation_document *da = p->a.document, *db = p->b.document;
  mychat_federation_handshake *begun = NULL, *answered = NULL, *out = NULL;
  mychat_federation_agreement* agreed = (mychat_federation_agreement*)(uintptr_t)8;
  char* text = NULL;
  EXPECT(MYCHAT_E_INVALID_ARGUMENT,
         mychat_federation_handshake_begin(p->a.node, "a.example", NOW, &out, &error));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT,
         mychat_federation_handshake_begin(p->a.node, "no domain", NOW, &out, &error));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_federation_handshake_begin(NULL, "b.example", NOW, &out, &error));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT,
         mychat_federation_handshake_begin(p->a.node, "b.example", NOW, NULL, &error));
  OK(mychat_federation_handshake_begin(p->a.node, "b.example", NOW, &begun, &error));
  const char* hello = mychat_federation_handshake_message(begun);
  EXPECT(MYCHAT_E_KEY_MISMATCH, mychat_federation_hello_origin(p->a.node, hello, &text, &error));
  EXPECT(MYCHAT_E_MALFORMED, mychat_federation_hello_origin(p->b.node, "{}", &text, &error));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_federation_hello_origin(NULL, hello, &text, &error));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_federation_hello_origin(p->b.node, hello, NULL, &error));
#define ANSWER(hello, document, known, now) \
  mychat_federation_handshake_answer(p->b.node, hello, document, known, now, &out, &error)
  EXPECT(MYCHAT_E_KEY_MISMATCH, ANSWER(hello, db->json, db->known, NOW));
  EXPECT(MYCHAT_E_KEY_MISMATCH, ANSWER(hello, da->json, db->known, NOW));
  EXPECT(MYCHAT_E_STALE, ANSWER(hello, da->json, da->known, NOW + 8 * DAY));
  EXPECT(MYCHAT_E_MALFORMED, ANSWER("", da->json, da->known, NOW));
  EXPECT(MYCHAT_E_MALFORMED, ANSWER(hello, "", da->known, NOW));
  EXPECT(MYCHAT_E_MALFORMED, ANSWER(hello, da->json, "", NOW));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, ANSWER(NULL, da->json, da->known, NOW));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, ANSWER(hello, NULL, da->known, NOW));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, ANSWER(hello, da->json, NULL, NOW));
#undef ANSWER
  assert_null(out);
  OK(mychat_federation_handshake_answer(p->b.node, hello, da->json, da->known, NOW, &answered, &error));
  const char* welcome = mychat_federation_handshake_message(answered);
#define FINISH(handshake, welcome, now) \
  mychat_federation_handshake_finish(handshake, welcome, db->json, db->known, now, &agreed, &error)
  EXPECT(MYCHAT_E_STALE, FINISH(begun, welcome, NOW + 60001));
  assert_null(agreed);
  EXPECT(MYCHAT_E_SIGNATURE, FINISH(begun, hello, NOW));
  EXPECT(MYCHAT_E_INVALID_STATE, FINISH(answered, welcome, NOW));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, FINISH(NULL, welcome, NOW));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, FINISH(begun, NULL, NOW));
  mychat_federation_handshake* second = NULL; /* The welcome is of another hello. */
  OK(mychat_federation_handshake_begin(p->a.node, "b.example", NOW, &second, &error));
  EXPECT(MYCHAT_E_KEY_MISMATCH, FINISH(second, welcome, NOW));
  mychat_federation_handshake_free(second);
  OK(FINISH(begun, welcome, NOW));
#undef FINISH
  mychat_federation_agreement* theirs = NULL;
#define CONFIRM(handshake, confirm, known, now) \
  mychat_federation_handshake_confirm(handshake, confirm, known, now, &theirs, &error)
  EXPECT(MYCHAT_E_INVALID_STATE, CONFIRM(begun, agreed->confirm, db->known, NOW));
  EXPECT(MYCHAT_E_KEY_MISMATCH, CONFIRM(answered, agreed->confirm, db->known, NOW));
  EXPECT(MYCHAT_E_STALE, CONFIRM(answered, agreed->confirm, da->known, NOW + 60001));
  EXPECT(MYCHAT_E_SIGNATURE, CONFIRM(answered, hello, da->known, NOW));
  EXPECT(MYCHAT_E_MALFORMED, CONFIRM(answered, "null", da->known, NOW));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, CONFIRM(NULL, agreed->confirm, da->known, NOW));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, CONFIRM(answered, NULL, da->known, NOW));
#undef CONFIRM
  EXPECT(MYCHAT_E_MALFORMED, mychat_federation_confirm_id(hello, &text, &error));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_federation_confirm_id(NULL, &text, &error));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_federation_confirm_id(hello, NULL, &error));
  mychat_federation_agreement_free(agreed);
  mychat_federation_handshake_free(answered);
  mychat_federation_handshake_free(begun);
}

static void the_operator_has_the_last_word(void** state) {
  (void)state;
  static const struct {
    mychat_federation_mode mode;
    const char *allowed, *blocked, *domain;
    mychat_federation_verdict verdict;
  } cases[] = {
      {MYCHAT_FEDERATION_OPEN, NULL, NULL, "x.example", MYCHAT_FEDERATION_ALLOWED},
      {MYCHAT_FEDERATION_OPEN, "x.example", " bad.example  *.example ", "x.example",
       MYCHAT_FEDERATION_BLOCKED},
      {MYCHAT_FEDERATION_ALLOW_LIST, "y.example", "", "x.example", MYCHAT_FEDERATION_NOT_LISTED},
      {MYCHAT_FEDERATION_ALLOW_LIST, "y.example x.example", "", "X.example", MYCHAT_FEDERATION_ALLOWED},
      {MYCHAT_FEDERATION_APPROVAL, "", "", "x.example", MYCHAT_FEDERATION_AWAITS_APPROVAL},
  };
  mychat_federation_verdict verdict = 0;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    OK(mychat_federation_judge(cases[i].mode, cases[i].allowed, cases[i].blocked, cases[i].domain, &verdict,
                               &error));
    assert_int_equal(verdict, cases[i].verdict);
  }
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_federation_judge(0, "", "", "x.example", &verdict, &error));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_federation_judge(1, "a/b", "", "x.example", &verdict, &error));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_federation_judge(1, "", "", "x y", &verdict, &error));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_federation_judge(1, "", "", NULL, &verdict, &error));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_federation_judge(1, "", "", "x.example", NULL, &error));
  const char* kind = NULL;
  OK(mychat_federation_address_kind("::ffff:10.0.0.1", &kind, &error));
  assert_string_equal(kind, "private");
  OK(mychat_federation_address_kind("93.184.216.34", &kind, &error));
  assert_string_equal(kind, "public");
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_federation_address_kind("10.1", &kind, &error));
  assert_null(kind);
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_federation_address_kind(NULL, &kind, &error));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_federation_address_kind("::1", NULL, &error));
}

int run_federation_tests(void) {
  const struct CMUnitTest tests[] = {
      OF_TWO(a_document_says_who_a_node_is),
      OF_TWO(documents_that_do_not_hold_are_refused),
      OF_TWO(a_key_is_handed_over),
      OF_TWO(what_a_node_cannot_say_is_not_signed),
      OF_TWO(the_options_of_a_node_are_checked),
      OF_TWO(two_nodes_shake_hands),
      OF_TWO(handshakes_that_do_not_hold_are_refused),
      cmocka_unit_test(the_operator_has_the_last_word),
  };
  return cmocka_run_group_tests_name("federation", tests, NULL, NULL);
}
