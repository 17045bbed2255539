#include "protocol/mailbox.h"

#include "support.h"

namespace mychat::wire {
namespace {

using test::status_of;

MessageOut sample_message() {
  MessageOut m;
  m.id = test::kId;
  m.sender_handle = "a@b";
  m.recipient_handle = "c@d";
  m.encrypted_content = "AAAA";
  m.created_at = 1'769'860'800'000;
  return m;
}

std::vector<MailboxData> samples() {
  return {MessageItem{sample_message()},
          SentItem{sample_message()},
          ReceiptItem{{"x", "y"}, "a@b", DeliveryStatus::kRead, 7},
          ReadItem{{"x"}, "a@b", 7},
          KeyChangeItem{"a@b", "pem", "fp", "k", "c", Rotation{"o", "n", "t", "s1", "s2"}},
          KeyChangeItem{"a@b", "pem", "fp", {}, {}, {}},
          ProfileItem{"a@b", "u", {}},
          AccountDeletedItem{"a@b"},
          UnknownItem{"something_new"}};
}

MailboxPage parse_page(const std::string& json) { return MailboxPage::from_json(Json::parse(json)); }

TEST(Mailbox, EveryKindOfItemReadsBack) {
  MailboxPage page{"box", {}, 42, true, 1};
  for (auto& data : samples()) page.items.push_back({static_cast<std::int64_t>(page.items.size()), data});
  EXPECT_EQ(parse_page(to_json_text(page)), page);
}

TEST(Mailbox, KindsHaveTheirNamesOnTheWire) {
  std::vector<std::string_view> names;
  const auto all = samples();
  for (const auto& data : all) names.push_back(type_name(data));
  EXPECT_EQ(names,
            (std::vector<std::string_view>{"message", "sent", "receipt", "read", "key_change", "key_change",
                                           "profile", "account_deleted", "something_new"}));
}

TEST(Mailbox, StoredDataIsWrittenAsItIs) {
  for (const auto& data : samples()) {
    std::string stored;
    JsonWriter data_writer(stored);
    data_to_json(data, data_writer);
    std::string spliced;
    JsonWriter out(spliced);
    write_mailbox_item(out, 5, type_name(data), stored);
    EXPECT_EQ(spliced, to_json_text(MailboxItem{5, data}));
  }
}

TEST(Mailbox, OneBadItemDoesNotBlockThePage) {
  const auto page = parse_page(
      R"({"mailbox_id":"b","next":3,"items":[{"seq":1,"type":"message","data":{"id":"x"}},
      {"seq":2,"type":"receipt","data":{"message_ids":[],"peer_handle":"a@b","status":"pending",
       "timestamp":"2026-01-31T12:00:00Z"}},{"seq":3,"type":"profile"},
      {"seq":4,"type":"account_deleted","data":{"handle":"a@b"}}]})");
  ASSERT_EQ(page.items.size(), 4u);
  EXPECT_EQ(page.items[0].data, MailboxData(UnknownItem{"message"}));
  EXPECT_EQ(page.items[1].data, MailboxData(UnknownItem{"receipt"}));
  EXPECT_EQ(page.items[2].data, MailboxData(UnknownItem{"profile"}));
  EXPECT_EQ(page.items[3].data, MailboxData(AccountDeletedItem{"a@b"}));
}

TEST(Mailbox, APageWithoutASequenceIsRefused) {
  for (const char* json : {R"({"mailbox_id":"b","next":3})", R"({"mailbox_id":"b","items":[]})",
                           R"({"next":3,"items":[]})", R"({"mailbox_id":"b","next":-1,"items":[]})",
                           R"({"mailbox_id":"b","next":1,"items":[{"type":"sent"}]})",
                           R"({"mailbox_id":"b","next":1,"items":[{"seq":9007199254740992,"type":"sent"}]})"})
    EXPECT_EQ(status_of([&] { parse_page(json); }), MYCHAT_E_MALFORMED) << json;
}

}  // namespace
}  // namespace mychat::wire
