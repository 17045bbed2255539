// The real node as a process of its own: started, stopped and killed like one in production.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace mychat::e2e {

// A folder that is erased at the end.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::filesystem::path& path() const noexcept { return path_; }
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

// `mychat-server dev` on loopback. It dies with the test's process. Throws std::runtime_error when it does
// not come up within 30 s.
class NodeProcess {
 public:
  explicit NodeProcess(std::vector<std::string> flags = {}, std::uint16_t port = 0);
  ~NodeProcess();
  NodeProcess(const NodeProcess&) = delete;
  NodeProcess& operator=(const NodeProcess&) = delete;

  void start();  // On the same port and data as before.
  int stop();    // SIGTERM, then waits; the exit code, or -1 when a signal ended it.
  void kill();   // SIGKILL, then waits.
  int operate(const std::vector<std::string>& command);  // Another command over its data; the exit code.
  struct Said {
    int code = -1;
    std::string text;  // Standard output and error.
  };
  Said ask(const std::vector<std::string>& command);  // The same, with what it printed.
  bool running() const noexcept { return pid_ > 0; }

  std::uint16_t port() const noexcept { return port_; }
  std::filesystem::path data() const { return data_; }
  std::string url(const std::string& scheme = "http") const {
    return scheme + "://127.0.0.1:" + std::to_string(port_);
  }

 private:
  int wait_end(int seconds);
  TempDir dir_;
  std::filesystem::path data_;
  std::vector<std::string> flags_;
  std::uint16_t port_;
  pid_t pid_ = -1;
};

}  // namespace mychat::e2e
