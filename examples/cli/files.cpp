#include "files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "api.h"

namespace fs = std::filesystem;

namespace cli {
namespace {

[[noreturn]] void throw_io(const std::string& what, int code) {
  if (code == ENOENT)
    throw ApiError(MYCHAT_E_NOT_FOUND, MYCHAT_DOMAIN_SYSTEM, what + ": no such file.", code);
  throw ApiError(MYCHAT_E_IO, MYCHAT_DOMAIN_SYSTEM, what + ": " + std::strerror(code) + ".", code);
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const noexcept { return fd_; }

 private:
  int fd_;
};

}  // namespace

std::vector<std::uint8_t> read_file(const std::string& path, std::size_t limit) {
  const bool standard_input = path == "-";
  const Descriptor file(standard_input ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const std::string what = "Cannot read " + (standard_input ? "standard input" : path);
  if (file.get() < 0) throw_io(what, errno);
  std::vector<std::uint8_t> out;
  std::vector<std::uint8_t> chunk(64 * 1024);
  while (true) {
    const ssize_t got = ::read(file.get(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_io(what, errno);
    if (got == 0) return out;
    if (out.size() + static_cast<std::size_t>(got) > limit)
      throw ApiError(MYCHAT_E_TOO_LARGE, MYCHAT_DOMAIN_API,
                     what + ": it is larger than " + std::to_string(limit) + " bytes.");
    out.insert(out.end(), chunk.begin(), chunk.begin() + got);
  }
}

bool file_exists(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0;
}

void require_absent(const std::string& path) {
  if (file_exists(path))
    throw ApiError(MYCHAT_E_ALREADY_EXISTS, MYCHAT_DOMAIN_SYSTEM,
                   path + " exists already and is never overwritten; choose another file.", EEXIST);
  const fs::path folder = fs::path(path).parent_path();
  const std::string where = folder.empty() ? "." : folder.string();
  if (::access(where.c_str(), W_OK | X_OK) != 0) throw_io("Cannot write to the folder " + where, errno);
}

void write_private_file(const std::string& path, const void* data, std::size_t size) {
  require_absent(path);
  {
    const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (file.get() < 0) throw_io("Cannot make " + path, errno);
    const auto* bytes = static_cast<const std::uint8_t*>(data);
    while (size > 0) {
      const ssize_t put = ::write(file.get(), bytes, size);
      if (put < 0 && errno == EINTR) continue;
      if (put < 0 || ::fchmod(file.get(), 0600) != 0) {
        const int code = errno;
        ::unlink(path.c_str());
        throw_io("Cannot write " + path, code);
      }
      bytes += put;
      size -= static_cast<std::size_t>(put);
    }
    if (::fsync(file.get()) != 0) throw_io("Cannot write " + path, errno);
  }
  // The name must be as durable as the contents.
  const fs::path parent = fs::path(path).parent_path();
  const Descriptor folder(::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() >= 0) ::fsync(folder.get());
}

void make_private_folder(const std::string& path) {
  if (path.empty() || file_exists(path)) return;
  make_private_folder(fs::path(path).parent_path().string());
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) throw_io("Cannot make the folder " + path, errno);
}

std::string default_store_path(const std::string& profile) {
  if (profile.empty() || profile.find('/') != std::string::npos || profile[0] == '.')
    throw UsageError("A profile's name is a file name without '/' that does not begin with '.'.");
  const char* data = std::getenv("XDG_DATA_HOME");
  std::string base = data != nullptr && data[0] == '/' ? data : "";
  if (base.empty()) {
    const char* home = std::getenv("HOME");
    if (home == nullptr || *home == '\0') throw UsageError("HOME is not set: name the store with --store.");
    base = std::string(home) + "/.local/share";
  }
  return base + "/mychat/" + profile + ".mychat";
}

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (fs::temp_directory_path() / "mychat-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw_io("Cannot make a temporary folder", errno);
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace cli
