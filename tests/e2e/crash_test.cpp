// Two clients and their node under load, each killed again and again at random points. Nothing that was taken
// is lost, and nothing arrives twice. MYCHAT_CRASH_ROUNDS sets the number of kills, MYCHAT_CRASH_SEED repeats
// a run.
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "e2e/node_process.h"
#include "e2e/sdk.h"
#include "support/test_keys.h"

namespace mychat::e2e {
namespace {

using Steady = std::chrono::steady_clock;

std::int32_t store_key(std::uint8_t* out, void*) {
  for (int i = 0; i < MYCHAT_STORE_KEY_SIZE; ++i) out[i] = static_cast<std::uint8_t>(i + 3);
  return 0;
}

long number_from(const char* name, long otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::atol(text);
}

// A user of the test: a process when it runs, a store and two logs when it does not.
class User {
 public:
  User(const TempDir& dir, const std::string& name, const std::string& node, std::string_view key)
      : name_(name),
        node_(node),
        store_(dir.file(name)),
        sent_(dir.file(name + ".sent")),
        received_(dir.file(name + ".received")) {
    with_client([&](mychat_client* client) {
      mychat_error error = MYCHAT_ERROR_INIT;
      EXPECT_EQ(mychat_client_import_private_key(client, std::string(key).c_str(), &error), MYCHAT_OK)
          << error.message;
      mychat_register_options options = MYCHAT_REGISTER_OPTIONS_INIT;
      options.username = name_.c_str();
      options.password = "a long password";
      mychat_request_id request = 0;
      EXPECT_EQ(mychat_client_register(client, &options, &request, &error), MYCHAT_OK) << error.message;
      EXPECT_EQ(mychat_client_await(client, request, kWait, nullptr, &error), MYCHAT_OK) << error.message;
    });
  }
  ~User() {
    if (pid_ > 0) kill();
  }

  template <class Work>
  void with_client(Work work) {
    mychat_client_options options = MYCHAT_CLIENT_OPTIONS_INIT;
    options.store_path = store_.c_str();
    options.store_key = store_key;
    options.node_url = node_.c_str();
    mychat_client* client = nullptr;
    mychat_error error = MYCHAT_ERROR_INIT;
    ASSERT_EQ(mychat_client_create(&options, &client, &error), MYCHAT_OK) << error.message;
    work(client);
    mychat_client_free(client);
  }

  void start(const std::string& peer) {
    std::string words[] = {MYCHAT_CRASH_CLIENT, store_, node_, peer, sent_, received_};
    char* argv[7] = {};
    for (int i = 0; i < 6; ++i) argv[i] = words[i].data();
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (::getppid() != parent) ::_exit(127);
      ::execv(argv[0], argv);
      ::_exit(127);
    }
    ASSERT_GT(pid_, 0);
  }
  void kill() {
    ::kill(pid_, SIGKILL);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status)) << name_ << " had ended by itself, with " << WEXITSTATUS(status);
    pid_ = -1;
    ++kills_;
  }
  std::size_t kills() const noexcept { return kills_; }
  void touch(const char* suffix) { std::ofstream(store_ + suffix) << '\n'; }
  int finish() {
    touch(".stop");
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  // Ids with their texts; how often an id stands there is kept.
  static std::multimap<std::string, std::string> read(const std::string& path) {
    std::multimap<std::string, std::string> out;
    std::ifstream in(path);
    std::string id;
    for (std::string text; in >> id >> text;) out.emplace(id, text);
    return out;
  }
  std::multimap<std::string, std::string> sent() const { return read(sent_); }
  std::multimap<std::string, std::string> received() const { return read(received_); }
  // Bytes of the log of what it received.
  std::uintmax_t arrived() const {
    std::error_code none_yet;
    const std::uintmax_t size = std::filesystem::file_size(received_, none_yet);
    return none_yet ? 0 : size;
  }
  const std::string& store() const noexcept { return store_; }

 private:
  std::string name_, node_, store_, sent_, received_;
  pid_t pid_ = -1;
  std::size_t kills_ = 0;
};

std::string integrity(const std::string& path) {
  sqlite3* db = nullptr;
  std::string out = "cannot be opened";
  if (sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK) {
    sqlite3_stmt* query = nullptr;
    sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &query, nullptr);
    if (sqlite3_step(query) == SQLITE_ROW) out = reinterpret_cast<const char*>(sqlite3_column_text(query, 0));
    sqlite3_finalize(query);
  }
  sqlite3_close(db);
  return out;
}

// What one side logged as sent is in the other's store and log, once. Only a kill makes exceptions, one each:
// between an event's log line and its acknowledgement it comes again, as the journal promises; between the
// acceptance of a message and its log line it is received though not logged as sent.
void check_direction(User& from, User& to, const std::string& from_handle, std::size_t& messages) {
  const auto sent = from.sent();
  const auto received = to.received();
  std::set<std::string> stored;
  to.with_client([&](mychat_client* client) {
    std::int64_t before = 0;
    while (true) {
      mychat_message_list* page = nullptr;
      ASSERT_EQ(mychat_client_history(client, from_handle.c_str(), before, 500, &page, nullptr), MYCHAT_OK);
      for (std::size_t i = 0; i < page->count; ++i) {
        const mychat_message& message = *page->items[i];
        if (message.direction != MYCHAT_DIRECTION_IN) continue;
        EXPECT_TRUE(stored.insert(message.id).second) << "twice in the store: " << message.id;
      }
      before = page->next_before;
      const bool more = page->has_more != 0;
      mychat_message_list_free(page);
      if (!more) return;
    }
  });
  std::size_t lost = 0;
  for (const auto& [id, text] : sent) {
    const auto found = received.find(id);
    if (found == received.end() || found->second != text || !stored.contains(id)) ++lost;
  }
  EXPECT_EQ(lost, 0u) << "of " << sent.size();
  std::set<std::string> distinct;
  std::size_t unknown = 0;
  for (const auto& [id, text] : received)
    if (distinct.insert(id).second && !sent.contains(id)) ++unknown;
  EXPECT_LE(received.size() - distinct.size(), to.kills()) << "events came again without a kill";
  EXPECT_LE(unknown, from.kills()) << "messages that nobody sent";
  EXPECT_EQ(stored, distinct);
  messages += sent.size();
}

TEST(Crash, NothingIsLostAndNothingArrivesTwice) {
  const long rounds = number_from("MYCHAT_CRASH_ROUNDS", 30);
  const auto seed =
      static_cast<unsigned>(number_from("MYCHAT_CRASH_SEED", static_cast<long>(std::random_device{}() >> 1)));
  std::printf("%ld rounds, MYCHAT_CRASH_SEED=%u\n", rounds, seed);
  std::mt19937 random(seed);
  TempDir dir;
  NodeProcess node;
  User alice(dir, "alice", node.url(), test::kAliceKey);
  User bob(dir, "bob", node.url(), test::kBobKey);
  const std::string to_bob = "bob@localhost";
  const std::string to_alice = "alice@localhost";
  alice.start(to_bob);
  bob.start(to_alice);
  long killed[3] = {};
  std::uintmax_t arrived = 0;
  for (long round = 0; round < rounds; ++round) {
    // On a slow machine as well, every kill is of processes at work.
    const auto patience = Steady::now() + std::chrono::seconds(10);
    while (alice.arrived() + bob.arrived() == arrived && Steady::now() < patience)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    arrived = alice.arrived() + bob.arrived();
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 900));  // The random point.
    const auto who = static_cast<unsigned>(random() % 3);
    ++killed[who];
    if (who == 0) {
      node.kill();
      node.start();
    } else {
      User& user = who == 1 ? alice : bob;
      user.kill();
      user.start(who == 1 ? to_bob : to_alice);
    }
  }
  alice.touch(".quiet");
  bob.touch(".quiet");
  const auto deadline = Steady::now() + std::chrono::seconds(90);
  const auto through = [](const User& from, const User& to) {
    std::set<std::string> got;
    for (const auto& [id, text] : to.received()) got.insert(id);
    for (const auto& [id, text] : from.sent())
      if (!got.contains(id)) return false;
    return true;
  };
  while (!(through(alice, bob) && through(bob, alice)) && Steady::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  EXPECT_EQ(alice.finish(), 0);
  EXPECT_EQ(bob.finish(), 0);
  std::size_t messages = 0;
  check_direction(alice, bob, "alice@localhost", messages);
  check_direction(bob, alice, "bob@localhost", messages);
  for (User* user : {&alice, &bob}) {
    user->with_client([](mychat_client* client) {
      mychat_store_report* report = nullptr;
      ASSERT_EQ(mychat_client_check_store(client, &report, nullptr), MYCHAT_OK);
      EXPECT_EQ(report->healthy, 1);
      mychat_store_report_free(report);
    });
    EXPECT_EQ(integrity(user->store()), "ok");
  }
  EXPECT_EQ(node.stop(), 0);
  EXPECT_EQ(integrity((node.data() / "mychat.db").string()), "ok");
  if (HasFailure()) return;
  std::printf("killed: the node %ld, alice %ld, bob %ld times; %zu messages, none lost, none twice\n",
              killed[0], killed[1], killed[2], messages);
}

}  // namespace
}  // namespace mychat::e2e
