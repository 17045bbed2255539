// Copies of a group share what they have in common, and may be used by different threads.
#include <gtest/gtest.h>

#include <thread>

#include "clients.h"

namespace mychat::mls::testing {
namespace {

TEST(Threads, CopiesOfAGroupAreUsedAtOnce) {
  auto clients = make_group(40);
  const Message said = clients[0]->say("hello");
  const PendingCommit update = clients[1]->group->commit();
  CommitOptions options;
  options.proposals = {{Remove{5}}, {Remove{30}}};
  const PendingCommit removal = clients[1]->group->commit(options);
  for (int round = 0; round < 5; ++round) {
    std::vector<Group> copies(8, *clients[2]->group);
    {
      std::vector<std::jthread> threads;
      for (std::size_t i = 0; i < copies.size(); ++i) {
        threads.emplace_back([&, i] {
          // The last owner of what was shared is whichever thread is the last.
          Group group = std::move(copies[i]);
          group.process(said);
          group.process((i % 2 == 0 ? update : removal).commit);
          group.save();
          group.apply(group.commit());
        });
      }
    }
  }
}

TEST(Threads, CopiesThatTakeOneCommitAgree) {
  auto clients = make_group(33);
  const PendingCommit pending = clients[1]->group->commit();
  std::vector<Group> copies(6, *clients[2]->group);
  {
    std::vector<std::jthread> threads;
    for (Group& copy : copies) threads.emplace_back([&] { copy.process(pending.commit); });
  }
  for (const Group& copy : copies) {
    EXPECT_EQ(copy.epoch_authenticator(), pending.next->epoch_authenticator());
  }
}

}  // namespace
}  // namespace mychat::mls::testing
