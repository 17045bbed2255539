#include "people.h"

uint16_t people_suite = MYCHAT_MLS_DEFAULT_SUITE;

int is_supported_suite(uint16_t suite) {
  for (size_t i = 0; mychat_mls_supported_suite(i) != 0; ++i) {
    if (mychat_mls_supported_suite(i) == suite) return 1;
  }
  return 0;
}

static int32_t accept(const mychat_mls_credential* credential, const uint8_t* signature_key,
                      size_t signature_key_size, const uint8_t* group_id, size_t group_id_size,
                      void* context) {
  judge* self = context;
  assert_int_equal(credential->struct_size, sizeof *credential);
  assert_non_null(signature_key);
  assert_int_equal(signature_key_size, 32);
  assert_true(group_id_size == 0 || group_id != NULL);
  ++self->asked;
  return self->refused == NULL || strcmp(credential->handle, self->refused) != 0;
}

static int32_t is_successor(const mychat_mls_credential* before, const mychat_mls_credential* after,
                            void* context) {
  assert_string_not_equal(before->handle, after->handle);
  return ((judge*)context)->successors;
}

static int32_t psk(const mychat_mls_psk_id* id, uint8_t* out_secret, void* context) {
  const judge* self = context;
  assert_int_equal(id->struct_size, sizeof *id);
  if (self->psk == NULL || id->id_size != 3 || memcmp(id->id, "psk", 3) != 0) return 0;
  memcpy(out_secret, self->psk, strlen(self->psk));
  return (int32_t)strlen(self->psk);
}

static int32_t accept_commit(const mychat_mls_summary* summary, void* context) {
  judge* self = context;
  assert_int_equal(summary->struct_size, sizeof *summary);
  if (self->group != NULL) {
    mychat_mls_group_state* out = NULL;
    self->reentered = mychat_mls_group_describe(self->group, &out, NULL);
  }
  return self->commits;
}

void new_person(person* made, const char* handle) {
  memset(made, 0, sizeof *made);
  made->judge.successors = made->judge.commits = 1;
  mychat_mls_options_init(&made->options);
  made->options.accept = accept;
  made->options.is_successor = is_successor;
  made->options.psk = psk;
  made->options.accept_commit = accept_commit;
  made->options.context = &made->judge;
  OK(mychat_mls_new_signature_key(SUITE, &made->key, &error));
  OK(mychat_mls_signature_public_key(SUITE, made->key->data, made->key->size, &made->public_key, &error));
  OK(mychat_mls_account_credential(handle, "phone", ACCOUNT, 32, made->public_key->data,
                                   made->public_key->size, &made->credential, &error));
  mychat_mls_leaf_options_init(&made->leaf);
  made->leaf.credential = made->credential->data;
  made->leaf.credential_size = made->credential->size;
  made->leaf.private_key = made->key->data;
  made->leaf.private_key_size = made->key->size;
}

void end_person(person* ended) {
  mychat_mls_group_free(ended->group);
  mychat_mls_key_package_free(ended->package);
  mychat_bytes_free(ended->credential);
  mychat_bytes_free(ended->public_key);
  mychat_bytes_free(ended->key);
}

mychat_bytes* add_of(person* who) {
  mychat_bytes *message = NULL, *proposal = NULL;
  mychat_mls_key_package_free(who->package);
  who->package = NULL;
  OK(mychat_mls_key_package_create(SUITE, &who->leaf, &who->package, &error));
  OK(mychat_mls_key_package_message(who->package, &message, &error));
  OK(mychat_mls_propose_add(message->data, message->size, &proposal, &error));
  mychat_bytes_free(message);
  return proposal;
}

mychat_bytes* remove_of(uint32_t leaf) {
  mychat_bytes* proposal = NULL;
  OK(mychat_mls_propose_remove(leaf, &proposal, &error));
  return proposal;
}

mychat_mls_commit* commit_of(person* who, mychat_bytes* proposal) {
  mychat_mls_commit_options options = MYCHAT_MLS_COMMIT_OPTIONS_INIT;
  mychat_mls_commit* commit = NULL;
  if (proposal != NULL) {
    options.proposals = proposal->data;
    options.proposals_size = proposal->size;
  }
  OK(mychat_mls_group_commit(who->group, &options, &commit, &error));
  mychat_bytes_free(proposal);
  return commit;
}

mychat_bytes* message_of(mychat_mls_commit* commit) {
  mychat_bytes* message = NULL;
  OK(mychat_mls_commit_message(commit, &message, &error));
  return message;
}

void join_by(person* who, mychat_mls_commit* commit) {
  mychat_bytes* welcome = NULL;
  size_t used = 7;
  OK(mychat_mls_commit_welcome(commit, &welcome, &error));
  OK(mychat_mls_group_join(&who->options, welcome->data, welcome->size, &who->package, 1, NULL, 0, NULL,
                           &used, &who->group, &error));
  assert_int_equal(used, 0);
  mychat_bytes_free(welcome);
}

mychat_mls_received* receive(person* who, mychat_bytes* message) {
  mychat_mls_received* received = NULL;
  OK(mychat_mls_group_process(who->group, message->data, message->size, &received, &error));
  assert_int_equal(received->struct_size, sizeof *received);
  mychat_bytes_free(message);
  return received;
}

void expect_talk(person* from, person* to) {
  mychat_bytes* message = NULL;
  OK(mychat_mls_group_protect(from->group, "hello", 5, "aad", 3, 100, &message, &error));
  mychat_mls_received* received = receive(to, message);
  assert_int_equal(received->content, MYCHAT_MLS_CONTENT_APPLICATION);
  assert_int_equal(received->data_size, 5);
  assert_memory_equal(received->data, "hello", 5);
  assert_int_equal(received->aad_size, 3);
  assert_memory_equal(received->aad, "aad", 3);
  assert_int_equal(received->sender_type, MYCHAT_MLS_SENDER_MEMBER);
  assert_int_equal(received->credential->encoded_size, from->credential->size);
  assert_memory_equal(received->credential->encoded, from->credential->data, from->credential->size);
  assert_null(received->proposal);
  assert_null(received->commit);
  mychat_mls_received_free(received);
}

uint64_t epoch_of(mychat_mls_group* group) {
  mychat_mls_group_state* state = NULL;
  OK(mychat_mls_group_describe(group, &state, &error));
  const uint64_t epoch = state->epoch;
  mychat_mls_group_state_free(state);
  return epoch;
}

void expect_same_epoch(person* a, person* b) {
  mychat_bytes *ours = NULL, *theirs = NULL;
  OK(mychat_mls_group_epoch_authenticator(a->group, &ours, &error));
  OK(mychat_mls_group_epoch_authenticator(b->group, &theirs, &error));
  assert_int_equal(ours->size, theirs->size);
  assert_memory_equal(ours->data, theirs->data, ours->size);
  mychat_bytes_free(ours);
  mychat_bytes_free(theirs);
}

int new_people(void** state) {
  people* made = calloc(1, sizeof *made);
  if (made == NULL) return -1;
  new_person(&made->alice, "alice@a.example");
  new_person(&made->bob, "bob@b.example");
  new_person(&made->carol, "carol@c.example");
  new_person(&made->dave, "dave@d.example");
  OK(mychat_mls_group_create(&made->alice.options, SUITE, &made->alice.leaf, NULL, &made->alice.group,
                             &error));
  mychat_bytes *bob = add_of(&made->bob), *carol = add_of(&made->carol);
  uint8_t* both = malloc(bob->size + carol->size);
  assert_non_null(both);
  memcpy(both, bob->data, bob->size);
  memcpy(both + bob->size, carol->data, carol->size);
  mychat_mls_commit_options options = MYCHAT_MLS_COMMIT_OPTIONS_INIT;
  options.proposals = both;
  options.proposals_size = bob->size + carol->size;
  mychat_mls_commit* commit = NULL;
  OK(mychat_mls_group_commit(made->alice.group, &options, &commit, &error));
  free(both);
  mychat_bytes_free(bob);
  mychat_bytes_free(carol);
  OK(mychat_mls_group_apply(made->alice.group, commit, &error));
  join_by(&made->bob, commit);
  join_by(&made->carol, commit);
  mychat_mls_commit_free(commit);
  *state = made;
  return 0;
}

int end_people(void** state) {
  people* ended = *state;
  end_person(&ended->alice);
  end_person(&ended->bob);
  end_person(&ended->carol);
  end_person(&ended->dave);
  free(ended);
  return 0;
}
