#include "c_api/torture.h"

#include <sqlite3.h>
#include <unistd.h>

#include <climits>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <vector>

namespace mychat::c_api_test {
namespace {

namespace fs = std::filesystem;

constexpr long kEachUpTo = 200;  // Places; of those beyond, ever fewer.
constexpr long kSome = 6;

std::set<std::string>& covered() {
  static std::set<std::string> names;
  return names;
}

// The library's list of symbols and the functions that were tortured are the same.
class EveryFunction : public ::testing::Environment {
 public:
  void TearDown() override {
    if (::testing::GTEST_FLAG(filter) != "*") return;
    std::ifstream list(std::string(MYCHAT_TEST_SOURCE_DIR) + "/tests/abi/symbols.txt");
    std::string name;
    std::string version;
    std::set<std::string> exported;
    while (list >> name >> version) exported.insert(name);
    EXPECT_FALSE(exported.empty());
    for (const std::string& function : exported)
      EXPECT_TRUE(covered().contains(function)) << function << " was not seen to run out of memory.";
    for (const std::string& function : covered())
      EXPECT_TRUE(exported.contains(function)) << function << " is no function of the library.";
  }
};
[[maybe_unused]] const auto* const every_function = ::testing::AddGlobalTestEnvironment(new EveryFunction);

// A store of each kind is made once a program; tests copy it.
const std::string& seeded(Seed seed) {
  static const fs::path folder = [] {
    char name[] = "/tmp/mychat-torture-seeds-XXXXXX";
    if (mkdtemp(name) == nullptr) std::abort();
    static const struct Erase {
      fs::path path;
      ~Erase() { fs::remove_all(path); }
    } erase{name};
    return erase.path;
  }();
  static const auto make = [](const char* name, int logged_in) {
    const std::string path = folder / name;
    if (seed_store(path.c_str(), "http://127.0.0.1:1", logged_in) != 0) std::abort();
    return path;
  };
  if (seed == Seed::kAlice) {
    static const std::string path = make("alice", 0);
    return path;
  }
  static const std::string path = make("logged-in", 1);
  return path;
}

void print(std::ostream& out, const mychat_contact& contact) {
  out << contact.handle << ' ' << contact.trust << ' ' << contact.nickname << ' ' << contact.fingerprint
      << ' ' << contact.pending_fingerprint << ' ' << contact.is_contact << '\n';
}

void print(std::ostream& out, const mychat_message& message) {
  out << message.id << ' ' << message.status << ' ' << message.readable << ' ' << message.failure << ' '
      << message.read_at << ' ' << message.size << '\n';
}

}  // namespace

void note_covered(const char* function) { covered().insert(function); }

void Torture::SetUp() {
  char name[] = "/tmp/mychat-torture-XXXXXX";
  ASSERT_NE(mkdtemp(name), nullptr);
  folder_ = name;
  store_ = folder_ + "/store";
  renew();
}

void Torture::TearDown() {
  close();
  fs::remove_all(folder_);
}

mychat_client_options Torture::options() const {
  mychat_client_options out = MYCHAT_CLIENT_OPTIONS_INIT;
  out.store_path = store_.c_str();
  out.node_url = node_url_.c_str();
  out.store_key = [](uint8_t* key, void*) -> int32_t {
    seed_store_key(key);
    return 0;
  };
  return out;
}

void Torture::close() {
  unwatch();
  mychat_client_free(client_);
  client_ = nullptr;
}

void Torture::reopen() {
  close();
  const mychat_client_options with = options();
  ASSERT_EQ(mychat_client_create(&with, &client_, nullptr), MYCHAT_OK);
  watch();
}

void Torture::renew() {
  close();
  for (const fs::path& entry : fs::directory_iterator(folder_)) fs::remove_all(entry);
  if (seed_ == Seed::kNothing) return;
  if (seed_ != Seed::kEmpty) fs::copy_file(seeded(seed_), store_);
  reopen();
}

void Torture::watch() {
  ASSERT_EQ(sqlite3_open_v2(store_.c_str(), &watch_, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
}

void Torture::unwatch() {
  sqlite3_close(watch_);
  watch_ = nullptr;
}

long Torture::commits() {
  if (watch_ == nullptr) return 0;
  sqlite3_stmt* row = nullptr;
  EXPECT_EQ(sqlite3_prepare_v2(watch_, "PRAGMA data_version", -1, &row, nullptr), SQLITE_OK);
  EXPECT_EQ(sqlite3_step(row), SQLITE_ROW);
  const auto version = static_cast<long>(sqlite3_column_int64(row, 0));
  sqlite3_finalize(row);
  return version;
}

std::string Torture::state() {
  if (client_ == nullptr) return {};
  std::ostringstream out;
  mychat_account* account = nullptr;
  EXPECT_EQ(mychat_client_account(client_, &account, nullptr), MYCHAT_OK);
  out << account->handle << ' ' << account->logged_in << account->has_identity << account->signs_messages
      << ' ' << account->fingerprint << ' ' << account->backup_at << '\n';
  mychat_account_free(account);
  std::uint32_t policy = 0;
  EXPECT_EQ(mychat_client_policy(client_, &policy, nullptr), MYCHAT_OK);
  out << policy << '\n';
  mychat_contact_list* contacts = nullptr;
  EXPECT_EQ(mychat_client_contacts(client_, &contacts, nullptr), MYCHAT_OK);
  for (std::size_t i = 0; i < contacts->count; ++i) print(out, *contacts->items[i]);
  mychat_contact_list_free(contacts);
  mychat_conversation_list* conversations = nullptr;
  EXPECT_EQ(mychat_client_conversations(client_, &conversations, nullptr), MYCHAT_OK);
  for (std::size_t i = 0; i < conversations->count; ++i)
    out << conversations->items[i]->peer << ' ' << conversations->items[i]->unread << '\n';
  mychat_conversation_list_free(conversations);
  mychat_message_list* messages = nullptr;
  EXPECT_EQ(mychat_client_history(client_, SEED_BOB, 0, 100, &messages, nullptr), MYCHAT_OK);
  for (std::size_t i = 0; i < messages->count; ++i) print(out, *messages->items[i]);
  mychat_message_list_free(messages);
  return out.str();
}

void Torture::attempt(const char* function, const std::function<mychat_status()>& call, long place,
                      bool& failed) {
  const long commits_before = commits();
  test::fail_allocation(place, GetParam());
  const mychat_status status = call();
  failed = test::stop_failing();
  if (status == MYCHAT_OK) {
    // The next attempt begins where this one did.
    if (failed && state() != before_) renew();
    return;
  }
  ASSERT_EQ(status, MYCHAT_E_OUT_OF_MEMORY)
      << function << ", allocation " << place << ": " << mychat_status_name(status);
  ASSERT_TRUE(failed) << function << " says so without reason";
  ASSERT_EQ(commits(), commits_before) << function << ", allocation " << place << ": something was stored.";
  ASSERT_EQ(state(), before_) << function << ", allocation " << place;
}

void Torture::torture(const char* function, const std::function<mychat_status()>& call, Tried tried) {
  note_covered(function);
  if (std::getenv("MYCHAT_TORTURE_EACH") != nullptr) tried = Tried::kEach;  // Takes minutes.
  if (client_ != nullptr) renew();
  before_ = state();
  std::vector<long> places;
  if (tried == Tried::kSome) {
    test::fail_allocation(LONG_MAX, false);
    ASSERT_EQ(call(), MYCHAT_OK) << function;
    test::stop_failing();
    const long asked = test::allocations_asked_for();
    renew();
    for (long i = 0; i < kSome; ++i) places.push_back(asked * i / kSome + i % 7);
  }
  bool failed = true;
  long attempts = 0;
  for (const long place : places) {
    ASSERT_NO_FATAL_FAILURE(attempt(function, call, place, failed));
    ++attempts;
  }
  long step = 1;
  for (long place = 0; tried == Tried::kEach && failed; place += step) {
    ASSERT_NO_FATAL_FAILURE(attempt(function, call, place, failed));
    if (++attempts % kEachUpTo == 0) step *= 2;
  }
  if (tried == Tried::kSome) {
    ASSERT_EQ(call(), MYCHAT_OK) << function << " with memory again";
  }
  std::printf("%-34s %ld attempts\n", function, attempts);
}

std::string mode_name(const ::testing::TestParamInfo<bool>& mode) { return mode.param ? "ForGood" : "Once"; }

}  // namespace mychat::c_api_test
