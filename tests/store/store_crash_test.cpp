#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <random>

#include "fixture.h"

namespace mychat::testing {
namespace {

using StoreCrash = StoreTest;
constexpr const char* kBob = "bob@b.example";

void write_one(Store& store, std::int64_t number) {
  auto transaction = store.begin();
  store.messages().insert(
      text_message("m" + std::to_string(number), kBob, "body " + std::to_string(number), number));
  OutboxEntry entry;
  entry.message_id = "m" + std::to_string(number);
  entry.lane = entry.recipient = kBob;
  entry.payload = Secret(300, 1);
  store.outbox().enqueue(entry);
  if (number > 5) store.outbox().remove(number - 5);
  store.journal().append(1, view("event"), number);
  store.account().set_int("last", number);
  transaction.commit();
}

// What is committed is a prefix of what was written, and whole.
std::int64_t expect_prefix(Store& store) {
  const std::int64_t last = store.account().get_int("last").value_or(0);
  EXPECT_EQ(store.messages().count(), last);
  EXPECT_EQ(store.journal().last_seq(), last);
  EXPECT_EQ(store.journal().count(), last);
  EXPECT_EQ(store.outbox().count(), std::min<std::int64_t>(last, 5));
  if (last > 0) {
    EXPECT_EQ(body_of(*store.messages().get("m" + std::to_string(last))), "body " + std::to_string(last));
    EXPECT_EQ(store.conversations().get(kBob)->unread, last);
  }
  return last;
}

TEST_F(StoreCrash, KilledAtAnyTimeNothingCommittedIsLost) {
  void* memory = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  auto* committed = new (memory) std::atomic<std::int64_t>(0);
  std::mt19937 random(std::random_device{}());
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(12);
  int rounds = 0;
  for (; rounds < 300 && std::chrono::steady_clock::now() < end; ++rounds) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::alarm(30);
      try {
        const auto store = open();
        const std::int64_t found = store->account().get_int("last").value_or(0);
        if (found < committed->load() || found > committed->load() + 1) ::_exit(2);
        committed->store(found);
        for (std::int64_t i = found + 1;; ++i) {
          write_one(*store, i);
          committed->store(i);
        }
      } catch (...) {
        ::_exit(1);
      }
    }
    // Also shorter than creating or opening takes.
    ::usleep(static_cast<useconds_t>(random() % 25000));
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the writer failed in round " << rounds;
    if (rounds % 10 == 0) {
      const auto store = open();  // Every open after a crash has its quick check as well.
      const std::int64_t last = expect_prefix(*store);
      ASSERT_GE(last, committed->load());
      ASSERT_LE(last, committed->load() + 1);
    }
  }
  const auto store = open();
  const std::int64_t last = expect_prefix(*store);
  EXPECT_GE(last, committed->load());
  const CheckReport report = store->check();
  EXPECT_TRUE(report.ok()) << report.problems.front();
  EXPECT_GT(last, 0);
  RecordProperty("rounds", rounds);
  RecordProperty("commits", static_cast<int>(last));
  ::munmap(memory, 4096);
}

// A log that is cut or damaged loses commits from there on, never one in the middle and never half of one.
TEST_F(StoreCrash, ADamagedLogLeavesAPrefixOfTheCommits) {
  constexpr std::int64_t kCommits = 30;
  std::string file;
  std::string log;
  {
    const auto store = open();
    for (std::int64_t i = 1; i <= kCommits; ++i) write_one(*store, i);
    file = read_file(at("alice.db"));
    log = read_file(at("alice.db-wal"));
  }
  std::mt19937 random(11);
  int shorter = 0;
  for (int round = 0; round < 120; ++round) {
    std::string bad = log;
    const std::size_t where = random() % log.size();
    if (round == 0) {  // The first one is whole.
    } else if (round % 2 == 0) {
      bad.resize(where);
    } else {
      bad[where] = static_cast<char>(bad[where] ^ (1 << (random() % 8)));
    }
    for (const char* suffix : {"-shm", "-wal", ""})
      std::filesystem::remove(at(std::string("copy.db") + suffix));
    write_file(at("copy.db"), file);
    write_file(at("copy.db-wal"), bad);
    const auto store = open("copy.db");
    const std::int64_t last = expect_prefix(*store);
    EXPECT_LE(last, kCommits);
    EXPECT_TRUE(round > 0 || last == kCommits);
    if (last < kCommits) ++shorter;
    EXPECT_TRUE(store->check().ok()) << round;
  }
  EXPECT_GT(shorter, 60);
}

TEST_F(StoreCrash, KilledWhileCreatingLeavesNothingInTheWay) {
  std::mt19937 random(std::random_device{}());
  for (int round = 0; round < 60; ++round) {
    const std::string name = "store" + std::to_string(round % 3) + ".db";
    std::filesystem::remove(at(name));
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::alarm(30);
      try {
        open(name);
      } catch (...) {
      }
      ::_exit(0);
    }
    ::usleep(static_cast<useconds_t>(random() % 12000));
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(open(name)->check().ok()) << round;
  }
}

// Runs in a child, since the limit on file sizes is the process's. Exits 0 when all is as promised.
int fill_the_disk(const StoreOptions& with) {
  ::signal(SIGXFSZ, SIG_IGN);
  std::int64_t written = 0;
  try {
    const auto store = Store::open(with);
    const rlimit limit{512 * 1024, 512 * 1024};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 2;
    try {
      for (std::int64_t i = 1; i < 100000; ++i) {
        write_one(*store, i);
        written = i;
      }
      return 3;  // Never full.
    } catch (const Error& error) {
      if (error.status() != MYCHAT_E_STORE || error.detail() == 0 || error.domain() != MYCHAT_DOMAIN_STORE)
        return 4;
    }
    // The store still works for reading, and nothing of the failed transaction is there.
    if (store->account().get_int("last") != written || store->messages().count() != written) return 5;
    if (status_of([&] { store->begin().commit(); }) != MYCHAT_OK) return 6;
  } catch (...) {
    return 7;
  }
  return 0;
}

TEST_F(StoreCrash, AFullDiskIsTypedAndLosesNothing) {
  open();
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::alarm(60);
    ::_exit(fill_the_disk(options()));
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  ASSERT_EQ(WEXITSTATUS(status), 0);
  const auto store = open();
  EXPECT_GT(expect_prefix(*store), 10);
  EXPECT_TRUE(store->check().ok());
  write_one(*store, *store->account().get_int("last") + 1);  // There is room again.
}

}  // namespace
}  // namespace mychat::testing
