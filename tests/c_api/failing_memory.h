// Memory that runs out when a test says so. Under sanitizers, which have malloc for themselves, for C++
// alone; otherwise also for what SQLite and OpenSSL allocate.
#pragma once

namespace mychat::test {

// The calling thread's allocation after `successes` more fails, and with `for_good` all that follow it.
void fail_allocation(long successes, bool for_good);

// The same counted over all threads but the calling one.
void fail_elsewhere(long successes, bool for_good);

// Ends either; true when any failed.
bool stop_failing();

// Allocations asked for since the last call of the above two, as far as they would have been counted.
long allocations_asked_for();

// While it lives, the calling thread has memory.
class Spared {
 public:
  Spared();
  ~Spared();
  Spared(const Spared&) = delete;
  Spared& operator=(const Spared&) = delete;

 private:
  bool before_;
};

}  // namespace mychat::test
