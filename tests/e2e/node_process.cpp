#include "e2e/node_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cstdlib>

#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <thread>

namespace mychat::e2e {
namespace {

using Steady = std::chrono::steady_clock;

std::string server_binary() {
  const char* const chosen = ::getenv("MYCHAT_SERVER_BINARY");
  return chosen != nullptr ? chosen : MYCHAT_SERVER_BINARY;
}

// The text up to the line break after `begin`, as the process prints it.
std::string read_line_beginning(int fd, const std::string& begin, std::chrono::seconds time) {
  const auto deadline = Steady::now() + time;
  std::string text;
  while (Steady::now() < deadline) {
    pollfd ready{fd, POLLIN, 0};
    if (::poll(&ready, 1, 100) <= 0) continue;
    char buffer[512];
    const ssize_t n = ::read(fd, buffer, sizeof buffer);
    if (n == 0) break;
    if (n < 0) continue;
    text.append(buffer, static_cast<std::size_t>(n));
    const std::size_t at = text.find(begin);
    const std::size_t end = at == std::string::npos ? at : text.find('\n', at);
    if (end != std::string::npos) return text.substr(at + begin.size(), end - at - begin.size());
  }
  throw std::runtime_error("the node did not say " + begin + "; it said: " + text);
}

}  // namespace

TempDir::TempDir() {
  std::string pattern = (std::filesystem::temp_directory_path() / "mychat-e2e-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path_ = pattern;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

NodeProcess::NodeProcess(std::vector<std::string> flags, std::uint16_t port)
    : data_(dir_.path() / "data"), flags_(std::move(flags)), port_(port) {
  start();
}

NodeProcess::~NodeProcess() {
  if (running()) kill();
}

void NodeProcess::start() {
  const char* const log_level = std::getenv("MYCHAT_NODE_LOG");  // For whoever looks for a fault.
  std::vector<std::string> words{server_binary(),
                                 "dev",
                                 "--print-port",
                                 "--port",
                                 std::to_string(port_),
                                 "--data-dir",
                                 data_.string(),
                                 "--log-level",
                                 log_level == nullptr ? "error" : log_level};
  words.insert(words.end(), flags_.begin(), flags_.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  int out[2];
  if (::pipe2(out, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) {  // Only calls that are safe after fork.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
    ::dup2(out[1], STDOUT_FILENO);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  ::close(out[1]);
  if (pid < 0) throw std::runtime_error("no process");
  pid_ = pid;
  try {
    port_ =
        static_cast<std::uint16_t>(std::stoi(read_line_beginning(out[0], "PORT=", std::chrono::seconds(30))));
  } catch (...) {
    ::close(out[0]);
    kill();
    throw;
  }
  ::close(out[0]);
}

int NodeProcess::operate(const std::vector<std::string>& command) { return ask(command).code; }

NodeProcess::Said NodeProcess::ask(const std::vector<std::string>& command) {
  std::vector<std::string> words{server_binary()};
  words.insert(words.end(), command.begin(), command.end());
  words.insert(words.end(), {"--data-dir", data_.string()});
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  int out[2];
  if (::pipe2(out, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(out[1], STDOUT_FILENO);
    ::dup2(out[1], STDERR_FILENO);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  ::close(out[1]);
  Said said;
  char buffer[4096];
  for (ssize_t n = 0; (n = ::read(out[0], buffer, sizeof buffer)) > 0;)
    said.text.append(buffer, static_cast<std::size_t>(n));
  ::close(out[0]);
  int status = 0;
  if (pid < 0 || ::waitpid(pid, &status, 0) != pid) throw std::runtime_error("no process");
  said.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return said;
}

int NodeProcess::wait_end(int seconds) {
  const auto deadline = Steady::now() + std::chrono::seconds(seconds);
  while (true) {
    int status = 0;
    const pid_t ended = ::waitpid(pid_, &status, WNOHANG);
    if (ended == pid_ || (ended < 0 && errno == ECHILD)) {
      pid_ = -1;
      return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
    if (Steady::now() > deadline) return -2;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

int NodeProcess::stop() {
  ::kill(pid_, SIGTERM);
  const int code = wait_end(30);
  if (code == -2) {
    kill();
    throw std::runtime_error("the node did not stop");
  }
  return code;
}

void NodeProcess::kill() {
  ::kill(pid_, SIGKILL);
  wait_end(30);
}

}  // namespace mychat::e2e
