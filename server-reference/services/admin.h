// What the operator's commands do. Every function blocks until it is durable; throws Refused or Error.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/auth.h"
#include "services/records.h"
#include "services/result.h"

namespace mychat::server {

class ServiceContext;
class Auth;

struct UserPage {
  std::vector<UserView> users;
  std::int64_t total = 0;
};

struct InviteView {
  std::string id;
  std::int64_t uses_left = 0;
  std::int64_t expires_at = 0;
  std::int64_t created_at = 0;
};

class Admin {
 public:
  Admin(ServiceContext& context, Auth& auth);

  // `search`: part of the name. page from 1, limit 1 to 100.
  UserPage list_users(int page, int limit, std::string_view search = {});
  UserView add_user(wire::RegisterRequest request);  // Whatever registration_open and max_users say.
  void set_disabled(std::string_view username, bool disabled);         // Ends the sessions too. 404
  void set_admin(std::string_view username, bool admin);               // 404
  void reset_password(std::string_view username, Secret replacement);  // Ends all sessions. 404, 422
  void delete_user(std::string_view username);                         // 404
  // The token to hand out: shown once, only its hash is kept.
  std::string create_invite(int uses, std::int64_t life_ms);
  std::vector<InviteView> invites();
  void revoke_invite(std::string_view id);  // 404

 private:
  ServiceContext& context_;
  Auth& auth_;
};

}  // namespace mychat::server
