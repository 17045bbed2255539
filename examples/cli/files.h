// Files of the command line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

// Errors are MYCHAT_E_IO with errno; a file that is there already is MYCHAT_E_ALREADY_EXISTS.
std::vector<std::uint8_t> read_file(const std::string& path, std::size_t limit);
void write_private_file(const std::string& path, const void* data,
                        std::size_t size);  // New, mode 0600, durable.
void require_absent(const std::string& path);

bool file_exists(const std::string& path);
void make_private_folder(const std::string& path);  // With its parents; mode 0700.
std::string default_store_path(const std::string& profile);

// A folder that is erased at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

}  // namespace cli
