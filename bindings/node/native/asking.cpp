#include "asking.h"

#include <algorithm>
#include <deque>
#include <system_error>

namespace mychat_js {
namespace {

struct Threads {
  std::mutex mutex;
  std::size_t running = 0;
  std::deque<AskingJob*> waiting;
};

// Never destroyed: threads of a process that exits may end to the last.
Threads& threads() {
  static Threads* const all = new Threads;
  return *all;
}

thread_local AskingJob* working = nullptr;  // On the thread of a call.

}  // namespace

AskingJob::AskingJob(const Napi::CallbackInfo& info, Work work) : Job(info, std::move(work)) {
  for (std::size_t i = 0; i < info.Length(); ++i) {
    if (!info[i].IsObject() || info[i].IsTypedArray()) continue;
    const Napi::Value asked = info[i].As<Napi::Object>().Get("asked");
    if (!asked.IsObject()) continue;
    asked_ = Napi::Persistent(asked.As<Napi::Object>());
    is_nested_ = asked_.Value().Get("isNested").ToBoolean();
    break;
  }
}

void AskingJob::begin(const Napi::CallbackInfo& info, Work work) {
  current_ = new AskingJob(info, std::move(work));
}

void AskingJob::start() {
  const Napi::Env env = environment();
  const auto finalize = [](napi_env, void* job, void*) { static_cast<AskingJob*>(job)->ended(); };
  if (napi_create_threadsafe_function(env, nullptr, nullptr, Napi::String::New(env, "mychat"), 0, 1, this,
                                      finalize, this, hear, &channel_) != napi_ok) {
    fail(MYCHAT_E_OUT_OF_MEMORY, "There is no way to another thread.");
    settle();
    delete this;
    return;
  }
  Threads& all = threads();
  const std::lock_guard lock(all.mutex);
  // One that was made for an answer that a call waits for does not wait for such calls to end.
  if (is_nested_ || all.running < kMostThreads)
    launch();
  else
    all.waiting.push_back(this);
}

// With the mutex of all threads, so that nobody looks at thread_ meanwhile.
void AskingJob::launch() {
  try {
    thread_ = std::thread([this] { work_and_tell(); });
    ++threads().running;
  } catch (const std::system_error&) {
    fail(MYCHAT_E_OUT_OF_MEMORY, "There is no room for another thread.");
    tell();
  }
}

void AskingJob::work_and_tell() noexcept {
  working = this;
  run();
  working = nullptr;
  launch_next();
  tell();
}

// From any thread, that the call is done. It is settled then, or ended with its environment: nothing of this
// is touched afterwards but by ended(), which waits for the call's thread.
void AskingJob::tell() noexcept {
  if (left_) return;
  if (napi_call_threadsafe_function(channel_, nullptr, napi_tsfn_nonblocking) != napi_closing)
    napi_release_threadsafe_function(channel_, napi_tsfn_release);
}

void AskingJob::launch_next() noexcept {
  Threads& all = threads();
  const std::lock_guard lock(all.mutex);
  --all.running;
  while (all.running < kMostThreads && !all.waiting.empty()) {
    AskingJob* const next = all.waiting.front();
    all.waiting.pop_front();
    next->launch();
  }
}

// The channel is closed: after the call was settled, or with the environment.
void AskingJob::ended() {
  {
    Threads& all = threads();
    const std::lock_guard lock(all.mutex);
    all.waiting.erase(std::remove(all.waiting.begin(), all.waiting.end(), this), all.waiting.end());
  }
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  told_.notify_all();
  if (thread_.joinable()) thread_.join();
  delete this;
}

std::int32_t AskingJob::ask(const char* name, const Arguments& arguments, const Take& take) {
  if (working == nullptr) return 0;
  Question question{name, arguments, take, 0};
  return working->wait_for(question);
}

std::int32_t AskingJob::wait_for(Question& question) {
  std::unique_lock lock(mutex_);
  if (closing_ || left_) return 0;
  question.number = ++last_number_;
  open_ = question.number;
  answer_ = 0;
  const napi_status asked = napi_call_threadsafe_function(channel_, &question, napi_tsfn_nonblocking);
  left_ = asked == napi_closing;
  if (asked != napi_ok) return 0;
  told_.wait(lock, [&] { return open_ == 0 || closing_; });
  return answer_;
}

// On the thread of JavaScript: a question, or, without one, that the call is done.
void AskingJob::hear(napi_env env, napi_value, void* job, void* question) {
  if (env == nullptr) return;  // The environment ends: ended() answers.
  auto& self = *static_cast<AskingJob*>(job);
  try {
    if (question == nullptr)
      self.settle();
    else
      self.put(*static_cast<const Question*>(question));
  } catch (const Napi::Error&) {  // The thread of JavaScript is being terminated: nobody waits any more.
  }
}

void AskingJob::put(const Question& question) {
  const Napi::Env env = environment();
  const Napi::HandleScope scope(env);
  const std::uint64_t number = question.number;
  if (asked_.IsEmpty()) return answer(number, 0);
  try {
    std::vector<napi_value> arguments = question.arguments(env);
    arguments.push_back(Napi::Function::New(env, [this, number, &question](const Napi::CallbackInfo& info) {
      if (!is_open(number)) return;  // Nothing of the question is there any more.
      std::int32_t got = 0;
      try {
        got = question.take(info[0]);
      } catch (const Napi::Error&) {  // Of another type than what is asked gives.
      }
      answer(number, got);
    }));
    const Napi::Object asked = asked_.Value();
    asked.Get(question.name).As<Napi::Function>().Call(asked, arguments);
  } catch (const Napi::Error&) {
    answer(number, 0);  // Nothing can be run any more: what is asked throws nothing.
  }
}

bool AskingJob::is_open(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  return open_ == number;
}

void AskingJob::answer(std::uint64_t number, std::int32_t with) {
  {
    const std::lock_guard lock(mutex_);
    if (open_ != number) return;
    open_ = 0;
    answer_ = with;
  }
  told_.notify_all();
}

}  // namespace mychat_js
