// Holds an answer of the node back, so that something else happens between the question and it.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <utility>

#include "e2e/middle.h"

namespace mychat::e2e {

class Gate {
 public:
  // Holds the first answer to such a request.
  Gate(std::string method, std::string target) : method_(std::move(method)), target_(std::move(target)) {}

  // Called by the one in the middle.
  void pass(const test::RawRequest& request) {
    std::unique_lock lock(mutex_);
    if (reached_ || request.method != method_ || !request.target.starts_with(target_)) return;
    reached_ = true;
    changed_.notify_all();
    changed_.wait_for(lock, std::chrono::seconds(15), [this] { return open_; });
  }
  void wait_reached() {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(15), [this] { return reached_; }))
        << "nobody asked " << method_ << ' ' << target_;
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  Middle::Alter alter() {
    return [this](const test::RawRequest& request, std::string&) {
      pass(request);
      return true;
    };
  }

 private:
  const std::string method_, target_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool reached_ = false;
  bool open_ = false;
};

}  // namespace mychat::e2e
