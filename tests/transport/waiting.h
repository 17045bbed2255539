// Events of the transport, recorded so that a test can wait for them with a bound.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "transport/http_client.h"
#include "transport/websocket_client.h"

namespace mychat::test {

inline constexpr std::chrono::seconds kPatience{20};

// One HTTP result, and how often it came.
class Outcome {
 public:
  HttpCallback callback() {
    return [this](HttpResult result) {
      const std::lock_guard lock(mutex_);
      ++calls_;
      result_ = std::move(result);
      changed_.notify_all();
    };
  }
  bool wait() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [this] { return calls_ > 0; });
  }
  int calls() {
    const std::lock_guard lock(mutex_);
    return calls_;
  }
  // A response; fails the test when it was an error or nothing came.
  HttpResponse response() {
    if (!wait()) throw std::runtime_error("no result");
    const std::lock_guard lock(mutex_);
    if (const auto* error = std::get_if<Error>(&*result_)) throw std::runtime_error(error->what());
    return std::get<HttpResponse>(*result_);
  }
  Error error() {
    if (!wait()) throw std::runtime_error("no result");
    const std::lock_guard lock(mutex_);
    if (std::holds_alternative<HttpResponse>(*result_)) throw std::runtime_error("a response, not an error");
    return std::get<Error>(*result_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int calls_ = 0;
  std::optional<HttpResult> result_;
};

class Recorder : public WebSocketListener {
 public:
  void on_open() override {
    record([this] { ++opened_; });
  }
  void on_text(std::string_view message) override {
    record([&] { texts_.emplace_back(message); });
  }
  void on_closed(const WebSocketClosed& closed) override {
    record([&] {
      ++closings_;
      closed_ = closed;
    });
  }

  bool wait_open() {
    return wait([this] { return opened_ > 0 || closings_ > 0; }) && opened_ > 0;
  }
  bool wait_texts(std::size_t count) {
    return wait([this, count] { return texts_.size() >= count || closings_ > 0; }) && texts_.size() >= count;
  }
  WebSocketClosed closed() {
    if (!wait([this] { return closings_ > 0; })) throw std::runtime_error("on_closed did not come");
    const std::lock_guard lock(mutex_);
    return *closed_;
  }
  std::vector<std::string> texts() {
    const std::lock_guard lock(mutex_);
    return texts_;
  }
  int closings() {
    const std::lock_guard lock(mutex_);
    return closings_;
  }
  int openings() {
    const std::lock_guard lock(mutex_);
    return opened_;
  }

 private:
  template <class Change>
  void record(Change change) {
    const std::lock_guard lock(mutex_);
    change();
    changed_.notify_all();
  }
  template <class Condition>
  bool wait(Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, condition);
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  int opened_ = 0;
  int closings_ = 0;
  std::vector<std::string> texts_;
  std::optional<WebSocketClosed> closed_;
};

// Milliseconds that the function took.
template <class Function>
std::int64_t milliseconds_of(Function function) {
  const auto start = std::chrono::steady_clock::now();
  function();
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start)
      .count();
}

}  // namespace mychat::test
