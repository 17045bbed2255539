#include "storage/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "storage/ownership.h"

namespace mychat::server {

FileLock::FileLock(const std::string& path) : fd_(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
  if (fd_ < 0) {
    const int code = errno;
    throw Error(
        MYCHAT_E_IO, MYCHAT_DOMAIN_SYSTEM,
        "The lock file " + path + " cannot be made: " + std::strerror(code) +
            ". The node's folder must be one that this user can write to: check DATA_DIR and DB_PATH.",
        code);
  }
  if (struct stat status{}; fstat(fd_, &status) == 0 && status.st_uid == 0) {
    try {
      give_to_owner_of(fd_, folder_of(path));
    } catch (...) {
      close(fd_);
      throw;
    }
  }
  if (flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    close(fd_);
    throw Error(MYCHAT_E_STORE_HELD, MYCHAT_DOMAIN_STORE, "Another node has this database open.");
  }
}

FileLock::~FileLock() { close(fd_); }

}  // namespace mychat::server
