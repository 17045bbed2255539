#include "storage/backup.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "base/clock.h"
#include "base/error.h"
#include "crypto/random.h"
#include "storage/federation_table.h"
#include "storage/file_lock.h"
#include "storage/ownership.h"
#include "storage/schema.h"
#include "storage/sqlite.h"
#include "storage/storage.h"

namespace mychat::server {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void throw_io(const std::string& what) {
  const int code = errno;
  throw Error(MYCHAT_E_IO, MYCHAT_DOMAIN_SYSTEM, what + ": " + std::strerror(code) + ".", code);
}

void sync_path(const std::string& path, int flags) {
  const int fd = open(path.c_str(), flags | O_CLOEXEC);
  if (fd < 0) throw_io("The file " + path + " cannot be opened");
  const int failed = fsync(fd);
  close(fd);
  if (failed != 0) throw_io("The file " + path + " cannot be made durable");
}

// Removes a half-made file unless it was kept.
class TemporaryFile {
 public:
  // Of the same owner as `model`, unless that is empty.
  TemporaryFile(std::string path, const std::string& model) : path_(std::move(path)) {
    const int fd = open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) throw_io("The file " + path_ + " cannot be created");
    try {
      if (!model.empty()) give_to_owner_of(fd, model);
    } catch (...) {
      close(fd);
      std::remove(path_.c_str());
      throw;
    }
    close(fd);
  }
  ~TemporaryFile() {
    if (path_.empty()) return;
    for (const char* suffix : {"", "-wal", "-shm", "-journal"}) std::remove((path_ + suffix).c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::string& path() const noexcept { return path_; }
  // Gives it its name, which must be free.
  void publish(const std::string& name) {
    sync_path(path_, O_RDWR);
    if (link(path_.c_str(), name.c_str()) != 0) {
      if (errno == EEXIST) {
        throw Error(MYCHAT_E_ALREADY_EXISTS, MYCHAT_DOMAIN_SYSTEM, "The file " + name + " exists already.",
                    EEXIST);
      }
      throw_io("The file " + name + " cannot be created");
    }
    sync_path(folder_of(name), O_RDONLY | O_DIRECTORY);
  }

  // Puts it in the place of `name`, which is kept as `kept`: at every moment there is a whole file of that
  // name.
  void replace(const std::string& name, const std::string& kept) {
    sync_path(path_, O_RDWR);
    if (link(name.c_str(), kept.c_str()) != 0) throw_io("The file " + kept + " cannot be created");
    sync_path(folder_of(name), O_RDONLY | O_DIRECTORY);
    if (std::rename(path_.c_str(), name.c_str()) != 0) throw_io("The file " + name + " cannot be replaced");
    sync_path(folder_of(name), O_RDONLY | O_DIRECTORY);
  }

 private:
  std::string path_;
};

// Brings everything of a database that nobody has open into its one file. One that is damaged keeps its log.
bool gather_into_one_file(const std::string& path) {
  try {
    SqliteConnection db(path, OpenMode::kReadWrite);
    db.execute("PRAGMA journal_mode = DELETE");
  } catch (const std::exception&) {
  }
  return !fs::exists(path + "-wal");
}

// A copy inside the node's folder is the node's; elsewhere it is whoever made it.
bool is_inside(const std::string& path, const std::string& folder) {
  const fs::path place =
      fs::weakly_canonical(folder_of(path)).lexically_relative(fs::weakly_canonical(folder));
  return !place.empty() && *place.begin() != "..";
}

// A file in WAL mode gets companions from whoever opens it, also from a reader. One that has none is nobody's
// at the moment, and keeps having none.
OpenMode mode_to_read(const std::string& path) {
  const bool has_log = fs::exists(path + "-wal") || fs::exists(path + "-journal");
  return has_log ? OpenMode::kReadOnly : OpenMode::kImmutable;
}

void copy_pages(const std::string& source, OpenMode mode, const std::string& destination) {
  SqliteConnection from(source, mode);
  SqliteConnection to(destination, OpenMode::kReadWrite);
  sqlite3_backup* backup = sqlite3_backup_init(to.handle(), "main", from.handle(), "main");
  if (backup == nullptr) throw_sqlite(sqlite3_extended_errcode(to.handle()), "begin a copy");
  const int step = sqlite3_backup_step(backup, -1);  // One read transaction: the copy is of one moment.
  const int finish = sqlite3_backup_finish(backup);
  if (step != SQLITE_DONE) throw_sqlite(step, "be copied");
  if (finish != SQLITE_OK) throw_sqlite(finish, "finish a copy");
  to.execute("PRAGMA journal_mode = DELETE");  // One file, without companions.
}

std::string free_name(const std::string& wanted) {
  std::string name = wanted;
  for (int i = 2; fs::exists(name); ++i) name = wanted + "." + std::to_string(i);
  return name;
}

bool count_is_right(SqliteConnection& db, std::int64_t version) {
  if (version < 3) {
    return db
        .query(
            "SELECT 1 WHERE (SELECT users FROM node) = (SELECT count(*) FROM users WHERE deleted_at IS NULL)")
        .step();
  }
  return db
      .query(
          "SELECT 1 WHERE (SELECT users FROM node) = (SELECT count(*) FROM users "
          "WHERE deleted_at IS NULL AND node IS NULL)")
      .step();
}

void require_file(const std::string& path) {
  if (access(path.c_str(), R_OK) != 0) throw_io("The file " + path + " cannot be read");
}

}  // namespace

void backup_database(const std::string& source, const std::string& destination) {
  if (fs::exists(destination)) {
    throw Error(MYCHAT_E_ALREADY_EXISTS, MYCHAT_DOMAIN_SYSTEM, "The file " + destination + " exists already.",
                EEXIST);
  }
  const bool inside = is_inside(destination, folder_of(source));
  TemporaryFile copy(destination + "." + uuid_v4() + ".part", inside ? folder_of(source) : std::string());
  copy_pages(source, OpenMode::kReadOnly, copy.path());
  // Also of an older schema: it is what one wants before an upgrade.
  const auto problems = Storage::check(copy.path(), true);
  if (!problems.empty()) {
    throw Error(MYCHAT_E_STORE_CORRUPT, MYCHAT_DOMAIN_STORE,
                "The database is damaged, and no backup was made of it: " + problems.front());
  }
  copy.publish(destination);
}

std::vector<MigrationStep> Storage::plan(const std::string& path) {
  int version = 0;
  if (access(path.c_str(), F_OK) == 0) {
    SqliteConnection db(path, OpenMode::kReadOnly);
    version = schema_version(db, schema_steps());
  }
  std::vector<MigrationStep> missing;
  for (const MigrationStep& step : schema_steps()) {
    if (step.version > version) missing.push_back(step);
  }
  return missing;
}

std::vector<std::string> Storage::check(const std::string& path, bool may_be_older) {
  std::vector<std::string> problems;
  try {
    require_file(path);
    SqliteConnection db(path, OpenMode::kReadOnly);
    const int version = schema_version(db, schema_steps());
    if (version == 0) problems.push_back("The database is empty.");
    if (version != 0 && version < current_version() && !may_be_older) {
      problems.push_back("The schema is " + std::to_string(version) + " and needs to be migrated to " +
                         std::to_string(current_version()) + ".");
    }
    auto integrity = db.query("PRAGMA integrity_check(20)");
    while (integrity.step()) {
      if (integrity.text(0) != "ok") problems.push_back(integrity.string(0));
    }
    if (version >= 2 && !count_is_right(db, version)) problems.push_back("The count of users is wrong.");
    auto foreign = db.query("PRAGMA foreign_key_check");
    while (foreign.step()) {
      problems.push_back("A row of " + foreign.string(0) + " refers to nothing in " + foreign.string(2) +
                         ".");
    }
  } catch (const std::exception& error) {
    problems.push_back(error.what());
  }
  return problems;
}

std::string Storage::restore(const std::string& source, const std::string& destination, bool end_sessions) {
  require_file(source);
  const std::string file =
      fs::canonical(source).string();  // SQLite keeps the log of a link beside its target.
  TemporaryFile copy(destination + "." + uuid_v4() + ".part",
                     fs::exists(destination) ? destination : folder_of(destination));
  copy_pages(file, mode_to_read(file), copy.path());
  {
    SqliteConnection db(copy.path(), OpenMode::kReadWrite);
    if (schema_version(db, schema_steps()) == 0) {
      throw Error(MYCHAT_E_STORE_CORRUPT, MYCHAT_DOMAIN_STORE, "The backup is an empty database.");
    }
    migrate(db, schema_steps());
    const std::int64_t now = Clock::system().now_ms();
    db.run("UPDATE node SET mailbox_id = ?, updated_at = ?", uuid_v4(), now);
    // Other nodes may have more than the backup knows of: their numbering begins afresh.
    for (const PeerRow& peer : all_peers(db)) restart_stream(db, peer.id, uuid_v4(), now);
    if (end_sessions) {
      db.run("DELETE FROM sessions");
      db.run("UPDATE users SET tokens_from = ?1, updated_at = ?1", now);
    }
  }
  const auto problems = check(copy.path());
  if (!problems.empty()) {
    throw Error(MYCHAT_E_STORE_CORRUPT, MYCHAT_DOMAIN_STORE, "The backup is damaged: " + problems.front());
  }
  std::string kept;
  {
    const FileLock lock(destination + ".lock");  // No node may run on it.
    if (!fs::exists(destination)) {
      copy.publish(destination);
      return kept;
    }
    kept = free_name(destination + ".before-restore");
    // A log beside the new file would be taken for its own.
    if (!gather_into_one_file(destination)) fs::rename(destination + "-wal", kept + "-wal");
    fs::remove(destination + "-shm");
    copy.replace(destination, kept);
  }
  return kept;
}

}  // namespace mychat::server
