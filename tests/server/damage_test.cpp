// A damaged database is noticed, is not run on, and does not become a backup.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "base/error.h"
#include "storage/quick_check.h"
#include "storage/schema.h"
#include "storage/sqlite.h"
#include "storage/storage.h"

namespace mychat::server {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class Damage : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "mychat-damage-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    path_ = file("node.db");
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string file(const std::string& name) const { return (folder_ / name).string(); }

  std::set<std::string> files() const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_)) names.insert(entry.path().filename());
    return names;
  }
  // A node's database of so many pages or a little more, closed.
  void make(int pages) {
    { Storage storage({.path = path_}); }
    SqliteConnection db(path_, OpenMode::kReadWrite);
    db.run(
        "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
        "INSERT INTO mailbox_events (user, seq, type, data, created_at) "
        "SELECT 1, i, 1, hex(zeroblob(?)), 0 FROM n",
        2 * pages, kPageSize / 4);
  }
  void overwrite(std::streamoff from, std::size_t size) const {
    std::fstream out(path_, std::ios::in | std::ios::out | std::ios::binary);
    out.seekp(from);
    const std::string junk(size, '\x5a');
    out.write(junk.data(), static_cast<std::streamsize>(size));
  }
  void damage() const {
    overwrite(static_cast<std::streamoff>(fs::file_size(path_)) / kPageSize / 2 * kPageSize, 4 * kPageSize);
  }
  template <class Work>
  static std::string corrupt(Work work) {
    try {
      work();
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), MYCHAT_E_STORE_CORRUPT) << error.what();
      return error.what();
    }
    ADD_FAILURE() << "no damage was noticed";
    return {};
  }

  fs::path folder_;
  std::string path_;
};

TEST_F(Damage, ADamagedDatabaseIsRefusedBeforeAnythingIsWritten) {
  make(50);
  { const Storage sound({.path = path_, .check_limit = 60s}); }
  damage();
  std::ifstream before_file(path_, std::ios::binary);
  const std::string before(std::istreambuf_iterator<char>(before_file), {});
  const std::string reason = corrupt([&] { const Storage storage({.path = path_, .check_limit = 60s}); });
  EXPECT_TRUE(reason.starts_with("The database " + path_ + " is damaged: ")) << reason;
  EXPECT_EQ(reason.find('\n'), std::string::npos) << reason;
  std::ifstream after_file(path_, std::ios::binary);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(after_file), {}), before);
  // Only where the operator said so.
  const Storage storage({.path = path_});
}

TEST_F(Damage, TheCheckOfALargeDatabaseEndsInTime) {
  make(8000);
  SqliteConnection db(path_, OpenMode::kReadWrite);
  const auto whole_start = std::chrono::steady_clock::now();
  const QuickCheck whole = quick_check(db, 60s);
  const auto whole_time = std::chrono::steady_clock::now() - whole_start;
  EXPECT_FALSE(whole.cut);
  EXPECT_EQ(whole.problem, "");
  const auto start = std::chrono::steady_clock::now();
  const QuickCheck cut = quick_check(db, 1ms);
  EXPECT_LT(std::chrono::steady_clock::now() - start, whole_time);
  EXPECT_TRUE(cut.cut);
  EXPECT_EQ(cut.problem, "");
  EXPECT_FALSE(quick_check(db, 60s).cut) << "the connection is of use after it";
  const Storage storage({.path = path_, .check_limit = 1ms});
  EXPECT_TRUE(storage.check_was_cut());
}

TEST_F(Damage, NoBackupIsLeftOfADamagedDatabase) {
  make(50);
  damage();
  const Storage storage({.path = path_});
  const std::string copy = file("copy.db");
  corrupt([&] { Storage({.path = path_, .hold = false}).backup(copy); });
  for (const std::string& name : files()) EXPECT_FALSE(name.starts_with("copy.db")) << name;
  // The name is still free for a sound one.
  fs::remove(path_);
  { Storage sound({.path = path_, .hold = false}); }
  Storage({.path = path_, .hold = false}).backup(copy);
  EXPECT_TRUE(Storage::check(copy).empty());
}

TEST_F(Damage, RestoreLeavesNothingBesideTheBackup) {
  make(50);
  // As the file is when it was copied from a stopped node: in WAL mode.
  for (const char* name : {"sound.db", "100% a?b#c.db", "bad.db"}) fs::copy_file(path_, file(name));
  {
    std::fstream out(file("bad.db"), std::ios::in | std::ios::out | std::ios::binary);
    out.seekp(20 * kPageSize);
    const std::string junk(4 * kPageSize, '\x5a');
    out.write(junk.data(), static_cast<std::streamsize>(junk.size()));
  }
  fs::remove(path_);
  fs::remove(path_ + ".lock");
  const auto before = files();
  corrupt([&] { Storage::restore(file("bad.db"), path_); });
  auto after = files();
  EXPECT_EQ(after, before);
  for (const char* name : {"sound.db", "100% a?b#c.db"}) {
    Storage::restore(file(name), path_);
    EXPECT_FALSE(fs::exists(file(name) + "-wal")) << name;
    EXPECT_FALSE(fs::exists(file(name) + "-shm")) << name;
  }
}

TEST_F(Damage, RestoreReadsTheLogBesideABackup) {
  make(5);
  const std::string copy = file("copied.db");
  {
    Storage storage({.path = path_});
    SqliteConnection db(path_, OpenMode::kReadWrite);
    db.run("INSERT INTO mailbox_events (user, seq, type, data, created_at) VALUES (2, 1000, 1, 'late', 0)");
    fs::copy_file(path_, copy);
    fs::copy_file(path_ + "-wal", copy + "-wal");
  }
  const std::string restored = file("restored.db");
  Storage::restore(copy, restored);
  SqliteConnection db(restored, OpenMode::kReadOnly);
  EXPECT_EQ(db.query("SELECT 1 FROM mailbox_events WHERE data = 'late'").step(), true);
  // The log of a link lies beside what it points to.
  fs::copy_file(copy, file("target.db"));
  fs::copy_file(copy + "-wal", file("target.db-wal"));
  fs::create_symlink(file("target.db"), file("link.db"));
  const std::string through = file("through.db");
  Storage::restore(file("link.db"), through);
  SqliteConnection linked(through, OpenMode::kReadOnly);
  EXPECT_EQ(linked.query("SELECT 1 FROM mailbox_events WHERE data = 'late'").step(), true);
}

}  // namespace
}  // namespace mychat::server
