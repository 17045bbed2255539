// A mychat-server of our own: started on loopback in a throw-away folder, pinned to one core, measured from
// outside and killed at the end.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace mychat::bench {

// A throw-away folder.
class Folder {
 public:
  explicit Folder(const std::filesystem::path& parent);
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

struct NodeOptions {
  std::string program;
  std::filesystem::path folder;  // Where its data go.
  int core = -1;                 // -1: not pinned.
  std::string domain = "bench.test";
  std::uint16_t port = 0;  // 0: any that is free.
  std::vector<std::string> arguments;
};

class NodeProcess {
 public:
  explicit NodeProcess(const NodeOptions& options);  // Returns when the node listens.
  ~NodeProcess();                                    // Kills it.
  NodeProcess(const NodeProcess&) = delete;
  NodeProcess& operator=(const NodeProcess&) = delete;

  std::uint16_t port() const noexcept { return port_; }
  const std::string& domain() const noexcept { return domain_; }
  pid_t pid() const noexcept { return pid_; }
  bool running() const;
  double disk_bytes() const;           // Written to the disk, or due to be.
  double cpu_seconds() const;          // User and system time of all its threads.
  std::size_t resident_bytes() const;  // What counts against it: without the pages of files it maps.
  std::size_t resident_with_files() const;
  void kill() noexcept;
  std::filesystem::path database() const { return folder_ / "mychat.db"; }

 private:
  std::filesystem::path folder_;
  std::string domain_;
  pid_t pid_ = -1;
  std::uint16_t port_ = 0;
};

void pin_this_thread(int core);  // -1: leave it.
double load_average();
std::uint64_t raise_file_limit(std::uint64_t wanted);

}  // namespace mychat::bench
