/**
 * @file message.h
 * @brief Messages: sending, history, receipts, search, and why one could not be read or sent.
 */
#ifndef MYCHAT_MESSAGE_H
#define MYCHAT_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "client.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Direction of a message, as this account sees it. */
typedef int32_t mychat_direction;
enum {
  MYCHAT_DIRECTION_IN = 1, /**< Received. */
  MYCHAT_DIRECTION_OUT = 2 /**< Sent. */
};

/** What a message's bytes are. */
typedef int32_t mychat_content_type;
enum {
  MYCHAT_CONTENT_TEXT = 1,  /**< UTF-8 text. */
  MYCHAT_CONTENT_IMAGE = 2, /**< Bytes of an image. */
  MYCHAT_CONTENT_FILE = 3   /**< Any bytes. */
};

/** How far a message has come. It never goes back, except from failed by mychat_client_retry(). */
typedef int32_t mychat_message_status;
enum {
  MYCHAT_MESSAGE_QUEUED = 1,    /**< Sent here, not yet accepted by the node. */
  MYCHAT_MESSAGE_PENDING = 2,   /**< Accepted and durably stored by the node. */
  MYCHAT_MESSAGE_DELIVERED = 3, /**< Acknowledged by the recipient's client. */
  MYCHAT_MESSAGE_READ = 4,      /**< Marked read by the recipient. */
  MYCHAT_MESSAGE_FAILED = 5     /**< Will not be sent without help; see mychat_client_explain(). */
};

/** What is known about who wrote a received message. */
typedef int32_t mychat_verification;
enum {
  MYCHAT_VERIFICATION_NONE = 0,       /**< One's own: made here, or signed by a key of one's own. */
  MYCHAT_VERIFICATION_UNSIGNED = 1,   /**< No signature: the node vouches for the sender, nobody else. */
  MYCHAT_VERIFICATION_VERIFIED = 2,   /**< Signed by a key that the sender's accepted identity key certifies. */
  MYCHAT_VERIFICATION_UNVERIFIED = 3, /**< Signed and not altered, but the signing key is not known to be the sender's:
                                           one of before the sender's key changed, one that waits to be accepted, or
                                           somebody else's. mychat_client_explain() says which; it becomes verified,
                                           with #MYCHAT_EVENT_MESSAGE_STATUS, when that is known. */
  MYCHAT_VERIFICATION_INVALID = 4     /**< The signature is wrong: the message was altered or forged. */
};

/** Room for a message id and its NUL. */
#define MYCHAT_MESSAGE_ID_SIZE 37

/** One message. */
typedef struct mychat_message {
  uint32_t struct_size;             /**< sizeof(mychat_message) of the library. */
  mychat_direction direction;       /**< Received or sent. */
  const char* id;                   /**< UUID; of messages that v1 nodes made, whatever they gave (1 to 128 bytes). */
  const char* peer;                 /**< Handle of the other party: the conversation. */
  const char* sender;               /**< Handle of the sender. */
  int64_t position;                 /**< Place in this store's order of arrival: the cursor of history pages. */
  mychat_content_type content_type; /**< What `data` is. */
  mychat_message_status status;     /**< How far it has come. */
  mychat_verification verification; /**< Who wrote it. */
  int32_t readable;                 /**< 1 when `data` holds the plaintext; 0 when it could not be decrypted. */
  const uint8_t* data;              /**< The plaintext; never NULL. */
  size_t size;                      /**< Its size in bytes. */
  const char* text;                 /**< `data` with a NUL when it is readable text without NULs, else NULL. */
  int64_t sent_at;                  /**< The sender's clock, 0 when not given. */
  int64_t created_at;               /**< When the node accepted it, 0 before. */
  int64_t delivered_at;             /**< 0 before. */
  int64_t read_at;                  /**< 0 before. */
  mychat_status failure;            /**< Why it is unreadable or failed; #MYCHAT_OK otherwise. */
} mychat_message;

/** A page of messages. */
typedef struct mychat_message_list {
  uint32_t struct_size;               /**< sizeof(mychat_message_list) of the library. */
  size_t count;                       /**< Number of items. */
  const mychat_message* const* items; /**< The messages; never NULL. */
  int32_t has_more;                   /**< 1 when older ones exist. */
  int64_t next_before;                /**< What to pass as `before` for the next page. */
} mychat_message_list;

/** What to send. */
typedef struct mychat_send_options {
  uint32_t struct_size;             /**< sizeof(mychat_send_options) of the caller. */
  mychat_content_type content_type; /**< Default #MYCHAT_CONTENT_TEXT. */
  const char* recipient;            /**< Handle. Required. */
  const void* data;                 /**< The plaintext. */
  size_t size;                      /**< Its size in bytes. */
  const char* message_id;           /**< UUID of the caller's own making, as an idempotency key; NULL: one is made. */
} mychat_send_options;

/** Initialiser of a mychat_send_options. */
#define MYCHAT_SEND_OPTIONS_INIT \
  { sizeof(mychat_send_options), MYCHAT_CONTENT_TEXT, NULL, NULL, 0, NULL }

/** As #MYCHAT_SEND_OPTIONS_INIT, for FFIs. NULL is harmless. Since 0.1.0. */
MYCHAT_API void mychat_send_options_init(mychat_send_options* options);

/**
 * @brief Put a message into the outbox. It is encrypted and sent, in order, once, as soon as the node can be reached,
 *        also after a restart. #MYCHAT_EVENT_MESSAGE_STATUS tells how far it has come.
 * @param out_message_id Where the id goes (#MYCHAT_MESSAGE_ID_SIZE bytes); may be NULL.
 * @return #MYCHAT_OK once it is durably stored; repeating a `message_id` is #MYCHAT_OK and changes nothing;
 *         #MYCHAT_E_ALREADY_EXISTS for an id of another message; #MYCHAT_E_INVALID_ARGUMENT (handle, id, text that is
 *         not UTF-8), #MYCHAT_E_TOO_LARGE,
 *         #MYCHAT_E_INVALID_STATE (no account yet, or deleted), #MYCHAT_E_NO_IDENTITY, #MYCHAT_E_KEY_CHANGED (the recipient's key
 *         changed and was not accepted), store errors. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_client_send(mychat_client* client, const mychat_send_options* options,
                                            char* out_message_id, mychat_error* error);

/**
 * @brief mychat_client_send() of a text.
 * @param recipient Handle. @param text UTF-8. @param out_message_id As there.
 * @return As mychat_client_send(). Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_client_send_text(mychat_client* client, const char* recipient, const char* text,
                                                 char* out_message_id, mychat_error* error);

/**
 * @brief Send a failed message again.
 * @return #MYCHAT_OK; #MYCHAT_E_NOT_FOUND; #MYCHAT_E_INVALID_STATE when it has not failed. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_client_retry(mychat_client* client, const char* message_id, mychat_error* error);

/**
 * @brief A page of a conversation from the local store, newest first.
 * @param peer Handle. @param before 0 for the newest, else `next_before` of the previous page.
 * @param limit 1 to 500. @param out_list Free with mychat_message_list_free().
 * @return #MYCHAT_OK (an unknown peer has an empty page); #MYCHAT_E_INVALID_ARGUMENT; store errors. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_client_history(mychat_client* client, const char* peer, int64_t before, uint32_t limit,
                                               mychat_message_list** out_list, mychat_error* error);

/**
 * @brief Search the local history for text, without regard to case, newest first.
 *
 * The store is scanned and decrypted in memory: no index of words exists that could leak them. Cost: proportional to
 * the history.
 * @param query UTF-8, 1 to 256 bytes. @param peer Handle to search in, NULL for all. @param before, limit As history.
 * @param out_list Free with mychat_message_list_free().
 * @return #MYCHAT_OK; #MYCHAT_E_INVALID_ARGUMENT; store errors. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_client_search(mychat_client* client, const char* query, const char* peer,
                                              int64_t before, uint32_t limit, mychat_message_list** out_list,
                                              mychat_error* error);

/** Free a list; NULL is harmless. Any thread. Since 0.1.0. */
MYCHAT_API void mychat_message_list_free(mychat_message_list* list);

/**
 * @brief One message of the local store.
 * @param out_message Free with mychat_message_free().
 * @return #MYCHAT_OK; #MYCHAT_E_NOT_FOUND; #MYCHAT_E_INVALID_ARGUMENT; store errors. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_client_message(mychat_client* client, const char* message_id,
                                               mychat_message** out_message, mychat_error* error);

/** Free a message; NULL is harmless. Any thread. Since 0.1.0. */
MYCHAT_API void mychat_message_free(mychat_message* message);

/**
 * @brief Mark the received messages of a conversation read, up to and with one of them. The sender learns it (unless
 *        #MYCHAT_POLICY_NO_READ_RECEIPTS), now or when the node can be reached again.
 * @param message_id A message of that conversation; NULL: all of it.
 * @return #MYCHAT_OK; #MYCHAT_E_NOT_FOUND; #MYCHAT_E_INVALID_ARGUMENT; store errors. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_client_mark_read(mychat_client* client, const char* peer, const char* message_id,
                                                 mychat_error* error);

/** What repairs a message; see mychat_explanation. */
typedef int32_t mychat_repair;
enum {
  MYCHAT_REPAIR_NONE = 0,           /**< Nothing is wrong. */
  MYCHAT_REPAIR_WAIT = 1,           /**< It repairs itself: the next attempt is at `retry_at`. */
  MYCHAT_REPAIR_RESTORE_BACKUP = 2, /**< Import the key backup made while that key was in use. */
  MYCHAT_REPAIR_ACCEPT_KEY = 3,     /**< Compare safety numbers, then mychat_client_accept_key(). */
  MYCHAT_REPAIR_LOG_IN = 4,         /**< Log in again. */
  MYCHAT_REPAIR_RETRY = 5,          /**< mychat_client_retry(). */
  MYCHAT_REPAIR_ASK_SENDER = 6,     /**< Only the sender can help, by sending it again. */
  MYCHAT_REPAIR_CHANGE = 7          /**< Send something else (smaller, to another handle). */
};

/** Why a message could not be decrypted, sent or verified, and what repairs it. */
typedef struct mychat_explanation {
  uint32_t struct_size;    /**< sizeof(mychat_explanation) of the library. */
  mychat_status cause;     /**< #MYCHAT_OK when nothing is wrong. Of readable messages whose signer is not proven
                                #MYCHAT_E_SIGNATURE or #MYCHAT_E_KEY_CHANGED. */
  mychat_repair repair;    /**< Which action repairs it. */
  uint32_t attempts;       /**< How often sending or decrypting was tried. */
  int64_t retry_at;        /**< When the next attempt is due, 0 for none. */
  const char* description; /**< English sentences for a person; hold no secret. */
} mychat_explanation;

/**
 * @brief Explain a message.
 * @param out_explanation Free with mychat_explanation_free().
 * @return #MYCHAT_OK; #MYCHAT_E_NOT_FOUND; #MYCHAT_E_INVALID_ARGUMENT; store errors. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_client_explain(mychat_client* client, const char* message_id,
                                               mychat_explanation** out_explanation, mychat_error* error);

/** Free an explanation; NULL is harmless. Any thread. Since 0.1.0. */
MYCHAT_API void mychat_explanation_free(mychat_explanation* explanation);

#ifdef __cplusplus
}
#endif

#endif /* MYCHAT_MESSAGE_H */
