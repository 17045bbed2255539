// The local store: one encrypted SQLite file an account.
//
// A store and everything got from it is used by one thread at a time (the client engine owns it under a
// mutex). Only StoreReader is for another thread. Values are sealed with AES-256-GCM; docs/store.md says what
// the file still shows.
//
// Failures are mychat::Error with MYCHAT_DOMAIN_STORE: MYCHAT_E_STORE (detail: SQLite's extended code; disk
// full and I/O errors too), MYCHAT_E_STORE_CORRUPT when something in the file is damaged,
// MYCHAT_E_OUT_OF_MEMORY.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/log.h"
#include "crypto/kdf.h"
#include "store/account_table.h"
#include "store/contacts_table.h"
#include "store/conversations_table.h"
#include "store/journal_table.h"
#include "store/messages_table.h"
#include "store/outbox_table.h"
#include "store/store_key.h"
#include "store/sync_table.h"
#include "store/types.h"

namespace mychat {

struct Migration;

enum class OpenMode {
  kOpenOrCreate,
  kOpenExisting,  // MYCHAT_E_NOT_FOUND when there is no file.
  kCreateNew,     // MYCHAT_E_ALREADY_EXISTS when there is one.
};

// PRAGMA quick_check while opening: it reads the whole file.
enum class OpenCheck {
  kAfterCrash,  // Only when the last holder did not close the store.
  kAlways,
  kNever,
};

struct StoreOptions {
  std::string
      path;  // Its directory must exist. Beside it appear path-wal, path-shm and path.lock, all of mode 0600.
  StoreKey key;
  OpenMode mode = OpenMode::kOpenOrCreate;
  OpenCheck check = OpenCheck::kAfterCrash;
  Argon2Params kdf = {};                       // For a store that is created.
  const Log* log = nullptr;                    // Borrowed; outlives the store.
  std::span<const Migration> migrations = {};  // Empty: those of this library (store/migrations.h).
};

// BEGIN IMMEDIATE … COMMIT; rolls back in its destructor unless committed. Not nested. When a call inside it
// fails after it changed something, all of the transaction is taken back at once: further writes and commit()
// throw MYCHAT_E_STORE.
class Transaction {
 public:
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  void commit();  // Durable when it returns. When it throws nothing of the transaction remains.

 private:
  friend class Store;
  explicit Transaction(Database& database);
  Database* db_;
};

// A second, read-only connection for one other thread: history and search beside the engine. It sees what is
// committed. It must be destroyed before its store.
class StoreReader {
 public:
  ~StoreReader();
  const ContactsTable& contacts() const noexcept { return contacts_; }
  const ConversationsTable& conversations() const noexcept { return conversations_; }
  const MessagesTable& messages() const noexcept { return messages_; }

 private:
  friend class Store;
  StoreReader(std::unique_ptr<Database> database, std::unique_ptr<Sealer> sealer);
  std::unique_ptr<Database> db_;
  std::unique_ptr<Sealer> sealer_;
  ContactsTable contacts_;
  ConversationsTable conversations_;
  MessagesTable messages_;
};

class Store {
 public:
  // Besides the statuses above: MYCHAT_E_STORE_KEY wrong key, MYCHAT_E_STORE_TOO_NEW written by a newer
  // library, MYCHAT_E_STORE_HELD open in another process or client (at once; the message names the process
  // when it is known), MYCHAT_E_IO a directory or file cannot be used. Whenever it fails, an existing file is
  // unchanged.
  static std::unique_ptr<Store> open(const StoreOptions& options);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  const std::string& path() const noexcept;  // Absolute, symbolic links resolved.
  std::int64_t schema_version() const;

  Transaction begin();  // MYCHAT_E_INVALID_STATE when one is open.

  // Each call below that writes outside of a transaction is a durable transaction of its own.
  AccountTable& account() noexcept;
  ContactsTable& contacts() noexcept;
  ConversationsTable& conversations() noexcept;
  MessagesTable& messages() noexcept;
  OutboxTable& outbox() noexcept;
  JournalTable& journal() noexcept;
  SyncTable& sync() noexcept;

  std::unique_ptr<StoreReader> open_reader() const;

  // PRAGMA integrity_check, then every sealed value is opened and compared with its row.
  CheckReport check() const;
  // A consistent copy while open, with the same key, verified before it gets its name. Never overwrites:
  // MYCHAT_E_ALREADY_EXISTS. Not inside a transaction.
  void backup(const std::string& path) const;
  // Replaces the wrapping of the master key; rows stay as they are. Not inside a transaction.
  void change_key(const StoreKey& new_key, const Argon2Params& cost = {});

 private:
  struct Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace mychat
