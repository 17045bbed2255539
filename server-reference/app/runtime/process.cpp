#include "app/runtime/process.h"

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "base/error.h"

namespace mychat::server {

namespace {

sigset_t handled_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGHUP);
  return set;
}

[[noreturn]] void throw_io(const std::string& what, const std::string& path) {
  const int code = errno;
  throw Error(MYCHAT_E_IO, MYCHAT_DOMAIN_SYSTEM, what + " " + path + ": " + std::strerror(code) + ".", code);
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

void block_signals() {
  const sigset_t set = handled_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  static_cast<void>(::signal(SIGPIPE, SIG_IGN));  // It cannot fail for this signal.
}

std::optional<int> wait_signal(std::chrono::milliseconds time) {
  const sigset_t set = handled_signals();
  timespec wait{};
  wait.tv_sec = time.count() / 1000;
  wait.tv_nsec = (time.count() % 1000) * 1'000'000;
  const int number = sigtimedwait(&set, nullptr, &wait);
  return number > 0 ? std::optional<int>(number) : std::nullopt;
}

void stop_when_input_ends(std::atomic<bool>& ended) {
  std::thread([&ended] {
    char ignored[256];
    ssize_t n = 0;
    do {
      n = ::read(STDIN_FILENO, ignored, sizeof ignored);
    } while (n > 0 || (n < 0 && errno == EINTR));
    ended = true;
    ::kill(::getpid(), SIGTERM);
  }).detach();
}

std::uint64_t raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  if (limit.rlim_cur < limit.rlim_max) {
    rlimit raised = limit;
    raised.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  return limit.rlim_cur;
}

void bound_malloc() {
  mallopt(M_ARENA_MAX, 2);
  mallopt(M_TRIM_THRESHOLD, 1024 * 1024);
}

void notify_service_manager(std::string_view state) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  sockaddr_un address{};
  if (!path || (path[0] != '/' && path[0] != '@') || std::strlen(path) >= sizeof address.sun_path) return;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path, std::strlen(path));
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';
  const Descriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) return;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + std::strlen(path));
  // A service manager that does not listen is no reason to fail.
  (void)::sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL,
                 reinterpret_cast<sockaddr*>(&address), size);
}

void write_file_atomically(const std::string& path, std::string_view text, unsigned mode) {
  const std::string temporary = path + ".new";
  ::unlink(temporary.c_str());
  {
    const Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    if (file.get() < 0) throw_io("Cannot create", temporary);
    std::size_t written = 0;
    while (written < text.size()) {
      const ssize_t n = ::write(file.get(), text.data() + written, text.size() - written);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) throw_io("Cannot write", temporary);
      written += static_cast<std::size_t>(n);
    }
    if (::fchmod(file.get(), mode) != 0 || ::fsync(file.get()) != 0) throw_io("Cannot write", temporary);
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) throw_io("Cannot rename to", path);
}

}  // namespace mychat::server
