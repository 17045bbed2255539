/* What the tests of the C functions share. */
#ifndef MYCHAT_TESTS_C_API_SUPPORT_H
#define MYCHAT_TESTS_C_API_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* After those above, as it demands. */
#include <cmocka.h>

#include "c_api/seed.h"
#include "mychat/mychat.h"

/* An address where nobody listens. */
#define CLOSED_NODE "http://127.0.0.1:1"
/* No wait of a test is longer. */
#define LONG_MS 20000

/* A folder of its own, a store in it and an open client. */
typedef struct world {
  char folder[64];
  char store[96];
  mychat_client* client;
} world;

/* Setups of CMocka: an empty store; Alice's seeded one without a session; with one. Each with its client
 * open. */
int new_empty(void** state);
int new_alice(void** state);
int new_alice_logged_in(void** state);
/* Only the folder. */
int new_folder(void** state);
int end_world(void** state);

/* The client of `world`, over its store, with the seeded key. */
void open_client(world* w);
/* Options that open the world's store. */
mychat_client_options store_options(const world* w);
int32_t give_store_key(uint8_t* out_key, void* context);

/* The call gives `want`; `error` says the same, or nothing when it succeeded. */
#define EXPECT(want, call)                                          \
  do {                                                              \
    mychat_error error = MYCHAT_ERROR_INIT;                         \
    spoil(&error);                                                  \
    const mychat_status got_ = (call);                              \
    check_outcome(&error, got_, (want), #call, __FILE__, __LINE__); \
  } while (0)
#define OK(call) EXPECT(MYCHAT_OK, call)

/* As if an earlier call had failed. */
void spoil(mychat_error* error);
void check_outcome(const mychat_error* error, mychat_status got, mychat_status want, const char* call,
                   const char* file, int line);

/* A file of the vectors with a NUL behind it, to be freed; NULL without the vectors. */
char* read_vector(const char* name, size_t* out_size);
/* A file, to be freed. */
char* read_whole(const char* path, size_t* out_size);
void write_whole(const char* path, const void* data, size_t size);

int run_arguments_tests(void);
int run_backup_tests(void);
int run_events_tests(void);
int run_federation_http_tests(void);
int run_federation_tests(void);
int run_keys_tests(void);
int run_memory_tests(void);
int run_messages_tests(void);
int run_mls_group_tests(void);
int run_mls_outside_tests(void);
int run_mls_tests(void);
int run_network_tests(void);
int run_options_tests(void);
int run_store_tests(void);

#endif
