/**
 * @file memory.h
 * @brief Memory that crosses the boundary: strings and bytes handed to the caller, and the allocator behind them.
 */
#ifndef MYCHAT_MEMORY_H
#define MYCHAT_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @brief Functions that allocate what the library hands to the caller (strings, bytes, lists, events).
 *
 * Memory that never leaves the library is not allocated here.
 */
typedef struct mychat_allocator {
  uint32_t struct_size;                          /**< sizeof(mychat_allocator) of the caller. */
  void* (*allocate)(size_t size, void* context); /**< As malloc; aligned for any type; NULL on failure. */
  void (*release)(void* pointer, void* context); /**< As free; never called with NULL. */
  void* context;                                 /**< Passed to both. */
} mychat_allocator;

/** Initialiser of a mychat_allocator; both functions must be set then. */
#define MYCHAT_ALLOCATOR_INIT \
  { sizeof(mychat_allocator), NULL, NULL, NULL }

/**
 * @brief Set the allocator of this process. Allowed while nothing of the library is in the caller's hands.
 * @param allocator The functions, copied; NULL sets malloc and free again. They must be thread-safe.
 * @return #MYCHAT_OK; #MYCHAT_E_INVALID_ARGUMENT when a function is missing; #MYCHAT_E_INVALID_STATE when the caller
 *         still holds something. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_set_allocator(const mychat_allocator* allocator, mychat_error* error);

/**
 * @brief Free a string that the library handed over; it is wiped first.
 * @param string From a `char** out_...`; NULL is harmless. Any thread. Since 0.1.0.
 */
MYCHAT_API void mychat_string_free(char* string);

/** Bytes that the library hands over. */
typedef struct mychat_bytes {
  uint32_t struct_size; /**< sizeof(mychat_bytes) of the library. */
  size_t size;          /**< Number of bytes. */
  const uint8_t* data;  /**< The bytes; never NULL. */
} mychat_bytes;

/**
 * @brief Free bytes that the library handed over; they are wiped first.
 * @param bytes From a `mychat_bytes** out_...`; NULL is harmless. Any thread. Since 0.1.0.
 */
MYCHAT_API void mychat_bytes_free(mychat_bytes* bytes);

#ifdef __cplusplus
}
#endif

#endif /* MYCHAT_MEMORY_H */
