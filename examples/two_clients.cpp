// two_clients: two users in one process find each other, compare safety numbers, and exchange messages with
// receipts.
//
//   two_clients NODE_URL        (a node whose registration is open: mychat-server dev)
//
// Exits 0 when everything happened as it should. Stores are made in a temporary folder and erased.
#include <mychat/mychat.h>
#include <stdlib.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>

namespace {

using Clock = std::chrono::steady_clock;

// A status that is not MYCHAT_OK as an exception: check([&](mychat_error* error) { return mychat_...(...,
// error); }).
void check(const std::function<mychat_status(mychat_error*)>& call) {
  mychat_error error = MYCHAT_ERROR_INIT;
  if (call(&error) != MYCHAT_OK)
    throw std::runtime_error(std::string(mychat_status_name(error.status)) + ": " + error.message);
}

struct FreeEvent {
  void operator()(mychat_event* event) const { mychat_event_free(event); }
};
using Event = std::unique_ptr<mychat_event, FreeEvent>;

class User {
 public:
  User(std::string username, const std::string& folder, const char* node_url)
      : username_(std::move(username)) {
    const std::string path = folder + "/" + username_;
    mychat_client_options options = MYCHAT_CLIENT_OPTIONS_INIT;
    options.store_path = path.c_str();
    options.passphrase = "a passphrase for a throw-away store";
    options.node_url = node_url;
    check([&](mychat_error* error) { return mychat_client_create(&options, &client_, error); });
  }
  ~User() { mychat_client_free(client_); }
  User(const User&) = delete;
  User& operator=(const User&) = delete;

  mychat_client* client() const { return client_; }
  const std::string& handle() const { return handle_; }

  // Both users' keys are made at the same time, so asking and awaiting are two steps.
  void begin_registration() {
    mychat_register_options options = MYCHAT_REGISTER_OPTIONS_INIT;
    options.username = username_.c_str();
    options.password = "a password for a throw-away account";
    check([&](mychat_error* error) { return mychat_client_register(client_, &options, &request_, error); });
  }
  void end_registration() {
    Event completion;
    check([&](mychat_error* error) {
      mychat_event* event = nullptr;
      const mychat_status status = mychat_client_await(client_, request_, 120'000, &event, error);
      completion.reset(event);  // Handed over on failure, too.
      return status;
    });
    handle_ = completion->data.completion->account->handle;
    say("I am " + handle_ + ", " + completion->data.completion->account->fingerprint);
  }

  void add(const User& other) {
    mychat_request_id request = 0;
    check([&](mychat_error* error) {
      return mychat_client_add_contact(client_, other.handle().c_str(), nullptr, &request, error);
    });
    check([&](mychat_error* error) { return mychat_client_await(client_, request, 30'000, nullptr, error); });
  }

  // Scans the code on the other's screen, as two people who meet do.
  void verify(const User& other) {
    char* shown = nullptr;
    check([&](mychat_error* error) {
      return mychat_client_safety_qr(other.client(), handle_.c_str(), &shown, error);
    });
    const std::string code = shown;
    mychat_string_free(shown);
    mychat_scan_result result = 0;
    check([&](mychat_error* error) {
      return mychat_client_compare_safety_qr(client_, other.handle().c_str(), code.c_str(), &result, error);
    });
    if (result != MYCHAT_SCAN_MATCH) throw std::runtime_error("The codes do not match.");
    mychat_contact* contact = nullptr;
    check([&](mychat_error* error) {
      return mychat_client_contact(client_, other.handle().c_str(), &contact, error);
    });
    const std::string fingerprint = contact->fingerprint;
    mychat_contact_free(contact);
    check([&](mychat_error* error) {
      return mychat_client_set_verified(client_, other.handle().c_str(), fingerprint.c_str(), 1, error);
    });
    say("verified " + other.handle());
  }

  std::string send(const User& to, const std::string& text) {
    char id[MYCHAT_MESSAGE_ID_SIZE];
    check([&](mychat_error* error) {
      return mychat_client_send_text(client_, to.handle().c_str(), text.c_str(), id, error);
    });
    return id;
  }

  // Waits for the message, and marks it read.
  void expect_message(const std::string& id, const std::string& text) {
    wait_for([&](const mychat_event& event) {
      if (event.type != MYCHAT_EVENT_MESSAGE || id != event.data.message->id) return false;
      const mychat_message& message = *event.data.message;
      if (message.text == nullptr || text != message.text) throw std::runtime_error("Another text arrived.");
      if (message.verification != MYCHAT_VERIFICATION_VERIFIED) throw std::runtime_error("It is not signed.");
      say(std::string("received from ") + message.sender + ": " + message.text);
      return true;
    });
    check([&](mychat_error* error) {
      mychat_message* message = nullptr;
      mychat_status status = mychat_client_message(client_, id.c_str(), &message, error);
      if (status == MYCHAT_OK) status = mychat_client_mark_read(client_, message->peer, id.c_str(), error);
      mychat_message_free(message);
      return status;
    });
  }

  // A step may be skipped (read before the receipt of delivery came), so what counts is how far it has come.
  void expect_status(const std::string& id, mychat_message_status wanted, const char* name) {
    if (status_of(id) < wanted)
      wait_for([&](const mychat_event& event) {
        return event.type == MYCHAT_EVENT_MESSAGE_STATUS && id == event.data.message->id &&
               event.data.message->status >= wanted;
      });
    if (status_of(id) == MYCHAT_MESSAGE_FAILED) throw std::runtime_error("The message failed.");
    say(std::string("my message was ") + name);
  }

 private:
  mychat_message_status status_of(const std::string& id) {
    mychat_message* message = nullptr;
    check([&](mychat_error* error) { return mychat_client_message(client_, id.c_str(), &message, error); });
    const mychat_message_status status = message->status;
    mychat_message_free(message);
    return status;
  }

  void wait_for(const std::function<bool(const mychat_event&)>& wanted) {
    const auto deadline = Clock::now() + std::chrono::seconds(30);
    while (Clock::now() < deadline) {
      mychat_event* taken = nullptr;
      mychat_error error = MYCHAT_ERROR_INIT;
      const mychat_status status = mychat_client_poll(client_, 1000, &taken, &error);
      if (status == MYCHAT_E_TIMEOUT) continue;
      if (status != MYCHAT_OK) throw std::runtime_error(error.message);
      const Event event(taken);
      const bool found = wanted(*event);
      check([&](mychat_error* failure) { return mychat_client_ack(client_, event->seq, failure); });
      if (found) return;
    }
    throw std::runtime_error(username_ + " waited in vain.");
  }

  void say(const std::string& text) const {
    std::printf("%-6s %s\n", username_.substr(0, 5).c_str(), text.c_str());
  }

  std::string username_;
  std::string handle_;
  mychat_client* client_ = nullptr;
  mychat_request_id request_ = 0;
};

void converse(const std::string& folder, const char* node_url) {
  const std::string suffix = "_" + std::to_string(std::random_device{}());
  User alice("alice" + suffix, folder, node_url);
  User bob("bobby" + suffix, folder, node_url);
  alice.begin_registration();
  bob.begin_registration();
  alice.end_registration();
  bob.end_registration();
  alice.add(bob);
  bob.add(alice);
  alice.verify(bob);
  bob.verify(alice);
  const std::string question = alice.send(bob, "Do you hear me?");
  bob.expect_message(question, "Do you hear me?");
  alice.expect_status(question, MYCHAT_MESSAGE_DELIVERED, "delivered");
  alice.expect_status(question, MYCHAT_MESSAGE_READ, "read");
  const std::string answer = bob.send(alice, "Yes, and nobody else does.");
  alice.expect_message(answer, "Yes, and nobody else does.");
  bob.expect_status(answer, MYCHAT_MESSAGE_READ, "read");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "%s NODE_URL\n", argv[0]);
    return 2;
  }
  std::string folder = (std::filesystem::temp_directory_path() / "mychat-two-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) return 1;
  int result = 0;
  try {
    converse(folder, argv[1]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "two_clients: %s\n", error.what());
    result = 1;
  }
  std::filesystem::remove_all(folder);
  return result;
}
