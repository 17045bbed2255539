// test_c_api [GROUP...]: all groups of tests, or those that are named.
#include <stdio.h>
#include <string.h>

#include "people.h"

static int run_mls_hybrid_tests(void) {
  if (!is_supported_suite(MYCHAT_MLS_HYBRID_SUITE)) {
    puts("SKIPPED: MLS in the hybrid suite, OpenSSL has no ML-KEM");
    return 0;
  }
  people_suite = MYCHAT_MLS_HYBRID_SUITE;
  return run_mls_tests() + run_mls_group_tests() + run_mls_outside_tests();
}

static const struct {
  const char* name;
  int (*run)(void);
} kGroups[] = {
    {"arguments", run_arguments_tests},
    {"options", run_options_tests},
    {"memory", run_memory_tests},
    {"store", run_store_tests},
    {"events", run_events_tests},
    {"messages", run_messages_tests},
    {"keys", run_keys_tests},
    {"backup", run_backup_tests},
    {"network", run_network_tests},
    {"federation", run_federation_tests},
    {"federation_http", run_federation_http_tests},
    {"mls", run_mls_tests},
    {"mls_group", run_mls_group_tests},
    {"mls_outside", run_mls_outside_tests},
    {"mls_hybrid", run_mls_hybrid_tests},  // The last: those before it are in the default suite.
};

static int is_named(const char* name, int count, char** names) {
  for (int i = 0; i < count; ++i) {
    if (strcmp(names[i], name) == 0) return 1;
  }
  return 0;
}

int main(int argc, char** argv) {
  int failed = 0;
  int ran = 0;
  for (size_t i = 0; i < sizeof kGroups / sizeof kGroups[0]; ++i) {
    if (argc > 1 && !is_named(kGroups[i].name, argc - 1, argv + 1)) continue;
    failed += kGroups[i].run();
    ++ran;
  }
  return failed == 0 && ran >= argc - 1 ? 0 : 1;
}
