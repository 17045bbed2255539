// Keeps a second node off a database.
#pragma once

#include <string>

namespace mychat::server {

// Held as long as a node has the database open: a second one would not know what the first has in memory.
class FileLock {
 public:
  explicit FileLock(const std::string& path);  // MYCHAT_E_STORE_HELD, MYCHAT_E_IO
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int fd_ = -1;
};

}  // namespace mychat::server
