// The grouping writer, crashes, migrations, backup and restore of the node's database.
#include "storage/storage.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <latch>
#include <random>
#include <set>
#include <thread>

#include "base/error.h"
#include "storage/schema.h"
#include "storage/sqlite.h"

namespace mychat::server {
namespace {

namespace fs = std::filesystem;

class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "mychat-storage-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  ~Folder() { fs::remove_all(path_); }
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  fs::path path_;
};

// Inserts a mailbox event whose data is a number; optionally fails after it.
class Insert final : public Operation {
 public:
  Insert(int user, int number, bool fails, std::function<void(bool)> done, bool may_wait = false)
      : user_(user), number_(number), fails_(fails), done_(std::move(done)), may_wait_(may_wait) {}
  bool may_wait() const noexcept override { return may_wait_; }
  void run(Transaction& transaction) override {
    transaction.db.run(
        "INSERT INTO mailbox_events (user, seq, type, data, created_at) VALUES (?, ?, 1, ?, 0)", user_,
        transaction.next_seq(), std::to_string(number_));
    if (fails_) throw std::runtime_error("refused");
  }
  void done(std::exception_ptr error) noexcept override { done_(!error); }

 private:
  int user_;
  int number_;
  bool fails_;
  std::function<void(bool)> done_;
  bool may_wait_;
};

void submit(Storage& storage, int user, int number, bool fails, std::function<void(bool)> done,
            bool may_wait = false) {
  std::unique_ptr<Operation> operation =
      std::make_unique<Insert>(user, number, fails, std::move(done), may_wait);
  while (!storage.submit(operation)) std::this_thread::yield();
}

std::vector<int> numbers_of(Storage& storage, int user) {
  auto db = storage.read();
  auto query = db->query("SELECT data FROM mailbox_events WHERE user = ? ORDER BY seq", user);
  std::vector<int> numbers;
  while (query.step()) numbers.push_back(std::stoi(query.string(0)));
  return numbers;
}

TEST(Storage, ManyWritersKeepTheirOrderAndNothingIsLost) {
  const Folder folder;
  Storage storage({.path = folder.file("node.db"), .queue_limit = 256});
  constexpr int kThreads = 4;
  constexpr int kEach = 1500;
  std::latch all(kThreads * kEach);
  std::vector<std::vector<int>> finished(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        submit(storage, t, i, false, [&, t, i](bool ok) {
          if (ok) finished[static_cast<std::size_t>(t)].push_back(i);
          all.count_down();
        });
      }
    });
  }
  for (auto& thread : threads) thread.join();
  all.wait();
  for (int t = 0; t < kThreads; ++t) {
    const auto stored = numbers_of(storage, t);
    ASSERT_EQ(stored.size(), static_cast<std::size_t>(kEach));
    EXPECT_TRUE(std::is_sorted(stored.begin(), stored.end()));
    EXPECT_EQ(finished[static_cast<std::size_t>(t)], stored);
  }
  const auto stats = storage.stats();
  EXPECT_EQ(stats.operations, static_cast<std::uint64_t>(kThreads * kEach));
  EXPECT_LT(stats.groups, stats.operations / 4) << "operations side by side share commits";
}

TEST(Storage, AFailingOperationIsUndoneAloneInItsGroup) {
  const Folder folder;
  Storage storage({.path = folder.file("node.db")});
  std::latch all(100);
  std::atomic<int> failed{0};
  for (int i = 0; i < 100; ++i) {
    submit(storage, 1, i, i % 7 == 3, [&](bool ok) {
      if (!ok) ++failed;
      all.count_down();
    });
  }
  all.wait();
  std::vector<int> expected;
  for (int i = 0; i < 100; ++i) {
    if (i % 7 != 3) expected.push_back(i);
  }
  EXPECT_EQ(numbers_of(storage, 1), expected);
  EXPECT_EQ(failed, 14);
  EXPECT_TRUE(storage.healthy());
}

TEST(Storage, DoneIsCalledOnlyWhenReadersSeeTheChange) {
  const Folder folder;
  Storage storage({.path = folder.file("node.db")});
  for (int i = 0; i < 20; ++i) {
    std::promise<std::size_t> seen;
    submit(storage, 1, i, false, [&](bool) { seen.set_value(numbers_of(storage, 1).size()); });
    EXPECT_EQ(seen.get_future().get(), static_cast<std::size_t>(i + 1));
  }
}

TEST(Storage, AFullQueueRefusesInsteadOfGrowing) {
  const Folder folder;
  Storage storage({.path = folder.file("node.db"), .queue_limit = 4});
  std::promise<void> entered;
  std::promise<void> release;
  auto gate = release.get_future().share();
  submit(storage, 1, 0, false, [&](bool) {
    entered.set_value();
    gate.wait();
  });
  entered.get_future().wait();
  std::latch rest(4);
  for (int i = 1; i <= 4; ++i) submit(storage, 1, i, false, [&](bool) { rest.count_down(); });
  std::unique_ptr<Operation> extra = std::make_unique<Insert>(1, 5, false, [](bool) {});
  EXPECT_FALSE(storage.submit(extra));
  EXPECT_NE(extra, nullptr) << "it stays with the caller";
  release.set_value();
  rest.wait();
  EXPECT_EQ(numbers_of(storage, 1), (std::vector<int>{0, 1, 2, 3, 4}));
}

TEST(Storage, StopFinishesWhatWasSubmittedAndRefusesTheRest) {
  const Folder folder;
  Storage storage({.path = folder.file("node.db")});
  std::atomic<int> finished{0};
  for (int i = 0; i < 200; ++i) submit(storage, 1, i, false, [&](bool ok) { finished += ok ? 1 : 0; });
  storage.stop();
  EXPECT_EQ(finished, 200);
  std::unique_ptr<Operation> late = std::make_unique<Insert>(1, 0, false, [](bool) {});
  EXPECT_FALSE(storage.submit(late));
  EXPECT_TRUE(Storage::check(folder.file("node.db")).empty());
}

TEST(Storage, WhatMayWaitGoesTogetherAndKeepsNobodyWaiting) {
  const Folder folder;
  constexpr auto kPatience = std::chrono::milliseconds(300);
  Storage storage({.path = folder.file("node.db"), .patience = kPatience});
  const auto start = std::chrono::steady_clock::now();
  std::latch waited(50);
  for (int i = 0; i < 50; ++i)
    submit(
        storage, 1, i, false, [&](bool) { waited.count_down(); }, true);
  std::promise<std::size_t> urgent;
  submit(storage, 2, 0, false, [&](bool) { urgent.set_value(numbers_of(storage, 1).size()); });
  EXPECT_EQ(urgent.get_future().get(), 0U) << "the others had still time";
  waited.wait();
  EXPECT_GE(std::chrono::steady_clock::now() - start, kPatience);
  EXPECT_EQ(storage.stats().groups, 2U);
  EXPECT_EQ(numbers_of(storage, 1).size(), 50U);
}

TEST(Storage, WhatMayWaitIsWrittenAtTheEndAndCountsAsQueued) {
  const Folder folder;
  Storage storage({.path = folder.file("node.db"), .queue_limit = 3, .patience = std::chrono::hours(1)});
  std::atomic<int> finished{0};
  for (int i = 0; i < 3; ++i)
    submit(
        storage, 1, i, false, [&](bool ok) { finished += ok ? 1 : 0; }, true);
  std::unique_ptr<Operation> extra = std::make_unique<Insert>(1, 3, false, [](bool) {});
  EXPECT_FALSE(storage.submit(extra));
  EXPECT_EQ(storage.stats().queued, 3U);
  storage.stop();
  EXPECT_EQ(finished, 3);
}

TEST(Storage, SeqsAreSetAsideAndNeverGivenOutTwice) {
  const Folder folder;
  const std::string path = folder.file("node.db");
  std::int64_t last = 0;
  for (int round = 0; round < 3; ++round) {
    Storage storage({.path = path});
    EXPECT_GE(storage.last_seq(), last);
    std::latch all(5000);
    for (int i = 0; i < 5000; ++i) submit(storage, round, i, false, [&](bool) { all.count_down(); });
    all.wait();
    EXPECT_GE(storage.last_seq(), last + 5000);
    auto db = storage.read();
    auto query = db->query(
        "SELECT count(DISTINCT seq), max(seq), (SELECT last_seq FROM node), (SELECT min(seq) FROM "
        "mailbox_events "
        "WHERE user = ?) FROM mailbox_events",
        round);
    ASSERT_TRUE(query.step());
    EXPECT_EQ(query.integer(0), 5000 * (round + 1));
    EXPECT_EQ(query.integer(1), storage.last_seq());
    EXPECT_GE(query.integer(2), storage.last_seq()) << "what a crash may not give out again";
    EXPECT_GT(query.integer(3), last);
    last = storage.last_seq();
  }
}

TEST(Storage, ALongReadKeepsTheLogAndItsEndLetsItGo) {
  const Folder folder;
  Storage storage({.path = folder.file("node.db"), .checkpoint_bytes = 128 * 1024});
  const auto write = [&](int count) {
    std::latch all(count);
    for (int i = 0; i < count; ++i) submit(storage, i % 50, i, false, [&](bool) { all.count_down(); });
    all.wait();
  };
  const auto log_size = [&] { return storage.stats().wal_bytes; };
  write(10);
  {
    auto db = storage.read();
    db->execute("BEGIN");
    auto query = db->query("SELECT count(*) FROM mailbox_events");
    ASSERT_TRUE(query.step());
    while (log_size() < 16U * 128 * 1024) write(100);
    EXPECT_EQ(query.integer(0), 10);
  }
  {
    auto db = storage.read();
    db->execute("COMMIT");
  }
  for (int i = 0; i < 500 && log_size() > 8U * 128 * 1024; ++i) write(100);
  EXPECT_LE(log_size(), 8U * 128 * 1024);
}

TEST(Storage, TheLogIsWrittenBackUnderConstantLoad) {
  const Folder folder;
  Storage storage({.path = folder.file("node.db"), .checkpoint_bytes = 256 * 1024});
  std::latch all(8000);
  for (int i = 0; i < 8000; ++i) submit(storage, i % 50, i, false, [&](bool) { all.count_down(); });
  all.wait();
  EXPECT_LT(fs::file_size(folder.file("node.db-wal")), 16U * 256 * 1024);
  EXPECT_GT(storage.stats().copied_beside, 0U) << "all of it was copied by the writer";
}

// Every operation whose done() ran before the kill must be there after it.
TEST(Storage, NothingReportedAsDoneIsLostWhenTheProcessIsKilled) {
  const Folder folder;
  const std::string path = folder.file("node.db");
  std::mt19937 random(20261123);
  int reported = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(8);
  int rounds = 0;
  // Five rounds however slow the disk is, more while there is time.
  for (; rounds < 40 && (rounds < 5 || std::chrono::steady_clock::now() < end); ++rounds) {
    int pipe_ends[2];
    ASSERT_EQ(pipe(pipe_ends), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      close(pipe_ends[0]);
      Storage storage({.path = path, .checkpoint_bytes = 64 * 1024});
      for (int i = 0;; ++i) {
        const int number = rounds * 1'000'000 + i;
        submit(storage, 1, number, false, [&, number](bool ok) {
          if (ok && write(pipe_ends[1], &number, sizeof number) != sizeof number) _exit(1);
        });
      }
    }
    close(pipe_ends[1]);
    // At least one is durable before the clock starts, so that rounds are not empty.
    std::vector<int> done(1);
    ASSERT_EQ(read(pipe_ends[0], done.data(), sizeof(int)), static_cast<ssize_t>(sizeof(int)));
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(random() % 60);
    std::thread killer([&] {
      std::this_thread::sleep_until(until);
      kill(child, SIGKILL);
    });
    int number = 0;
    while (read(pipe_ends[0], &number, sizeof number) == sizeof number) done.push_back(number);
    killer.join();
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child must die of the kill, not of itself";
    close(pipe_ends[0]);
    {
      SqliteConnection db(path, OpenMode::kReadWrite);
      // Rows of this round are at the end: seqs rise.
      auto query =
          db.query("SELECT CAST(data AS INTEGER) FROM mailbox_events WHERE user = 1 ORDER BY seq DESC");
      std::set<std::int64_t> stored;
      while (query.step() && query.integer(0) >= rounds * 1'000'000)
        ASSERT_TRUE(stored.insert(query.integer(0)).second) << "twice: " << query.integer(0);
      for (const int one : done) ASSERT_TRUE(stored.contains(one)) << one << " in round " << rounds;
      auto seq = db.query("SELECT last_seq >= (SELECT max(seq) FROM mailbox_events) FROM node");
      ASSERT_TRUE(seq.step());
      ASSERT_EQ(seq.integer(0), 1) << "a seq could be given out twice";
    }
    ASSERT_TRUE(Storage::check(path).empty()) << Storage::check(path).front();
    reported += static_cast<int>(done.size());
  }
  EXPECT_GT(rounds, 3);
  EXPECT_GT(reported, rounds);
}

TEST(Storage, TwoNodesDoNotShareADatabaseButACommandMayWriteBesideIt) {
  const Folder folder;
  Storage node({.path = folder.file("node.db")});
  try {
    Storage second({.path = folder.file("node.db")});
    FAIL() << "a second node opened it";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), MYCHAT_E_STORE_HELD);
  }
  std::atomic<int> noticed{0};
  node.on_foreign_change([&] { ++noticed; });
  {
    Storage command({.path = folder.file("node.db"), .hold = false});
    std::promise<void> written;
    submit(command, 1, 7, false, [&](bool) { written.set_value(); });
    written.get_future().wait();
  }
  std::promise<void> written;
  submit(node, 1, 8, false, [&](bool) { written.set_value(); });
  written.get_future().wait();
  EXPECT_EQ(noticed, 1);
  EXPECT_EQ(numbers_of(node, 1), (std::vector<int>{7, 8})) << "both used a seq of their own, in order";
}

TEST(Storage, ADryRunSaysWhatWouldBeDoneAndDoesNotDoIt) {
  const Folder folder;
  const std::string path = folder.file("node.db");
  const auto fresh = Storage::plan(path);
  ASSERT_EQ(fresh.size(), schema_steps().size());
  EXPECT_FALSE(fs::exists(path));
  { Storage storage({.path = path}); }
  EXPECT_TRUE(Storage::plan(path).empty());
}

TEST(Schema, StepsRunOnceEachAndAFailingOneLeavesTheOneBefore) {
  const Folder folder;
  const std::vector<MigrationStep> steps{{1, "one", "CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (1);"},
                                         {2, "two", "CREATE TABLE b (x INTEGER); INSERT INTO a VALUES (2);"}};
  const std::vector<MigrationStep> broken{
      steps[0], steps[1], {3, "bad", "CREATE TABLE c (x); SELECT nothing;"}};
  SqliteConnection db(folder.file("x.db"), OpenMode::kReadWriteCreate);
  migrate(db, steps);
  migrate(db, steps);
  EXPECT_THROW(migrate(db, broken), Error);
  EXPECT_EQ(schema_version(db, broken), 2);
  auto rows = db.query("SELECT count(*) FROM a");
  ASSERT_TRUE(rows.step());
  EXPECT_EQ(rows.integer(0), 2);
  auto half = db.query("SELECT count(*) FROM sqlite_schema WHERE name = 'c'");
  ASSERT_TRUE(half.step());
  EXPECT_EQ(half.integer(0), 0);
}

TEST(Schema, NewerAndForeignDatabasesAreLeftAlone) {
  const Folder folder;
  const std::string path = folder.file("node.db");
  { Storage storage({.path = path}); }
  { SqliteConnection(path, OpenMode::kReadWrite).execute("PRAGMA user_version = 999"); }
  try {
    Storage storage({.path = path});
    FAIL() << "a newer schema was opened";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), MYCHAT_E_STORE_TOO_NEW);
  }
  EXPECT_THROW((void)Storage::plan(path), Error);
  const std::string other = folder.file("other.db");
  { SqliteConnection(other, OpenMode::kReadWriteCreate).execute("CREATE TABLE mine (x)"); }
  const auto before = fs::last_write_time(other);
  try {
    Storage storage({.path = other});
    FAIL() << "a database of another program was opened";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), MYCHAT_E_STORE_CORRUPT);
  }
  EXPECT_EQ(fs::last_write_time(other), before);
  std::ofstream(folder.file("text.db")) << std::string(5000, 'x');
  EXPECT_THROW(Storage({.path = folder.file("text.db")}), Error);
}

TEST(Schema, EveryIndexBeginsWithItsTableAndEveryTableHasItsTimes) {
  const Folder folder;
  Storage storage({.path = folder.file("node.db")});
  auto db = storage.read();
  auto indexes =
      db->query("SELECT name, tbl_name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL");
  int count = 0;
  for (; indexes.step(); ++count) EXPECT_TRUE(indexes.string(0).starts_with(indexes.string(1) + "_"));
  EXPECT_GT(count, 5);
  auto tables = db->query(
      "SELECT t.name FROM sqlite_schema t WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND 2 != "
      "(SELECT count(*) FROM pragma_table_info(t.name) WHERE name IN ('created_at', 'updated_at'))");
  while (tables.step()) ADD_FAILURE() << tables.string(0) << " has no times";
}

TEST(Backup, ACopyTakenUnderLoadIsWholeAndOfOneMoment) {
  const Folder folder;
  Storage storage({.path = folder.file("node.db")});
  std::atomic<bool> stop{false};
  std::thread load([&] {
    for (int i = 0; !stop; ++i) submit(storage, 1, i, false, [](bool) {});
  });
  std::promise<void> first;
  submit(storage, 2, 1, false, [&](bool) { first.set_value(); });
  first.get_future().wait();
  storage.backup(folder.file("copy.db"));
  stop = true;
  load.join();
  EXPECT_TRUE(Storage::check(folder.file("copy.db")).empty());
  Storage copy({.path = folder.file("copy.db")});
  const auto numbers = numbers_of(copy, 1);
  for (std::size_t i = 0; i < numbers.size(); ++i) ASSERT_EQ(numbers[i], static_cast<int>(i));
  EXPECT_EQ(numbers_of(copy, 2), std::vector<int>{1});
  EXPECT_THROW(storage.backup(folder.file("copy.db")), Error) << "nothing is overwritten";
}

TEST(Storage, AReadAfterTheEndIsRefused) {
  const Folder folder;
  Storage storage({.path = folder.file("node.db")});
  storage.stop();
  EXPECT_THROW(storage.read(), Error);
}

TEST(Backup, WhatRootMakesBelongsToTheOwnerOfTheData) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root makes files for others";
  const Folder folder;
  const std::string path = folder.file("node.db");
  constexpr uid_t kNode = 65534;
  ASSERT_EQ(::chown(std::filesystem::path(path).parent_path().c_str(), kNode, kNode), 0);
  const auto owner = [](const std::string& file) {
    struct stat status {};
    return ::stat(file.c_str(), &status) == 0 ? status.st_uid : uid_t{0};
  };
  {
    Storage storage({.path = path});
    std::promise<void> written;
    submit(storage, 1, 1, false, [&](bool) { written.set_value(); });
    written.get_future().wait();
    for (const char* suffix : {"", "-wal", "-shm", ".lock"}) EXPECT_EQ(owner(path + suffix), kNode) << suffix;
    storage.backup(folder.file("backup.db"));
  }
  EXPECT_EQ(owner(folder.file("backup.db")), kNode);
  const std::string kept = Storage::restore(folder.file("backup.db"), path);
  EXPECT_EQ(owner(path), kNode);
  EXPECT_EQ(owner(kept), kNode);
}

TEST(Backup, RestoreChangesTheMailboxIdAndKeepsWhatItReplaces) {
  const Folder folder;
  const std::string path = folder.file("node.db");
  std::string id;
  {
    Storage storage({.path = path});
    id = storage.mailbox_id();
    std::promise<void> written;
    submit(storage, 1, 1, false, [&](bool) { written.set_value(); });
    written.get_future().wait();
    storage.backup(folder.file("backup.db"));
    EXPECT_THROW(Storage::restore(folder.file("backup.db"), path), Error) << "a node has it open";
    std::promise<void> later;
    submit(storage, 1, 2, false, [&](bool) { later.set_value(); });
    later.get_future().wait();
  }
  const std::string kept = Storage::restore(folder.file("backup.db"), path);
  Storage restored({.path = path});
  EXPECT_EQ(numbers_of(restored, 1), std::vector<int>{1});
  EXPECT_NE(restored.mailbox_id(), id);
  Storage replaced({.path = kept});
  EXPECT_EQ(numbers_of(replaced, 1), (std::vector<int>{1, 2}));
  EXPECT_EQ(replaced.mailbox_id(), id);
}

TEST(Backup, ADamagedBackupReplacesNothing) {
  const Folder folder;
  const std::string path = folder.file("node.db");
  const std::string backup = folder.file("backup.db");
  {
    Storage storage({.path = path});
    std::latch all(2000);
    for (int i = 0; i < 2000; ++i) submit(storage, i % 10, i, false, [&](bool) { all.count_down(); });
    all.wait();
    storage.backup(backup);
  }
  {
    std::fstream file(backup, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(fs::file_size(backup)) - 3 * kPageSize);
    const std::string junk(2 * kPageSize, '\x5a');
    file.write(junk.data(), static_cast<std::streamsize>(junk.size()));
  }
  EXPECT_FALSE(Storage::check(backup).empty());
  EXPECT_THROW(Storage::restore(backup, path), Error);
  EXPECT_THROW(Storage::restore(folder.file("absent.db"), path), Error);
  Storage storage({.path = path});
  EXPECT_EQ(numbers_of(storage, 3).size(), 200U);
}

}  // namespace
}  // namespace mychat::server
