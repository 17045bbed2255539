// The account: who it is, its keys and token, its settings. Every value is sealed, its name is an HMAC.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "store/types.h"

namespace mychat {

class Database;
class Sealer;

class AccountTable {
 public:
  AccountTable(Database& database, Sealer& sealer) : db_(database), sealer_(sealer) {}

  std::optional<Account> account() const;
  void set_account(const Account& account);
  std::optional<IdentityKeys> identity() const;
  void set_identity(const IdentityKeys& keys);
  std::optional<Secret> access_token() const;
  void set_access_token(ByteView token);
  void clear_access_token();
  Profile profile() const;  // Empty texts when never set.
  void set_profile(const Profile& profile);

  // Settings and other small values, each under a name of the caller's. The type is kept: reading another
  // type than was written is MYCHAT_E_STORE_CORRUPT.
  std::optional<bool> get_bool(std::string_view name) const;
  void set_bool(std::string_view name, bool value);
  std::optional<std::int64_t> get_int(std::string_view name) const;
  void set_int(std::string_view name, std::int64_t value);
  std::optional<std::string> get_text(std::string_view name) const;
  void set_text(std::string_view name, std::string_view value);
  std::optional<Secret> get_bytes(std::string_view name) const;
  void set_bytes(std::string_view name, ByteView value);
  void remove(std::string_view name);

 private:
  std::optional<Secret> load(std::string_view name, std::uint8_t type) const;
  void save(std::string_view name, std::uint8_t type, ByteView value);

  Database& db_;
  Sealer& sealer_;
};

}  // namespace mychat
