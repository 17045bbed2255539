// A new file reaches the disk as a whole before it gets its name, and its name after it: no more than that is
// synchronised, and nothing less.
#include <dlfcn.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <mutex>
#include <vector>

#include "fixture.h"

namespace {

struct Step {
  std::string what;  // "sync" or "link"
  std::string path;
  std::string content;  // Of files.
};

struct Recorder {
  std::mutex mutex;
  bool on = false;
  std::vector<Step> steps;

  void add(const char* what, const std::string& path) {
    const std::lock_guard lock(mutex);
    if (!on) return;
    struct stat info {};
    const bool file = ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
    steps.push_back({what, path, file ? mychat::testing::read_file(path) : std::string()});
  }
  void add(const char* what, int fd) {
    std::array<char, PATH_MAX> path{};
    const ssize_t size =
        ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), path.data(), path.size());
    add(what, std::string(path.data(), size > 0 ? static_cast<std::size_t>(size) : 0));
  }
};

Recorder& recorder() {
  static Recorder instance;
  return instance;
}

template <class F>
std::vector<Step> recorded(F&& work) {
  recorder().steps.clear();
  recorder().on = true;
  work();
  recorder().on = false;
  return std::move(recorder().steps);
}

template <class F>
F* system_function(const char* name) {
  return reinterpret_cast<F*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

// In place of the system's, for SQLite as well.
extern "C" {
__attribute__((visibility("default"))) int fsync(int fd) {
  recorder().add("sync", fd);
  return system_function<int(int)>("fsync")(fd);
}
__attribute__((visibility("default"))) int fdatasync(int fd) {
  recorder().add("sync", fd);
  return system_function<int(int)>("fdatasync")(fd);
}
__attribute__((visibility("default"))) int link(const char* from, const char* to) noexcept {
  recorder().add("link", std::string(from));
  return system_function<int(const char*, const char*)>("link")(from, to);
}
}

namespace mychat {
namespace {

class StoreSync : public testing::StoreTest {
 protected:
  // Synchronised whole, named, and the name synchronised.
  void expect_published(const std::vector<Step>& steps, const std::string& name) {
    const std::string unfinished = at(name) + ".mychat-unfinished";
    ASSERT_EQ(steps.size(), 3u);
    EXPECT_EQ(steps[0].what + ' ' + steps[0].path, "sync " + unfinished);
    EXPECT_EQ(steps[1].what + ' ' + steps[1].path, "link " + unfinished);
    EXPECT_EQ(steps[2].what + ' ' + steps[2].path, "sync " + dir_);
    EXPECT_FALSE(steps[0].content.empty());
    EXPECT_EQ(steps[0].content, steps[1].content) << "written to after it was synchronised";
    EXPECT_EQ(steps[0].content, testing::read_file(at(name)));
  }
};

TEST_F(StoreSync, ANewStoreIsOnTheDiskBeforeItHasItsName) {
  std::unique_ptr<Store> store;
  const auto steps = recorded([&] { store = open("a"); });
  expect_published(steps, "a");
}

TEST_F(StoreSync, ABackupIsOnTheDiskBeforeItHasItsName) {
  const auto store = open("a");
  store->account().set_text("name", "value");
  const auto steps = recorded([&] { store->backup(at("b")); });
  expect_published(steps, "b");
}

TEST_F(StoreSync, AfterThatEveryTransactionIsSynchronised) {
  const auto store = open("a");
  store->account().set_text("name", "value");  // The log's own beginning.
  for (int i = 0; i < 3; ++i) {
    const auto steps = recorded([&] { store->account().set_text("name", std::to_string(i)); });
    ASSERT_EQ(steps.size(), 1u) << i;
    EXPECT_EQ(steps[0].path, at("a") + "-wal");
  }
}

}  // namespace
}  // namespace mychat
