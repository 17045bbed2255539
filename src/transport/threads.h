// Threads of the library inside somebody else's process.
#pragma once

#include <pthread.h>

#include <csignal>
#include <thread>
#include <utility>

namespace mychat {

// Starts a thread that takes none of the host's signals: its handlers never run on our stacks, and a write to
// a socket that the peer has closed fails with EPIPE instead of raising SIGPIPE. Threads that it starts
// inherit this.
template <class Function>
std::thread start_quiet_thread(Function&& function) {
  sigset_t quiet;
  sigset_t before;
  sigfillset(&quiet);
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS})
    sigdelset(&quiet, fault);
  pthread_sigmask(SIG_SETMASK, &quiet, &before);
  struct Restore {
    const sigset_t* mask;
    ~Restore() { pthread_sigmask(SIG_SETMASK, mask, nullptr); }
  } restore{&before};
  return std::thread(std::forward<Function>(function));
}

}  // namespace mychat
