/**
 * @file error.h
 * @brief Statuses, domains and the error that a fallible call fills in.
 */
#ifndef MYCHAT_ERROR_H
#define MYCHAT_ERROR_H

#include <stdint.h>

#include "version.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Outcome of a call: #MYCHAT_OK or one of the MYCHAT_E_ values. Values are never reused. */
typedef int32_t mychat_status;

enum {
  MYCHAT_OK = 0, /**< Success. */

  /* The call itself (1 to 19). */
  MYCHAT_E_INVALID_ARGUMENT = 1, /**< An argument is NULL, out of range or not what its text must be. */
  MYCHAT_E_INVALID_STATE = 2,    /**< The object cannot do this now (not logged in, already started). */
  MYCHAT_E_OUT_OF_MEMORY = 3,    /**< An allocation failed; nothing changed. */
  MYCHAT_E_INTERNAL = 4,         /**< A fault of the library; please report it. */
  MYCHAT_E_CANCELLED = 5,        /**< The request was cancelled. */
  MYCHAT_E_TIMEOUT = 6,          /**< The time given ran out; nothing else is wrong. */
  MYCHAT_E_CLOSED = 7,           /**< The client was closed while the call was under way. */
  MYCHAT_E_NOT_FOUND = 8,        /**< No such user, message, contact or file. */
  MYCHAT_E_ALREADY_EXISTS = 9,   /**< The name, contact or file is taken. */
  MYCHAT_E_UNSUPPORTED = 10,     /**< This node, library build or peer cannot do it. */
  MYCHAT_E_BUSY = 11,            /**< A limit of concurrent work is reached; try again later. */
  MYCHAT_E_RANDOM = 12,          /**< The system's randomness failed. */

  /* Bytes (20 to 39). */
  MYCHAT_E_MALFORMED = 20, /**< Bytes do not parse as what they should be. */
  MYCHAT_E_TOO_LARGE = 21, /**< A size limit is exceeded. */

  /* Keys and encryption (40 to 59). */
  MYCHAT_E_CRYPTO = 40,          /**< A cryptographic operation failed inside OpenSSL. */
  MYCHAT_E_DECRYPT = 41,         /**< Authenticated decryption failed: wrong key or altered bytes. */
  MYCHAT_E_WRONG_PASSWORD = 42,  /**< The password or passphrase does not open this. */
  MYCHAT_E_KEY_MISMATCH = 43,    /**< The two keys, or the key and its fingerprint, do not belong together. */
  MYCHAT_E_SIGNATURE = 44,       /**< A signature or certificate does not verify. */
  MYCHAT_E_KEY_CHANGED = 45,     /**< The contact's key differs from the one accepted; accept it first. */
  MYCHAT_E_NO_KEY_MATERIAL = 46, /**< The node lost the message's wrapped key or iv; it can never be read. */
  MYCHAT_E_POLICY = 47,          /**< The account's policy refuses it (signature required, for example). */
  MYCHAT_E_NO_IDENTITY = 48,     /**< This account has no private key here; restore a backup. */
  MYCHAT_E_STALE = 49,           /**< Signed, but out of its time, or older than what was seen before. */
  MYCHAT_E_REPLAY = 50,          /**< Signed, but it was used before. */
  MYCHAT_E_DOWNGRADE = 51,       /**< A node offers less than it has proven before. */

  /* Local store and files (60 to 79). */
  MYCHAT_E_STORE = 60,         /**< SQLite failed; `detail` is its extended result code. */
  MYCHAT_E_STORE_HELD = 61,    /**< Another client or process has this store open. */
  MYCHAT_E_STORE_KEY = 62,     /**< The passphrase or host key does not open this store. */
  MYCHAT_E_STORE_CORRUPT = 63, /**< The store is damaged or is not a MyChat store; it was not changed. */
  MYCHAT_E_STORE_TOO_NEW = 64, /**< A newer library wrote this store. */
  MYCHAT_E_IO = 65,            /**< A file could not be read or written; `detail` is errno. */

  /* Network (80 to 99). */
  MYCHAT_E_NETWORK = 80,           /**< The connection failed or broke. */
  MYCHAT_E_DNS = 81,               /**< The host name does not resolve. */
  MYCHAT_E_TLS = 82,               /**< The TLS handshake, certificate or pin was refused. */
  MYCHAT_E_PLAINTEXT_REFUSED = 83, /**< http to another machine without asking for it by name. */
  MYCHAT_E_PROTOCOL = 84,          /**< The node answered something that is not MyChat. */

  /* The node's answers (100 to 119); `detail` is the HTTP status. */
  MYCHAT_E_UNAUTHORIZED = 100,        /**< Wrong user name or password, or the session ended. */
  MYCHAT_E_FORBIDDEN = 101,           /**< The node does not allow it. */
  MYCHAT_E_REGISTRATION_CLOSED = 102, /**< The node takes no new users (or none without an invite). */
  MYCHAT_E_RATE_LIMITED = 103,        /**< Too many requests; retry later. */
  MYCHAT_E_REJECTED = 104,            /**< The node found a field invalid (400, 422). */
  MYCHAT_E_NODE = 105                 /**< The node failed (5xx). */
};

/** The part of the library that an error comes from. */
typedef int32_t mychat_error_domain;

enum {
  MYCHAT_DOMAIN_NONE = 0,       /**< No error. */
  MYCHAT_DOMAIN_API = 1,        /**< The call's arguments or order. `detail` is 0. */
  MYCHAT_DOMAIN_CRYPTO = 2,     /**< `detail` is OpenSSL's reason code or 0. */
  MYCHAT_DOMAIN_KEYS = 3,       /**< Keys, certificates, backups. `detail` is 0. */
  MYCHAT_DOMAIN_E2EE = 4,       /**< Message envelopes; MLS: `detail` is the number of the rule that is broken, or 0. */
  MYCHAT_DOMAIN_STORE = 5,      /**< `detail` is SQLite's extended result code or 0. */
  MYCHAT_DOMAIN_SYSTEM = 6,     /**< `detail` is errno or 0. */
  MYCHAT_DOMAIN_NETWORK = 7,    /**< `detail` is libcurl's code or 0. */
  MYCHAT_DOMAIN_NODE = 8,       /**< `detail` is the HTTP status. */
  MYCHAT_DOMAIN_PROTOCOL = 9,   /**< Bytes that are not what the contract says. `detail` is 0. */
  MYCHAT_DOMAIN_FEDERATION = 10 /**< Another node: its identity, signatures, trust. `detail` is 0. */
};

/** Bytes of mychat_error.message, its NUL included. */
#define MYCHAT_ERROR_MESSAGE_SIZE 256

/**
 * @brief What went wrong. The caller allocates it, and passes NULL where it does not care.
 *
 * Initialise it with #MYCHAT_ERROR_INIT or mychat_error_init(). A call that succeeds resets it to #MYCHAT_OK.
 */
typedef struct mychat_error {
  uint32_t struct_size;                    /**< sizeof(mychat_error) of the caller. */
  mychat_status status;                    /**< The same as the call's return value. */
  mychat_error_domain domain;              /**< Where it comes from. */
  int32_t detail;                          /**< A code of that domain. */
  int32_t retryable;                       /**< 1 when the same call may succeed later without a change, else 0. */
  char message[MYCHAT_ERROR_MESSAGE_SIZE]; /**< One English sentence, UTF-8, NUL-terminated; holds no secret. */
} mychat_error;

/** Initialiser of a mychat_error. */
#define MYCHAT_ERROR_INIT \
  { sizeof(mychat_error), MYCHAT_OK, MYCHAT_DOMAIN_NONE, 0, 0, "" }

/**
 * @brief Initialise an error, for callers that cannot use #MYCHAT_ERROR_INIT.
 * @param error Where to write; NULL is harmless. Any thread. Since 0.1.0.
 */
MYCHAT_API void mychat_error_init(mychat_error* error);

/**
 * @brief Name of a status ("MYCHAT_E_STORE_HELD").
 * @return A static string, "MYCHAT_E_UNKNOWN" for a value that this library does not know. Any thread. Since 0.1.0.
 */
MYCHAT_API const char* mychat_status_name(mychat_status status);

#ifdef __cplusplus
}
#endif

#endif /* MYCHAT_ERROR_H */
