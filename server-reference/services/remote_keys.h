// What this node knows of users of other nodes. Internal to services/; writer thread.
#pragma once

#include <string>

#include "protocol/mailbox.h"
#include "services/context.h"

namespace mychat::server {

// Takes the keys that the user's own node vouches for. Who knows the user hears of a change of what was known
// before; their clients decide what to think of it.
void take_remote_keys(ServiceContext& context, Change& change, const UserRow& user,
                      const wire::KeyChangeItem& keys);
void take_remote_deletion(ServiceContext& context, Change& change, const UserRow& user);
// `told`: those who hold the user as a contact hear of it.
void take_remote_profile(ServiceContext& context, Change& change, const UserRow& user,
                         const wire::ProfileItem& profile, bool told);

}  // namespace mychat::server
