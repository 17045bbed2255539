/**
 * @file conversation.h
 * @brief Contacts and other users, conversations, typing and presence.
 */
#ifndef MYCHAT_CONVERSATION_H
#define MYCHAT_CONVERSATION_H

#include <stddef.h>
#include <stdint.h>

#include "client.h"

#ifdef __cplusplus
extern "C" {
#endif

/** How far a contact's identity key is trusted. */
typedef int32_t mychat_trust;
enum {
  MYCHAT_TRUST_UNVERIFIED = 1, /**< The first key that the node gave; nobody compared it. */
  MYCHAT_TRUST_VERIFIED = 2,   /**< The user compared safety numbers. */
  MYCHAT_TRUST_CHANGED = 3     /**< The node gives another key now; the old one stays until the new is accepted. */
};

/** A contact, or another user that was looked up. */
typedef struct mychat_contact {
  uint32_t struct_size;            /**< sizeof(mychat_contact) of the library. */
  mychat_trust trust;              /**< State of the identity key. */
  const char* handle;              /**< Handle. */
  const char* nickname;            /**< "" when none. */
  const char* fingerprint;         /**< Of the accepted key, 79 characters; "" when no key is known. */
  const char* pending_fingerprint; /**< Of the new key when `trust` is changed, else "". */
  int32_t pending_vouched;         /**< 1 when the old key signed the rotation to the pending one. */
  int32_t signs_messages;          /**< 1 when a certified signing key is known: messages should be signed. */
  int32_t is_contact;              /**< 1 when in the contact list; 0 for a peer that was only written with. */
  const char* avatar_url;          /**< "" when none. */
  const char* status_message;      /**< "" when none. */
  int64_t added_at;                /**< 0 when not a contact. */
  int64_t last_message_at;         /**< 0 when none. */
} mychat_contact;

/** A list of contacts, by handle. */
typedef struct mychat_contact_list {
  uint32_t struct_size;               /**< sizeof(mychat_contact_list) of the library. */
  size_t count;                       /**< Number of items. */
  const mychat_contact* const* items; /**< The contacts; never NULL. */
} mychat_contact_list;

/** A conversation. */
typedef struct mychat_conversation {
  uint32_t struct_size;        /**< sizeof(mychat_conversation) of the library. */
  uint32_t unread;             /**< Received messages not yet marked read. */
  const char* peer;            /**< Handle of the other party. */
  const char* last_message_id; /**< "" when none. */
  int64_t last_message_at;     /**< 0 when none. */
} mychat_conversation;

/** A list of conversations, the latest first. */
typedef struct mychat_conversation_list {
  uint32_t struct_size;                    /**< sizeof(mychat_conversation_list) of the library. */
  size_t count;                            /**< Number of items. */
  const mychat_conversation* const* items; /**< The conversations; never NULL. */
} mychat_conversation_list;

/**
 * @brief Add a user to the contact list and fetch the user's keys. Networked; the completion carries the contact.
 *
 * Adding and removing the same user is done in the order of the calls. A contact that another session of the account
 * added is on the list here, too, after #MYCHAT_E_ALREADY_EXISTS.
 * @param handle Handle. @param nickname UTF-8 up to 100 characters; NULL for none.
 * @return #MYCHAT_OK; #MYCHAT_E_INVALID_ARGUMENT; #MYCHAT_E_INVALID_STATE when not logged in; #MYCHAT_E_BUSY.
 *         Completion: #MYCHAT_E_NOT_FOUND, #MYCHAT_E_ALREADY_EXISTS, #MYCHAT_E_REJECTED (oneself, a full list), network
 *         and node errors. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_client_add_contact(mychat_client* client, const char* handle, const char* nickname,
                                                   mychat_request_id* out_request, mychat_error* error);

/**
 * @brief Remove a contact at the node and from the list. History and the accepted key stay. Networked.
 * @return As mychat_client_add_contact(); #MYCHAT_E_NOT_FOUND when it is no contact. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_client_remove_contact(mychat_client* client, const char* handle,
                                                      mychat_request_id* out_request, mychat_error* error);

/**
 * @brief Ask the node for a user's profile and keys, and note a changed key. Networked; the completion carries the contact.
 * The account's own handle completes with #MYCHAT_E_INVALID_ARGUMENT: its keys are here.
 * @return As mychat_client_add_contact(). Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_client_lookup(mychat_client* client, const char* handle, mychat_request_id* out_request,
                                              mychat_error* error);

/**
 * @brief The contact list, from the local store.
 * @param out_list Free with mychat_contact_list_free(). @return #MYCHAT_OK; store errors. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_client_contacts(mychat_client* client, mychat_contact_list** out_list,
                                                mychat_error* error);

/** Free a list; NULL is harmless. Any thread. Since 0.1.0. */
MYCHAT_API void mychat_contact_list_free(mychat_contact_list* list);

/**
 * @brief One contact or known peer, from the local store.
 * @param out_contact Free with mychat_contact_free().
 * @return #MYCHAT_OK; #MYCHAT_E_NOT_FOUND; #MYCHAT_E_INVALID_ARGUMENT; store errors. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_client_contact(mychat_client* client, const char* handle, mychat_contact** out_contact,
                                               mychat_error* error);

/** Free a contact; NULL is harmless. Any thread. Since 0.1.0. */
MYCHAT_API void mychat_contact_free(mychat_contact* contact);

/**
 * @brief The conversations, from the local store, the latest first.
 * @param out_list Free with mychat_conversation_list_free(). @return #MYCHAT_OK; store errors. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_client_conversations(mychat_client* client, mychat_conversation_list** out_list,
                                                     mychat_error* error);

/** Free a list; NULL is harmless. Any thread. Since 0.1.0. */
MYCHAT_API void mychat_conversation_list_free(mychat_conversation_list* list);

/**
 * @brief Tell a peer that this user is typing, or no longer. Sent once if connected, never queued; lives 5 seconds.
 * @param is_typing 0 or 1.
 * @return #MYCHAT_OK also when not connected; #MYCHAT_E_INVALID_ARGUMENT. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_client_set_typing(mychat_client* client, const char* peer, int32_t is_typing,
                                                  mychat_error* error);

/** Presence of a user. */
typedef int32_t mychat_presence_status;
enum {
  MYCHAT_PRESENCE_OFFLINE = 1, /**< Not connected. */
  MYCHAT_PRESENCE_AWAY = 2,    /**< Connected, not at hand. */
  MYCHAT_PRESENCE_ONLINE = 3   /**< Connected. */
};

/**
 * @brief Set this user's presence, kept over reconnections until the client closes.
 * @param status #MYCHAT_PRESENCE_ONLINE or #MYCHAT_PRESENCE_AWAY.
 * @return #MYCHAT_OK also when not connected; #MYCHAT_E_INVALID_ARGUMENT. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_client_set_presence(mychat_client* client, mychat_presence_status status,
                                                    mychat_error* error);

#ifdef __cplusplus
}
#endif

#endif /* MYCHAT_CONVERSATION_H */
