// Messages between online users: senders write to receivers over WebSockets, with the payloads already
// encrypted. Every message must be accepted once, arrive once with the bytes that were sent, and be reported
// delivered once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/accounts.h"
#include "bench/load/node_process.h"
#include "bench/load/ws_client.h"

namespace mychat::bench {

inline constexpr std::size_t kLoadContent = 1024 + 16;  // Bytes of a message: with the tag.

struct LoadOptions {
  std::size_t pairs = 100;
  std::size_t window = 16;  // Of one sender.
  std::size_t steady_rate = 1'000;
  std::size_t ack_items = 32;
  std::uint64_t ack_ns = 5'000'000;
  std::uint64_t limit_ns = 120'000'000'000;  // Of a phase.
  bool sorted_ids = true;                    // UUIDs that begin with the time, as our client makes them.
};

[[noreturn]] void broken(const std::string& what);
std::size_t to_number(std::string_view digits, int base);

// A CPU second of a node and one of this tool, and what one message of it costs.
class MessageLoad {
 public:
  // The receivers are users of another node, or of the same.
  MessageLoad(const LoadOptions& options, NodeProcess& of_senders, NodeProcess& of_receivers);
  ~MessageLoad();
  MessageLoad(const MessageLoad&) = delete;
  MessageLoad& operator=(const MessageLoad&) = delete;

  struct Rate {
    double per_second = 0;
    double node_us = 0;  // Of all nodes, a message.
    double tool_us = 0;
  };
  // Every sender keeps a window of messages under way.
  Rate saturate(std::size_t count);

  struct Latencies {
    std::vector<double> accepted, delivered;  // Milliseconds from the time that a message was due.
    double node_us = 0, disk_kib = 0;         // A message.
  };
  // So many a second, evenly, whatever the nodes do.
  Latencies steady(std::size_t count);

  // Accepted while nobody receives; then arrive() waits for them. Messages a second, both.
  double accept(std::size_t count);
  double arrive(
      const NodeProcess& of_receivers);  // After the receivers' node came back, on a new port perhaps.
  void close_receivers();

  // In the database of the receivers' node, which was killed.
  void check_stored(const std::string& path) const;
  std::size_t total() const noexcept { return messages_.size(); }

 private:
  struct Message {
    std::uint64_t due = 0, accepted = 0, delivered = 0;
    std::uint8_t accepts = 0, deliveries = 0, receipts = 0;
  };
  struct Peer {
    WsClient socket;
    std::string frame;  // A sender's, with the id to be filled in.
    std::string content;
    std::size_t partner = 0;
    std::size_t under_way = 0;
    std::int64_t last_seq = 0;
    std::size_t unacked = 0;
    std::uint64_t first_unacked = 0;
    bool wants_write = false;
    bool touched = false;
  };

  void open(std::size_t peer, std::uint16_t port, const std::string& token);
  void make_frame(Peer& peer, const std::string& recipient);
  std::size_t begin(std::size_t count);
  double nodes_cpu() const;
  double nodes_disk() const;
  void fill_window(std::size_t sender);
  void send(std::size_t sender, std::size_t number, std::uint64_t due);
  void touch(std::size_t peer);
  void step(std::uint64_t patience);
  void write_touched();
  void acknowledge();
  void take(std::size_t peer, std::string_view text);
  void take_results(Peer& peer, std::string_view text);
  void take_items(std::size_t peer, std::string_view text);
  std::size_t take_message(const Peer& sender, std::string_view text);
  std::size_t take_receipt(std::string_view text);
  void check(std::size_t first) const;

  const LoadOptions options_;
  std::vector<const NodeProcess*> nodes_;
  std::vector<std::string> receivers_tokens_;
  int poll_ = -1;
  std::vector<Peer> peers_;  // Even: senders; the next one is the receiver.
  std::vector<Message> messages_;
  std::vector<std::uint32_t> sender_of_;
  std::vector<std::size_t> touched_, unacked_;
  std::size_t next_ = 0, accepted_ = 0, delivered_ = 0, receipted_ = 0, waiting_from_ = 0;
  std::uint64_t now_ = 0, deadline_ = 0, random_ = 88172645463325252ULL;
};

}  // namespace mychat::bench
