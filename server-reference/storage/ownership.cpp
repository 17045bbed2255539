#include "storage/ownership.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "base/error.h"

namespace mychat::server {

void give_to_owner_of(int fd, const std::string& model) {
  if (::geteuid() != 0) return;
  struct stat owner {};
  if (::stat(model.c_str(), &owner) != 0 || ::fchown(fd, owner.st_uid, owner.st_gid) != 0)
    throw Error(MYCHAT_E_IO, MYCHAT_DOMAIN_SYSTEM, "A file cannot be given to the owner of " + model + ".",
                errno);
}

std::string folder_of(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  return folder.empty() ? "." : folder.string();
}

}  // namespace mychat::server
