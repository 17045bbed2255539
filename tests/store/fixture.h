// A directory of its own for each test, and short ways to open a store in it.
#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>

#include "base/error.h"
#include "crypto/hash.h"
#include "store/store.h"

namespace mychat::testing {

inline Secret host_key_bytes(std::uint8_t fill = 7) { return Secret(32, fill); }
inline constexpr Argon2Params kCheap{64, 1, 1};

inline std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
inline void write_file(const std::string& path, std::string_view content) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(content.data(), static_cast<std::streamsize>(content.size()));
}

// The status that an action fails with; MYCHAT_OK when it does not.
inline mychat_status status_of(const std::function<void()>& action) {
  try {
    action();
    return MYCHAT_OK;
  } catch (const Error& error) {
    return error.status();
  }
}

class StoreTest : public ::testing::Test {
 protected:
  StoreTest() {
    // In memory where there is such a place: a killed process does not lose the page cache, so that waiting
    // for a disk would show nothing more.
    std::string name = "/dev/shm/mychat-store-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) {
      name = (std::filesystem::temp_directory_path() / "mychat-store-XXXXXX").string();
      if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no directory for the test");
    }
    dir_ = name;
  }
  ~StoreTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(dir_, ignored);
  }

  std::string at(const std::string& name) const { return dir_ + "/" + name; }
  StoreOptions options(const std::string& name = "alice.db") const {
    StoreOptions out{.path = at(name), .key = StoreKey::host_key(host_key_bytes())};
    out.kdf = kCheap;
    return out;
  }
  std::unique_ptr<Store> open(const std::string& name = "alice.db") const {
    return Store::open(options(name));
  }

  // Plain SQLite beside the store, for looking and for harm; the store must be closed.
  void sql(const std::string& text, const std::string& name = "alice.db") const {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(at(name).c_str(), &db), SQLITE_OK);
    char* message = nullptr;
    EXPECT_EQ(sqlite3_exec(db, text.c_str(), nullptr, nullptr, &message), SQLITE_OK)
        << (message ? message : "");
    sqlite3_free(message);
    sqlite3_close(db);
  }

  std::string dir_;
};

inline Message text_message(const std::string& id, const std::string& peer, std::string_view body,
                            std::int64_t created_at, Direction direction = Direction::kIncoming) {
  Message message;
  message.id = id;
  message.conversation = peer;
  message.direction = direction;
  message.sender = direction == Direction::kIncoming ? peer : "alice@a.example";
  message.body = to_secret(body);
  message.sent_at = created_at - 5;
  message.created_at = created_at;
  return message;
}

inline std::string body_of(const Message& message) {
  return message.body ? std::string(text(view(*message.body))) : std::string("(none)");
}

}  // namespace mychat::testing
