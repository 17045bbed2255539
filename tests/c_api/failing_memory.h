// Memory that runs out when a test says so. Under sanitizers, which have malloc for themselves, for C++
// alone; otherwise also for what SQLite and OpenSSL allocate.
#pragma once

namespace mychat::test {

// The calling thread's allocation after `successes` more fails, and with `for_good` all that follow it.
void fail_allocation(long successes, bool for_good);

// Ends that; true when any failed.
bool stop_failing();

}  // namespace mychat::test
