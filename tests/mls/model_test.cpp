// Random operations on random groups. MYCHAT_MLS_MODEL_OPERATIONS and MYCHAT_MLS_MODEL_SEED say how many and
// which; an operation is one step of one member: a message made or processed, a commit, a join, a group
// stored or loaded.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <iostream>

#include "base/error.h"
#include "model.h"

namespace mychat::mls::testing {
namespace {

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
  const char* const value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

TEST(Model, GroupsDoWhatTheModelPredicts) {
  const std::uint64_t most = setting("MYCHAT_MLS_MODEL_OPERATIONS", 6'000);
  const std::uint64_t seed = setting("MYCHAT_MLS_MODEL_SEED", 1);
  const std::uint64_t most_members = setting("MYCHAT_MLS_MODEL_MEMBERS", most < 50'000 ? 40 : 200);
  constexpr std::size_t kWorlds = 3;
  const auto begin = std::chrono::steady_clock::now();
  Dice dice(seed);
  UsedKeys used;
  Counts counts;
  struct Running {
    std::unique_ptr<World> world;
    std::uint64_t steps = 0;
  };
  std::vector<Running> worlds(kWorlds);
  try {
    while (counts.operations < most) {
      Running& running = dice.any(worlds);
      if (!running.world || running.world->is_over() || running.steps == 0) {
        running.world.reset();
        running.world = std::make_unique<World>(dice, used, counts, most_members);
        running.steps = dice.between(100, 3000);
      }
      --running.steps;
      running.world->step();
      if (dice.below(500) == 0) {
        const Running& other = dice.any(worlds);
        const WirePtr wire = other.world && other.world != running.world ? other.world->some_wire() : nullptr;
        if (wire) running.world->receive_foreign(wire);
      }
    }
  } catch (const std::exception& failure) {
    ADD_FAILURE() << failure.what() << "\nMYCHAT_MLS_MODEL_SEED=" << seed << ", operation "
                  << counts.operations;
  }
  const auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  std::cout << "seed " << seed << ": " << counts.operations << " operations in " << seconds << " s ("
            << static_cast<double>(counts.operations) / seconds << "/s), " << counts.groups
            << " groups of up to " << counts.largest << ", " << counts.commits << " commits, "
            << counts.proposals << " proposals, " << counts.applications << " application messages, "
            << counts.processed << " taken, " << counts.refused << " refused, " << counts.joins << " joins, "
            << counts.external_joins << " from outside, " << counts.forks << " forks, " << counts.loads
            << " loads, " << counts.keys << " keys\n";
}

}  // namespace
}  // namespace mychat::mls::testing
