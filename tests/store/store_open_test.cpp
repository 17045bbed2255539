#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "fixture.h"
#include "store/migrations.h"
#include "store/store_file.h"

namespace mychat::testing {
namespace {

using StoreOpen = StoreTest;

int mode_of(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? static_cast<int>(info.st_mode & 0777) : -1;
}

TEST_F(StoreOpen, WhatIsWrittenIsThereAfterReopening) {
  {
    const auto store = open();
    store->account().set_account({"alice@a.example", "u1", "https://a.example", 5});
    store->messages().insert(text_message("m1", "bob@b.example", "hello", 100));
  }
  const auto store = open();
  ASSERT_TRUE(store->account().account());
  EXPECT_EQ(store->account().account()->handle, "alice@a.example");
  EXPECT_EQ(body_of(*store->messages().get("m1")), "hello");
  EXPECT_EQ(store->schema_version(), store_migrations().back().version);
  EXPECT_TRUE(store->check().ok());
}

TEST_F(StoreOpen, ModesOfOpeningAreKept) {
  auto existing = options();
  existing.mode = OpenMode::kOpenExisting;
  EXPECT_EQ(status_of([&] { Store::open(existing); }), MYCHAT_E_NOT_FOUND);
  EXPECT_TRUE(std::filesystem::is_empty(dir_));
  auto fresh = options();
  fresh.mode = OpenMode::kCreateNew;
  EXPECT_EQ(status_of([&] { Store::open(fresh); }), MYCHAT_OK);
  EXPECT_EQ(status_of([&] { Store::open(fresh); }), MYCHAT_E_ALREADY_EXISTS);
  EXPECT_EQ(status_of([&] { Store::open(existing); }), MYCHAT_OK);
}

TEST_F(StoreOpen, TheDirectoryIsNotCreated) {
  EXPECT_EQ(status_of([&] { open("none/alice.db"); }), MYCHAT_E_IO);
  EXPECT_FALSE(std::filesystem::exists(at("none")));
}

TEST_F(StoreOpen, FilesAreForTheirOwnerOnlyWhateverTheUmask) {
  const mode_t before = ::umask(0);
  {
    const auto store = open();
    store->account().set_int("n", 1);
    store->backup(at("copy.db"));
    for (const char* name : {"alice.db", "alice.db-wal", "alice.db-shm", "alice.db.lock", "copy.db"}) {
      EXPECT_EQ(mode_of(at(name)), 0600) << name;
    }
  }
  ::umask(before);
}

TEST_F(StoreOpen, ClosingLeavesNoLog) {
  open()->account().set_int("n", 1);
  EXPECT_FALSE(std::filesystem::exists(at("alice.db-wal")));
  EXPECT_FALSE(std::filesystem::exists(at("alice.db-shm")));
}

TEST_F(StoreOpen, ASecondOpenInThisProcessIsHeld) {
  const auto store = open();
  try {
    open();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), MYCHAT_E_STORE_HELD);
    EXPECT_NE(std::strstr(error.what(), std::to_string(::getpid()).c_str()), nullptr) << error.what();
  }
  store->account().set_int("n", 1);  // The holder is not disturbed.
  EXPECT_TRUE(store->check().ok());
}

TEST_F(StoreOpen, OtherNamesOfTheFileAreHeldToo) {
  const auto store = open();
  std::filesystem::create_symlink(at("alice.db"), at("soft.db"));
  std::filesystem::create_directory(at("sub"));
  EXPECT_EQ(status_of([&] { open("soft.db"); }), MYCHAT_E_STORE_HELD);
  EXPECT_EQ(status_of([&] { open("sub/../alice.db"); }), MYCHAT_E_STORE_HELD);
  std::filesystem::create_hard_link(at("alice.db"), at("hard.db"));
  EXPECT_EQ(status_of([&] { open("hard.db"); }), MYCHAT_E_STORE_HELD);
}

TEST_F(StoreOpen, AStoreThatGotItsNameButKeptTheTemporaryOneIsOpened) {
  open()->account().set_int("n", 7);
  for (const OpenMode mode : {OpenMode::kOpenExisting, OpenMode::kOpenOrCreate}) {
    // A stop in between leaves both names.
    std::filesystem::create_hard_link(at("alice.db"), unfinished_name(at("alice.db")));
    auto again = options();
    again.mode = mode;
    ASSERT_EQ(status_of([&] { EXPECT_EQ(Store::open(again)->account().get_int("n"), 7); }), MYCHAT_OK);
    EXPECT_FALSE(std::filesystem::exists(unfinished_name(at("alice.db"))));
  }
}

TEST_F(StoreOpen, HeldByAnotherProcessNamesItAndEndsWithIt) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::alarm(30);
    try {
      const auto store = open();
      store->account().set_int("n", 42);
      if (::write(ready[1], "x", 1) != 1) ::_exit(1);
      ::pause();
    } catch (...) {
    }
    ::_exit(1);
  }
  ::close(ready[1]);
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  ::close(ready[0]);
  try {
    open();
    ADD_FAILURE() << "opened twice";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), MYCHAT_E_STORE_HELD);
    EXPECT_NE(std::strstr(error.what(), std::to_string(child).c_str()), nullptr) << error.what();
  }
  ::kill(child, SIGKILL);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(open()->account().get_int("n"), 42);  // The lock died with its holder; its commit did not.
}

TEST_F(StoreOpen, AForkedChildDoesNotGoOnHoldingAClosedStore) {
  int done[2];
  ASSERT_EQ(::pipe(done), 0);
  auto store = open();
  const pid_t child = ::fork();  // It has a copy of the lock's descriptor for as long as it lives.
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::alarm(30);
    ::close(done[1]);
    char byte = 0;
    ::_exit(::read(done[0], &byte, 1) == 0 ? 0 : 1);
  }
  ::close(done[0]);
  EXPECT_EQ(status_of([&] { open(); }), MYCHAT_E_STORE_HELD);
  store.reset();
  EXPECT_EQ(status_of([&] { open(); }), MYCHAT_OK);
  ::close(done[1]);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(StoreOpen, WhatIsNoStoreIsRefusedAndLeftAlone) {
  sql("CREATE TABLE t (x); INSERT INTO t VALUES (1);", "other.db");
  write_file(at("text.db"), std::string(8192, 'x'));
  write_file(at("empty.db"), "");
  write_file(at("short.db"), std::string_view("SQLite format 3\0abc", 19));
  std::filesystem::create_directory(at("folder.db"));
  for (const char* name : {"other.db", "text.db", "empty.db", "short.db"}) {
    const std::string before = read_file(at(name));
    EXPECT_EQ(status_of([&] { open(name); }), MYCHAT_E_STORE_CORRUPT) << name;
    EXPECT_EQ(read_file(at(name)), before) << name;
  }
  EXPECT_EQ(status_of([&] { open("folder.db"); }), MYCHAT_E_STORE_CORRUPT);
}

TEST_F(StoreOpen, ANewerSchemaIsRefusedAndLeftAlone) {
  open();
  sql("PRAGMA user_version = 1000");
  const std::string before = read_file(at("alice.db"));
  EXPECT_EQ(status_of([&] { open(); }), MYCHAT_E_STORE_TOO_NEW);
  EXPECT_EQ(read_file(at("alice.db")), before);
}

// --- Migrations
// ----------------------------------------------------------------------------------------------------

// All that there are stand for the first of these tests' own.
void first(Database& database, Sealer& sealer) {
  for (const Migration& migration : store_migrations()) migration.apply(database, sealer);
}
void second(Database& database, Sealer&) {
  database.exec("CREATE TABLE drafts (id INTEGER PRIMARY KEY) STRICT");
}
void third(Database& database, Sealer& sealer) {
  database.query("INSERT INTO drafts (id) VALUES (?1)").bind(1, std::int64_t{5}).run();
  sealer.lookup(LookupKind::kContact, "a migration can seal");
}
void failing(Database& database, Sealer&) {
  database.exec("DELETE FROM drafts; CREATE TABLE half (id INTEGER PRIMARY KEY);");
  throw Error(MYCHAT_E_INTERNAL, MYCHAT_DOMAIN_STORE, "fails half way");
}

TEST_F(StoreOpen, EveryEarlierVersionIsUpgraded) {
  constexpr Migration kAll[] = {{1, first}, {2, second}, {3, third}};
  for (std::size_t from = 1; from <= 3; ++from) {
    const std::string name = "v" + std::to_string(from) + ".db";
    auto old = options(name);
    old.migrations = std::span(kAll).first(from);
    Store::open(old)->account().set_text("who", "from " + std::to_string(from));
    auto now = options(name);
    now.migrations = kAll;
    const auto store = Store::open(now);
    EXPECT_EQ(store->schema_version(), 3);
    EXPECT_EQ(store->account().get_text("who"), "from " + std::to_string(from));
    EXPECT_TRUE(store->check().ok());
  }
}

TEST_F(StoreOpen, EveryVersionThatThereWasIsUpgraded) {
  for (std::size_t from = 1; from < store_migrations().size(); ++from) {
    const std::string name = "real-v" + std::to_string(from) + ".db";
    auto old = options(name);
    old.migrations = store_migrations().first(from);
    Store::open(old)->account().set_text("who", "alice");
    const auto store = Store::open(options(name));
    EXPECT_EQ(store->schema_version(), store_migrations().back().version);
    EXPECT_EQ(store->account().get_text("who"), "alice");
    Message message;
    message.id = "m";
    message.conversation = "bob@example.org";
    message.verification = MessageVerification::kUnverified;
    message.signer = Bytes(32, 7);
    EXPECT_TRUE(store->messages().insert(message).inserted);
    EXPECT_EQ(store->messages().get("m")->signer, message.signer);
    EXPECT_TRUE(store->check().ok());
  }
}

TEST_F(StoreOpen, AFailedMigrationLeavesTheVersionBefore) {
  constexpr Migration kGood[] = {{1, first}, {2, second}, {3, third}};
  constexpr Migration kBad[] = {{1, first}, {2, second}, {3, third}, {4, failing}};
  auto with = options();
  with.migrations = kGood;
  Store::open(with);
  with.migrations = kBad;
  EXPECT_EQ(status_of([&] { Store::open(with); }), MYCHAT_E_INTERNAL);
  with.migrations = kGood;
  EXPECT_EQ(Store::open(with)->schema_version(), 3);
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(at("alice.db").c_str(), &db), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(db, "SELECT id FROM half", nullptr, nullptr, nullptr), SQLITE_ERROR);
  EXPECT_EQ(sqlite3_exec(db, "INSERT INTO drafts VALUES (5)", nullptr, nullptr, nullptr), SQLITE_CONSTRAINT);
  sqlite3_close(db);
}

// --- Backup
// --------------------------------------------------------------------------------------------------------

TEST_F(StoreOpen, AHotBackupIsACompleteStore) {
  const auto store = open();
  for (int i = 0; i < 200; ++i) {
    store->messages().insert(text_message("m" + std::to_string(i), "bob@b.example", "text", i));
  }
  store->backup(at("copy.db"));
  store->messages().insert(text_message("later", "bob@b.example", "text", 1000));
  const auto copy = open("copy.db");
  EXPECT_EQ(copy->messages().count(), 200);
  EXPECT_TRUE(copy->check().ok());
  EXPECT_TRUE(store->check().ok());
  for (const auto& entry : std::filesystem::directory_iterator(dir_)) {
    EXPECT_EQ(entry.path().string().find("unfinished"), std::string::npos) << entry.path();
  }
}

TEST_F(StoreOpen, ABackupNeverOverwrites) {
  const auto store = open();
  write_file(at("there.db"), "precious");
  EXPECT_EQ(status_of([&] { store->backup(at("there.db")); }), MYCHAT_E_ALREADY_EXISTS);
  EXPECT_EQ(read_file(at("there.db")), "precious");
  EXPECT_EQ(status_of([&] { store->backup(at("alice.db")); }), MYCHAT_E_ALREADY_EXISTS);
  EXPECT_EQ(status_of([&] { store->backup(at("none/copy.db")); }), MYCHAT_E_IO);
  const auto transaction = store->begin();
  EXPECT_EQ(status_of([&] { store->backup(at("copy.db")); }), MYCHAT_E_INVALID_STATE);
}

}  // namespace
}  // namespace mychat::testing
