/**
 * @file event.h
 * @brief Events: what they are and what they carry.
 */
#ifndef MYCHAT_EVENT_H
#define MYCHAT_EVENT_H

#include <stddef.h>
#include <stdint.h>

#include "client.h"
#include "conversation.h"
#include "keys.h"
#include "message.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Kinds of events. A program skips those that it does not know. */
typedef int32_t mychat_event_type;
enum {
  MYCHAT_EVENT_COMPLETION = 1,     /**< A request completed: `data.completion`. */
  MYCHAT_EVENT_CONNECTION = 2,     /**< The connection changed: `data.connection`. */
  MYCHAT_EVENT_PROGRESS = 3,       /**< A long request goes on: `data.progress`. */
  MYCHAT_EVENT_MESSAGE = 4,        /**< A message arrived, or one sent from another session: `data.message`. Journal. */
  MYCHAT_EVENT_MESSAGE_STATUS = 5, /**< A message came further, failed, became readable or
                                        verified: `data.message`. Journal. */
  MYCHAT_EVENT_TYPING = 6,         /**< A peer types or stopped: `data.typing`. */
  MYCHAT_EVENT_PRESENCE = 7,       /**< A contact's presence: `data.presence`. */
  MYCHAT_EVENT_CONTACT = 8,        /**< A contact was added, removed or changed its profile: `data.contact`. Journal. */
  MYCHAT_EVENT_KEY_CHANGED = 9,    /**< A contact's key changed and waits for acceptance: `data.contact`. Journal. */
  MYCHAT_EVENT_SESSION_ENDED = 10  /**< The node ended the session; log in again: `data.connection`. Journal. */
};

/** Which networked call a completion or progress belongs to. */
typedef int32_t mychat_operation;
enum {
  MYCHAT_OPERATION_REGISTER = 1,        /**< mychat_client_register() */
  MYCHAT_OPERATION_LOGIN = 2,           /**< mychat_client_login() */
  MYCHAT_OPERATION_LOGOUT = 3,          /**< mychat_client_logout() */
  MYCHAT_OPERATION_DELETE_ACCOUNT = 4,  /**< mychat_client_delete_account() */
  MYCHAT_OPERATION_CHANGE_PASSWORD = 5, /**< mychat_client_change_password() */
  MYCHAT_OPERATION_SET_PROFILE = 6,     /**< mychat_client_set_profile() */
  MYCHAT_OPERATION_SESSIONS = 7,        /**< mychat_client_sessions() */
  MYCHAT_OPERATION_REVOKE_SESSION = 8,  /**< mychat_client_revoke_session() */
  MYCHAT_OPERATION_NODE_INFO = 9,       /**< mychat_client_node_info() */
  MYCHAT_OPERATION_ADD_CONTACT = 10,    /**< mychat_client_add_contact() */
  MYCHAT_OPERATION_REMOVE_CONTACT = 11, /**< mychat_client_remove_contact() */
  MYCHAT_OPERATION_LOOKUP = 12,         /**< mychat_client_lookup() */
  MYCHAT_OPERATION_ROTATE_IDENTITY = 13 /**< mychat_client_rotate_identity() */
};

/** Result of a request. What its call does not name is NULL. */
typedef struct mychat_completion {
  uint32_t struct_size;                /**< sizeof(mychat_completion) of the library. */
  mychat_operation operation;          /**< Which call. */
  mychat_request_id request;           /**< Which request. */
  mychat_error error;                  /**< `status` #MYCHAT_OK on success. */
  int64_t retry_after_ms;              /**< With #MYCHAT_E_RATE_LIMITED, when the node says it; else 0. */
  const mychat_account* account;       /**< Register, login, profile, rotation. */
  const mychat_contact* contact;       /**< Add contact, lookup. */
  const mychat_session_list* sessions; /**< Sessions. */
  const mychat_node_info* node_info;   /**< Node info. */
} mychat_completion;

/** State of the connection. */
typedef int32_t mychat_connection_state;
enum {
  MYCHAT_CONNECTION_OFFLINE = 1,    /**< Stopped, or no session. */
  MYCHAT_CONNECTION_CONNECTING = 2, /**< Trying. */
  MYCHAT_CONNECTION_ONLINE = 3,     /**< Connected in real time. */
  MYCHAT_CONNECTION_POLLING = 4,    /**< Connected, without a WebSocket. */
  MYCHAT_CONNECTION_WAITING = 5     /**< The last attempt failed; the next one is at `retry_at`. */
};

/** The connection changed. */
typedef struct mychat_connection {
  uint32_t struct_size;          /**< sizeof(mychat_connection) of the library. */
  mychat_connection_state state; /**< The new state. */
  mychat_error error;            /**< Why, when something failed. */
  int64_t retry_at;              /**< Next attempt, 0 for none. */
} mychat_connection;

/** A long request goes on. */
typedef struct mychat_progress {
  uint32_t struct_size;       /**< sizeof(mychat_progress) of the library. */
  mychat_operation operation; /**< Which call. */
  mychat_request_id request;  /**< Which request. */
  uint32_t primes_found;      /**< While keys are made: 0 to 2. */
  uint32_t candidates;        /**< Candidates tested so far; about 90 a prime is the mean. */
} mychat_progress;

/** A peer types. */
typedef struct mychat_typing {
  uint32_t struct_size; /**< sizeof(mychat_typing) of the library. */
  int32_t is_typing;    /**< 0 or 1. */
  const char* peer;     /**< Handle. */
} mychat_typing;

/** A contact's presence. */
typedef struct mychat_presence {
  uint32_t struct_size;          /**< sizeof(mychat_presence) of the library. */
  mychat_presence_status status; /**< The state. */
  const char* peer;              /**< Handle. */
  int64_t last_seen;             /**< 0 when not known. */
} mychat_presence;

/** One event. All pointers live as long as it does. */
struct mychat_event {
  uint32_t struct_size;   /**< sizeof(mychat_event) of the library. */
  mychat_event_type type; /**< What it is. */
  uint64_t seq;           /**< Number in the journal; 0 when it is not in it. */
  int64_t time;           /**< When it was made here. */
  union {
    const void* any;                     /**< Whichever it is. */
    const mychat_completion* completion; /**< #MYCHAT_EVENT_COMPLETION */
    const mychat_connection* connection; /**< #MYCHAT_EVENT_CONNECTION, #MYCHAT_EVENT_SESSION_ENDED */
    const mychat_progress* progress;     /**< #MYCHAT_EVENT_PROGRESS */
    const mychat_message* message;       /**< #MYCHAT_EVENT_MESSAGE, #MYCHAT_EVENT_MESSAGE_STATUS */
    const mychat_typing* typing;         /**< #MYCHAT_EVENT_TYPING */
    const mychat_presence* presence;     /**< #MYCHAT_EVENT_PRESENCE */
    const mychat_contact* contact;       /**< #MYCHAT_EVENT_CONTACT, #MYCHAT_EVENT_KEY_CHANGED */
  } data;                                /**< What it carries, by `type`. */
};

/** Name of an event type ("message"), for logs and scripts. Static; "unknown" otherwise. Any thread. Since 0.1.0. */
MYCHAT_API const char* mychat_event_type_name(mychat_event_type type);

#ifdef __cplusplus
}
#endif

#endif /* MYCHAT_EVENT_H */
