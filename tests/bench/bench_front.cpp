// What the front alone costs: processor time of its one thread for each message relayed between WebSockets
// (1.5 KB in, 1.5 KB to the partner, a small acknowledgement back), and resident memory of idle connections.
// The clients run in a process of their own.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <mutex>
#include <string>
#include <vector>

#include "front/front_server.h"

namespace {

using namespace mychat::server;

constexpr std::size_t kPairs = 50;
constexpr std::size_t kMessages = 200'000;
constexpr std::size_t kWindow = 8;  // Messages of a sender without acknowledgement.
constexpr std::size_t kIdle = 5000;

long resident_kb() {
  std::ifstream status("/proc/self/statm");
  long total = 0;
  long resident = 0;
  status >> total >> resident;
  return resident * sysconf(_SC_PAGESIZE) / 1024;
}

double cpu_of_this_thread() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

struct Relay {
  std::mutex mutex;
  std::vector<WsConnection> connections;  // 2i and 2i+1 are partners.
  std::atomic<std::size_t> relayed{0};
};

class RelayPeer final : public WsPeer {
 public:
  explicit RelayPeer(Relay& relay) : relay_(relay) {}
  void on_open(WsConnection connection) override {
    own_ = connection;
    const std::lock_guard lock(relay_.mutex);
    index_ = relay_.connections.size();
    relay_.connections.push_back(connection);
  }
  void on_text(std::string_view text) override {
    if (!partner_) {
      const std::lock_guard lock(relay_.mutex);
      partner_ = relay_.connections.at(index_ ^ 1U);
    }
    partner_.send(std::string(text));
    own_.send(std::string("{\"type\":\"ack\"}"));
    relay_.relayed.fetch_add(1);
  }
  void on_close(std::uint16_t) override {}

 private:
  Relay& relay_;
  WsConnection own_;
  WsConnection partner_;
  std::size_t index_ = 0;
};

int open_websocket(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  if (fd < 0 || ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) _exit(3);
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const std::string request =
      "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  if (::write(fd, request.data(), request.size()) < 0) _exit(3);
  std::string answer;
  std::array<char, 1> byte{};
  while (!answer.ends_with("\r\n\r\n") && ::read(fd, byte.data(), 1) == 1) answer += byte[0];
  if (!answer.starts_with("HTTP/1.1 101")) _exit(4);
  return fd;
}

// A masked text frame (the mask is zero, which the front cannot know).
std::string message_frame() {
  const std::string text(1500, 'm');
  std::string frame = {static_cast<char>(0x81),
                       static_cast<char>(0xFE),
                       static_cast<char>(text.size() >> 8),
                       static_cast<char>(text.size() & 0xFF),
                       0,
                       0,
                       0,
                       0};
  return frame + text;
}

// Even connections send, odd ones swallow; an acknowledgement (16 bytes) makes room for the next message.
void drive(std::uint16_t port) {
  std::vector<pollfd> sockets;
  for (std::size_t i = 0; i < 2 * kPairs; ++i) sockets.push_back({open_websocket(port), POLLIN, 0});
  const std::string frame = message_frame();
  std::string window;
  for (std::size_t i = 0; i < kWindow; ++i) window += frame;
  std::vector<std::size_t> ack_bytes(sockets.size(), 0);
  for (std::size_t i = 0; i < sockets.size(); i += 2)
    if (::write(sockets[i].fd, window.data(), window.size()) < 0) _exit(5);
  std::size_t sent = kPairs * kWindow;
  std::size_t acknowledged = 0;
  std::vector<char> buffer(256 * 1024);
  while (acknowledged < kMessages) {
    if (::poll(sockets.data(), sockets.size(), 10'000) <= 0) _exit(6);
    for (std::size_t i = 0; i < sockets.size(); ++i) {
      if ((sockets[i].revents & POLLIN) == 0) continue;
      const ssize_t count = ::read(sockets[i].fd, buffer.data(), buffer.size());
      if (count <= 0) _exit(7);
      if (i % 2 != 0) continue;
      ack_bytes[i] += static_cast<std::size_t>(count);
      std::string more;
      for (; ack_bytes[i] >= 16; ack_bytes[i] -= 16, ++acknowledged)
        if (sent < kMessages) more += frame, ++sent;
      if (!more.empty() && ::write(sockets[i].fd, more.data(), more.size()) < 0) _exit(5);
    }
  }
  _exit(0);
}

void wait_for(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    std::fprintf(stderr, "the clients failed: %d\n", WEXITSTATUS(status));
    std::exit(1);
  }
}

}  // namespace

int main() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);

  Relay relay;
  std::atomic<double> cpu{0};
  FrontConfig config;
  config.ws.heartbeat = milliseconds(0);
  FrontServer server(
      config,
      [&](HttpRequest&&, Reply reply) {
        cpu = cpu_of_this_thread();
        reply(HttpResponse::json(200, "{}"));
      },
      {{"/ws", [&](const HttpRequest&, HttpResponse&) { return std::make_shared<RelayPeer>(relay); }}});
  server.start();
  const std::uint16_t port = server.port();
  const auto sample_cpu = [&] {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) std::exit(1);
    const std::string request = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    std::array<char, 4096> answer{};
    if (::write(fd, request.data(), request.size()) < 0 || ::read(fd, answer.data(), answer.size()) <= 0)
      std::exit(1);
    ::close(fd);
    return cpu.load();
  };

  sample_cpu();
  const long at_start = resident_kb();
  int gate[2];
  if (::pipe(gate) != 0) return 1;
  pid_t child = fork();
  if (child == 0) {
    std::vector<int> sockets;
    for (std::size_t i = 0; i < kIdle; ++i) sockets.push_back(open_websocket(port));
    char byte = 0;
    if (::write(gate[1], &byte, 1) < 0) _exit(1);
    ::pause();
  }
  char byte = 0;
  if (::read(gate[0], &byte, 1) != 1) return 1;
  const long idle = resident_kb();
  std::printf("resident at start %ld KB; %zu idle WebSockets %.2f KB each\n", at_start, kIdle,
              static_cast<double>(idle - at_start) / static_cast<double>(kIdle));
  ::kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  while (server.stats().websockets != 0) usleep(1000);
  {
    const std::lock_guard lock(relay.mutex);
    relay.connections.clear();
  }

  const double before = sample_cpu();
  child = fork();
  if (child == 0) drive(port);
  wait_for(child);
  const double used = sample_cpu() - before;
  std::printf("%zu messages relayed with acknowledgement: %.2f us of the front's thread each\n",
              relay.relayed.load(), used * 1e6 / static_cast<double>(relay.relayed.load()));
  server.stop();
  return 0;
}
