// Keys, trust and backups.
#include "c_api/convert.h"
#include "keys/fingerprint.h"
#include "keys/jwk.h"
#include "keys/public_key.h"

using namespace mychat;
using namespace mychat::c_api;

extern "C" {

mychat_status mychat_public_key_convert(const char* key, mychat_key_format format, char** out_text,
                                        mychat_error* error) {
  return guard(error, [&] {
    char*& out = require_out(out_text);
    const RsaPublicKey parsed = parse_public_key(require_text(key, "key"));
    if (format == MYCHAT_KEY_PEM) {
      out = new_string(parsed.to_spki_pem());
    } else if (format == MYCHAT_KEY_JWK) {
      out = new_string(public_jwk(parsed));
    } else {
      throw_argument("The key format is not one of MYCHAT_KEY_.");
    }
  });
}

mychat_status mychat_fingerprint(const char* key, mychat_fingerprint_form form, char** out_text,
                                 mychat_error* error) {
  return guard(error, [&] {
    char*& out = require_out(out_text);
    const RsaPublicKey parsed = parse_public_key(require_text(key, "key"));
    if (form == MYCHAT_FINGERPRINT_JWK) {
      out = new_string(key_fingerprint(parsed));
    } else if (form == MYCHAT_FINGERPRINT_PEM) {
      out = new_string(pem_fingerprint(parsed.to_spki_pem()));
    } else {
      throw_argument("The form is not one of MYCHAT_FINGERPRINT_.");
    }
  });
}

mychat_status mychat_client_public_key(mychat_client* client, mychat_key_format format, char** out_text,
                                       mychat_error* error) {
  return guard(error, [&] {
    char*& out = require_out(out_text);
    out = new_string(require(client).public_key(format));
  });
}

mychat_status mychat_client_export_private_key(mychat_client* client, mychat_key_format format,
                                               char** out_text, mychat_error* error) {
  return guard(error, [&] {
    char*& out = require_out(out_text);
    const Secret key = require(client).export_private_key(format);
    out = new_string(text(view(key)));
  });
}

mychat_status mychat_client_import_private_key(mychat_client* client, const char* key, mychat_error* error) {
  return guard(error, [&] { require(client).import_private_key(require_text(key, "key")); });
}

mychat_status mychat_client_safety_number(mychat_client* client, const char* handle, char** out_text,
                                          mychat_error* error) {
  return guard(error, [&] {
    char*& out = require_out(out_text);
    out = new_string(require(client).safety_number(require_text(handle, "handle")));
  });
}

mychat_status mychat_client_safety_qr(mychat_client* client, const char* handle, char** out_text,
                                      mychat_error* error) {
  return guard(error, [&] {
    char*& out = require_out(out_text);
    out = new_string(require(client).safety_qr(require_text(handle, "handle")));
  });
}

mychat_status mychat_client_compare_safety_qr(mychat_client* client, const char* handle, const char* scanned,
                                              mychat_scan_result* out_result, mychat_error* error) {
  return guard(error, [&] {
    mychat_scan_result& out = require_out_value(out_result);
    out = require(client).compare_safety_qr(require_text(handle, "handle"), require_text(scanned, "scanned"));
  });
}

mychat_status mychat_client_set_verified(mychat_client* client, const char* handle, const char* fingerprint,
                                         int32_t verified, mychat_error* error) {
  return guard(error, [&] {
    Client& mine = require(client);
    if (verified != 0 && verified != 1) throw_argument("verified is 0 or 1.");
    mine.set_verified(require_text(handle, "handle"), require_text(fingerprint, "fingerprint"),
                      verified == 1);
  });
}

mychat_status mychat_client_accept_key(mychat_client* client, const char* handle, const char* fingerprint,
                                       mychat_error* error) {
  return guard(error, [&] {
    require(client).accept_key(require_text(handle, "handle"), require_text(fingerprint, "fingerprint"));
  });
}

// ---- Backup

mychat_status mychat_client_export_backup(mychat_client* client, const char* password,
                                          mychat_backup_kind kind, mychat_backup** out_backup,
                                          mychat_error* error) {
  return guard(error, [&] {
    mychat_backup*& out = require_out(out_backup);
    Boxed<mychat_backup> made;
    require(client).export_backup(require_text(password, "password"), kind,
                                  [&](const BackupFile& file) { made.reset(new_backup(file)); });
    out = made.release();
  });
}

void mychat_backup_free(mychat_backup* backup) { free_boxed(backup); }

mychat_status mychat_verify_backup(mychat_client* client, const void* data, size_t size, const char* password,
                                   mychat_backup_report** out_report, mychat_error* error) {
  return guard(error, [&] {
    mychat_backup_report*& out = require_out(out_report);
    const ByteView archive = require_bytes(data, size, "data");
    const std::string_view secret = require_text(password, "password");
    out = new_backup_report(client == nullptr ? verify_backup(archive, secret)
                                              : client->client.verify_backup(archive, secret));
  });
}

void mychat_backup_report_free(mychat_backup_report* report) { free_boxed(report); }

mychat_status mychat_client_import_backup(mychat_client* client, const void* data, size_t size,
                                          const char* password, mychat_backup_report** out_report,
                                          mychat_error* error) {
  return guard(error, [&] {
    if (out_report != nullptr) *out_report = nullptr;
    Client& mine = require(client);
    Boxed<mychat_backup_report> made;
    mine.import_backup(require_bytes(data, size, "data"), require_text(password, "password"),
                       [&](const BackupReport& report) {
                         if (out_report != nullptr) made.reset(new_backup_report(report));
                       });
    if (out_report != nullptr) *out_report = made.release();
  });
}

mychat_status mychat_backup_change_password(const void* data, size_t size, const char* password,
                                            const char* new_password, mychat_backup** out_backup,
                                            mychat_error* error) {
  return guard(error, [&] {
    mychat_backup*& out = require_out(out_backup);
    out = new_backup(change_backup_password_of(require_bytes(data, size, "data"),
                                               require_text(password, "password"),
                                               require_text(new_password, "new_password")));
  });
}

// ---- Rotation

mychat_status mychat_client_rotate_identity(mychat_client* client, const char* password,
                                            mychat_request_id* out_request, mychat_error* error) {
  return guard(error, [&] {
    mychat_request_id& out = require_out_value(out_request);
    Client& mine = require(client);
    out = mine.rotate_identity(password == nullptr ? std::nullopt
                                                   : std::optional(require_secret(password, "password")));
  });
}

}  // extern "C"
