// One request under way: what the routes read from it and the one place that answers it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "front/http_types.h"
#include "front/routes/observer.h"
#include "services/records.h"
#include "services/result.h"
#include "services/worker_pool.h"

namespace mychat::server {

class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(HttpRequest&& request, Reply reply, std::string address, Observer& observer);
  // Reports the request; one that was never answered is a 500.
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  const HttpRequest& request() const noexcept { return request_; }
  std::string& body() noexcept { return request_.body; }
  const std::string& param(std::size_t index) const { return params_.at(index); }
  // The client's address, as far as proxies are trusted.
  const std::string& address() const noexcept { return address_; }
  const Caller& caller() const noexcept { return caller_; }

  void set_route(std::string_view pattern) noexcept { route_ = pattern; }  // Lives as long as the router.
  void set_params(std::vector<std::string> params) { params_ = std::move(params); }
  void set_caller(Caller caller) { caller_ = std::move(caller); }
  // Of every answer, whatever it is.
  void add_header(std::string name, std::string value) {
    headers_.emplace_back(std::move(name), std::move(value));
  }

  // Each answers; only the first counts.
  void respond(int status, std::string json);
  void respond(HttpResponse response);
  void fail(const Failure& failure);
  void fail(int status, std::string detail) { fail(Failure{status, std::move(detail), 0}); }
  void fail(const std::exception& error);  // A 422 list, a refusal, or 500.

  // Runs `work`, turning what it throws into the answer.
  void guard(const std::function<void()>& work);
  // The same on a worker; 503 when all are busy and the queue is full.
  void on_worker(WorkerPool& workers, std::function<void()> work);
  // A callback that answers with what `render` makes of the value, or with the failure.
  template <class T, class Render>
  Callback<T> answer(int status, Render render) {
    return [self = shared_from_this(), status, render = std::move(render)](Result<T> result) {
      if (!result.ok()) return self->fail(result.failure());
      self->guard([&] { self->respond(status, render(result.value())); });
    };
  }

 private:
  HttpRequest request_;
  Reply reply_;
  std::string address_;
  Observer& observer_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::string_view route_ = "unmatched";
  std::vector<std::string> params_;
  std::vector<NameValue> headers_;
  Caller caller_;
  std::atomic<bool> answered_{false};
};

using ExchangePtr = std::shared_ptr<Exchange>;

std::string detail_json(std::string_view detail);    // {"detail":"..."}
std::string message_json(std::string_view message);  // {"message":"..."}

}  // namespace mychat::server
