// Who is online and who types: in memory only, bounded, forgotten when it is old.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bus/bus.h"
#include "federation/hint.h"
#include "services/records.h"
#include "storage/federation_table.h"

namespace mychat::server {

class ServiceContext;

inline constexpr std::int64_t kPresenceLifeMs = 300'000;
inline constexpr std::int64_t kTypingLifeMs = 5'000;

class Presence {
 public:
  explicit Presence(ServiceContext& context);
  ~Presence();

  // One for each live connection. The user is online while one connection is, away while all of them are, and
  // offline when the last is gone or was silent for 300 s. Changes go over the bus to the users who hold this
  // one as a contact. `connection` is any number that is unique in the process. These never block: what needs
  // a read is done on a worker.
  void connected(const Caller& caller, std::uint64_t connection);
  void set_status(const Caller& caller, std::uint64_t connection, PresenceStatus status);
  void touch(const Caller& caller, std::uint64_t connection);  // Any sign of life (ping, send).
  // Likewise, but of a connection that may be gone already: it does not come back.
  void still_there(const Caller& caller, std::uint64_t connection);
  void disconnected(const Caller& caller, std::uint64_t connection);

  // Forwards to the peer named when it may know (it holds the caller as a contact or they exchanged
  // messages). Says is_typing:false for a sender that stays silent for 5 s. More than the limit a minute are
  // dropped.
  void typing(const Caller& caller, std::string_view conversation_handle, bool is_typing);

  // What another node says about its users, and asks about those of this one. Anything else that it says is
  // dropped, as is all of it when the node is busy.
  void hear(NodeId node, const std::string& domain, std::vector<federation::Hint> hints);

  PresenceStatus status(UserId user) const;
  std::size_t online_users() const;
  // Sends to `caller` (over the bus) what is known of its contacts: for a fresh `presence` subscription.
  void announce_contacts_to(const Caller& caller);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  friend class Services;
};

}  // namespace mychat::server
