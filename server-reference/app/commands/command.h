// The commands of mychat-server. Each returns the exit code.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/config/config.h"

namespace mychat::server {

enum ExitCode : int {
  kExitOk = 0,
  kExitFailure = 1,   // It was tried and failed; the reason is on standard error.
  kExitUsage = 2,     // The arguments or the configuration are wrong; nothing was done.
  kExitCut = 3,       // run: stopped, but connections had to be cut at the deadline.
  kExitFindings = 4,  // doctor: something must be mended. run: the database is damaged.
};

struct CommonOptions {
  ConfigInputs inputs;
  bool json = false;
};

struct RunOptions {
  bool print_port = false;
  std::string ready_file;
  bool lifeline = false;  // dev: stop, and erase the data directory, when standard input ends.
};
int run_command(const CommonOptions& common, const RunOptions& options);
int dev_command(CommonOptions common, const RunOptions& options);

int config_command(const CommonOptions& common);
int init_command(const CommonOptions& common);
int doctor_command(const CommonOptions& common, const std::string& domain);  // Empty: of this node alone.

struct UserAddOptions {
  std::string username;
  std::string public_key_file;
  std::string email;
  bool password_stdin = false;
};
int user_add_command(const CommonOptions& common, const UserAddOptions& options);
int user_list_command(const CommonOptions& common, const std::string& search);
int user_disable_command(const CommonOptions& common, const std::string& username, bool disabled);
int user_reset_password_command(const CommonOptions& common, const std::string& username,
                                bool password_stdin);
int user_delete_command(const CommonOptions& common, const std::string& username, bool sure);

int invite_create_command(const CommonOptions& common, int uses, int days);
int invite_list_command(const CommonOptions& common);
int invite_revoke_command(const CommonOptions& common, const std::string& id);

// Other nodes. `subject`: a domain, or a pattern where one makes sense.
enum class FederationChange { kAllow, kBlock, kRetry, kForget };
int federation_list_command(const CommonOptions& common);
int federation_show_command(const CommonOptions& common, const std::string& domain);  // Empty: this node.
int federation_audit_command(const CommonOptions& common, int count);
int federation_change_command(const CommonOptions& common, FederationChange change,
                              const std::string& subject, bool sure);
int federation_approve_command(const CommonOptions& common, const std::string& domain,
                               const std::string& key_id);
int federation_rotate_command(const CommonOptions& common, double hours);
int federation_withdraw_command(const CommonOptions& common);
int federation_new_key_command(const CommonOptions& common, bool sure);

int backup_command(const CommonOptions& common, const std::string& path);
int restore_command(const CommonOptions& common, const std::string& path, bool end_sessions);
int migrate_command(const CommonOptions& common, bool dry_run);

// Shared by the commands: the configuration, or nothing after its errors were printed. Warnings go to
// standard error.
std::optional<LoadedConfig> load_or_explain(const CommonOptions& common, bool quiet_warnings = false);
// Runs a command; what it throws is printed and becomes kExitFailure.
template <class Work>
int guarded(Work work);
int explain_failure(const std::exception& error);

template <class Work>
int guarded(Work work) {
  try {
    return work();
  } catch (const std::exception& error) {
    return explain_failure(error);
  }
}

}  // namespace mychat::server
