#include "client/look_ups.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

#include "client/core.h"

namespace mychat {
namespace {

// Few: they share the connections to the node with everything else. And one for each other node, so that one
// that is silent takes no more than one place.
constexpr std::size_t kAtOnce = 4;

std::string_view domain_of(std::string_view handle) {
  return handle.substr(std::min(handle.find('@'), handle.size()));
}

}  // namespace

struct LookUps::Shared {
  struct Entry {
    bool asked = false;
    Freshness::Mark asked_at = 0;
    std::optional<HttpResult> result;
  };

  mutable std::mutex mutex;
  std::function<void()> answered;
  std::map<std::string, Entry> entries;
  std::size_t under_way = 0;
};

LookUps::LookUps(Core& core, std::function<void()> answered)
    : core_(core), shared_(std::make_shared<Shared>()) {
  shared_->answered = std::move(answered);
}

void LookUps::close() {
  const std::lock_guard lock(shared_->mutex);
  shared_->answered = nullptr;
}

void LookUps::want(const std::string& handle) {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->entries.try_emplace(handle);
  }
  ask_waiting();
}

bool LookUps::wants(const std::string& handle) const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->entries.contains(handle);
}

std::size_t LookUps::wanted() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->entries.size();
}

void LookUps::ask_waiting() {
  while (true) {
    std::string handle;
    Freshness::Mark mark = 0;
    {
      const std::lock_guard lock(core_.mutex);
      mark = core_.announced.mark();
    }
    {
      const std::lock_guard lock(shared_->mutex);
      if (shared_->under_way >= kAtOnce) return;
      std::set<std::string_view> asked;
      for (const auto& [name, entry] : shared_->entries)
        if (entry.asked && !entry.result) asked.insert(domain_of(name));
      for (auto& [name, entry] : shared_->entries) {
        if (entry.asked || asked.contains(domain_of(name))) continue;
        handle = name;
        entry.asked = true;
        entry.asked_at = mark;
        ++shared_->under_way;
        break;
      }
    }
    if (handle.empty()) return;
    try {
      core_.node().ask_keys(handle, [shared = shared_, handle](HttpResult result) {
        const std::lock_guard lock(shared->mutex);
        --shared->under_way;
        const auto found = shared->entries.find(handle);
        if (found == shared->entries.end()) return;
        found->second.result.emplace(std::move(result));
        if (shared->answered) shared->answered();
      });
    } catch (...) {
      const std::lock_guard lock(shared_->mutex);
      --shared_->under_way;
      shared_->entries.erase(handle);
      throw;
    }
  }
}

std::vector<LookUps::Answer> LookUps::take() {
  std::vector<Answer> answers;
  {
    const std::lock_guard lock(shared_->mutex);
    for (auto entry = shared_->entries.begin(); entry != shared_->entries.end();) {
      if (!entry->second.result) {
        ++entry;
        continue;
      }
      answers.push_back({entry->first, entry->second.asked_at, std::move(*entry->second.result)});
      entry = shared_->entries.erase(entry);
    }
  }
  if (!answers.empty()) ask_waiting();
  return answers;
}

}  // namespace mychat
