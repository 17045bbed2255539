/* MLS groups through the C functions. */
#include "people.h"

#define BAD(call) EXPECT(MYCHAT_E_INVALID_ARGUMENT, call)

static void members_know_each_other(void** state) {
  people* p = *state;
  mychat_mls_member_list* list = NULL;
  mychat_mls_group_state* is = NULL;
  OK(mychat_mls_group_members(p->carol.group, &list, &error));
  assert_int_equal(list->struct_size, sizeof *list);
  assert_int_equal(list->count, 3);
  static const char* const handles[] = {"alice@a.example", "bob@b.example", "carol@c.example"};
  for (uint32_t i = 0; i < 3; ++i) {
    assert_int_equal(list->items[i]->struct_size, sizeof *list->items[i]);
    assert_int_equal(list->items[i]->leaf_index, i);
    assert_string_equal(list->items[i]->credential->handle, handles[i]);
    assert_int_equal(list->items[i]->signature_key_size, 32);
  }
  mychat_mls_member_list_free(list);
  OK(mychat_mls_group_describe(p->carol.group, &is, &error));
  assert_int_equal(is->struct_size, sizeof *is);
  assert_int_equal(is->suite, SUITE);
  assert_int_equal(is->is_active, 1);
  assert_int_equal(is->was_removed, 0);
  assert_int_equal(is->own_leaf, 2);
  assert_int_equal(is->member_count, 3);
  assert_int_equal(is->epoch, 1);
  assert_int_equal(is->group_id_size, HASH_SIZE);
  assert_int_equal(is->extensions_size, 0);
  assert_null(is->reinit);
  mychat_mls_group_state_free(is);
  expect_same_epoch(&p->alice, &p->bob);
  expect_same_epoch(&p->alice, &p->carol);
  expect_talk(&p->alice, &p->bob);
  expect_talk(&p->carol, &p->alice);
  assert_true(p->carol.judge.asked >= 3);
  mychat_bytes *ours = NULL, *theirs = NULL;
  OK(mychat_mls_group_export_secret(p->alice.group, "app", "x", 1, 80, &ours, &error));
  OK(mychat_mls_group_export_secret(p->bob.group, "app", "x", 1, 80, &theirs, &error));
  assert_int_equal(ours->size, 80);
  assert_memory_equal(ours->data, theirs->data, 80);
  mychat_bytes_free(ours);
  mychat_bytes_free(theirs);
  OK(mychat_mls_group_resumption_psk(p->alice.group, 1, &ours, &error));
  OK(mychat_mls_group_resumption_psk(p->bob.group, 1, &theirs, &error));
  assert_memory_equal(ours->data, theirs->data, HASH_SIZE);
  mychat_bytes_free(ours);
  mychat_bytes_free(theirs);
  EXPECT(MYCHAT_E_NOT_FOUND, mychat_mls_group_resumption_psk(p->bob.group, 0, &theirs, &error));
  assert_null(theirs);
  BAD(mychat_mls_group_export_secret(p->alice.group, "app", NULL, 1, 32, &ours, &error));
  BAD(mychat_mls_group_export_secret(p->alice.group, NULL, "x", 1, 32, &ours, &error));
  BAD(mychat_mls_group_export_secret(p->alice.group, "app", "x", 1, 0, &ours, &error));
  BAD(mychat_mls_group_export_secret(p->alice.group, "app", "x", 1, 255 * HASH_SIZE + 1, &ours, &error));
}

static void a_member_is_removed(void** state) {
  people* p = *state;
  mychat_mls_commit* commit = commit_of(&p->alice, remove_of(1));
  mychat_mls_summary* summary = NULL;
  OK(mychat_mls_commit_summary(commit, &summary, &error));
  assert_int_equal(summary->struct_size, sizeof *summary);
  assert_int_equal(summary->epoch, 2);
  assert_int_equal(summary->committer_type, MYCHAT_MLS_SENDER_MEMBER);
  assert_int_equal(summary->committer, 0);
  assert_int_equal(summary->has_path, 1);
  assert_int_equal(summary->removes_us, 0);
  assert_int_equal(summary->added_count, 0);
  assert_int_equal(summary->updated_count, 1);
  assert_int_equal(summary->updated[0], 0);
  assert_int_equal(summary->removed_count, 1);
  assert_int_equal(summary->removed[0], 1);
  assert_int_equal(summary->proposals->count, 1);
  assert_int_equal(summary->proposals->items[0]->type, MYCHAT_MLS_REMOVE);
  mychat_mls_summary_free(summary);
  mychat_bytes* welcome = NULL;
  EXPECT(MYCHAT_E_NOT_FOUND, mychat_mls_commit_welcome(commit, &welcome, &error));
  assert_null(welcome);

  /* Nothing counts before it is applied. */
  assert_int_equal(epoch_of(p->alice.group), 1);
  mychat_mls_received* received = receive(&p->bob, message_of(commit));
  assert_int_equal(received->content, MYCHAT_MLS_CONTENT_COMMIT);
  assert_int_equal(received->epoch, 1);
  assert_int_equal(received->sender, 0);
  assert_int_equal(received->commit->removes_us, 1);
  mychat_mls_received_free(received);
  received = receive(&p->carol, message_of(commit));
  assert_int_equal(received->commit->removes_us, 0);
  mychat_mls_received_free(received);
  OK(mychat_mls_group_apply(p->alice.group, commit, &error));
  EXPECT(MYCHAT_E_INVALID_STATE, mychat_mls_group_apply(p->alice.group, commit, &error));
  mychat_mls_record_list* records = NULL;
  EXPECT(MYCHAT_E_INVALID_STATE, mychat_mls_commit_save(commit, &records, &error));
  mychat_mls_commit_free(commit);
  expect_same_epoch(&p->alice, &p->carol);
  expect_talk(&p->carol, &p->alice);

  mychat_bytes* out = NULL;
  mychat_mls_group_state* is = NULL;
  OK(mychat_mls_group_describe(p->bob.group, &is, &error));
  assert_int_equal(is->was_removed, 1);
  assert_int_equal(is->is_active, 0);
  mychat_mls_group_state_free(is);
  EXPECT(MYCHAT_E_INVALID_STATE, mychat_mls_group_protect(p->bob.group, "x", 1, NULL, 0, 0, &out, &error));
  EXPECT(MYCHAT_E_INVALID_STATE, mychat_mls_group_export_secret(p->bob.group, "x", "", 0, 8, &out, &error));
  EXPECT(MYCHAT_E_INVALID_STATE, mychat_mls_group_export_info(p->bob.group, 0, &out, &error));
  EXPECT(MYCHAT_E_INVALID_STATE, mychat_mls_group_commit(p->bob.group, NULL, &commit, &error));
  EXPECT(MYCHAT_E_INVALID_STATE,
         mychat_mls_group_propose_update(p->bob.group, NULL, NULL, 0, 0, &out, &error));
  assert_null(commit);
}

static void proposals_wait_for_a_commit(void** state) {
  people* p = *state;
  mychat_bytes* message = NULL;
  mychat_mls_proposal_list* waiting = NULL;
  OK(mychat_mls_group_propose_update(p->bob.group, NULL, "why", 3, MYCHAT_MLS_PUBLIC, &message, &error));
  mychat_bytes* for_carol = NULL;
  mychat_mls_received* received = NULL;
  OK(mychat_mls_group_process(p->carol.group, message->data, message->size, &received, &error));
  assert_int_equal(received->content, MYCHAT_MLS_CONTENT_PROPOSAL);
  assert_int_equal(received->sender, 1);
  assert_int_equal(received->aad_size, 3);
  assert_int_equal(received->proposal->type, MYCHAT_MLS_UPDATE);
  assert_int_equal(received->proposal->leaf_index, 1);
  assert_int_equal(received->proposal->reference_size, HASH_SIZE);
  mychat_mls_received_free(received);
  mychat_mls_received_free(receive(&p->alice, message));
  mychat_bytes* add = add_of(&p->dave);
  OK(mychat_mls_group_propose(p->carol.group, add->data, add->size, NULL, 0, 0, &for_carol, &error));
  mychat_bytes_free(add);
  mychat_mls_received_free(receive(&p->alice, for_carol));
  OK(mychat_mls_group_waiting(p->alice.group, &waiting, &error));
  assert_int_equal(waiting->struct_size, sizeof *waiting);
  assert_int_equal(waiting->count, 2);
  assert_int_equal(waiting->items[0]->sender, 1);
  assert_int_equal(waiting->items[1]->sender, 2);
  mychat_mls_proposal_list_free(waiting);
  mychat_mls_commit* commit = commit_of(&p->alice, NULL);
  /* Bob did not hear of the Add. */
  mychat_bytes* sent = message_of(commit);
  RULE(MYCHAT_E_NOT_FOUND, 511,
       mychat_mls_group_process(p->bob.group, sent->data, sent->size, &received, &error));
  assert_null(received);
  received = receive(&p->carol, sent);
  assert_int_equal(received->commit->updated_count, 2);
  assert_int_equal(received->commit->added_count, 1);
  assert_int_equal(received->commit->added[0], 3);
  mychat_mls_received_free(received);
  OK(mychat_mls_group_apply(p->alice.group, commit, &error));
  join_by(&p->dave, commit);
  mychat_mls_commit_free(commit);
  expect_talk(&p->dave, &p->carol);
  /* Forgotten here, and not taken in when told so. */
  OK(mychat_mls_group_propose_update(p->dave.group, NULL, NULL, 0, 0, &message, &error));
  mychat_bytes_free(message);
  mychat_mls_commit_options options = MYCHAT_MLS_COMMIT_OPTIONS_INIT;
  options.flags = MYCHAT_MLS_NO_WAITING | MYCHAT_MLS_NO_PATH;
  OK(mychat_mls_group_commit(p->dave.group, &options, &commit, &error));
  mychat_mls_summary* summary = NULL;
  OK(mychat_mls_commit_summary(commit, &summary, &error));
  assert_int_equal(summary->proposals->count, 0);
  assert_int_equal(summary->has_path, 1); /* What is empty must have one. */
  mychat_mls_summary_free(summary);
  mychat_mls_commit_free(commit);
  OK(mychat_mls_group_drop_waiting(p->dave.group, &error));
  OK(mychat_mls_group_waiting(p->dave.group, &waiting, &error));
  assert_int_equal(waiting->count, 0);
  mychat_mls_proposal_list_free(waiting);
}

static void proposals_that_do_not_hold_are_refused(void** state) {
  people* p = *state;
  mychat_bytes* out = (mychat_bytes*)(uintptr_t)8;
  mychat_bytes* none = remove_of(9);
  RULE(MYCHAT_E_MALFORMED, 601,
       mychat_mls_group_propose(p->bob.group, none->data, none->size, NULL, 0, 0, &out, &error));
  assert_null(out);
  BAD(mychat_mls_group_propose(p->bob.group, none->data, none->size, NULL, 0, MYCHAT_MLS_NO_TREE, &out,
                               &error));
  BAD(mychat_mls_group_propose(p->bob.group, none->data, none->size, NULL, 1, 0, &out, &error));
  BAD(mychat_mls_group_propose(NULL, none->data, none->size, NULL, 0, 0, &out, &error));
  BAD(mychat_mls_group_propose(p->bob.group, none->data, none->size, NULL, 0, 0, NULL, &error));
  BAD(mychat_mls_group_propose_update(NULL, NULL, NULL, 0, 0, &out, &error));
  BAD(mychat_mls_group_propose_update(p->bob.group, NULL, NULL, 0, 8, &out, &error));
  BAD(mychat_mls_group_propose_update(p->bob.group, NULL, NULL, 0, 0, NULL, &error));
  EXPECT(MYCHAT_E_MALFORMED, mychat_mls_group_propose(p->bob.group, "x", 1, NULL, 0, 0, &out, &error));
  mychat_mls_commit* commit = (mychat_mls_commit*)(uintptr_t)8;
  mychat_mls_commit_options options = MYCHAT_MLS_COMMIT_OPTIONS_INIT;
  options.proposals = none->data;
  options.proposals_size = none->size;
  RULE(MYCHAT_E_MALFORMED, 601, mychat_mls_group_commit(p->bob.group, &options, &commit, &error));
  assert_null(commit);
  mychat_bytes_free(none);
  none = remove_of(1);
  options.proposals = none->data;
  RULE(MYCHAT_E_MALFORMED, 503, mychat_mls_group_commit(p->bob.group, &options, &commit, &error));
  mychat_bytes_free(none);
  OK(mychat_mls_propose_psk(SUITE, "other", 5, &none, &error));
  options.proposals = none->data;
  options.proposals_size = none->size;
  RULE(MYCHAT_E_NOT_FOUND, 604, mychat_mls_group_commit(p->bob.group, &options, &commit, &error));
  mychat_bytes_free(none);
  options.proposals = "x";
  options.proposals_size = 1;
  EXPECT(MYCHAT_E_MALFORMED, mychat_mls_group_commit(p->bob.group, &options, &commit, &error));
  options.proposals_size = 0;
  options.flags = 16;
  BAD(mychat_mls_group_commit(p->bob.group, &options, &commit, &error));
  options.flags = 0;
  options.aad_size = 1;
  BAD(mychat_mls_group_commit(p->bob.group, &options, &commit, &error));
  options.aad_size = 0;
  options.struct_size = 0;
  BAD(mychat_mls_group_commit(p->bob.group, &options, &commit, &error));
  BAD(mychat_mls_group_commit(NULL, NULL, &commit, &error));
  BAD(mychat_mls_group_commit(p->bob.group, NULL, NULL, &error));
}

static void who_is_not_accepted_stays_outside(void** state) {
  people* p = *state;
  p->alice.judge.refused = p->carol.judge.refused = "dave@d.example";
  mychat_bytes *add = add_of(&p->dave), *out = NULL;
  mychat_mls_commit* commit = NULL;
  mychat_mls_commit_options options = MYCHAT_MLS_COMMIT_OPTIONS_INIT;
  options.proposals = add->data;
  options.proposals_size = add->size;
  RULE(MYCHAT_E_SIGNATURE, 102, mychat_mls_group_commit(p->alice.group, &options, &commit, &error));
  RULE(MYCHAT_E_SIGNATURE, 102,
       mychat_mls_group_propose(p->alice.group, add->data, add->size, NULL, 0, 0, &out, &error));
  /* Bob accepts him; Carol does not, and stays in her epoch. */
  commit = commit_of(&p->bob, add);
  mychat_bytes* message = message_of(commit);
  mychat_mls_received* received = NULL;
  RULE(MYCHAT_E_SIGNATURE, 102,
       mychat_mls_group_process(p->carol.group, message->data, message->size, &received, &error));
  assert_int_equal(epoch_of(p->carol.group), 1);
  /* Nor does a program accept a commit that it does not want. */
  p->alice.judge.refused = NULL;
  p->alice.judge.commits = 0;
  p->alice.judge.group = p->alice.group;
  EXPECT(MYCHAT_E_POLICY,
         mychat_mls_group_process(p->alice.group, message->data, message->size, &received, &error));
  assert_int_equal(p->alice.judge.reentered, MYCHAT_E_INVALID_STATE);
  assert_int_equal(epoch_of(p->alice.group), 1);
  p->alice.judge.commits = 1;
  mychat_mls_received_free(receive(&p->alice, message));
  assert_int_equal(epoch_of(p->alice.group), 2);
  /* He himself does not go where somebody is whom he does not accept. */
  p->dave.judge.refused = "carol@c.example";
  mychat_bytes* welcome = NULL;
  OK(mychat_mls_commit_welcome(commit, &welcome, &error));
  RULE(MYCHAT_E_SIGNATURE, 102,
       mychat_mls_group_join(&p->dave.options, welcome->data, welcome->size, &p->dave.package, 1, NULL, 0,
                             NULL, NULL, &p->dave.group, &error));
  assert_null(p->dave.group);
  mychat_bytes_free(welcome);
  mychat_mls_commit_free(commit);
}

/* So many that the engine looks at them with several threads. */
static void many_are_asked_for_on_this_thread(void** state) {
  people* p = *state;
  enum { MANY = 40 };
  person crowd[MANY];
  uint8_t* all = NULL;
  size_t size = 0;
  for (int i = 0; i < MANY; ++i) {
    char handle[40];
    snprintf(handle, sizeof handle, "user%02d@d.example", i);
    new_person(&crowd[i], handle);
    mychat_bytes* add = add_of(&crowd[i]);
    all = realloc(all, size + add->size);
    assert_non_null(all);
    memcpy(all + size, add->data, add->size);
    size += add->size;
    mychat_bytes_free(add);
  }
  mychat_mls_commit_options options = MYCHAT_MLS_COMMIT_OPTIONS_INIT;
  options.proposals = all;
  options.proposals_size = size;
  mychat_mls_commit* commit = NULL;
  for (int i = 0; i < MANY; i += 13) {
    char handle[40];
    snprintf(handle, sizeof handle, "user%02d@d.example", i);
    p->alice.judge.refused = handle;
    RULE(MYCHAT_E_SIGNATURE, 102, mychat_mls_group_commit(p->alice.group, &options, &commit, &error));
    p->alice.judge.refused = NULL;
  }
  p->alice.judge.asked = 0;
  OK(mychat_mls_group_commit(p->alice.group, &options, &commit, &error));
  assert_true(p->alice.judge.asked >= MANY);
  p->carol.judge.refused = "user20@d.example";
  mychat_bytes* message = message_of(commit);
  mychat_mls_received* received = NULL;
  RULE(MYCHAT_E_SIGNATURE, 102,
       mychat_mls_group_process(p->carol.group, message->data, message->size, &received, &error));
  p->carol.judge.refused = NULL;
  mychat_mls_received_free(receive(&p->carol, message));
  crowd[7].judge.refused = "user30@d.example";
  mychat_bytes* welcome = NULL;
  OK(mychat_mls_commit_welcome(commit, &welcome, &error));
  RULE(MYCHAT_E_SIGNATURE, 102,
       mychat_mls_group_join(&crowd[7].options, welcome->data, welcome->size, &crowd[7].package, 1, NULL, 0,
                             NULL, NULL, &crowd[7].group, &error));
  mychat_bytes_free(welcome);
  join_by(&crowd[8], commit);
  assert_true(crowd[8].judge.asked >= MANY + 3);
  expect_talk(&crowd[8], &p->carol);
  mychat_mls_commit_free(commit);
  free(all);
  for (int i = 0; i < MANY; ++i) end_person(&crowd[i]);
}

static void keys_and_names_change(void** state) {
  people* p = *state;
  mychat_mls_leaf_options leaf = p->bob.leaf;
  mychat_bytes *key = NULL, *credential = NULL;
  OK(mychat_mls_new_signature_key(SUITE, &key, &error));
  OK(mychat_mls_account_credential("bob@elsewhere.example", "phone", ACCOUNT, 32, "key", 3, &credential,
                                   &error));
  leaf.credential = credential->data;
  leaf.credential_size = credential->size;
  leaf.private_key = key->data;
  mychat_mls_commit_options options = MYCHAT_MLS_COMMIT_OPTIONS_INIT;
  options.leaf = &leaf;
  options.flags = MYCHAT_MLS_PUBLIC | MYCHAT_MLS_NO_TREE;
  options.aad = "aad";
  options.aad_size = 3;
  mychat_mls_commit* commit = NULL;
  p->bob.judge.successors = 0;
  RULE(MYCHAT_E_SIGNATURE, 102, mychat_mls_group_commit(p->bob.group, &options, &commit, &error));
  p->bob.judge.successors = 1;
  OK(mychat_mls_group_commit(p->bob.group, &options, &commit, &error));
  mychat_bytes* message = message_of(commit);
  mychat_mls_received* received = NULL;
  p->alice.judge.successors = 0;
  RULE(MYCHAT_E_SIGNATURE, 102,
       mychat_mls_group_process(p->alice.group, message->data, message->size, &received, &error));
  p->alice.judge.successors = 1;
  received = receive(&p->alice, message);
  assert_int_equal(received->aad_size, 3);
  mychat_mls_received_free(received);
  OK(mychat_mls_group_apply(p->bob.group, commit, &error));
  mychat_mls_commit_free(commit);
  mychat_mls_member_list* list = NULL;
  OK(mychat_mls_group_members(p->alice.group, &list, &error));
  assert_string_equal(list->items[1]->credential->handle, "bob@elsewhere.example");
  mychat_mls_member_list_free(list);
  mychat_bytes_free(p->bob.credential);
  p->bob.credential = credential;
  expect_talk(&p->bob, &p->alice);
  mychat_bytes* out = NULL;
  leaf.private_key_size = 0; /* The same key; the credential is required. */
  OK(mychat_mls_group_propose_update(p->bob.group, &leaf, NULL, 0, 0, &out, &error));
  mychat_bytes_free(out);
  leaf.credential_size = 0;
  BAD(mychat_mls_group_propose_update(p->bob.group, &leaf, NULL, 0, 0, &out, &error));
  BAD(mychat_mls_group_commit(p->bob.group, &options, &commit, &error));
  mychat_bytes_free(key);
}

static void pre_shared_keys_go_in(void** state) {
  people* p = *state;
  mychat_bytes* proposal = NULL;
  p->alice.judge.psk = p->bob.judge.psk = "secret";
  p->carol.judge.psk = NULL;
  OK(mychat_mls_propose_psk(SUITE, "psk", 3, &proposal, &error));
  mychat_mls_commit* commit = commit_of(&p->alice, proposal);
  mychat_bytes* message = message_of(commit);
  mychat_mls_received* received = NULL;
  RULE(MYCHAT_E_NOT_FOUND, 604,
       mychat_mls_group_process(p->carol.group, message->data, message->size, &received, &error));
  mychat_mls_received_free(receive(&p->bob, message));
  OK(mychat_mls_group_apply(p->alice.group, commit, &error));
  mychat_mls_commit_free(commit);
  expect_same_epoch(&p->alice, &p->bob);
  p->carol.judge.psk = "secret";
}

static void somebody_comes_in_by_himself_and_again(void** state) {
  people* p = *state;
  mychat_bytes *info = NULL, *tree = NULL;
  mychat_mls_external_options external = MYCHAT_MLS_EXTERNAL_OPTIONS_INIT;
  mychat_mls_commit* commit = NULL;
  for (int round = 0; round < 2; ++round) {
    OK(mychat_mls_group_export_info(p->alice.group, MYCHAT_MLS_INFO_EXTERNAL_PUB, &info, &error));
    OK(mychat_mls_group_export_tree(p->alice.group, &tree, &error));
    external.tree = tree->data;
    external.tree_size = tree->size;
    external.replaces = round == 0 ? MYCHAT_MLS_NO_LEAF : 3;
    OK(mychat_mls_group_join_external(&p->dave.options, info->data, info->size, &p->dave.leaf, &external,
                                      &commit, &error));
    mychat_mls_received* received = receive(&p->alice, message_of(commit));
    assert_int_equal(received->sender_type, MYCHAT_MLS_SENDER_NEW_MEMBER_COMMIT);
    assert_int_equal(received->commit->added_count, 1);
    assert_int_equal(received->commit->added[0], 3);
    assert_int_equal(received->commit->removed_count, round);
    mychat_mls_received_free(received);
    mychat_mls_received_free(receive(&p->bob, message_of(commit)));
    EXPECT(MYCHAT_E_INVALID_STATE, mychat_mls_group_apply(p->alice.group, commit, &error));
    mychat_mls_group_free(p->dave.group);
    OK(mychat_mls_commit_group(commit, &p->dave.group, &error));
    mychat_mls_group* again = NULL;
    EXPECT(MYCHAT_E_INVALID_STATE, mychat_mls_commit_group(commit, &again, &error));
    assert_null(again);
    mychat_mls_commit_free(commit);
    expect_talk(&p->dave, &p->bob);
    expect_same_epoch(&p->dave, &p->alice);
    mychat_bytes_free(info);
    mychat_bytes_free(tree);
  }
  OK(mychat_mls_group_export_info(p->alice.group, MYCHAT_MLS_INFO_EXTERNAL_PUB, &info, &error));
#define COME(want, with)                                                                                     \
  EXPECT(want, mychat_mls_group_join_external(&p->dave.options, info->data, info->size, &p->dave.leaf, with, \
                                              &commit, &error))
  COME(MYCHAT_E_NOT_FOUND, NULL); /* There is no tree. */
  assert_null(commit);
  external.tree = "x";
  external.tree_size = 1;
  COME(MYCHAT_E_MALFORMED, &external);
  external.tree_size = 0;
  mychat_bytes* remove = remove_of(0);
  external.proposals = remove->data;
  external.proposals_size = remove->size;
  COME(MYCHAT_E_INVALID_ARGUMENT, &external);
  mychat_bytes_free(remove);
  external.proposals_size = 0;
  external.aad_size = 1;
  COME(MYCHAT_E_INVALID_ARGUMENT, &external);
  external.aad_size = 0;
  external.struct_size = 0;
  COME(MYCHAT_E_INVALID_ARGUMENT, &external);
#undef COME
  BAD(mychat_mls_group_join_external(NULL, info->data, info->size, &p->dave.leaf, NULL, &commit, &error));
  BAD(mychat_mls_group_join_external(&p->dave.options, info->data, info->size, NULL, NULL, &commit, &error));
  BAD(mychat_mls_group_join_external(&p->dave.options, info->data, info->size, &p->dave.leaf, NULL, NULL,
                                     &error));
  EXPECT(MYCHAT_E_MALFORMED,
         mychat_mls_group_join_external(&p->dave.options, "x", 1, &p->dave.leaf, NULL, &commit, &error));
  mychat_bytes_free(info);
  OK(mychat_mls_group_protect(p->alice.group, "x", 1, NULL, 0, 0, &info, &error));
  BAD(mychat_mls_group_join_external(&p->dave.options, info->data, info->size, &p->dave.leaf, NULL, &commit,
                                     &error));
  mychat_bytes_free(info);
  OK(mychat_mls_group_export_info(p->alice.group, MYCHAT_MLS_INFO_TREE, &info, &error));
  RULE(MYCHAT_E_MALFORMED, 813,
       mychat_mls_group_join_external(&p->dave.options, info->data, info->size, &p->dave.leaf, NULL, &commit,
                                      &error));
  mychat_bytes_free(info);
  BAD(mychat_mls_group_export_info(p->alice.group, 4, &info, &error));
  BAD(mychat_mls_group_export_info(p->alice.group, 0, NULL, &error));
  BAD(mychat_mls_group_export_tree(p->alice.group, NULL, &error));
}

/* Key packages of Bob and Carol, one behind the other. */
static mychat_bytes* two_packages(people* p, uint16_t suite, mychat_mls_leaf_options* bob,
                                  mychat_mls_leaf_options* carol, uint8_t** out_both, size_t* out_size) {
  mychat_bytes *first = NULL, *second = NULL;
  mychat_mls_key_package_free(p->bob.package);
  mychat_mls_key_package_free(p->carol.package);
  OK(mychat_mls_key_package_create(suite, bob, &p->bob.package, &error));
  OK(mychat_mls_key_package_create(suite, carol, &p->carol.package, &error));
  OK(mychat_mls_key_package_message(p->bob.package, &first, &error));
  OK(mychat_mls_key_package_message(p->carol.package, &second, &error));
  *out_size = first->size + second->size;
  *out_both = malloc(*out_size);
  assert_non_null(*out_both);
  memcpy(*out_both, first->data, first->size);
  memcpy(*out_both + first->size, second->data, second->size);
  mychat_bytes_free(second);
  return first;
}

static void a_group_takes_the_place_of_another(void** state) {
  people* p = *state;
  mychat_bytes *proposal = NULL, *out = NULL;
  uint8_t* both = NULL;
  size_t size = 0;
  /* From the default suite to the hybrid one, where it is supported. */
  const uint16_t next = SUITE != MYCHAT_MLS_HYBRID_SUITE && is_supported_suite(MYCHAT_MLS_HYBRID_SUITE)
                            ? MYCHAT_MLS_HYBRID_SUITE
                            : 3;
  mychat_bytes* first = two_packages(p, next, &p->bob.leaf, &p->carol.leaf, &both, &size);
  mychat_mls_commit* founded = (mychat_mls_commit*)(uintptr_t)8;
  EXPECT(MYCHAT_E_INVALID_STATE, mychat_mls_group_reinitialise(&p->alice.options, p->alice.group,
                                                               &p->alice.leaf, both, size, &founded, &error));
  assert_null(founded);
  OK(mychat_mls_propose_reinit("new", 3, next, NULL, 0, &proposal, &error));
  mychat_mls_commit* commit = commit_of(&p->bob, proposal);
  mychat_mls_received_free(receive(&p->alice, message_of(commit)));
  mychat_mls_received_free(receive(&p->carol, message_of(commit)));
  OK(mychat_mls_group_apply(p->bob.group, commit, &error));
  mychat_mls_commit_free(commit);
  RULE(MYCHAT_E_INVALID_STATE, 709,
       mychat_mls_group_protect(p->alice.group, "x", 1, NULL, 0, 0, &out, &error));
  mychat_mls_group_state* is = NULL;
  OK(mychat_mls_group_describe(p->alice.group, &is, &error));
  assert_int_equal(is->is_active, 0);
  assert_int_equal(is->was_removed, 0);
  assert_int_equal(is->reinit->suite, next);
  assert_int_equal(is->reinit->group_id_size, 3);
  mychat_mls_group_state_free(is);
  OK(mychat_mls_group_reinitialise(&p->alice.options, p->alice.group, &p->alice.leaf, both, size, &founded,
                                   &error));
  OK(mychat_mls_commit_welcome(founded, &out, &error));
  mychat_mls_group *alice = NULL, *bob = NULL;
  RULE(MYCHAT_E_NOT_FOUND, 604,
       mychat_mls_group_join(&p->bob.options, out->data, out->size, &p->bob.package, 1, NULL, 0, NULL, NULL,
                             &bob, &error));
  OK(mychat_mls_group_join(&p->bob.options, out->data, out->size, &p->bob.package, 1, NULL, 0, p->bob.group,
                           NULL, &bob, &error));
  mychat_bytes_free(out);
  OK(mychat_mls_commit_group(founded, &alice, &error));
  mychat_mls_commit_free(founded);
  mychat_mls_group_free(p->alice.group);
  mychat_mls_group_free(p->bob.group);
  p->alice.group = alice;
  p->bob.group = bob;
  expect_talk(&p->bob, &p->alice);
  BAD(mychat_mls_group_reinitialise(NULL, p->carol.group, &p->carol.leaf, both, size, &founded, &error));
  BAD(mychat_mls_group_reinitialise(&p->carol.options, NULL, &p->carol.leaf, both, size, &founded, &error));
  BAD(mychat_mls_group_reinitialise(&p->carol.options, p->carol.group, NULL, both, size, &founded, &error));
  BAD(mychat_mls_group_reinitialise(&p->carol.options, p->carol.group, &p->carol.leaf, both, size, NULL,
                                    &error));
  EXPECT(MYCHAT_E_MALFORMED, mychat_mls_group_reinitialise(&p->carol.options, p->carol.group, &p->carol.leaf,
                                                           both, size - 1, &founded, &error));
  free(both);
  mychat_bytes_free(first);
}

static void a_group_branches_off(void** state) {
  people* p = *state;
  mychat_mls_group_options named = MYCHAT_MLS_GROUP_OPTIONS_INIT;
  mychat_mls_commit* commit = NULL;
  uint8_t* both = NULL;
  size_t size = 0;
  mychat_bytes* first = two_packages(p, SUITE, &p->bob.leaf, &p->carol.leaf, &both, &size);
  free(both);
  named.group_id = "branch";
  named.group_id_size = 6;
  OK(mychat_mls_group_branch(&p->alice.options, p->alice.group, &p->alice.leaf, &named, first->data,
                             first->size, &commit, &error));
  mychat_bytes* welcome = NULL;
  OK(mychat_mls_commit_welcome(commit, &welcome, &error));
  mychat_mls_group *alice = NULL, *bob = NULL;
  OK(mychat_mls_group_join(&p->bob.options, welcome->data, welcome->size, &p->bob.package, 1, NULL, 0,
                           p->bob.group, NULL, &bob, &error));
  OK(mychat_mls_commit_group(commit, &alice, &error));
  mychat_mls_commit_free(commit);
  mychat_bytes_free(welcome);
  mychat_mls_group_free(p->alice.group);
  mychat_mls_group_free(p->bob.group);
  p->alice.group = alice;
  p->bob.group = bob;
  expect_talk(&p->alice, &p->bob);
  named.flags = 1;
  BAD(mychat_mls_group_branch(&p->alice.options, alice, &p->alice.leaf, &named, first->data, first->size,
                              &commit, &error));
  EXPECT(MYCHAT_E_MALFORMED, mychat_mls_group_branch(&p->alice.options, alice, &p->alice.leaf, NULL,
                                                     first->data, 1, &commit, &error));
  BAD(mychat_mls_group_branch(&p->alice.options, NULL, &p->alice.leaf, NULL, first->data, 1, &commit,
                              &error));
  BAD(mychat_mls_group_branch(NULL, alice, &p->alice.leaf, NULL, first->data, 1, &commit, &error));
  BAD(mychat_mls_group_branch(&p->alice.options, alice, NULL, NULL, first->data, first->size, &commit,
                              &error));
  BAD(mychat_mls_group_branch(&p->alice.options, alice, &p->alice.leaf, NULL, first->data, 1, NULL, &error));
  mychat_bytes_free(first);
}

/* What a program would have on its disk. */
typedef struct disk {
  mychat_mls_record records[512];
  const mychat_mls_record* items[512];
  size_t count;
} disk;

static void erase(disk* on, size_t i) {
  free((void*)(uintptr_t)on->records[i].id);
  free((void*)(uintptr_t)on->records[i].content);
  on->records[i] = on->records[--on->count];
}

static void store(disk* on, mychat_mls_record_list* list) {
  assert_int_equal(list->struct_size, sizeof *list);
  for (size_t i = 0; i < list->count; ++i) {
    const mychat_mls_record* record = list->items[i];
    assert_int_equal(record->struct_size, sizeof *record);
    for (size_t j = 0; j < on->count; ++j)
      if (strcmp(on->records[j].id, record->id) == 0) {
        erase(on, j);
        break;
      }
    if (record->is_erased != 0) continue;
    assert_true(on->count < 512);
    mychat_mls_record* to = &on->records[on->count++];
    *to = *record;
    char* id = malloc(strlen(record->id) + 1);
    assert_non_null(id);
    strcpy(id, record->id);
    to->id = id;
    uint8_t* content = malloc(record->content_size + 1);
    assert_non_null(content);
    memcpy(content, record->content, record->content_size);
    to->content = content;
  }
  for (size_t i = 0; i < on->count; ++i) on->items[i] = &on->records[i];
  mychat_mls_record_list_free(list);
}

static void wipe(disk* on) {
  while (on->count > 0) erase(on, 0);
}

static void a_group_is_stored_and_loaded(void** state) {
  people* p = *state;
  disk* on = calloc(1, sizeof *on);
  assert_non_null(on);
  mychat_mls_record_list* list = NULL;
  OK(mychat_mls_group_save(p->bob.group, &list, &error));
  assert_true(list->count > 5);
  store(on, list);
  OK(mychat_mls_group_take_changes(p->bob.group, &list, &error));
  assert_int_equal(list->count, 0);
  mychat_mls_record_list_free(list);
  for (int round = 0; round < 4; ++round) {
    expect_talk(&p->alice, &p->bob);
    expect_talk(&p->bob, &p->carol);
    if (round == 2) {
      mychat_mls_commit* commit = commit_of(&p->alice, NULL);
      mychat_mls_received_free(receive(&p->bob, message_of(commit)));
      mychat_mls_received_free(receive(&p->carol, message_of(commit)));
      OK(mychat_mls_group_apply(p->alice.group, commit, &error));
      mychat_mls_commit_free(commit);
    }
    OK(mychat_mls_group_take_changes(p->bob.group, &list, &error));
    assert_true(list->count > 0);
    store(on, list);
    mychat_mls_group_free(p->bob.group);
    OK(mychat_mls_group_load(&p->bob.options, on->items, on->count, &p->bob.group, &error));
    expect_same_epoch(&p->alice, &p->bob);
  }
  /* A commit that was sent survives a crash. */
  mychat_mls_commit* commit = commit_of(&p->bob, NULL);
  OK(mychat_mls_commit_save(commit, &list, &error));
  wipe(on);
  store(on, list);
  mychat_mls_received_free(receive(&p->alice, message_of(commit)));
  mychat_mls_commit_free(commit);
  mychat_mls_group_free(p->bob.group);
  OK(mychat_mls_group_load(&p->bob.options, on->items, on->count, &p->bob.group, &error));
  expect_same_epoch(&p->alice, &p->bob);
  expect_talk(&p->bob, &p->alice);

  mychat_mls_group* out = (mychat_mls_group*)(uintptr_t)8;
  EXPECT(MYCHAT_E_STORE_CORRUPT, mychat_mls_group_load(&p->bob.options, on->items, 1, &out, &error));
  assert_null(out);
  EXPECT(MYCHAT_E_STORE_CORRUPT, mychat_mls_group_load(&p->bob.options, NULL, 0, &out, &error));
  for (size_t i = 0; i < on->count; ++i) {
    if (strcmp(on->records[i].id, "group") != 0) continue;
    uint8_t* content = (uint8_t*)(uintptr_t)on->records[i].content;
    content[1] = 99;
    EXPECT(MYCHAT_E_STORE_TOO_NEW,
           mychat_mls_group_load(&p->bob.options, on->items, on->count, &out, &error));
    content[1] = 1;
    on->records[i].content_size -= 1;
    EXPECT(MYCHAT_E_STORE_CORRUPT,
           mychat_mls_group_load(&p->bob.options, on->items, on->count, &out, &error));
    on->records[i].content_size += 1;
  }
  BAD(mychat_mls_group_load(NULL, on->items, on->count, &out, &error));
  BAD(mychat_mls_group_load(&p->bob.options, NULL, 1, &out, &error));
  BAD(mychat_mls_group_load(&p->bob.options, on->items, on->count, NULL, &error));
  on->records[0].is_erased = 1;
  BAD(mychat_mls_group_load(&p->bob.options, on->items, on->count, &out, &error));
  on->records[0].is_erased = 0;
  on->records[0].struct_size = 0;
  BAD(mychat_mls_group_load(&p->bob.options, on->items, on->count, &out, &error));
  wipe(on);
  free(on);
  BAD(mychat_mls_group_save(NULL, &list, &error));
  BAD(mychat_mls_group_save(p->bob.group, NULL, &error));
  BAD(mychat_mls_group_take_changes(NULL, &list, &error));
  BAD(mychat_mls_group_take_changes(p->bob.group, NULL, &error));
  BAD(mychat_mls_commit_save(NULL, &list, &error));
}

static void messages_that_do_not_hold_are_refused(void** state) {
  people* p = *state;
  mychat_bytes* message = NULL;
  mychat_mls_received* out = (mychat_mls_received*)(uintptr_t)8;
  OK(mychat_mls_group_protect(p->alice.group, "x", 1, NULL, 0, 0, &message, &error));
  uint8_t* altered = malloc(message->size);
  assert_non_null(altered);
  memcpy(altered, message->data, message->size);
  altered[message->size - 1] ^= 1;
  EXPECT(MYCHAT_E_DECRYPT, mychat_mls_group_process(p->bob.group, altered, message->size, &out, &error));
  assert_null(out);
  free(altered);
  EXPECT(MYCHAT_E_MALFORMED,
         mychat_mls_group_process(p->bob.group, message->data, message->size - 1, &out, &error));
  OK(mychat_mls_group_process(p->bob.group, message->data, message->size, &out, &error));
  mychat_mls_received_free(out);
  EXPECT(MYCHAT_E_REPLAY, mychat_mls_group_process(p->bob.group, message->data, message->size, &out, &error));
  EXPECT(MYCHAT_E_REPLAY,
         mychat_mls_group_process(p->alice.group, message->data, message->size, &out, &error));
  BAD(mychat_mls_group_process(NULL, message->data, message->size, &out, &error));
  BAD(mychat_mls_group_process(p->bob.group, NULL, 1, &out, &error));
  BAD(mychat_mls_group_process(p->bob.group, message->data, message->size, NULL, &error));
  mychat_bytes_free(message);
  OK(mychat_mls_group_export_info(p->alice.group, 0, &message, &error));
  BAD(mychat_mls_group_process(p->bob.group, message->data, message->size, &out, &error));
  mychat_bytes_free(message);
  /* Messages of an epoch that is too old, and too far ahead. */
  p->dave.options.past_epochs = -1;
  p->dave.options.max_messages_ahead = 2;
  mychat_mls_commit* commit = commit_of(&p->alice, add_of(&p->dave));
  OK(mychat_mls_group_apply(p->alice.group, commit, &error));
  join_by(&p->dave, commit);
  mychat_mls_commit_free(commit);
  mychat_bytes* late = NULL;
  OK(mychat_mls_group_protect(p->alice.group, "x", 1, NULL, 0, 0, &late, &error));
  for (int i = 0; i < 3; ++i) {
    OK(mychat_mls_group_protect(p->alice.group, "x", 1, NULL, 0, 0, &message, &error));
    if (i < 2) mychat_bytes_free(message);
  }
  EXPECT(MYCHAT_E_TOO_LARGE,
         mychat_mls_group_process(p->dave.group, message->data, message->size, &out, &error));
  mychat_bytes_free(message);
  commit = commit_of(&p->alice, NULL);
  mychat_mls_received_free(receive(&p->dave, message_of(commit)));
  mychat_mls_commit_free(commit);
  RULE(MYCHAT_E_STALE, 402, mychat_mls_group_process(p->dave.group, late->data, late->size, &out, &error));
  mychat_bytes_free(late);
  BAD(mychat_mls_group_protect(NULL, "x", 1, NULL, 0, 0, &message, &error));
  BAD(mychat_mls_group_protect(p->alice.group, NULL, 1, NULL, 0, 0, &message, &error));
  BAD(mychat_mls_group_protect(p->alice.group, "x", 1, NULL, 1, 0, &message, &error));
  BAD(mychat_mls_group_protect(p->alice.group, "x", 1, NULL, 0, 0, NULL, &error));
}

static void the_options_of_groups_are_checked(void** state) {
  people* p = *state;
  mychat_mls_options options = MYCHAT_MLS_OPTIONS_INIT;
  mychat_mls_group* out = (mychat_mls_group*)(uintptr_t)8;
#define CREATE(want) EXPECT(want, mychat_mls_group_create(&options, SUITE, &p->dave.leaf, NULL, &out, &error))
  CREATE(MYCHAT_E_INVALID_ARGUMENT); /* Nobody says who is accepted. */
  assert_null(out);
  options.flags = MYCHAT_MLS_ACCEPT_ALL;
  options.accept = p->dave.options.accept;
  CREATE(MYCHAT_E_INVALID_ARGUMENT);
  options.accept = NULL;
  options.flags |= 8;
  CREATE(MYCHAT_E_INVALID_ARGUMENT);
  options.flags = MYCHAT_MLS_ACCEPT_ALL | MYCHAT_MLS_IGNORE_LIFETIMES;
  options.past_epochs = -2;
  CREATE(MYCHAT_E_INVALID_ARGUMENT);
  options.past_epochs = 0;
  options.resumption_epochs = -2;
  CREATE(MYCHAT_E_INVALID_ARGUMENT);
  options.resumption_epochs = -1;
  options.max_waiting_proposals = -1;
  CREATE(MYCHAT_E_INVALID_ARGUMENT);
  options.max_waiting_proposals = 1;
  options.max_messages_ahead = -1;
  CREATE(MYCHAT_E_INVALID_ARGUMENT);
  options.max_messages_ahead = 0;
  options.max_lifetime = -1;
  CREATE(MYCHAT_E_INVALID_ARGUMENT);
  options.max_lifetime = 1000;
  CREATE(MYCHAT_E_STALE); /* Its own leaf lives for longer. */
  options.max_lifetime = 0;
#undef CREATE
  mychat_mls_group_options named = MYCHAT_MLS_GROUP_OPTIONS_INIT;
  mychat_bytes* required = NULL;
  OK(mychat_mls_required_capabilities("61441", NULL, NULL, &required, &error));
  named.extensions = required->data;
  named.extensions_size = required->size;
  RULE(MYCHAT_E_POLICY, 103, mychat_mls_group_create(&options, SUITE, &p->dave.leaf, &named, &out, &error));
  p->dave.leaf.extension_types = "61441";
  OK(mychat_mls_group_create(&options, SUITE, &p->dave.leaf, &named, &out, &error));
  mychat_bytes* message = NULL;
  OK(mychat_mls_group_propose_update(out, NULL, NULL, 0, 0, &message, &error));
  mychat_bytes_free(message);
  EXPECT(MYCHAT_E_BUSY, mychat_mls_group_propose_update(out, NULL, NULL, 0, 0, &message, &error));
  mychat_mls_group_free(out);
  mychat_bytes_free(required);
  p->dave.judge.refused = "dave@d.example";
  RULE(MYCHAT_E_SIGNATURE, 102,
       mychat_mls_group_create(&p->dave.options, SUITE, &p->dave.leaf, NULL, &out, &error));
  BAD(mychat_mls_group_create(NULL, SUITE, &p->dave.leaf, NULL, &out, &error));
  BAD(mychat_mls_group_create(&options, SUITE, NULL, NULL, &out, &error));
  BAD(mychat_mls_group_create(&options, SUITE, &p->dave.leaf, NULL, NULL, &error));
  EXPECT(MYCHAT_E_UNSUPPORTED, mychat_mls_group_create(&options, 99, &p->dave.leaf, NULL, &out, &error));
  named.extensions = "x";
  named.extensions_size = 1;
  EXPECT(MYCHAT_E_MALFORMED, mychat_mls_group_create(&options, SUITE, &p->dave.leaf, &named, &out, &error));
}

static void handles_are_required(void** state) {
  people* p = *state;
  mychat_bytes* bytes = NULL;
  mychat_mls_commit* commit = commit_of(&p->alice, NULL);
  mychat_mls_group* group = NULL;
#define NULLS(call, type)            \
  do {                               \
    type* out = (type*)(uintptr_t)8; \
    BAD(call(NULL, &out, &error));   \
    assert_null(out);                \
    BAD(call(HANDLE, NULL, &error)); \
  } while (0)
#define HANDLE p->alice.group
  NULLS(mychat_mls_group_describe, mychat_mls_group_state);
  NULLS(mychat_mls_group_members, mychat_mls_member_list);
  NULLS(mychat_mls_group_waiting, mychat_mls_proposal_list);
  NULLS(mychat_mls_group_epoch_authenticator, mychat_bytes);
  NULLS(mychat_mls_group_export_tree, mychat_bytes);
#undef HANDLE
#define HANDLE commit
  NULLS(mychat_mls_commit_message, mychat_bytes);
  NULLS(mychat_mls_commit_welcome, mychat_bytes);
  NULLS(mychat_mls_commit_summary, mychat_mls_summary);
  NULLS(mychat_mls_commit_group, mychat_mls_group);
  NULLS(mychat_mls_commit_save, mychat_mls_record_list);
#undef HANDLE
#undef NULLS
  BAD(mychat_mls_group_drop_waiting(NULL, &error));
  BAD(mychat_mls_group_export_secret(NULL, "x", NULL, 0, 8, &bytes, &error));
  BAD(mychat_mls_group_export_secret(p->alice.group, "x", NULL, 0, 8, NULL, &error));
  BAD(mychat_mls_group_resumption_psk(NULL, 0, &bytes, &error));
  BAD(mychat_mls_group_resumption_psk(p->alice.group, 0, NULL, &error));
  BAD(mychat_mls_group_export_info(NULL, 0, &bytes, &error));
  BAD(mychat_mls_group_apply(NULL, commit, &error));
  BAD(mychat_mls_group_apply(p->alice.group, NULL, &error));
  EXPECT(MYCHAT_E_INVALID_STATE, mychat_mls_group_apply(p->bob.group, commit, &error));
  EXPECT(MYCHAT_E_INVALID_STATE, mychat_mls_commit_group(commit, &group, &error));
  mychat_mls_commit* other = commit_of(&p->bob, NULL);
  mychat_mls_received_free(receive(&p->alice, message_of(other)));
  EXPECT(MYCHAT_E_INVALID_STATE, mychat_mls_group_apply(p->alice.group, commit, &error));
  mychat_mls_commit_free(other);
  mychat_mls_commit_free(commit);
  /* Welcomes. */
  commit = commit_of(&p->alice, add_of(&p->dave));
  mychat_bytes* welcome = NULL;
  OK(mychat_mls_commit_welcome(commit, &welcome, &error));
#define JOIN(want, with, data, size, packages, count) \
  EXPECT(want, mychat_mls_group_join(with, data, size, packages, count, NULL, 0, NULL, NULL, &group, &error))
  JOIN(MYCHAT_E_INVALID_ARGUMENT, NULL, welcome->data, welcome->size, &p->dave.package, 1);
  JOIN(MYCHAT_E_INVALID_ARGUMENT, &p->dave.options, NULL, 1, &p->dave.package, 1);
  JOIN(MYCHAT_E_MALFORMED, &p->dave.options, "x", 1, &p->dave.package, 1);
  JOIN(MYCHAT_E_INVALID_ARGUMENT, &p->dave.options, welcome->data, welcome->size, NULL, 1);
  mychat_mls_key_package* packages[] = {NULL, NULL};
  JOIN(MYCHAT_E_INVALID_ARGUMENT, &p->dave.options, welcome->data, welcome->size, packages, 2);
  JOIN(MYCHAT_E_NOT_FOUND, &p->dave.options, welcome->data, welcome->size, NULL, 0);
  packages[0] = p->bob.package;
  packages[1] = p->dave.package;
  BAD(mychat_mls_group_join(&p->dave.options, welcome->data, welcome->size, packages, 2, NULL, 0, NULL, NULL,
                            NULL, &error));
  size_t used = 0;
  OK(mychat_mls_group_join(&p->dave.options, welcome->data, welcome->size, packages, 2, NULL, 0, NULL, &used,
                           &group, &error));
  assert_int_equal(used, 1);
  mychat_mls_group_free(group);
  mychat_bytes* message = message_of(commit);
  JOIN(MYCHAT_E_INVALID_ARGUMENT, &p->dave.options, message->data, message->size, packages, 2);
#undef JOIN
  mychat_bytes_free(message);
  mychat_bytes_free(welcome);
  mychat_mls_commit_free(commit);
}

static void members_compare_where_they_are(void** state) {
  people* p = *state;
  mychat_bytes* info = NULL;
  mychat_mls_relation relation = 9;
  OK(mychat_mls_group_export_info(p->alice.group, 0, &info, &error));
  OK(mychat_mls_group_compare(p->bob.group, info->data, info->size, &relation, &error));
  assert_int_equal(relation, MYCHAT_MLS_RELATION_SAME);
  mychat_mls_commit *ours = commit_of(&p->alice, NULL), *theirs = commit_of(&p->carol, NULL);
  OK(mychat_mls_group_apply(p->alice.group, ours, &error));
  OK(mychat_mls_group_compare(p->alice.group, info->data, info->size, &relation, &error));
  assert_int_equal(relation, MYCHAT_MLS_RELATION_AHEAD);
  mychat_bytes_free(info);
  OK(mychat_mls_group_export_info(p->alice.group, 0, &info, &error));
  OK(mychat_mls_group_compare(p->bob.group, info->data, info->size, &relation, &error));
  assert_int_equal(relation, MYCHAT_MLS_RELATION_BEHIND);
  OK(mychat_mls_group_apply(p->carol.group, theirs, &error));
  OK(mychat_mls_group_compare(p->carol.group, info->data, info->size, &relation, &error));
  assert_int_equal(relation, MYCHAT_MLS_RELATION_FORKED);
  mychat_mls_commit_free(ours);
  mychat_mls_commit_free(theirs);
  EXPECT(MYCHAT_E_MALFORMED, mychat_mls_group_compare(p->bob.group, "x", 1, &relation, &error));
  assert_int_equal(relation, 0);
  BAD(mychat_mls_group_compare(NULL, info->data, info->size, &relation, &error));
  BAD(mychat_mls_group_compare(p->bob.group, NULL, 1, &relation, &error));
  BAD(mychat_mls_group_compare(p->bob.group, info->data, info->size, NULL, &error));
  OK(mychat_mls_group_create(&p->dave.options, SUITE, &p->dave.leaf, NULL, &p->dave.group, &error));
  RULE(MYCHAT_E_MALFORMED, 401,
       mychat_mls_group_compare(p->dave.group, info->data, info->size, &relation, &error));
  mychat_bytes_free(info);
  OK(mychat_mls_group_protect(p->bob.group, "x", 1, NULL, 0, 0, &info, &error));
  BAD(mychat_mls_group_compare(p->bob.group, info->data, info->size, &relation, &error));
  mychat_bytes_free(info);
}

static void a_group_may_refuse_what_is_not_encrypted(void** state) {
  people* p = *state;
  p->dave.options.flags = MYCHAT_MLS_PRIVATE_HANDSHAKES;
  mychat_mls_commit* commit = commit_of(&p->alice, add_of(&p->dave));
  OK(mychat_mls_group_apply(p->alice.group, commit, &error));
  join_by(&p->dave, commit);
  mychat_mls_commit_free(commit);
  mychat_bytes* message = NULL;
  mychat_mls_received* received = NULL;
  OK(mychat_mls_group_propose_update(p->alice.group, NULL, NULL, 0, MYCHAT_MLS_PUBLIC, &message, &error));
  RULE(MYCHAT_E_POLICY, 411,
       mychat_mls_group_process(p->dave.group, message->data, message->size, &received, &error));
  mychat_bytes_free(message);
}

static void a_member_goes(void** state) {
  people* p = *state;
  mychat_bytes *go = NULL, *message = NULL;
  OK(mychat_mls_propose_self_remove(&go, &error));
  /* Nobody said that he knows what that is: it is not taken in. */
  OK(mychat_mls_group_propose(p->bob.group, go->data, go->size, NULL, 0, MYCHAT_MLS_PUBLIC, &message,
                              &error));
  mychat_mls_received_free(receive(&p->alice, message));
  mychat_mls_commit* without = commit_of(&p->alice, NULL);
  mychat_mls_summary* summary = NULL;
  OK(mychat_mls_commit_summary(without, &summary, &error));
  assert_int_equal(summary->proposals->count, 0);
  mychat_mls_summary_free(summary);
  mychat_mls_commit_free(without);
  mychat_mls_group_free(p->alice.group);
  mychat_mls_group_free(p->bob.group);
  p->alice.leaf.flags = p->bob.leaf.flags = MYCHAT_MLS_LEAF_SELF_REMOVE;
  OK(mychat_mls_group_create(&p->alice.options, SUITE, &p->alice.leaf, NULL, &p->alice.group, &error));
  mychat_mls_commit* commit = commit_of(&p->alice, add_of(&p->bob));
  OK(mychat_mls_group_apply(p->alice.group, commit, &error));
  join_by(&p->bob, commit);
  mychat_mls_commit_free(commit);
  OK(mychat_mls_group_propose(p->bob.group, go->data, go->size, NULL, 0, MYCHAT_MLS_PUBLIC, &message,
                              &error));
  mychat_mls_received_free(receive(&p->alice, message));
  commit = commit_of(&p->alice, NULL);
  mychat_mls_received* received = receive(&p->bob, message_of(commit));
  assert_int_equal(received->commit->removes_us, 1);
  assert_int_equal(received->commit->removed_count, 1);
  mychat_mls_received_free(received);
  mychat_mls_commit_free(commit);
  mychat_bytes_free(go);
}

int run_mls_group_tests(void) {
  const struct CMUnitTest tests[] = {
      OF_PEOPLE(members_know_each_other),
      OF_PEOPLE(a_member_is_removed),
      OF_PEOPLE(proposals_wait_for_a_commit),
      OF_PEOPLE(proposals_that_do_not_hold_are_refused),
      OF_PEOPLE(who_is_not_accepted_stays_outside),
      OF_PEOPLE(many_are_asked_for_on_this_thread),
      OF_PEOPLE(keys_and_names_change),
      OF_PEOPLE(pre_shared_keys_go_in),
      OF_PEOPLE(somebody_comes_in_by_himself_and_again),
      OF_PEOPLE(a_group_takes_the_place_of_another),
      OF_PEOPLE(a_group_branches_off),
      OF_PEOPLE(a_group_is_stored_and_loaded),
      OF_PEOPLE(messages_that_do_not_hold_are_refused),
      OF_PEOPLE(the_options_of_groups_are_checked),
      OF_PEOPLE(handles_are_required),
      OF_PEOPLE(members_compare_where_they_are),
      OF_PEOPLE(a_group_may_refuse_what_is_not_encrypted),
      OF_PEOPLE(a_member_goes),
  };
  return cmocka_run_group_tests_name("mls groups", tests, NULL, NULL);
}
