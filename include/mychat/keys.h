/**
 * @file keys.h
 * @brief Identity keys: fingerprints, safety numbers, trust in contacts' keys, backups, rotation.
 */
#ifndef MYCHAT_KEYS_H
#define MYCHAT_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include "client.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Text forms of a key. */
typedef int32_t mychat_key_format;
enum {
  MYCHAT_KEY_PEM = 1, /**< SubjectPublicKeyInfo or PKCS #8, PEM. */
  MYCHAT_KEY_JWK = 2  /**< JSON Web Key as WebCrypto writes it. */
};

/** What a fingerprint is taken over. */
typedef int32_t mychat_fingerprint_form;
enum {
  MYCHAT_FINGERPRINT_JWK = 1, /**< The canonical public JWK: the usual form. */
  MYCHAT_FINGERPRINT_PEM = 2  /**< The PEM text, as some nodes do it. */
};

/**
 * @brief Convert a public identity key between its text forms.
 * @param key PEM or JWK of an RSA-4096 public key. @param out_text Free with mychat_string_free().
 * @return #MYCHAT_OK; #MYCHAT_E_INVALID_ARGUMENT; #MYCHAT_E_MALFORMED; #MYCHAT_E_UNSUPPORTED (another kind of key).
 *         Any thread. Since 0.1.0. MyChat v1, section 1.
 */
MYCHAT_API mychat_status mychat_public_key_convert(const char* key, mychat_key_format format, char** out_text,
                                                   mychat_error* error);

/**
 * @brief Fingerprint of a public identity key: SHA-256 as 16 groups of 4 upper-case hex digits.
 * @param key PEM or JWK. @param out_text 79 characters; free with mychat_string_free().
 * @return As mychat_public_key_convert(). Any thread. Since 0.1.0. MyChat v1, section 1.
 */
MYCHAT_API mychat_status mychat_fingerprint(const char* key, mychat_fingerprint_form form, char** out_text,
                                            mychat_error* error);

/**
 * @brief This account's public identity key.
 * @param out_text Free with mychat_string_free(). @return #MYCHAT_OK; #MYCHAT_E_NO_IDENTITY. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_client_public_key(mychat_client* client, mychat_key_format format, char** out_text,
                                                  mychat_error* error);

/**
 * @brief This account's private identity key, in the clear: for programs that keep it elsewhere. Prefer a backup.
 * @param out_text Free with mychat_string_free(), which wipes it. @return #MYCHAT_OK; #MYCHAT_E_NO_IDENTITY. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_client_export_private_key(mychat_client* client, mychat_key_format format,
                                                          char** out_text, mychat_error* error);

/**
 * @brief Give a private identity key to a client that has none.
 * @param key PEM (PKCS #8) or private JWK of an RSA-4096 key.
 * @return #MYCHAT_OK; #MYCHAT_E_MALFORMED; #MYCHAT_E_UNSUPPORTED; #MYCHAT_E_ALREADY_EXISTS when there is one;
 *         #MYCHAT_E_KEY_MISMATCH when it is not the account's. Messages that it opens become readable. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_client_import_private_key(mychat_client* client, const char* key, mychat_error* error);

/**
 * @brief Safety number of this user and a contact: 60 digits in 12 groups, the same on both sides.
 * @param handle A contact or peer whose key is known. @param out_text Free with mychat_string_free().
 * @return #MYCHAT_OK; #MYCHAT_E_NO_IDENTITY; #MYCHAT_E_NOT_FOUND (mychat_client_lookup() first). With a changed key it is
 *         the number of the new, pending one. Since 0.1.0. docs/safety-number.md.
 */
MYCHAT_API mychat_status mychat_client_safety_number(mychat_client* client, const char* handle, char** out_text,
                                                     mychat_error* error);

/**
 * @brief The same as the text of a QR code, for the other side to scan.
 * @param out_text ASCII; free with mychat_string_free(). @return As mychat_client_safety_number(). Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_client_safety_qr(mychat_client* client, const char* handle, char** out_text,
                                                 mychat_error* error);

/** What comparing a scanned code gave. */
typedef int32_t mychat_scan_result;
enum {
  MYCHAT_SCAN_MATCH = 1,        /**< Same two users, same keys: safe to mark verified. */
  MYCHAT_SCAN_MISMATCH = 2,     /**< Same two users, other keys: somebody may be in between. */
  MYCHAT_SCAN_OTHER_USERS = 3,  /**< A code of other users. */
  MYCHAT_SCAN_NEWER_VERSION = 4 /**< A newer library made it. */
};

/**
 * @brief Compare a code scanned from the contact's screen. It changes nothing; call mychat_client_set_verified() then.
 * @return #MYCHAT_OK; #MYCHAT_E_MALFORMED when it is no such code; as mychat_client_safety_number(). Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_client_compare_safety_qr(mychat_client* client, const char* handle, const char* scanned,
                                                         mychat_scan_result* out_result, mychat_error* error);

/**
 * @brief Mark a contact's accepted key as verified by the user, or no longer.
 * @param fingerprint The one that was compared: it must be the accepted one. @param verified 0 or 1.
 * @return #MYCHAT_OK; #MYCHAT_E_NOT_FOUND; #MYCHAT_E_KEY_MISMATCH; #MYCHAT_E_KEY_CHANGED (accept first). Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_client_set_verified(mychat_client* client, const char* handle, const char* fingerprint,
                                                    int32_t verified, mychat_error* error);

/**
 * @brief Accept a contact's changed key. It becomes unverified; messages waiting for it are sent.
 * @param fingerprint The pending one, so that a key that changes once more is not accepted unseen.
 * @return #MYCHAT_OK; #MYCHAT_E_NOT_FOUND; #MYCHAT_E_KEY_MISMATCH; #MYCHAT_E_INVALID_STATE when none waits. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_client_accept_key(mychat_client* client, const char* handle, const char* fingerprint,
                                                  mychat_error* error);

/* ---- Backup ---- */

/** What a backup archive holds. */
typedef int32_t mychat_backup_kind;
enum {
  MYCHAT_BACKUP_FULL = 1,  /**< The v1 members and our sealed member. Every v1 client can read the keys; their
                                protection is that of v1: PBKDF2 with 100,000 iterations. */
  MYCHAT_BACKUP_V1 = 2,    /**< Only what v1 holds: the identity key. */
  MYCHAT_BACKUP_SEALED = 3 /**< Only our member, under Argon2id; v1 clients cannot read it. */
};

/** A backup archive and the name it should be saved under. */
typedef struct mychat_backup {
  uint32_t struct_size;  /**< sizeof(mychat_backup) of the library. */
  size_t size;           /**< Bytes of the archive. */
  const uint8_t* data;   /**< The archive: a ZIP file. */
  const char* file_name; /**< "mychat-keys-USERNAME-MILLIS.zip" */
} mychat_backup;

/**
 * @brief Make a key backup. The caller saves it, with mode 0600. Takes about a second (key derivation).
 * @param password Of the archive, UTF-8, at least 8 characters. @param out_backup Free with mychat_backup_free().
 * @return #MYCHAT_OK; #MYCHAT_E_INVALID_ARGUMENT; #MYCHAT_E_NO_IDENTITY. Since 0.1.0. MyChat v1, section 3.
 */
MYCHAT_API mychat_status mychat_client_export_backup(mychat_client* client, const char* password,
                                                     mychat_backup_kind kind, mychat_backup** out_backup,
                                                     mychat_error* error);

/** Free a backup; NULL is harmless. Any thread. Since 0.1.0. */
MYCHAT_API void mychat_backup_free(mychat_backup* backup);

/** What a backup holds, or would lose. */
typedef struct mychat_backup_report {
  uint32_t struct_size;       /**< sizeof(mychat_backup_report) of the library. */
  int32_t has_v1_members;     /**< 1 when v1 clients can read it. */
  int32_t has_sealed_member;  /**< 1 when it holds our member. */
  int32_t has_signing_key;    /**< 1 when a signing key is in it; without, it follows from the identity key. */
  const char* handle;         /**< "" when the archive does not say. */
  const char* fingerprint;    /**< Of the identity key in it. */
  int64_t created_at;         /**< When it was made. */
  uint32_t contacts;          /**< Contacts in it. */
  uint32_t verified_contacts; /**< Of these, verified ones. */
  int32_t matches_account;    /**< 1 when its key is the client's own; -1 when there is nothing to compare. */
  size_t loss_count;          /**< Number of things that a restore would not bring back. */
  const char* const* losses;  /**< English sentences: what would be lost, against the client it was compared with. */
} mychat_backup_report;

/**
 * @brief Prove a backup: restore it into a scratch store, use the keys, and say what would be lost. The scratch store is
 *        a file in the system's folder for such, sealed with a key that exists in memory only, and is removed.
 * @param client What to compare with; NULL for none. @param data, size The archive. @param password Its password.
 * @param out_report Free with mychat_backup_report_free().
 * @return #MYCHAT_OK when it can be restored; #MYCHAT_E_MALFORMED (not an archive, truncated, a member missing or of the
 *         wrong type), #MYCHAT_E_TOO_LARGE, #MYCHAT_E_WRONG_PASSWORD, #MYCHAT_E_KEY_MISMATCH (its keys do not belong
 *         together), #MYCHAT_E_UNSUPPORTED (a newer version), #MYCHAT_E_IO (no scratch store can be made). Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_verify_backup(mychat_client* client, const void* data, size_t size,
                                              const char* password, mychat_backup_report** out_report,
                                              mychat_error* error);

/** Free a report; NULL is harmless. Any thread. Since 0.1.0. */
MYCHAT_API void mychat_backup_report_free(mychat_backup_report* report);

/**
 * @brief Restore a backup into a client that has no identity, or one of the same account. Contacts and their trust come
 *        back with the sealed member; messages that the key opens become readable; a client without an account takes its
 *        name over from the archive. A backup made after a rotation brings the new key: it takes the place of the old one,
 *        which stays for old messages (an archive that does not name the old one: when the node has shown that key, and this
 *        client did not give it up). Any other adds its keys for messages, and leaves the present one in use; it can be
 *        restored again. A policy is only made
 *        stricter. All or nothing.
 * @param out_report As mychat_verify_backup(); may be NULL.
 * @return As mychat_verify_backup(); #MYCHAT_E_ALREADY_EXISTS when the client has another identity;
 *         #MYCHAT_E_KEY_MISMATCH also when the key is not the one of the logged-in account. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_client_import_backup(mychat_client* client, const void* data, size_t size,
                                                     const char* password, mychat_backup_report** out_report,
                                                     mychat_error* error);

/**
 * @brief The same backup under another password; the old one stays valid for the old file.
 * @param out_backup Free with mychat_backup_free(). @return As mychat_verify_backup(). Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_backup_change_password(const void* data, size_t size, const char* password,
                                                       const char* new_password, mychat_backup** out_backup,
                                                       mychat_error* error);

/* ---- Rotation ---- */

/**
 * @brief Make a new identity key and announce it to contacts, signed by the old one if it is here. They go on writing to
 *        the old key until they accept the new one; old messages stay readable here. Make a new backup afterwards,
 *        and import it on the account's other devices: they send nothing until then (#MYCHAT_EVENT_CONNECTION tells them
 *        so with #MYCHAT_E_KEY_MISMATCH). Networked; the completion carries the account.
 * @param password The account's password: needed (as a fresh login) when the old key is not here; else NULL.
 * @return #MYCHAT_OK; #MYCHAT_E_INVALID_STATE when not logged in. Completion: #MYCHAT_E_UNSUPPORTED (a v1 node),
 *         #MYCHAT_E_UNAUTHORIZED, network and node errors; the old key then stays in use. Since 0.1.0.
 */
MYCHAT_API mychat_status mychat_client_rotate_identity(mychat_client* client, const char* password,
                                                       mychat_request_id* out_request, mychat_error* error);

#ifdef __cplusplus
}
#endif

#endif /* MYCHAT_KEYS_H */
