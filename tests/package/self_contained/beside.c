/*
 * beside healthy|crippled URL FOLDER: libmychat in a program that uses OpenSSL, libcurl and SQLite itself.
 *
 * healthy: they work before, during and after. crippled: the program has made its own ones useless, which it
 * may; a libmychat that has its own does not notice.
 */
#include <curl/curl.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <sqlite3.h>
#include <stdlib.h>

#include "talk.h"

static void* no_memory(size_t size) {
  (void)size;
  return NULL;
}
static void* no_memory_either(void* pointer, size_t size) {
  (void)pointer;
  return no_memory(size);
}
static char* no_copy(const char* text) {
  (void)text;
  return NULL;
}
static void* no_array(size_t count, size_t size) {
  (void)count;
  return no_memory(size);
}

static size_t take(char* data, size_t size, size_t count, void* context) {
  (void)data;
  (void)context;
  return size * count;
}

/* The number of the program's three libraries that work. */
static int working(const char* url) {
  int count = 0;
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  count += EVP_Digest("abc", 3, digest, &length, EVP_sha256(), NULL) == 1 && length == 32;

  CURL* easy = curl_easy_init();
  if (easy != NULL) {
    char address[256];
    long status = 0;
    snprintf(address, sizeof address, "%s/health", url);
    curl_easy_setopt(easy, CURLOPT_URL, address);
    curl_easy_setopt(easy, CURLOPT_CAINFO, getenv("SSL_CERT_FILE"));
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take);
    const CURLcode code = curl_easy_perform(easy);
    if (code != CURLE_OK) fprintf(stderr, "the program's libcurl: %s\n", curl_easy_strerror(code));
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    count += code == CURLE_OK && status == 200;
    curl_easy_cleanup(easy);
  }

  sqlite3* database = NULL;
  count += sqlite3_open(":memory:", &database) == SQLITE_OK &&
           sqlite3_exec(database, "CREATE TABLE t (x); INSERT INTO t VALUES (randomblob(9999));", NULL, NULL,
                        NULL) == SQLITE_OK;
  sqlite3_close(database);
  return count;
}

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const int crippled = strcmp(argv[1], "crippled") == 0;
  if (crippled) {
    curl_global_init_mem(CURL_GLOBAL_DEFAULT, no_memory, free, no_memory_either, no_copy, no_array);
    OSSL_PROVIDER_load(NULL, "null");
    sqlite3_hard_heap_limit64(1);
  }
  const int expected = crippled ? 0 : 3;
  if (working(argv[2]) != expected) {
    fprintf(stderr, "before: %d of the program's libraries work\n", working(argv[2]));
    return 3;
  }
  const int result = talk(argv[2], argv[3]);
  if (result == 0 && working(argv[2]) != expected) {
    fprintf(stderr, "after: %d of the program's libraries work\n", working(argv[2]));
    return 4;
  }
  return result;
}
