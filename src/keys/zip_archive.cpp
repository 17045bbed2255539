#include "keys/zip_archive.h"

#include <zip.h>

#include <algorithm>
#include <ctime>
#include <new>
#include <utility>

#include "base/error.h"

namespace mychat {
namespace {

constexpr std::string_view kLocalHeader{"PK\x03\x04", 4};
constexpr std::string_view kEndRecord{"PK\x05\x06", 4};
constexpr std::string_view kZip64Locator{"PK\x06\x07", 4};
constexpr std::size_t kEndRecordSize = 22;
constexpr std::size_t kZip64LocatorSize = 20;
constexpr std::size_t kMaxComment = 65535;
constexpr int kZlibNoMemory = -4;  // Z_MEM_ERROR

struct FreeSource {
  void operator()(zip_source_t* source) const noexcept { zip_source_free(source); }
};
using Source = std::unique_ptr<zip_source_t, FreeSource>;

struct CloseFile {
  void operator()(zip_file_t* file) const noexcept { zip_fclose(file); }
};

struct ZipError {
  zip_error_t value;
  ZipError() { zip_error_init(&value); }
  ~ZipError() { zip_error_fini(&value); }
};

[[noreturn]] void fail(mychat_status status, const std::string& message) {
  throw Error(status, MYCHAT_DOMAIN_KEYS, message);
}

bool no_memory(const zip_error_t* error) noexcept {
  const int code = zip_error_code_zip(error);
  return code == ZIP_ER_MEMORY || (code == ZIP_ER_ZLIB && zip_error_code_system(error) == kZlibNoMemory);
}

// The archive is our own and is written to memory: only that can be lacking, and libzip does not always say
// so.
[[noreturn]] void fail_writing() { throw std::bad_alloc(); }

[[noreturn]] void fail_reading(const zip_error_t* error, const std::string& message) {
  if (no_memory(error)) throw std::bad_alloc();
  fail(MYCHAT_E_MALFORMED, message);
}

// libzip would size its tables by what the archive claims. Without ZIP64 a claim is at most 65,535 entries.
void check_end_record(ByteView bytes) {
  const std::string_view archive = text(bytes);
  const std::size_t window = std::min(archive.size(), kMaxComment + kEndRecordSize + kZip64LocatorSize);
  const std::size_t start = archive.size() - window;
  bool found = false;
  for (std::size_t at = archive.find(kEndRecord, start); at != std::string_view::npos;
       at = archive.find(kEndRecord, at + 1)) {
    found = true;
    if (at >= kZip64LocatorSize && archive.substr(at - kZip64LocatorSize).starts_with(kZip64Locator)) {
      fail(MYCHAT_E_UNSUPPORTED, "The backup is a ZIP64 archive, which backups never are.");
    }
  }
  if (found) return;
  if (archive.starts_with(kLocalHeader)) {
    fail(MYCHAT_E_MALFORMED, "The backup archive is truncated: its end is missing.");
  }
  fail(MYCHAT_E_MALFORMED, "The backup is not a ZIP archive.");
}

Source buffer_source(const void* data, std::size_t size) {
  ZipError error;
  zip_source_t* source = zip_source_buffer_create(data, size, 0, &error.value);
  if (source == nullptr) throw std::bad_alloc();
  return Source(source);
}

bool supported(const zip_stat_t& stat) {
  return stat.comp_method == ZIP_CM_STORE || stat.comp_method == ZIP_CM_DEFLATE;
}

}  // namespace

const char* zip_version() noexcept { return zip_libzip_version(); }

void ZipReader::Discard::operator()(zip* archive) const noexcept { zip_discard(archive); }

ZipReader::ZipReader(ByteView archive, std::size_t max_entries) {
  check_end_record(archive);
  Source source;
  ZipError error;
  // What libzip lacks memory for it may call damaged: an archive is that only if it is so twice.
  for (int i = 0; i < 2 && !archive_; ++i) {
    source = buffer_source(archive.data(), archive.size());
    archive_.reset(zip_open_from_source(source.get(), ZIP_RDONLY, &error.value));
  }
  if (!archive_) {
    fail_reading(&error.value, "The backup archive is damaged or truncated: its directory cannot be read.");
  }
  static_cast<void>(source.release());  // Now the archive's.
  const zip_int64_t count = zip_get_num_entries(archive_.get(), 0);
  if (count < 0 || static_cast<std::uint64_t>(count) > max_entries) {
    fail(MYCHAT_E_TOO_LARGE, "The backup archive has too many members.");
  }
  for (zip_int64_t i = 0; i < count; ++i) {
    const char* name = zip_get_name(archive_.get(), static_cast<zip_uint64_t>(i), ZIP_FL_ENC_RAW);
    if (name == nullptr)
      fail_reading(zip_get_error(archive_.get()), "The backup archive is damaged: a member has no name.");
    if (std::find(names_.begin(), names_.end(), name) != names_.end()) {
      fail(MYCHAT_E_MALFORMED, "The backup archive holds a member twice.");
    }
    names_.emplace_back(name);
  }
}

std::optional<Bytes> ZipReader::read(std::string_view name, std::size_t max_size) const {
  const auto found = std::find(names_.begin(), names_.end(), name);
  if (found == names_.end()) return std::nullopt;
  const auto index = static_cast<zip_uint64_t>(found - names_.begin());
  const std::string member = "The backup's member " + *found;

  zip_stat_t stat;
  zip_stat_init(&stat);
  if (zip_stat_index(archive_.get(), index, 0, &stat) != 0 || (stat.valid & ZIP_STAT_SIZE) == 0) {
    fail(MYCHAT_E_MALFORMED, member + " is damaged.");
  }
  if (stat.size > max_size) fail(MYCHAT_E_TOO_LARGE, member + " is too large.");
  if (stat.encryption_method != ZIP_EM_NONE)
    fail(MYCHAT_E_UNSUPPORTED, member + " is encrypted by a ZIP tool.");
  if (!supported(stat))
    fail(MYCHAT_E_UNSUPPORTED, member + " is compressed in a way that backups never use.");

  const std::unique_ptr<zip_file_t, CloseFile> file(zip_fopen_index(archive_.get(), index, 0));
  if (!file) fail_reading(zip_get_error(archive_.get()), member + " is damaged.");
  Bytes out(static_cast<std::size_t>(stat.size) + 1);  // One more, to see the end and have the CRC checked.
  std::size_t have = 0;
  while (have < out.size()) {
    const zip_int64_t got = zip_fread(file.get(), out.data() + have, out.size() - have);
    if (got < 0) {
      fail_reading(zip_file_get_error(file.get()),
                   member + " is damaged: its contents do not match its checksum.");
    }
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  if (have != stat.size)
    fail(MYCHAT_E_MALFORMED, member + " is damaged: its length is not what the archive says.");
  out.resize(have);
  return out;
}

Bytes write_zip(const std::vector<ZipMember>& members, std::int64_t unix_ms) {
  Source target = buffer_source(nullptr, 0);
  ZipError error;
  std::unique_ptr<zip_t, decltype(&zip_discard)> archive(
      zip_open_from_source(target.get(), ZIP_TRUNCATE, &error.value), &zip_discard);
  if (!archive) fail_writing();
  zip_source_keep(target.get());  // The archive takes one reference, we keep the other to read the result.

  for (const ZipMember& member : members) {
    Source content = buffer_source(member.content.data(), member.content.size());
    const zip_int64_t index =
        zip_file_add(archive.get(), member.name.c_str(), content.get(), ZIP_FL_ENC_UTF_8);
    if (index < 0) fail_writing();
    static_cast<void>(content.release());
    const auto entry = static_cast<zip_uint64_t>(index);
    if (zip_set_file_compression(archive.get(), entry, ZIP_CM_DEFLATE, 9) != 0 ||
        zip_file_set_mtime(archive.get(), entry, static_cast<std::time_t>(unix_ms / 1000), 0) != 0) {
      fail_writing();
    }
  }
  if (zip_close(archive.get()) != 0) fail_writing();
  static_cast<void>(archive.release());

  zip_stat_t stat;
  zip_stat_init(&stat);
  if (zip_source_stat(target.get(), &stat) != 0 || (stat.valid & ZIP_STAT_SIZE) == 0 ||
      zip_source_open(target.get()) != 0) {
    fail_writing();
  }
  Bytes out(static_cast<std::size_t>(stat.size));
  const zip_int64_t got = zip_source_read(target.get(), out.data(), out.size());
  zip_source_close(target.get());
  if (got < 0 || static_cast<std::size_t>(got) != out.size()) fail_writing();
  return out;
}

}  // namespace mychat
