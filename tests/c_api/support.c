#define _XOPEN_SOURCE 700
#include "support.h"

#include <dirent.h>
#include <unistd.h>

int32_t give_store_key(uint8_t* out_key, void* context) {
  (void)context;
  seed_store_key(out_key);
  return 0;
}

mychat_client_options store_options(const world* w) {
  mychat_client_options options = MYCHAT_CLIENT_OPTIONS_INIT;
  options.store_path = w->store;
  options.store_key = give_store_key;
  options.node_url = CLOSED_NODE;
  options.connect_timeout_ms = 2000;
  options.request_timeout_ms = 5000;
  return options;
}

void open_client(world* w) {
  const mychat_client_options options = store_options(w);
  OK(mychat_client_create(&options, &w->client, &error));
}

int new_folder(void** state) {
  world* w = calloc(1, sizeof *w);
  if (w == NULL) return -1;
  strcpy(w->folder, "/tmp/mychat-c-api-XXXXXX");
  if (mkdtemp(w->folder) == NULL) {
    free(w);
    return -1;
  }
  snprintf(w->store, sizeof w->store, "%s/store", w->folder);
  *state = w;
  return 0;
}

int new_empty(void** state) {
  if (new_folder(state) != 0) return -1;
  open_client(*state);
  return 0;
}

static int new_seeded(void** state, int logged_in) {
  if (new_folder(state) != 0) return -1;
  world* w = *state;
  if (seed_store(w->store, CLOSED_NODE, logged_in) != 0) return -1;
  open_client(w);
  return 0;
}

int new_alice(void** state) { return new_seeded(state, 0); }
int new_alice_logged_in(void** state) { return new_seeded(state, 1); }

int end_world(void** state) {
  world* w = *state;
  mychat_client_free(w->client);
  DIR* folder = opendir(w->folder);
  if (folder != NULL) {
    for (struct dirent* entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
      char path[512];
      snprintf(path, sizeof path, "%s/%s", w->folder, entry->d_name);
      if (entry->d_name[0] != '.') unlink(path);
    }
    closedir(folder);
  }
  rmdir(w->folder);
  free(w);
  return 0;
}

void spoil(mychat_error* error) {
  error->status = MYCHAT_E_INTERNAL;
  error->domain = MYCHAT_DOMAIN_NODE;
  error->detail = 77;
  error->retryable = 1;
  strcpy(error->message, "of an earlier call");
}

void check_outcome(const mychat_error* error, mychat_status got, mychat_status want, const char* call,
                   const char* file, int line) {
  if (got != want) {
    print_error("%s\n  gave %s (%s) instead of %s\n", call, mychat_status_name(got), error->message,
                mychat_status_name(want));
    _fail(file, line);
  }
  const int blank = error->domain == MYCHAT_DOMAIN_NONE && error->detail == 0 && error->retryable == 0 &&
                    error->message[0] == '\0';
  const int full = error->domain != MYCHAT_DOMAIN_NONE && error->message[0] != '\0' &&
                   memchr(error->message, 0, sizeof error->message) != NULL &&
                   strcmp(error->message, "of an earlier call") != 0;
  if (error->struct_size != sizeof *error || error->status != got || (got == MYCHAT_OK ? !blank : !full)) {
    print_error("%s\n  left the error %d, domain %d, detail %d: %s\n", call, error->status, error->domain,
                error->detail, error->message);
    _fail(file, line);
  }
}

char* read_whole(const char* path, size_t* out_size) {
  FILE* file = fopen(path, "rb");
  if (file == NULL) return NULL;
  size_t size = 0;
  size_t room = 4096;
  char* data = malloc(room);
  for (size_t n; data != NULL && (n = fread(data + size, 1, room - size - 1, file)) > 0;) {
    size += n;
    if (room - size < 2) data = realloc(data, room *= 2);
  }
  fclose(file);
  if (data != NULL) data[size] = '\0';
  if (out_size != NULL) *out_size = size;
  return data;
}

void write_whole(const char* path, const void* data, size_t size) {
  FILE* file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(data, 1, size, file), size);
  assert_int_equal(fclose(file), 0);
}

char* read_vector(const char* name, size_t* out_size) {
  const char* folder = getenv("MYCHAT_VECTORS_DIR");
  char path[1024];
  if (folder == NULL) return NULL;
  snprintf(path, sizeof path, "%s/mychat-v1/%s", folder, name);
  return read_whole(path, out_size);
}
