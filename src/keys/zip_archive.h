// ZIP archives in memory, over libzip: the little that backup archives need, with every size bounded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

struct zip;

namespace mychat {

// Of the libzip that runs: "1.7.3".
const char* zip_version() noexcept;

// Reads borrowed bytes. Throws MYCHAT_E_MALFORMED for what is not an archive, is truncated, damaged,
// encrypted or holds one name twice; MYCHAT_E_TOO_LARGE; MYCHAT_E_UNSUPPORTED for ZIP64 and for methods other
// than stored and deflated.
class ZipReader {
 public:
  ZipReader(ByteView archive, std::size_t max_entries);

  const std::vector<std::string>& names() const noexcept { return names_; }
  // The member's bytes, CRC checked; nothing when there is no such member.
  std::optional<Bytes> read(std::string_view name, std::size_t max_size) const;

 private:
  struct Discard {
    void operator()(zip* archive) const noexcept;
  };
  std::unique_ptr<zip, Discard> archive_;
  std::vector<std::string> names_;
};

struct ZipMember {
  std::string name;
  std::string content;
};

// Deflated, in the order given.
Bytes write_zip(const std::vector<ZipMember>& members, std::int64_t unix_ms);

}  // namespace mychat
