/*
 * impostor URL FOLDER [MODULE]: a program that exports functions of OpenSSL, libcurl and the others under
 * their own names, as Node does with its OpenSSL. Whatever is loaded into it and takes one of these for its
 * own is caught.
 */
#include <dlfcn.h>
#include <stdlib.h>

#include "talk.h"

#define IMPOSTOR(name)                                       \
  void name(void);                                           \
  void name(void) {                                          \
    fprintf(stderr, "the program's %s was called\n", #name); \
    abort();                                                 \
  }
IMPOSTOR(EVP_MD_fetch)
IMPOSTOR(EVP_DigestInit_ex)
IMPOSTOR(EVP_EncryptInit_ex)
IMPOSTOR(OPENSSL_init_ssl)
IMPOSTOR(OPENSSL_init_crypto)
IMPOSTOR(RAND_bytes_ex)
IMPOSTOR(SSL_CTX_new)
IMPOSTOR(SSL_connect)
IMPOSTOR(curl_global_init)
IMPOSTOR(curl_easy_init)
IMPOSTOR(sqlite3_open_v2)
IMPOSTOR(lws_create_context)
IMPOSTOR(cJSON_Parse)
IMPOSTOR(cJSON_ParseWithLengthOpts)
IMPOSTOR(zip_open_from_source)
IMPOSTOR(argon2id_hash_raw)
IMPOSTOR(argon2_ctx)
IMPOSTOR(inflateInit2_)
IMPOSTOR(deflateInit2_)

int main(int argc, char** argv) {
  if (argc == 3) return talk(argv[1], argv[2]);
  if (argc != 4) return 2;
  void* module = dlopen(argv[3], RTLD_NOW | RTLD_LOCAL);
  if (module == NULL) {
    fprintf(stderr, "%s\n", dlerror());
    return 3;
  }
  int (*run)(const char*, const char*) = NULL;
  *(void**)&run = dlsym(module, "module_run");
  const int result = run == NULL ? 3 : run(argv[1], argv[2]);
  dlclose(module); /* Threads that end after this would crash if that unloaded it. */
  return result;
}
