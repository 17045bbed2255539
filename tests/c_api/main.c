#include <stdio.h>

#include "people.h"

int main(void) {
  int failed = 0;
  failed += run_arguments_tests();
  failed += run_options_tests();
  failed += run_memory_tests();
  failed += run_store_tests();
  failed += run_events_tests();
  failed += run_messages_tests();
  failed += run_keys_tests();
  failed += run_backup_tests();
  failed += run_network_tests();
  failed += run_federation_tests();
  failed += run_federation_http_tests();
  failed += run_mls_tests();
  failed += run_mls_group_tests();
  failed += run_mls_outside_tests();
  if (is_supported_suite(MYCHAT_MLS_HYBRID_SUITE)) {
    people_suite = MYCHAT_MLS_HYBRID_SUITE;
    failed += run_mls_tests();
    failed += run_mls_group_tests();
  } else {
    puts("SKIPPED: MLS in the hybrid suite, OpenSSL has no ML-KEM");
  }
  return failed == 0 ? 0 : 1;
}
