// A small blocking client over a raw socket, plain or TLS, that can misbehave in every way a test asks for.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace mychat::server::test {

inline constexpr std::chrono::milliseconds kPatience{10'000};

struct ClientTls {
  std::string ca_file;
  int max_version = 0;  // An OpenSSL constant; 0: the newest.
};

struct Response {
  int status = 0;
  std::map<std::string, std::string> headers;  // Names in lower case.
  std::string body;
};

struct Frame {
  bool fin = true;
  int rsv = 0;
  int opcode = 1;
  std::string payload;
};

// Bytes of a client's frame. `mask` false leaves the mask out.
std::string frame_bytes(int opcode, std::string_view payload, bool fin = true, int rsv = 0, bool mask = true);
// Big-endian close code and reason.
std::string close_payload(std::uint16_t code, std::string_view reason = {});

class TestClient {
 public:
  // Connects to the loopback address; throws when that or the TLS handshake fails.
  explicit TestClient(std::uint16_t port, int receive_buffer = 0);
  TestClient(std::uint16_t port, const ClientTls& tls);
  ~TestClient();
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;

  // False when the peer has gone.
  bool send(std::string_view bytes);
  // Waits for bytes; empty at the end of the connection. Throws when patience ends.
  std::string receive();
  // One response; nothing when the connection ended before it. `head`: the answer to a HEAD request.
  std::optional<Response> response(bool head = false);
  Response request(std::string_view method, std::string_view path, std::string_view body = {},
                   std::string_view headers = {});
  // True when the peer closes (in order or by reset) within `patience`; what comes until then is thrown away.
  bool closed_by_peer(std::chrono::milliseconds patience = kPatience);
  void set_patience(std::chrono::milliseconds patience);
  void shutdown_write();
  void reset();  // Closes with RST.
  void close();

  // WebSocket: the handshake on `path`; the status of the answer.
  int upgrade(std::string_view path = "/ws", std::string_view headers = {});
  bool send_text(std::string_view text) { return send(frame_bytes(1, text)); }
  std::optional<Frame> frame();  // Nothing at the end of the connection.
  // The next frame that is not a ping or pong.
  std::optional<Frame> data_frame();
  // The code of the close frame that comes next (data frames before it are skipped); 0: the end came without
  // one.
  int close_code();
  std::string last_extensions;
  std::string tls_version() const;

 private:
  struct Tls;
  void connect(std::uint16_t port, int receive_buffer);
  bool need(std::size_t bytes);

  int fd_ = -1;
  std::unique_ptr<Tls> tls_;
  std::string in_;
};

}  // namespace mychat::server::test
