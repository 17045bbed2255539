/**
 * @file mls.h
 * @brief MLS (RFC 9420), the low-level interface: for programs that bring their own delivery service. Clients need none of
 *        it.
 *
 * Nothing here listens, sends or keeps files. A program carries messages, sees to it that a group's commits have one order,
 * and stores what mychat_mls_group_save() and mychat_mls_group_take_changes() give. docs/mls-api.md tells how.
 *
 * - What travels (key packages, welcomes, group infos, messages of a group) is an MLSMessage of RFC 9420, section 6, in
 *   bytes. Proposals, credentials and extensions are bytes in the encoding that the RFC gives them; several stand one behind
 *   the other without anything between.
 * - Handles are for one thread at a time. Functions of the program run on the thread that calls, and may not use the handles
 *   of that call: #MYCHAT_E_INVALID_STATE.
 * - When a rule of the RFC is broken, the error's domain is #MYCHAT_DOMAIN_E2EE and `detail` the number of the rule, for
 *   mychat_mls_rule_text(). docs/mls.md lists them.
 * - A call that fails leaves a group as it was, but that a key for one message may be used up.
 */
#ifndef MYCHAT_MLS_H
#define MYCHAT_MLS_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "memory.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The cipher suite that every client has: X25519, AES-128-GCM, SHA-256, Ed25519. */
#define MYCHAT_MLS_DEFAULT_SUITE 1
/**
 * The cipher suite whose secrets also withstand quantum computers: X-Wing (X25519 with ML-KEM-768,
 * draft-connolly-cfrg-xwing-kem-10), AES-256-GCM, SHA-512, Ed25519. Its signatures do not withstand them. Only
 * mychat_mls_supported_suite() says whether it is there: where the OpenSSL that runs has ML-KEM (3.5 and later), and then
 * leaves say that their owner has it. The number is of the range for private use (RFC 9420, section 17.1), docs/mls.md.
 */
#define MYCHAT_MLS_HYBRID_SUITE 0xf00d
/** Bytes of an account's key, private or public: Ed25519 (RFC 8032). */
#define MYCHAT_MLS_ACCOUNT_KEY_SIZE 32
/** What stands for no leaf. */
#define MYCHAT_MLS_NO_LEAF 0xffffffffU
/** The longest pre-shared key, in bytes. */
#define MYCHAT_MLS_PSK_MAX_SIZE 1024

/** What adds somebody to a group while he is away, with its private parts. */
typedef struct mychat_mls_key_package mychat_mls_key_package;
/** A group as one of its members has it. */
typedef struct mychat_mls_group mychat_mls_group;
/** A commit that was made and does not count yet. */
typedef struct mychat_mls_commit mychat_mls_commit;

/**
 * @brief What a rule says that `detail` of an error names.
 * @return A constant; "" for a number that is no rule's. Any thread. Since 0.1.0.
 */
MYCHAT_API const char* mychat_mls_rule_text(int32_t rule);

/** Where a rule stands in RFC 9420 ("12.2"); "" for a number that is no rule's. A constant. Any thread. Since 0.1.0. */
MYCHAT_API const char* mychat_mls_rule_section(int32_t rule);

/** Number `index` of the cipher suites of this library with this OpenSSL, counted from 0; 0 beyond the end. Any thread.
 *  Since 0.1.0. */
MYCHAT_API uint16_t mychat_mls_supported_suite(size_t index);

/* ---- Keys and credentials ---- */

/**
 * @brief Make a signature key.
 * @param suite For this cipher suite. @param out_private_key Free with mychat_bytes_free(), which wipes it.
 * @return #MYCHAT_OK; #MYCHAT_E_UNSUPPORTED (the suite); #MYCHAT_E_RANDOM. Any thread. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_mls_new_signature_key(uint16_t suite, mychat_bytes** out_private_key,
                                                      mychat_error* error);

/**
 * @brief The public key of a signature key, as it stands in leaves.
 * @param out_public_key Free with mychat_bytes_free().
 * @return #MYCHAT_OK; #MYCHAT_E_UNSUPPORTED (the suite); #MYCHAT_E_MALFORMED (the key). Any thread. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_mls_signature_public_key(uint16_t suite, const void* private_key,
                                                         size_t private_key_size, mychat_bytes** out_public_key,
                                                         mychat_error* error);

/** Types of credentials (RFC 9420, section 17.5). */
typedef int32_t mychat_mls_credential_type;
enum {
  MYCHAT_MLS_CREDENTIAL_BASIC = 1, /**< An identity, for the program to judge. */
  MYCHAT_MLS_CREDENTIAL_X509 = 2   /**< A chain of certificates. */
};

/** Who somebody says he is. */
typedef struct mychat_mls_credential {
  uint32_t struct_size;            /**< sizeof(mychat_mls_credential) of the library. */
  mychat_mls_credential_type type; /**< What it is. */
  const uint8_t* encoded;          /**< As the RFC encodes it: for mychat_mls_leaf_options. */
  size_t encoded_size;             /**< Bytes of `encoded`. */
  const uint8_t* identity;         /**< Of a basic one. */
  size_t identity_size;            /**< Bytes of `identity`. */
  const char* handle;              /**< `user@domain`, of one of mychat_mls_account_credential(); else "". */
  const char* device_id;           /**< The device, of one of mychat_mls_account_credential(); else "". */
} mychat_mls_credential;

/** Free a credential of mychat_mls_read_credential(); NULL is harmless. Any thread. Since 0.1.0. */
MYCHAT_API void mychat_mls_credential_free(mychat_mls_credential* credential);

/**
 * @brief A basic credential of any identity.
 * @param out_credential Encoded; free with mychat_bytes_free(). @return #MYCHAT_OK; #MYCHAT_E_INVALID_ARGUMENT. Any thread.
 *        Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_mls_basic_credential(const void* identity, size_t identity_size,
                                                     mychat_bytes** out_credential, mychat_error* error);

/**
 * @brief A basic credential of one device of a user, whose account vouches for the device's signature key.
 * @param handle Of the user. @param device_id 1 to 64 bytes.
 * @param account_key, account_key_size Private key of the account: an Ed25519 seed, #MYCHAT_MLS_ACCOUNT_KEY_SIZE bytes.
 * @param signature_key, signature_key_size Of mychat_mls_signature_public_key().
 * @param out_credential Encoded; free with mychat_bytes_free(). @return #MYCHAT_OK; #MYCHAT_E_INVALID_ARGUMENT. Any thread.
 *        Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_mls_account_credential(const char* handle, const char* device_id,
                                                       const void* account_key, size_t account_key_size,
                                                       const void* signature_key, size_t signature_key_size,
                                                       mychat_bytes** out_credential, mychat_error* error);

/**
 * @brief Whether an account vouches for a signature key: what mychat_mls_options.accept of a program with such accounts
 *        asks, once it has looked up the public key of mychat_mls_credential.handle.
 * @param credential, credential_size Encoded. @param account_public_key, account_public_key_size Of the account that the
 *        credential names, #MYCHAT_MLS_ACCOUNT_KEY_SIZE bytes.
 * @return #MYCHAT_OK; #MYCHAT_E_SIGNATURE when it does not, or the credential is of another form; #MYCHAT_E_MALFORMED;
 *         #MYCHAT_E_INVALID_ARGUMENT. Any thread. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_mls_verify_account(const void* credential, size_t credential_size,
                                                   const void* signature_key, size_t signature_key_size,
                                                   const void* account_public_key, size_t account_public_key_size,
                                                   mychat_error* error);

/**
 * @brief Read a credential.
 * @param credential, credential_size Encoded. @param out_credential Free with mychat_mls_credential_free().
 * @return #MYCHAT_OK; #MYCHAT_E_MALFORMED. Any thread. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_mls_read_credential(const void* credential, size_t credential_size,
                                                    mychat_mls_credential** out_credential, mychat_error* error);

/* ---- Extensions ---- */

/**
 * @brief Encode an extension.
 * @param type Its number. @param out_extension Free with mychat_bytes_free(). @return #MYCHAT_OK;
 *        #MYCHAT_E_INVALID_ARGUMENT. Any thread. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_mls_extension(uint16_t type, const void* data, size_t data_size,
                                              mychat_bytes** out_extension, mychat_error* error);

/**
 * @brief Encode the extension of a group that says what every member must support (RFC 9420, section 11.1).
 * @param extension_types, proposal_types, credential_types Numbers separated by spaces; NULL for none.
 * @param out_extension Free with mychat_bytes_free(). @return #MYCHAT_OK; #MYCHAT_E_INVALID_ARGUMENT. Any thread. Since
 *        0.1.0.
 */
MYCHAT_API mychat_status mychat_mls_required_capabilities(const char* extension_types, const char* proposal_types,
                                                          const char* credential_types, mychat_bytes** out_extension,
                                                          mychat_error* error);

/* ---- Proposals ---- */

/** Types of proposals (RFC 9420, section 17.4). */
typedef int32_t mychat_mls_proposal_type;
enum {
  MYCHAT_MLS_ADD = 1,                      /**< Somebody comes in. */
  MYCHAT_MLS_UPDATE = 2,                   /**< A member has new keys. */
  MYCHAT_MLS_REMOVE = 3,                   /**< A member is put out. */
  MYCHAT_MLS_PSK = 4,                      /**< A pre-shared key goes into the next epoch's secrets. */
  MYCHAT_MLS_REINIT = 5,                   /**< The group ends, and another one is to take its place. */
  MYCHAT_MLS_EXTERNAL_INIT = 6,            /**< Somebody comes in by himself. */
  MYCHAT_MLS_GROUP_CONTEXT_EXTENSIONS = 7, /**< The group has other extensions. */
  MYCHAT_MLS_SELF_REMOVE = 10              /**< A member goes (draft-ietf-mls-extensions). */
};

/** Who a message is from (RFC 9420, section 6). */
typedef int32_t mychat_mls_sender_type;
enum {
  MYCHAT_MLS_SENDER_MEMBER = 1,              /**< A member; the index is its leaf. */
  MYCHAT_MLS_SENDER_EXTERNAL = 2,            /**< One of the group's external senders; the index is its place. */
  MYCHAT_MLS_SENDER_NEW_MEMBER_PROPOSAL = 3, /**< Somebody who wants to come in. */
  MYCHAT_MLS_SENDER_NEW_MEMBER_COMMIT = 4    /**< Somebody who comes in. */
};

/** Kinds of pre-shared keys (RFC 9420, section 8.4). */
typedef int32_t mychat_mls_psk_type;
enum {
  MYCHAT_MLS_PSK_EXTERNAL = 1,  /**< The program's own. */
  MYCHAT_MLS_PSK_RESUMPTION = 2 /**< Of an epoch of a group. */
};

/** What the key of an epoch is for. */
typedef int32_t mychat_mls_psk_usage;
enum {
  MYCHAT_MLS_PSK_USAGE_NONE = 0,        /**< It is no key of an epoch. */
  MYCHAT_MLS_PSK_USAGE_APPLICATION = 1, /**< What the program wants. */
  MYCHAT_MLS_PSK_USAGE_REINIT = 2,      /**< The group replaces that one. */
  MYCHAT_MLS_PSK_USAGE_BRANCH = 3       /**< The group branched off that one. */
};

/** Name of a pre-shared key. */
typedef struct mychat_mls_psk_id {
  uint32_t struct_size;       /**< sizeof(mychat_mls_psk_id) of the library. */
  mychat_mls_psk_type type;   /**< Its kind. */
  mychat_mls_psk_usage usage; /**< Of one of an epoch. */
  const uint8_t* id;          /**< Of an external one; else empty. */
  size_t id_size;             /**< Bytes of `id`. */
  const uint8_t* group_id;    /**< Of one of an epoch: the group; else empty. */
  size_t group_id_size;       /**< Bytes of `group_id`. */
  uint64_t epoch;             /**< Of one of an epoch: which. */
} mychat_mls_psk_id;

/** A proposal, read. */
typedef struct mychat_mls_proposal {
  uint32_t struct_size;                    /**< sizeof(mychat_mls_proposal) of the library. */
  mychat_mls_proposal_type type;           /**< What it proposes. */
  mychat_mls_sender_type sender_type;      /**< Who it is from; of one without a group #MYCHAT_MLS_SENDER_MEMBER. */
  uint32_t sender;                         /**< Leaf or place of who it is from; else #MYCHAT_MLS_NO_LEAF. */
  uint32_t leaf_index;                     /**< The member that it changes or removes; else #MYCHAT_MLS_NO_LEAF. */
  uint16_t suite;                          /**< Of a ReInit: the new group's. */
  const uint8_t* encoded;                  /**< As the RFC encodes it. */
  size_t encoded_size;                     /**< Bytes of `encoded`. */
  const uint8_t* reference;                /**< Its ProposalRef; empty when it stands in a commit itself. */
  size_t reference_size;                   /**< Bytes of `reference`. */
  const mychat_mls_credential* credential; /**< Of an Add or Update: who; else NULL. */
  const uint8_t* signature_key;            /**< Of an Add or Update: with which key. */
  size_t signature_key_size;               /**< Bytes of `signature_key`. */
  const mychat_mls_psk_id* psk;            /**< Of a pre-shared key: which; else NULL. */
  const uint8_t* group_id;                 /**< Of a ReInit: the new group. */
  size_t group_id_size;                    /**< Bytes of `group_id`. */
  const uint8_t* extensions;               /**< Of a ReInit or GroupContextExtensions: the new ones. */
  size_t extensions_size;                  /**< Bytes of `extensions`. */
} mychat_mls_proposal;

/** Proposals. */
typedef struct mychat_mls_proposal_list {
  uint32_t struct_size;                    /**< sizeof(mychat_mls_proposal_list) of the library. */
  size_t count;                            /**< How many. */
  const mychat_mls_proposal* const* items; /**< The oldest first. */
} mychat_mls_proposal_list;

/** Free a proposal of mychat_mls_read_proposal(); NULL is harmless. Any thread. Since 0.1.0. */
MYCHAT_API void mychat_mls_proposal_free(mychat_mls_proposal* proposal);

/** Free a list; NULL is harmless. Any thread. Since 0.1.0. */
MYCHAT_API void mychat_mls_proposal_list_free(mychat_mls_proposal_list* list);

/**
 * @brief A proposal to add somebody.
 * @param key_package, key_package_size What mychat_mls_key_package_message() gave him.
 * @param out_proposal Encoded, for mychat_mls_commit_options and mychat_mls_group_propose(); free with mychat_bytes_free().
 * @return #MYCHAT_OK; #MYCHAT_E_MALFORMED. Whether it is valid is seen when it is used. Any thread. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_mls_propose_add(const void* key_package, size_t key_package_size,
                                                mychat_bytes** out_proposal, mychat_error* error);

/** A proposal to put a member out, as mychat_mls_propose_add(). @return #MYCHAT_OK. Any thread. Since 0.1.0. */
MYCHAT_API mychat_status mychat_mls_propose_remove(uint32_t leaf_index, mychat_bytes** out_proposal,
                                                   mychat_error* error);

/**
 * @brief A proposal to take a key of the program's in, as mychat_mls_propose_add().
 * @param suite The group's. @param id, id_size The key's name, by which the members look it up.
 * @return #MYCHAT_OK; #MYCHAT_E_UNSUPPORTED (the suite); #MYCHAT_E_INVALID_ARGUMENT; #MYCHAT_E_RANDOM. Any thread. Since
 *         0.1.0.
 */
MYCHAT_API mychat_status mychat_mls_propose_psk(uint16_t suite, const void* id, size_t id_size,
                                                mychat_bytes** out_proposal, mychat_error* error);

/**
 * @brief A proposal to take the key of an epoch in, of this group or another one, as mychat_mls_propose_psk(). Members who
 *        do not have it from the group itself are asked by mychat_mls_options.psk.
 * @return #MYCHAT_OK; #MYCHAT_E_UNSUPPORTED (the suite); #MYCHAT_E_INVALID_ARGUMENT; #MYCHAT_E_RANDOM. Any thread. Since
 *         0.1.0.
 */
MYCHAT_API mychat_status mychat_mls_propose_resumption_psk(uint16_t suite, const void* group_id, size_t group_id_size,
                                                           uint64_t epoch, mychat_bytes** out_proposal,
                                                           mychat_error* error);

/**
 * @brief A proposal to end the group in favour of another one, as mychat_mls_propose_add().
 * @param group_id, group_id_size The other group's; empty: a random one. @param suite Its cipher suite.
 * @param extensions, extensions_size Its extensions.
 * @return #MYCHAT_OK; #MYCHAT_E_UNSUPPORTED (the suite); #MYCHAT_E_MALFORMED (extensions); #MYCHAT_E_INVALID_ARGUMENT;
 *         #MYCHAT_E_RANDOM. Any thread. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_mls_propose_reinit(const void* group_id, size_t group_id_size, uint16_t suite,
                                                   const void* extensions, size_t extensions_size,
                                                   mychat_bytes** out_proposal, mychat_error* error);

/**
 * @brief A proposal to replace the group's extensions, as mychat_mls_propose_add().
 * @return #MYCHAT_OK; #MYCHAT_E_MALFORMED; #MYCHAT_E_INVALID_ARGUMENT. Any thread. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_mls_propose_extensions(const void* extensions, size_t extensions_size,
                                                       mychat_bytes** out_proposal, mychat_error* error);

/** A proposal to go, as mychat_mls_propose_add(); it may not stand in one's own commit. @return #MYCHAT_OK. Any thread.
 *  Since 0.1.0. */
MYCHAT_API mychat_status mychat_mls_propose_self_remove(mychat_bytes** out_proposal, mychat_error* error);

/**
 * @brief Read a proposal.
 * @param out_proposal Free with mychat_mls_proposal_free(). @return #MYCHAT_OK; #MYCHAT_E_MALFORMED. Any thread. Since
 *        0.1.0.
 */
MYCHAT_API mychat_status mychat_mls_read_proposal(const void* proposal, size_t proposal_size,
                                                  mychat_mls_proposal** out_proposal, mychat_error* error);

/* ---- Leaves and key packages ---- */

/** Flags of a leaf. */
typedef uint32_t mychat_mls_leaf_flags;
enum {
  MYCHAT_MLS_LEAF_SELF_REMOVE = 1, /**< It knows proposals to go (draft-ietf-mls-extensions). */
  MYCHAT_MLS_LEAF_LAST_RESORT = 2  /**< Its key package may serve several times (draft-ietf-mls-extensions). */
};

/** How one appears in a group; initialise with #MYCHAT_MLS_LEAF_OPTIONS_INIT. */
typedef struct mychat_mls_leaf_options {
  uint32_t struct_size;        /**< sizeof(mychat_mls_leaf_options) of the caller. */
  mychat_mls_leaf_flags flags; /**< Flags; 0 for none. */
  const void* credential;      /**< Encoded. Required. */
  size_t credential_size;      /**< Bytes of `credential`. */
  const void* private_key;     /**< Of mychat_mls_new_signature_key(). Required but where its use says otherwise. */
  size_t private_key_size;     /**< Bytes of `private_key`. */
  const void* extensions;      /**< Encoded; empty for none. */
  size_t extensions_size;      /**< Bytes of `extensions`. */
  const char* extension_types; /**< What else it supports: numbers separated by spaces; NULL for none. */
  const char* proposal_types;  /**< The same of proposals. */
  int64_t lifetime;            /**< ms from now until it may no longer be added; 0: 90 days. */
} mychat_mls_leaf_options;

/** Initialiser of mychat_mls_leaf_options. */
#define MYCHAT_MLS_LEAF_OPTIONS_INIT \
  { sizeof(mychat_mls_leaf_options), 0, NULL, 0, NULL, 0, NULL, 0, NULL, NULL, 0 }

/** As #MYCHAT_MLS_LEAF_OPTIONS_INIT, for FFIs. NULL is harmless. Since 0.1.0. */
MYCHAT_API void mychat_mls_leaf_options_init(mychat_mls_leaf_options* options);

/**
 * @brief Make a key package.
 * @param out_package Free with mychat_mls_key_package_free(); to be used once, but for one of last resort.
 * @return #MYCHAT_OK; #MYCHAT_E_UNSUPPORTED (the suite); #MYCHAT_E_MALFORMED (credential, key, extensions);
 *         #MYCHAT_E_INVALID_ARGUMENT; #MYCHAT_E_RANDOM. Any thread. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_mls_key_package_create(uint16_t suite, const mychat_mls_leaf_options* leaf,
                                                       mychat_mls_key_package** out_package, mychat_error* error);

/** Free a key package, and wipe its keys; NULL is harmless. Since 0.1.0. */
MYCHAT_API void mychat_mls_key_package_free(mychat_mls_key_package* package);

/**
 * @brief What is to be published.
 * @param out_message Free with mychat_bytes_free(). @return #MYCHAT_OK. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_mls_key_package_message(mychat_mls_key_package* package, mychat_bytes** out_message,
                                                        mychat_error* error);

/**
 * @brief Its KeyPackageRef, by which welcomes name it (mychat_mls_message.references).
 * @param out_reference Free with mychat_bytes_free(). @return #MYCHAT_OK. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_mls_key_package_ref(mychat_mls_key_package* package, mychat_bytes** out_reference,
                                                    mychat_error* error);

/** 1 when it may serve several times, else 0; 0 for NULL. Since 0.1.0. */
MYCHAT_API int32_t mychat_mls_key_package_is_last_resort(const mychat_mls_key_package* package);

/**
 * @brief All of it, for keeping: it holds private keys, and must be kept secret and erased once used.
 * @param out_secret Free with mychat_bytes_free(), which wipes it. @return #MYCHAT_OK. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_mls_key_package_save(mychat_mls_key_package* package, mychat_bytes** out_secret,
                                                     mychat_error* error);

/**
 * @brief What mychat_mls_key_package_save() gave.
 * @param out_package Free with mychat_mls_key_package_free(). @return #MYCHAT_OK; #MYCHAT_E_STORE_CORRUPT;
 *        #MYCHAT_E_STORE_TOO_NEW; #MYCHAT_E_UNSUPPORTED (its suite). Any thread. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_mls_key_package_load(const void* secret, size_t secret_size,
                                                     mychat_mls_key_package** out_package, mychat_error* error);

/* ---- What travels ---- */

/** Kinds of messages (RFC 9420, section 6). */
typedef int32_t mychat_mls_format;
enum {
  MYCHAT_MLS_PUBLIC_MESSAGE = 1,  /**< Of a group, signed only. */
  MYCHAT_MLS_PRIVATE_MESSAGE = 2, /**< Of a group, encrypted. */
  MYCHAT_MLS_WELCOME = 3,         /**< For those who are added. */
  MYCHAT_MLS_GROUP_INFO = 4,      /**< For those who come in by themselves. */
  MYCHAT_MLS_KEY_PACKAGE = 5      /**< For those who add. */
};

/** What a message of a group holds. */
typedef int32_t mychat_mls_content;
enum {
  MYCHAT_MLS_CONTENT_NONE = 0,        /**< It is no message of a group. */
  MYCHAT_MLS_CONTENT_APPLICATION = 1, /**< The program's data. */
  MYCHAT_MLS_CONTENT_PROPOSAL = 2,    /**< A proposal. */
  MYCHAT_MLS_CONTENT_COMMIT = 3       /**< A commit. */
};

/** What can be seen of a message from outside. Nothing of it is proven. */
typedef struct mychat_mls_message {
  uint32_t struct_size;                    /**< sizeof(mychat_mls_message) of the library. */
  mychat_mls_format format;                /**< What it is. */
  mychat_mls_content content;              /**< Of a message of a group: what it holds. */
  uint16_t suite;                          /**< Of a welcome, group info or key package; else 0. */
  uint64_t epoch;                          /**< Of a message of a group or a group info; else 0. */
  const uint8_t* group_id;                 /**< Of a message of a group or a group info; else empty. */
  size_t group_id_size;                    /**< Bytes of `group_id`. */
  const uint8_t* references;               /**< Of a welcome: the key packages that it is for, each `reference_size`
                                                bytes; of a key package: its own. */
  size_t references_size;                  /**< Bytes of `references`. */
  size_t reference_size;                   /**< Bytes of one of them. */
  const mychat_mls_credential* credential; /**< Of a key package: whose; else NULL. */
  const uint8_t* signature_key;            /**< Of a key package: with which key; else empty. */
  size_t signature_key_size;               /**< Bytes of `signature_key`. */
} mychat_mls_message;

/** Free what mychat_mls_read_message() gave; NULL is harmless. Any thread. Since 0.1.0. */
MYCHAT_API void mychat_mls_message_free(mychat_mls_message* message);

/**
 * @brief Look at a message from outside: for whom it is, and for which group.
 * @param out_message Free with mychat_mls_message_free(). @return #MYCHAT_OK; #MYCHAT_E_MALFORMED; #MYCHAT_E_UNSUPPORTED
 *        (a key package of another suite). Any thread. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_mls_read_message(const void* message, size_t message_size,
                                                 mychat_mls_message** out_message, mychat_error* error);

/* ---- What the program decides ---- */

/** What a commit does. */
typedef struct mychat_mls_summary {
  uint32_t struct_size;                      /**< sizeof(mychat_mls_summary) of the library. */
  int32_t removes_us;                        /**< 1 when this member is put out by it. */
  int32_t has_path;                          /**< 1 when its maker has new keys. */
  mychat_mls_sender_type committer_type;     /**< #MYCHAT_MLS_SENDER_MEMBER or #MYCHAT_MLS_SENDER_NEW_MEMBER_COMMIT. */
  uint32_t committer;                        /**< Leaf of its maker in the new epoch. */
  uint64_t epoch;                            /**< The new one. */
  const mychat_mls_proposal_list* proposals; /**< All that it holds or refers to. */
  const uint32_t* added;                     /**< Leaves of those who were added. */
  size_t added_count;                        /**< How many. */
  const uint32_t* updated;                   /**< Leaves of members who have new keys. */
  size_t updated_count;                      /**< How many. */
  const uint32_t* removed;                   /**< Leaves of those who were put out or go. */
  size_t removed_count;                      /**< How many. */
} mychat_mls_summary;

/** Free what mychat_mls_commit_summary() gave; NULL is harmless. Any thread. Since 0.1.0. */
MYCHAT_API void mychat_mls_summary_free(mychat_mls_summary* summary);

/**
 * Whether a signature key is that of whom a credential names: 1 when it is, anything else when not. Asked for everybody who
 * is or comes into a group. `group_id` is empty where none is known.
 */
typedef int32_t (*mychat_mls_accept_fn)(const mychat_mls_credential* credential, const uint8_t* signature_key,
                                        size_t signature_key_size, const uint8_t* group_id, size_t group_id_size,
                                        void* context);
/** Whether a member may go on under another credential: 1 when it may, anything else when not. */
typedef int32_t (*mychat_mls_successor_fn)(const mychat_mls_credential* before, const mychat_mls_credential* after,
                                           void* context);
/**
 * Writes a pre-shared key to `out_secret`, which has room for #MYCHAT_MLS_PSK_MAX_SIZE bytes, and returns its size; 0 or
 * less when it has none of that name.
 */
typedef int32_t (*mychat_mls_psk_fn)(const mychat_mls_psk_id* id, uint8_t* out_secret, void* context);
/** Whether a commit of another member may count: 1 when it may, anything else when not. */
typedef int32_t (*mychat_mls_accept_commit_fn)(const mychat_mls_summary* summary, void* context);

/** Flags of a group. */
typedef uint32_t mychat_mls_flags;
enum {
  MYCHAT_MLS_ACCEPT_ALL = 1, /**< Everybody is who he says he is: for programs that compare signature keys by other
                                         means, and for tests. Instead of mychat_mls_options.accept. */
  MYCHAT_MLS_IGNORE_LIFETIMES = 2,  /**< Leaves that others add may be out of their lifetime. */
  MYCHAT_MLS_PRIVATE_HANDSHAKES = 4 /**< Commits and proposals of members that are not encrypted are refused. */
};

/** What a group asks of the program; initialise with #MYCHAT_MLS_OPTIONS_INIT. */
typedef struct mychat_mls_options {
  uint32_t struct_size;                      /**< sizeof(mychat_mls_options) of the caller. */
  mychat_mls_flags flags;                    /**< Flags; 0 for none. */
  mychat_mls_accept_fn accept;               /**< Who may be in a group. Required without #MYCHAT_MLS_ACCEPT_ALL. */
  mychat_mls_successor_fn is_successor;      /**< NULL: who changes its credential is refused. */
  mychat_mls_psk_fn psk;                     /**< NULL: there are no pre-shared keys. */
  mychat_mls_accept_commit_fn accept_commit; /**< NULL: every valid commit counts. */
  void* context;                 /**< Passed to all of them; must live as long as the group and its commits. */
  int32_t past_epochs;           /**< Epochs before the present one whose messages can be read; 0: 3, -1: none. */
  int32_t resumption_epochs;     /**< Epochs before the present one whose resumption keys are kept; 0: 16, -1: none. */
  int32_t max_waiting_proposals; /**< How many proposals may wait for a commit; 0: 1,000. */
  int32_t max_messages_ahead;    /**< How many messages of one sender may be missing before one; 0: 1,000. */
  int64_t max_lifetime;          /**< ms: the longest lifetime of a leaf; 0: 400 days. */
} mychat_mls_options;

/** Initialiser of mychat_mls_options. */
#define MYCHAT_MLS_OPTIONS_INIT \
  { sizeof(mychat_mls_options), 0, NULL, NULL, NULL, NULL, NULL, 0, 0, 0, 0, 0 }

/** As #MYCHAT_MLS_OPTIONS_INIT, for FFIs. NULL is harmless. Since 0.1.0. */
MYCHAT_API void mychat_mls_options_init(mychat_mls_options* options);

/* ---- Groups ---- */

/** A group that is made; initialise with #MYCHAT_MLS_GROUP_OPTIONS_INIT. */
typedef struct mychat_mls_group_options {
  uint32_t struct_size;   /**< sizeof(mychat_mls_group_options) of the caller. */
  uint32_t flags;         /**< Must be 0. */
  const void* group_id;   /**< Empty: a random one. */
  size_t group_id_size;   /**< Bytes of `group_id`. */
  const void* extensions; /**< Encoded; empty for none. */
  size_t extensions_size; /**< Bytes of `extensions`. */
} mychat_mls_group_options;

/** Initialiser of mychat_mls_group_options. */
#define MYCHAT_MLS_GROUP_OPTIONS_INIT \
  { sizeof(mychat_mls_group_options), 0, NULL, 0, NULL, 0 }

/** As #MYCHAT_MLS_GROUP_OPTIONS_INIT, for FFIs. NULL is harmless. Since 0.1.0. */
MYCHAT_API void mychat_mls_group_options_init(mychat_mls_group_options* options);

/**
 * @brief Make a group of one.
 * @param group NULL: a random id, no extensions. @param out_group Free with mychat_mls_group_free().
 * @return #MYCHAT_OK; #MYCHAT_E_UNSUPPORTED (the suite); #MYCHAT_E_MALFORMED (credential, key, extensions);
 *         #MYCHAT_E_SIGNATURE when `accept` does not accept the leaf; #MYCHAT_E_POLICY when the leaf lacks what the
 *         extensions require; #MYCHAT_E_STALE when it lives for longer than `options` allow; #MYCHAT_E_INVALID_ARGUMENT;
 *         #MYCHAT_E_RANDOM. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_mls_group_create(const mychat_mls_options* options, uint16_t suite,
                                                 const mychat_mls_leaf_options* leaf,
                                                 const mychat_mls_group_options* group, mychat_mls_group** out_group,
                                                 mychat_error* error);

/** Free a group, and wipe its secrets; NULL is harmless. Since 0.1.0. */
MYCHAT_API void mychat_mls_group_free(mychat_mls_group* group);

/**
 * @brief Come into a group that somebody added one to (RFC 9420, section 12.4.3.1).
 * @param packages, package_count Key packages that the welcome may be for. @param tree, tree_size Of
 *        mychat_mls_group_export_tree(), where the welcome does not hold it; else empty.
 * @param predecessor The group that this one replaces or branched off; NULL where it does not say so.
 * @param out_used Which of `packages` it was, to be freed and erased unless it is one of last resort; may be NULL.
 * @param out_group Free with mychat_mls_group_free().
 * @return #MYCHAT_OK; #MYCHAT_E_NOT_FOUND when it is for none of them, or a tree or pre-shared key is missing;
 *         #MYCHAT_E_MALFORMED, #MYCHAT_E_SIGNATURE, #MYCHAT_E_DECRYPT, #MYCHAT_E_POLICY, #MYCHAT_E_STALE by the rule that is
 *         broken; #MYCHAT_E_UNSUPPORTED; #MYCHAT_E_INVALID_ARGUMENT. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_mls_group_join(const mychat_mls_options* options, const void* welcome,
                                               size_t welcome_size, mychat_mls_key_package* const* packages,
                                               size_t package_count, const void* tree, size_t tree_size,
                                               mychat_mls_group* predecessor, size_t* out_used,
                                               mychat_mls_group** out_group, mychat_error* error);

/** Coming in by oneself; initialise with #MYCHAT_MLS_EXTERNAL_OPTIONS_INIT. */
typedef struct mychat_mls_external_options {
  uint32_t struct_size;  /**< sizeof(mychat_mls_external_options) of the caller. */
  uint32_t replaces;     /**< An own leaf from before, put out by the same commit; else #MYCHAT_MLS_NO_LEAF. */
  const void* tree;      /**< Of mychat_mls_group_export_tree(), where the group info does not hold it. */
  size_t tree_size;      /**< Bytes of `tree`. */
  const void* proposals; /**< Proposals of pre-shared keys, encoded; empty for none. */
  size_t proposals_size; /**< Bytes of `proposals`. */
  const void* aad;       /**< Bytes that the commit authenticates; empty for none. */
  size_t aad_size;       /**< Bytes of `aad`. */
} mychat_mls_external_options;

/** Initialiser of mychat_mls_external_options. */
#define MYCHAT_MLS_EXTERNAL_OPTIONS_INIT \
  { sizeof(mychat_mls_external_options), MYCHAT_MLS_NO_LEAF, NULL, 0, NULL, 0, NULL, 0 }

/** As #MYCHAT_MLS_EXTERNAL_OPTIONS_INIT, for FFIs. NULL is harmless. Since 0.1.0. */
MYCHAT_API void mychat_mls_external_options_init(mychat_mls_external_options* options);

/**
 * @brief Come into a group by oneself, or again (RFC 9420, section 12.4.3.2).
 * @param group_info, group_info_size Of mychat_mls_group_export_info() with #MYCHAT_MLS_INFO_EXTERNAL_PUB.
 * @param external NULL: as initialised. @param out_commit Free with mychat_mls_commit_free(); when it has been ordered as the
 *        group's next, mychat_mls_commit_group() gives the group.
 * @return As mychat_mls_group_join(). Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_mls_group_join_external(const mychat_mls_options* options, const void* group_info,
                                                        size_t group_info_size, const mychat_mls_leaf_options* leaf,
                                                        const mychat_mls_external_options* external,
                                                        mychat_mls_commit** out_commit, mychat_error* error);

/** What a group is at present. */
typedef struct mychat_mls_group_state {
  uint32_t struct_size;              /**< sizeof(mychat_mls_group_state) of the library. */
  uint16_t suite;                    /**< Its cipher suite. */
  int32_t is_active;                 /**< 0 after this member was put out, and after a ReInit. */
  int32_t was_removed;               /**< 1 after this member was put out. */
  uint32_t own_leaf;                 /**< This member. */
  uint32_t member_count;             /**< How many members. */
  uint64_t epoch;                    /**< The epoch. */
  const uint8_t* group_id;           /**< Its id. */
  size_t group_id_size;              /**< Bytes of `group_id`. */
  const uint8_t* extensions;         /**< Its extensions, encoded. */
  size_t extensions_size;            /**< Bytes of `extensions`. */
  const mychat_mls_proposal* reinit; /**< The ReInit that ended it; else NULL. */
} mychat_mls_group_state;

/** Free what mychat_mls_group_describe() gave; NULL is harmless. Any thread. Since 0.1.0. */
MYCHAT_API void mychat_mls_group_state_free(mychat_mls_group_state* state);

/**
 * @brief What a group is at present.
 * @param out_state Free with mychat_mls_group_state_free(). @return #MYCHAT_OK. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_mls_group_describe(mychat_mls_group* group, mychat_mls_group_state** out_state,
                                                   mychat_error* error);

/** A member of a group. */
typedef struct mychat_mls_member {
  uint32_t struct_size;                    /**< sizeof(mychat_mls_member) of the library. */
  uint32_t leaf_index;                     /**< Its leaf: its name in this group for as long as it is a member. */
  const mychat_mls_credential* credential; /**< Who it is. */
  const uint8_t* signature_key;            /**< The key that it signs with. */
  size_t signature_key_size;               /**< Bytes of `signature_key`. */
} mychat_mls_member;

/** Members. */
typedef struct mychat_mls_member_list {
  uint32_t struct_size;                  /**< sizeof(mychat_mls_member_list) of the library. */
  size_t count;                          /**< How many. */
  const mychat_mls_member* const* items; /**< By their leaves. */
} mychat_mls_member_list;

/** Free a list; NULL is harmless. Any thread. Since 0.1.0. */
MYCHAT_API void mychat_mls_member_list_free(mychat_mls_member_list* list);

/**
 * @brief Who is in a group.
 * @param out_list Free with mychat_mls_member_list_free(). @return #MYCHAT_OK. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_mls_group_members(mychat_mls_group* group, mychat_mls_member_list** out_list,
                                                  mychat_error* error);

/**
 * @brief A secret that is the same at all members of an epoch: when two of them compare it, they know that they are in the
 *        same group (RFC 9420, section 8.7).
 * @param out_secret Free with mychat_bytes_free(), which wipes it. @return #MYCHAT_OK. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_mls_group_epoch_authenticator(mychat_mls_group* group, mychat_bytes** out_secret,
                                                              mychat_error* error);

/**
 * @brief A secret of the epoch for uses of the program's own (RFC 9420, section 8.5).
 * @param label, context, context_size What it is for. @param size Bytes wanted: up to 255 hashes of the suite.
 * @param out_secret Free with mychat_bytes_free(), which wipes it. @return #MYCHAT_OK; #MYCHAT_E_INVALID_ARGUMENT;
 *        #MYCHAT_E_INVALID_STATE after this member was put out. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_mls_group_export_secret(mychat_mls_group* group, const char* label, const void* context,
                                                        size_t context_size, size_t size, mychat_bytes** out_secret,
                                                        mychat_error* error);

/**
 * @brief The resumption key of this or an earlier epoch, for groups that take it in (RFC 9420, section 8.6).
 * @param out_secret Free with mychat_bytes_free(), which wipes it. @return #MYCHAT_OK; #MYCHAT_E_NOT_FOUND when it is not
 *        kept. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_mls_group_resumption_psk(mychat_mls_group* group, uint64_t epoch,
                                                         mychat_bytes** out_secret, mychat_error* error);

/** How one member's state of a group is to another's. */
typedef int32_t mychat_mls_relation;
enum {
  MYCHAT_MLS_RELATION_SAME = 1,   /**< Both are in the same epoch. */
  MYCHAT_MLS_RELATION_BEHIND = 2, /**< This one did not take commits that the other took. */
  MYCHAT_MLS_RELATION_AHEAD = 3,  /**< The other did not take commits that this one took. */
  MYCHAT_MLS_RELATION_FORKED = 4  /**< They took different commits: neither will understand the other again. */
};

/**
 * @brief How this member's state is to that of who made a group info. Who is behind for good, or forked, comes back by
 *        mychat_mls_group_join_external(), which also verifies the group info: this does not.
 * @return #MYCHAT_OK; #MYCHAT_E_MALFORMED, also when it is of another group (rule 401); #MYCHAT_E_INVALID_ARGUMENT. Since
 *         0.1.0.
 */
MYCHAT_API mychat_status mychat_mls_group_compare(mychat_mls_group* group, const void* group_info,
                                                  size_t group_info_size, mychat_mls_relation* out_relation,
                                                  mychat_error* error);

/** What a group info holds. */
typedef uint32_t mychat_mls_info_flags;
enum {
  MYCHAT_MLS_INFO_TREE = 1,        /**< The tree. */
  MYCHAT_MLS_INFO_EXTERNAL_PUB = 2 /**< The key for coming in by oneself. */
};

/**
 * @brief A signed description of the group, for mychat_mls_group_join_external().
 * @param out_message Free with mychat_bytes_free(). @return #MYCHAT_OK; #MYCHAT_E_INVALID_ARGUMENT (flags);
 *        #MYCHAT_E_INVALID_STATE after this member was put out. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_mls_group_export_info(mychat_mls_group* group, mychat_mls_info_flags flags,
                                                      mychat_bytes** out_message, mychat_error* error);

/**
 * @brief The group's tree, for those who get it another way than by welcomes and group infos.
 * @param out_tree Free with mychat_bytes_free(). @return #MYCHAT_OK. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_mls_group_export_tree(mychat_mls_group* group, mychat_bytes** out_tree,
                                                      mychat_error* error);

/* ---- Messages ---- */

/**
 * @brief Encrypt data for the group.
 * @param aad, aad_size Bytes that everybody can see and nobody can change; empty for none. @param padding Zeros added, so
 *        that the size says less. @param out_message Free with mychat_bytes_free().
 * @return #MYCHAT_OK; #MYCHAT_E_INVALID_STATE after this member was put out, or a ReInit. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_mls_group_protect(mychat_mls_group* group, const void* data, size_t data_size,
                                                  const void* aad, size_t aad_size, uint32_t padding,
                                                  mychat_bytes** out_message, mychat_error* error);

/** A message of another member, taken. */
typedef struct mychat_mls_received {
  uint32_t struct_size;                    /**< sizeof(mychat_mls_received) of the library. */
  mychat_mls_content content;              /**< What it holds. */
  mychat_mls_sender_type sender_type;      /**< Who it is from. */
  uint32_t sender;                         /**< Leaf or place of who it is from. */
  uint64_t epoch;                          /**< The one that it was sent in. */
  const mychat_mls_credential* credential; /**< Of application data: whose; else NULL. */
  const uint8_t* data;                     /**< Application data; else empty. */
  size_t data_size;                        /**< Bytes of `data`. */
  const uint8_t* aad;                      /**< What it authenticates. */
  size_t aad_size;                         /**< Bytes of `aad`. */
  const mychat_mls_proposal* proposal;     /**< The proposal, which now waits; else NULL. */
  const mychat_mls_summary* commit;        /**< The commit, which now counts; else NULL. */
} mychat_mls_received;

/** Free what mychat_mls_group_process() gave, and wipe it; NULL is harmless. Any thread. Since 0.1.0. */
MYCHAT_API void mychat_mls_received_free(mychat_mls_received* received);

/**
 * @brief Take a message of another member: application data are decrypted; a proposal waits from now on; a commit counts
 *        from now on. A commit of one's own is not processed but applied.
 * @param out_received Free with mychat_mls_received_free().
 * @return #MYCHAT_OK; #MYCHAT_E_MALFORMED, #MYCHAT_E_SIGNATURE, #MYCHAT_E_DECRYPT, #MYCHAT_E_STALE, #MYCHAT_E_NOT_FOUND by
 *         the rule that is broken; #MYCHAT_E_REPLAY when it was taken before; #MYCHAT_E_TOO_LARGE when too many before it are
 *         missing; #MYCHAT_E_POLICY by a rule, or when `accept_commit` does not accept it; #MYCHAT_E_BUSY when too many
 *         proposals wait; #MYCHAT_E_INVALID_STATE after this member was put out, or a ReInit; #MYCHAT_E_INVALID_ARGUMENT when
 *         it is no message of a group. After #MYCHAT_E_OUT_OF_MEMORY the same message can be taken again. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_mls_group_process(mychat_mls_group* group, const void* message, size_t message_size,
                                                  mychat_mls_received** out_received, mychat_error* error);

/* ---- Changes ---- */

/** Flags of a handshake message. */
typedef uint32_t mychat_mls_handshake_flags;
enum {
  MYCHAT_MLS_PUBLIC = 1,     /**< Signed only: who carries it can read it. */
  MYCHAT_MLS_NO_WAITING = 2, /**< Of a commit: proposals that wait are not taken in. */
  MYCHAT_MLS_NO_PATH = 4,    /**< Of a commit: no new keys where the proposals do not demand them. */
  MYCHAT_MLS_NO_TREE = 8     /**< Of a commit: the welcome does not hold the tree. */
};

/**
 * @brief Propose something; it also waits here, for whoever commits next.
 * @param proposal, proposal_size Of a mychat_mls_propose_ function. @param flags 0 or #MYCHAT_MLS_PUBLIC.
 * @param out_message Free with mychat_bytes_free().
 * @return #MYCHAT_OK; #MYCHAT_E_MALFORMED, #MYCHAT_E_SIGNATURE, #MYCHAT_E_POLICY, #MYCHAT_E_STALE by the rule that is broken;
 *         #MYCHAT_E_BUSY when too many wait; #MYCHAT_E_INVALID_STATE after this member was put out, or a ReInit;
 *         #MYCHAT_E_UNSUPPORTED (a ReInit to a cipher suite that not every member's leaf names);
 *         #MYCHAT_E_INVALID_ARGUMENT (flags; Updates and ExternalInits). Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_mls_group_propose(mychat_mls_group* group, const void* proposal, size_t proposal_size,
                                                  const void* aad, size_t aad_size, mychat_mls_handshake_flags flags,
                                                  mychat_bytes** out_message, mychat_error* error);

/**
 * @brief Propose new keys for this member, as mychat_mls_group_propose().
 * @param leaf How it appears from then on; without a private key: with the same; NULL: as before.
 * @return As mychat_mls_group_propose(). Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_mls_group_propose_update(mychat_mls_group* group, const mychat_mls_leaf_options* leaf,
                                                         const void* aad, size_t aad_size,
                                                         mychat_mls_handshake_flags flags, mychat_bytes** out_message,
                                                         mychat_error* error);

/**
 * @brief The proposals of this epoch that wait for a commit.
 * @param out_list Free with mychat_mls_proposal_list_free(). @return #MYCHAT_OK. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_mls_group_waiting(mychat_mls_group* group, mychat_mls_proposal_list** out_list,
                                                  mychat_error* error);

/** Forget the proposals that wait, here only: commits of others that refer to them are not understood then.
 *  @return #MYCHAT_OK. Since 0.1.0. */
MYCHAT_API mychat_status mychat_mls_group_drop_waiting(mychat_mls_group* group, mychat_error* error);

/** A commit that is made; initialise with #MYCHAT_MLS_COMMIT_OPTIONS_INIT. */
typedef struct mychat_mls_commit_options {
  uint32_t struct_size;                /**< sizeof(mychat_mls_commit_options) of the caller. */
  mychat_mls_handshake_flags flags;    /**< Flags; 0 for none. */
  const void* proposals;               /**< Of mychat_mls_propose_ functions, one behind the other; empty for none. */
  size_t proposals_size;               /**< Bytes of `proposals`. */
  const void* aad;                     /**< Bytes that it authenticates; empty for none. */
  size_t aad_size;                     /**< Bytes of `aad`. */
  const mychat_mls_leaf_options* leaf; /**< How this member appears from then on; without a private key: with the same;
                                            NULL: as before. */
} mychat_mls_commit_options;

/** Initialiser of mychat_mls_commit_options. */
#define MYCHAT_MLS_COMMIT_OPTIONS_INIT \
  { sizeof(mychat_mls_commit_options), 0, NULL, 0, NULL, 0, NULL }

/** As #MYCHAT_MLS_COMMIT_OPTIONS_INIT, for FFIs. NULL is harmless. Since 0.1.0. */
MYCHAT_API void mychat_mls_commit_options_init(mychat_mls_commit_options* options);

/**
 * @brief Make a commit of what is given and of what waits. The group stays as it is: send the commit, and when it has been
 *        ordered as the group's next, mychat_mls_group_apply(); when another one has, process that and free this.
 * @param options NULL: as initialised. @param out_commit Free with mychat_mls_commit_free().
 * @return #MYCHAT_OK; #MYCHAT_E_MALFORMED, #MYCHAT_E_SIGNATURE, #MYCHAT_E_POLICY, #MYCHAT_E_STALE, #MYCHAT_E_NOT_FOUND by the
 *         rule that is broken; #MYCHAT_E_INVALID_STATE after this member was put out, or a ReInit; #MYCHAT_E_UNSUPPORTED (a
 *         ReInit of `options` to a cipher suite that not every member's leaf names; one that waits is left out);
 *         #MYCHAT_E_INVALID_ARGUMENT. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_mls_group_commit(mychat_mls_group* group, const mychat_mls_commit_options* options,
                                                 mychat_mls_commit** out_commit, mychat_error* error);

/** Free a commit: one that was not applied never counted. NULL is harmless. Since 0.1.0. */
MYCHAT_API void mychat_mls_commit_free(mychat_mls_commit* commit);

/** The commit, to be sent to the members. @param out_message Free with mychat_bytes_free(). @return #MYCHAT_OK. Since
 *  0.1.0. */
MYCHAT_API mychat_status mychat_mls_commit_message(mychat_mls_commit* commit, mychat_bytes** out_message,
                                                   mychat_error* error);

/**
 * @brief The welcome, to be sent to all who are added once the commit has been ordered.
 * @param out_message Free with mychat_bytes_free(). @return #MYCHAT_OK; #MYCHAT_E_NOT_FOUND when nobody is added. Since
 *        0.1.0.
 */
MYCHAT_API mychat_status mychat_mls_commit_welcome(mychat_mls_commit* commit, mychat_bytes** out_message,
                                                   mychat_error* error);

/** What the commit does. @param out_summary Free with mychat_mls_summary_free(). @return #MYCHAT_OK. Since 0.1.0. */
MYCHAT_API mychat_status mychat_mls_commit_summary(mychat_mls_commit* commit, mychat_mls_summary** out_summary,
                                                   mychat_error* error);

/**
 * @brief Let a commit of mychat_mls_group_commit() count.
 * @return #MYCHAT_OK; #MYCHAT_E_INVALID_STATE when it is not of the group's present epoch, or came from elsewhere, or counts
 *         already. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_mls_group_apply(mychat_mls_group* group, mychat_mls_commit* commit,
                                                mychat_error* error);

/**
 * @brief The group of a commit that came into it or founded it: of mychat_mls_group_join_external(),
 *        mychat_mls_group_reinitialise() or mychat_mls_group_branch().
 * @param out_group Free with mychat_mls_group_free(). @return #MYCHAT_OK; #MYCHAT_E_INVALID_STATE when it is another one, or
 *        the group was taken already. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_mls_commit_group(mychat_mls_commit* commit, mychat_mls_group** out_group,
                                                 mychat_error* error);

/**
 * @brief Found the group that is to take the place of one that ended with a ReInit (RFC 9420, section 11.2).
 * @param before The group that ended. @param key_packages, key_packages_size Of its other members, as published, one behind
 *        the other. @param out_commit Its mychat_mls_commit_welcome() is to be sent to them, its mychat_mls_commit_group() is
 *        the group; free with mychat_mls_commit_free().
 * @return As mychat_mls_group_commit(); #MYCHAT_E_INVALID_STATE when the group did not end so; #MYCHAT_E_UNSUPPORTED (the
 *         version or cipher suite that it named). Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_mls_group_reinitialise(const mychat_mls_options* options, mychat_mls_group* before,
                                                       const mychat_mls_leaf_options* leaf, const void* key_packages,
                                                       size_t key_packages_size, mychat_mls_commit** out_commit,
                                                       mychat_error* error);

/**
 * @brief Found a group of some members of another one, tied to it (RFC 9420, section 11.3).
 * @param group NULL: a random id, no extensions. @param key_packages, key_packages_size, out_commit As for
 *        mychat_mls_group_reinitialise().
 * @return As mychat_mls_group_commit(). Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_mls_group_branch(const mychat_mls_options* options, mychat_mls_group* before,
                                                 const mychat_mls_leaf_options* leaf,
                                                 const mychat_mls_group_options* group, const void* key_packages,
                                                 size_t key_packages_size, mychat_mls_commit** out_commit,
                                                 mychat_error* error);

/* ---- Storing ---- */

/** A part of a stored group. What it holds is secret. */
typedef struct mychat_mls_record {
  uint32_t struct_size;   /**< sizeof(mychat_mls_record) of who made it. */
  int32_t is_erased;      /**< 1: what is stored under this id is to be erased. */
  const char* id;         /**< Its name within the group. */
  const uint8_t* content; /**< What is to be stored under it. */
  size_t content_size;    /**< Bytes of `content`. */
} mychat_mls_record;

/** Records. */
typedef struct mychat_mls_record_list {
  uint32_t struct_size;                  /**< sizeof(mychat_mls_record_list) of the library. */
  size_t count;                          /**< How many. */
  const mychat_mls_record* const* items; /**< In the order in which they are to be stored. */
} mychat_mls_record_list;

/** Free a list, and wipe it; NULL is harmless. Any thread. Since 0.1.0. */
MYCHAT_API void mychat_mls_record_list_free(mychat_mls_record_list* list);

/**
 * @brief All of a group: store it instead of whatever was stored of the group before.
 * @param out_list Free with mychat_mls_record_list_free(), which wipes it. @return #MYCHAT_OK. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_mls_group_save(mychat_mls_group* group, mychat_mls_record_list** out_list,
                                               mychat_error* error);

/**
 * @brief What changed since the last call of this or of mychat_mls_group_save(): few records after a message. Store it in
 *        one transaction with what the change was made for, and before a message that was made is sent.
 * @param out_list Free with mychat_mls_record_list_free(), which wipes it. @return #MYCHAT_OK. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_mls_group_take_changes(mychat_mls_group* group, mychat_mls_record_list** out_list,
                                                       mychat_error* error);

/**
 * @brief The group as it will be once a commit counts, all of it: to be stored before the commit is sent, so that a crash
 *        between does not lose it. Messages of earlier epochs cannot be read by a group that is loaded from it.
 * @param out_list Free with mychat_mls_record_list_free(), which wipes it. @return #MYCHAT_OK; #MYCHAT_E_INVALID_STATE when
 *        the commit counts already. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_mls_commit_save(mychat_mls_commit* commit, mychat_mls_record_list** out_list,
                                                mychat_error* error);

/**
 * @brief A group of what is stored of it.
 * @param records, record_count All records, in any order, none of them erased. @param out_group Free with
 *        mychat_mls_group_free().
 * @return #MYCHAT_OK; #MYCHAT_E_STORE_CORRUPT; #MYCHAT_E_STORE_TOO_NEW; #MYCHAT_E_UNSUPPORTED (its cipher suite, with this
 *         OpenSSL); #MYCHAT_E_INVALID_ARGUMENT. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_mls_group_load(const mychat_mls_options* options,
                                               const mychat_mls_record* const* records, size_t record_count,
                                               mychat_mls_group** out_group, mychat_error* error);

/* ---- From outside of a group ---- */

/**
 * @brief Somebody who may propose to a group without being in it: a server that puts people out, say (RFC 9420, section
 *        12.1.8.1). Encoded, for mychat_mls_external_senders().
 * @param suite The group's cipher suite. @param credential, credential_size Who, encoded. @param signature_key,
 *        signature_key_size The public key that he signs with, of mychat_mls_signature_public_key().
 * @param out_sender Free with mychat_bytes_free().
 * @return #MYCHAT_OK; #MYCHAT_E_UNSUPPORTED (the suite); #MYCHAT_E_MALFORMED (credential, or no key of the suite). Any
 *         thread. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_mls_external_sender(uint16_t suite, const void* credential, size_t credential_size,
                                                    const void* signature_key, size_t signature_key_size,
                                                    mychat_bytes** out_sender, mychat_error* error);

/**
 * @brief The extension of a group that names who may propose to it from outside, for mychat_mls_group_options and
 *        mychat_mls_propose_extensions(). Whether each belongs to his credential every member asks its program.
 * @param senders, senders_size Of mychat_mls_external_sender(), one behind the other: the first has place 0.
 * @param out_extension Encoded; free with mychat_bytes_free(). @return #MYCHAT_OK; #MYCHAT_E_MALFORMED. Any thread. Since
 *        0.1.0.
 */
MYCHAT_API mychat_status mychat_mls_external_senders(const void* senders, size_t senders_size,
                                                     mychat_bytes** out_extension, mychat_error* error);

/**
 * @brief What one of a group's external senders proposes, as a message for its members, with whom it waits for a commit. It
 *        is signed, not encrypted.
 * @param suite, group_id, group_id_size, epoch The group as it is: mychat_mls_read_message() tells of its messages and group
 *        infos. @param sender The sender's place in the group's extension. @param private_key, private_key_size His, of
 *        mychat_mls_new_signature_key(). @param proposal, proposal_size Of a mychat_mls_propose_ function. @param aad, aad_size
 *        Data beside it that everybody can see; NULL for none. @param out_message Free with mychat_bytes_free().
 * @return #MYCHAT_OK; #MYCHAT_E_UNSUPPORTED (the suite); #MYCHAT_E_MALFORMED (key, proposal, or one that only members may
 *         make: rule 607). Any thread. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_mls_external_proposal(uint16_t suite, const void* group_id, size_t group_id_size,
                                                      uint64_t epoch, uint32_t sender, const void* private_key,
                                                      size_t private_key_size, const void* proposal,
                                                      size_t proposal_size, const void* aad, size_t aad_size,
                                                      mychat_bytes** out_message, mychat_error* error);

/**
 * @brief The wish to be added to a group, as a message for its members, with whom it waits for a commit (RFC 9420, section
 *        12.1.8). The welcome is then for the key package, which must be kept until it comes.
 * @param package The own one. @param group_id, group_id_size, epoch The group as it is. @param aad, aad_size As of
 *        mychat_mls_external_proposal(). @param out_message Free with mychat_bytes_free().
 * @return #MYCHAT_OK; #MYCHAT_E_INVALID_ARGUMENT. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_mls_join_proposal(mychat_mls_key_package* package, const void* group_id,
                                                  size_t group_id_size, uint64_t epoch, const void* aad,
                                                  size_t aad_size, mychat_bytes** out_message, mychat_error* error);

#ifdef __cplusplus
}
#endif

#endif /* MYCHAT_MLS_H */
