/*
 * impostor URL FOLDER: a program that exports functions of OpenSSL, libcurl and the others under their own
 * names, as Node does with its OpenSSL. Whatever is loaded into it and takes one of these for its own is
 * caught.
 */
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

int main(int argc, char** argv) { return argc == 3 ? talk(argv[1], argv[2]) : 2; }
