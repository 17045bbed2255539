// The node's own key and document, and how they follow each other. Internal to services/.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "services/context.h"
#include "services/federation.h"

namespace mychat::server {

enum class IdentityChange {
  kRenew,     // A newer document; the announced key comes into use when its time has come.
  kAnnounce,  // A next key, which comes into use `delay_ms` later.
  kWithdraw,  // The announced key is taken back.
  kNewKey,    // Another key at once, without the present one's word: peers ask their operators.
};

inline constexpr std::int64_t kAnnounceMs = std::int64_t{24} * 3'600'000;

// In one transaction; blocks until it is durable. MYCHAT_E_STORE_KEY: the key was kept under another
// SECRET_KEY. Refused 409: a key is announced already, or there is none to take back.
std::shared_ptr<const OwnIdentity> change_identity(ServiceContext& context, IdentityChange change,
                                                   const std::string& actor,
                                                   std::int64_t delay_ms = kAnnounceMs);
// What is kept; null before the first. MYCHAT_E_STORE_KEY.
std::shared_ptr<const OwnIdentity> read_identity(const ServiceContext& context, SqliteConnection& db);
// True when kRenew has something to do.
bool is_identity_due(const ServiceContext& context, const OwnIdentity& own, std::int64_t now);

// The operator's rules, as the database has them.
federation::Policy read_policy(const ServiceContext& context, SqliteConnection& db);

}  // namespace mychat::server
