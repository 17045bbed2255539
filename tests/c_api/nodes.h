/* Two nodes for the tests of federation.h, and what is known of each. */
#ifndef MYCHAT_TESTS_C_API_NODES_H
#define MYCHAT_TESTS_C_API_NODES_H

#include "support.h"

#define NOW INT64_C(1800000000000)
#define DAY (INT64_C(24) * 3600 * 1000)

/* A node, its key and its document as others see it. */
typedef struct one {
  mychat_bytes* key;
  mychat_federation_node* node;
  char* json;
  mychat_federation_document* document;
} one;

typedef struct pair {
  one a;
  one b;
} pair;

/* Setup and teardown of CMocka. */
int new_pair(void** state);
int end_pair(void** state);
#define OF_TWO(test) cmocka_unit_test_setup_teardown(test, new_pair, end_pair)

mychat_federation_node* node_of(const char* domain, const char* url, const mychat_bytes* key);
char* document_of(mychat_federation_node* node, int64_t sequence, const char* previous,
                  const mychat_bytes* previous_key);

#endif
