// As much of a client as a load tool needs: blocking HTTP for the accounts, and WebSockets whose frames are
// written in batches and read without copies.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace mychat::bench {

std::uint64_t now_ns() noexcept;  // Monotonic.

struct HttpAnswer {
  int status = 0;
  std::string body;
};
// One request on a connection of its own. Throws std::runtime_error after ten seconds without an answer.
HttpAnswer post(std::uint16_t port, const std::string& path, const std::string& json);
// The text member of a flat JSON object that we know to be without escapes; throws when it is not there.
std::string text_member(std::string_view json, std::string_view name);

class WsClient {
 public:
  WsClient() = default;
  ~WsClient();
  WsClient(WsClient&& other) noexcept;
  WsClient& operator=(WsClient&&) = delete;

  // Connects, upgrades, authenticates and subscribes to the mailbox after that number; blocking, bounded.
  // Then it does not block.
  void open(std::uint16_t port, const std::string& token, std::int64_t after = 0);
  void close() noexcept;  // It can be opened again.

  int descriptor() const noexcept { return fd_; }
  void queue(std::string_view text);  // Masked as a client's frames must be.
  bool flush();                       // False: the socket is full; call again when it can be written.
  bool has_output() const noexcept { return sent_ < out_.size(); }
  // Reads what there is and calls `on_text` for each whole text frame. Pings are answered. Throws when the
  // node closed the connection.
  void read(const std::function<void(std::string_view)>& on_text);

 private:
  void frame(std::uint8_t opcode, std::string_view payload);
  std::string wait_text();
  std::size_t take_frames(std::string_view bytes, const std::function<void(std::string_view)>& on_text);

  int fd_ = -1;
  std::string out_;
  std::size_t sent_ = 0;
  std::string mailbox_id_;  // Which numbering `after` is of.
  std::string rest_;        // Of a frame that has not arrived whole.
};

}  // namespace mychat::bench
