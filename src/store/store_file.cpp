#include "store/store_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>

#include "base/error.h"
#include "store/database.h"

namespace mychat {
namespace {

[[noreturn]] void throw_io(const std::string& what) {
  const int code = errno;
  if (code == ENOMEM) throw std::bad_alloc();
  throw Error(MYCHAT_E_IO, MYCHAT_DOMAIN_SYSTEM, what + ": " + std::strerror(code) + ".", code);
}

class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  int get() const noexcept { return fd_; }

 private:
  int fd_;
};

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string resolve(const std::string& path, const std::string& what) {
  std::array<char, PATH_MAX> resolved{};
  if (::realpath(path.c_str(), resolved.data()) == nullptr) throw_io(what);
  return resolved.data();
}

}  // namespace

std::string canonical_store_path(const std::string& path) {
  if (path.empty() || path.find('\0') != std::string::npos || path.size() > PATH_MAX - 16) {
    throw_argument("The path of a store must be a path.");
  }
  struct stat info {};
  if (::lstat(path.c_str(), &info) == 0) return resolve(path, "The store's file cannot be reached");
  if (errno != ENOENT) throw_io("The store's file cannot be reached");
  const auto slash = path.rfind('/');
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  if (name.empty() || name == "." || name == "..") throw_argument("The path of a store must name a file.");
  const std::string directory = resolve(directory_of(path), "The store's directory cannot be reached");
  return directory == "/" ? "/" + name : directory + "/" + name;
}

FileKind store_file_kind(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) return FileKind::kAbsent;
    throw_io("The store's file cannot be reached");
  }
  if (!S_ISREG(info.st_mode)) throw_store_corrupt("The store's path does not name a regular file.");
  return FileKind::kRegular;
}

void require_single_name(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) throw_io("The store's file cannot be reached");
  if (info.st_nlink > 1) {
    // SQLite would keep another log under the other name, and our lock could not see it.
    throw Error(
        MYCHAT_E_STORE_HELD, MYCHAT_DOMAIN_STORE,
        "The store's file has a second name (a hard link) under which it may be open; remove one of them.");
  }
}

void require_store_header(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (file.get() < 0) throw_io("The store's file cannot be opened");
  std::array<unsigned char, 100> header{};
  const ssize_t got = ::pread(file.get(), header.data(), header.size(), 0);
  if (got < 0) throw_io("The store's file cannot be read");
  if (got != static_cast<ssize_t>(header.size()))
    throw_store_corrupt("The file is too short to be a MyChat store.");
  constexpr std::string_view kMagic("SQLite format 3\0", 16);
  if (std::memcmp(header.data(), kMagic.data(), kMagic.size()) != 0) {
    throw_store_corrupt("The file is not a SQLite database, so it is no MyChat store.");
  }
  const auto number = [&header](std::size_t at) {
    return (std::uint32_t{header[at]} << 24) | (std::uint32_t{header[at + 1]} << 16) |
           (std::uint32_t{header[at + 2]} << 8) | header[at + 3];
  };
  if (number(68) != static_cast<std::uint32_t>(kStoreApplicationId)) {
    throw_store_corrupt("The file is a SQLite database of another program.");
  }
  // Fixed from creation on: page size 4096, write-ahead log, no reserved bytes, fractions, schema format 4,
  // UTF-8.
  constexpr std::array<unsigned char, 8> kShape = {0x10, 0x00, 2, 2, 0, 64, 32, 32};
  if (std::memcmp(header.data() + 16, kShape.data(), kShape.size()) != 0 || number(44) != 4 ||
      number(56) != 1) {
    throw_store_corrupt("The header of the store's file is damaged.");
  }
}

std::string unfinished_name(const std::string& path) { return path + ".mychat-unfinished"; }

void create_empty_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) throw_io("An unfinished file cannot be removed");
  const Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (file.get() < 0) throw_io("The store's file cannot be created");
}

void rename_durably(const std::string& from, const std::string& to) {
  const std::string folder =
      directory_of(to);  // Once the name is there, nothing may fail for want of memory.
  {
    const Fd file(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0 || ::fsync(file.get()) != 0) throw_io("The new file cannot be written");
  }
  // link() refuses a name that is taken; rename() would replace it, and serves where there are no hard links.
  if (::link(from.c_str(), to.c_str()) == 0) {
    if (::unlink(from.c_str()) != 0) throw_io("The new file's temporary name cannot be removed");
  } else {
    struct stat info {};
    if (errno == EEXIST || ::lstat(to.c_str(), &info) == 0) {
      throw Error(MYCHAT_E_ALREADY_EXISTS, MYCHAT_DOMAIN_SYSTEM, "There is a file of this name already.",
                  EEXIST);
    }
    if (::rename(from.c_str(), to.c_str()) != 0) throw_io("The new file cannot be named");
  }
  const Fd directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0 || ::fsync(directory.get()) != 0)
    throw_io("The new file's directory cannot be written");
}

void remove_unfinished(const std::string& path) noexcept {
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
    try {
      ::unlink((path + suffix).c_str());
    } catch (...) {
      return;
    }
  }
}

StoreLock::StoreLock(const std::string& path) {
  const std::string name = path + ".lock";
  fd_ = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
  if (fd_ < 0) throw_io("The store's lock file cannot be opened");
  std::array<char, 24> holder{};
  if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    const int code = errno;
    const ssize_t got = ::pread(fd_, holder.data(), holder.size() - 1, 0);
    ::close(fd_);
    errno = code;
    if (code != EWOULDBLOCK) throw_io("The store's lock file cannot be locked");
    const long pid = got > 0 ? std::strtol(holder.data(), nullptr, 10) : 0;
    const std::string who = pid <= 0            ? "another process or client"
                            : pid == ::getpid() ? "this process (" + std::to_string(pid) + ")"
                                                : "process " + std::to_string(pid);
    throw Error(MYCHAT_E_STORE_HELD, MYCHAT_DOMAIN_STORE, "The store is held open by " + who + ".", 0, true);
  }
  crashed_ = ::pread(fd_, holder.data(), holder.size() - 1, 0) > 0;
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd_, 0) != 0 || ::pwrite(fd_, pid.data(), pid.size(), 0) < 0) {
    // Only the name of the holder is missing then.
  }
}

StoreLock::~StoreLock() {
  // After a crash the mark stays until somebody got the store open, and so looked at it.
  if ((opened_ || !crashed_) && ::ftruncate(fd_, 0) != 0) {
    // The next one checks the file without need, which is harmless.
  }
  // Closing does not suffice where a forked child still has its copy of the descriptor.
  ::flock(fd_, LOCK_UN);
  ::close(fd_);
}

}  // namespace mychat
