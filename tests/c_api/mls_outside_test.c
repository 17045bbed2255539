/* MLS through the C functions, from outside of a group: external senders, and the wish to be added. */
#include "people.h"

#define BAD(call) EXPECT(MYCHAT_E_INVALID_ARGUMENT, call)
/* A server that may propose, with the extension that names it. */
typedef struct server {
  mychat_bytes *key, *public_key, *credential, *extension;
} server;

static void new_server(server* made) {
  mychat_bytes* sender = NULL;
  OK(mychat_mls_new_signature_key(SUITE, &made->key, &error));
  OK(mychat_mls_signature_public_key(SUITE, made->key->data, made->key->size, &made->public_key, &error));
  OK(mychat_mls_basic_credential("node.example", 12, &made->credential, &error));
  OK(mychat_mls_external_sender(SUITE, made->credential->data, made->credential->size, made->public_key->data,
                                made->public_key->size, &sender, &error));
  OK(mychat_mls_external_senders(sender->data, sender->size, &made->extension, &error));
  mychat_bytes_free(sender);
}

static void end_server(server* ended) {
  mychat_bytes_free(ended->key);
  mychat_bytes_free(ended->public_key);
  mychat_bytes_free(ended->credential);
  mychat_bytes_free(ended->extension);
}

/* Everybody takes a commit of Alice's with the server's extension. */
static void let_in(people* p, const server* with) {
  mychat_bytes* proposal = NULL;
  OK(mychat_mls_propose_extensions(with->extension->data, with->extension->size, &proposal, &error));
  mychat_mls_commit* commit = commit_of(&p->alice, proposal);
  mychat_mls_received_free(receive(&p->bob, message_of(commit)));
  mychat_mls_received_free(receive(&p->carol, message_of(commit)));
  OK(mychat_mls_group_apply(p->alice.group, commit, &error));
  mychat_mls_commit_free(commit);
}

static mychat_mls_group_state* state_of(mychat_mls_group* group) {
  mychat_mls_group_state* out = NULL;
  OK(mychat_mls_group_describe(group, &out, &error));
  return out;
}

/* What the server proposes at place `sender`, as the members are now; NULL when that fails with `expected`.
 */
static mychat_bytes* proposal_of(people* p, const server* by, uint32_t sender, mychat_bytes* proposal) {
  mychat_mls_group_state* group = state_of(p->alice.group);
  mychat_bytes* message = NULL;
  OK(mychat_mls_external_proposal(SUITE, group->group_id, group->group_id_size, group->epoch, sender,
                                  by->key->data, by->key->size, proposal->data, proposal->size, "why", 3,
                                  &message, &error));
  mychat_mls_group_state_free(group);
  mychat_bytes_free(proposal);
  return message;
}

static void a_server_puts_somebody_out(void** state) {
  people* p = *state;
  server node, stranger;
  new_server(&node);
  new_server(&stranger);
  /* Nobody may propose from outside before the group says so. */
  mychat_bytes* message = proposal_of(p, &node, 0, remove_of(2));
  mychat_mls_received* received = NULL;
  RULE(MYCHAT_E_MALFORMED, 403,
       mychat_mls_group_process(p->bob.group, message->data, message->size, &received, &error));
  assert_null(received);
  mychat_bytes_free(message);

  let_in(p, &node);
  message = proposal_of(p, &stranger, 0, remove_of(2));
  EXPECT(MYCHAT_E_SIGNATURE,
         mychat_mls_group_process(p->bob.group, message->data, message->size, &received, &error));
  mychat_bytes_free(message);
  message = proposal_of(p, &node, 1, remove_of(2));
  RULE(MYCHAT_E_MALFORMED, 403,
       mychat_mls_group_process(p->bob.group, message->data, message->size, &received, &error));
  mychat_bytes_free(message);

  message = proposal_of(p, &node, 0, remove_of(2));
  received = NULL;
  OK(mychat_mls_group_process(p->carol.group, message->data, message->size, &received, &error));
  mychat_mls_received_free(received);
  OK(mychat_mls_group_process(p->alice.group, message->data, message->size, &received, &error));
  assert_int_equal(received->content, MYCHAT_MLS_CONTENT_PROPOSAL);
  assert_int_equal(received->sender_type, MYCHAT_MLS_SENDER_EXTERNAL);
  assert_int_equal(received->sender, 0);
  assert_int_equal(received->aad_size, 3);
  assert_memory_equal(received->aad, "why", 3);
  assert_int_equal(received->proposal->leaf_index, 2);
  mychat_mls_received_free(received);
  mychat_mls_received_free(receive(&p->bob, message));
  mychat_mls_commit* commit = commit_of(&p->bob, NULL);
  received = receive(&p->carol, message_of(commit));
  assert_int_equal(received->commit->removes_us, 1);
  mychat_mls_received_free(received);
  mychat_mls_received_free(receive(&p->alice, message_of(commit)));
  OK(mychat_mls_group_apply(p->bob.group, commit, &error));
  mychat_mls_commit_free(commit);
  expect_talk(&p->alice, &p->bob);
  end_server(&node);
  end_server(&stranger);
}

static void what_none_outside_may_propose_is_refused(void** state) {
  people* p = *state;
  server node;
  new_server(&node);
  let_in(p, &node);
  mychat_bytes *go = NULL, *out = (mychat_bytes*)(uintptr_t)8;
  OK(mychat_mls_propose_self_remove(&go, &error));
  RULE(MYCHAT_E_MALFORMED, 607,
       mychat_mls_external_proposal(SUITE, "g", 1, 1, 0, node.key->data, node.key->size, go->data, go->size,
                                    NULL, 0, &out, &error));
  assert_null(out);
  mychat_bytes_free(go);
  mychat_bytes* put_out = remove_of(1);
#define PROPOSE(suite, key, key_size, proposal, proposal_size, out)                                       \
  mychat_mls_external_proposal(suite, "g", 1, 1, 0, key, key_size, proposal, proposal_size, NULL, 0, out, \
                               &error)
  EXPECT(MYCHAT_E_UNSUPPORTED,
         PROPOSE(0, node.key->data, node.key->size, put_out->data, put_out->size, &out));
  assert_null(out);
  EXPECT(MYCHAT_E_MALFORMED, PROPOSE(SUITE, "x", 1, put_out->data, put_out->size, &out));
  EXPECT(MYCHAT_E_MALFORMED, PROPOSE(SUITE, node.key->data, node.key->size, "x", 1, &out));
  EXPECT(MYCHAT_E_MALFORMED,
         PROPOSE(SUITE, node.key->data, node.key->size, put_out->data, put_out->size - 1, &out));
  BAD(PROPOSE(SUITE, NULL, 1, put_out->data, put_out->size, &out));
  BAD(PROPOSE(SUITE, node.key->data, node.key->size, NULL, 1, &out));
  BAD(PROPOSE(SUITE, node.key->data, node.key->size, put_out->data, put_out->size, NULL));
  BAD(mychat_mls_external_proposal(SUITE, NULL, 1, 1, 0, node.key->data, node.key->size, put_out->data,
                                   put_out->size, NULL, 0, &out, &error));
  BAD(mychat_mls_external_proposal(SUITE, "g", 1, 1, 0, node.key->data, node.key->size, put_out->data,
                                   put_out->size, NULL, 1, &out, &error));
  mychat_bytes_free(put_out);
  end_server(&node);
}

static void senders_are_checked(void** state) {
  (void)state;
  server node;
  new_server(&node);
  mychat_bytes* out = (mychat_bytes*)(uintptr_t)8;
  const void* credential = node.credential->data;
  const size_t size = node.credential->size;
  EXPECT(MYCHAT_E_MALFORMED, mychat_mls_external_sender(SUITE, "x", 1, node.public_key->data,
                                                        node.public_key->size, &out, &error));
  assert_null(out);
  EXPECT(MYCHAT_E_MALFORMED, mychat_mls_external_sender(SUITE, credential, size, "x", 1, &out, &error));
  EXPECT(MYCHAT_E_UNSUPPORTED, mychat_mls_external_sender(0, credential, size, node.public_key->data,
                                                          node.public_key->size, &out, &error));
  BAD(mychat_mls_external_sender(SUITE, NULL, 1, "x", 1, &out, &error));
  BAD(mychat_mls_external_sender(SUITE, credential, size, NULL, 1, &out, &error));
  BAD(mychat_mls_external_sender(SUITE, credential, size, node.public_key->data, node.public_key->size, NULL,
                                 &error));
  EXPECT(MYCHAT_E_MALFORMED, mychat_mls_external_senders("x", 1, &out, &error));
  assert_null(out);
  BAD(mychat_mls_external_senders(NULL, 1, &out, &error));
  BAD(mychat_mls_external_senders(NULL, 0, NULL, &error));
  OK(mychat_mls_external_senders(NULL, 0, &out, &error));
  mychat_bytes_free(out);
  end_server(&node);
}

static void somebody_asks_to_be_added(void** state) {
  people* p = *state;
  mychat_mls_group_state* group = state_of(p->alice.group);
  mychat_bytes* message = NULL;
  OK(mychat_mls_key_package_create(SUITE, &p->dave.leaf, &p->dave.package, &error));
  OK(mychat_mls_join_proposal(p->dave.package, group->group_id, group->group_id_size, group->epoch, NULL, 0,
                              &message, &error));
  mychat_mls_message* seen = NULL;
  OK(mychat_mls_read_message(message->data, message->size, &seen, &error));
  assert_int_equal(seen->format, MYCHAT_MLS_PUBLIC_MESSAGE);
  assert_int_equal(seen->content, MYCHAT_MLS_CONTENT_PROPOSAL);
  mychat_mls_message_free(seen);
  mychat_mls_received* received = NULL;
  OK(mychat_mls_group_process(p->bob.group, message->data, message->size, &received, &error));
  mychat_mls_received_free(received);
  OK(mychat_mls_group_process(p->carol.group, message->data, message->size, &received, &error));
  mychat_mls_received_free(received);
  received = receive(&p->alice, message);
  assert_int_equal(received->sender_type, MYCHAT_MLS_SENDER_NEW_MEMBER_PROPOSAL);
  assert_int_equal(received->proposal->type, MYCHAT_MLS_ADD);
  mychat_mls_received_free(received);
  mychat_mls_commit* commit = commit_of(&p->alice, NULL);
  mychat_mls_received_free(receive(&p->bob, message_of(commit)));
  mychat_mls_received_free(receive(&p->carol, message_of(commit)));
  OK(mychat_mls_group_apply(p->alice.group, commit, &error));
  join_by(&p->dave, commit);
  mychat_mls_commit_free(commit);
  expect_same_epoch(&p->alice, &p->dave);
  expect_talk(&p->dave, &p->carol);
  mychat_mls_group_state_free(group);

  mychat_bytes* out = (mychat_bytes*)(uintptr_t)8;
  BAD(mychat_mls_join_proposal(NULL, "g", 1, 1, NULL, 0, &out, &error));
  assert_null(out);
  BAD(mychat_mls_join_proposal(p->dave.package, NULL, 1, 1, NULL, 0, &out, &error));
  BAD(mychat_mls_join_proposal(p->dave.package, "g", 1, 1, NULL, 1, &out, &error));
  BAD(mychat_mls_join_proposal(p->dave.package, "g", 1, 1, NULL, 0, NULL, &error));
}

int run_mls_outside_tests(void) {
  const struct CMUnitTest tests[] = {
      OF_PEOPLE(a_server_puts_somebody_out),
      OF_PEOPLE(what_none_outside_may_propose_is_refused),
      OF_PEOPLE(senders_are_checked),
      OF_PEOPLE(somebody_asks_to_be_added),
  };
  return cmocka_run_group_tests_name("mls from outside", tests, NULL, NULL);
}
