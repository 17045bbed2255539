// README.txt of a backup archive. Part of backup.h.
#pragma once

#include <cstdint>
#include <string>

#include "keys/backup.h"

namespace mychat {

std::string backup_readme(BackupShape shape, std::int64_t now_ms);

}  // namespace mychat
