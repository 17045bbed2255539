#include "bench/load/node_process.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace mychat::bench {

namespace {

constexpr auto kStartTime = std::chrono::seconds(20);

std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void set_core(int core) {
  if (core < 0) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<std::size_t>(core), &set);
  sched_setaffinity(0, sizeof set, &set);
}

[[noreturn]] void become_node(const std::vector<std::string>& arguments, const std::string& log, int core) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  set_core(core);
  const int file = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  dup2(file, 1);
  dup2(file, 2);
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  execv(argv[0], argv.data());
  _exit(127);
}

}  // namespace

Folder::Folder(const std::filesystem::path& parent) {
  std::string name = (parent / "mychat-bench-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a folder in " + parent.string());
  path_ = name;
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

NodeProcess::NodeProcess(const NodeOptions& options) : folder_(options.folder), domain_(options.domain) {
  const std::filesystem::path ready = folder_ / "ready";
  std::filesystem::remove(ready);  // Of an earlier life.
  const std::string log = (folder_ / "node.log").string();
  std::vector<std::string> arguments{
      options.program, "dev",          "--data-dir",  folder_.string(),
      "--domain",      options.domain, "--port",      std::to_string(options.port),
      "--ready-file",  ready.string(), "--log-level", "warning"};
  arguments.insert(arguments.end(), options.arguments.begin(), options.arguments.end());
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("cannot fork");
  if (pid_ == 0) become_node(arguments, log, options.core);
  const auto deadline = std::chrono::steady_clock::now() + kStartTime;
  while (true) {
    const std::string text = read_text(ready);
    if (text.starts_with("PORT=")) {
      port_ = static_cast<std::uint16_t>(std::stoi(text.substr(5)));
      return;
    }
    if (!running() || std::chrono::steady_clock::now() > deadline) {
      const std::string said = read_text(log);
      kill();
      throw std::runtime_error("the node did not start: " + said);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

NodeProcess::~NodeProcess() { kill(); }

bool NodeProcess::running() const {
  siginfo_t info{};
  return pid_ > 0 && waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == 0;
}

void NodeProcess::kill() noexcept {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

double NodeProcess::cpu_seconds() const {
  clockid_t clock{};
  timespec time{};
  if (clock_getcpuclockid(pid_, &clock) != 0 || clock_gettime(clock, &time) != 0)
    throw std::runtime_error("the node's processor time cannot be read");
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

double NodeProcess::disk_bytes() const {
  std::ifstream counters("/proc/" + std::to_string(pid_) + "/io");
  std::string word;
  double bytes = 0;
  while (counters >> word) {
    if (word == "write_bytes:") counters >> bytes;
  }
  return bytes;
}

std::size_t NodeProcess::resident_bytes() const {
  std::ifstream status("/proc/" + std::to_string(pid_) + "/status");
  std::string word;
  std::size_t kilobytes = 0;
  while (status >> word) {
    if (word == "RssAnon:") status >> kilobytes;
  }
  return kilobytes * 1024;
}

std::size_t NodeProcess::resident_with_files() const {
  std::ifstream status("/proc/" + std::to_string(pid_) + "/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  status >> total >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

void pin_this_thread(int core) { set_core(core); }

double load_average() {
  double loads[1] = {0};
  return getloadavg(loads, 1) == 1 ? loads[0] : 0;
}

std::uint64_t raise_file_limit(std::uint64_t wanted) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < wanted) {
    limit.rlim_cur = limit.rlim_max == RLIM_INFINITY ? wanted : std::min<rlim_t>(wanted, limit.rlim_max);
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  return limit.rlim_cur;
}

}  // namespace mychat::bench
