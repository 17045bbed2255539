// Messages that could not be read, or whose signer was not known, are tried again when that may have changed.
#pragma once

#include <stop_token>
#include <string_view>

#include "client/core.h"

namespace mychat {

// Messages kept unreadable are tried again, with the keys and the policy of now.
void retry_unreadable(Core& core, std::stop_token stop = {});
// The same, if verify_kept() asked for it since that was last done.
void retry_if_wanted(Core& core, std::stop_token stop = {});
// For calls whose own work is committed already: a failure is logged, and the next occasion tries again.
void retry_unreadable_quietly(Core& core) noexcept;
void retry_if_wanted_quietly(Core& core) noexcept;

// Messages of the sender that are signed by a key not known to be theirs become verified when it is known
// now. Those that were kept unreadable become so together with their body, by retry_if_wanted(), which the
// change asks for: after the commit, or whenever the client is connected next.
void verify_kept(Change& change, std::string_view sender);

// The same for one's own messages of other sessions, after the keys or signers here changed.
void verify_own_quietly(Core& core) noexcept;

}  // namespace mychat
