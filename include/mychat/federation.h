/**
 * @file federation.h
 * @brief For programs that are nodes: who a node is, the handshake, signed requests and answers, trust. Clients need none
 *        of it. The protocol is docs/federation.md; mychat-server is built on the same code.
 *
 * Nothing here listens, keeps files or reads a clock: what is received, what is known of other nodes and the time (`now`,
 * Unix ms) are the caller's. Statements (documents, hello, welcome, confirm) are JSON texts as they travel. What is known
 * of another node is a text too (`known`): keep it as it is, and give it back.
 */
#ifndef MYCHAT_FEDERATION_H
#define MYCHAT_FEDERATION_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "memory.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Bytes of a node's private key: an Ed25519 seed (RFC 8032). */
#define MYCHAT_FEDERATION_KEY_SIZE 32

/** Flags of a node. */
typedef uint32_t mychat_federation_flags;
enum {
  MYCHAT_FEDERATION_ALLOW_HTTP = 1,      /**< For development: nodes may be reached over http. */
  MYCHAT_FEDERATION_ALLOW_NON_PUBLIC = 2 /**< For development: addresses need not be public ones. */
};

/** A node as it speaks with others: its name, its key, what it offers, and which requests it has taken. */
typedef struct mychat_federation_node mychat_federation_node;

/** What mychat_federation_node_create() is told; initialise with #MYCHAT_FEDERATION_OPTIONS_INIT. */
typedef struct mychat_federation_options {
  uint32_t struct_size;          /**< sizeof(mychat_federation_options) of the caller. */
  mychat_federation_flags flags; /**< Flags; 0 for a node in the open. */
  const char* domain;            /**< The part of its users' handles after the `@`. Required. */
  const char* api_url; /**< Where other nodes reach it: on the domain or below it, no slash at the end. Required. */
  const char* capabilities; /**< Up to 32 names of `a-z 0-9 _ . -`, separated by spaces; NULL for none. */
  const char* ca_file;      /**< PEM of certificate authorities for mychat_federation_discover(); NULL: the system's. */
  int64_t began_at; /**< Unix ms: requests signed before it are refused, as an earlier life of this node may have
                                       taken them. 0 takes them. */
  int64_t max_message_size;      /**< Bytes of a message's content that it takes; 0: 10,485,760. */
  int64_t max_transaction_items; /**< Items of a transaction that it takes; 0: 256. */
  int64_t max_transaction_bytes; /**< Bytes of a transaction that it takes; 0: 16,777,216. */
} mychat_federation_options;

/** Initialiser of mychat_federation_options. */
#define MYCHAT_FEDERATION_OPTIONS_INIT \
  { sizeof(mychat_federation_options), 0, NULL, NULL, NULL, NULL, 0, 0, 0, 0 }

/** As #MYCHAT_FEDERATION_OPTIONS_INIT, for FFIs. NULL is harmless. Since 0.1.0. */
MYCHAT_API void mychat_federation_options_init(mychat_federation_options* options);

/**
 * @brief Make a private key for a node.
 * @param out_private_key #MYCHAT_FEDERATION_KEY_SIZE bytes; free with mychat_bytes_free(), which wipes them.
 * @return #MYCHAT_OK; #MYCHAT_E_RANDOM. Any thread. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_federation_new_key(mychat_bytes** out_private_key, mychat_error* error);

/**
 * @brief The public key of a private one, in base64: for `next_key` of a document.
 * @param private_key, private_key_size #MYCHAT_FEDERATION_KEY_SIZE bytes. @param out_text 44 characters; free with
 *        mychat_string_free(). @return #MYCHAT_OK; #MYCHAT_E_INVALID_ARGUMENT. Any thread. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_federation_public_key(const void* private_key, size_t private_key_size, char** out_text,
                                                      mychat_error* error);

/**
 * @brief Create a node. It makes no thread and no connection.
 * @param private_key, private_key_size #MYCHAT_FEDERATION_KEY_SIZE bytes, copied.
 * @param out_node Free with mychat_federation_node_free(). Calls on one node are safe from several threads.
 * @return #MYCHAT_OK; #MYCHAT_E_INVALID_ARGUMENT when the domain, the address or a capability is not one. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_federation_node_create(const mychat_federation_options* options,
                                                       const void* private_key, size_t private_key_size,
                                                       mychat_federation_node** out_node, mychat_error* error);

/** Free a node, and wipe its key; NULL is harmless. Handshakes that it began go on. Since 0.1.0. */
MYCHAT_API void mychat_federation_node_free(mychat_federation_node* node);

/* ---- Documents ---- */

/** What a node says of itself; initialise with #MYCHAT_FEDERATION_DOCUMENT_OPTIONS_INIT. */
typedef struct mychat_federation_document_options {
  uint32_t struct_size; /**< sizeof(mychat_federation_document_options) of the caller. */
  uint32_t flags;       /**< Must be 0. */
  int64_t sequence;     /**< At least 1; higher than that of every earlier document of this domain. */
  int64_t issued_at;    /**< Unix ms. */
  int64_t valid_until;  /**< Unix ms; at most 7 days after `issued_at`. */
  const char* next_key; /**< Base64 of the public key that will follow; NULL when none is known. */
  const char* previous; /**< The document before this one; NULL for the first. Its rotations are carried on. */
} mychat_federation_document_options;

/** Initialiser of mychat_federation_document_options. */
#define MYCHAT_FEDERATION_DOCUMENT_OPTIONS_INIT \
  { sizeof(mychat_federation_document_options), 0, 0, 0, 0, NULL, NULL }

/** As #MYCHAT_FEDERATION_DOCUMENT_OPTIONS_INIT, for FFIs. NULL is harmless. Since 0.1.0. */
MYCHAT_API void mychat_federation_document_options_init(mychat_federation_document_options* options);

/**
 * @brief Sign a node's document, for the member `federation` of its `/.well-known/mychat-node`.
 * @param previous_private_key, previous_private_key_size The key of `previous` when the node's key is another one: the
 *        rotation from it is signed by both. Else NULL and 0.
 * @param out_text `{"payload": …, "signature": …}`; free with mychat_string_free().
 * @return #MYCHAT_OK; #MYCHAT_E_INVALID_ARGUMENT (times, sequence, keys), #MYCHAT_E_MALFORMED and #MYCHAT_E_SIGNATURE for
 *         `previous`, #MYCHAT_E_KEY_MISMATCH when it is another domain's, or of another key without
 *         `previous_private_key`. Since 0.1.0. docs/federation.md, section 1.
 */
MYCHAT_API mychat_status mychat_federation_sign_document(mychat_federation_node* node,
                                                         const mychat_federation_document_options* options,
                                                         const void* previous_private_key,
                                                         size_t previous_private_key_size, char** out_text,
                                                         mychat_error* error);

/** Whether a document follows from what was known of its node. */
typedef int32_t mychat_federation_continuity;
enum {
  MYCHAT_FEDERATION_FIRST = 1,   /**< Nothing was known: trusted on first use, because TLS vouched for the domain. */
  MYCHAT_FEDERATION_SAME = 2,    /**< The very document. */
  MYCHAT_FEDERATION_RENEWED = 3, /**< A newer one under the known key. */
  MYCHAT_FEDERATION_ROTATED = 4  /**< A newer one under a key that the known one handed over to. */
};

/** A node's verified document. */
typedef struct mychat_federation_document {
  uint32_t struct_size;                    /**< sizeof(mychat_federation_document) of the library. */
  mychat_federation_continuity continuity; /**< What it is to `known`. */
  const char* domain;                      /**< The node's name. */
  const char* api_url;                     /**< Where it takes requests. */
  const char* key;                         /**< Base64 of its public key. */
  const char* key_id;                      /**< The `keyid` of its signatures: 22 characters. */
  const char* next_key;                    /**< Base64 of the key that will follow; "" when it does not say. */
  const char* capabilities;                /**< Names separated by spaces. */
  int32_t protocol;                        /**< The newest protocol it speaks. */
  uint32_t rotations;                      /**< Number of changes of key that it proves. */
  int64_t sequence;                        /**< Never decreases. */
  int64_t issued_at;                       /**< Unix ms. */
  int64_t valid_until;                     /**< Unix ms. */
  int64_t max_message_size;                /**< Bytes of a message's content that it takes. */
  int64_t max_transaction_items;           /**< Items of a transaction that it takes. */
  int64_t max_transaction_bytes;           /**< Bytes of a transaction that it takes. */
  int64_t clock_ahead;                     /**< ms that its clock is ahead of ours, by its answer; 0 when that is less
                                                than 10 s or not known. */
  const char* json;                        /**< The document as it was signed, for the calls that take one. */
  const char* known;                       /**< What to keep of the node from now on. */
} mychat_federation_document;

/**
 * @brief Verify a document, and that it follows from what is known of its node.
 * @param json The document, or the whole of `/.well-known/mychat-node`. @param domain Where it was fetched from.
 * @param known What is kept of that node; NULL for nothing. @param flags The node's flags.
 * @param out_document Free with mychat_federation_document_free().
 * @return #MYCHAT_OK; #MYCHAT_E_MALFORMED, #MYCHAT_E_TOO_LARGE, #MYCHAT_E_SIGNATURE; #MYCHAT_E_UNSUPPORTED (a node of
 *         protocol 1); #MYCHAT_E_KEY_MISMATCH (another domain's); #MYCHAT_E_STALE (expired, of the future, or older than
 *         what is known); #MYCHAT_E_KEY_CHANGED (another key without a signed rotation: stop, and ask the operator);
 *         #MYCHAT_E_DOWNGRADE. Any thread. Since 0.1.0. docs/federation.md, section 1.
 */
MYCHAT_API mychat_status mychat_federation_verify_document(const char* json, const char* domain, const char* known,
                                                           mychat_federation_flags flags, int64_t now,
                                                           mychat_federation_document** out_document,
                                                           mychat_error* error);

/** Free a document; NULL is harmless. Any thread. Since 0.1.0. */
MYCHAT_API void mychat_federation_document_free(mychat_federation_document* document);

/**
 * @brief Fetch a node's document from its domain over verified TLS, and verify it. Blocks for up to `timeout_ms`: call it
 *        on a thread of your own.
 *
 * Redirects are not followed, at most 256 KiB are read, and addresses that are not public are not asked (checked on the
 * address that is connected to), unless the node's flags allow it.
 * @param known As for mychat_federation_verify_document(). @param timeout_ms 1 to 600,000.
 * @param out_document Free with mychat_federation_document_free().
 * @return As mychat_federation_verify_document(); #MYCHAT_E_POLICY (an address that may not be asked); #MYCHAT_E_DNS,
 *         #MYCHAT_E_TLS, #MYCHAT_E_TIMEOUT, #MYCHAT_E_NETWORK; #MYCHAT_E_NODE with the HTTP status. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_federation_discover(mychat_federation_node* node, const char* domain, const char* known,
                                                    int32_t timeout_ms, int64_t now,
                                                    mychat_federation_document** out_document, mychat_error* error);

/* ---- Handshake ---- */

/** One side of a handshake under way. Use it from one thread at a time. */
typedef struct mychat_federation_handshake mychat_federation_handshake;

/** What both sides agreed on. */
typedef struct mychat_federation_agreement {
  uint32_t struct_size;     /**< sizeof(mychat_federation_agreement) of the library. */
  int32_t protocol;         /**< The newest protocol that both speak. */
  const char* peer;         /**< Domain of the other node. */
  const char* capabilities; /**< Those that both have, separated by spaces. */
  const char* confirm;      /**< What the side that began sends last; "" on the side that answered. */
  int64_t clock_ahead;      /**< ms that the other clock is ahead, as the side that began saw it; 0 on the other. */
  int64_t max_message_size; /**< Bytes of a message's content that the other node takes. */
  int64_t max_transaction_items; /**< Items of a transaction that it takes. */
  int64_t max_transaction_bytes; /**< Bytes of a transaction that it takes. */
  const char* known;             /**< What to keep of the node from now on: less is a downgrade. */
} mychat_federation_agreement;

/** Free an agreement; NULL is harmless. Any thread. Since 0.1.0. */
MYCHAT_API void mychat_federation_agreement_free(mychat_federation_agreement* agreement);

/**
 * @brief Begin a handshake.
 * @param peer Domain of the other node. @param out_handshake Free with mychat_federation_handshake_free().
 *        mychat_federation_handshake_message() of it is to be sent as `{"hello": …}`.
 * @return #MYCHAT_OK; #MYCHAT_E_INVALID_ARGUMENT (no domain, or the node's own). Since 0.1.0. docs/federation.md, section 2.
 */
MYCHAT_API mychat_status mychat_federation_handshake_begin(mychat_federation_node* node, const char* peer, int64_t now,
                                                           mychat_federation_handshake** out_handshake,
                                                           mychat_error* error);

/**
 * @brief Who a hello says that it is from, so that its document can be fetched. Nothing is proven yet.
 * @param out_text Free with mychat_string_free(). @return #MYCHAT_OK; #MYCHAT_E_MALFORMED; #MYCHAT_E_KEY_MISMATCH when it
 *         is not for this node. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_federation_hello_origin(mychat_federation_node* node, const char* hello,
                                                        char** out_text, mychat_error* error);

/**
 * @brief Answer a hello.
 * @param peer_document `json` of the document that was fetched from where the hello says it is from. @param known What is
 *        kept of that node (`known` of the document). @param out_handshake Free with mychat_federation_handshake_free().
 *        mychat_federation_handshake_message() of it is to be sent as `{"welcome": …}`.
 * @return #MYCHAT_OK; #MYCHAT_E_MALFORMED, #MYCHAT_E_SIGNATURE, #MYCHAT_E_KEY_MISMATCH (of another node, or not for this
 *         one), #MYCHAT_E_STALE (the document), #MYCHAT_E_UNSUPPORTED (no common protocol), #MYCHAT_E_DOWNGRADE. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_federation_handshake_answer(mychat_federation_node* node, const char* hello,
                                                            const char* peer_document, const char* known, int64_t now,
                                                            mychat_federation_handshake** out_handshake,
                                                            mychat_error* error);

/**
 * @brief End the handshake on the side that began it, with the other side's welcome. `confirm` of the result is to be sent.
 * @param peer_document, known As for mychat_federation_handshake_answer().
 * @param out_agreement Free with mychat_federation_agreement_free().
 * @return As mychat_federation_handshake_answer(); #MYCHAT_E_STALE also after 60 s; #MYCHAT_E_INVALID_STATE on the side that
 *         answered. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_federation_handshake_finish(mychat_federation_handshake* handshake, const char* welcome,
                                                            const char* peer_document, const char* known, int64_t now,
                                                            mychat_federation_agreement** out_agreement,
                                                            mychat_error* error);

/**
 * @brief Which handshake a confirm ends: the one whose mychat_federation_handshake_id() is the same.
 * @param out_text Free with mychat_string_free(). @return #MYCHAT_OK; #MYCHAT_E_MALFORMED. Any thread. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_federation_confirm_id(const char* confirm, char** out_text, mychat_error* error);

/** Name of a handshake that was answered; "" on the side that began, and for NULL. Lives as long as it. Since 0.1.0. */
MYCHAT_API const char* mychat_federation_handshake_id(const mychat_federation_handshake* handshake);

/**
 * @brief End the handshake on the side that answered, with the other side's confirm.
 * @param known What is kept of that node. @param out_agreement Free with mychat_federation_agreement_free().
 * @return #MYCHAT_OK; #MYCHAT_E_MALFORMED, #MYCHAT_E_SIGNATURE, #MYCHAT_E_KEY_MISMATCH, #MYCHAT_E_STALE;
 *         #MYCHAT_E_INVALID_STATE on the side that began. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_federation_handshake_confirm(mychat_federation_handshake* handshake,
                                                             const char* confirm, const char* known, int64_t now,
                                                             mychat_federation_agreement** out_agreement,
                                                             mychat_error* error);

/** The hello or the welcome that began this side; "" for NULL. Lives as long as it. Since 0.1.0. */
MYCHAT_API const char* mychat_federation_handshake_message(const mychat_federation_handshake* handshake);

/** Free a handshake; NULL is harmless. Since 0.1.0. */
MYCHAT_API void mychat_federation_handshake_free(mychat_federation_handshake* handshake);

/* ---- Requests (RFC 9421, RFC 9530) ---- */

/**
 * @brief Sign a request to another node.
 * @param destination Its domain. @param method In upper case. @param target_uri Absolute.
 * @param body, body_size As it is sent. @param now Unix ms by the destination's clock: add `clock_ahead`.
 * @param out_text Lines `name: value`, each ended by a line feed, to send with it; free with mychat_string_free().
 * @return #MYCHAT_OK; #MYCHAT_E_INVALID_ARGUMENT. Since 0.1.0. docs/federation.md, section 3.
 */
MYCHAT_API mychat_status mychat_federation_sign_request(mychat_federation_node* node, const char* destination,
                                                        const char* method, const char* target_uri, const void* body,
                                                        size_t body_size, int64_t now, char** out_text,
                                                        mychat_error* error);

/**
 * @brief Who a request says that it is from, so that what is known of that node can be looked up. Nothing is proven yet.
 * @param headers Lines `name: value`, names in any case; at most 64 KiB. @param out_text Free with mychat_string_free().
 * @return #MYCHAT_OK; #MYCHAT_E_MALFORMED; #MYCHAT_E_SIGNATURE when it does not say. Any thread. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_federation_request_origin(const char* headers, char** out_text, mychat_error* error);

/**
 * @brief Verify a request, and take it once.
 * @param target_uri Absolute, made of this node's own address and the path and query of the request; not of its Host header.
 * @param headers As for mychat_federation_request_origin(). @param known What is kept of the origin.
 * @return #MYCHAT_OK; #MYCHAT_E_SIGNATURE (none, does not cover what it must, or wrong), #MYCHAT_E_MALFORMED,
 *         #MYCHAT_E_UNSUPPORTED (algorithm, protocol), #MYCHAT_E_KEY_MISMATCH (not for this node, not of the known node, not
 *         its key), #MYCHAT_E_STALE (expired, of the future, or before the node began), #MYCHAT_E_REPLAY;
 *         #MYCHAT_E_RATE_LIMITED when more requests of it are remembered than there is room for. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_federation_verify_request(mychat_federation_node* node, const char* method,
                                                          const char* target_uri, const char* headers, const void* body,
                                                          size_t body_size, const char* known, int64_t now,
                                                          mychat_error* error);

/**
 * @brief Sign the response to a request that mychat_federation_verify_request() took.
 * @param request_headers The request's, as for it. @param status HTTP status, 100 to 599. @param body, body_size As sent.
 * @param out_text Lines to send with it; free with mychat_string_free().
 * @return #MYCHAT_OK; #MYCHAT_E_INVALID_ARGUMENT; #MYCHAT_E_SIGNATURE when the request has none. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_federation_sign_response(mychat_federation_node* node, const char* method,
                                                         const char* target_uri, const char* request_headers,
                                                         int32_t status, const void* body, size_t body_size,
                                                         int64_t now, char** out_text, mychat_error* error);

/**
 * @brief Verify the response to a request of one's own.
 * @param request_headers What mychat_federation_sign_request() gave. @param status, headers, body, body_size The response.
 * @param known What is kept of the node that was asked. @param now As for the request.
 * @return As mychat_federation_verify_request(), but for #MYCHAT_E_REPLAY and #MYCHAT_E_RATE_LIMITED: it is bound to the
 *         request. Any thread. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_federation_verify_response(const char* method, const char* target_uri,
                                                           const char* request_headers, int32_t status,
                                                           const char* headers, const void* body, size_t body_size,
                                                           const char* known, int64_t now, mychat_error* error);

/* ---- Rules ---- */

/** Which nodes an operator lets in. */
typedef int32_t mychat_federation_mode;
enum {
  MYCHAT_FEDERATION_OPEN = 1,       /**< Every node that is not blocked. */
  MYCHAT_FEDERATION_ALLOW_LIST = 2, /**< Only those on the list. */
  MYCHAT_FEDERATION_APPROVAL = 3    /**< Those on the list; others wait for the operator. */
};

/** What the rules say of a node. */
typedef int32_t mychat_federation_verdict;
enum {
  MYCHAT_FEDERATION_ALLOWED = 1,        /**< It is let in. */
  MYCHAT_FEDERATION_BLOCKED = 2,        /**< It is on the block list, which is stronger than the other. */
  MYCHAT_FEDERATION_NOT_LISTED = 3,     /**< It is not on the allow list. */
  MYCHAT_FEDERATION_AWAITS_APPROVAL = 4 /**< The operator has not decided. */
};

/**
 * @brief What an operator's rules say of a node.
 * @param allowed, blocked Patterns separated by spaces: a domain, `*.example.org` (everything below it) or `*`; NULL: none.
 * @return #MYCHAT_OK; #MYCHAT_E_INVALID_ARGUMENT when something is no mode, pattern or domain. Any thread. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_federation_judge(mychat_federation_mode mode, const char* allowed, const char* blocked,
                                                 const char* domain, mychat_federation_verdict* out_verdict,
                                                 mychat_error* error);

/**
 * @brief Whether an IP address is public: what another party's domain name leads to should be asked only then. IPv6
 *        addresses that stand for IPv4 ones are what those are. By the IANA registries of special-purpose addresses.
 * @param address Dotted IPv4 or IPv6. @param out_kind "public", "loopback", "private", "link-local", …; a constant.
 * @return #MYCHAT_OK; #MYCHAT_E_INVALID_ARGUMENT. Any thread. Since 0.1.0. RFC 6890.
 */
MYCHAT_API mychat_status mychat_federation_address_kind(const char* address, const char** out_kind,
                                                        mychat_error* error);

#ifdef __cplusplus
}
#endif

#endif /* MYCHAT_FEDERATION_H */
