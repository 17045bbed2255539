// Services over a temporary database on a virtual clock, with calls made synchronous.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <future>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/encoding.h"
#include "keys/fingerprint.h"
#include "protocol/json.h"
#include "services/services.h"
#include "support/test_keys.h"

namespace mychat::server {

class VirtualClock final : public Clock {
 public:
  std::int64_t now_ms() const override { return now_; }
  std::int64_t monotonic_ms() const override { return now_; }
  void advance(std::int64_t ms) { now_ += ms; }

 private:
  std::atomic<std::int64_t> now_{1'800'000'000'000};
};

// The answer of an asynchronous call; bounded.
template <class T>
Result<T> sync(const std::function<void(Callback<T>)>& call) {
  auto promise = std::make_shared<std::promise<Result<T>>>();
  auto future = promise->get_future();
  call([promise](Result<T> result) { promise->set_value(std::move(result)); });
  if (future.wait_for(std::chrono::seconds(30)) != std::future_status::ready) {
    throw std::runtime_error("no answer within 30 seconds");
  }
  return future.get();
}

template <class F>
int status_of(F&& call) {
  try {
    call();
    return 200;
  } catch (const Refused& refused) {
    return refused.failure().status;
  }
}

// Records what the bus says, and waits for it.
class Listener final : public BusSubscriber {
 public:
  void on_items(std::span<const MailboxItemPtr> items) override {
    const std::lock_guard lock(mutex_);
    items_.insert(items_.end(), items.begin(), items.end());
    changed_.notify_all();
  }
  void on_typing(const std::string& handle, bool typing) override {
    note("typing " + handle + (typing ? " 1" : " 0"));
  }
  void on_presence(const std::string& handle, PresenceStatus status, std::int64_t) override {
    note("presence " + handle + " " + to_string(status));
  }
  void on_session_revoked(std::int64_t session) override {
    note(session == 0 ? "revoked all" : session == kNoSession ? "revoked none" : "revoked one");
  }
  std::vector<MailboxItemPtr> wait_items(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(20), [&] { return items_.size() >= count; });
    return items_;
  }
  std::vector<std::string> wait_notes(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(20), [&] { return notes_.size() >= count; });
    return notes_;
  }

 private:
  void note(std::string text) {
    const std::lock_guard lock(mutex_);
    notes_.push_back(std::move(text));
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<MailboxItemPtr> items_;
  std::vector<std::string> notes_;
};

class ServicesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "mychat-services-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    config_.domain = "node.test";
    config_.secret_key = to_secret(std::string_view("0123456789abcdef0123456789abcdef"));
    config_.registration_open = true;
    config_.argon2 = {64, 1, 1};
    config_.login_per_account = config_.login_per_address = config_.register_per_address = {0, 60'000};
    config_.login_per_account_and_address = config_.password_checks_per_account = {0, 60'000};
    open();
  }
  void TearDown() override {
    services_.reset();
    std::filesystem::remove_all(folder_);
  }
  std::string database() const { return (folder_ / "node.db").string(); }
  void open() {
    services_ = std::make_unique<Services>(config_, StorageOptions{.path = database()}, log_, clock_);
  }
  void reopen() {
    services_.reset();
    open();
  }

  static const RsaPrivateKey& key(int which) {
    static const RsaPrivateKey kKeys[] = {test::alice_key(), test::bob_key()};
    return kKeys[which];
  }
  wire::RegisterRequest registration(const std::string& name, int which = 0) const {
    wire::RegisterRequest request;
    request.username = name;
    request.password = to_secret(std::string_view("correct horse"));
    request.public_key = key(which).public_key().to_spki_pem();
    request.public_key_fingerprint = key_fingerprint(key(which).public_key());
    return request;
  }
  Result<wire::AuthResponse> try_register(wire::RegisterRequest request,
                                          const std::string& address = "192.0.2.1") {
    return sync<wire::AuthResponse>(
        [&](auto done) { services_->auth().register_user(std::move(request), address, done); });
  }
  Caller enter(const std::string& name) {
    auto result = try_register(registration(name));
    if (!result) throw std::runtime_error(result.failure().detail);
    return caller(result.value());
  }
  Caller caller(const wire::AuthResponse& answer) {
    return services_->auth().authenticate(text(view(answer.access_token)));
  }
  Result<wire::AuthResponse> login(const std::string& name, const std::string& password = "correct horse",
                                   const std::string& address = "192.0.2.1") {
    wire::LoginRequest request;
    request.username = name;
    request.password = to_secret(std::string_view(password));
    return sync<wire::AuthResponse>(
        [&](auto done) { services_->auth().login(std::move(request), address, done); });
  }
  static wire::SendMessageRequest draft(const std::string& to, const std::string& id = {},
                                        const std::string& content = "aGVsbG8=") {
    wire::SendMessageRequest message;
    if (!id.empty()) message.id = id;
    message.recipient_handle = to + "@node.test";
    message.encrypted_content = content;
    message.encrypted_key = base64_encode(Bytes(512, 7));
    message.sender_encrypted_key = base64_encode(Bytes(512, 3));
    message.iv = "AAAAAAAAAAAAAAAA";
    return message;
  }
  Result<AcceptedMessage> send(const Caller& from, wire::SendMessageRequest message) {
    auto results = sync<std::vector<Result<AcceptedMessage>>>(
        [&](auto done) { services_->mailbox().accept(from, {std::move(message)}, 0, done); });
    if (!results) return results.failure();
    return results.value().at(0);
  }
  std::int64_t ack(const Caller& who, std::int64_t seq) {
    return sync<std::int64_t>([&](auto done) { services_->mailbox().ack(who, seq, done); }).value();
  }
  int read(const Caller& who, std::vector<std::string> ids) {
    return sync<int>([&](auto done) { services_->mailbox().mark_read(who, std::move(ids), done); }).value();
  }
  // "message b@..", compact texts of what a page holds.
  static std::vector<std::string> types(const MailboxPage& page) {
    std::vector<std::string> list;
    for (const auto& item : page.items) list.emplace_back(to_string(item->type()));
    return list;
  }

  std::filesystem::path folder_;
  Log log_;
  VirtualClock clock_;
  NodeConfig config_;
  std::unique_ptr<Services> services_;
};

}  // namespace mychat::server
