// Taking a backup's contents in.
#pragma once

#include <string>

#include "client/types.h"
#include "keys/backup.h"
#include "store/store.h"

namespace mychat {

// Everything that the archive holds, into an empty store, inside the caller's transaction.
void restore_into(Store& store, const BackupContents& contents, const std::string& handle);

BackupReport describe(const BackupContents& contents);

}  // namespace mychat
