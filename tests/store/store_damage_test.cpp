#include <random>

#include "fixture.h"

namespace mychat::testing {
namespace {

constexpr const char* kBob = "bob@b.example";
constexpr const char* kCarol = "carol@c.example";

class StoreDamage : public StoreTest {
 protected:
  void fill(const std::string& name = "alice.db") const {
    const auto store = open(name);
    auto transaction = store->begin();
    store->account().set_account({"alice@a.example", "u1", "https://a.example", 5});
    store->account().set_bool("require_signatures", true);
    for (const char* handle : {kBob, kCarol}) {
      Contact contact;
      contact.handle = handle;
      contact.verification = ContactVerification::kVerified;
      store->contacts().upsert(contact);
    }
    for (int i = 0; i < 40; ++i) {
      store->messages().insert(text_message("m" + std::to_string(i), i % 2 == 0 ? kBob : kCarol,
                                            "body " + std::to_string(i) + std::string(60, '.'), 100 + i));
    }
    Message sealed = text_message("undecryptable", kBob, "", 900);
    sealed.body.reset();
    sealed.envelope = Bytes(700, 3);
    store->messages().insert(sealed);
    store->messages().insert(text_message("large", kBob, std::string(20000, 'L'), 901));
    for (int i = 0; i < 5; ++i) {
      OutboxEntry entry;
      entry.message_id = "m" + std::to_string(i);
      entry.lane = entry.recipient = kBob;
      entry.payload = to_secret("payload");
      store->outbox().enqueue(entry);
      store->journal().append(1, view("event"), i);
    }
    store->sync().set_cursor({"box", 12});
    store->sync().set_poll_state(kBob, {1, "m", 2});
    transaction.commit();
  }

  // Everything the store says, in one text.
  static std::string dump(Store& store) {
    std::string out = store.account().account()->handle + "|" +
                      (*store.account().get_bool("require_signatures") ? "1" : "0");
    for (const auto& c : store.contacts().list())
      out += "|" + c.handle + std::to_string(static_cast<int>(c.verification));
    for (const auto& c : store.conversations().list()) {
      out += "|" + c.handle + std::to_string(c.unread) + "," + std::to_string(c.last_message_at);
      for (const auto& m : store.messages().page(c.handle, 500).messages) {
        out += "|" + m.id + m.sender + body_of(m) + std::to_string(m.created_at) +
               std::to_string(m.envelope ? m.envelope->size() : 0);
      }
    }
    for (int i = 0; i < 40; ++i) out += store.messages().get("m" + std::to_string(i)) ? "+" : "-";
    out += "|" + std::to_string(store.messages().search({.query = "body"}).messages.size());
    for (const auto& e : store.outbox().due(INT64_MAX, 100, false)) out += "|" + e.message_id + e.recipient;
    for (const auto& e : store.journal().read(0, 100))
      out += "|" + std::to_string(e.seq) + std::string(text(view(e.payload)));
    const auto cursor = store.sync().cursor();
    out += "|" + cursor->mailbox_id + std::to_string(cursor->cursor);
    out += "|" + std::to_string(store.sync().poll_state(kBob)->polled_at);
    return out;
  }

  // Opens a damaged copy: it must be refused with a fitting status and left as it is, or check() must find
  // the damage, or nothing that the store says may differ.
  void expect_harmless(const std::string& content, const std::string& truth, const std::string& what) {
    const std::string name = "damaged.db";
    write_file(at(name), content);
    auto with = options(name);
    with.mode = OpenMode::kOpenExisting;
    try {
      const auto store = Store::open(with);
      ++opened_;
      if (!store->check().ok()) {
        ++found_;
        status_of([&] { dump(*store); });  // May fail, with an Error only.
        return;
      }
      EXPECT_EQ(dump(*store), truth) << what;
      ++equal_;
    } catch (const Error& error) {
      ++refused_;
      EXPECT_TRUE(error.status() == MYCHAT_E_STORE_CORRUPT || error.status() == MYCHAT_E_STORE_TOO_NEW)
          << what << ": " << error.status() << " " << error.what();
      EXPECT_TRUE(read_file(at(name)) == content) << what << ": " << error.what();
    }
  }

  int opened_ = 0;
  int refused_ = 0;
  int found_ = 0;
  int equal_ = 0;
};

TEST_F(StoreDamage, TruncatedFilesAreRefusedAndNotChanged) {
  fill();
  const std::string whole = read_file(at("alice.db"));
  const std::string truth = dump(*open());
  for (std::size_t size = 0; size < whole.size(); size += size < 128 ? 9 : 509) {
    expect_harmless(whole.substr(0, size), truth, "truncated to " + std::to_string(size));
  }
  for (std::size_t size = 4096; size < whole.size(); size += 4096) {
    expect_harmless(whole.substr(0, size), truth, "truncated to " + std::to_string(size));
  }
  EXPECT_EQ(equal_, 0);  // Something was always missing,
  EXPECT_GT(refused_, 0);
}

TEST_F(StoreDamage, FlippedBitsAreRefusedOrFoundOrChangeNothing) {
  fill();
  const std::string whole = read_file(at("alice.db"));
  const std::string truth = dump(*open());
  expect_harmless(whole, truth, "undamaged");
  ASSERT_EQ(equal_, 1);
  std::mt19937 random(20260131);
  const auto flip = [&](std::size_t byte, unsigned bit) {
    std::string bad = whole;
    bad[byte] = static_cast<char>(bad[byte] ^ (1 << bit));
    expect_harmless(bad, truth, "bit " + std::to_string(bit) + " of byte " + std::to_string(byte));
  };
  for (std::size_t byte = 0; byte < 100; ++byte) flip(byte, static_cast<unsigned>(random() % 8));
  for (std::size_t page = 0; page < whole.size(); page += 4096) {
    for (int i = 0; i < 6; ++i) flip(page + random() % 16, static_cast<unsigned>(random() % 8));
    for (int i = 0; i < 10; ++i) flip(page + random() % 4096, static_cast<unsigned>(random() % 8));
  }
  // Bytes in use were hit as well, and found.
  EXPECT_GT(refused_, 20);
  EXPECT_GT(found_, 20);
  RecordProperty("refused", refused_);
  RecordProperty("found_by_check", found_);
  RecordProperty("without_effect", equal_);
}

TEST_F(StoreDamage, PagesOfRubbishAreRefusedOrFound) {
  fill();
  const std::string whole = read_file(at("alice.db"));
  const std::string truth = dump(*open());
  std::mt19937 random(7);
  for (std::size_t page = 0; page < whole.size(); page += 4096) {
    std::string bad = whole;
    for (std::size_t i = 0; i < 4096; ++i) bad[page + i] = static_cast<char>(random());
    expect_harmless(bad, truth, "rubbish in page " + std::to_string(page / 4096));
    std::string zero = whole;
    zero.replace(page, 4096, 4096, '\0');
    expect_harmless(zero, truth, "zeros in page " + std::to_string(page / 4096));
  }
  EXPECT_EQ(equal_, 0);
}

// Harm done by somebody who can write the file but has no key, one statement each.
TEST_F(StoreDamage, ValuesPutInOtherPlacesAreFound) {
  const std::pair<const char*, const char*> kHarm[] = {
      {"bodies of two messages",
       "UPDATE messages SET body = (SELECT body FROM messages AS o WHERE o.id = 3 - messages.id)"
       " WHERE id IN (1, 2)"},
      {"a body in an envelope's place", "UPDATE messages SET envelope = body, body = NULL WHERE id = 1"},
      {"a body where none was", "UPDATE messages SET body = envelope WHERE envelope IS NOT NULL"},
      {"a body removed", "UPDATE messages SET body = NULL WHERE id = 1"},
      {"an empty body", "UPDATE messages SET body = x'' WHERE id = 1"},
      {"records of two contacts",
       "UPDATE contacts SET record = (SELECT record FROM contacts AS o WHERE o.id = 3 - contacts.id)"},
      {"look-up keys of two contacts",
       "CREATE TEMP TABLE k AS SELECT id, key FROM contacts; UPDATE contacts SET key = randomblob(16);"
       "UPDATE contacts SET key = (SELECT key FROM k WHERE k.id = 3 - contacts.id)"},
      {"a contact's record as a conversation's",
       "UPDATE conversations SET record = (SELECT record FROM contacts WHERE contacts.id = "
       "conversations.id)"},
      {"a message moved to another conversation",
       "UPDATE messages SET conversation = 3 - conversation WHERE id = 1"},
      {"a message's time", "UPDATE messages SET created_at = created_at + 1 WHERE id = 1"},
      {"a message's number", "UPDATE messages SET id = 1000 WHERE id = 1"},
      {"an outbox entry's time", "UPDATE outbox SET due_at = 99 WHERE seq = 1"},
      {"an outbox entry's lane",
       "UPDATE outbox SET lane = x'00112233445566778899aabbccddeeff' WHERE seq = 1"},
      {"payloads of two outbox entries",
       "UPDATE outbox SET payload = (SELECT payload FROM outbox AS o WHERE o.seq = 3 - outbox.seq) WHERE seq "
       "IN (1, 2)"},
      {"an event's time", "UPDATE events SET created_at = 77 WHERE seq = 1"},
      {"an event's number", "UPDATE events SET seq = 77 WHERE seq = 1"},
      {"a setting for another",
       "UPDATE meta SET record = (SELECT record FROM meta AS o WHERE o.id = 3 - meta.id) WHERE id IN (1, 2)"},
      {"the cursor as a polling state",
       "UPDATE sync SET record = (SELECT record FROM sync AS o WHERE o.id = 3 - sync.id)"},
  };
  fill();
  for (const auto& [what, harm] : kHarm) {
    std::filesystem::copy_file(at("alice.db"), at("harmed.db"),
                               std::filesystem::copy_options::overwrite_existing);
    sql(harm, "harmed.db");
    const auto store = open("harmed.db");
    EXPECT_FALSE(store->check().ok()) << what;
  }
}

TEST_F(StoreDamage, ReadingASwappedBodyFails) {
  fill();
  sql("UPDATE messages SET body = (SELECT body FROM messages AS o WHERE o.id = 3 - messages.id) WHERE id IN "
      "(1, 2)");
  const auto store = open();
  EXPECT_EQ(status_of([&] { store->messages().get("m0"); }), MYCHAT_E_STORE_CORRUPT);
  EXPECT_EQ(status_of([&] { store->messages().page(kBob, 500); }), MYCHAT_E_STORE_CORRUPT);
  EXPECT_EQ(body_of(*store->messages().get("m2")).substr(0, 6), "body 2");  // The others can still be read.
  EXPECT_EQ(status_of([&] { store->backup(at("copy.db")); }), MYCHAT_E_STORE_CORRUPT);
  EXPECT_FALSE(std::filesystem::exists(at("copy.db")));
}

TEST_F(StoreDamage, AnotherStoresKeySlotIsDamageNotAWrongKey) {
  fill();
  open("other.db");
  sql("ATTACH '" + at("other.db") + "' AS other; UPDATE keyslot SET slot = (SELECT slot FROM other.keyslot)");
  EXPECT_EQ(status_of([&] { open(); }), MYCHAT_E_STORE_CORRUPT);
  sql("DELETE FROM keyslot");
  EXPECT_EQ(status_of([&] { open(); }), MYCHAT_E_STORE_CORRUPT);
}

TEST_F(StoreDamage, TriggersAndViewsInTheFileDoNothing) {
  fill();
  sql("CREATE TRIGGER steal AFTER INSERT ON messages BEGIN DELETE FROM contacts; END");
  const auto store = open();
  store->messages().insert(text_message("new", kBob, "x", 1));
  EXPECT_EQ(store->contacts().list().size(), 2U);
}

}  // namespace
}  // namespace mychat::testing
