/* What the C ABI itself takes for what bench.mjs measures: floor STORE PASSPHRASE ROUNDS prints nanoseconds
 * as JSON. */
#include <mychat/mychat.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  mychat_error error = MYCHAT_ERROR_INIT;
  mychat_client_options options = MYCHAT_CLIENT_OPTIONS_INIT;
  mychat_client* client = NULL;
  options.store_path = argv[1];
  options.passphrase = argv[2];
  if (mychat_client_create(&options, &client, &error)) return fprintf(stderr, "%s\n", error.message), 1;
  const int calls = 1000000;
  size_t sum = 0;
  double begun = now();
  for (int i = 0; i < calls; ++i) sum += (size_t)mychat_status_name(i & 7)[9];
  const double name = (now() - begun) / calls;
  mychat_event* event = NULL;
  while (mychat_client_poll(client, 0, &event, &error) == MYCHAT_OK) mychat_event_free(event);
  begun = now();
  for (int i = 0; i < 100000; ++i) sum += (size_t)mychat_client_poll(client, 0, &event, &error);
  const double poll = (now() - begun) / 100000;
  printf("{\"name\": %.1f, \"poll\": %.1f, \"events\": [", name, poll);
  for (int round = 0; round < atoi(argv[3]); ++round) {
    size_t count = 0;
    begun = now();
    mychat_client_rewind(client, &error);
    while (mychat_client_poll(client, 0, &event, &error) == MYCHAT_OK) {
      ++count;
      mychat_event_free(event);
    }
    printf("%s%.1f", round ? ", " : "", (now() - begun) / (double)(count ? count : 1));
  }
  printf("], \"sum\": %zu}\n", sum);
  mychat_client_free(client);
  return 0;
}
