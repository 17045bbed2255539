// Files of the shared test vectors. A test that needs one begins with MYCHAT_NEEDS_VECTORS().
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include "base/bytes.h"

namespace mychat::test {

inline std::filesystem::path vectors_path(const std::string& name) {
  const char* const folder = std::getenv("MYCHAT_VECTORS_DIR");
  return folder == nullptr ? std::filesystem::path() : std::filesystem::path(folder) / name;
}

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

inline std::string read_vector(const std::string& name) { return read_file(vectors_path(name)); }
inline Bytes read_vector_bytes(const std::string& name) { return to_bytes(view(read_vector(name))); }

}  // namespace mychat::test

#define MYCHAT_NEEDS_VECTORS(folder)                                               \
  do {                                                                             \
    if (!std::filesystem::is_directory(::mychat::test::vectors_path(folder)))      \
      GTEST_SKIP() << "no test vectors: MYCHAT_VECTORS_DIR has no folder " folder; \
  } while (false)
