/* Sending into the outbox, history, search, receipts, explanations, contacts and conversations: all from the
 * store. */
#include "support.h"

static void a_message_waits_in_the_outbox(void** state) {
  world* w = *state;
  char id[MYCHAT_MESSAGE_ID_SIZE + 1];
  memset(id, 0x7f, sizeof id);
  OK(mychat_client_send_text(w->client, "Bob@Example.ORG", "Guten Abend", id, &error));
  assert_int_equal(strlen(id), 36);
  assert_int_equal(id[MYCHAT_MESSAGE_ID_SIZE], 0x7f);

  mychat_client_free(w->client); /* Durable. */
  open_client(w);
  mychat_message* message = NULL;
  OK(mychat_client_message(w->client, id, &message, &error));
  assert_int_equal(message->struct_size, sizeof *message);
  assert_int_equal(message->direction, MYCHAT_DIRECTION_OUT);
  assert_int_equal(message->status, MYCHAT_MESSAGE_QUEUED);
  assert_int_equal(message->verification, MYCHAT_VERIFICATION_NONE);
  assert_int_equal(message->failure, MYCHAT_OK);
  assert_string_equal(message->peer, SEED_BOB);
  assert_string_equal(message->sender, SEED_ALICE);
  assert_string_equal(message->text, "Guten Abend");
  assert_true(message->sent_at > 0 && message->created_at == 0 && message->delivered_at == 0);
  mychat_message_free(message);
  mychat_explanation* why = NULL;
  OK(mychat_client_explain(w->client, id, &why, &error));
  assert_int_equal(why->cause, MYCHAT_E_UNAUTHORIZED);
  assert_int_equal(why->repair, MYCHAT_REPAIR_LOG_IN);
  assert_true(strlen(why->description) > 20);
  mychat_explanation_free(why);
}

static void an_id_of_ones_own_makes_sending_idempotent(void** state) {
  mychat_client* alice = ((world*)*state)->client;
  mychat_send_options options = MYCHAT_SEND_OPTIONS_INIT;
  char id[MYCHAT_MESSAGE_ID_SIZE] = "";
  options.recipient = SEED_BOB;
  options.data = "once";
  options.size = 4;
  options.message_id = "ABCDEF00-0000-4000-8000-000000000001";
  for (int i = 0; i < 3; ++i) {
    OK(mychat_client_send(alice, &options, id, &error));
    assert_string_equal(id, "abcdef00-0000-4000-8000-000000000001");
  }
  mychat_message_list* found = NULL;
  OK(mychat_client_search(alice, "once", NULL, 0, 10, &found, &error));
  assert_int_equal(found->count, 1);
  mychat_message_list_free(found);
  options.recipient = SEED_DAVE; /* The id is taken by another message. */
  EXPECT(MYCHAT_E_ALREADY_EXISTS, mychat_client_send(alice, &options, id, &error));
  assert_string_equal(id, "");
  options.message_id = SEED_TEXT_1;
  options.recipient = SEED_BOB;
  EXPECT(MYCHAT_E_ALREADY_EXISTS, mychat_client_send(alice, &options, id, &error));
}

static void what_cannot_be_sent_is_refused_at_once(void** state) {
  mychat_client* alice = ((world*)*state)->client;
  static const char* const handles[] = {"",
                                        "bob",
                                        "@example.org",
                                        "bob@",
                                        "b@example.org",
                                        "bob bob@example.org",
                                        "bob@exa mple.org",
                                        "bob@example.org@example.org",
                                        "bob@-example.org"};
  for (size_t i = 0; i < sizeof handles / sizeof *handles; ++i)
    EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_client_send_text(alice, handles[i], "text", NULL, &error));
  EXPECT(MYCHAT_E_KEY_CHANGED, mychat_client_send_text(alice, SEED_CAROL, "text", NULL, &error));
  mychat_send_options options = MYCHAT_SEND_OPTIONS_INIT;
  options.recipient = SEED_BOB;
  options.size = 1; /* Of what? */
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_client_send(alice, &options, NULL, &error));
  options.data = "\xff"; /* Bytes are no text, */
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_client_send(alice, &options, NULL, &error));
  options.content_type = MYCHAT_CONTENT_FILE; /* but a file. */
  OK(mychat_client_send(alice, &options, NULL, &error));
  options.size = (size_t)-1;
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_client_send(alice, &options, NULL, &error));
  static const char* const ids[] = {"", "no id", "00000000-0000-4000-8000-00000000000",
                                    "00000000-0000-4000-8000-00000000000g"};
  options.size = 1;
  for (size_t i = 1; i < sizeof ids / sizeof *ids; ++i) {
    options.message_id = ids[i];
    EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_client_send(alice, &options, NULL, &error));
  }
  const size_t largest = 10u * 1024 * 1024 - 16;
  char* data = calloc(1, largest + 1);
  assert_non_null(data);
  options.message_id = NULL;
  options.data = data;
  options.size = largest + 1;
  EXPECT(MYCHAT_E_TOO_LARGE, mychat_client_send(alice, &options, NULL, &error));
  options.size = largest;
  OK(mychat_client_send(alice, &options, NULL, &error));
  free(data);
}

static void without_an_account_nothing_is_sent(void** state) {
  mychat_client* client = ((world*)*state)->client;
  EXPECT(MYCHAT_E_INVALID_STATE, mychat_client_send_text(client, SEED_BOB, "text", NULL, &error));
  mychat_conversation_list* list = NULL;
  OK(mychat_client_conversations(client, &list, &error));
  assert_int_equal(list->count, 0);
  assert_non_null(list->items);
  mychat_conversation_list_free(list);
}

static void history_is_paged_from_the_newest(void** state) {
  mychat_client* alice = ((world*)*state)->client;
  static const char* const order[] = {SEED_FAILED, SEED_LOST, SEED_FILE, SEED_TEXT_2, SEED_TEXT_1};
  int64_t before = 0;
  for (size_t i = 0; i < 5; ++i) {
    mychat_message_list* page = NULL;
    OK(mychat_client_history(alice, SEED_BOB, before, 1, &page, &error));
    assert_int_equal(page->struct_size, sizeof *page);
    assert_int_equal(page->count, 1);
    assert_string_equal(page->items[0]->id, order[i]);
    assert_int_equal(page->has_more, i < 4);
    before = page->next_before;
    mychat_message_list_free(page);
  }
  mychat_message_list* page = NULL;
  OK(mychat_client_history(alice, SEED_BOB, before, 500, &page, &error));
  assert_int_equal(page->count, 0);
  assert_int_equal(page->has_more, 0);
  mychat_message_list_free(page);
  OK(mychat_client_history(alice, SEED_DAVE, 0, 500, &page, &error)); /* An unknown peer has an empty page. */
  assert_int_equal(page->count, 0);
  assert_non_null(page->items);
  mychat_message_list_free(page);
}

static void messages_say_what_they_are(void** state) {
  mychat_client* alice = ((world*)*state)->client;
  mychat_message* message = NULL;
  OK(mychat_client_message(alice, SEED_FILE, &message, &error));
  assert_int_equal(message->content_type, MYCHAT_CONTENT_FILE);
  assert_int_equal(message->size, 4);
  assert_memory_equal(message->data, "\1\0\2\3", 4);
  assert_null(message->text);
  assert_int_equal(message->readable, 1);
  assert_int_equal(message->direction, MYCHAT_DIRECTION_IN);
  assert_int_equal(message->verification, MYCHAT_VERIFICATION_UNSIGNED);
  mychat_message_free(message);
  OK(mychat_client_message(alice, SEED_LOST, &message, &error));
  assert_int_equal(message->readable, 0);
  assert_int_equal(message->size, 0);
  assert_non_null(message->data);
  assert_null(message->text);
  assert_int_equal(message->failure, MYCHAT_E_NO_KEY_MATERIAL);
  mychat_message_free(message);
  EXPECT(MYCHAT_E_NOT_FOUND, mychat_client_message(alice, SEED_NO_MESSAGE, &message, &error));
  assert_null(message);
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_client_message(alice, "", &message, &error));
  EXPECT(MYCHAT_E_NOT_FOUND,
         mychat_client_message(alice, "no id", &message, &error)); /* A v1 node may make such ids. */
}

static void search_finds_text_regardless_of_case(void** state) {
  mychat_client* alice = ((world*)*state)->client;
  mychat_message_list* found = NULL;
  char query[300];
  OK(mychat_client_search(alice, "GRÜ", NULL, 0, 10, &found, &error));
  assert_int_equal(found->count, 1);
  assert_string_equal(found->items[0]->text, "Grüße");
  mychat_message_list_free(found);
  OK(mychat_client_search(alice, "morning", SEED_DAVE, 0, 10, &found, &error));
  assert_int_equal(found->count, 0);
  mychat_message_list_free(found);
  OK(mychat_client_search(alice, "e", SEED_BOB, 0, 1, &found, &error));
  assert_int_equal(found->count, 1);
  assert_int_equal(found->has_more, 1);
  mychat_message_list_free(found);
  memset(query, 'a', sizeof query);
  query[256] = '\0';
  OK(mychat_client_search(alice, query, NULL, 0, 10, &found, &error));
  mychat_message_list_free(found);
  query[256] = 'a';
  query[257] = '\0';
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_client_search(alice, query, NULL, 0, 10, &found, &error));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_client_search(alice, "", NULL, 0, 10, &found, &error));
}

static void a_failed_message_is_explained_and_can_be_tried_again(void** state) {
  mychat_client* alice = ((world*)*state)->client;
  mychat_explanation* why = NULL;
  OK(mychat_client_explain(alice, SEED_FAILED, &why, &error));
  assert_int_equal(why->struct_size, sizeof *why);
  assert_int_equal(why->cause, MYCHAT_E_NOT_FOUND);
  assert_int_equal(why->repair, MYCHAT_REPAIR_CHANGE);
  mychat_explanation_free(why);
  OK(mychat_client_explain(alice, SEED_LOST, &why, &error));
  assert_int_equal(why->cause, MYCHAT_E_NO_KEY_MATERIAL);
  assert_int_equal(why->repair, MYCHAT_REPAIR_ASK_SENDER);
  mychat_explanation_free(why);
  OK(mychat_client_explain(alice, SEED_TEXT_1, &why, &error));
  assert_int_equal(why->cause, MYCHAT_OK);
  assert_int_equal(why->repair, MYCHAT_REPAIR_NONE);
  mychat_explanation_free(why);
  EXPECT(MYCHAT_E_NOT_FOUND, mychat_client_explain(alice, SEED_NO_MESSAGE, &why, &error));
  assert_null(why);

  OK(mychat_client_retry(alice, SEED_FAILED, &error));
  mychat_message* message = NULL;
  OK(mychat_client_message(alice, SEED_FAILED, &message, &error));
  assert_int_equal(message->status, MYCHAT_MESSAGE_QUEUED);
  mychat_message_free(message);
  EXPECT(MYCHAT_E_INVALID_STATE, mychat_client_retry(alice, SEED_FAILED, &error));
  EXPECT(MYCHAT_E_INVALID_STATE, mychat_client_retry(alice, SEED_TEXT_1, &error));
  EXPECT(MYCHAT_E_NOT_FOUND, mychat_client_retry(alice, SEED_NO_MESSAGE, &error));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_client_retry(alice, "", &error));
  EXPECT(MYCHAT_E_NOT_FOUND, mychat_client_retry(alice, "no id", &error)); /* A v1 node may make such ids. */
}

static uint32_t unread_of_bob(mychat_client* alice) {
  mychat_conversation_list* list = NULL;
  OK(mychat_client_conversations(alice, &list, &error));
  assert_int_equal(list->count, 1);
  assert_string_equal(list->items[0]->peer, SEED_BOB);
  assert_string_equal(list->items[0]->last_message_id, SEED_FAILED);
  const uint32_t unread = list->items[0]->unread;
  mychat_conversation_list_free(list);
  return unread;
}

static void messages_are_marked_read_up_to_one_of_them(void** state) {
  mychat_client* alice = ((world*)*state)->client;
  assert_int_equal(unread_of_bob(alice), 4);
  EXPECT(MYCHAT_E_NOT_FOUND, mychat_client_mark_read(alice, SEED_BOB, SEED_NO_MESSAGE, &error));
  EXPECT(MYCHAT_E_NOT_FOUND, mychat_client_mark_read(alice, SEED_DAVE, SEED_TEXT_1, &error));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_client_mark_read(alice, SEED_BOB, "", &error));
  EXPECT(MYCHAT_E_NOT_FOUND,
         mychat_client_mark_read(alice, SEED_BOB, "no id", &error)); /* A v1 node may make such ids. */
  assert_int_equal(unread_of_bob(alice), 4);
  OK(mychat_client_mark_read(alice, SEED_BOB, SEED_TEXT_2, &error));
  assert_int_equal(unread_of_bob(alice), 2);
  OK(mychat_client_mark_read(alice, SEED_BOB, SEED_TEXT_1, &error)); /* Never back. */
  assert_int_equal(unread_of_bob(alice), 2);
  OK(mychat_client_mark_read(alice, SEED_BOB, NULL, &error));
  assert_int_equal(unread_of_bob(alice), 0);
}

static void contacts_are_listed_by_handle(void** state) {
  mychat_client* alice = ((world*)*state)->client;
  mychat_contact_list* list = NULL;
  OK(mychat_client_contacts(alice, &list, &error));
  assert_int_equal(list->count, 2);
  assert_string_equal(list->items[0]->handle, SEED_BOB);
  assert_int_equal(list->items[0]->struct_size, sizeof(mychat_contact));
  assert_int_equal(list->items[0]->trust, MYCHAT_TRUST_UNVERIFIED);
  assert_int_equal(strlen(list->items[0]->fingerprint), 79);
  assert_string_equal(list->items[0]->pending_fingerprint, "");
  assert_int_equal(list->items[0]->is_contact, 1);
  assert_string_equal(list->items[0]->nickname, "Nick");
  assert_true(list->items[0]->last_message_at > 0);
  assert_string_equal(list->items[1]->handle, SEED_CAROL);
  assert_int_equal(list->items[1]->trust, MYCHAT_TRUST_CHANGED);
  assert_int_equal(strlen(list->items[1]->pending_fingerprint), 79);
  mychat_contact_list_free(list);
  mychat_contact* contact = NULL;
  OK(mychat_client_contact(alice, "CAROL@example.org", &contact, &error));
  assert_string_equal(contact->handle, SEED_CAROL);
  mychat_contact_free(contact);
  EXPECT(MYCHAT_E_NOT_FOUND, mychat_client_contact(alice, SEED_DAVE, &contact, &error));
  assert_null(contact);
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_client_contact(alice, "nobody", &contact, &error));
}

static void typing_and_presence_are_harmless_offline(void** state) {
  mychat_client* alice = ((world*)*state)->client;
  OK(mychat_client_set_typing(alice, SEED_BOB, 1, &error));
  OK(mychat_client_set_typing(alice, SEED_BOB, 0, &error));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_client_set_typing(alice, "nobody", 1, &error));
  OK(mychat_client_set_presence(alice, MYCHAT_PRESENCE_AWAY, &error));
  OK(mychat_client_set_presence(alice, MYCHAT_PRESENCE_ONLINE, &error));
}

int run_messages_tests(void) {
#define WITH_ALICE(test) cmocka_unit_test_setup_teardown(test, new_alice, end_world)
  const struct CMUnitTest tests[] = {
      WITH_ALICE(a_message_waits_in_the_outbox),
      WITH_ALICE(an_id_of_ones_own_makes_sending_idempotent),
      WITH_ALICE(what_cannot_be_sent_is_refused_at_once),
      cmocka_unit_test_setup_teardown(without_an_account_nothing_is_sent, new_empty, end_world),
      WITH_ALICE(history_is_paged_from_the_newest),
      WITH_ALICE(messages_say_what_they_are),
      WITH_ALICE(search_finds_text_regardless_of_case),
      WITH_ALICE(a_failed_message_is_explained_and_can_be_tried_again),
      WITH_ALICE(messages_are_marked_read_up_to_one_of_them),
      WITH_ALICE(contacts_are_listed_by_handle),
      WITH_ALICE(typing_and_presence_are_harmless_offline),
  };
  return cmocka_run_group_tests_name("messages", tests, NULL, NULL);
}
