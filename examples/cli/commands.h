// The commands. Each returns the exit code, or throws ApiError.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "globals.h"

namespace cli {

struct BackupChoice {
  std::string file;
  bool none = false;
  std::string kind = "full";
};

struct RegisterOptions {
  std::string username, email, invite, device;
  BackupChoice backup;
};
int register_command(const Globals& globals, const RegisterOptions& options);

struct LoginOptions {
  std::string username, device;
};
int login_command(const Globals& globals, const LoginOptions& options);
int logout_command(const Globals& globals);
int whoami_command(const Globals& globals);
int passwd_command(const Globals& globals);
int passphrase_command(const Globals& globals);
int delete_account_command(const Globals& globals, bool sure);
int sessions_command(const Globals& globals);
int revoke_command(const Globals& globals, const std::optional<std::string>& session);

struct FingerprintOptions {
  std::string handle;
  std::string key_format;  // "", "pem" or "jwk"
};
int fingerprint_command(const Globals& globals, const FingerprintOptions& options);

struct VerifyOptions {
  std::string handle, fingerprint, scanned;
  bool undo = false, qr = false, no_qr = false;
};
int verify_command(const Globals& globals, const VerifyOptions& options);

int backup_command(const Globals& globals, const BackupChoice& choice);
int backup_verify_command(const Globals& globals, const std::string& file);
int backup_passwd_command(const Globals& globals, const std::string& file, const std::string& new_file);
int restore_command(const Globals& globals, const std::string& file);
int rotate_command(const Globals& globals, const BackupChoice& choice);

int contact_add_command(const Globals& globals, const std::string& handle, const std::string& nickname);
int contact_remove_command(const Globals& globals, const std::string& handle);
int contact_list_command(const Globals& globals);
int contact_show_command(const Globals& globals, const std::string& handle, bool refresh);
int contact_accept_command(const Globals& globals, const std::string& handle, const std::string& fingerprint);

struct SendOptions {
  std::string handle, file, wait = "accepted";
  std::vector<std::string> words;
  bool image = false;
  double timeout = 15;
};
int send_command(const Globals& globals, const SendOptions& options);
int retry_command(const Globals& globals, const std::string& id);
int explain_command(const Globals& globals, const std::string& id);
int save_command(const Globals& globals, const std::string& id, const std::string& file);

struct HistoryOptions {
  std::string handle, search;
  std::uint32_t limit = 50;
  std::int64_t before = 0;
  bool mark_read = false, sync = false;
};
int history_command(const Globals& globals, const HistoryOptions& options);

struct ListenOptions {
  bool once = false, status = false, mark_read = false;
  std::uint64_t count = 0;
  double timeout = 0;
};
int listen_command(const Globals& globals, const ListenOptions& options);

struct PolicyOptions {
  std::string require_signatures, read_receipts, typing, sender_copy;  // "", "on" or "off"
};
int policy_command(const Globals& globals, const PolicyOptions& options);
int node_info_command(const Globals& globals);
int status_command(const Globals& globals, double timeout);
int sync_command(const Globals& globals, double timeout);
int check_command(const Globals& globals);
int copy_store_command(const Globals& globals, const std::string& file);

}  // namespace cli
