/**
 * @file client.h
 * @brief The client: one account on one node, its local store and its connection.
 */
#ifndef MYCHAT_CLIENT_H
#define MYCHAT_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "memory.h"

#ifdef __cplusplus
extern "C" {
#endif

/** One account: opaque. */
typedef struct mychat_client mychat_client;
/** One event: see event.h. */
typedef struct mychat_event mychat_event;
/** A networked call under way; 0 is none. Unique within a client. */
typedef uint64_t mychat_request_id;

/** Levels of the log. */
typedef int32_t mychat_log_level;
enum {
  MYCHAT_LOG_TRACE = 0,   /**< Every step. */
  MYCHAT_LOG_DEBUG = 1,   /**< For whoever looks for a fault. */
  MYCHAT_LOG_INFO = 2,    /**< What the library does. */
  MYCHAT_LOG_WARNING = 3, /**< What failed and is tried again, or is left out. */
  MYCHAT_LOG_ERROR = 4    /**< What failed for good. */
};

/**
 * @brief Receives the client's log. Called from any thread, one call at a time; must not call back into the client.
 * @param component, message Static or borrowed for the call; UTF-8; hold no secret.
 */
typedef void (*mychat_log_fn)(mychat_log_level level, const char* component, const char* message, void* context);

/** Bytes of the key that a mychat_store_key_fn gives. */
#define MYCHAT_STORE_KEY_SIZE 32

/**
 * @brief Gives the key that opens the store, from the host's own key chain. Called inside mychat_client_create().
 * @param out_key Where the #MYCHAT_STORE_KEY_SIZE bytes go; wiped by the library afterwards.
 * @return 0 on success; anything else makes mychat_client_create() fail with #MYCHAT_E_STORE_KEY.
 */
typedef int32_t (*mychat_store_key_fn)(uint8_t* out_key, void* context);

/** Flags of mychat_client_options. */
enum {
  /** Allow http:// and ws:// to other machines than this one. */
  MYCHAT_CLIENT_ALLOW_PLAINTEXT = 1,
  /** The store must exist; otherwise it is created. */
  MYCHAT_CLIENT_STORE_MUST_EXIST = 2,
  /** Use polling even if the node offers a WebSocket. */
  MYCHAT_CLIENT_NO_WEBSOCKET = 4
};

/** How to create a client. Zero or NULL means the default. */
typedef struct mychat_client_options {
  uint32_t struct_size;          /**< sizeof(mychat_client_options) of the caller. */
  uint32_t flags;                /**< MYCHAT_CLIENT_ flags. */
  const char* store_path;        /**< File of the encrypted store. Required. Its folder must exist. */
  const char* passphrase;        /**< Opens the store (Argon2id). This or `store_key` is required. */
  mychat_store_key_fn store_key; /**< Opens the store instead of a passphrase. */
  void* store_key_context;       /**< Passed to `store_key`. */
  const char* node_url;          /**< "https://host[:port]". Default: the one in the store. */
  const char* ca_file;           /**< PEM file of the certificate authorities to trust instead of the system's. */
  const char* tls_pins;          /**< "sha256//BASE64[;sha256//BASE64...]" of the node's SubjectPublicKeyInfo. */
  uint32_t connect_timeout_ms;   /**< Default 10,000. */
  uint32_t request_timeout_ms;   /**< Default 30,000. */
  mychat_log_fn log;             /**< Default: no log. */
  void* log_context;             /**< Passed to `log`. */
  mychat_log_level log_level;    /**< Least level to log. */
  uint32_t max_queued_events;    /**< Most connection, progress, typing and presence events kept in memory; the oldest
                                      give way. Default 10,000, least 16. */
} mychat_client_options;

/** Initialiser of a mychat_client_options. */
#define MYCHAT_CLIENT_OPTIONS_INIT \
  { sizeof(mychat_client_options), 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, NULL, NULL, MYCHAT_LOG_INFO, 0 }

/** As #MYCHAT_CLIENT_OPTIONS_INIT, for FFIs. NULL is harmless. Since 0.1.0. */
MYCHAT_API void mychat_client_options_init(mychat_client_options* options);

/**
 * @brief Open or create the local store and make a client over it, offline. Events not acknowledged yet come again.
 *
 * With a passphrase it takes some tenths of a second (Argon2id).
 * @param out_client Free with mychat_client_free().
 * @return #MYCHAT_OK; #MYCHAT_E_INVALID_ARGUMENT, #MYCHAT_E_PLAINTEXT_REFUSED, #MYCHAT_E_STORE_HELD,
 *         #MYCHAT_E_STORE_KEY, #MYCHAT_E_STORE_CORRUPT, #MYCHAT_E_STORE_TOO_NEW, #MYCHAT_E_STORE, #MYCHAT_E_IO,
 *         #MYCHAT_E_NOT_FOUND (with #MYCHAT_CLIENT_STORE_MUST_EXIST). Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_client_create(const mychat_client_options* options, mychat_client** out_client,
                                              mychat_error* error);

/**
 * @brief Go online: resume the stored session, synchronise, send what waits, and stay connected. Before an account
 *        exists it only allows mychat_client_register() and mychat_client_login(), which go online by themselves.
 * @return #MYCHAT_OK also when already started; #MYCHAT_E_CLOSED. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_client_start(mychat_client* client, mychat_error* error);

/**
 * @brief Go offline and stay so until mychat_client_start(). Requests under way complete with #MYCHAT_E_CANCELLED.
 *        What was received stays acknowledged to the node: its senders know of the delivery.
 * @return #MYCHAT_OK also when not started; #MYCHAT_E_CLOSED. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_client_stop(mychat_client* client, mychat_error* error);

/**
 * @brief End everything: threads, connections, the store. Calls waiting in other threads return #MYCHAT_E_CLOSED.
 *        The handle stays valid for mychat_client_free() only; events in the caller's hands stay valid. Takes up to two
 *        seconds when a node that does not answer has still to hear of what was received.
 * @return #MYCHAT_OK, also the second time. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_client_close(mychat_client* client, mychat_error* error);

/** Close if needed, and free. NULL is harmless. Since 0.1.0. */
MYCHAT_API void mychat_client_free(mychat_client* client);

/* ---- Events ---- */

/**
 * @brief Take the next event.
 * @param timeout_ms How long to wait: 0 not at all, negative for ever.
 * @param out_event Free with mychat_event_free().
 * @return #MYCHAT_OK; #MYCHAT_E_TIMEOUT when there is none; #MYCHAT_E_CANCELLED when mychat_client_wakeup() ended the
 *         wait; #MYCHAT_E_CLOSED; store errors. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_client_poll(mychat_client* client, int32_t timeout_ms, mychat_event** out_event,
                                            mychat_error* error);

/** Free an event; NULL is harmless. Any thread, also after the client was freed. Since 0.1.0. */
MYCHAT_API void mychat_event_free(mychat_event* event);

/**
 * @brief A file descriptor that is readable while an event waits, for epoll, asyncio, libuv or GLib. It belongs to the
 *        client: never read, write or close it. When it becomes readable, poll with a time-out of 0 until
 *        #MYCHAT_E_TIMEOUT.
 * @return The descriptor, or -1 for NULL or a closed client. Since 0.1.0.
 */
MYCHAT_API int mychat_client_event_fd(mychat_client* client);

/** @brief Make one mychat_client_poll() or mychat_client_await() that waits, or the next, return #MYCHAT_E_CANCELLED.
 *  NULL is harmless. Since 0.1.0. */
MYCHAT_API void mychat_client_wakeup(mychat_client* client);

/**
 * @brief Acknowledge the journal up to and with `seq`: those events never come again. 0 and numbers already
 *        acknowledged are harmless.
 * @return #MYCHAT_OK once durable; #MYCHAT_E_INVALID_ARGUMENT for a number not yet given out (those of before the client was
 *         created count as given out); store errors. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_client_ack(mychat_client* client, uint64_t seq, mychat_error* error);

/**
 * @brief Let all events of the journal that are not acknowledged come again, the oldest first.
 * @return #MYCHAT_OK; #MYCHAT_E_CLOSED. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_client_rewind(mychat_client* client, mychat_error* error);

/**
 * @brief Wait for the completion of one request; other events stay where they are.
 * @param timeout_ms As mychat_client_poll(). @param out_event The completion, may be NULL; free with mychat_event_free().
 * @return The request's own status once it completed (then `error` is the request's error and `out_event`, if given, is
 *         set even on failure); #MYCHAT_E_TIMEOUT with `out_event` NULL when it is still under way;
 *         #MYCHAT_E_NOT_FOUND for a request that is not known or was already taken. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_client_await(mychat_client* client, mychat_request_id request, int32_t timeout_ms,
                                             mychat_event** out_event, mychat_error* error);

/**
 * @brief Cancel a request. Its completion still comes: #MYCHAT_E_CANCELLED, or the result if that was faster. The node may
 *        have carried it out nevertheless.
 * @return #MYCHAT_OK; #MYCHAT_E_NOT_FOUND when it is not under way. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_client_cancel(mychat_client* client, mychat_request_id request, mychat_error* error);

/* ---- Account ---- */

/** The account of a client. */
typedef struct mychat_account {
  uint32_t struct_size;       /**< sizeof(mychat_account) of the library. */
  int32_t logged_in;          /**< 1 when a session is stored. */
  int32_t has_identity;       /**< 1 when the private key is here. */
  int32_t signs_messages;     /**< 1 when a signing key is here and certified. */
  const char* handle;         /**< "" before registration, login, or the restore of a backup that names it. */
  const char* user_id;        /**< Id at the node. */
  const char* node_url;       /**< Base URL of the node. */
  const char* fingerprint;    /**< Of the identity key; "" without one. */
  const char* avatar_url;     /**< "" when none. */
  const char* status_message; /**< "" when none. */
  int64_t backup_at;          /**< When the last key backup of the present key was made, 0 never. */
} mychat_account;

/** How to register. */
typedef struct mychat_register_options {
  uint32_t struct_size;    /**< sizeof(mychat_register_options) of the caller. */
  const char* username;    /**< 3 to 50 of a-z 0-9 _ (upper case is lowered). Required. */
  const char* password;    /**< At least 8 characters. Required. */
  const char* email;       /**< NULL for none. */
  const char* invite;      /**< Invite token, NULL for none. */
  const char* device_name; /**< Name of this session, NULL for none. */
} mychat_register_options;

/** Initialiser of a mychat_register_options. */
#define MYCHAT_REGISTER_OPTIONS_INIT \
  { sizeof(mychat_register_options), NULL, NULL, NULL, NULL, NULL }

/** As #MYCHAT_REGISTER_OPTIONS_INIT, for FFIs. NULL is harmless. Since 0.1.0. */
MYCHAT_API void mychat_register_options_init(mychat_register_options* options);

/**
 * @brief Register this client's user. The identity key (RSA-4096) is made here unless the store has one already (from a
 *        failed attempt or a backup); #MYCHAT_EVENT_PROGRESS tells how far it is. Then the client is online. Networked.
 *
 * Save a backup (mychat_client_export_backup()) before relying on the account: without it a lost store is a lost history.
 * @return #MYCHAT_OK; #MYCHAT_E_INVALID_ARGUMENT; #MYCHAT_E_INVALID_STATE when an account exists or another such request
 *         is under way. Completion (with the account): #MYCHAT_E_ALREADY_EXISTS, #MYCHAT_E_REGISTRATION_CLOSED,
 *         #MYCHAT_E_REJECTED, #MYCHAT_E_RATE_LIMITED, network and node errors. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_client_register(mychat_client* client, const mychat_register_options* options,
                                                mychat_request_id* out_request, mychat_error* error);

/** How to log in. */
typedef struct mychat_login_options {
  uint32_t struct_size;    /**< sizeof(mychat_login_options) of the caller. */
  const char* username;    /**< Required. */
  const char* password;    /**< Required. */
  const char* device_name; /**< Name of this session, NULL for none. */
} mychat_login_options;

/** Initialiser of a mychat_login_options. */
#define MYCHAT_LOGIN_OPTIONS_INIT \
  { sizeof(mychat_login_options), NULL, NULL, NULL }

/** As #MYCHAT_LOGIN_OPTIONS_INIT, for FFIs. NULL is harmless. Since 0.1.0. */
MYCHAT_API void mychat_login_options_init(mychat_login_options* options);

/**
 * @brief Log in and go online. Without a private key in the store messages arrive unreadable until a backup is imported.
 *        A private key in the store that is not the account's is #MYCHAT_E_KEY_MISMATCH, and no session is kept: after a
 *        rotation elsewhere, import the newest backup first. Networked.
 * @return As mychat_client_register(); #MYCHAT_E_INVALID_STATE also when the store belongs to another user. Completion
 *         (with the account): #MYCHAT_E_UNAUTHORIZED, #MYCHAT_E_RATE_LIMITED, and as there. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_client_login(mychat_client* client, const mychat_login_options* options,
                                             mychat_request_id* out_request, mychat_error* error);

/**
 * @brief End the session at the node and forget it here, also when the node cannot be reached. Keys and history stay.
 * @return #MYCHAT_OK; #MYCHAT_E_INVALID_STATE when not logged in. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_client_logout(mychat_client* client, mychat_request_id* out_request,
                                              mychat_error* error);

/**
 * @brief Delete the account at the node. The local store keeps keys and history; delete the file to be rid of them.
 * @param password The account's. @return #MYCHAT_OK; #MYCHAT_E_INVALID_ARGUMENT; #MYCHAT_E_INVALID_STATE.
 *        Completion: #MYCHAT_E_UNAUTHORIZED, #MYCHAT_E_UNSUPPORTED (a v1 node). Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_client_delete_account(mychat_client* client, const char* password,
                                                      mychat_request_id* out_request, mychat_error* error);

/**
 * @brief Change the account's password at the node; all other sessions end. Backups keep their own passwords.
 * @return As mychat_client_delete_account(). Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_client_change_password(mychat_client* client, const char* current_password,
                                                       const char* new_password, mychat_request_id* out_request,
                                                       mychat_error* error);

/**
 * @brief The account, from the local store.
 * @param out_account Free with mychat_account_free(). @return #MYCHAT_OK; store errors. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_client_account(mychat_client* client, mychat_account** out_account,
                                               mychat_error* error);

/** Free an account; NULL is harmless. Any thread. Since 0.1.0. */
MYCHAT_API void mychat_account_free(mychat_account* account);

/**
 * @brief Set the public profile. Networked; the completion carries the account.
 * @param avatar_url, status_message NULL leaves it as it is, "" removes it; at most 2,048 bytes and 280 characters.
 * @return #MYCHAT_OK; #MYCHAT_E_INVALID_ARGUMENT; #MYCHAT_E_INVALID_STATE when not logged in. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_client_set_profile(mychat_client* client, const char* avatar_url,
                                                   const char* status_message, mychat_request_id* out_request,
                                                   mychat_error* error);

/** One session of the account. */
typedef struct mychat_session {
  uint32_t struct_size;    /**< sizeof(mychat_session) of the library. */
  int32_t current;         /**< 1 for this client's own. */
  const char* id;          /**< Id. */
  const char* device_name; /**< "" when none. */
  int64_t created_at;      /**< When it logged in. */
  int64_t last_used;       /**< Rounded to about a minute by the node. */
} mychat_session;

/** The sessions of the account. */
typedef struct mychat_session_list {
  uint32_t struct_size;               /**< sizeof(mychat_session_list) of the library. */
  size_t count;                       /**< Number of items. */
  const mychat_session* const* items; /**< The sessions; never NULL. */
} mychat_session_list;

/**
 * @brief Ask the node for the account's sessions. Networked; the completion carries the list.
 * @return #MYCHAT_OK; #MYCHAT_E_INVALID_STATE. Completion: #MYCHAT_E_UNSUPPORTED (a v1 node). Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_client_sessions(mychat_client* client, mychat_request_id* out_request,
                                                mychat_error* error);

/**
 * @brief End one session, or all but this one. Networked.
 * @param session_id Id from mychat_client_sessions(); NULL: all others.
 * @return As mychat_client_sessions(); #MYCHAT_E_NOT_FOUND. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_client_revoke_session(mychat_client* client, const char* session_id,
                                                      mychat_request_id* out_request, mychat_error* error);

/** What a node says of itself. */
typedef struct mychat_node_info {
  uint32_t struct_size;       /**< sizeof(mychat_node_info) of the library. */
  int32_t registration_open;  /**< 0 or 1. */
  const char* domain;         /**< The node's domain. */
  const char* version;        /**< The node's version. */
  int32_t federation_enabled; /**< 0 or 1. */
  int32_t extended;           /**< 1 when the node has a mailbox; 0 for a plain v1 node, which is polled. */
  int64_t current_users;      /**< Registered users. */
  int64_t max_users;          /**< Most users. */
  int64_t uptime_seconds;     /**< Since its start. */
  int64_t max_message_size;   /**< Most bytes of one message's ciphertext. */
  const char* capabilities;   /**< Names, separated by spaces. */
} mychat_node_info;

/**
 * @brief Ask the node about itself; no account is needed. Networked; the completion carries the answer.
 * @return #MYCHAT_OK; #MYCHAT_E_INVALID_STATE without a node URL. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_client_node_info(mychat_client* client, mychat_request_id* out_request,
                                                 mychat_error* error);

/* ---- Policy ---- */

/** Policy of an account: a set of flags, kept in the store. */
enum {
  /** Received messages that are not #MYCHAT_VERIFICATION_VERIFIED are kept, but arrive unreadable with
      #MYCHAT_E_POLICY; mychat_client_explain() says what is wrong with the signature. */
  MYCHAT_POLICY_REQUIRE_SIGNATURES = 1,
  /** Never tell senders that their messages were read. */
  MYCHAT_POLICY_NO_READ_RECEIPTS = 2,
  /** Never send typing notices. */
  MYCHAT_POLICY_NO_TYPING = 4,
  /** Do not wrap the message key for oneself (then sent messages cannot be read from the node on other devices). */
  MYCHAT_POLICY_NO_SENDER_COPY = 8
};

/**
 * @brief Set the policy. @param flags MYCHAT_POLICY_ flags.
 * @return #MYCHAT_OK; #MYCHAT_E_INVALID_ARGUMENT for an unknown flag; store errors. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_client_set_policy(mychat_client* client, uint32_t flags, mychat_error* error);

/** @brief Read the policy. @return #MYCHAT_OK; store errors. Since 0.1.0. */
MYCHAT_API mychat_status mychat_client_policy(mychat_client* client, uint32_t* out_flags, mychat_error* error);

/* ---- Store ---- */

/** What a check of the store found. */
typedef struct mychat_store_report {
  uint32_t struct_size;        /**< sizeof(mychat_store_report) of the library. */
  int32_t healthy;             /**< 1 when nothing is wrong. */
  int64_t values_checked;      /**< Sealed values decrypted and authenticated. */
  size_t problem_count;        /**< Number of problems. */
  const char* const* problems; /**< English sentences; hold no secret. */
} mychat_store_report;

/**
 * @brief Check the open store: SQLite's own integrity check, and every sealed value.
 * @param out_report Free with mychat_store_report_free(). @return #MYCHAT_OK, also with problems; store errors. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_client_check_store(mychat_client* client, mychat_store_report** out_report,
                                                   mychat_error* error);

/** Free a report; NULL is harmless. Any thread. Since 0.1.0. */
MYCHAT_API void mychat_store_report_free(mychat_store_report* report);

/**
 * @brief Copy the open store to another file, consistent and opened by the same passphrase; it is checked.
 * @param path A file that does not exist; its mode will be 0600.
 * @return #MYCHAT_OK; #MYCHAT_E_ALREADY_EXISTS; #MYCHAT_E_IO; store errors. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_client_backup_store(mychat_client* client, const char* path, mychat_error* error);

/**
 * @brief Replace the passphrase of the store. The data is not encrypted anew.
 * @param new_passphrase UTF-8, not empty. @return #MYCHAT_OK; #MYCHAT_E_INVALID_ARGUMENT; store errors. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_client_change_passphrase(mychat_client* client, const char* new_passphrase,
                                                         mychat_error* error);

#ifdef __cplusplus
}
#endif

#endif /* MYCHAT_CLIENT_H */
