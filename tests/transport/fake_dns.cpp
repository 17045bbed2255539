#include "fake_dns.h"

#include <dlfcn.h>
#include <netdb.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>

namespace mychat::test {
namespace {

struct Entry {
  std::vector<std::string> addresses;
  bool changing = false;
  std::size_t asked = 0;
  bool silent = false;
  int inside = 0;
};

struct Table {
  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::string, Entry> entries;
};

Table& table() {
  static auto* const instance = new Table;  // Look-ups may outlive main().
  return *instance;
}

using Function = int (*)(const char*, const char*, const addrinfo*, addrinfo**);

int system_lookup(const char* node, const char* service, const addrinfo* hints, addrinfo** out) {
  static const auto real = reinterpret_cast<Function>(dlsym(RTLD_NEXT, "getaddrinfo"));
  return real(node, service, hints, out);
}

}  // namespace

FakeName::FakeName(std::string name, std::vector<std::string> addresses) : name_(std::move(name)) {
  const std::lock_guard lock(table().mutex);
  table().entries[name_].addresses = std::move(addresses);
}

FakeName::~FakeName() {
  const std::lock_guard lock(table().mutex);
  table().entries.erase(name_);
}

ChangingName::ChangingName(std::string name, std::vector<std::string> addresses) : name_(std::move(name)) {
  const std::lock_guard lock(table().mutex);
  table().entries[name_].addresses = std::move(addresses);
  table().entries[name_].changing = true;
}

ChangingName::~ChangingName() {
  const std::lock_guard lock(table().mutex);
  table().entries.erase(name_);
}

int ChangingName::asked() const {
  const std::lock_guard lock(table().mutex);
  return static_cast<int>(table().entries[name_].asked);
}

SilentName::SilentName(std::string name) : name_(std::move(name)) {
  const std::lock_guard lock(table().mutex);
  table().entries[name_].silent = true;
}

SilentName::~SilentName() {
  std::unique_lock lock(table().mutex);
  table().entries[name_].silent = false;
  table().changed.notify_all();
  table().changed.wait(lock, [this] { return table().entries[name_].inside == 0; });
  table().entries.erase(name_);
}

bool SilentName::wait_asked() const {
  std::unique_lock lock(table().mutex);
  return table().changed.wait_for(lock, std::chrono::seconds(10),
                                  [this] { return table().entries[name_].inside > 0; });
}

}  // namespace mychat::test

extern "C" __attribute__((visibility("default"))) int getaddrinfo(const char* node, const char* service,
                                                                  const addrinfo* hints, addrinfo** out) {
  using namespace mychat::test;
  std::vector<std::string> addresses;
  {
    std::unique_lock lock(table().mutex);
    const auto found = node != nullptr ? table().entries.find(node) : table().entries.end();
    if (found == table().entries.end()) {
      lock.unlock();
      return system_lookup(node, service, hints, out);
    }
    Entry& entry = found->second;
    if (entry.silent) {
      ++entry.inside;
      table().changed.notify_all();
      table().changed.wait(lock, [&] { return !entry.silent; });
      --entry.inside;
      table().changed.notify_all();
      return EAI_AGAIN;
    }
    addresses = entry.addresses;
    const std::size_t turn = entry.asked++;
    if (entry.changing) addresses = {addresses[std::min(turn, addresses.size() - 1)]};
  }
  addrinfo* first = nullptr;
  addrinfo** last = &first;
  for (const std::string& address : addresses) {
    if (system_lookup(address.c_str(), service, hints, last) != 0) continue;
    while (*last != nullptr) last = &(*last)->ai_next;
  }
  *out = first;
  return first != nullptr ? 0 : EAI_NONAME;
}
