// Calls of the library that ask the program while they work: what is asked is carried from the thread of the
// call to that of JavaScript, and the answer, which may take its time, back.
#pragma once

#include <napi.h>

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "call.h"

namespace mychat_js {

// A call on a thread of its own, for it may wait for long, and on libuv's thread pool it would keep from
// their turn what the answers wait for. At most kMostThreads run at once in a process; the others wait.
class AskingJob final : public Job {
 public:
  static constexpr std::size_t kMostThreads = 64;
  using Arguments = std::function<std::vector<napi_value>(Napi::Env)>;
  using Take = std::function<std::int32_t(const Napi::Value&)>;

  // Who is asked is the object `asked` that the first of the arguments has that has one.
  static void begin(const Napi::CallbackInfo& info, Work work);

  // Calls asked.NAME(arguments..., done) on the thread of JavaScript, and waits until it calls done(answer).
  // 0 when there is nobody to ask, or the environment ends. For functions that the library calls.
  static std::int32_t ask(const char* name, const Arguments& arguments, const Take& take);

  AskingJob(const Napi::CallbackInfo& info, Work work);

 private:
  struct Question {
    const char* name;
    const Arguments& arguments;
    const Take& take;
    std::uint64_t number;  // Which of the call's, from 1.
  };

  void start() override;
  void launch();
  void work_and_tell() noexcept;
  void tell() noexcept;
  std::int32_t wait_for(Question& question);
  void put(const Question& question);
  bool is_open(std::uint64_t number);
  void answer(std::uint64_t number, std::int32_t with);
  void ended();
  static void launch_next() noexcept;
  static void hear(napi_env env, napi_value, void* job, void* question);

  Napi::ObjectReference asked_;
  bool is_nested_ = false;  // As `asked` says: it was made while another call waits for an answer.
  napi_threadsafe_function channel_ = nullptr;
  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable told_;
  std::uint64_t last_number_ = 0;
  std::uint64_t open_ =
      0;  // The question that waits; 0: none. It is answered by the thread of JavaScript only.
  std::int32_t answer_ = 0;
  bool closing_ = false;
  bool left_ = false;  // The channel is not to be used any more. On the call's thread.
};

}  // namespace mychat_js
