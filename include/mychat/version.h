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

#ifdef __cplusplus
}
#endif

#endif /* MYCHAT_VERSION_H */
