// Users, their profiles, keys and contacts.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/user.h"
#include "services/records.h"
#include "services/result.h"

namespace mychat::server {

class ServiceContext;

// Functions that return a value block (a read): call them on Services::workers(). They throw Refused.
class Directory {
 public:
  explicit Directory(ServiceContext& context);
  ~Directory();

  wire::UserMe me(const Caller& caller);
  // 400 bad handle; 404 unknown; 501 of another node while federation is not available.
  wire::UserPublic user(std::string_view handle);
  wire::KeyResponse keys(std::string_view handle);
  void update_profile(const Caller& caller, wire::ProfileUpdate update, Callback<wire::UserMe> done);  // 422
  // docs/protocol.md section 7: 409 `rotation` does not chain, 403 without rotation and without a password
  // login in the last five minutes, 422 key, fingerprint or certificate.
  void update_keys(const Caller& caller, wire::KeyUpdate update, Callback<wire::KeyResponse> done);

  std::vector<wire::Contact> contacts(const Caller& caller);
  // 400 bad handle, already there or oneself; 404; 501 of another node.
  void add_contact(const Caller& caller, std::string handle, std::optional<std::string> nickname,
                   Callback<wire::Contact> done);
  void remove_contact(const Caller& caller, std::string contact_uuid, Callback<Done> done);  // 404

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mychat::server
