// What the torture tests share: a client whose calls run out of memory at every place in turn.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "c_api/failing_memory.h"
#include "c_api/seed.h"
#include "mychat/mychat.h"

struct sqlite3;

namespace mychat::c_api_test {

// The store that a test begins with: none, an empty one, or Alice's with or without a session.
enum class Seed { kNothing, kEmpty, kAlice, kAliceLoggedIn };

// How many places of failure are tried: each, or some spread over all, for calls that derive keys.
enum class Tried { kEach, kSome };

// What the functions of this program must have been seen to do, one by one: see ~EveryFunction().
void note_covered(const char* function);

// The parameter: whether memory that ran out stays so until the call is over.
class Torture : public ::testing::TestWithParam<bool> {
 protected:
  explicit Torture(Seed seed = Seed::kAlice) : seed_(seed) {}
  void SetUp() override;
  void TearDown() override;

  mychat_client_options options() const;
  void close();
  void reopen();  // On the same store.
  void renew();   // On the store as it was seeded.
  void become(Seed seed) {
    seed_ = seed;
    renew();
  }

  // Lets `call` run out of memory at one place after the other, until it is done without. Each time it must
  // succeed, or say MYCHAT_E_OUT_OF_MEMORY and have changed nothing, neither here nor in the file.
  void torture(const char* function, const std::function<mychat_status()>& call, Tried tried = Tried::kEach);

  // All that a program can see of the client, as text.
  std::string state();

  std::string folder_;
  std::string store_;
  std::string node_url_ = "http://127.0.0.1:1";
  mychat_client* client_ = nullptr;

 private:
  void attempt(const char* function, const std::function<mychat_status()>& call, long place, bool& failed);
  void watch();
  void unwatch();
  long commits();  // Changes when anything was committed.

  Seed seed_;
  sqlite3* watch_ = nullptr;
  std::string before_;
};

std::string mode_name(const ::testing::TestParamInfo<bool>& mode);

}  // namespace mychat::c_api_test
