#include <chrono>
#include <thread>

#include "fixture.h"
#include "store/fold.h"

namespace mychat::testing {
namespace {

using StoreSearch = StoreTest;
using Ids = std::vector<std::string>;
constexpr const char* kBob = "bob@b.example";
constexpr const char* kCarol = "carol@c.example";

Ids ids_of(const MessagePage& page) {
  Ids ids;
  for (const auto& message : page.messages) ids.push_back(message.id);
  return ids;
}

std::string folded(std::string_view words) {
  Secret out;
  fold_case(words, out);
  return std::string(text(view(out)));
}

TEST(FoldCase, LettersOfManyScriptsMatchRegardlessOfCase) {
  EXPECT_EQ(folded("AbcXYZ019"), "abcxyz019");
  EXPECT_EQ(folded("ÀÉÎÕÜÞ×÷"), "àéîõüþ×÷");
  EXPECT_EQ(folded("ŁódŹ ŞİĞ Ÿ"), "łódź şİğ ÿ");  // İ has no simple folding.
  EXPECT_EQ(folded("ΑΒΓΣςΏ"), "αβγσσώ");
  EXPECT_EQ(folded("ПРИВЕТ Ёлка Ҝ"), "привет ёлка ҝ");
  EXPECT_EQ(folded("ẞß"), "ßß");
  EXPECT_EQ(folded("ԱՐԵՎ"), "արեվ");
  EXPECT_EQ(folded("\u212A\u2126"), "kω");  // Kelvin and Ohm signs.
  EXPECT_EQ(folded("日本 😀"), "日本 😀");
}

TEST(FoldCase, BytesThatAreNotUtf8Stay) {
  for (const std::string_view bad :
       {"\xff\xfe", "a\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82"}) {
    EXPECT_EQ(folded(bad), bad);
  }
}

TEST_F(StoreSearch, FindsNewestFirstRegardlessOfCase) {
  const auto store = open();
  store->messages().insert(text_message("m1", kBob, "Meet at the Café", 100));
  store->messages().insert(text_message("m2", kCarol, "nothing here", 200));
  store->messages().insert(text_message("m3", kCarol, "CAFÉ closed", 300));
  store->messages().insert(text_message("m4", kBob, "the café again", 50));  // Arrived late.
  Message file = text_message("m5", kBob, "café in a file", 400);
  file.content_type = "file";
  store->messages().insert(file);
  EXPECT_EQ(ids_of(store->messages().search({.query = "cafÉ"})), (Ids{"m3", "m1", "m4"}));
  EXPECT_EQ(ids_of(store->messages().search({.query = "CAFÉ", .conversation = kBob})), (Ids{"m1", "m4"}));
  EXPECT_TRUE(store->messages().search({.query = "cafe"}).messages.empty());  // Accents count.
  EXPECT_TRUE(store->messages().search({.query = "x", .conversation = "nobody@x.example"}).messages.empty());
}

TEST_F(StoreSearch, PagesWithoutGapOrDouble) {
  const auto store = open();
  auto transaction = store->begin();
  for (int i = 0; i < 300; ++i) {
    store->messages().insert(text_message("m" + std::to_string(i), i % 2 == 0 ? kBob : kCarol,
                                          i % 3 == 0 ? "a needle in it" : "hay", 100 + i / 7));
  }
  transaction.commit();
  Ids seen;
  SearchRequest request{.query = "Needle"};
  request.limit = 9;
  for (int guard = 0; guard < 50; ++guard) {
    const MessagePage page = store->messages().search(request);
    for (const auto& id : ids_of(page)) seen.push_back(id);
    if (!page.has_more) break;
    request.before = cursor_of(page.messages.back());
  }
  ASSERT_EQ(seen.size(), 100U);
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(seen[static_cast<std::size_t>(i)], "m" + std::to_string(297 - 3 * i));
}

TEST_F(StoreSearch, RefusesWhatIsNoQueryAndCanBeCancelled) {
  const auto store = open();
  store->messages().insert(text_message("m1", kBob, "x", 1));
  EXPECT_EQ(status_of([&] { store->messages().search({.query = ""}); }), MYCHAT_E_INVALID_ARGUMENT);
  EXPECT_EQ(status_of([&] { store->messages().search({.query = "\xff"}); }), MYCHAT_E_INVALID_ARGUMENT);
  EXPECT_EQ(status_of([&] { store->messages().search({.query = std::string(1001, 'x')}); }),
            MYCHAT_E_INVALID_ARGUMENT);
  SearchRequest request{.query = "x"};
  request.limit = 0;
  EXPECT_EQ(status_of([&] { store->messages().search(request); }), MYCHAT_E_INVALID_ARGUMENT);
  request.limit = 1;
  const std::atomic<bool> cancelled{true};
  request.cancelled = &cancelled;
  EXPECT_EQ(status_of([&] { store->messages().search(request); }), MYCHAT_E_CANCELLED);
}

TEST_F(StoreSearch, AReaderOnAnotherThreadSeesOnlyWholeTransactions) {
  const auto store = open();
  store->messages().insert(text_message("m0", kBob, "needle 0", 1));
  const auto reader = store->open_reader();
  std::atomic<bool> done{false};
  int odd = 0;
  int searches = 0;
  std::thread thread([&] {
    std::size_t most = 0;
    do {
      SearchRequest request{.query = "needle"};
      request.limit = 500;
      const std::size_t found = reader->messages().search(request).messages.size();
      if (found % 2 != 1 || found < most) ++odd;
      most = found;
      ++searches;
      if (reader->messages().page(kBob, 10).messages.empty()) ++odd;
    } while (!done);
  });
  for (int i = 1; i <= 100; ++i) {
    auto transaction = store->begin();
    store->messages().insert(text_message("a" + std::to_string(i), kBob, "needle", i));
    store->messages().insert(text_message("b" + std::to_string(i), kBob, "needle", i));
    transaction.commit();
  }
  done = true;
  thread.join();
  EXPECT_EQ(odd, 0);
  EXPECT_GT(searches, 0);
  EXPECT_EQ(reader->messages().count(), 201);
}

}  // namespace
}  // namespace mychat::testing
