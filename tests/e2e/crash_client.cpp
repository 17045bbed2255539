// A user of the crash test, as a process that may be killed at any moment. It sends numbered messages without
// end, so many ahead of their delivery that a long run on a slow machine leaves no backlog, and writes into
// durable logs what it sent (before anybody relies on it) and what it received (before it acknowledges).
//
//   crash_client STORE NODE_URL PEER SENT_LOG RECEIVED_LOG
//
// Lines of the logs: "ID TEXT". It sends nothing more when the file STORE.quiet exists, and ends, with status
// 0, when STORE.stop does.
#include <fcntl.h>
#include <mychat/mychat.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <string>

namespace {

std::int32_t store_key(std::uint8_t* out, void*) {
  for (int i = 0; i < MYCHAT_STORE_KEY_SIZE; ++i) out[i] = static_cast<std::uint8_t>(i + 3);
  return 0;
}

[[noreturn]] void die(const char* what, const mychat_error& error) {
  std::fprintf(stderr, "crash_client: %s: %s\n", what, error.message);
  std::exit(1);
}

class DurableLog {
 public:
  explicit DurableLog(const char* path) : fd_(::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {
    if (fd_ < 0) std::exit(2);
  }
  // One write of one line, so that a kill leaves whole lines.
  void add(const std::string& id, const std::string& text) {
    const std::string line = id + ' ' + text + '\n';
    if (::write(fd_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::exit(2);
  }

 private:
  int fd_;
};

// The messages that are sent and not yet delivered, those of earlier processes included.
class InFlight {
 public:
  InFlight(mychat_client* client, const char* sent_log) : client_(client) {
    std::ifstream log(sent_log);
    std::string id;
    for (std::string text; log >> id >> text;) {
      add(id);
      if (ids_.size() > kMost) ids_.pop_front();
    }
  }
  void add(std::string id) { ids_.push_back(std::move(id)); }
  bool full() {
    while (!ids_.empty() && is_delivered(ids_.front())) ids_.pop_front();
    return ids_.size() >= kMost;
  }

 private:
  // Few enough to be opened between two kills: what arrives together is committed together.
  static constexpr std::size_t kMost = 32;

  bool is_delivered(const std::string& id) {
    mychat_error error = MYCHAT_ERROR_INIT;
    mychat_message* message = nullptr;
    if (mychat_client_message(client_, id.c_str(), &message, &error) != MYCHAT_OK) die("message", error);
    const mychat_message_status status = message->status;
    mychat_message_free(message);
    if (status == MYCHAT_MESSAGE_FAILED) die("failed", error);
    return status == MYCHAT_MESSAGE_DELIVERED || status == MYCHAT_MESSAGE_READ;
  }

  mychat_client* client_;
  std::deque<std::string> ids_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) return 2;
  const std::string store = argv[1];
  const char* const peer = argv[3];
  DurableLog sent(argv[4]);
  DurableLog received(argv[5]);
  mychat_error error = MYCHAT_ERROR_INIT;
  mychat_client_options options = MYCHAT_CLIENT_OPTIONS_INIT;
  options.store_path = store.c_str();
  options.store_key = store_key;
  options.node_url = argv[2];
  options.flags = MYCHAT_CLIENT_STORE_MUST_EXIST;
  mychat_client* client = nullptr;
  if (mychat_client_create(&options, &client, &error) != MYCHAT_OK) die("create", error);
  if (mychat_client_start(client, &error) != MYCHAT_OK) die("start", error);
  InFlight in_flight(client, argv[4]);
  const std::string run = std::to_string(::getpid());
  long number = 0;
  while (::access((store + ".stop").c_str(), F_OK) != 0) {
    const std::string text = run + "/" + std::to_string(number++);
    char id[MYCHAT_MESSAGE_ID_SIZE];
    if (::access((store + ".quiet").c_str(), F_OK) != 0 && !in_flight.full()) {
      if (mychat_client_send_text(client, peer, text.c_str(), id, &error) != MYCHAT_OK) die("send", error);
      sent.add(id, text);
      in_flight.add(id);
    }
    for (int i = 0; i < 8; ++i) {
      mychat_event* event = nullptr;
      const mychat_status status = mychat_client_poll(client, 5, &event, &error);
      if (status == MYCHAT_E_TIMEOUT) break;
      if (status != MYCHAT_OK) die("poll", error);
      if (event->type == MYCHAT_EVENT_SESSION_ENDED) die("session ended", event->data.connection->error);
      if (event->type == MYCHAT_EVENT_MESSAGE) {
        const mychat_message& message = *event->data.message;
        if (!message.readable || message.verification != MYCHAT_VERIFICATION_VERIFIED) return 3;
        received.add(message.id, message.text);
      }
      const std::uint64_t seq = event->seq;
      mychat_event_free(event);
      if (mychat_client_ack(client, seq, &error) != MYCHAT_OK) die("ack", error);
    }
  }
  mychat_client_free(client);
  return 0;
}
