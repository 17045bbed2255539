#include "fixture.h"
#include "store/key_slot.h"

namespace mychat::testing {
namespace {

class StoreKeys : public StoreTest {
 protected:
  StoreOptions with(StoreKey key) const {
    StoreOptions out = options();
    out.key = std::move(key);
    return out;
  }
  static StoreKey phrase(std::string_view words) { return StoreKey::passphrase(to_secret(words)); }
};

TEST_F(StoreKeys, AWrongKeyIsToldAndNothingIsChanged) {
  Store::open(with(phrase("correct horse")))->account().set_int("n", 1);
  const std::string before = read_file(at("alice.db"));
  EXPECT_EQ(status_of([&] { Store::open(with(phrase("correct house"))); }), MYCHAT_E_STORE_KEY);
  EXPECT_EQ(status_of([&] { Store::open(with(StoreKey::host_key(host_key_bytes()))); }), MYCHAT_E_STORE_KEY);
  EXPECT_EQ(read_file(at("alice.db")), before);
  EXPECT_EQ(Store::open(with(phrase("correct horse")))->account().get_int("n"), 1);
}

TEST_F(StoreKeys, AWrongKeyLeavesTheLogOfACrashAlone) {
  std::string log;
  {
    const auto store = open();
    store->account().set_int("n", 1);
    // What a crash would leave: the file and its log as they are now.
    log = read_file(at("alice.db-wal"));
    write_file(at("crashed.db"), read_file(at("alice.db")));
    write_file(at("crashed.db-wal"), log);
  }
  ASSERT_FALSE(log.empty());
  const std::string before = read_file(at("crashed.db"));
  auto wrong = options("crashed.db");
  wrong.key = StoreKey::host_key(host_key_bytes(8));
  EXPECT_EQ(status_of([&] { Store::open(wrong); }), MYCHAT_E_STORE_KEY);
  EXPECT_EQ(read_file(at("crashed.db")), before);
  EXPECT_EQ(read_file(at("crashed.db-wal")), log);
  EXPECT_EQ(open("crashed.db")->account().get_int("n"), 1);
}

TEST_F(StoreKeys, KeysOfTheWrongShapeAreArguments) {
  EXPECT_EQ(status_of([&] { Store::open(with(StoreKey::host_key(Secret(31)))); }), MYCHAT_E_INVALID_ARGUMENT);
  EXPECT_EQ(status_of([&] { Store::open(with(phrase(""))); }), MYCHAT_E_INVALID_ARGUMENT);
  EXPECT_EQ(status_of([&] { Store::open(with(phrase(std::string(1025, 'x')))); }), MYCHAT_E_INVALID_ARGUMENT);
  EXPECT_FALSE(std::filesystem::exists(at("alice.db")));
}

TEST_F(StoreKeys, AHostCallbackIsAskedForItsKey) {
  int asked = 0;
  const auto callback = [&asked] {
    ++asked;
    return host_key_bytes();
  };
  Store::open(with(StoreKey::host_callback(callback)));
  EXPECT_GT(asked, 0);
  EXPECT_EQ(status_of([&] { open(); }), MYCHAT_OK);
}

TEST_F(StoreKeys, ChangingTheKeyKeepsRowsAsTheyAre) {
  {
    const auto store = Store::open(with(phrase("old")));
    store->account().set_text("note", "kept");
    store->change_key(phrase("new"), kCheap);
    EXPECT_EQ(store->account().get_text("note"), "kept");
  }
  EXPECT_EQ(status_of([&] { Store::open(with(phrase("old"))); }), MYCHAT_E_STORE_KEY);
  {
    const auto store = Store::open(with(phrase("new")));
    EXPECT_EQ(store->account().get_text("note"), "kept");
    store->change_key(StoreKey::host_key(host_key_bytes()));
  }
  EXPECT_EQ(status_of([&] { Store::open(with(phrase("new"))); }), MYCHAT_E_STORE_KEY);
  EXPECT_EQ(open()->account().get_text("note"), "kept");
}

TEST_F(StoreKeys, TheOldWrappingLeavesFileAndLog) {
  const auto store = Store::open(with(phrase("old")));
  sqlite3* db = nullptr;
  sqlite3_stmt* statement = nullptr;
  ASSERT_EQ(sqlite3_open_v2(at("alice.db").c_str(), &db, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
  ASSERT_EQ(sqlite3_prepare_v2(db, "SELECT slot FROM keyslot", -1, &statement, nullptr), SQLITE_OK);
  ASSERT_EQ(sqlite3_step(statement), SQLITE_ROW);
  const std::string slot(static_cast<const char*>(sqlite3_column_blob(statement, 0)),
                         static_cast<std::size_t>(sqlite3_column_bytes(statement, 0)));
  sqlite3_finalize(statement);
  sqlite3_close(db);
  const std::string wrapped = slot.substr(slot.size() - 80, 48);  // Before the digest of 32 bytes.
  ASSERT_NE(read_file(at("alice.db")).find(wrapped), std::string::npos);
  store->change_key(phrase("new"), kCheap);
  EXPECT_EQ(read_file(at("alice.db")).find(wrapped), std::string::npos);
  EXPECT_EQ(read_file(at("alice.db-wal")).find(wrapped), std::string::npos);
}

TEST(KeySlot, EveryFlippedBitIsDamageNotAWrongKey) {
  const StoreKey key = StoreKey::host_key(host_key_bytes());
  const Secret master(32, 9);
  const Bytes slot = make_key_slot(view(master), key, kCheap);
  EXPECT_EQ(open_key_slot(view(slot), key), master);
  for (std::size_t bit = 0; bit < slot.size() * 8; ++bit) {
    Bytes bad = slot;
    bad[bit / 8] = static_cast<std::uint8_t>(bad[bit / 8] ^ (1U << (bit % 8)));
    EXPECT_EQ(status_of([&] { open_key_slot(view(bad), key); }), MYCHAT_E_STORE_CORRUPT) << bit;
  }
  for (std::size_t size = 0; size < slot.size(); ++size) {
    EXPECT_EQ(status_of([&] { open_key_slot(view(slot).first(size), key); }), MYCHAT_E_STORE_CORRUPT) << size;
  }
}

TEST_F(StoreKeys, TheFileShowsNothingThatIsPrivate) {
  const auto store = open();
  store->account().set_account({"alice@a.example", "user-id-1", "https://node.example", 5});
  store->account().set_access_token(view("the-access-token"));
  store->account().set_text("setting-name", "setting-value");
  IdentityKeys keys;
  keys.private_key = to_secret("private-key-bytes");
  store->account().set_identity(keys);
  Contact contact;
  contact.handle = "bob@b.example";
  contact.nickname = "nickname-of-bob";
  store->contacts().upsert(contact);
  store->messages().insert(text_message("0b8e3d52-message-id", "bob@b.example", "private words", 100));
  OutboxEntry entry;
  entry.message_id = "0b8e3d52-outbox-id";
  entry.lane = entry.recipient = "bob@b.example";
  entry.payload = to_secret("outbox payload");
  store->outbox().enqueue(entry);
  store->journal().append(3, view("journal payload"), 1);
  store->sync().set_cursor({"mailbox-id", 1});
  const std::string log = read_file(at("alice.db-wal"));
  ASSERT_FALSE(log.empty());
  const std::string everything = read_file(at("alice.db")) + log;
  for (const char* text : {"alice@", "bob@", "user-id-1", "node.example", "the-access-token", "setting-name",
                           "setting-value", "private-key", "nickname-of", "0b8e3d52", "private words",
                           "outbox payload", "journal payload", "mailbox-id"}) {
    EXPECT_EQ(everything.find(text), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace mychat::testing
