#include "bench/load/message_load.h"

#include <sqlite3.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <stdexcept>

#include "base/encoding.h"
#include "crypto/random.h"

namespace mychat::bench {

namespace {

// The last 12 digits of a message's id are its number here.
constexpr std::size_t kIdSize = 36;
std::size_t number_of(std::string_view id) { return to_number(id.substr(24, 12), 16); }

double own_cpu() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

std::uint64_t unix_ms() {
  timespec time{};
  clock_gettime(CLOCK_REALTIME, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1000 +
         static_cast<std::uint64_t>(time.tv_nsec) / 1'000'000;
}

}  // namespace

void broken(const std::string& what) { throw std::runtime_error(what); }

std::size_t to_number(std::string_view digits, int base) {
  std::size_t value = 0;
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (result.ec != std::errc()) broken("not a number: " + std::string(digits));
  return value;
}

MessageLoad::MessageLoad(const LoadOptions& options, NodeProcess& of_senders, NodeProcess& of_receivers)
    : options_(options), nodes_{&of_senders}, poll_(epoll_create1(EPOLL_CLOEXEC)) {
  const bool one_node = &of_senders == &of_receivers;
  if (!one_node) nodes_.push_back(&of_receivers);
  // On one node all are numbered in a row; else each node has users of the same names.
  const Accounts senders(of_senders, one_node ? options.pairs * 2 : options.pairs);
  const Accounts receivers = one_node ? senders : Accounts(of_receivers, options.pairs);
  peers_.resize(options.pairs * 2);
  for (std::size_t i = 0; i < peers_.size(); i += 2) {
    const std::size_t sender = one_node ? i : i / 2;
    const std::size_t receiver = one_node ? i + 1 : i / 2;
    receivers_tokens_.push_back(receivers.token(receiver));
    open(i, of_senders.port(), senders.token(sender));
    open(i + 1, of_receivers.port(), receivers_tokens_.back());
    peers_[i].partner = i + 1;
    peers_[i + 1].partner = i;
    make_frame(peers_[i], receivers.handle(receiver));
  }
}

MessageLoad::~MessageLoad() { close(poll_); }

void MessageLoad::open(std::size_t peer, std::uint16_t port, const std::string& token) {
  peers_[peer].socket.open(port, token, peers_[peer].last_seq);
  epoll_event event{EPOLLIN, {.u64 = peer}};
  epoll_ctl(poll_, EPOLL_CTL_ADD, peers_[peer].socket.descriptor(), &event);
}

double MessageLoad::nodes_cpu() const {
  double seconds = 0;
  for (const NodeProcess* node : nodes_) seconds += node->cpu_seconds();
  return seconds;
}

double MessageLoad::nodes_disk() const {
  double bytes = 0;
  for (const NodeProcess* node : nodes_) bytes += node->disk_bytes();
  return bytes;
}

MessageLoad::Rate MessageLoad::saturate(std::size_t count) {
  const std::size_t first = begin(count);
  const double cpu = nodes_cpu();
  const double own = own_cpu();
  const std::uint64_t start = now_ns();
  for (std::size_t i = 0; i < peers_.size(); i += 2) fill_window(i);
  while (delivered_ < count || accepted_ < count) step(1'000'000);
  const double seconds = static_cast<double>(now_ns() - start) / 1e9;
  while (receipted_ < count) step(1'000'000);  // Their cost is part of the message's.
  const auto each = static_cast<double>(count);
  const Rate rate{each / seconds, (nodes_cpu() - cpu) / each * 1e6, (own_cpu() - own) / each * 1e6};
  check(first);
  return rate;
}

MessageLoad::Latencies MessageLoad::steady(std::size_t count) {
  const std::size_t first = begin(count);
  const double cpu = nodes_cpu();
  const double disk = nodes_disk();
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
  result.node_us = (nodes_cpu() - cpu) / static_cast<double>(count) * 1e6;
  result.disk_kib = (nodes_disk() - disk) / static_cast<double>(count) / 1024;
  check(first);
  return result;
}

void MessageLoad::check_stored(const std::string& path) const {
  sqlite3* db = nullptr;
  if (sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READWRITE, nullptr) != SQLITE_OK) broken("no database");
  const std::unique_ptr<sqlite3, int (*)(sqlite3*)> closer(db, sqlite3_close);
  sqlite3_stmt* query = nullptr;
  if (sqlite3_prepare_v2(db, "SELECT id, encrypted_content FROM messages", -1, &query, nullptr) != SQLITE_OK)
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

void MessageLoad::make_frame(Peer& peer, const std::string& recipient) {
  peer.content = base64_encode(random_array<kLoadContent>());
  peer.frame = R"({"type":"send","id":")" + std::string(kIdSize, '0') + R"(","recipient_handle":")" +
               recipient + R"(","encrypted_content":")" + peer.content + R"(","encrypted_key":")" +
               base64_encode(random_array<512>()) + R"(","iv":")" + base64_encode(random_array<12>()) +
               R"(","content_type":"text","algorithm":"AES-256-GCM+RSA-4096-OAEP"})";
}

std::size_t MessageLoad::begin(std::size_t count) {
  const std::size_t first = messages_.size();
  messages_.resize(first + count);
  sender_of_.resize(first + count);
  next_ = first;
  accepted_ = delivered_ = receipted_ = 0;
  deadline_ = now_ns() + options_.limit_ns;
  return first;
}

void MessageLoad::fill_window(std::size_t sender) {
  while (peers_[sender].under_way < options_.window && next_ < messages_.size()) {
    const std::size_t number = next_++;
    send(sender, number, now_ns());
  }
}

void MessageLoad::send(std::size_t sender, std::size_t number, std::uint64_t due) {
  static constexpr char kHex[] = "0123456789abcdef";
  Peer& peer = peers_[sender];
  char* id = peer.frame.data() + 21;
  const std::uint64_t random = (random_ = random_ * 6364136223846793005ULL + 1442695040888963407ULL) >> 4;
  const std::uint64_t head = options_.sorted_ids ? unix_ms() << 16 | 0x7000 | (random & 0xfff) : random << 4;
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

void MessageLoad::touch(std::size_t i) {
  if (peers_[i].touched) return;
  peers_[i].touched = true;
  touched_.push_back(i);
}

void MessageLoad::step(std::uint64_t patience) {
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

void MessageLoad::write_touched() {
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

void MessageLoad::acknowledge() {
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

void MessageLoad::take(std::size_t i, std::string_view text) {
  static constexpr std::string_view kSent = R"({"type":"sent","results":[)";
  static constexpr std::string_view kMailbox = R"({"type":"mailbox","items":[)";
  if (text.starts_with(kSent)) return take_results(peers_[i], text.substr(kSent.size()));
  if (text.starts_with(kMailbox)) return take_items(i, text.substr(kMailbox.size()));
  broken("an unexpected frame: " + std::string(text.substr(0, 200)));
}

void MessageLoad::take_results(Peer& peer, std::string_view text) {
  static constexpr std::string_view kId = R"({"id":")";
  if (text.find("\"error\"") != text.npos) broken("a send was refused: " + std::string(text.substr(0, 200)));
  for (std::size_t at = text.find(kId); at != text.npos; at = text.find(kId, at + kIdSize)) {
    Message& message = messages_.at(number_of(text.substr(at + kId.size(), kIdSize)));
    ++message.accepts;
    message.accepted = now_;
    ++accepted_;
    --peer.under_way;
  }
}

void MessageLoad::take_items(std::size_t i, std::string_view text) {
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

std::size_t MessageLoad::take_message(const Peer& sender, std::string_view text) {
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

std::size_t MessageLoad::take_receipt(std::string_view text) {
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

void MessageLoad::check(std::size_t first) const {
  for (std::size_t i = first; i < messages_.size(); ++i) {
    const Message& message = messages_[i];
    if (message.accepts != 1 || message.deliveries != 1 || message.receipts != 1)
      broken("a message was not accepted, delivered and reported exactly once");
  }
}

double MessageLoad::accept(std::size_t count) {
  waiting_from_ = begin(count);
  const std::uint64_t start = now_ns();
  for (std::size_t i = 0; i < peers_.size(); i += 2) fill_window(i);
  while (accepted_ < count) step(1'000'000);
  return static_cast<double>(count) / (static_cast<double>(now_ns() - start) / 1e9);
}

void MessageLoad::close_receivers() {
  deadline_ = now_ns() + options_.limit_ns;
  // What was taken is acknowledged first, and would come again otherwise.
  for (const std::uint64_t until = now_ns() + 4 * options_.ack_ns; now_ns() < until || !unacked_.empty();)
    step(1'000'000);
  for (std::size_t i = 1; i < peers_.size(); i += 2) {
    peers_[i].socket.close();
    peers_[i].wants_write = false;
  }
}

double MessageLoad::arrive(const NodeProcess& of_receivers) {
  const std::uint64_t start = now_ns();
  deadline_ = start + options_.limit_ns;
  for (std::size_t i = 1; i < peers_.size(); i += 2) open(i, of_receivers.port(), receivers_tokens_[i / 2]);
  const std::size_t count = messages_.size() - waiting_from_;
  while (delivered_ < count) step(1'000'000);
  const double seconds = static_cast<double>(now_ns() - start) / 1e9;
  while (receipted_ < count) step(1'000'000);
  check(waiting_from_);
  return static_cast<double>(count) / seconds;
}

}  // namespace mychat::bench
