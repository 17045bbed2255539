// Messages between online users through a whole node: the node is a process of its own on one core, this tool
// is on another. 100 senders write to 100 receivers over WebSockets, with the payloads already encrypted.
//
//  rate     every sender keeps a window of messages under way: messages a second that were accepted,
//  committed
//           durably and delivered, and the node's processor time for each.
//  latency  1,000 messages a second, evenly, whatever the node does: from the time a message was due to the
//           answer that it is durable, and to its arrival at the receiver.
//
// Every message must be accepted once, arrive once with the bytes that were sent, and be reported delivered
// once; at the end the node is killed and all of them must be in its database.
#include <getopt.h>
#include <sqlite3.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/encoding.h"
#include "bench/load/accounts.h"
#include "bench/load/node_process.h"
#include "bench/load/ws_client.h"
#include "bench/report.h"
#include "crypto/random.h"

namespace {

using namespace mychat;
using namespace mychat::bench;

struct Options {
  std::string server;
  std::string folder = ".";
  std::size_t pairs = 100;
  std::size_t messages = 20'000;  // A round.
  std::size_t rounds = 5;
  std::size_t window = 16;  // Of one sender.
  std::size_t steady_rate = 1'000;
  std::size_t steady_messages = 10'000;
  std::size_t ack_items = 32;
  std::uint64_t ack_ns = 5'000'000;
  bool sorted_ids = true;  // UUIDs that begin with the time, as our client makes them.
  int node_core = 0;
  int tool_core = 1;
};

constexpr std::size_t kContent = 1024 + 16;  // With the tag.
constexpr std::uint64_t kPhaseLimitNs = 120'000'000'000;

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

[[noreturn]] void broken(const std::string& what) { throw std::runtime_error(what); }

std::size_t to_number(std::string_view digits, int base) {
  std::size_t value = 0;
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (result.ec != std::errc()) broken("not a number: " + std::string(digits));
  return value;
}

// The last 12 digits of a message's id are its number here.
constexpr std::size_t kIdSize = 36;
std::size_t number_of(std::string_view id) { return to_number(id.substr(24, 12), 16); }

class Load {
 public:
  Load(const Options& options, NodeProcess& node) : options_(options), node_(node) {
    poll_ = epoll_create1(EPOLL_CLOEXEC);
    const Accounts accounts(node.port(), options.pairs * 2);
    peers_.resize(options.pairs * 2);
    for (std::size_t i = 0; i < peers_.size(); ++i) {
      peers_[i].socket.open(node.port(), accounts.token(i));
      epoll_event event{EPOLLIN, {.u64 = i}};
      epoll_ctl(poll_, EPOLL_CTL_ADD, peers_[i].socket.descriptor(), &event);
      peers_[i].partner = i ^ 1;
      if (i % 2 == 0) make_frame(peers_[i], accounts.handle(i + 1));
    }
  }
  ~Load() { close(poll_); }

  struct Rate {
    double per_second = 0, node_us = 0, tool_us = 0;
  };
  Rate saturate(std::size_t count) {
    const std::size_t first = begin(count);
    const double cpu = node_.cpu_seconds();
    const double own = own_cpu();
    const std::uint64_t start = now_ns();
    for (std::size_t i = 0; i < peers_.size(); i += 2) fill_window(i);
    while (delivered_ < count || accepted_ < count) step(1'000'000);
    const double seconds = static_cast<double>(now_ns() - start) / 1e9;
    while (receipted_ < count) step(1'000'000);  // Their cost is part of the message's.
    const auto each = static_cast<double>(count);
    const Rate rate{each / seconds, (node_.cpu_seconds() - cpu) / each * 1e6, (own_cpu() - own) / each * 1e6};
    check(first);
    return rate;
  }

  struct Latencies {
    std::vector<double> accepted, delivered;  // Milliseconds.
    double node_us = 0, disk_kib = 0;
  };
  Latencies steady(std::size_t count) {
    const std::size_t first = begin(count);
    const double cpu = node_.cpu_seconds();
    const double disk = node_.disk_bytes();
    const std::uint64_t period = 1'000'000'000 / options_.steady_rate;
    std::uint64_t due = now_ns() + period;
    next_ = first + count;  // Nothing is sent by the windows.
    for (std::size_t sent = 0; receipted_ < count;) {
      const std::uint64_t now = now_ns();
      if (sent < count && now >= due) {
        send((sent % options_.pairs) * 2, first + sent, due);
        ++sent;
        due += period;
        continue;
      }
      step(sent < count ? due - now : 1'000'000);
    }
    Latencies result;
    for (std::size_t i = first; i < first + count; ++i) {
      const Message& message = messages_[i];
      result.accepted.push_back(static_cast<double>(message.accepted - message.due) / 1e6);
      result.delivered.push_back(static_cast<double>(message.delivered - message.due) / 1e6);
    }
    result.node_us = (node_.cpu_seconds() - cpu) / static_cast<double>(count) * 1e6;
    result.disk_kib = (node_.disk_bytes() - disk) / static_cast<double>(count) / 1024;
    check(first);
    return result;
  }

  // In the database of the node that was killed.
  void check_stored(const std::string& path) const {
    sqlite3* db = nullptr;
    if (sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READWRITE, nullptr) != SQLITE_OK)
      broken("no database");
    const std::unique_ptr<sqlite3, int (*)(sqlite3*)> closer(db, sqlite3_close);
    sqlite3_stmt* query = nullptr;
    if (sqlite3_prepare_v2(db, "SELECT id, encrypted_content FROM messages", -1, &query, nullptr) !=
        SQLITE_OK)
      broken(sqlite3_errmsg(db));
    const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> finalizer(query, sqlite3_finalize);
    std::vector<bool> found(messages_.size());
    std::size_t count = 0;
    for (; sqlite3_step(query) == SQLITE_ROW; ++count) {
      const auto* id = static_cast<const std::uint8_t*>(sqlite3_column_blob(query, 0));
      std::size_t number = 0;
      for (std::size_t i = 10; i < 16; ++i) number = number << 8 | id[i];
      const auto* content = static_cast<const std::uint8_t*>(sqlite3_column_blob(query, 1));
      const ByteView stored(content, static_cast<std::size_t>(sqlite3_column_bytes(query, 1)));
      if (number >= found.size() || found[number]) broken("a stored message that was not sent");
      if (peers_[sender_of_[number]].content != base64_encode(stored))
        broken("a stored message is not what was sent");
      found[number] = true;
    }
    if (count != messages_.size()) broken("messages are missing in the database");
  }

  std::size_t total() const noexcept { return messages_.size(); }

 private:
  void make_frame(Peer& peer, const std::string& recipient) {
    peer.content = base64_encode(random_array<kContent>());
    peer.frame = R"({"type":"send","id":")" + std::string(kIdSize, '0') + R"(","recipient_handle":")" +
                 recipient + R"(","encrypted_content":")" + peer.content + R"(","encrypted_key":")" +
                 base64_encode(random_array<512>()) + R"(","iv":")" + base64_encode(random_array<12>()) +
                 R"(","content_type":"text","algorithm":"AES-256-GCM+RSA-4096-OAEP"})";
  }

  static double own_cpu() {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
  }

  std::size_t begin(std::size_t count) {
    const std::size_t first = messages_.size();
    messages_.resize(first + count);
    sender_of_.resize(first + count);
    next_ = first;
    accepted_ = delivered_ = receipted_ = 0;
    deadline_ = now_ns() + kPhaseLimitNs;
    return first;
  }

  void fill_window(std::size_t sender) {
    while (peers_[sender].under_way < options_.window && next_ < messages_.size()) {
      const std::size_t number = next_++;
      send(sender, number, now_ns());
    }
  }

  void send(std::size_t sender, std::size_t number, std::uint64_t due) {
    static constexpr char kHex[] = "0123456789abcdef";
    Peer& peer = peers_[sender];
    char* id = peer.frame.data() + 21;
    const std::uint64_t random = (random_ = random_ * 6364136223846793005ULL + 1442695040888963407ULL) >> 4;
    const std::uint64_t head =
        options_.sorted_ids ? unix_ms() << 16 | 0x7000 | (random & 0xfff) : random << 4;
    const auto hex = [&](std::size_t at, std::uint64_t value, std::size_t digits) {
      for (std::size_t i = digits; i-- > 0; value >>= 4) id[at + i] = kHex[value & 15];
    };
    hex(0, head >> 32, 8);
    id[8] = id[13] = id[18] = id[23] = '-';
    hex(9, head >> 16, 4);
    hex(14, options_.sorted_ids ? head : 0x4000 | (head & 0xfff), 4);
    hex(19, 0x8000 | (random >> 40 & 0x3fff), 4);
    hex(24, number, 12);
    messages_[number].due = due;
    sender_of_[number] = static_cast<std::uint32_t>(sender);
    peer.socket.queue(peer.frame);
    ++peer.under_way;
    touch(sender);
  }

  static std::uint64_t unix_ms() {
    timespec time{};
    clock_gettime(CLOCK_REALTIME, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * 1000 +
           static_cast<std::uint64_t>(time.tv_nsec) / 1'000'000;
  }

  void touch(std::size_t i) {
    if (peers_[i].touched) return;
    peers_[i].touched = true;
    touched_.push_back(i);
  }

  // Writes what is due, waits for at most `patience` nanoseconds, reads what came.
  void step(std::uint64_t patience) {
    write_touched();
    std::array<epoll_event, 256> events;
    const timespec wait{0, static_cast<long>(std::min<std::uint64_t>(patience, 1'000'000))};
    const int count = epoll_pwait2(poll_, events.data(), events.size(), &wait, nullptr);
    now_ = now_ns();
    if (now_ > deadline_) broken("a phase took too long");
    for (int k = 0; k < count; ++k) {
      const std::size_t i = events[static_cast<std::size_t>(k)].data.u64;
      if ((events[static_cast<std::size_t>(k)].events & EPOLLOUT) != 0) touch(i);
      peers_[i].socket.read([&](std::string_view text) { take(i, text); });
      if (peers_[i].socket.has_output()) touch(i);  // A pong.
      if (i % 2 == 0) fill_window(i);
    }
    acknowledge();
    write_touched();
  }

  void write_touched() {
    for (const std::size_t i : touched_) {
      Peer& peer = peers_[i];
      peer.touched = false;
      const bool blocked = !peer.socket.flush();
      if (blocked == peer.wants_write) continue;
      peer.wants_write = blocked;
      epoll_event event{blocked ? EPOLLIN | EPOLLOUT : EPOLLIN, {.u64 = i}};
      epoll_ctl(poll_, EPOLL_CTL_MOD, peer.socket.descriptor(), &event);
    }
    touched_.clear();
  }

  // A client acknowledges what it stored in one go: here what came within a few milliseconds.
  void acknowledge() {
    std::size_t kept = 0;
    for (const std::size_t i : unacked_) {
      Peer& peer = peers_[i];
      if (peer.unacked < options_.ack_items && now_ - peer.first_unacked < options_.ack_ns) {
        unacked_[kept++] = i;
        continue;
      }
      peer.socket.queue(R"({"type":"ack","seq":)" + std::to_string(peer.last_seq) + "}");
      peer.unacked = 0;
      touch(i);
    }
    unacked_.resize(kept);
  }

  void take(std::size_t i, std::string_view text) {
    static constexpr std::string_view kSent = R"({"type":"sent","results":[)";
    static constexpr std::string_view kMailbox = R"({"type":"mailbox","items":[)";
    if (text.starts_with(kSent)) return take_results(peers_[i], text.substr(kSent.size()));
    if (text.starts_with(kMailbox)) return take_items(i, text.substr(kMailbox.size()));
    broken("an unexpected frame: " + std::string(text.substr(0, 200)));
  }

  void take_results(Peer& peer, std::string_view text) {
    static constexpr std::string_view kId = R"({"id":")";
    if (text.find("\"error\"") != text.npos)
      broken("a send was refused: " + std::string(text.substr(0, 200)));
    for (std::size_t at = text.find(kId); at != text.npos; at = text.find(kId, at + kIdSize)) {
      Message& message = messages_.at(number_of(text.substr(at + kId.size(), kIdSize)));
      ++message.accepts;
      message.accepted = now_;
      ++accepted_;
      --peer.under_way;
    }
  }

  void take_items(std::size_t i, std::string_view text) {
    static constexpr std::string_view kSeq = R"({"seq":)";
    static constexpr std::string_view kType = R"(,"type":")";
    Peer& peer = peers_[i];
    while (text.starts_with(kSeq)) {
      const std::size_t type_at = text.find(kType);
      const auto seq =
          static_cast<std::int64_t>(to_number(text.substr(kSeq.size(), type_at - kSeq.size()), 10));
      if (seq <= peer.last_seq) broken("items out of order");
      peer.last_seq = seq;
      text.remove_prefix(type_at + kType.size());
      if (text.starts_with("message\"")) {
        text.remove_prefix(take_message(peers_[peer.partner], text));
      } else if (text.starts_with("receipt\"")) {
        text.remove_prefix(take_receipt(text));
      } else {
        broken("an unexpected item: " + std::string(text.substr(0, 200)));
      }
      const std::size_t next = text.find("},{\"seq\":");
      text.remove_prefix(next == text.npos ? text.size() : next + 2);
      if (peer.unacked++ == 0) {
        peer.first_unacked = now_;
        unacked_.push_back(i);
      }
    }
  }

  std::size_t take_message(const Peer& sender, std::string_view text) {
    static constexpr std::string_view kId = R"("id":")";
    static constexpr std::string_view kName = R"("encrypted_content":")";
    const std::size_t id = text.find(kId);
    const std::size_t content = text.find(kName);
    if (id == text.npos || content == text.npos) broken("a message without its members");
    if (!text.substr(content + kName.size()).starts_with(sender.content)) broken("a message was changed");
    Message& message = messages_.at(number_of(text.substr(id + kId.size(), kIdSize)));
    ++message.deliveries;
    message.delivered = now_;
    ++delivered_;
    return content + kName.size() + sender.content.size();
  }

  std::size_t take_receipt(std::string_view text) {
    static constexpr std::string_view kIds = R"("message_ids":[)";
    std::size_t at = text.find(kIds);
    if (at == text.npos) broken("a receipt without ids");
    at += kIds.size();
    while (text[at] == '"' || text[at] == ',') {
      if (text[at] == ',') ++at;
      ++messages_.at(number_of(text.substr(at + 1, kIdSize))).receipts;
      ++receipted_;
      at += kIdSize + 2;
    }
    return at;
  }

  void check(std::size_t first) const {
    for (std::size_t i = first; i < messages_.size(); ++i) {
      const Message& message = messages_[i];
      if (message.accepts != 1 || message.deliveries != 1 || message.receipts != 1)
        broken("a message was not accepted, delivered and reported exactly once");
    }
  }

  const Options& options_;
  NodeProcess& node_;
  int poll_ = -1;
  std::vector<Peer> peers_;  // Even: senders; the next one is the receiver.
  std::vector<Message> messages_;
  std::vector<std::uint32_t> sender_of_;
  std::vector<std::size_t> touched_, unacked_;
  std::size_t next_ = 0, accepted_ = 0, delivered_ = 0, receipted_ = 0;
  std::uint64_t now_ = 0, deadline_ = 0, random_ = 88172645463325252ULL;
};

// The same bytes into a bare table with the same guarantees, in groups: what the disk and SQLite allow.
struct Floor {
  double per_second = 0, cpu_us = 0;
  std::vector<double> milliseconds;  // Of each commit.
};

Floor bare_inserts(const std::filesystem::path& path, std::size_t count, std::size_t group, int core) {
  Floor floor;
  std::thread([&] {
    pin_this_thread(core);
    sqlite3* db = nullptr;
    if (sqlite3_open(path.c_str(), &db) != SQLITE_OK) std::abort();
    sqlite3_exec(db,
                 "PRAGMA page_size = 4096; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                 "CREATE TABLE bare (seq INTEGER PRIMARY KEY, id BLOB, iv TEXT, key TEXT, content TEXT)",
                 nullptr, nullptr, nullptr);
    sqlite3_stmt* insert = nullptr;
    sqlite3_prepare_v2(db, "INSERT INTO bare (id, iv, key, content) VALUES (?,?,?,?)", -1, &insert, nullptr);
    const std::string content = base64_encode(random_array<kContent>());
    const std::string key = base64_encode(random_array<512>());
    const auto id = random_array<16>();
    timespec before{};
    timespec after{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
    const std::uint64_t start = now_ns();
    for (std::size_t i = 0; i < count;) {
      const std::uint64_t begun = now_ns();
      sqlite3_exec(db, "BEGIN", nullptr, nullptr, nullptr);
      for (std::size_t k = 0; k < group && i < count; ++k, ++i) {
        sqlite3_bind_blob(insert, 1, id.data(), 16, SQLITE_STATIC);
        sqlite3_bind_text(insert, 2, "AAAAAAAAAAAAAAAA", 16, SQLITE_STATIC);
        sqlite3_bind_text(insert, 3, key.data(), static_cast<int>(key.size()), SQLITE_STATIC);
        sqlite3_bind_text(insert, 4, content.data(), static_cast<int>(content.size()), SQLITE_STATIC);
        if (sqlite3_step(insert) != SQLITE_DONE) std::abort();
        sqlite3_reset(insert);
      }
      if (sqlite3_exec(db, "COMMIT", nullptr, nullptr, nullptr) != SQLITE_OK) std::abort();
      floor.milliseconds.push_back(static_cast<double>(now_ns() - begun) / 1e6);
    }
    floor.per_second = static_cast<double>(count) / (static_cast<double>(now_ns() - start) / 1e9);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
    floor.cpu_us = (static_cast<double>(after.tv_sec - before.tv_sec) * 1e6 +
                    static_cast<double>(after.tv_nsec - before.tv_nsec) / 1e3) /
                   static_cast<double>(count);
    sqlite3_finalize(insert);
    sqlite3_close(db);
  }).join();
  return floor;
}

Options parse(int argc, char** argv) {
  Options options;
  enum {
    kServer = 1,
    kFolder,
    kMessages,
    kRounds,
    kWindow,
    kSteady,
    kAckItems,
    kRandomIds,
    kNodeCore,
    kToolCore
  };
  static const option kLong[] = {{"server", 1, nullptr, kServer},
                                 {"dir", 1, nullptr, kFolder},
                                 {"messages", 1, nullptr, kMessages},
                                 {"rounds", 1, nullptr, kRounds},
                                 {"window", 1, nullptr, kWindow},
                                 {"steady", 1, nullptr, kSteady},
                                 {"ack-items", 1, nullptr, kAckItems},
                                 {"random-ids", 0, nullptr, kRandomIds},
                                 {"node-core", 1, nullptr, kNodeCore},
                                 {"tool-core", 1, nullptr, kToolCore},
                                 {nullptr, 0, nullptr, 0}};
  const auto number = [] { return to_number(optarg, 10); };
  for (int code = 0; (code = getopt_long(argc, argv, "", kLong, nullptr)) != -1;) {
    switch (code) {
      case kServer:
        options.server = optarg;
        break;
      case kFolder:
        options.folder = optarg;
        break;
      case kMessages:
        options.messages = std::min<std::size_t>(number(), 1'000'000);
        break;
      case kRounds:
        options.rounds = std::min<std::size_t>(number(), 50);
        break;
      case kWindow:
        options.window = std::min<std::size_t>(number(), 256);
        break;
      case kSteady:
        options.steady_messages = std::min<std::size_t>(number(), 100'000);
        break;
      case kAckItems:
        options.ack_items = number();
        break;
      case kRandomIds:
        options.sorted_ids = false;
        break;
      case kNodeCore:
        options.node_core = std::atoi(optarg);
        break;
      case kToolCore:
        options.tool_core = std::atoi(optarg);
        break;
      default:
        std::fprintf(
            stderr,
            "bench_send --server PROGRAM [--dir FOLDER] [--messages N] [--rounds N] [--window N]\n"
            "           [--steady N] [--ack-items N] [--random-ids] [--node-core N] [--tool-core N]\n");
        std::exit(2);
    }
  }
  if (options.server.empty())
    options.server =
        (std::filesystem::path(argv[0]).parent_path() / "../../server-reference/app/mychat-server");
  return options;
}

std::string extra(const char* format, auto... values) {
  std::array<char, 256> text{};
  std::snprintf(text.data(), text.size(), format, values...);
  return text.data();
}

void print_latency(const std::string& name, const std::vector<double>& ours,
                   const std::vector<double>& floor) {
  print(name, "ms", median(ours), p95(ours), ours.size(), median(floor),
        median(floor) > 0 ? median(ours) / median(floor) : 0,
        extra("\"p99\":%.4g,\"p999\":%.4g,\"floor_p99\":%.4g,\"load\":%.2f", percentile(ours, 0.99),
              percentile(ours, 0.999), percentile(floor, 0.99), load_average()));
}

void run(const Options& options) {
  const Folder folder(options.folder);
  const std::filesystem::path data = folder.path() / "data";
  std::filesystem::create_directory(data);
  NodeProcess node({options.server, data, options.node_core, {"--threads", "1", "--max-users", "100000"}});
  pin_this_thread(options.tool_core);
  Load load(options, node);
  (void)load.saturate(std::max<std::size_t>(options.messages / 4, 100));  // Warm.
  std::fprintf(stderr, "the node is process %d\n", static_cast<int>(node.pid()));
  std::vector<double> rates, cpu, tool, floor, floor_cpu;
  for (std::size_t round = 0; round < options.rounds; ++round) {
    const Floor bare = bare_inserts(folder.path() / ("bare" + std::to_string(round)), options.messages, 64,
                                    options.node_core);
    const Load::Rate rate = load.saturate(options.messages);
    floor.push_back(bare.per_second);
    floor_cpu.push_back(bare.cpu_us);
    rates.push_back(rate.per_second);
    cpu.push_back(rate.node_us);
    tool.push_back(rate.tool_us);
  }
  if (!rates.empty()) {
    print("send_rate", "messages/s", median(rates), p95(rates), rates.size(), median(floor),
          median(rates) / median(floor),
          extra("\"best\":%.6g,\"on_a_quiet_core\":%.6g,\"load\":%.2f", percentile(rates, 1),
                1e6 / median(cpu), load_average()));
    print("send_node_cpu", "us/message", median(cpu), p95(cpu), cpu.size(), median(floor_cpu),
          median(cpu) / median(floor_cpu), extra("\"tool_us\":%.4g", median(tool)));
  }
  if (options.steady_messages > 0) {
    const Floor single = bare_inserts(folder.path() / "single", 1'000, 1, options.node_core);
    const Load::Latencies latencies = load.steady(options.steady_messages);
    print_latency("send_accepted_at_1000", latencies.accepted, single.milliseconds);
    print_latency("send_delivered_at_1000", latencies.delivered, single.milliseconds);
    print("send_node_cpu_at_1000", "us/message", latencies.node_us, latencies.node_us,
          options.steady_messages);
    print("send_disk_at_1000", "KiB/message", latencies.disk_kib, latencies.disk_kib,
          options.steady_messages);
  }
  node.kill();
  load.check_stored(node.database());
  std::fprintf(stderr, "%zu messages: each accepted, delivered, reported and stored exactly once\n",
               load.total());
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run(parse(argc, argv));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_send: %s\n", error.what());
    return 1;
  }
}
