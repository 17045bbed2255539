// A node that federates, on loopback.
#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "e2e/node_process.h"

namespace mychat::e2e {

// A port that was free a moment ago: a node's name holds its port here, so it must be known before the node
// runs.
inline std::uint16_t free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool bound = ::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                     ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  ::close(fd);
  if (!bound) throw std::runtime_error("no free port");
  return ntohs(address.sin_port);
}

enum class Reached { kOverHttp, kOverHttps };

struct FederatedNode {
  explicit FederatedNode(const std::vector<std::string>& more = {}, Reached reached = Reached::kOverHttp)
      : port(free_port()), domain("127.0.0.1:" + std::to_string(port)), over(reached) {
    flags = {"--domain", domain, "--federation-enabled", "true"};
    if (over == Reached::kOverHttp) flags.insert(flags.end(), {"--federation-plain-http", "true"});
    flags.insert(flags.end(), more.begin(), more.end());
    process = std::make_unique<NodeProcess>(flags, port);
  }
  // A command of the operator, beside the node or without it.
  NodeProcess::Said ask(std::vector<std::string> command) const {
    command.insert(command.end(), flags.begin(), flags.end());
    return process->ask(command);
  }
  // Until the running node has taken up every change.
  void wait_taken_up() const {
    for (int i = 0; i < 300; ++i) {
      const auto said = ask({"federation", "audit", "--json"});
      if (said.code == 0 && said.text.find("\"taken_up_at\": null") == std::string::npos) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    throw std::runtime_error("the node did not take up what its operator changed");
  }
  // What its own address begins with; over https it stands behind a proxy that is not there.
  std::string scheme() const { return over == Reached::kOverHttps ? "https://" : "http://"; }
  std::uint16_t port;
  std::string domain;
  Reached over;
  std::vector<std::string> flags;  // Of the node and of its operator's commands.
  std::unique_ptr<NodeProcess> process;
};

}  // namespace mychat::e2e
