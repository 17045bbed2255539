// Key backups as files.
#pragma once

#include <string>

#include "commands.h"
#include "secrets.h"
#include "session.h"

namespace cli {

// Where the backup goes, decided and checked before anything is done that would need one.
struct BackupPlan {
  bool wanted = false;
  std::string file;  // "": ask, once there are keys.
  SecretText password;
  mychat_backup_kind kind = MYCHAT_BACKUP_FULL;
};
BackupPlan plan_backup(const Globals& globals, const BackupChoice& choice);

// Makes, writes, reads again and proves the backup. Returns the file's path.
std::string save_backup(Session& session, const BackupPlan& plan);

}  // namespace cli
