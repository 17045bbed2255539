/*
 * bench_abi STORE: what cheap calls and events cost in C, for the bindings to be compared with. Prints one
 * line of nanoseconds: a version call, a call that takes the client's lock, and an event of the journal,
 * polled and freed; the last is 0 for a store without any. The store's key is 32 zero bytes.
 */
#define _POSIX_C_SOURCE 200809L
#include <mychat/mychat.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int32_t zero_key(uint8_t* out_key, void* context) {
  (void)context;
  memset(out_key, 0, MYCHAT_STORE_KEY_SIZE);
  return 0;
}

static double now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

int main(int argc, char** argv) {
  enum { kCalls = 200000, kRounds = 5 };
  mychat_client_options options = MYCHAT_CLIENT_OPTIONS_INIT;
  mychat_error error = MYCHAT_ERROR_INIT;
  mychat_client* client = NULL;
  mychat_event* event = NULL;
  volatile uint32_t sum = 0;
  uint32_t flags = 0;
  double start, version, policy, events = 0;
  long taken = 0;
  int i;
  if (argc != 2) return 2;
  options.store_path = argv[1];
  options.store_key = zero_key;
  if (mychat_client_create(&options, &client, &error) != MYCHAT_OK) {
    fprintf(stderr, "bench_abi: %s\n", error.message);
    return 1;
  }
  start = now_ns();
  for (i = 0; i < kCalls; ++i) sum += mychat_version_number();
  version = (now_ns() - start) / kCalls;
  start = now_ns();
  for (i = 0; i < kCalls; ++i) mychat_client_policy(client, &flags, &error);
  policy = (now_ns() - start) / kCalls;
  start = now_ns();
  for (i = 0; i < kRounds; ++i) {
    mychat_client_rewind(client, &error);
    while (mychat_client_poll(client, 0, &event, &error) == MYCHAT_OK) {
      mychat_event_free(event);
      ++taken;
    }
  }
  if (taken != 0) events = (now_ns() - start) / (double)taken;
  printf("%.1f %.1f %.1f\n", version, policy, events);
  mychat_client_free(client);
  return 0;
}
