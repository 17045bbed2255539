/* The allocator hook: all that is handed over comes from it and goes back to it, and its failure loses
 * nothing. */
#include "support.h"

struct counts {
  long out;        /* Blocks not yet released. */
  long total;      /* Blocks ever given. */
  long fail_after; /* How many more may be given; negative: any number. */
};

static void* count_allocate(size_t size, void* context) {
  struct counts* counts = context;
  if (counts->fail_after == 0) return NULL;
  if (counts->fail_after > 0) --counts->fail_after;
  void* pointer = malloc(size);
  assert_non_null(pointer);
  memset(pointer, 0xcd, size); /* Nothing may rely on zeroes. */
  ++counts->out;
  ++counts->total;
  return pointer;
}

static void count_release(void* pointer, void* context) {
  struct counts* counts = context;
  assert_non_null(pointer);
  --counts->out;
  free(pointer);
}

static void hook(struct counts* counts) {
  mychat_allocator allocator = MYCHAT_ALLOCATOR_INIT;
  allocator.allocate = count_allocate;
  allocator.release = count_release;
  allocator.context = counts;
  OK(mychat_set_allocator(&allocator, &error));
}

static void unhook(void) { OK(mychat_set_allocator(NULL, &error)); }

static void the_hook_needs_both_functions(void** state) {
  (void)state;
  mychat_allocator allocator = MYCHAT_ALLOCATOR_INIT;
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_set_allocator(&allocator, &error));
  allocator.allocate = count_allocate;
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_set_allocator(&allocator, &error));
  allocator.allocate = NULL;
  allocator.release = count_release;
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_set_allocator(&allocator, &error));
}

static void all_that_is_handed_over_goes_through_the_hook(void** state) {
  mychat_client* alice = ((world*)*state)->client;
  struct counts counts = {0, 0, -1};
  hook(&counts);
  mychat_account* account = NULL;
  mychat_contact* contact = NULL;
  mychat_contact_list* contacts = NULL;
  mychat_conversation_list* conversations = NULL;
  mychat_message* message = NULL;
  mychat_message_list* page = NULL;
  mychat_explanation* explanation = NULL;
  mychat_store_report* report = NULL;
  mychat_event* event = NULL;
  char* key = NULL;
  long before = 0;
#define TAKES(call)                   \
  do {                                \
    before = counts.out;              \
    OK(call);                         \
    assert_true(counts.out > before); \
  } while (0)
  TAKES(mychat_client_account(alice, &account, &error));
  TAKES(mychat_client_contact(alice, SEED_BOB, &contact, &error));
  TAKES(mychat_client_contacts(alice, &contacts, &error));
  TAKES(mychat_client_conversations(alice, &conversations, &error));
  TAKES(mychat_client_message(alice, SEED_TEXT_1, &message, &error));
  TAKES(mychat_client_history(alice, SEED_BOB, 0, 100, &page, &error));
  TAKES(mychat_client_explain(alice, SEED_LOST, &explanation, &error));
  TAKES(mychat_client_check_store(alice, &report, &error));
  TAKES(mychat_client_poll(alice, 0, &event, &error));
  TAKES(mychat_client_export_private_key(alice, MYCHAT_KEY_JWK, &key, &error));
#undef TAKES
  EXPECT(MYCHAT_E_INVALID_STATE, mychat_set_allocator(NULL, &error));
  mychat_client_close(alice, NULL); /* What is in the caller's hands stays. */
  assert_string_equal(message->text, "Good morning, Alice");
  assert_string_equal(event->data.message->text, "Good morning, Alice");
  mychat_account_free(account);
  mychat_contact_free(contact);
  mychat_contact_list_free(contacts);
  mychat_conversation_list_free(conversations);
  mychat_message_free(message);
  mychat_message_list_free(page);
  mychat_explanation_free(explanation);
  mychat_store_report_free(report);
  mychat_event_free(event);
  EXPECT(MYCHAT_E_INVALID_STATE, mychat_set_allocator(NULL, &error));
  mychat_string_free(key);
  assert_int_equal(counts.out, 0);
  assert_true(counts.total >= 10);
  unhook();
}

static void when_the_hook_fails_the_call_says_so_and_keeps_nothing(void** state) {
  mychat_client* alice = ((world*)*state)->client;
  struct counts counts = {0, 0, 0};
  hook(&counts);
  mychat_account* account = (mychat_account*)(uintptr_t)8;
  mychat_message_list* page = NULL;
  char* key = NULL;
  EXPECT(MYCHAT_E_OUT_OF_MEMORY, mychat_client_account(alice, &account, &error));
  assert_null(account);
  EXPECT(MYCHAT_E_OUT_OF_MEMORY, mychat_client_public_key(alice, MYCHAT_KEY_PEM, &key, &error));
  assert_null(key);
  /* A page takes several blocks: whichever fails, none is kept. */
  int failures = 0;
  for (long allowed = 0;; ++allowed) {
    counts.fail_after = allowed;
    const mychat_status status = mychat_client_history(alice, SEED_BOB, 0, 100, &page, NULL);
    if (status == MYCHAT_OK) break;
    assert_int_equal(status, MYCHAT_E_OUT_OF_MEMORY);
    assert_null(page);
    assert_int_equal(counts.out, 0);
    ++failures;
  }
  assert_true(failures >= 2);
  assert_int_equal(page->count, 5);
  mychat_message_list_free(page);
  assert_int_equal(counts.out, 0);
  unhook();
}

static void an_event_that_found_no_memory_comes_with_the_next_poll(void** state) {
  mychat_client* alice = ((world*)*state)->client;
  struct counts counts = {0, 0, 0};
  hook(&counts);
  for (uint64_t seq = 1; seq <= SEED_JOURNAL; ++seq) {
    mychat_event* event = (mychat_event*)(uintptr_t)8;
    counts.fail_after = 0;
    for (int i = 0; i < 3; ++i) {
      EXPECT(MYCHAT_E_OUT_OF_MEMORY, mychat_client_poll(alice, 0, &event, &error));
      assert_null(event);
    }
    counts.fail_after = -1;
    OK(mychat_client_poll(alice, 0, &event, &error));
    assert_true(event->seq == seq);
    mychat_event_free(event);
  }
  /* A completion too, whether polled or awaited. */
  mychat_request_id request = 0;
  OK(mychat_client_node_info(alice, &request, &error));
  mychat_event* event = NULL;
  counts.fail_after = 0;
  EXPECT(MYCHAT_E_OUT_OF_MEMORY, mychat_client_await(alice, request, LONG_MS, &event, &error));
  assert_null(event);
  EXPECT(MYCHAT_E_OUT_OF_MEMORY, mychat_client_poll(alice, 0, &event, &error));
  counts.fail_after = -1;
  EXPECT(MYCHAT_E_NETWORK, mychat_client_await(alice, request, LONG_MS, &event, &error));
  assert_true(event->data.completion->request == request);
  mychat_event_free(event);
  assert_int_equal(counts.out, 0);
  unhook();
}

int run_memory_tests(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_hook_needs_both_functions),
      cmocka_unit_test_setup_teardown(all_that_is_handed_over_goes_through_the_hook, new_alice, end_world),
      cmocka_unit_test_setup_teardown(when_the_hook_fails_the_call_says_so_and_keeps_nothing, new_alice,
                                      end_world),
      cmocka_unit_test_setup_teardown(an_event_that_found_no_memory_comes_with_the_next_poll, new_alice,
                                      end_world),
  };
  return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
