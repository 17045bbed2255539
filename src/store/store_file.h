// The file of a store as a file: who holds it, whether it can be one of ours, how a new one gets its name.
#pragma once

#include <cstdint>
#include <string>

namespace mychat {

inline constexpr std::int32_t kStoreApplicationId = 0x4d794368;  // "MyCh"

// The absolute path without symbolic links; the last part need not exist. MYCHAT_E_IO when its directory does
// not.
std::string canonical_store_path(const std::string& path);

enum class FileKind { kAbsent, kRegular };
// MYCHAT_E_STORE_CORRUPT when there is something that is not a regular file.
FileKind store_file_kind(const std::string& path);
// MYCHAT_E_STORE_HELD when the file has another name, under which it may be open. Only the holder of the lock
// can tell: a store that is made has two for a moment, and keeps them when its maker dies then.
void require_single_name(const std::string& path);

// Reads the first page's header without SQLite: MYCHAT_E_STORE_CORRUPT when this cannot be a MyChat store.
void require_store_header(const std::string& path);

// The name of a store while it is made; what is found under it was never finished.
std::string unfinished_name(const std::string& path);

// An empty file of mode 0600 whatever the umask allows; one that is there is removed first.
void create_empty_file(const std::string& path);
// Gives the file its final name, durably; MYCHAT_E_ALREADY_EXISTS when the name is taken.
void rename_durably(const std::string& from, const std::string& to);
// Removes a store that was not finished, with what SQLite put beside it.
void remove_unfinished(const std::string& path) noexcept;

// One holder at a time, over processes and within one: flock() on "PATH.lock", which dies with its process.
// The file stays behind, and says whether its last holder closed the store.
class StoreLock {
 public:
  // MYCHAT_E_STORE_HELD at once when somebody has it. `path` is canonical.
  explicit StoreLock(const std::string& path);
  ~StoreLock();
  StoreLock(const StoreLock&) = delete;
  StoreLock& operator=(const StoreLock&) = delete;

  // The last holder got the store open and did not live to close it.
  bool last_holder_crashed() const noexcept { return crashed_; }
  void mark_opened() noexcept { opened_ = true; }

 private:
  int fd_ = -1;
  bool crashed_ = false;
  bool opened_ = false;
};

}  // namespace mychat
