// mls-vectors: runs files of the official test vectors of MLS.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "vectors.h"

namespace {

using namespace mychat;
using mls::vectors::Kind;

constexpr int kFailed = 1;
constexpr int kSkipped = 77;  // As ctest is told.

const Kind* find_kind(const std::string& name) {
  const auto& kinds = mls::vectors::kinds();
  // The three files of passive clients are of one format.
  const std::string full = name == "passive-client" ? "passive-client-welcome" : name;
  const auto at =
      std::find_if(kinds.begin(), kinds.end(), [&](const Kind& kind) { return kind.name == full; });
  return at == kinds.end() ? nullptr : &*at;
}

Json read(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw std::runtime_error("the file cannot be read");
  const std::string content{std::istreambuf_iterator<char>(stream), {}};
  if (stream.bad()) throw std::runtime_error("the file cannot be read");
  JsonOptions options;
  options.max_bytes = std::size_t{256} << 20U;
  options.max_nodes = 10'000'000;
  return Json::parse(content, options);
}

bool has_unsupported_suite(JsonView vector) {
  const auto suite = vector.find("cipher_suite").int_or_none();
  return suite &&
         (*suite < 0 || *suite > 0xffff || mls::Suite::find(static_cast<mls::SuiteId>(*suite)) == nullptr);
}

bool run(const std::string& name, const Kind& kind, const std::string& path) {
  std::size_t index = 0, passed = 0, unsupported = 0;
  std::vector<std::string> failures;
  try {
    const Json document = read(path);
    if (!document->is_array()) throw std::runtime_error("the file is no list of cases");
    for (const JsonView vector : document.root()) {
      try {
        if (has_unsupported_suite(vector)) {
          ++unsupported;
        } else {
          kind.check(vector);
          ++passed;
        }
      } catch (const std::exception& error) {
        failures.push_back("case " + std::to_string(index) + ": " + error.what());
      }
      ++index;
    }
  } catch (const std::exception& error) {
    std::printf("%s %s: %s\n", name.c_str(), path.c_str(), error.what());
    return false;
  }
  std::printf("%s %s: %zu passed, %zu failed", name.c_str(), path.c_str(), passed, failures.size());
  if (unsupported != 0) std::printf(", %zu of suites that this build does not have", unsupported);
  std::printf("\n");
  for (const std::string& failure : failures) std::printf("  %s\n", failure.c_str());
  if (passed + failures.size() == 0) std::printf("  no case was run\n");
  return failures.empty() && passed != 0;
}

int run_all(const std::string& folder) {
  if (!std::filesystem::is_directory(folder)) {
    std::printf("There is no folder %s: the test vectors of MLS were NOT run.\n", folder.c_str());
    return kSkipped;
  }
  bool good = true;
  for (const Kind& kind : mls::vectors::kinds()) {
    const std::string name(kind.name);
    good = run(name, kind, folder + "/" + name + ".json") && good;
  }
  return good ? 0 : kFailed;
}

int run_files(const std::string& name, const std::vector<std::string>& files) {
  const Kind* const kind = find_kind(name);
  if (kind == nullptr) {
    std::fprintf(stderr, "mls-vectors: there is no kind \"%s\"; there are:", name.c_str());
    for (const Kind& known : mls::vectors::kinds()) {
      std::fprintf(stderr, " %.*s", static_cast<int>(known.name.size()), known.name.data());
    }
    std::fprintf(stderr, "\n");
    return kFailed;
  }
  bool good = true;
  for (const std::string& file : files) good = run(name, *kind, file) && good;
  return good ? 0 : kFailed;
}

int run_tool(int argc, char** argv) {
  CLI::App app("Runs test vectors of MLS (RFC 9420) in the formats of mlswg/mls-implementations.",
               "mls-vectors");
  std::string kind, folder;
  std::vector<std::string> files;
  auto* const all =
      app.add_option("--all", folder, "A folder with all official files; 77 when there is none");
  auto* const of_kind =
      app.add_option("--kind", kind, "What the files hold: the official file's name without .json")
          ->excludes(all);
  app.add_option("FILE", files, "Files of that kind")->needs(of_kind);
  CLI11_PARSE(app, argc, argv);
  if (!folder.empty()) return run_all(folder);
  if (kind.empty() || files.empty()) {
    std::fprintf(stderr, "mls-vectors: --kind and a file are needed, or --all.\n");
    return kFailed;
  }
  return run_files(kind, files);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run_tool(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "mls-vectors: %s\n", error.what());
    return kFailed;
  }
}
