/* Members of MLS groups for the tests of mls.h. */
#ifndef MYCHAT_TESTS_C_API_PEOPLE_H
#define MYCHAT_TESTS_C_API_PEOPLE_H

#include "support.h"

/* The suite of groups: the tests run in the default one, and in the hybrid one where it is supported. */
extern uint16_t people_suite;
#define SUITE people_suite
/* Of that suite, in bytes. */
#define HASH_SIZE (SUITE == MYCHAT_MLS_HYBRID_SUITE ? 64 : 32)
int is_supported_suite(uint16_t suite);
/* The key of everybody's account. */
#define ACCOUNT "an account's seed of thirty-two b"

/* The call gives `want`, and its error names the rule. */
#define RULE(want, rule, call)                                      \
  do {                                                              \
    mychat_error error = MYCHAT_ERROR_INIT;                         \
    assert_int_equal((call), (want));                               \
    assert_int_equal(error.domain, MYCHAT_DOMAIN_E2EE);             \
    assert_int_equal(error.detail, (rule));                         \
    assert_string_equal(error.message, mychat_mls_rule_text(rule)); \
  } while (0)

/* What was asked of the program, and what it answers. */
typedef struct judge {
  int asked;               /* Times that accept() was called. */
  const char* refused;     /* A handle that is not accepted; NULL: none. */
  int successors;          /* What is_successor() answers. */
  int commits;             /* What accept_commit() answers. */
  const char* psk;         /* The one pre-shared key, named "psk"; NULL: none. */
  mychat_mls_group* group; /* accept_commit() tries to use it. */
  mychat_status reentered; /* What came of it. */
} judge;

/* Somebody with a key, who is in at most one group. */
typedef struct person {
  judge judge;
  mychat_mls_options options;
  mychat_mls_leaf_options leaf;
  mychat_bytes* key;
  mychat_bytes* public_key;
  mychat_bytes* credential;
  mychat_mls_key_package* package;
  mychat_mls_group* group;
} person;

/* Alice, who made a group, and Bob and Carol, whom she added; Dave is in none. */
typedef struct people {
  person alice, bob, carol, dave;
} people;

int new_people(void** state);
int end_people(void** state);
#define OF_PEOPLE(test) cmocka_unit_test_setup_teardown(test, new_people, end_people)

void new_person(person* made, const char* handle);
void end_person(person* ended);

/* A proposal to add somebody with a new key package of his. */
mychat_bytes* add_of(person* who);
mychat_bytes* remove_of(uint32_t leaf);
/* A commit of `who` with one proposal, which is freed; NULL: none. */
mychat_mls_commit* commit_of(person* who, mychat_bytes* proposal);
mychat_bytes* message_of(mychat_mls_commit* commit);
/* `who` comes in by the commit's welcome. */
void join_by(person* who, mychat_mls_commit* commit);
/* `who` takes a message, which is freed. */
mychat_mls_received* receive(person* who, mychat_bytes* message);
/* `from` says something that `to` can read. */
void expect_talk(person* from, person* to);
uint64_t epoch_of(mychat_mls_group* group);
void expect_same_epoch(person* a, person* b);

#endif
