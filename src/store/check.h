// Whether everything in a store is right. Each table brings its own part.
#pragma once

#include <functional>
#include <string>

#include "store/database.h"
#include "store/sealer.h"
#include "store/types.h"

namespace mychat {

inline constexpr const char* kVerifierText = "MyChat store";

// True when PRAGMA quick_check has nothing to say.
bool quick_check_passes(Database& database);
CheckReport check_everything(Database& database, Sealer& sealer);

void add_problem(CheckReport& report, const std::string& problem);
// Runs a part of the check and turns what it throws into a problem; false then. bad_alloc passes.
bool check_part(CheckReport& report, const std::function<void()>& part);

void verify_account(Database& database, Sealer& sealer, CheckReport& report);
void verify_contacts(Database& database, Sealer& sealer, CheckReport& report);
void verify_conversations(Database& database, Sealer& sealer, CheckReport& report);
void verify_messages(Database& database, Sealer& sealer, CheckReport& report);
void verify_outbox(Database& database, Sealer& sealer, CheckReport& report);
void verify_journal(Database& database, Sealer& sealer, CheckReport& report);
void verify_sync(Database& database, Sealer& sealer, CheckReport& report);

}  // namespace mychat
