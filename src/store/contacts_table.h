// Contacts, by handle.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "store/types.h"

namespace mychat {

class Database;
class Sealer;

class ContactsTable {
 public:
  ContactsTable(Database& database, Sealer& sealer) : db_(database), sealer_(sealer) {}

  void upsert(const Contact& contact);
  std::optional<Contact> get(std::string_view handle) const;
  std::vector<Contact> list() const;     // By handle, ascending.
  bool remove(std::string_view handle);  // False when there was none.

 private:
  Database& db_;
  Sealer& sealer_;
};

}  // namespace mychat
