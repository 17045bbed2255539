// What the shared library weighs: its size when stripped, and the time from dlopen() to a created client in a
// fresh process, beside the loading of its dependencies alone. This program itself uses only the C++ library.
#include <dlfcn.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/report.h"
#include "mychat/client.h"

extern char** environ;

namespace {

using namespace mychat::bench;
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr int kRuns = 30;

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

// Runs `work` in a child of its own, which has loaded nothing yet; gives what it measured.
double in_fresh_process(const std::function<double()>& work) {
  int ends[2];
  if (pipe(ends) != 0) throw std::runtime_error("no pipe");
  const pid_t child = fork();
  if (child == 0) {
    const double result = work();
    const bool written = write(ends[1], &result, sizeof result) == sizeof result;
    _exit(written ? 0 : 1);
  }
  close(ends[1]);
  double result = -1;
  const bool whole = read(ends[0], &result, sizeof result) == sizeof result;
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (!whole || status != 0 || result < 0) throw std::runtime_error("a measurement failed");
  return result;
}

std::vector<std::string> needed_by(const std::string& library) {
  std::FILE* out = popen(("readelf -d '" + library + "'").c_str(), "r");
  if (out == nullptr) throw std::runtime_error("readelf is missing");
  std::vector<std::string> names;
  char line[512];
  while (std::fgets(line, sizeof line, out) != nullptr) {
    const char* begin = std::strstr(line, "(NEEDED)") != nullptr ? std::strchr(line, '[') : nullptr;
    const char* end = begin != nullptr ? std::strchr(begin, ']') : nullptr;
    if (end != nullptr) names.emplace_back(begin + 1, end);
  }
  pclose(out);
  if (names.empty()) throw std::runtime_error(library + " is no shared library");
  return names;
}

std::uintmax_t stripped_size(const std::string& library, const fs::path& folder) {
  const std::string copy = (folder / "stripped.so").string();
  const char* arguments[] = {"strip", "--strip-unneeded", "-o", copy.c_str(), library.c_str(), nullptr};
  pid_t child = 0;
  int status = 1;
  if (posix_spawnp(&child, "strip", nullptr, nullptr, const_cast<char**>(arguments), environ) == 0)
    waitpid(child, &status, 0);
  if (status != 0) throw std::runtime_error("strip failed");
  return fs::file_size(copy);
}

double load_dependencies(const std::vector<std::string>& names) {
  const auto start = Clock::now();
  for (const std::string& name : names)
    if (dlopen(name.c_str(), RTLD_NOW | RTLD_GLOBAL) == nullptr) return -1;
  return ms_since(start);
}

// What the disk takes for a file of the size of a new store, and its name, to be there for good.
double write_durably(const std::string& path) {
  const std::vector<char> content(80 * 1024, 'x');
  const std::string folder = fs::path(path).parent_path().string();
  const auto start = Clock::now();
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  const int directory = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool done = write(file, content.data(), content.size()) == static_cast<ssize_t>(content.size()) &&
                    fsync(file) == 0 && fsync(directory) == 0;
  const double took = ms_since(start);
  close(file);
  close(directory);
  return done ? took : -1;
}

int32_t fixed_key(uint8_t* out, void*) {
  std::memset(out, 7, MYCHAT_STORE_KEY_SIZE);
  return 0;
}

double create_client(const std::string& library, const std::string& store, const char* passphrase) {
  const auto start = Clock::now();
  void* handle = dlopen(library.c_str(), RTLD_NOW);
  if (handle == nullptr) return -1;
  const auto create =
      reinterpret_cast<decltype(&mychat_client_create)>(dlsym(handle, "mychat_client_create"));
  if (create == nullptr) return -1;
  mychat_client_options options = MYCHAT_CLIENT_OPTIONS_INIT;
  options.store_path = store.c_str();
  options.node_url = "http://127.0.0.1:9";
  options.passphrase = passphrase;
  if (passphrase == nullptr) options.store_key = fixed_key;
  mychat_client* client = nullptr;
  if (create(&options, &client, nullptr) != MYCHAT_OK) return -1;
  return ms_since(start);
}

void run(const std::string& library) {
  std::string name = (fs::current_path() / "bench-size-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a folder");
  struct Remove {
    ~Remove() { fs::remove_all(path); }
    fs::path path;
  } const folder{name};
  const double megabytes = static_cast<double>(stripped_size(library, folder.path)) / 1048576;
  print("size_stripped", "MiB", megabytes, megabytes, 1);
  const auto names = needed_by(library);
  std::vector<double> floor, fresh, again, passphrase, disk;
  for (int i = 0; i <= kRuns; ++i) {
    const std::string store = (folder.path / ("store" + std::to_string(i))).string();
    const double bare = in_fresh_process([&] { return load_dependencies(names); });
    const double durable = in_fresh_process([&] { return write_durably(store + "d"); });
    const double first = in_fresh_process([&] { return create_client(library, store, nullptr); });
    const double second = in_fresh_process([&] { return create_client(library, store, nullptr); });
    if (i == 0) continue;  // Brings the files into memory.
    floor.push_back(bare);
    disk.push_back(durable);
    fresh.push_back(first);
    again.push_back(second);
    if (i <= 5)
      passphrase.push_back(
          in_fresh_process([&] { return create_client(library, store + "p", "a passphrase of the bench"); }));
  }
  print("size_durable_file", "ms", median(disk), p95(disk), disk.size());
  const auto report = [&](const char* what, const std::vector<double>& samples) {
    char more[64];
    std::snprintf(more, sizeof more, "\"beyond\":%.4g", median(samples) - median(floor));
    print(what, "ms", median(samples), p95(samples), samples.size(), median(floor),
          median(samples) / median(floor), more);
  };
  report("size_start_new_store", fresh);
  report("size_start", again);
  report("size_start_new_store_passphrase", passphrase);
}

}  // namespace

// bench_size LIBMYCHAT.SO
int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "bench_size LIBMYCHAT.SO\n");
    return 2;
  }
  try {
    run(argv[1]);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_size: %s\n", error.what());
    return 1;
  }
}
