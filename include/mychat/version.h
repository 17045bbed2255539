/**
 * @file version.h
 * @brief Version of the headers and of the linked library, and the export macro.
 */
#ifndef MYCHAT_VERSION_H
#define MYCHAT_VERSION_H

#include <stdint.h>

/** Version of these headers: major. */
#define MYCHAT_VERSION_MAJOR 0
/** Version of these headers: minor. */
#define MYCHAT_VERSION_MINOR 1
/** Version of these headers: patch. */
#define MYCHAT_VERSION_PATCH 0
/** Version of these headers as one number: major * 10000 + minor * 100 + patch. */
#define MYCHAT_VERSION_NUMBER 100
/** Version of these headers as text. */
#define MYCHAT_VERSION_STRING "0.1.0"

/**
 * @def MYCHAT_API
 * Marks what the library exports. Define MYCHAT_STATIC when linking the static library.
 */
#if defined(MYCHAT_STATIC)
#define MYCHAT_API
#elif defined(__GNUC__)
#define MYCHAT_API __attribute__((visibility("default")))
#else
#define MYCHAT_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @brief Version of the library that is linked, as #MYCHAT_VERSION_NUMBER is for the headers.
 * @return major * 10000 + minor * 100 + patch. Any thread. Since 0.1.0.
 */
MYCHAT_API uint32_t mychat_version_number(void);

/**
 * @brief Version of the library that is linked, as text ("0.1.0").
 * @return A static NUL-terminated string; never free it. Any thread. Since 0.1.0.
 */
MYCHAT_API const char* mychat_version_string(void);

/**
 * @brief What is running: the versions of this library and of those that it uses, asked of the libraries themselves, so
 * that a process with several OpenSSLs shows which one this library came to use.
 *
 * "name/version" items with one space between them, mychat's first: "mychat/0.1.0 dependencies/static openssl/3.0.16
 * libcurl/8.5.0 libcurl-tls/OpenSSL/3.0.16 libwebsockets/4.3.3 sqlite/3.45.1 libzip/1.10.1 cjson/1.7.17 zlib/1.3".
 * `dependencies` is "static" where they are inside this library and hidden there, or "shared" where the dynamic linker
 * finds them; `libcurl-tls` is the TLS library that libcurl itself uses. Later versions may add items, at any place but
 * the first.
 * @return A static NUL-terminated string of ASCII characters; never free it. Any thread. Since 0.1.0.
 */
MYCHAT_API const char* mychat_build_info(void);

#ifdef __cplusplus
}
#endif

#endif /* MYCHAT_VERSION_H */
