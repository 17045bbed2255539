// Fingerprints, verification, backups, rotation.
#include <unistd.h>

#include <chrono>
#include <cstdio>

#include "backup_file.h"
#include "files.h"
#include "qr.h"
#include "text.h"
#include "views.h"

namespace cli {
namespace {

constexpr std::size_t kMaxArchive = 256u << 20;

mychat_backup_kind kind_of(const std::string& name) {
  return name == "v1" ? MYCHAT_BACKUP_V1 : name == "sealed" ? MYCHAT_BACKUP_SEALED : MYCHAT_BACKUP_FULL;
}

// The contact as the store knows it, or as the node does.
Owned<mychat_contact> known_contact(Session& session, const std::string& handle) {
  mychat_contact* found = nullptr;
  mychat_error error = MYCHAT_ERROR_INIT;
  const mychat_status status = mychat_client_contact(session.client(), handle.c_str(), &found, &error);
  if (status == MYCHAT_OK && *found->fingerprint != '\0') return Owned<mychat_contact>(found);
  mychat_contact_free(found);
  if (status != MYCHAT_OK && status != MYCHAT_E_NOT_FOUND) throw ApiError(error);
  session.request(mychat_client_lookup, handle.c_str());
  return fetch<mychat_contact>(mychat_client_contact, session.client(), handle.c_str());
}

}  // namespace

// ---- Fingerprints and verification

int fingerprint_command(const Globals& globals, const FingerprintOptions& options) {
  Session session(globals, Store::kMustExist);
  if (!options.handle.empty()) {
    const std::string handle = session.handle(options.handle);
    const auto contact = known_contact(session, handle);
    if (globals.json) {
      print_result(contact_json(*contact));
    } else {
      print_result(std::string(contact->fingerprint) + "  " + safe_line(handle) + " (" +
                   trust_name(contact->trust) + ")");
    }
    if (contact->trust == MYCHAT_TRUST_CHANGED) print_key_change(globals, *contact);
    return kOk;
  }
  const auto account = session.account();
  const mychat_key_format format = options.key_format == "jwk" ? MYCHAT_KEY_JWK : MYCHAT_KEY_PEM;
  const auto key = fetch<char>(mychat_client_public_key, session.client(), format);
  if (globals.json) {
    print_result(JsonObject()
                     .text_or_null("handle", account->handle)
                     .text("fingerprint", account->fingerprint)
                     .text("public_key", key.get())
                     .str());
  } else {
    print_result(options.key_format.empty() ? account->fingerprint : key.get());
  }
  return kOk;
}

namespace {

const char* scan_name(mychat_scan_result result) {
  switch (result) {
    case MYCHAT_SCAN_MATCH:
      return "match";
    case MYCHAT_SCAN_MISMATCH:
      return "mismatch";
    case MYCHAT_SCAN_OTHER_USERS:
      return "other_users";
    default:
      return "newer_version";
  }
}

// Throws unless the scanned code matches.
void compare_scanned(Session& session, const std::string& handle, const std::string& scanned) {
  mychat_scan_result result = 0;
  call(mychat_client_compare_safety_qr, session.client(), handle.c_str(), scanned.c_str(), &result);
  if (result == MYCHAT_SCAN_MATCH) return;
  const char* message = result == MYCHAT_SCAN_MISMATCH
                            ? "The scanned code has OTHER KEYS: somebody may be in between. Do not trust it."
                        : result == MYCHAT_SCAN_OTHER_USERS
                            ? "That code is one of other users (or your own): it proves nothing."
                            : "A newer MyChat made that code; update this one.";
  throw ApiError(MYCHAT_E_KEY_MISMATCH, MYCHAT_DOMAIN_KEYS,
                 std::string(message) + " (" + scan_name(result) + ")");
}

void show_safety(Session& session, const VerifyOptions& options, const std::string& handle,
                 const char* number, const char* code) {
  const bool terminal = ::isatty(STDOUT_FILENO) != 0;
  print_result("Safety number with " + safe_line(handle) + ":");
  print_result(std::string("\n  ") + number + "\n");
  if ((terminal || options.qr) && !options.no_qr) print_result(qr_code(code, terminal));
  print_result(std::string("Code: ") + code);
  print_note(session.globals(), "Compare the number with the one they see, by voice or side by side.");
}

}  // namespace

int verify_command(const Globals& globals, const VerifyOptions& options) {
  Session session(globals, Store::kMustExist);
  const std::string handle = session.handle(options.handle);
  auto contact = known_contact(session, handle);
  const auto number = fetch<char>(mychat_client_safety_number, session.client(), handle.c_str());
  const auto code = fetch<char>(mychat_client_safety_qr, session.client(), handle.c_str());
  const bool act = options.undo || !options.fingerprint.empty() || !options.scanned.empty();
  if (!globals.json && !act) show_safety(session, options, handle, number.get(), code.get());
  if (contact->trust == MYCHAT_TRUST_CHANGED) print_key_change(globals, *contact);
  std::string confirmed = options.fingerprint;
  if (!options.scanned.empty()) {
    compare_scanned(session, handle, options.scanned);
    // The code proves the new key of a changed contact, when there is one; that must be accepted by name
    // first.
    confirmed = contact->trust == MYCHAT_TRUST_CHANGED ? contact->pending_fingerprint : contact->fingerprint;
  } else if (options.undo) {
    confirmed = contact->fingerprint;
  } else if (confirmed.empty() && can_ask() && !globals.json && contact->trust == MYCHAT_TRUST_UNVERIFIED &&
             ask_yes("Do both numbers agree?")) {
    confirmed = contact->fingerprint;
  }
  if (!confirmed.empty()) {
    call(mychat_client_set_verified, session.client(), handle.c_str(), confirmed.c_str(),
         options.undo ? 0 : 1);
    contact = fetch<mychat_contact>(mychat_client_contact, session.client(), handle.c_str());
  }
  if (globals.json) {
    print_result(JsonObject()
                     .text("handle", handle)
                     .text("trust", trust_name(contact->trust))
                     .text("fingerprint", contact->fingerprint)
                     .text("safety_number", number.get())
                     .text("code", code.get())
                     .str());
  } else {
    print_result(safe_line(handle) + " is " + trust_name(contact->trust) + ".");
  }
  return contact->trust == MYCHAT_TRUST_CHANGED ? kKeys : kOk;
}

// ---- Backups

BackupPlan plan_backup(const Globals& globals, const BackupChoice& choice) {
  BackupPlan plan;
  plan.kind = kind_of(choice.kind);
  if (choice.none) return plan;
  plan.wanted = true;
  plan.file = choice.file;
  if (plan.file.empty() && (!can_ask() || globals.json))
    throw UsageError(
        "Say where the key backup goes: --backup FILE (or --no-backup, and risk losing everything).");
  if (!plan.file.empty()) require_absent(plan.file);
  plan.password = backup_password(globals, Ask::kTwice);
  return plan;
}

std::string save_backup(Session& session, const BackupPlan& plan) {
  const auto backup =
      fetch<mychat_backup>(mychat_client_export_backup, session.client(), plan.password.c_str(), plan.kind);
  std::string file = plan.file;
  while (file.empty()) {
    file = ask_line(std::string("Save the key backup as [") + backup->file_name + "]: ");
    if (file.empty()) file = backup->file_name;
    if (!file_exists(file)) break;
    print_note(session.globals(), file + " exists already and is never overwritten.");
    file.clear();
  }
  write_private_file(file, backup->data, backup->size);
  // What counts is what can be read back.
  const auto bytes = read_file(file, kMaxArchive);
  fetch<mychat_backup_report>(mychat_verify_backup, session.client(), static_cast<const void*>(bytes.data()),
                              bytes.size(), plan.password.c_str());
  return file;
}

int backup_command(const Globals& globals, const BackupChoice& choice) {
  Session session(globals, Store::kMustExist);
  BackupPlan plan = plan_backup(globals, choice);
  const std::string file = save_backup(session, plan);
  if (globals.json) {
    print_result(JsonObject().text("file", file).text("kind", choice.kind).boolean("verified", true).str());
  } else {
    print_result("Key backup saved and proven: " + safe_line(file));
  }
  return kOk;
}

int backup_verify_command(const Globals& globals, const std::string& file) {
  const auto bytes = read_file(file, kMaxArchive);
  const bool compare =
      file_exists(globals.store.empty() ? default_store_path(globals.profile) : globals.store);
  std::optional<Session> session;
  if (compare) session.emplace(globals, Store::kMustExist);
  const SecretText password = backup_password(globals, Ask::kOnce);
  const auto report =
      fetch<mychat_backup_report>(mychat_verify_backup, compare ? session->client() : nullptr,
                                  static_cast<const void*>(bytes.data()), bytes.size(), password.c_str());
  if (globals.json) {
    print_result(report_json(*report));
  } else {
    print_result("This backup can be restored.");
    print_report(*report);
  }
  return report->matches_account == 0 ? kKeys : kOk;
}

int backup_passwd_command(const Globals& globals, const std::string& file, const std::string& new_file) {
  require_absent(new_file);
  const auto bytes = read_file(file, kMaxArchive);
  const SecretText password = backup_password(globals, Ask::kOnce);
  const SecretText next = new_backup_password(globals);
  const auto backup =
      fetch<mychat_backup>(mychat_backup_change_password, static_cast<const void*>(bytes.data()),
                           bytes.size(), password.c_str(), next.c_str());
  write_private_file(new_file, backup->data, backup->size);
  print_note(globals, "The old file keeps its old password: delete it if that was known to others.");
  print_result(globals.json ? JsonObject().text("file", new_file).str() : "Saved " + safe_line(new_file));
  return kOk;
}

namespace {

void try_online(Session& session) {
  try {
    session.go_online(std::chrono::milliseconds(15'000));
  } catch (const ApiError& error) {
    print_note(session.globals(), "Not connected: " + safe_line(error.what()));
  }
}

std::string login_line(const mychat_account& account) {
  const std::string handle = account.handle;
  return std::string("mychat ") +
         (*account.node_url == '\0' ? "--node URL " : "--node " + safe_line(account.node_url) + " ") +
         "login " + (handle.empty() ? "USERNAME" : safe_line(handle.substr(0, handle.find('@'))));
}

}  // namespace

int restore_command(const Globals& globals, const std::string& file) {
  const auto bytes = read_file(file, kMaxArchive);
  const SecretText password = backup_password(globals, Ask::kOnce);
  const void* data = bytes.data();
  // Proven first, so that a wrong password leaves no empty store behind.
  fetch<mychat_backup_report>(mychat_verify_backup, static_cast<mychat_client*>(nullptr), data, bytes.size(),
                              password.c_str());
  Session session(globals, Store::kMayCreate);
  // Which key the account has now decides what the archive is good for; without the node, what is known here.
  const bool logged_in = session.account()->logged_in != 0;
  if (logged_in) try_online(session);
  const auto report = fetch<mychat_backup_report>(mychat_client_import_backup, session.client(), data,
                                                  bytes.size(), password.c_str());
  if (logged_in) try_online(session);
  if (globals.json) {
    print_result(report_json(*report));
  } else {
    print_result(report->matches_account == 0 ? "Restored what was missing; the key in use stays."
                                              : "Restored.");
    print_report(*report);
    if (!logged_in) print_note(globals, "Now log in: " + login_line(*session.account()));
  }
  if (session.key_is_replaced())
    throw ApiError(
        MYCHAT_E_KEY_MISMATCH, MYCHAT_DOMAIN_KEYS,
        "That backup does not hold the account's present key: restore the newest one, made after the "
        "key was changed.");
  return kOk;
}

int rotate_command(const Globals& globals, const BackupChoice& choice) {
  Session session(globals, Store::kMustExist);
  session.require_login();
  BackupPlan plan = plan_backup(globals, choice);
  const bool has_old = session.account()->has_identity != 0;
  const SecretText password = has_old ? SecretText() : account_password(globals, Ask::kOnce);
  session.request(mychat_client_rotate_identity, has_old ? nullptr : password.c_str());
  const auto account = session.account();
  const std::string file = plan.wanted ? save_backup(session, plan) : std::string();
  if (globals.json) {
    print_result(
        JsonObject().text("fingerprint", account->fingerprint).text_or_null("backup", file.c_str()).str());
  } else {
    print_result(std::string("New fingerprint: ") + account->fingerprint);
    if (!file.empty()) print_result("Key backup saved and proven: " + safe_line(file));
    print_note(globals, "Your contacts are told, and write to the old key until they accept the new one.");
    if (!plan.wanted) print_warning(globals, "There is no backup of the new key: run 'mychat backup' soon.");
  }
  return kOk;
}

}  // namespace cli
